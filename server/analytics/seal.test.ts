import type { Database } from 'bun:sqlite'
import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measure } from '../kernel/measures.ts'
import { Registry } from '../kernel/registry.ts'
import {
  archiveFile,
  dayOf,
  dayStart,
  emptySealed,
  keepHot,
  type SealNote,
  takeSeals,
} from '../telemetry/archive.ts'
import { openTelemetry } from '../telemetry/open.ts'
import { type Answers, answerIn, type Question } from './answer.ts'
import { compute } from './compute.ts'
import { Lake } from './lake.ts'
import { readingTables, Stream } from './readings.ts'
import { sealDays } from './seal.ts'

// DuckDB beside a whole test run on an old mini-PC takes its time.
setDefaultTimeout(60_000)

const day = '2026-03-05'
const noon = dayStart(day) + 12 * 3_600_000
const later = dayStart('2026-03-08')

test('a finished day becomes one file that reads back as it was measured', async () => {
  const { write, seal, series, archive } = await box()
  write('shuiwei-01', 'water-level', noon, 31.2)
  write('shuiwei-01', 'water-level', noon + 60_000, 31.4)
  write('shuiwei-02', 'water-level', noon, 5)
  // One millisecond past midnight in the county is the next day, whatever UTC says.
  write('shuiwei-01', 'water-level', dayStart('2026-03-06'), 40)
  const notes = await seal(later)
  expect(notes.map((note) => [note.day, note.rows])).toEqual([
    ['2026-03-05', 3],
    ['2026-03-06', 1],
  ])
  const [note] = notes
  const bytes = readFileSync(join(archive, archiveFile(day)))
  expect(note).toMatchObject({
    bytes: bytes.length,
    sha256: new Bun.CryptoHasher('sha256').update(bytes).digest('hex'),
  })
  expect(JSON.parse(readFileSync(join(archive, `readings-${day}.json`), 'utf8'))).toEqual(note)
  expect(
    await series({ sensor: 'shuiwei-01', metric: 'water-level', from: noon, to: noon + 3_600_000 }),
  ).toEqual([
    { at: noon, value: 31.2 },
    { at: noon + 60_000, value: 31.4 },
  ])
  expect(
    await series({
      sensor: 'shuiwei-01',
      metric: 'water-level',
      from: dayStart(day),
      to: later,
      bucket: 86_400_000 / 4,
    }),
  ).toEqual([
    // Buckets begin at the county's midnight, as in the hot part: a chart across the seam has no doubled step.
    { at: noon - ((noon - dayStart(day)) % 21_600_000), avg: 31.3, min: 31.2, max: 31.4, count: 2 },
    {
      at: dayStart('2026-03-06'),
      avg: 40,
      min: 40,
      max: 40,
      count: 1,
    },
  ])
})

test('the telemetry room takes the file over and may then forget the hot rows', async () => {
  const { write, seal, series, archive, db } = await box()
  write('shuiwei-01', 'water-level', noon, 31.2)
  await seal(later)
  expect(takeSeals(db, archive).wrong).toEqual([])
  const longAfter = later + keepHot + 86_400_000
  while (emptySealed(db, longAfter));
  expect(db.query('select count(*) as n from reading').get()).toEqual({ n: 0 })
  expect(
    await series({ sensor: 'shuiwei-01', metric: 'water-level', from: dayStart(day), to: later }),
  ).toHaveLength(1)
})

test('the same day sealed twice gives the same bytes, and a day that is sealed is left alone', async () => {
  const { write, seal, archive, db } = await box()
  for (let i = 0; i < 3000; i++) write(`shuiwei-0${i % 5}`, 'water-level', dayStart(day) + i * 1000, i / 10)
  const [first] = await seal(later)
  takeSeals(db, archive)
  expect(await seal(later)).toEqual([])
  rmSync(archive, { recursive: true })
  db.run('delete from sealed')
  const [second] = await seal(later)
  expect(second).toEqual(first!)
})

test('a reading that comes late is added, and what was already in the file stands', async () => {
  const { write, seal, series, archive, db } = await box()
  write('shuiwei-01', 'water-level', noon, 31.2)
  await seal(later)
  takeSeals(db, archive)
  write('shuiwei-01', 'water-level', noon, 99)
  write('shuiwei-01', 'water-level', noon + 1000, 31.3)
  const [again] = await seal(later)
  expect(again?.rows).toBe(2)
  expect(takeSeals(db, archive).wrong).toEqual([])
  expect(
    await series({ sensor: 'shuiwei-01', metric: 'water-level', from: dayStart(day), to: later }),
  ).toEqual([
    { at: noon, value: 31.2 },
    { at: noon + 1000, value: 31.3 },
  ])
  expect(readdirSync(archive).sort()).toEqual([`readings-${day}.json`, `readings-${day}.parquet`])
})

