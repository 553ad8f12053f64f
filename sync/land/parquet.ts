// Parquet of a lake: lines of JSON in, a file out, synced and renamed.

import { mkdirSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { settleFile } from '../exchange.ts'
import { literal, plainJson, quoted } from './columns.ts'

/** Lines of JSON on their way to DuckDB. */
export class Lines {
  count = 0
  private readonly out

  constructor(readonly file: string) {
    rmSync(file, { force: true })
    this.out = Bun.file(file).writer({ highWaterMark: 1 << 20 })
  }

  add(value: Record<string, unknown>) {
    this.out.write(`${plainJson(value)}\n`)
    this.count++
  }

  async drain() {
    await this.out.flush()
  }

  async end() {
    await this.out.end()
  }
}

export const ndjson = (file: string, columns: Record<string, string>) =>
  `read_ndjson(${literal(file)}, columns = {${Object.entries(columns)
    .map(([name, type]) => `${quoted(name)}: ${literal(type)}`)
    .join(', ')}}, maximum_object_size = 67108864)`

export const parquet = (files: string[]) =>
  `read_parquet([${files.map(literal).join(', ')}], hive_partitioning = false, union_by_name = true)`

export async function writeParquet(connection: DuckDBConnection, select: string, to: string) {
  await connection.run(`copy (${select}) to ${literal(to)} (format parquet, compression zstd)`)
}

/** Whole and on disk under its final name, or not there at all. */
export async function settle(made: string, to: string) {
  mkdirSync(dirname(to), { recursive: true })
  const file = await open(made, 'r+')
  await file.sync()
  await file.close()
  await settleFile(made, to)
}

/** `seq=00000007.parquet` */
export const fileName = (seq: number, ending: string) => `seq=${String(seq).padStart(8, '0')}.${ending}`
