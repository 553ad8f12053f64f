import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, expect, setSystemTime, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { County } from './county.ts'
import { closeTelemetry, openTelemetry } from './open.ts'
import { Spool } from './spool.ts'

let folder: string
let core: Database
let db: Database
const start = Date.parse('2026-03-05T08:00:00+08:00')
const minute = 60_000

const record = (id: string, dataset: string, fields: object) =>
  core.run('insert or replace into record values (?, ?, 1, 1, 0, ?)', [id, dataset, JSON.stringify(fields)])
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'xianhe-spool-'))
  core = new Database(join(folder, 'core.db'))
  core.run(
    'create table record (id text primary key, dataset text, version int, touched int, withdrawn int, body text)',
  )
  core.run('create table device (sensor text, hash text, disabled int)')
  record('s1', 'sensing.sensor', {
    code: 'WL-001',
    decoder: 'json',
    state: 'working',
    metrics: ['water-level'],
  })
  record('t1', 'sensing.threshold', {
    sensor: 's1',
    direction: 'silent',
    silence: 30,
    level: 'yellow',
    state: 'on',
  })
  db = openTelemetry(join(folder, 'telemetry.db')).db
  setSystemTime(start)
})
afterEach(() => {
  setSystemTime()
  core.close()
  closeTelemetry(db)
  rmSync(folder, { recursive: true })
})

const open = () => new Spool(db, new County(join(folder, 'core.db')))
function say(spool: Spool, payload: string, tail = 'readings') {
  let answer: Error | null | undefined
  spool.take({
    sensor: 'WL-001',
    tail,
    topic: `xh/v1/WL-001/${tail}`,
    client: 'c',
    payload: Buffer.from(payload),
    done: (error) => {
      answer = error
    },
  })
  spool.flush()
  return answer
}
const at = (minutes: number) => {
  setSystemTime(start + minutes * minute)
  return Date.now()
}
const story = () =>
  db
    .query<{ kind: string; level: string; at: number }, []>(
      'select kind, level, at from crossing order by id',
    )
    .all()
    .map((each) => `${(each.at - start) / minute} ${each.kind} ${each.level}`)

test('a gauge that says nothing for half an hour is an alert, and its next word ends it', () => {
  const spool = open()
  at(10)
  say(spool, '{"values": {"water-level": 31}}')
  at(39)
  spool.listenForSilence()
  expect(story()).toEqual([])
  at(41)
  spool.listenForSilence()
  spool.listenForSilence()
  expect(story()).toEqual(['41 raised yellow'])
  at(50)
  say(spool, 'gibberish is a sign of life too')
  expect(story()).toEqual(['41 raised yellow', '50 cleared yellow'])
})

test('nobody is silent for the time the box was off', () => {
  say(open(), '{"values": {"water-level": 31}}')
  at(600)
  const morning = open()
  at(620)
  morning.listenForSilence()
  expect(story()).toEqual([])
  at(631)
  morning.listenForSilence()
  expect(story()).toEqual(['631 raised yellow'])
})

test('an alert of silence survives a restart and is ended once', () => {
  const spool = open()
  at(31)
  spool.listenForSilence()
  const next = open()
  at(32)
  next.listenForSilence()
  say(next, '{"values": {"water-level": 31}}')
  say(next, '{"values": {"water-level": 31}}')
  expect(story()).toEqual(['31 raised yellow', '32 cleared yellow'])
})

test('a change of the county does not make heard sensors silent', () => {
  const spool = open()
  at(100)
  say(spool, '{"values": {"water-level": 31}}')
  record('s2', 'sensing.sensor', { code: 'WL-002', decoder: 'json', state: 'working', metrics: [] })
  core.run('update record set touched = 2 where id = ?', ['s2'])
  expect(spool.county.refresh()).toBe(true)
  spool.countyChanged()
  at(110)
  spool.listenForSilence()
  expect(story()).toEqual([])
})

test('a device that invents metrics is stopped at sixty-four, and nothing it measured before is lost', () => {
  const spool = open()
  const values = Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`m${i}`, i]))
  expect(say(spool, JSON.stringify({ values }))).toBeNull()
  expect(db.query('select count(*) as n from series').get()).toEqual({ n: 64 })
  expect(db.query('select count(*) as n from reading').get()).toEqual({ n: 64 })
  expect(db.query('select fault from quarantine').all()).toEqual([{ fault: 'too-many' }])
})

test('a commit that fails leaves nothing behind, not even the number of a new series', () => {
  const spool = open()
  db.run(`create trigger full before insert on reading begin select raise(abort, 'disk') ; end`)
  expect(say(spool, '{"values": {"water-level": 31}}')?.message).toContain('disk')
  expect(spool.trouble).toBeDefined()
  db.run('drop trigger full')
  expect(say(spool, '{"values": {"water-level": 31}}')).toBeNull()
  expect(db.query('select sensor, metric, value from reading join series on id = series').all()).toEqual([
    { sensor: 'WL-001', metric: 'water-level', value: 31 },
  ])
  expect(spool.counters).toMatchObject({ failed: 1, commits: 1, stored: 1 })
})

test('hours say how many readings they hold and which commit touched them last', () => {
  const spool = open()
  const first = start - 60 * minute
  say(
    spool,
    `[{"at": ${first}, "values": {"water-level": 1}}, {"at": ${first + minute}, "values": {"water-level": 2}}]`,
  )
  say(
    spool,
    `[{"at": ${first}, "values": {"water-level": 1}}, {"at": ${start}, "values": {"water-level": 3}}]`,
  )
  expect(db.query('select readings, touched from hour order by hour').all()).toEqual([
    { readings: 2, touched: 1 },
    { readings: 1, touched: 2 },
  ])
})
