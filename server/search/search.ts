// computed. derived/search.db follows the diary and may be deleted at any time; it is then built again.

import { Database } from 'bun:sqlite'
import { existsSync, rmSync } from 'node:fs'
import type { Searcher } from '../kernel/box-desk.ts'
import type { RecordRow } from '../kernel/records.ts'
import type { Store } from '../kernel/store.ts'
import { matchFor, needsReading, saysAll, textOf, tokens } from './words.ts'

const slice = 200

export class Search implements Searcher {
  private db: Database
  private cursor: number
  private running: Promise<void> | undefined
  private stopped = false
  private unlisten?: () => void

  constructor(
    private readonly store: Store,
    /** Path of search.db, or `:memory:`. */
    private readonly file: string,
  ) {
    this.db = this.open()
    this.cursor = this.position()
  }

  start(): this {
    this.unlisten = this.store.listen(() => this.look())
    this.look()
    return this
  }

  /** Indexes what is new; answers at once. */
  look() {
    if (!this.stopped) this.running ??= this.follow().finally(() => (this.running = undefined))
  }

  /** Done when everything written so far can be found. */
  async settle(): Promise<void> {
    while (!this.stopped && this.cursor < this.store.seq) {
      this.look()
      await this.running
    }
  }

  async stop(): Promise<void> {
    this.stopped = true
    this.unlisten?.()
    await this.running
    this.db.close()
  }

  /** Throws the index away and makes it again. */
  async rebuild(): Promise<void> {
    await this.running
    this.db.exec(`delete from seen; ${emptyIndex}`)
    this.cursor = 0
    await this.settle()
  }

  /** Diary position up to which records can be found. */
  get seq(): number {
    return this.cursor
  }

  find(words: string, how: { dataset?: string; town?: string; limit: number; below?: number }): number[] {
    const match = matchFor(words)
    if (!match) return []
    const narrowed = [
      match,
      how.dataset && `"${datasetToken(how.dataset)}"`,
      how.town && `"${townToken(how.town)}"`,
    ]
      .filter(Boolean)
      .join(' AND ')
    const rows = this.db
      .query(
        `select rowid as rid from found where found match ? ${how.below === undefined ? '' : 'and rowid < ?'} order by rowid desc limit ?`,
      )
      .all(...([narrowed, ...(how.below === undefined ? [] : [how.below]), how.limit] as never[])) as {
      rid: number
    }[]
    const rids = rows.map((row) => row.rid)
    return needsReading(words) ? rids.filter((rid) => this.says(rid, words)) : rids
  }

  private says(rid: number, words: string): boolean {
    const row = this.store.db.query('select dataset, body from record where rid = ?').get(rid) as Pick<
      RecordRow,
      'dataset' | 'body'
    > | null
    const spec = row && this.store.registry.datasets.get(row.dataset)?.spec
    if (!row || !spec) return false
    return saysAll(textOf(this.store.registry, spec, JSON.parse(row.body)), words)
  }

  private async follow(): Promise<void> {
    const changed = this.store.db.query('select * from record where touched > ? order by touched limit ?')
    while (!this.stopped && this.cursor < this.store.seq) {
      const rows = changed.all(this.cursor, slice) as RecordRow[]
      let upTo = rows.at(-1)?.touched ?? this.store.seq
      if (rows.length === slice) {
        // One act may touch more records than a slice holds: take all of its records together.
        rows.push(...(this.store.db.query('select * from record where touched = ?').all(upTo) as RecordRow[]))
      } else {
        upTo = Math.max(upTo, rows.length === 0 ? this.store.seq : upTo)
      }
      this.index(rows, upTo)
      this.cursor = upTo
      // A clerk's save waits no longer than one slice.
      await new Promise((resume) => setImmediate(resume))
    }
  }

  private index(rows: RecordRow[], upTo: number) {
    const put = this.db.query('insert or replace into found(rowid, words) values(?, ?)')
    const drop = this.db.query('delete from found where rowid = ?')
    this.db.transaction(() => {
      for (const row of rows) {
        const spec = this.store.registry.datasets.get(row.dataset)?.spec
        if (!spec || spec.local || row.withdrawn) drop.run(row.rid)
        else
          put.run(
            row.rid,
            `${datasetToken(row.dataset)} ${townToken(row.town)} ${tokens(textOf(this.store.registry, spec, JSON.parse(row.body)))}`,
          )
      }
      this.db
        .query(
          "insert into seen(name, value) values('seq', ?) on conflict do update set value = excluded.value",
        )
        .run(String(upTo))
    })()
  }

  private open(): Database {
    try {
      return this.opened()
    } catch {
      // Damaged: it is only computed, so it is thrown away rather than repaired.
      for (const tail of ['', '-wal', '-shm']) if (existsSync(this.file + tail)) rmSync(this.file + tail)
      return this.opened()
    }
  }

  private opened(): Database {
    const db = new Database(this.file, { create: true })
    db.exec(
      'pragma journal_mode=wal; pragma synchronous=normal; pragma busy_timeout=5000; pragma cache_size=-8192',
    )
    db.exec('create table if not exists seen(name text primary key, value text) without rowid')
    db.exec(index)
    db.query('select rowid from found limit 1').all()
    return db
  }

  /** Where the index stands; zero when it belongs to another database or to a diary longer than this one. */
  private position(): number {
    const seen = (name: string) =>
      (this.db.query('select value from seen where name = ?').get(name) as { value: string } | null)?.value
    const seq = Number(seen('seq') ?? 0)
    if (seen('database') === this.store.node.database && seen('form') === form && seq <= this.store.seq)
      return seq
    this.db.exec(`delete from seen; ${emptyIndex}`)
    this.db
      .query("insert into seen(name, value) values('database', ?), ('form', ?)")
      .run(this.store.node.database, form)
    return 0
  }
}

// Rises when words are cut differently, so that an index made by an older version is built again.
const form = '2'
const index =
  "create virtual table if not exists found using fts5(words, content='', contentless_delete=1, detail=none)"
const emptyIndex = `drop table if exists found; ${index}`

const datasetToken = (dataset: string) => `ds${dataset.replaceAll(/[^\p{L}\p{N}]/gu, '')}`
const townToken = (town: string) => `tn${town}`
