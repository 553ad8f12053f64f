// The DuckDB file of this box, derived/analytics.duckdb. It is computed state: whatever is wrong with it, it is thrown
// away and made again from core.db. A file rather than memory: opening 1,000,000 records takes 20 ms and 99 MB of
// process memory, reading them into memory again 12 s and 380 MB (bench/numbers.ts).

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { DuckDBAppender, DuckDBConnection, DuckDBInstance, DuckDBValue } from '@duckdb/node-api'
import { literal } from './tables.ts'

export interface LakeOptions {
  derivedDir: string
  archiveDir: string
  /** As DuckDB writes it: `256MB`. The process takes up to 1.4 times as much at its peak. */
  memoryLimit: string
  threads: number
}

export type Values = Record<string, DuckDBValue>

export class Lake {
  private asked: Promise<unknown> = Promise.resolve()

  private constructor(
    private readonly instance: DuckDBInstance,
    /** For following and computing, one after the other. */
    private readonly main: DuckDBConnection,
    /** For what people ask meanwhile, one question after the other. */
    private readonly side: DuckDBConnection,
  ) {}

  static async open(options: LakeOptions): Promise<Lake> {
    // What a download left behind when the box stopped under it.
    rmSync(exportsIn(options.derivedDir), { recursive: true, force: true })
    for (const dir of [options.derivedDir, options.archiveDir, exportsIn(options.derivedDir)])
      mkdirSync(dir, { recursive: true })
    const opening = join(options.derivedDir, 'analytics.opening')
    // The mark is still there: the process before this one died while opening the file, perhaps of it.
    if (existsSync(opening)) discard(options.derivedDir)
    writeFileSync(opening, String(process.pid))
    const lake = await openFile(options).catch(() => {
      discard(options.derivedDir)
      writeFileSync(opening, String(process.pid))
      return openFile(options)
    })
    rmSync(opening, { force: true })
    return new Lake(...lake)
  }

  async run(sql: string, values?: Values): Promise<void> {
    await this.main.run(sql, values)
  }

  async rows<T>(sql: string, values?: Values): Promise<T[]> {
    const reader = await this.main.runAndReadAll(sql, values)
    return reader.getRowObjectsJS() as T[]
  }

  /** All or nothing, cursor included: a kill in the middle leaves the state before it. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.main.run('begin')
    try {
      const result = await work()
      await this.main.run('commit')
      return result
    } catch (fault) {
      await this.main.run('rollback').catch(() => {})
      throw fault
    }
  }

  /** A question of a person: read beside the following, interrupted when it takes longer than `waitMs`. */
  ask<T>(sql: string, values?: Values, waitMs = 10_000): Promise<T[]> {
    const answer = this.asked.then(async () => {
      let late = false
      const timer = setTimeout(() => {
        late = true
        this.side.interrupt()
      }, waitMs)
      try {
        const reader = await this.side.runAndReadAll(sql, values)
        return reader.getRowObjectsJS() as T[]
      } catch (fault) {
        throw late
          ? new Error(`the question took longer than ${waitMs} ms and was stopped; ask for a shorter time`)
          : fault
      } finally {
        clearTimeout(timer)
      }
    })
    this.asked = answer.catch(() => {})
    return answer
  }

  /** Brings rows from elsewhere into a temporary table without holding up the process. */
  gather<T>(table: string, columns: string, rows: Iterable<T>, put: Put<T>): Promise<void> {
    return gatherInto(this.main, table, columns, rows, put)
  }

  /** The same on the asking side, for `ask`. */
  gatherAside<T>(table: string, columns: string, rows: Iterable<T>, put: Put<T>): Promise<void> {
    return gatherInto(this.side, table, columns, rows, put)
  }

  appender(table: string) {
    return this.main.createAppender(table)
  }

  /** The tables a query reads, without their schema. */
  tablesIn(sql: string): string[] {
    return [...this.main.getTableNames(sql, false)]
  }

  async close() {
    this.side.interrupt()
    this.main.interrupt()
    await this.asked
    this.side.closeSync()
    this.main.closeSync()
    this.instance.closeSync()
  }
}

export type Put<T> = (row: T, appender: DuckDBAppender) => void

async function gatherInto<T>(
  connection: DuckDBConnection,
  table: string,
  columns: string,
  rows: Iterable<T>,
  put: Put<T>,
) {
  await connection.run(`create or replace temp table ${table} (${columns})`)
  const appender = await connection.createAppender(table)
  try {
    let count = 0
    for (const row of rows) {
      put(row, appender)
      appender.endRow()
      if (++count % 20_000 !== 0) continue
      appender.flushSync()
      await new Promise((next) => setImmediate(next))
    }
  } finally {
    appender.closeSync()
  }
}

/** Throws the file away; the next start makes it again. */
export function discard(derivedDir: string) {
  for (const name of ['analytics.duckdb', 'analytics.duckdb.wal', 'analytics.opening'])
    rmSync(join(derivedDir, name), { force: true, recursive: true })
}

export const exportsIn = (derivedDir: string) => join(derivedDir, 'exports')

async function openFile(options: LakeOptions): Promise<[DuckDBInstance, DuckDBConnection, DuckDBConnection]> {
  // Loaded here, so that a process that never computes never pays for it.
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(join(options.derivedDir, 'analytics.duckdb'), {
    threads: String(options.threads),
    memory_limit: options.memoryLimit,
    temp_directory: join(options.derivedDir, 'temp'),
    max_temp_directory_size: '2GB',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  try {
    const main = await instance.connect()
    // The order matters: directories first, then the gate, then the lock. Nothing outside archive and exports is read or written.
    const allowed = [options.archiveDir, exportsIn(options.derivedDir)].map((dir) =>
      literal(`${resolve(dir)}/`),
    )
    await main.run(`set global TimeZone = 'Asia/Shanghai'`)
    await main.run(`set allowed_directories = [${allowed.join(', ')}]`)
    await main.run('set enable_external_access = false')
    await main.run('set lock_configuration = true')
    await main.run('create schema if not exists box')
    await main.run('create schema if not exists scope')
    await main.run('create table if not exists box.state (name varchar primary key, value varchar)')
    await main.run('create table if not exists box.shape (dataset varchar, shape varchar, ready boolean)')
    await main.run('use scope')
    const side = await instance.connect()
    await side.run('use scope')
    return [instance, main, side]
  } catch (fault) {
    instance.closeSync()
    throw fault
  }
}
