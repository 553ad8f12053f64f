// telemetry.db is opened for writing by the ingest child alone. A damaged file is put aside, whole, and a new one
// begins: sensors keep being heard while people look at the old one.

import { Database } from 'bun:sqlite'
import { existsSync, readdirSync, renameSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { migrate, NewerDatabase } from '../../migrations/migrate.ts'
import { telemetry } from '../../migrations/telemetry/index.ts'
import { newId } from '../kernel/ids.ts'
import { refuse } from '../kernel/refusal.ts'

export interface Opened {
  db: Database
  /** Where the damaged file stands now, when there was one. */
  putAside?: string
}

export function openTelemetry(file: string, now = new Date()): Opened {
  try {
    return { db: openSound(file) }
  } catch (error) {
    if (!isDamage(error)) throw error
    const putAside = `${file}.damaged-${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`
    for (const tail of ['', '-wal', '-shm'])
      if (existsSync(file + tail)) renameSync(file + tail, putAside + tail)
    return { db: openSound(file), putAside }
  }
}

/** Files put aside earlier and still there: an alarm until someone has looked. */
export const damagedFiles = (file: string): string[] =>
  existsSync(dirname(file))
    ? readdirSync(dirname(file))
        .filter((name) => name.startsWith(`${basename(file)}.damaged-`) && !/-(wal|shm)$/.test(name))
        .map((name) => join(dirname(file), name))
    : []

/** Read-only, for serve and analytics. Undefined while ingest has not made the file yet. */
export function openTelemetryReader(file: string): Database | undefined {
  if (!existsSync(file)) return undefined
  const db = new Database(file, { readonly: true })
  try {
    db.run('pragma busy_timeout = 2000')
    if (versionOf(db) === 0) throw new Error('not made yet')
    return db
  } catch {
    db.close()
    return undefined
  }
}

/** Marks a clean stop: the next start need not look for damage. */
export function closeTelemetry(db: Database) {
  db.run(`insert or replace into fact (name, value) values ('clean', '1')`)
  db.run('pragma wal_checkpoint(truncate)')
  db.close()
}

export const isDamage = (error: unknown): boolean =>
  /SQLITE_(CORRUPT|NOTADB)|malformed|not a database/.test(
    `${(error as { code?: string }).code} ${(error as Error).message}`,
  )

export const telemetryId = (db: Database): string =>
  db.query<{ value: string }, []>(`select value from fact where name = 'id'`).get()!.value

function openSound(file: string): Database {
  const db = new Database(file, { create: true, strict: true })
  try {
    // 8 KB: a page holds about 400 readings, and a commit writes one page per series it touches.
    db.run('pragma page_size = 8192')
    db.run('pragma journal_mode = wal')
    db.run('pragma synchronous = full')
    db.run('pragma busy_timeout = 5000')
    db.run('pragma cache_size = -65536')
    db.run('pragma journal_size_limit = 67108864')
    // 4000 pages of 8 KB: at full load the log is folded in every few seconds, and not after each thousand messages.
    db.run('pragma wal_autocheckpoint = 4000')
    bringUp(db)
    const clean = db.query<{ value: string }, []>(`select value from fact where name = 'clean'`).get()
    if (clean?.value !== '1') {
      const found = Object.values(db.query('pragma quick_check(1)').get() as object)[0]
      if (found !== 'ok') throw Object.assign(new Error(`malformed: ${found}`), { code: 'SQLITE_CORRUPT' })
    }
    db.run(`insert or replace into fact (name, value) values ('clean', '0')`)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function bringUp(db: Database) {
  try {
    migrate(db, telemetry)
  } catch (error) {
    if (error instanceof NewerDatabase)
      refuse({
        zh: `监测数据库是更新版本的县盒写的(版本 ${error.has},本程序认识到 ${error.knows})。请改用新版本的 xianhe,或用备份恢复。`,
        en: `telemetry.db was written by a newer Xianhe (version ${error.has}; this program knows ${error.knows}). Run the newer xianhe, or restore a backup.`,
      })
    throw error
  }
  db.query(`insert or ignore into fact (name, value) values ('id', ?)`).run(newId())
}

const versionOf = (db: Database): number =>
  (db.query('pragma user_version').get() as { user_version: number }).user_version
