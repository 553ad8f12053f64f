// What serve and its pages know of measured values: the hot part from telemetry.db, opened read-only, and what is in
// the archive through a function that the analytics child answers.

import type { Database } from 'bun:sqlite'
import { statSync } from 'node:fs'
import type { LatestReading, Readings, SeriesPoint, SeriesQuery } from '../http/services.ts'
import { hotFrom } from './archive.ts'
import { openTelemetryReader } from './open.ts'

export interface ReadingsOptions {
  telemetryFile: string
  /** Points of the archive, same shape; the analytics child answers. Absent or failing: the hot part alone. */
  archived?: (query: SeriesQuery) => Promise<SeriesPoint[]>
  /** The ingest child's last word about itself. */
  counters?: () => { stored: number; quarantined: number; clients: number }
}

/** A chart cannot show more, and a page should not carry more. */
const mostPoints = 20_000

export class HotReadings implements Readings {
  private db: Database | undefined
  private inode = 0

  constructor(private readonly options: ReadingsOptions) {}

  latest(sensors?: string[]): LatestReading[] {
    const db = this.reader()
    if (!db) return []
    // One step to the end of each series: the newest reading is the last of its range of the key.
    const columns = `select s.sensor, s.metric, r.at, r.value from series s
      join reading r on r.series = s.id and r.at = (select at from reading where series = s.id order by at desc limit 1)`
    if (!sensors) return db.query<LatestReading, []>(columns).all()
    return db
      .query<LatestReading, [string]>(`${columns} where s.sensor in (select value from json_each(?))`)
      .all(JSON.stringify(sensors))
  }

  async series(query: SeriesQuery): Promise<SeriesPoint[]> {
    const db = this.reader()
    const hot = db ? this.hot(db, query) : []
    const archivedTo = Math.min(query.to, db ? hotFrom(db) : query.to)
    if (!this.options.archived || query.from >= archivedTo) return hot
    const archived = await this.options.archived({ ...query, to: archivedTo }).catch(() => [])
    return together(archived, hot)
  }

  status(): Map<string, { online: boolean; at: number }> {
    const rows =
      this.reader()
        ?.query<{ sensor: string; online: number; at: number }, []>('select sensor, online, at from status')
        .all() ?? []
    return new Map(rows.map((row) => [row.sensor, { online: row.online === 1, at: row.at }]))
  }

  quarantine(limit: number) {
    return (
      this.reader()
        ?.query<
          { id: number; at: number; client: string; topic: string; payload: Uint8Array; reason: string },
          [number]
        >('select id, at, client, topic, payload, reason from quarantine order by id desc limit ?')
        .all(limit) ?? []
    )
  }

  counters() {
    return this.options.counters?.() ?? { stored: 0, quarantined: 0, clients: 0 }
  }

  close() {
    this.db?.close()
    this.db = undefined
  }

  private hot(db: Database, { sensor, metric, from, to, bucket }: SeriesQuery): SeriesPoint[] {
    const id = db
      .query<{ id: number }, [string, string]>('select id from series where sensor = ? and metric = ?')
      .get(sensor, metric)?.id
    if (id === undefined) return []
    if (!bucket)
      return db
        .query<SeriesPoint, [number, number, number, number]>(
          'select at, value from reading where series = ? and at >= ? and at < ? order by at limit ?',
        )
        .all(id, from, to, mostPoints)
    const length = Math.max(1, Math.floor(bucket))
    // County time is a whole number of hours from UTC, so that buckets of a day begin at midnight here.
    return db
      .query<SeriesPoint, number[]>(
        `select (at + 28800000) / ?1 * ?1 - 28800000 as at, avg(value) as avg, min(value) as min, max(value) as max, count(*) as count
         from reading where series = ?2 and at >= ?3 and at < ?4 group by 1 order by 1 limit ?5`,
      )
      .all(length, id, from, to, mostPoints)
  }

  /** Opens the file anew when the ingest child put a damaged one aside and began another. */
  private reader(): Database | undefined {
    const inode = inodeOf(this.options.telemetryFile)
    if (inode !== this.inode) this.close()
    this.db ??= openTelemetryReader(this.options.telemetryFile)
    this.inode = inode
    return this.db
  }
}

/** Archive and hot part side by side. The archive stands where both know a moment: it is what was sealed and sent. */
function together(archived: SeriesPoint[], hot: SeriesPoint[]): SeriesPoint[] {
  const byTime = new Map(hot.map((point) => [point.at, point]))
  for (const point of archived) {
    const other = byTime.get(point.at)
    byTime.set(
      point.at,
      other && point.count !== undefined && other.count !== undefined ? merged(point, other) : point,
    )
  }
  return [...byTime.values()].sort((a, b) => a.at - b.at)
}

/** A bucket on the seam, part sealed and part hot. */
function merged(a: SeriesPoint, b: SeriesPoint): SeriesPoint {
  const count = a.count! + b.count!
  return {
    at: a.at,
    count,
    avg: (a.avg! * a.count! + b.avg! * b.count!) / count,
    min: Math.min(a.min!, b.min!),
    max: Math.max(a.max!, b.max!),
  }
}

const inodeOf = (file: string): number => {
  try {
    return statSync(file).ino
  } catch {
    return 0
  }
}
