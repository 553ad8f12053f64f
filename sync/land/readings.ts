// Readings out of a package's Parquet, by DuckDB: raw values or hourly ones, as the sender's policy has them.

import { literal } from './columns.ts'
import { withDuckdb } from './duckdb.ts'

/** Lines for COPY: node, day, sensor, metric, at, then value, or avg, min, max and count. Times are UTC. */
export async function readingLines(
  file: string,
  node: string,
  day: string,
): Promise<{ how: 'raw' | 'hourly'; lots: AsyncGenerator<string[]> }> {
  const how = await howMeasured(file)
  return { how, lots: linesOf(file, node, day, how) }
}

/** Whether a file holds values as measured or by the hour. */
export function howMeasured(file: string): Promise<'raw' | 'hourly'> {
  return withDuckdb(async (connection) => {
    const columns = await connection.runAndReadAll(
      `select column_name from (describe select * from read_parquet(${literal(file)}))`,
    )
    return columns.getRows().some(([name]) => name === 'avg') ? 'hourly' : 'raw'
  })
}

async function* linesOf(
  file: string,
  node: string,
  day: string,
  how: 'raw' | 'hourly',
): AsyncGenerator<string[]> {
  const lots: string[][] = []
  const text = (column: string) =>
    `regexp_replace(replace(${column}, chr(92), chr(92) || chr(92)), '[\\t\\n\\r]', ' ', 'g')`
  const number = (column: string) => `coalesce(cast(${column} as varchar), chr(92) || 'N')`
  const values = how === 'raw' ? ['value'] : ['"avg"', '"min"', '"max"', '"count"']
  const cells = [
    literal(node),
    literal(day),
    text('sensor'),
    text('metric'),
    `strftime("at"::timestamp, '%Y-%m-%dT%H:%M:%S.%f') || 'Z'`,
    ...values.map(number),
  ]
  // DuckDB's stream does not outlive its connection: a day is a few million short lines at most, kept as they come.
  await withDuckdb(async (connection) => {
    const result = await connection.stream(
      `select ${cells.join(` || chr(9) || `)} as line from read_parquet(${literal(file)}) order by sensor, metric, "at"`,
    )
    for await (const rows of result.yieldRows()) lots.push(rows.map(([line]) => line as string))
  })
  yield* lots
}
