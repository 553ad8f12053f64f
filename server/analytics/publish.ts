// derived/numbers.db: what pages read. One writer, this child; each pass is one short transaction, so a page never
// sees half of it. Not synced to disk: after a crash of the machine the file is at worst thrown away and made again.

import { Database } from 'bun:sqlite'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Value } from './compute.ts'

export const numbersFile = (derivedDir: string) => join(derivedDir, 'numbers.db')

/** Rises when the tables below change; a file of another layout is thrown away. */
const layout = 1

export class NumbersFile {
  private constructor(private readonly db: Database) {}

  static open(derivedDir: string): NumbersFile {
    mkdirSync(derivedDir, { recursive: true })
    const file = numbersFile(derivedDir)
    try {
      return new NumbersFile(openFile(file))
    } catch {
      discardNumbers(derivedDir)
      return new NumbersFile(openFile(file))
    }
  }

  /**
   * Puts new values in place of the old ones. Measures not mentioned keep theirs: they are as true at `seq` as before.
   * With `only`, the values of other divisions stay too.
   */
  publish(
    computed: Map<string, Value[]>,
    only: string[] | undefined,
    asides: Map<string, string>,
    at: string,
    seq: number,
  ) {
    this.db.transaction(() => {
      for (const [measure, values] of computed) this.replace(measure, values, only)
      this.db.run('delete from aside')
      const put = this.db.query('insert into aside(measure, why) values(?, ?)')
      for (const [measure, why] of asides) put.run(measure, why)
      this.db.query('insert or replace into told(one, at, seq) values(1, ?, ?)').run(at, seq)
    })()
  }

  /** Values of measures that no module declares any more. */
  keepOnly(measures: Iterable<string>) {
    const declared = JSON.stringify([...measures])
    this.db.query('delete from number where measure not in (select value from json_each(?))').run(declared)
  }

  close() {
    this.db.close()
  }

  private replace(measure: string, values: Value[], only: string[] | undefined) {
    const old = new Map(
      (
        this.db.query('select division, key, value from number where measure = ?').all(measure) as Value[]
      ).map((row) => [`${row.division} ${row.key}`, row]),
    )
    const put = this.db.query(
      'insert or replace into number(measure, division, key, value) values(?, ?, ?, ?)',
    )
    for (const { division, key, value } of values) {
      const name = `${division} ${key}`
      if (old.get(name)?.value !== value) put.run(measure, division, key, value)
      old.delete(name)
    }
    if (only) for (const [name, { division }] of old) if (!only.includes(division)) old.delete(name)
    const drop = this.db.query('delete from number where measure = ? and division = ? and key = ?')
    for (const { division, key } of old.values()) drop.run(measure, division, key)
  }
}

export function discardNumbers(derivedDir: string) {
  for (const end of ['', '-wal', '-shm'])
    rmSync(`${numbersFile(derivedDir)}${end}`, { force: true, recursive: true })
}

function openFile(file: string): Database {
  const db = new Database(file, { create: true, strict: true })
  try {
    db.run('pragma journal_mode = wal')
    db.run('pragma synchronous = off')
    db.run('pragma busy_timeout = 2000')
    const { user_version } = db.query('pragma user_version').get() as { user_version: number }
    if (user_version !== 0 && user_version !== layout)
      throw new Error(`numbers.db has layout ${user_version}`)
    db.run(
      'create table if not exists number (measure text, division text, key text, value real, primary key (measure, division, key)) without rowid',
    )
    db.run(
      'create table if not exists told (one integer primary key, at text not null, seq integer not null)',
    )
    // Measures that could not be computed, and why: a page says so instead of showing an old or an empty number.
    db.run('create table if not exists aside (measure text primary key, why text not null)')
    db.run(`pragma user_version = ${layout}`)
    const { quick_check } = db.query('pragma quick_check(1)').get() as { quick_check: string }
    if (quick_check !== 'ok') throw new Error(quick_check)
    return db
  } catch (fault) {
    db.close()
    throw fault
  }
}
