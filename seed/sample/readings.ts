// Ninety days of readings. Most of them are older than a week and go straight into the archive, as the analytics child
// would have sealed them; the last days lie hot in telemetry.db. One formula, in SQL, makes both, so that a chart has no
// seam. No random(): the same county on the same day has the same readings.

import type { Database } from 'bun:sqlite'
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { archiveFile, dayOf, dayStart, keepHot, type SealNote } from '../../server/telemetry/archive.ts'
import type { Curve } from './sensing.ts'

const dayMs = 86_400_000

export interface ReadingsPlace {
  /** telemetry.db, open for writing: nobody else may be writing it. */
  db: Database
  archiveDir: string
}

export async function seedReadings(place: ReadingsPlace, curves: Curve[], now: number, days: number) {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' })
  const duck = await instance.connect()
  try {
    await duck.run(
      'create table curve (sensor varchar, metric varchar, every bigint, base double, daily double, peak double, slow double, period double, phase double, noise double, digits integer, lowest double, rain boolean, silent bigint)',
    )
    const appender = await duck.createAppender('curve')
    for (const c of curves) {
      appender.appendVarchar(c.sensor)
      appender.appendVarchar(c.metric)
      appender.appendBigInt(BigInt(c.every * 60_000))
      for (const value of [c.base, c.daily, c.peak, c.slow, c.period, c.phase, c.noise])
        appender.appendDouble(value)
      appender.appendInteger(c.digits)
      appender.appendDouble(c.least)
      appender.appendBoolean(c.shape === 'rain')
      appender.appendBigInt(BigInt(c.silentSince ?? Number.MAX_SAFE_INTEGER))
      appender.endRow()
    }
    appender.closeSync()
    const today = dayStart(dayOf(now))
    const firstHot = today - Math.ceil(keepHot / dayMs) * dayMs
    mkdirSync(place.archiveDir, { recursive: true })
    for (let back = days; back >= 0; back--) {
      const from = today - back * dayMs
      const to = Math.min(from + dayMs, now)
      if (from < firstHot) await archiveDay(duck, place, from)
      else await keepHotDay(duck, place.db, from, to)
    }
    speak(place.db, curves, now)
  } finally {
    duck.closeSync()
    instance.closeSync()
  }
}

/** Readings of [from, to), sorted as the archive wants them. */
const readingsSql = (from: number, to: number) => `
  with tick as (
    select c.*, unnest(range(${from}, least(${to}, c.silent), c.every)) as ms from curve c
  ), wave as (
    select *, ms / ${dayMs}.0 as d, 43758.5453 * sin((ms // every) * 12.9898 + base * 78.233 + phase * 37.7) as r from tick
  ), spoken as (
    select sensor, metric, ms, digits, lowest,
      case when rain
        then greatest(0, sin(2 * pi() * (d / period + phase)) - 0.72) * slow * abs(r - floor(r))
        else base + daily * cos(2 * pi() * (d + 8 / 24.0 - peak)) + slow * sin(2 * pi() * (d / period + phase)) + noise * (2 * (r - floor(r)) - 1)
      end as v
    from wave
  )
  select sensor, metric, ms, greatest(lowest, round(v, digits)) as value from spoken`

type Duck = Awaited<
  ReturnType<Awaited<ReturnType<typeof import('@duckdb/node-api')['DuckDBInstance']['create']>>['connect']>
>

async function archiveDay(duck: Duck, place: ReadingsPlace, from: number) {
  const day = dayOf(from)
  const file = join(place.archiveDir, archiveFile(day))
  const notePath = join(place.archiveDir, `readings-${day}.json`)
  if (!existsSync(notePath)) {
    const fresh = `${file}.new`
    await duck.run(
      `copy (select sensor, metric, cast(make_timestamp_ms(ms) as timestamp_ms) as at, value from (${readingsSql(from, from + dayMs)}) order by sensor, metric, "at")
       to '${fresh.replaceAll("'", "''")}' (format parquet, compression zstd, row_group_size 20480)`,
    )
    const counted = await duck.runAndReadAll(
      `select count(*)::integer from read_parquet('${fresh.replaceAll("'", "''")}')`,
    )
    const bytes = readFileSync(fresh)
    const note: SealNote = {
      day,
      file: archiveFile(day),
      sha256: new Bun.CryptoHasher('sha256').update(bytes).digest('hex'),
      bytes: statSync(fresh).size,
      rows: counted.getRows()[0]![0] as number,
      through: 1,
    }
    renameSync(fresh, file)
    writeFileSync(notePath, JSON.stringify(note))
  }
  const note = JSON.parse(readFileSync(notePath, 'utf8')) as SealNote
  place.db.transaction(() => {
    // The hours say that commit 1 brought these readings, the seal that the file holds them and nothing is left here.
    for (let hour = from / 3_600_000; hour < (from + dayMs) / 3_600_000; hour++)
      place.db
        .query('insert or ignore into hour (hour, readings, touched) values (?, ?, 1)')
        .run(hour, Math.round(note.rows / 24))
    place.db
      .query(
        'insert or ignore into sealed (day, file, sha256, rows, through, at, emptied) values (?, ?, ?, ?, ?, ?, 2)',
      )
      .run(day, note.file, note.sha256, note.rows, note.through, from + dayMs)
  })()
}

async function keepHotDay(duck: Duck, db: Database, from: number, to: number) {
  const result = await duck.runAndReadAll(
    `select sensor, metric, ms::double as ms, value from (${readingsSql(from, to)})`,
  )
  const seriesOf = new Map<string, number>()
  const known = db.query<{ id: number }, [string, string]>(
    'select id from series where sensor = ? and metric = ?',
  )
  const insert = db.query('insert or ignore into reading (series, at, value) values (?, ?, ?)')
  db.transaction(() => {
    const hours = new Map<number, number>()
    for (const [sensor, metric, at, value] of result.getRows() as [string, string, number, number][]) {
      const name = `${sensor} ${metric}`
      let id = seriesOf.get(name)
      if (id === undefined) {
        db.query(
          'insert or ignore into series (id, sensor, metric) values ((select coalesce(max(id), 0) + 1 from series), ?, ?)',
        ).run(sensor, metric)
        id = known.get(sensor, metric)!.id
        seriesOf.set(name, id)
      }
      if (insert.run(id, at, value).changes)
        hours.set(Math.floor(at / 3_600_000), (hours.get(Math.floor(at / 3_600_000)) ?? 0) + 1)
    }
    for (const [hour, readings] of hours)
      db.query(
        'insert into hour (hour, readings, touched) values (?, ?, 1) on conflict (hour) do update set readings = readings + excluded.readings',
      ).run(hour, readings)
  })()
}

/** The sensors are heard, but for those in repair. */
function speak(db: Database, curves: Curve[], now: number) {
  db.transaction(() => {
    for (const curve of curves)
      db.query('insert or ignore into status (sensor, online, at) values (?, ?, ?)').run(
        curve.sensor,
        curve.silentSince ? 0 : 1,
        curve.silentSince ?? now,
      )
  })()
}
