// How soon a save is a number, how long the tables take to be made again, and what the analytics child weighs.
//   bun bench/numbers.ts [records …]      default 40000 1000000

import type { Database } from 'bun:sqlite'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { core } from '../migrations/core/index.ts'
import { migrate } from '../migrations/migrate.ts'
import { numbersIn } from '../server/analytics/numbers.ts'
import { dangers, part, plots, towns } from '../server/analytics/scenes.ts'
import { newId } from '../server/kernel/ids.ts'
import { Registry } from '../server/kernel/registry.ts'
import { Store } from '../server/kernel/store.ts'
import { done, figure, machine, quantile } from './lines.ts'

machine()
const sizes = process.argv.slice(2).map(Number)
for (const records of sizes.length > 0 ? sizes : [40_000, 1_000_000]) await measureCounty(records)
done()

async function measureCounty(records: number) {
  const dir = mkdtempSync(join(tmpdir(), 'xianhe-bench-numbers-'))
  const store = new Store({
    file: join(dir, 'core.db'),
    registry: new Registry([part]),
    migrate: (db) => migrate(db, core),
    node: { division: '430981', name: '沅江市' },
  })
  try {
    fill(store, records)
    const label = records.toLocaleString('en-US')
    let room = start(dir)
    const began = performance.now()
    await room.settled()
    figure(`${label} records, tables and numbers made anew`, (performance.now() - began) / 1000, 's')
    figure(`${label} records, child after that`, (await room.memory()) / 1e6, 'MB RSS')
    await latency(store, dir, room, label, records > 100_000 ? 2000 : 1000)
    await room.stop()
    const again = performance.now()
    room = start(dir)
    await room.settled()
    figure(`${label} records, child started again until numbers are true`, performance.now() - again, 'ms')
    await Bun.sleep(3000)
    const memory = await room.memory()
    figure(`${label} records, child idle`, memory / 1e6, 'MB RSS', { most: 180 })
    figure(`${label} records, of it its own (the rest is program text)`, (await own(room.pid)) / 1e3, 'MB')
    figure(
      `${label} records, analytics.duckdb`,
      statSync(join(dir, 'derived/analytics.duckdb')).size / 1e6,
      'MB',
    )
    await room.stop()
  } finally {
    store.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** From the act's return to the moment the pages' reader sees it, saves coming one at a time. */
async function latency(store: Store, dir: string, room: Room, label: string, most: number) {
  const reader = numbersIn(join(dir, 'derived'))
  const count = () => reader.read('land.plots', '430981')[0]!.value
  const took: number[] = []
  let expected = count()
  for (let i = 0; i < 40; i++) {
    const fields = { code: `新-${i}`, township: towns.nanzui, crop: 'reed', area: 1.5 }
    store.act(store.system, { id: newId(), name: 'land.plot.created', record: newId(), fields })
    const saved = performance.now()
    room.look()
    expected++
    while (count() < expected) await Bun.sleep(2)
    took.push(performance.now() - saved)
  }
  took.sort((a, b) => a - b)
  figure(`${label} records, save to number, p50`, quantile(took, 0.5), 'ms')
  figure(`${label} records, save to number, p95`, quantile(took, 0.95), 'ms', { most })
  reader.close()
}

/** Records as the store leaves them, written past its door: a million acts would measure the acts. */
function fill(store: Store, records: number) {
  const { db } = store as { db: Database }
  const all = Object.values(towns)
  const insert = db.query(
    'insert into record(id, dataset, division, town, version, body, withdrawn, born, touched) values(?, ?, ?, ?, 1, ?, 0, ?, ?)',
  )
  const start = Date.now() - 90 * 86_400_000
  db.transaction(() => {
    for (let i = 1; i <= records; i++) {
      const town = all[i % all.length]!
      const body =
        i % 4 === 0
          ? {
              code: `隐-${i}`,
              township: town,
              state: i % 3 ? 'closed' : 'open',
              found: new Date(start + (i % 90) * 86_400_000).toISOString(),
              due: new Date(start + (i % 120) * 86_400_000).toISOString(),
            }
          : {
              code: `块-${i}`,
              township: town,
              crop: i % 2 ? 'reed' : 'rice',
              area: (i % 977) / 10,
              sown: new Date(start + (i % 90) * 86_400_000).toISOString().slice(0, 10),
              organic: i % 7 === 0,
              uses: ['sale'],
              shape: {
                type: 'Polygon',
                coordinates: [
                  [
                    [112.35, 28.84],
                    [112.36, 28.84],
                    [112.36, 28.85],
                    [112.35, 28.84],
                  ],
                ],
              },
            }
      insert.run(newId(), i % 4 === 0 ? dangers.name : plots.name, town, town, JSON.stringify(body), 0, 0)
    }
  })()
  // Positions of birth and change must exist in the diary: all of it belongs to one first act.
  store.act(store.system, {
    id: newId(),
    name: 'land.plot.created',
    record: newId(),
    fields: { code: '第一块', township: towns.caowei, crop: 'reed', area: 1 },
  })
}

interface Room {
  pid: number
  look(): void
  settled(): Promise<void>
  memory(): Promise<number>
  stop(): Promise<void>
}

function start(dir: string): Room {
  const answers = new Map<number, (value: unknown) => void>()
  const ready = Promise.withResolvers<void>()
  let asked = 0
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, '../server/analytics/scene-room.ts'), dir, '256MB', '1'],
    {
      stdin: 'ignore',
      stdout: 'inherit',
      stderr: 'inherit',
      ipc(message: { hint?: string; answer?: number; value?: unknown }) {
        if (message.answer !== undefined) answers.get(message.answer)?.(message.value)
        if (message.hint === 'ready') ready.resolve()
      },
    },
  )
  const ask = async (question: unknown) => {
    await ready.promise
    return new Promise((answer) => {
      answers.set(++asked, answer)
      child.send({ ask: asked, question })
    })
  }
  return {
    pid: child.pid,
    look: () => child.send({ heed: 'look' }),
    settled: async () => void (await ask({ what: 'settle' })),
    memory: async () => (await ask({ what: 'memory' })) as number,
    async stop() {
      child.kill()
      await child.exited
    },
  }
}

/** Memory no other process shares, in kB. */
async function own(pid: number): Promise<number> {
  const text = await Bun.file(`/proc/${pid}/smaps_rollup`).text()
  return Number(/Private_Dirty:\s+(\d+)/.exec(text)?.[1] ?? Number.NaN)
}
