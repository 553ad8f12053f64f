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
  shapeOf,
  standingView,
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
  /** `box.state` and `box.shape` as last written; read again after anything failed. */
  private state: Map<string, string> | undefined
  private shapes: Map<string, { shape: string; ready: boolean }> | undefined

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
    try {
      return await this.look()
    } catch (fault) {
      this.state = undefined
      this.shapes = undefined
      throw fault
    }
  }

  close() {
    this.core.close()
  }

  private async look(): Promise<CaughtUp> {
    if (!this.checked) await this.forgetAnotherDiary()
    this.checked = true
    const changed = await this.prepareTables()
    await this.fill(changed)
    const seq = await this.follow(changed)
    return { seq, changed }
  }

  /** A restored or replaced core.db is another diary: positions in it mean nothing here. */
  private async forgetAnotherDiary() {
    const state = await this.readState()
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
    this.state = undefined
  }

  /** A table per dataset. New and changed ones are empty until `fill`; those of datasets that are gone go. */
  private async prepareTables(): Promise<Set<string>> {
    const shapes = await this.readShapes()
    const changed = new Set<string>()
    for (const { spec } of this.registry.datasets.values()) {
      const shape = `${shapeOf(spec)}; ${standingView(spec)}`
      if (shapes.get(spec.name)?.shape === shape) continue
      changed.add(spec.name)
      this.shapes = undefined
      await this.lake.transaction(async () => {
        await this.lake.run(`drop view if exists scope.${quoted(tableOf(spec.name))}`)
        await this.lake.run(createTable(spec))
        await this.lake.run(standingView(spec))
        await this.lake.run('delete from box.shape where dataset = $name', { name: spec.name })
        await this.lake.run('insert into box.shape values ($name, $shape, false)', { name: spec.name, shape })
        await this.setState({ rid: undefined })
      })
    }
    for (const name of shapes.keys()) {
      if (this.registry.datasets.has(name)) continue
      this.shapes = undefined
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
    const unready = [...(await this.readShapes())].filter(([, { ready }]) => !ready)
    const wanted = new Set(unready.map(([name]) => name))
    if (wanted.size === 0) return
    for (const name of wanted) changed.add(name)
    const state = await this.readState()
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
      this.shapes = undefined
      await this.setState({ rid: undefined })
    })
    // Compressed and out of memory: from here on only small changes follow.
    await this.lake.run('checkpoint')
  }

  private async follow(changed: Set<string>): Promise<number> {
    const state = await this.readState()
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
    // Made anew each time: rows deleted from a table in memory are kept until the process ends.
    await this.lake.run(
      'create or replace temp table slice (dataset varchar, id varchar, division varchar, town varchar, born bigint, touched bigint, withdrawn boolean, body varchar)',
    )
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
  }

  private async readState(): Promise<Map<string, string>> {
    if (this.state) return this.state
    const rows = await this.lake.rows<{ name: string; value: string }>('select name, value from box.state')
    this.state = new Map(rows.map((row) => [row.name, row.value]))
    return this.state
  }

  private async setState(values: Record<string, string | undefined>) {
    const state = await this.readState()
    const gone = Object.keys(values).filter((name) => values[name] === undefined)
    const kept = Object.keys(values).filter((name) => values[name] !== undefined)
    if (gone.length > 0)
      await this.lake.run(`delete from box.state where name in (${gone.map(literal).join(', ')})`)
    const rows = kept.map((name) => `(${literal(name)}, ${literal(values[name]!)})`)
    if (kept.length > 0) await this.lake.run(`insert or replace into box.state values ${rows.join(', ')}`)
    for (const name of gone) state.delete(name)
    for (const name of kept) state.set(name, values[name]!)
  }

  private async readShapes() {
    if (this.shapes) return this.shapes
    const rows = await this.lake.rows<{ dataset: string; shape: string; ready: boolean }>(
      'select * from box.shape',
    )
    this.shapes = new Map(rows.map(({ dataset, shape, ready }) => [dataset, { shape, ready }]))
    return this.shapes
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
