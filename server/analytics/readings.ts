// The tables `readings`, `latest` and `hours` for measures that ask for them. `latest` (sensor, metric, at, value) and
// `hours` (hour, readings) are small and always whole. `readings` (sensor, metric, at, value) is the sealed days from
// the archive and, copied from telemetry.db, the days since. Nothing is copied until a measure reads it. telemetry.db
// says which hours were added to, so a late reading is seen, and an hour is copied again whole, never counted twice.

import type { Database } from 'bun:sqlite'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBAppender } from '@duckdb/node-api'
import { dayOf, dayStart } from '../telemetry/archive.ts'
import { openTelemetryReader, telemetryId } from '../telemetry/open.ts'
import type { Lake } from './lake.ts'
import { literal } from './tables.ts'

export const readingTables = ['readings', 'latest', 'hours']

/** An hour with more readings than this is not copied, and measures of single readings step aside. */
const mostInHour = 3_000_000
/** The hour that is filling is copied again no more often than this. */
const again = 30_000
const hourMs = 3_600_000

export class Stream {
  private db: Database | undefined
  private lastLook = 0
  private archived: string | undefined
  /** Why `readings` is not whole now. */
  fault: string | undefined

  constructor(
    private readonly lake: Lake,
    private readonly place: { telemetryFile: string; archiveDir: string },
  ) {}

  /** Brings the tables that measures read up to date; answers whether anything was added. */
  async catchUp(wanted: Set<string>, now = Date.now()): Promise<boolean> {
    const files = sealedFiles(this.place.archiveDir)
    await this.prepare(files)
    this.db ??= openTelemetryReader(this.place.telemetryFile)
    if (!this.db || now - this.lastLook < again) return false
    this.lastLook = now
    await this.forgetAnotherFile(this.db)
    const last =
      this.db.query<{ last: number | null }, []>('select max(touched) as last from hour').get()?.last ?? 0
    if (last === (await this.state('heard')) && files.join() === this.archived) return false
    await this.copyLatest(this.db, files)
    await this.copyCounts(this.db)
    if (wanted.has('readings')) await this.copyReadings(this.db, files)
    await this.setState('heard', last)
    this.archived = files.join()
    return true
  }

  close() {
    this.db?.close()
    this.db = undefined
  }

  private async prepare(files: string[]) {
    if (this.archived === files.join()) return
    await this.lake.run(
      'create table if not exists box.hot (hour bigint, sensor varchar, metric varchar, "at" timestamptz, value double)',
    )
    await this.lake.run(
      'create table if not exists box.last (sensor varchar, metric varchar, "at" timestamptz, value double)',
    )
    await this.lake.run('create table if not exists box.hours (hour timestamptz, readings bigint)')
    const sealed =
      files.length === 0
        ? ''
        : `union all select sensor, metric, timezone('UTC', "at") as "at", value from read_parquet([${files.map(literal).join(', ')}])`
    await this.lake.run(
      `create or replace view scope.readings as select sensor, metric, "at", value from box.hot ${sealed}`,
    )
    await this.lake.run('create or replace view scope.latest as select * from box.last')
    await this.lake.run('create or replace view scope.hours as select * from box.hours')
  }

  /** A new telemetry.db counts its commits from the beginning. */
  private async forgetAnotherFile(db: Database) {
    const id = telemetryId(db)
    const [known] = await this.lake.rows<{ value: string }>(
      `select value from box.state where name = 'telemetry'`,
    )
    if (known?.value === id) return
    await this.lake.transaction(async () => {
      for (const table of ['hot', 'last', 'hours']) await this.lake.run(`delete from box.${table}`)
      await this.lake.run(`delete from box.state where name in ('heard', 'copied')`)
      await this.lake.run(`insert or replace into box.state values ('telemetry', ${literal(id)})`)
    })
  }

