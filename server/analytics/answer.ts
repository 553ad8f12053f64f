// What the serve process may ask, and the answers. Each question has a deadline; a query that passes it is interrupted
// in DuckDB, so that one slow chart never holds up the next.

import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { SeriesPoint, SeriesQuery } from '../http/services.ts'
import type { DatasetSpec } from '../kernel/dataset.ts'
import type { Registry } from '../kernel/registry.ts'
import { archiveFile, dayOf } from '../telemetry/archive.ts'
import { recordsBehind } from './compute.ts'
import { exportsIn, type Lake } from './lake.ts'
import { readingsSlice, type SliceQuestion } from './readings-slice.ts'
import { columnTypes, literal, own, quoted, tableOf } from './tables.ts'

export type Question = (
  | ({ what: 'series' } & SeriesQuery)
  /** The records behind one number, last touched first. */
  | { what: 'behind'; measure: string; division: string; key?: string; limit?: number; offset?: number }
  /** A dataset as one Parquet file; whoever asked deletes it. Personal fields are not in it. */
  | { what: 'export'; dataset: string; division?: string }
  /** Records as a person may see them, one JSON object a line in a file under derived/exports, to Parquet beside it. */
  | { what: 'parquet'; spec: DatasetSpec; lines: string }
  | SliceQuestion
  | { what: 'settle' }
  | { what: 'rebuild' }
  | { what: 'seal' }
) & { waitMs?: number }

/** Asks the analytics child, wherever it runs. */
export type Ask = (question: Question, waitMs?: number) => Promise<unknown>

export interface Answers {
  series: SeriesPoint[]
  behind: { ids: string[]; total: number }
  export: { file: string; rows: number; bytes: number }
  parquet: { file: string }
  'readings-slice': { file: string; bytes: number } | undefined
  settle: undefined
  rebuild: undefined
  seal: undefined
}

/** The serve process's end: the same questions as functions. `ask` is the wire to the child. */
export function analyst(ask: (question: Question, waitMs?: number) => Promise<unknown>) {
  return {
    series: (query: SeriesQuery) => ask({ what: 'series', ...query }) as Promise<Answers['series']>,
    behind: (about: Omit<Extract<Question, { what: 'behind' }>, 'what'>) =>
      ask({ what: 'behind', ...about }) as Promise<Answers['behind']>,
    export: (dataset: string, division?: string) =>
      ask({ what: 'export', dataset, division }, 120_000) as Promise<Answers['export']>,
    settle: () => ask({ what: 'settle' }, 120_000) as Promise<undefined>,
    rebuild: () => ask({ what: 'rebuild' }, 120_000) as Promise<undefined>,
    seal: () => ask({ what: 'seal' }, 600_000) as Promise<undefined>,
  }
}
export type Analyst = ReturnType<typeof analyst>

export interface AnswerPlace {
  archiveDir: string
  derivedDir: string
  registry: Registry
}

export async function answerIn(
  lake: Lake,
  place: AnswerPlace,
  division: string,
  question: Question,
): Promise<unknown> {
  if (question.what === 'series') return series(lake, place, question)
  if (question.what === 'behind') return behind(lake, place, question)
  if (question.what === 'parquet') return parquet(lake, question)
  if (question.what === 'readings-slice') return readingsSlice(lake, place, question)
  if (question.what === 'export') return exportDataset(lake, place, division, question)
  throw new Error(`the analytics room knows no question «${question.what}»`)
}

/** At most this many points leave for a chart; a screen has no more pixels. */
const mostPoints = 20_000

