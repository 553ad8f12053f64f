// Readings out of a package's Parquet, by DuckDB: raw values or hourly ones, as the sender's policy has them.

import { literal, plainText } from './columns.ts'
import { withDuckdb } from './duckdb.ts'

/** A Parquet file that is none, or holds something else than readings. */
export class UnreadableReadings extends Error {}

/**
 * Lines for COPY: node, day, sensor, metric, at, then value, or avg, min, max and count. Times are UTC. Everything is read
 * before the first line is given: what cannot be read is known before anything is written.
 */
export async function readingLines(
  file: string,
  node: string,
  day: string,
): Promise<{ how: 'raw' | 'hourly'; lots: string[][] }> {
  const how = await howMeasured(file)
  return { how, lots: await reading(() => linesOf(file, node, day, how)) }
}

/** Whether a file holds values as measured or by the hour. */
export function howMeasured(file: string): Promise<'raw' | 'hourly'> {
  return reading(() =>
    withDuckdb(async (connection) => {
      const columns = await connection.runAndReadAll(
        `select column_name from (describe select * from read_parquet(${literal(file)}))`,
      )
      const names = columns.getRows().map(([name]) => name as string)
      const how = names.includes('avg') ? ('hourly' as const) : ('raw' as const)
      const wanted = [
        'sensor',
        'metric',
        'at',
        ...(how === 'raw' ? ['value'] : ['avg', 'min', 'max', 'count']),
      ]
      const missing = wanted.filter((name) => !names.includes(name))
      if (missing.length > 0) throw new Error(`no column ${missing.join(', ')}`)
      return how
    }),
  )
}

async function reading<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new UnreadableReadings((error as Error).message)
  }
}

async function linesOf(file: string, node: string, day: string, how: 'raw' | 'hourly'): Promise<string[][]> {
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
  await withDuckdb(async (connection) => {
    const result = await connection.stream(
      `select ${cells.join(` || chr(9) || `)} as line from read_parquet(${literal(file)}) where year("at") between 1 and 9999 order by sensor, metric, "at"`,
    )
    for await (const rows of result.yieldRows()) lots.push(rows.map(([line]) => plainText(line as string)))
  })
  return lots
}
