// The tables `readings` and `latest` for measures that ask for them: sealed days from the archive, the days since from
// telemetry.db. Nothing is copied until a measure reads them. telemetry.db says which hours were added to, so a late
// reading is seen, and an hour is copied again whole rather than counted twice.

import type { Database } from 'bun:sqlite'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBAppender } from '@duckdb/node-api'
import { dayStart } from '../telemetry/archive.ts'
import { openTelemetryReader, telemetryId } from '../telemetry/open.ts'
import type { Lake } from './lake.ts'
import { literal } from './tables.ts'

export const readingTables = ['readings', 'latest']

/** An hour with more readings than this is not copied: charts of it come from the archive a day later. */
const mostInHour = 3_000_000
/** The hour that is filling is copied again no more often than this. */
const again = 30_000

export class Stream {
  private db: Database | undefined
  private lastLook = 0
  private archived = '?'

  constructor(
    private readonly lake: Lake,
    private readonly place: { telemetryFile: string; archiveDir: string },
  ) {}

  /** Brings the tables up to date; answers whether anything was added. */
  async catchUp(now = Date.now()): Promise<boolean> {
    await this.prepare()
    this.db ??= openTelemetryReader(this.place.telemetryFile)
    if (!this.db || now - this.lastLook < again) return false
    this.lastLook = now
    await this.forgetAnotherFile(this.db)
    await this.leaveToArchive()
    return this.copyHours(this.db)
  }

  close() {
    this.db?.close()
    this.db = undefined
  }

  private async prepare() {
    await this.lake.run(
      'create table if not exists box.hot (hour bigint, sensor varchar, metric varchar, "at" timestamptz, value double)',
    )
    await this.lake.run(
      'create table if not exists box.last (sensor varchar, metric varchar, "at" timestamptz, value double)',
    )
    const files = sealedFiles(this.place.archiveDir)
    if (files.join() === this.archived) return
    const sealed =
      files.length === 0
        ? ''
        : `union all select sensor, metric, timezone('UTC', "at") as "at", value from read_parquet([${files.map(literal).join(', ')}])`
    await this.lake.run(
      `create or replace view scope.readings as select sensor, metric, "at", value from box.hot ${sealed}`,
    )
    await this.lake.run('create or replace view scope.latest as select * from box.last')
    this.archived = files.join()
  }

  /** A new telemetry.db counts its commits from the beginning. */
  private async forgetAnotherFile(db: Database) {
    const id = telemetryId(db)
    const [known] = await this.lake.rows<{ value: string }>(
      `select value from box.state where name = 'telemetry'`,
    )
    if (known?.value === id) return
    await this.lake.transaction(async () => {
      await this.lake.run('delete from box.hot')
      await this.lake.run('delete from box.last')
      await this.lake.run(`delete from box.state where name in ('telemetry', 'heard')`)
      await this.lake.run(`insert into box.state values ('telemetry', ${literal(id)})`)
      // What sensors said last may be in the archive only.
      await this.lake.run(
        'insert into box.last select sensor, metric, max("at"), arg_max(value, "at") from scope.readings group by all',
      )
    })
  }

  /** Sealed days are read from their files: their hot copies go. */
  private async leaveToArchive() {
    for (const file of sealedFiles(this.place.archiveDir)) {
      const first = dayStart(/(\d{4}-\d{2}-\d{2})\.parquet$/.exec(file)![1]!) / 3_600_000
      await this.lake.run(`delete from box.hot where hour >= ${first} and hour < ${first + 24}`)
    }
  }

  private async copyHours(db: Database): Promise<boolean> {
    const [known] = await this.lake.rows<{ value: string }>(
      `select value from box.state where name = 'heard'`,
    )
    const heard = Number(known?.value ?? 0)
    const sealed = new Set(
      sealedFiles(this.place.archiveDir).map((file) => /(\d{4}-\d{2}-\d{2})\.parquet$/.exec(file)![1]),
    )
    const hours = db
      .query<{ hour: number; readings: number; touched: number }, [number]>(
        'select hour, readings, touched from hour where touched > ? order by touched',
      )
      .all(heard)
    for (const { hour, readings, touched } of hours) {
      const day = new Date((hour + 8) * 3_600_000).toISOString().slice(0, 10)
      const copied = readings <= mostInHour && !sealed.has(day)
      if (copied) await this.lake.gather('hour_rows', hourColumns, hourRows(db, hour), putReading)
      await this.lake.transaction(async () => {
        await this.lake.run(`delete from box.hot where hour = ${hour}`)
        await this.lake.run(`delete from box.state where name = 'heard'`)
        await this.lake.run(`insert into box.state values ('heard', '${touched}')`)
        if (!copied) return
        const rows = `select sensor, metric, timezone('UTC', make_timestamp_ms(ms)) as "at", value from hour_rows`
        await this.lake.run(`insert into box.hot select ${hour}, * from (${rows})`)
        await this.lake.run(
          `create or replace temp table newest as select * from box.last union all select sensor, metric, max("at"), arg_max(value, "at") from (${rows}) group by all`,
        )
        await this.lake.run('delete from box.last')
        await this.lake.run(
          'insert into box.last select sensor, metric, max("at"), arg_max(value, "at") from newest group by all',
        )
      })
    }
    return hours.length > 0
  }
}

/** Files with their note: the ones that are finished. */
function sealedFiles(archiveDir: string): string[] {
  if (!existsSync(archiveDir)) return []
  const names = new Set(readdirSync(archiveDir))
  return [...names]
    .filter(
      (name) =>
        /^readings-\d{4}-\d{2}-\d{2}\.parquet$/.test(name) && names.has(name.replace('.parquet', '.json')),
    )
    .sort()
    .map((name) => join(archiveDir, name))
}

interface Reading {
  sensor: string
  metric: string
  at: number
  value: number
}

const hourRows = (db: Database, hour: number) =>
  db
    .query<Reading, [number, number]>(
      'select s.sensor, s.metric, r.at, r.value from series s cross join reading r on r.series = s.id and r.at >= ? and r.at < ?',
    )
    .iterate(hour * 3_600_000, (hour + 1) * 3_600_000)

const hourColumns = 'sensor varchar, metric varchar, ms bigint, value double'

function putReading(row: Reading, put: DuckDBAppender) {
  put.appendVarchar(row.sensor)
  put.appendVarchar(row.metric)
  put.appendBigInt(BigInt(row.at))
  put.appendDouble(row.value)
}
