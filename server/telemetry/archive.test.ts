import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  archiveFile,
  type DayToSeal,
  dayOf,
  dayRows,
  dayStart,
  daysToSeal,
  emptySealed,
  hotFrom,
  keepHot,
  sealedDays,
  takeSeals,
} from './archive.ts'
import { County } from './county.ts'
import { openTelemetry } from './open.ts'
import { HotReadings } from './readings.ts'
import { Spool } from './spool.ts'

let folder: string
let db: Database
let spool: Spool
const day = '2026-03-05'
const noon = dayStart(day) + 12 * 3_600_000
/** Nine days later: the day is finished, sealed and no longer needed hot. */
const later = dayStart(day) + 86_400_000 + keepHot + 1

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'xianhe-archive-'))
  mkdirSync(join(folder, 'archive'))
  db = openTelemetry(join(folder, 'telemetry.db')).db
  const core = new Database(join(folder, 'core.db'))
  core.run('create table record (id text, dataset text, version int, touched int, withdrawn int, body text)')
  core.run('create table device (sensor text, hash text, disabled int)')
  core.run(`insert into device values ('WL-001', '00', 0), ('WL-002', '00', 0)`)
  core.close()
  spool = new Spool(db, new County(join(folder, 'core.db')))
})
afterEach(() => {
  db.close()
  rmSync(folder, { recursive: true })
})

function say(sensor: string, at: number, value: number) {
  let error: Error | null | undefined
  spool.take({
    sensor,
    tail: 'readings',
    topic: '',
    client: '',
    payload: Buffer.from(`{"at":${at},"values":{"water-level":${value}}}`),
    done: (e) => {
      error = e
    },
  })
  spool.flush()
  expect(error).toBeNull()
}

/** What the analytics child does, with JSON instead of Parquet inside the file. */
function seal(toSeal: DayToSeal, text = 'parquet', through = toSeal.through) {
  writeFileSync(join(folder, 'archive', archiveFile(toSeal.day)), text)
  const sha256 = new Bun.CryptoHasher('sha256').update(text).digest('hex')
  writeFileSync(
    join(folder, 'archive', `readings-${toSeal.day}.json`),
    JSON.stringify({
      day: toSeal.day,
      file: archiveFile(toSeal.day),
      sha256,
      bytes: text.length,
      rows: toSeal.rows,
      through,
    }),
  )
}
const rows = () => db.query<{ n: number }, []>('select count(*) as n from reading').get()!.n
const empty = () => {
  while (emptySealed(db, later, 2));
}

test('a day is a county day: it begins at four in the afternoon before, in UTC', () => {
  expect(new Date(dayStart('2026-03-05')).toISOString()).toBe('2026-03-04T16:00:00.000Z')
  expect(dayOf(Date.parse('2026-03-04T15:59:59.999Z'))).toBe('2026-03-04')
})

test('a finished day is offered sorted, its file taken, its hot rows deleted, and nothing else', () => {
  say('WL-002', noon, 1)
  for (let i = 0; i < 5; i++) say('WL-001', noon - i * 1000, i)
  say('WL-001', noon + 86_400_000, 9)
  const [first] = daysToSeal(db, dayStart(day) + 86_400_000 + 3 * 3_600_000)
  expect(first).toMatchObject({ day, rows: 6, from: dayStart(day) })
  expect(daysToSeal(db, dayStart(day) + 86_400_000 + 3_600_000)).toEqual([])
  expect([...dayRows(db, day)].map((each) => `${each.sensor} ${each.at - noon} ${each.value}`)).toEqual([
    'WL-001 -4000 4',
    'WL-001 -3000 3',
    'WL-001 -2000 2',
    'WL-001 -1000 1',
    'WL-001 0 0',
    'WL-002 0 1',
  ])
  empty()
  expect(rows()).toBe(7)
  seal(first!)
  expect(takeSeals(db, join(folder, 'archive')).taken.map((each) => each.day)).toEqual([day])
  expect(daysToSeal(db, noon + 86_400_000)).toEqual([])
  // Young enough for the charts of the week.
  expect(emptySealed(db, noon + 2 * 86_400_000)).toBe(false)
  empty()
  expect(rows()).toBe(1)
  expect(hotFrom(db)).toBe(dayStart(day) + 86_400_000)
  expect(sealedDays(db)).toMatchObject([{ day, emptied: 2 }])
})

test('a late reading keeps its day from being emptied, and asks for it to be sealed again with its file', () => {
  say('WL-001', noon, 1)
  seal(daysToSeal(db, later)[0]!)
  takeSeals(db, join(folder, 'archive'))
  say('WL-001', noon + 1, 2)
  empty()
  expect(rows()).toBe(2)
  const [again] = daysToSeal(db, later)
  expect(again).toMatchObject({ day, merge: archiveFile(day) })
  seal(again!, 'parquet with both')
  expect(takeSeals(db, join(folder, 'archive')).taken).toHaveLength(1)
  empty()
  expect(rows()).toBe(0)
  // And once more after the day was emptied: it comes in, and is asked for.
  say('WL-001', noon + 2, 3)
  expect(daysToSeal(db, later)).toMatchObject([{ day, merge: archiveFile(day) }])
  expect(rows()).toBe(1)
})

test('a file that does not match its note is not trusted', () => {
  say('WL-001', noon, 1)
  const [first] = daysToSeal(db, later)
  seal(first!)
  writeFileSync(join(folder, 'archive', archiveFile(day)), 'something else')
  const { taken, wrong } = takeSeals(db, join(folder, 'archive'))
  expect(taken).toEqual([])
  expect(wrong[0]!.why).toContain('SHA-256')
  seal(first!, 'parquet', first!.through + 1)
  expect(takeSeals(db, join(folder, 'archive')).wrong[0]!.why).toContain('has not made')
  empty()
  expect(rows()).toBe(1)
})

test('a chart across the seam shows each moment once, the archive’s value where both have it', async () => {
  say('WL-001', noon, 1)
  seal(daysToSeal(db, later)[0]!)
  takeSeals(db, join(folder, 'archive'))
  empty()
  say('WL-001', noon, 7)
  say('WL-001', noon + 86_400_000, 9)
  const asked: number[] = []
  const readings = new HotReadings({
    telemetryFile: join(folder, 'telemetry.db'),
    archived: async (query) => {
      asked.push(query.to)
      return query.bucket
        ? [{ at: dayStart(day), avg: 1, min: 1, max: 1, count: 1 }]
        : [{ at: noon, value: 1 }]
    },
  })
  const query = {
    sensor: 'WL-001',
    metric: 'water-level',
    from: dayStart(day),
    to: dayStart(day) + 3 * 86_400_000,
  }
  expect(await readings.series(query)).toEqual([
    { at: noon, value: 1 },
    { at: noon + 86_400_000, value: 9 },
  ])
  expect(asked).toEqual([dayStart(day) + 86_400_000])
  expect(await readings.series({ ...query, from: hotFrom(db) })).toHaveLength(1)
  expect(asked).toHaveLength(1)
  expect(await readings.series({ ...query, from: hotFrom(db), bucket: 86_400_000 })).toEqual([
    { at: dayStart(day) + 86_400_000, avg: 9, min: 9, max: 9, count: 1 },
  ])
  expect(readings.latest(['WL-001', 'WL-404'])).toEqual([
    { sensor: 'WL-001', metric: 'water-level', at: noon + 86_400_000, value: 9 },
  ])
  readings.close()
})