test('a day that still lasts is not sealed', async () => {
  const { write, seal, archive } = await box()
  write('shuiwei-01', 'water-level', noon, 31.2)
  expect(await seal(noon + 1000)).toEqual([])
  expect(existsSync(join(archive, archiveFile(day)))).toBe(false)
})

test('a question that takes too long is stopped, and the next one is answered', async () => {
  const { lake } = await box()
  const slow = lake.ask(
    'select count(*) as n from range(100000000) a(i), range(100000) b(j) where (i * j) % 7 = 3',
    {},
    100,
  )
  const next = lake.ask<{ n: number }>('select cast(7 as double) as n')
  expect(slow).rejects.toThrow('took longer than 100 ms')
  expect(await next).toEqual([{ n: 7 }])
})

test('measures of readings see hot and sealed days, late readings once, and what each sensor said last', async () => {
  const { write, seal, lake, archive, stream, db } = await box()
  const today = Date.now() - 60_000
  write('shuiwei-01', 'water-level', noon, 31.2)
  write('shuiwei-01', 'water-level', today, 32)
  write('shuiwei-02', 'water-level', today, 7)
  const ask = (query: string) => valuesOf(lake, query)
  expect(await stream.catchUp(new Set(readingTables), 1e12)).toBe(true)
  const byDay = `select strftime("at", '%Y-%m-%d') as key, count(*) as value from readings group by 1`
  const wanted = [
    { division: '430981', key: day, value: 1 },
    { division: '430981', key: dayOf(today), value: 2 },
  ]
  expect(await ask(byDay)).toEqual(wanted)
  await seal(later)
  takeSeals(db, archive)
  write('shuiwei-02', 'water-level', today - 1000, 6)
  expect(await stream.catchUp(new Set(readingTables), 2e12)).toBe(true)
  expect(await ask(byDay)).toEqual([wanted[0]!, { ...wanted[1]!, value: 3 }])
  expect(await ask('select sensor as key, value from latest')).toEqual([
    { division: '430981', key: 'shuiwei-01', value: 32 },
    { division: '430981', key: 'shuiwei-02', value: 7 },
  ])
})

test('the hours say how many readings they hold, sealed or not', async () => {
  const { write, lake, stream } = await box()
  for (let i = 0; i < 5; i++) write('shuiwei-01', 'water-level', noon + i, 31)
  write('shuiwei-01', 'water-level', noon + 86_400_000, 31)
  await stream.catchUp(new Set(['hours']), 1e12)
  const query = `select strftime(hour, '%Y-%m-%d') as key, sum(readings) as value from hours group by 1`
  expect(await valuesOf(lake, query)).toEqual([
    { division: '430981', key: day, value: 5 },
    { division: '430981', key: '2026-03-06', value: 1 },
  ])
})

const zh = { zh: '测试', en: 'Test' }
const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function box() {
  const dir = mkdtempSync(join(tmpdir(), 'xianhe-seal-'))
  const place = {
    derivedDir: join(dir, 'derived'),
    archiveDir: join(dir, 'archive'),
    telemetryFile: join(dir, 'telemetry.db'),
  }
  const { db } = openTelemetry(place.telemetryFile)
  const lake = await Lake.open({ ...place, memoryLimit: '128MB', threads: 1 })
  const stream = new Stream(lake, place)
  closing.push(
    () => rmSync(dir, { recursive: true, force: true }),
    () => db.close(),
    () => lake.close(),
    () => stream.close(),
  )
  return {
    db,
    lake,
    stream,
    archive: place.archiveDir,
    write: writer(db),
    seal: (now: number): Promise<SealNote[]> => sealDays(lake, place, undefined, now),
    series: (query: object) =>
      answerIn(lake, { ...place, registry: new Registry([]) }, '430981', {
        what: 'series',
        ...query,
      } as Question) as Promise<Answers['series']>,
  }
}

async function valuesOf(lake: Lake, query: string) {
  const asked = measure('m', { title: zh, meaning: zh, query })
  const found = await compute(lake, new Registry([]), [asked], { division: '430981', scopes: ['430981'] })
  const values = found.get('m')!
  return values instanceof Error ? values : values.sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** A commit of one reading, as the spool makes it. */
function writer(db: Database) {
  let commit = 0
  return (sensor: string, metric: string, at: number, value: number) =>
    db.transaction(() => {
      db.query('insert into series(sensor, metric) values(?, ?) on conflict do nothing').run(sensor, metric)
      const { id } = db
        .query('select id from series where sensor = ? and metric = ?')
        .get(sensor, metric) as { id: number }
      db.query('insert into reading(series, at, value) values(?, ?, ?) on conflict do nothing').run(
        id,
        at,
        value,
      )
      db.query(
        'insert into hour(hour, readings, touched) values(?, 1, ?) on conflict do update set readings = readings + 1, touched = excluded.touched',
      ).run(Math.floor(at / 3_600_000), ++commit)
    })()
}
