// The room as a real process: killed in the middle, and timed from the save to the number.

import { Database } from 'bun:sqlite'
import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { core } from '../../migrations/core/index.ts'
import { migrate } from '../../migrations/migrate.ts'
import { newId } from '../kernel/ids.ts'
import { Registry } from '../kernel/registry.ts'
import { Store } from '../kernel/store.ts'
import { numbersIn } from './numbers.ts'
import { numbersFile } from './publish.ts'
import { part, towns } from './scenes.ts'

// DuckDB beside a whole test run on an old mini-PC takes its time.
setDefaultTimeout(60_000)

test('killed again and again while acts come, it ends with every record counted once', async () => {
  const { register, withdraw, spawn, dir, settled } = county()
  const ids: string[] = []
  for (let i = 0; i < 2000; i++) ids.push(register(`块-${i}`))
  for (let round = 0; round < 12; round++) {
    const room = spawn()
    for (let i = 0; i < 60; i++) ids.push(register(`块-${round}-${i}`))
    for (let i = 0; i < 20; i++) withdraw(ids.shift()!)
    room.look()
    // Killed at a different point of its work each time: before it is open, while it fills, follows, publishes.
    await room.ready
    await Promise.race([room.exited, afterHints(room, round % 3)])
    room.kill()
    await room.exited
  }
  const room = spawn()
  await settled(room)
  const reader = numbersIn(join(dir, 'derived'))
  expect(reader.read('land.plots', '430981')[0]?.value).toBe(2000 + 12 * 40)
  expect(reader.read('land.area', '430981')[0]?.value).toBe((2000 + 12 * 40) * 1.5)
  const [after, fresh] = [rows(dir), await rebuilt(dir, spawn, room, settled)]
  expect(after).toEqual(fresh)
  reader.close()
}, 120_000)

test('a save is in the numbers within a second', async () => {
  const { register, spawn, settled, dir } = county()
  for (let i = 0; i < 500; i++) register(`块-${i}`)
  const room = spawn()
  await settled(room)
  const reader = numbersIn(join(dir, 'derived'))
  const took: number[] = []
  for (let i = 0; i < 10; i++) {
    const saved = performance.now()
    register(`新-${i}`)
    room.look()
    while (reader.read('land.plots', '430981')[0]?.value !== 501 + i) await room.next('numbers')
    took.push(performance.now() - saved)
  }
  expect(Math.max(...took)).toBeLessThan(1000)
  reader.close()
})

test('a hint that was lost costs a second and not a number', async () => {
  const { register, spawn, settled, dir } = county()
  const room = spawn()
  await settled(room)
  const reader = numbersIn(join(dir, 'derived'))
  register('没人说')
  while (reader.read('land.plots', '430981')[0]?.value !== 1) await room.next('numbers')
  reader.close()
})

interface SceneRoom {
  ready: Promise<void>
  exited: Promise<number>
  hints: () => number
  look(): void
  kill(): void
  next(topic: string): Promise<void>
  ask(question: unknown): Promise<unknown>
}

const running = new Set<SceneRoom>()
const dirs = new Set<() => void>()
afterEach(async () => {
  for (const room of running) {
    room.kill()
    await room.exited
  }
  running.clear()
  for (const remove of dirs) remove()
  dirs.clear()
})

function county() {
  const dir = mkdtempSync(join(tmpdir(), 'xianhe-analytics-'))
  const store = new Store({
    file: join(dir, 'core.db'),
    registry: new Registry([part]),
    migrate: (db: Database) => migrate(db, core),
    node: { division: '430981', name: '沅江市' },
  })
  dirs.add(() => {
    store.close()
    rmSync(dir, { recursive: true, force: true })
  })
  const act = (name: string, record: string, fields?: Record<string, unknown>) => {
    expect(store.act(store.system, { id: newId(), name, record, fields }).outcome).toBe('accepted')
    return record
  }
  return {
    dir,
    register: (code: string) =>
      act('land.plot.created', newId(), { code, township: towns.caowei, crop: 'reed', area: 1.5 }),
    withdraw: (id: string) => act('land.plot.withdrawn', id),
    spawn: () => spawnRoom(dir),
    settled: (room: SceneRoom) => room.ready.then(() => room.ask({ what: 'settle' })),
  }
}

function spawnRoom(dir: string): SceneRoom {
  const listeners = new Map<string, (() => void)[]>()
  const answers = new Map<number, (value: unknown) => void>()
  let [hints, asked] = [0, 0]
  const next = (topic: string) =>
    new Promise<void>((done) => listeners.set(topic, [...(listeners.get(topic) ?? []), done]))
  const ready = next('ready')
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'scene-room.ts'), dir, '128MB'], {
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
    ipc(message: { hint?: string; answer?: number; value?: unknown }) {
      if (message.answer !== undefined) answers.get(message.answer)?.(message.value)
      if (!message.hint) return
      hints++
      const waiting = listeners.get(message.hint) ?? []
      listeners.delete(message.hint)
      for (const done of waiting) done()
    },
  })
  const room: SceneRoom = {
    ready,
    exited: child.exited,
    hints: () => hints,
    look: () => child.send({ heed: 'look' }),
    kill: () => child.kill('SIGKILL'),
    next,
    ask: (question) =>
      new Promise((done) => {
        answers.set(++asked, done)
        child.send({ ask: asked, question })
      }),
  }
  running.add(room)
  return room
}

async function afterHints(room: SceneRoom, count: number) {
  for (let i = 0; i < count; i++) await Promise.race([room.next('numbers'), room.next('progress')])
}

async function rebuilt(
  dir: string,
  spawn: () => SceneRoom,
  old: SceneRoom,
  settled: (room: SceneRoom) => Promise<unknown>,
) {
  old.kill()
  await old.exited
  rmSync(join(dir, 'derived'), { recursive: true })
  await settled(spawn())
  return rows(dir)
}

function rows(dir: string) {
  const db = new Database(numbersFile(join(dir, 'derived')), { readonly: true })
  const all = db.query('select * from number order by 1, 2, 3').all()
  db.close()
  return all
}
