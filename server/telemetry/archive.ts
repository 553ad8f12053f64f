// Sealing: a finished day moves from telemetry.db to archive/readings-YYYY-MM-DD.parquet, and the file is the truth
// from then on. Two children share the work and never write the same file:
//
//   analytics  1. daysToSeal(db, now)          which days, and `through`, the commit the copy will hold
//              2. dayRows(db, day) or daySql   the hot rows; a day sealed before is merged with its file, whose
//                                              value stands when both have (sensor, metric, at)
//              3. writes the parquet (sensor, metric: varchar; at: timestamp of UTC ms; value: double; sorted by sensor,
//                 metric, at; zstd), reads it back, fsyncs, renames, and then writes the note beside it the same way:
//                 archive/readings-YYYY-MM-DD.json, a SealNote
//   ingest     4. takeSeals(db, folder)        checks the file against the note and writes `sealed`
//              5. emptySealed(db, now)         deletes the hot rows of days older than `keepHot` (or the
//                                              setting archive.after), in small steps
//
// 1 and 2 run in one read transaction. A reading that comes late for a sealed day raises the day's `touched` above
// `through`: the day is on the list again and is not emptied until the new file is there. Days are county days (UTC+8).

import type { Database } from 'bun:sqlite'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SealNote {
  day: string
  /** File name in the archive folder. */
  file: string
  sha256: string
  bytes: number
  rows: number
  through: number
}

export interface DayToSeal {
  day: string
  /** Epoch ms, from inclusive, to exclusive. */
  from: number
  to: number
  /** Hot rows of the day. */
  rows: number
  through: number
  /** The file that holds the day already: merge with it. */
  merge?: string
}

export interface SealedDay {
  day: string
  file: string
  rows: number
  sha256: string
  through: number
  emptied: number
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const offset = 8 * hourMs

/** A day is left alone this long after it ended: most of what comes late has come by then. */
export const grace = 2 * hourMs
/** Sealed days stay hot this long, for charts of the week that need no other process. */
export const keepHot = 8 * dayMs

export const dayOf = (at: number): string => new Date(at + offset).toISOString().slice(0, 10)
export const dayStart = (day: string): number => Date.parse(`${day}T00:00:00Z`) - offset
export const archiveFile = (day: string): string => `readings-${day}.parquet`

/** Finished days whose hot rows are not in the archive yet, or not all of them, oldest first. */
export function daysToSeal(db: Database, now: number): DayToSeal[] {
  const end = dayStart(dayOf(now - grace)) / hourMs
  const days = new Map<string, DayToSeal>()
  const rows = db.query<{ hour: number; readings: number; touched: number }, [number]>(
    'select hour, readings, touched from hour where hour < ? order by hour',
  )
  for (const each of rows.all(end)) {
    const day = dayOf(each.hour * hourMs)
    const from = dayStart(day)
    const entry = days.get(day) ?? { day, from, to: from + dayMs, rows: 0, through: 0 }
    entry.rows += each.readings
    entry.through = Math.max(entry.through, each.touched)
    days.set(day, entry)
  }
  for (const { day, file, through } of sealedDays(db)) {
    const entry = days.get(day)
    if (!entry) continue
    if (entry.through <= through) days.delete(day)
    else entry.merge = file
  }
  return [...days.values()]
}

export const sealedDays = (db: Database): SealedDay[] =>
  db.query<SealedDay, []>('select day, file, rows, sha256, through, emptied from sealed order by day').all()

/** Sensor, metric, at, value of [?1, ?2), sorted: one range of the key per series, no sort over the readings. */
export const daySql = `select s.sensor, s.metric, r.at, r.value
  from (select id, sensor, metric from series order by sensor, metric) s cross join reading r on r.series = s.id and r.at >= ?1 and r.at < ?2
  order by s.sensor, s.metric, r.at`

export function dayRows(
  db: Database,
  day: string,
): IterableIterator<{ sensor: string; metric: string; at: number; value: number }> {
  const from = dayStart(day)
  return db
    .query<{ sensor: string; metric: string; at: number; value: number }, [number, number]>(daySql)
    .iterate(from, from + dayMs)
}

/** Reads the notes of newly sealed days. A file that does not match its note is left for people to look at. */
export function takeSeals(
  db: Database,
  folder: string,
  now = Date.now(),
): { taken: SealNote[]; wrong: { note: string; why: string }[] } {
  const taken: SealNote[] = []
  const wrong: { note: string; why: string }[] = []
  if (!existsSync(folder)) return { taken, wrong }
  const known = new Map(sealedDays(db).map((each) => [each.day, each]))
  for (const name of readdirSync(folder)) {
    const day = /^readings-(\d{4}-\d{2}-\d{2})\.json$/.exec(name)?.[1]
    if (!day) continue
    try {
      const note = JSON.parse(readFileSync(join(folder, name), 'utf8')) as SealNote
      const before = known.get(day)
      if (before && before.sha256 === note.sha256 && before.through === note.through) continue
      if (note.day !== day || note.file !== archiveFile(day)) throw new Error('note and file name disagree')
      const sha256 = new Bun.CryptoHasher('sha256')
        .update(readFileSync(join(folder, note.file)))
        .digest('hex')
      if (sha256 !== note.sha256) throw new Error(`SHA-256 is ${sha256}, the note says ${note.sha256}`)
      if (note.through > touchedOf(db, day))
        throw new Error(`note covers commit ${note.through}, which this database has not made`)
      db.query(
        `insert into sealed (day, file, sha256, rows, through, at) values (?, ?, ?, ?, ?, ?)
         on conflict (day) do update set file = excluded.file, sha256 = excluded.sha256, rows = excluded.rows, through = excluded.through, at = excluded.at, emptied = min(emptied, 1)`,
      ).run(day, note.file, note.sha256, note.rows, note.through, now)
      taken.push(note)
    } catch (error) {
      wrong.push({ note: name, why: (error as Error).message })
    }
  }
  return { taken, wrong }
}

/**
 * Deletes at most `limit` hot rows of sealed days older than `keepHot`; call again while it answers true. The check and
 * the deletion are one transaction, so that a late reading in between keeps the day.
 */
export function emptySealed(db: Database, now: number, limit = 20_000, keep = keepHot): boolean {
  return db
    .transaction(() => {
      for (const { day, through, emptied } of sealedDays(db)) {
        const from = dayStart(day)
        if (emptied === 2 || from + dayMs > now - keep || touchedOf(db, day) > through) continue
        if (!emptied) db.query('update sealed set emptied = 1 where day = ?').run(day)
        let deleted = 0
        for (const { id } of db.query<{ id: number }, []>('select id from series').iterate()) {
          deleted += db
            .query('delete from reading where series = ? and at >= ? and at < ?')
            .run(id, from, from + dayMs).changes
          if (deleted >= limit) return true
        }
        db.query('update sealed set emptied = 2 where day = ?').run(day)
        return true
      }
      return false
    })
    .immediate()
}

/** Everything before this moment is, or may be, in the archive only. */
export function hotFrom(db: Database): number {
  const last = db
    .query<{ day: string | null }, []>('select max(day) as day from sealed where emptied > 0')
    .get()?.day
  return last ? dayStart(last) + dayMs : 0
}

const touchedOf = (db: Database, day: string): number => {
  const from = dayStart(day) / hourMs
  return (
    db
      .query<{ touched: number | null }, [number, number]>(
        'select max(touched) as touched from hour where hour >= ? and hour < ?',
      )
      .get(from, from + 24)?.touched ?? 0
  )
}
