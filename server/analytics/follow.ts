// The diary, followed into DuckDB. A record that was touched replaces its row; the rows and the cursor move in one
// transaction, so a kill at any moment neither loses nor doubles anything.

import { Database } from 'bun:sqlite'
import type { DatasetSpec } from '../kernel/dataset.ts'
import type { Registry } from '../kernel/registry.ts'
import type { Lake } from './lake.ts'
import {
  createTable,
  deleteInSlice,
  insertFromSlice,
  literal,
  quoted,
  scopedView,
  shapeOf,
  tableOf,
} from './tables.ts'

export interface CaughtUp {
  seq: number
  /** Datasets whose rows changed since the last time. */
  changed: Set<string>
}

export interface Progress {
  done: number
  of: number
}

/** Rows a slice moves: larger is no faster and keeps more JSON in memory. */
const slice = 5_000

export class Follower {
  private readonly core: Database
  private readonly touched
  private readonly all
  private checked = false

  constructor(
    coreFile: string,
    private readonly lake: Lake,
    private readonly registry: Registry,
    private readonly progress: (progress: Progress) => void = () => {},
  ) {
    this.core = new Database(coreFile, { readonly: true })
    this.core.run('pragma busy_timeout = 2000')
    const columns = 'rid, dataset, id, division, town, born, touched, withdrawn, body'
    this.touched = this.core.query<Row, [number, number, number, number]>(
      `select ${columns} from record indexed by record_touched where touched >= ? and (touched > ? or rid > ?) order by touched, rid limit ?`,
    )
    this.all = this.core.query<Row, [number, number]>(
      `select ${columns} from record not indexed where rid > ? order by rid limit ?`,
    )
  }

  /** The division of this box. */
  get division(): string {
    return this.fact('division') ?? ''
  }

  /** The newest diary entry; cheap enough to ask every second. */
  newest(): { seq: number; hash: string } {
    const row = this.core.query('select seq, hex(hash) as hash from act order by seq desc limit 1').get()
    return (row as { seq: number; hash: string } | null) ?? { seq: 0, hash: '' }
  }

  async catchUp(): Promise<CaughtUp> {
    if (!this.checked) await this.forgetAnotherDiary()
    this.checked = true
    const changed = await this.prepareTables()
    await this.fill(changed)
    const seq = await this.follow(changed)
    return { seq, changed }
  }

  close() {
    this.core.close()
  }

  /** A restored or replaced core.db is another diary: positions in it mean nothing here. */
  private async forgetAnotherDiary() {
    const state = await this.state()
    if (state.get('seq') === undefined) return
    const at = Number(state.get('told') ?? 0)
    const same = state.get('database') === this.fact('database') && state.get('hash') === this.hashAt(at)
    if (same) return
    for (const { table_name } of await this.lake.rows<{ table_name: string }>(
      `select table_name from duckdb_tables() where schema_name = 'main' and not temporary`,
    ))
      await this.lake.run(`drop table main.${quoted(table_name)} cascade`)
    await this.lake.run('delete from box.shape')
    await this.lake.run('delete from box.state')
  }

  /** A table per dataset. New and changed ones are empty until `fill`; those of datasets that are gone go. */
  private async prepareTables(): Promise<Set<string>> {
    const shapes = new Map(
      (await this.lake.rows<{ dataset: string; shape: string }>('select dataset, shape from box.shape')).map(
        (row) => [row.dataset, row.shape],
      ),
    )
    const changed = new Set<string>()
    for (const { spec } of this.registry.datasets.values()) {
      const shape = `${shapeOf(spec)} ${scopedView(spec)}`
      if (shapes.get(spec.name) === shape) continue
      changed.add(spec.name)
      await this.lake.transaction(async () => {
        await this.lake.run(`drop view if exists scope.${quoted(tableOf(spec.name))}`)
        await this.lake.run(createTable(spec))
        await this.lake.run(scopedView(spec))
        await this.lake.run('delete from box.shape where dataset = $name', { name: spec.name })
        await this.lake.run('insert into box.shape values ($name, $shape, false)', { name: spec.name, shape })
        await this.setState({ rid: undefined })
      })
    }
    for (const name of shapes.keys()) {
      if (this.registry.datasets.has(name)) continue
      await this.lake.transaction(async () => {
        await this.lake.run(`drop view if exists scope.${quoted(tableOf(name))}`)
        await this.lake.run(`drop table if exists main.${quoted(tableOf(name))}`)
        await this.lake.run('delete from box.shape where dataset = $name', { name })
      })
    }
    return changed
  }

