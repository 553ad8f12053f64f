// How fast packages land: a county's farm records, one in four amended, into PostgreSQL and into a lake, and beside it a
// plain COPY of the very same rows into tables of the same shape. Prints acts/s; three runs, medians.
//   bun bench/land.ts [acts]

import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SQL } from 'bun'
import { CopyInto } from '../sync/land/copy.ts'
import { carry, lakePlace, landAt, postgresPlace } from '../sync/land/scene.ts'
import { postgresPrograms, startServer } from '../sync/land/server-for-tests.ts'
import { away, join2, openBox } from '../sync/scene.ts'
import { done, figure, machine } from './lines.ts'

const acts = Number(process.argv[2] ?? 40_000)
machine()
if (!postgresPrograms()) {
  console.error('PostgreSQL is not installed (apt-get install postgresql)')
  process.exit(1)
}
const server = await startServer()
const county = openBox({ division: '430981', name: '沅江市', limits: { acts: 20_000 } })
const prefecture = openBox({ division: '4309', name: '益阳市' })
join2(county, prefecture, { wire: false })
county.store.batch(() => {
  for (let i = 0; county.store.seq < acts; i++) {
    const plot = county.register(`CW-${i}`, {
      phone: `138${String(10_000_000 + i).slice(0, 8)}`,
      note: `第 ${i} 块,临湖,排灌方便`,
      area: (i % 400) / 4,
    })
    if (i % 3 === 0 && county.store.seq < acts)
      county.act('agri.plot.amended', plot, { area: 8, note: '核实面积' }, { base: 1 })
  }
})
await carry(county, prefecture)

const runs: Record<string, number>[] = []
for (let run = 0; run < 3; run++) runs.push(await once())
const median = (what: string) => runs.map((each) => each[what]!).sort((a, b) => a - b)[1]!
figure('land: into PostgreSQL, checked, acts/s', median('postgres'), '', { least: 5000 })
figure('land: plain COPY of the same rows, acts/s', median('copy'), '')
figure('land: into PostgreSQL, beside plain COPY', median('ratio'), '×', { least: 0.2 })
figure('land: the same again, nothing to do', median('again'), 'ms')
figure('land: into a lake of Parquet, acts/s', median('lake'), '', { least: 5000 })
await server.stop()
for (const box of [county, prefecture]) {
  box.close()
  away(box.data)
}
done()

async function once() {
  const url = await server.newDatabase()
  const place = postgresPlace(url)
  const landed = await timed(() => landAt(place, prefecture))
  const again = await timed(() => landAt(place, prefecture))
  const copied = await plainCopy(url)
  const lake = lakePlace()
  const poured = await timed(() => landAt(lake, prefecture))
  away(lake.directory)
  return {
    postgres: acts / (landed / 1000),
    copy: acts / (copied / 1000),
    ratio: copied / landed,
    again,
    lake: acts / (poured / 1000),
  }
}

/** The rows that landed, out of the database and into empty tables with the same keys and indexes, in one transaction. */
async function plainCopy(url: string): Promise<number> {
  const sql = new SQL(url, { max: 1 })
  const directory = mkdtempSync(join(tmpdir(), 'xianhe-copy-'))
  chmodSync(directory, 0o777)
  const tables = ['xianhe_act', 'xianhe_change', 'agri_plot']
  const lines = new Map<string, string[]>()
  for (const table of tables) {
    const file = join(directory, table)
    await sql.unsafe(`copy ${table} to '${file}'`)
    await sql.unsafe(`create table plain_${table} (like ${table} including all)`)
    lines.set(table, readFileSync(file, 'utf8').trimEnd().split('\n'))
  }
  rmSync(directory, { recursive: true })
  const took = await timed(() =>
    sql.begin(async (tx) => {
      for (const [table, rows] of lines) {
        const copy = new CopyInto(tx, `plain_${table}`)
        for (let at = 0; at < rows.length; at += 2000) {
          copy.addLines(rows.slice(at, at + 2000))
          if (copy.full) await copy.flush()
        }
        await copy.flush()
      }
    }),
  )
  await sql.close()
  return took
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return performance.now() - from
}