async function series(
  lake: Lake,
  place: AnswerPlace,
  query: Extract<Question, { what: 'series' }>,
): Promise<SeriesPoint[]> {
  const files = archivedBetween(place.archiveDir, query.from, query.to)
  if (files.length === 0) return []
  const bucket = query.bucket === undefined ? undefined : Math.max(1, Math.trunc(query.bucket))
  const chosen = `from read_parquet([${files.map(literal).join(', ')}])
    where sensor = $sensor and metric = $metric and "at" >= make_timestamp_ms(${Math.trunc(query.from)}) and "at" < make_timestamp_ms(${Math.trunc(query.to)})`
  const sql =
    bucket === undefined
      ? `select cast(epoch_ms("at") as double) as "at", value ${chosen} order by 1 limit ${mostPoints}`
      : `select cast((epoch_ms("at") + 28800000) // ${bucket} * ${bucket} - 28800000 as double) as "at", round(avg(value), 6) as avg, min(value) as min, max(value) as max, cast(count(*) as double) as count
         ${chosen} group by 1 order by 1 limit ${mostPoints}`
  const values = { sensor: query.sensor, metric: query.metric }
  return lake.ask<SeriesPoint>(sql, values, query.waitMs)
}

async function behind(
  lake: Lake,
  place: AnswerPlace,
  about: Extract<Question, { what: 'behind' }>,
): Promise<Answers['behind']> {
  const measure = place.registry.measures.get(about.measure)
  if (!measure) throw new Error(`there is no measure ${about.measure}`)
  if (!measure.of)
    throw new Error(
      `the number ${about.measure} is computed by a query and has no list of records of its own`,
    )
  const sql = recordsBehind(measure, about.division, about.key)
  const [limit, offset] = [Math.trunc(about.limit ?? 50), Math.trunc(about.offset ?? 0)]
  const rows = await lake.ask<{ id: string; total: number }>(
    `select id, cast(count(*) over () as double) as total from (${sql}) limit ${limit} offset ${offset}`,
    {},
    about.waitMs,
  )
  return { ids: rows.map((row) => row.id), total: rows[0]?.total ?? 0 }
}

async function exportDataset(
  lake: Lake,
  place: AnswerPlace,
  division: string,
  about: Extract<Question, { what: 'export' }>,
): Promise<Answers['export']> {
  const spec = place.registry.datasets.get(about.dataset)?.spec
  if (!spec) throw new Error(`there is no dataset ${about.dataset}`)
  const file = join(exportsIn(place.derivedDir), `${tableOf(spec.name)}-${Bun.randomUUIDv7()}.parquet`)
  const wanted = `from main.${quoted(tableOf(spec.name))} where not ${own(spec, 'withdrawn')} and starts_with(${own(spec, 'division')}, ${literal(about.division ?? division)})`
  try {
    await lake.ask(
      `copy (select * ${wanted} order by ${own(spec, 'id')}) to ${literal(file)} (format parquet, compression zstd)`,
      {},
      about.waitMs ?? 110_000,
    )
    const [row] = await lake.ask<{ n: number }>(
      `select cast(count(*) as double) as n from read_parquet(${literal(file)})`,
    )
    return { file, rows: row!.n, bytes: statSync(file).size }
  } catch (fault) {
    rmSync(file, { force: true })
    throw fault
  }
}

async function parquet(
  lake: Lake,
  about: Extract<Question, { what: 'parquet' }>,
): Promise<Answers['parquet']> {
  const file = about.lines.replace(/\.ndjson$/, '.parquet')
  const columns = Object.entries({ id: 'VARCHAR', division: 'VARCHAR', ...columnTypes(about.spec) })
  const wanted = columns.map(([name, type]) => `${quoted(name)}: ${literal(type)}`).join(', ')
  await lake.ask(
    `copy (select * from read_ndjson(${literal(about.lines)}, columns = {${wanted}}, maximum_object_size = 33554432)) to ${literal(file)} (format parquet, compression zstd)`,
    {},
    about.waitMs ?? 110_000,
  )
  return { file }
}

/** The archive's files for a stretch of time. Naming the days is faster than letting DuckDB look into each. */
export function archivedBetween(archiveDir: string, from: number, to: number): string[] {
  if (!existsSync(archiveDir)) return []
  const [first, last] = [archiveFile(dayOf(from)), archiveFile(dayOf(Math.max(from, to - 1)))]
  return readdirSync(archiveDir)
    .filter((name) => /^readings-\d{4}-\d{2}-\d{2}\.parquet$/.test(name) && name >= first && name <= last)
    .sort()
    .map((name) => join(archiveDir, name))
}