  /** New tables are filled from all records, in slices that a restart resumes. */
  private async fill(changed: Set<string>) {
    const unready = await this.lake.rows<{ dataset: string }>('select dataset from box.shape where not ready')
    const wanted = new Set(unready.map((row) => row.dataset))
    if (wanted.size === 0) return
    for (const name of wanted) changed.add(name)
    const state = await this.state()
    // Whatever is touched from here on comes again with `follow`, replacing what the fill brought.
    if (state.get('seq') === undefined)
      await this.setState({ seq: String(this.newest().seq), database: this.fact('database'), ...this.mark() })
    const some = [...wanted].some((name) =>
      this.core.query('select 1 from record where dataset = ? limit 1').get(name),
    )
    const { last } = this.core.query('select coalesce(max(rid), 0) as last from record').get() as {
      last: number
    }
    let rid = Number(state.get('rid') ?? 0)
    // Slices of an earlier, interrupted fill count only when the same tables were being filled.
    if (rid === 0) for (const name of wanted) await this.lake.run(`truncate main.${quoted(tableOf(name))}`)
    while (some) {
      const rows = this.all.all(rid, slice)
      if (rows.length === 0) break
      rid = rows.at(-1)!.rid
      await this.lake.transaction(async () => {
        await this.move(rows, wanted, 'new')
        await this.setState({ rid: String(rid) })
      })
      this.progress({ done: rid, of: last })
    }
    await this.lake.transaction(async () => {
      await this.lake.run('update box.shape set ready = true')
      await this.setState({ rid: undefined })
    })
  }

  private async follow(changed: Set<string>): Promise<number> {
    const state = await this.state()
    let [seq, rid] = [Number(state.get('seq') ?? 0), Number(state.get('at') ?? 0)]
    for (;;) {
      // One snapshot: when the slice is not full, everything up to the newest entry has been seen.
      const { rows, mark } = this.core.transaction(() => ({
        rows: this.touched.all(seq, seq, rid, slice),
        mark: this.mark(),
      }))()
      const full = rows.length === slice
      if (rows.length === 0 && Number(mark.told) === Number(state.get('told') ?? -1)) return seq
      ;[seq, rid] = full ? [rows.at(-1)!.touched, rows.at(-1)!.rid] : [Number(mark.told), lastRid]
      await this.lake.transaction(async () => {
        await this.move(rows, undefined, 'again')
        await this.setState({ seq: String(seq), at: String(rid), ...mark })
      })
      for (const row of rows) changed.add(row.dataset)
      if (!full) return seq
    }
  }

  private async move(rows: Row[], wanted: Set<string> | undefined, how: 'new' | 'again') {
    const specs = new Map<string, DatasetSpec>()
    const appender = await this.lake.appender('slice')
    for (const row of rows) {
      const spec = this.registry.datasets.get(row.dataset)?.spec
      // A dataset this box does not know (its module is off): its rows come when it is known again.
      if (!spec || (wanted && !wanted.has(row.dataset))) continue
      specs.set(row.dataset, spec)
      appender.appendVarchar(row.dataset)
      appender.appendVarchar(row.id)
      appender.appendVarchar(row.division)
      appender.appendVarchar(row.town)
      appender.appendBigInt(BigInt(row.born))
      appender.appendBigInt(BigInt(row.touched))
      appender.appendBoolean(row.withdrawn !== 0)
      appender.appendVarchar(row.body)
      appender.endRow()
    }
    appender.closeSync()
    for (const spec of specs.values()) {
      if (how === 'again') await this.lake.run(deleteInSlice(spec))
      await this.lake.run(insertFromSlice(spec))
    }
    await this.lake.run('delete from temp.slice')
  }

  private async state(): Promise<Map<string, string>> {
    const rows = await this.lake.rows<{ name: string; value: string }>('select name, value from box.state')
    return new Map(rows.map((row) => [row.name, row.value]))
  }

  private async setState(values: Record<string, string | undefined>) {
    const names = Object.keys(values)
    if (names.length === 0) return
    await this.lake.run(`delete from box.state where name in (${names.map(literal).join(', ')})`)
    const kept = names.filter((name) => values[name] !== undefined)
    if (kept.length === 0) return
    await this.lake.run(
      `insert into box.state values ${kept.map((name) => `(${literal(name)}, ${literal(values[name]!)})`).join(', ')}`,
    )
  }

  /** The newest diary entry and its hash, by which this diary is known again. */
  private mark(): { told: string; hash: string } {
    const { seq, hash } = this.newest()
    return { told: String(seq), hash }
  }

  private hashAt(seq: number): string {
    if (seq === 0) return ''
    return (
      (this.core.query('select hex(hash) as hash from act where seq = ?').get(seq) as { hash: string } | null)
        ?.hash ?? '?'
    )
  }

  private fact(name: string): string | undefined {
    return (this.core.query('select value from fact where name = ?').get(name) as { value: string } | null)
      ?.value
  }
}

/** Above every rid: nothing of the act itself is left to see. */
const lastRid = Number.MAX_SAFE_INTEGER

interface Row {
  rid: number
  dataset: string
  id: string
  division: string
  town: string
  born: number
  touched: number
  withdrawn: number
  body: string
}