  /** The newest value of each series: a seek each in telemetry.db; of those that are silent since, from the archive. */
  private async copyLatest(db: Database, files: string[]) {
    const rows = db
      .query<Reading, []>(
        `select s.sensor, s.metric, r.at, r.value from series s cross join reading r
         on r.series = s.id and r.at = (select max(at) from reading where series = s.id)`,
      )
      .all()
    await this.lake.gather('newest', readingColumns, rows, putReading)
    const fresh = `select sensor, metric, timezone('UTC', make_timestamp_ms(ms)) as "at", value from newest`
    const [{ n } = { n: 0 }] = await this.lake.rows<{ n: number }>(
      'select cast(count(*) as double) as n from box.last',
    )
    // Only the first time: from then on box.last remembers.
    const sealed =
      n === 0 && files.length > 0
        ? `union all select sensor, metric, timezone('UTC', max("at")), arg_max(value, "at") from read_parquet([${files.map(literal).join(', ')}]) group by all`
        : ''
    await this.lake.transaction(async () => {
      await this.lake.run(
        `create or replace temp table spoken as select sensor, metric, max("at") as "at", arg_max(value, "at") as value from (${fresh} union all select * from box.last ${sealed}) group by all`,
      )
      await this.lake.run('delete from box.last')
      await this.lake.run('insert into box.last select * from spoken')
    })
  }

  private async copyCounts(db: Database) {
    const rows = db.query<{ hour: number; readings: number }, []>('select hour, readings from hour').all()
    await this.lake.gather('counted', 'ms bigint, readings bigint', rows, (row, put) => {
      put.appendBigInt(BigInt(row.hour * hourMs))
      put.appendBigInt(BigInt(row.readings))
    })
    await this.lake.transaction(async () => {
      await this.lake.run('delete from box.hours')
      await this.lake.run(
        `insert into box.hours select timezone('UTC', make_timestamp_ms(ms)), readings from counted`,
      )
    })
  }

  private async copyReadings(db: Database, files: string[]) {
    const sealed = new Set(files.map(dayIn))
    for (const day of sealed) {
      const first = dayStart(day) / hourMs
      await this.lake.run(`delete from box.hot where hour >= ${first} and hour < ${first + 24}`)
    }
    const hours = db
      .query<{ hour: number; readings: number; touched: number }, [number]>(
        'select hour, readings, touched from hour where touched > ? order by touched',
      )
      .all((await this.state('copied')) ?? 0)
    for (const { hour, readings, touched } of hours) {
      const isSealed = sealed.has(dayOf(hour * hourMs))
      if (readings > mostInHour && !isSealed) {
        this.fault = `${readings} readings in one hour are too many to copy; count them by the table hours`
        continue
      }
      if (!isSealed) await this.lake.gather('hour_rows', readingColumns, hourRows(db, hour), putReading)
      await this.lake.transaction(async () => {
        await this.lake.run(`delete from box.hot where hour = ${hour}`)
        if (!isSealed)
          await this.lake.run(
            `insert into box.hot select ${hour}, sensor, metric, timezone('UTC', make_timestamp_ms(ms)), value from hour_rows`,
          )
        await this.setState('copied', touched)
      })
    }
  }

  private async state(name: string): Promise<number | undefined> {
    const [row] = await this.lake.rows<{ value: string }>(
      `select value from box.state where name = ${literal(name)}`,
    )
    return row && Number(row.value)
  }

  private async setState(name: string, value: number) {
    await this.lake.run(`insert or replace into box.state values (${literal(name)}, '${value}')`)
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

const dayIn = (file: string) => /(\d{4}-\d{2}-\d{2})\.parquet$/.exec(file)![1]!

interface Reading {
  sensor: string
  metric: string
  at: number
  value: number
}

const readingColumns = 'sensor varchar, metric varchar, ms bigint, value double'

const hourRows = (db: Database, hour: number) =>
  db
    .query<Reading, [number, number]>(
      'select s.sensor, s.metric, r.at, r.value from series s cross join reading r on r.series = s.id and r.at >= ? and r.at < ?',
    )
    .iterate(hour * hourMs, (hour + 1) * hourMs)

function putReading(row: Reading, put: DuckDBAppender) {
  put.appendVarchar(row.sensor)
  put.appendVarchar(row.metric)
  put.appendBigInt(BigInt(row.at))
  put.appendDouble(row.value)
}
