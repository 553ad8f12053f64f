// Which acts go to which peer, and how they read when they leave: within a division and a sharing policy, not back to
// where they came from, personal fields masked, with the records they refer to. A slice depends on the diary alone,
// never on the clock or on what the records say now, so that cutting it again gives the same bytes.

import type { Statement } from 'bun:sqlite'
import type { Act, Change } from '../server/kernel/acts.ts'
import { canonical } from '../server/kernel/canonical.ts'
import { type DatasetSpec, keyField } from '../server/kernel/dataset.ts'
import type { ActRow, ChangeRow } from '../server/kernel/diary.ts'
import { type FieldSpec, type FileRef, maskValue } from '../server/kernel/fields.ts'
import { derivedId } from '../server/kernel/ids.ts'
import type { Store } from '../server/kernel/store.ts'
import { kindOf } from './contents.ts'
import type { Manifest, Policy } from './manifest.ts'
import type { Peer } from './peers.ts'

export interface Limits {
  /** Acts in one package. */
  acts: number
  /** Bytes of their changes before compression. */
  bytes: number
  /** Bytes of attachments. */
  files: number
}

// A package of this size crosses a 1 Mbit/s line in about half a minute, and is applied in a few seconds.
export const defaultLimits: Limits = { acts: 20_000, bytes: 48 << 20, files: 256 << 20 }

/** What a package will say, decided before a line of it is written. */
export interface Slice {
  from: number
  to: number
  /** Diary positions of the acts inside, rising. Those before `from` bring records that came into view. */
  seqs: number[]
  omitted: number
  /** Records outside the peer's scope that come along, because something inside refers to them. */
  carried: Set<string>
  /** Records that moved into the peer's view: their earlier life comes along. */
  moved: Set<string>
  /** There is more behind `to`. */
  more: boolean
}

/** What was met while writing the lines. */
export interface Met {
  datasets: Manifest['datasets']
  files: Map<string, FileRef>
  lastAt: string
}

export class Slicer {
  private readonly scope: string
  private readonly echoed: Set<string>
  private readonly specs = new Map<string, DatasetSpec | null>()
  private readonly carried: Set<string>
  private readonly sql: ReturnType<typeof prepare>

  constructor(
    private readonly store: Store,
    private readonly peer: Peer,
  ) {
    this.scope = peer.policy.scope ?? (peer.relation === 'lower' ? peer.division : store.node.division)
    this.echoed = new Set([
      peer.node,
      ...(
        store.db.query('select origin from route where peer = ?').all(peer.node) as { origin: string }[]
      ).map((row) => row.origin),
    ])
    this.carried = new Set(
      (
        store.db.query(`select name from given where peer = ? and kind = 'record'`).all(peer.node) as {
          name: string
        }[]
      ).map((row) => row.name),
    )
    this.sql = prepare(store)
  }

  /** Looks through the diary from `looked` on until the package is full or the diary ends. Yields to others as it goes. */
  async plan(from: number, looked: number, limits: Limits): Promise<Slice> {
    const seqs = new Set<number>()
    const fresh = new Set<string>()
    const moved = new Set<string>()
    const end = this.store.seq
    let bytes = 0
    let at = looked
    while (at < end) {
      const last = Math.min(at + 500, end)
      const rows = this.sql.changesBetween.all(at + 1, last) as (ChangeRow & { origin: string })[]
      let full = 0
      for (const row of rows) {
        // A package ends between acts, never inside one.
        if (full && row.seq > full) break
        if (this.echoed.has(row.origin) || !this.leaves(row)) continue
        seqs.add(row.seq)
        bytes += (row.fields?.length ?? 0) + 250
        for (const seq of this.bringAlong(row, fresh, moved)) {
          seqs.add(seq)
          bytes += 500
        }
        if (seqs.size >= limits.acts || bytes >= limits.bytes) full = row.seq
      }
      at = full || last
      if (full) break
      await new Promise(setImmediate)
    }
    const sorted = [...seqs].sort((a, b) => a - b)
    const inside = sorted.filter((seq) => seq >= from).length
    return {
      from,
      to: at,
      seqs: sorted,
      omitted: at - from + 1 - inside,
      carried: fresh,
      moved,
      more: at < end,
    }
  }

  /** The lines of a slice, in lots, with what they mention. */
  *lines(slice: Slice, met: Met): Generator<string[]> {
    for (let i = 0; i < slice.seqs.length; i += 200) {
      const lot: string[] = []
      for (const seq of slice.seqs.slice(i, i + 200)) {
        const act = this.act(seq, slice)
        if (!act) continue
        met.lastAt = act.at
        lot.push(canonical(act))
        for (const change of act.changes) this.note(change, met)
      }
      yield lot
    }
  }

  /** Whether a change is the peer's to know. */
  private leaves(row: ChangeRow): boolean {
    if (this.carried.has(row.record)) return this.sendable(row.dataset)
    if (!this.sendable(row.dataset) || !matches(this.peer.policy.datasets, row.dataset)) return false
    const division = this.divisionAt(row)
    if (division !== undefined && this.inView(row.dataset, division)) return true
    // It moved out of the peer's view: the peer must learn that it left.
    const before = row.division === null || row.version === 1 ? undefined : this.divisionBefore(row)
    return before !== undefined && this.inView(row.dataset, before)
  }

  private inView(dataset: string, division: string): boolean {
    if (division.startsWith(this.scope)) return true
    return (
      this.peer.relation === 'lower' &&
      this.scope.startsWith(division) &&
      this.spec(dataset)?.reach === 'below'
    )
  }

  private sendable(dataset: string): boolean {
    const spec = this.spec(dataset)
    return spec !== null && !spec.local
  }

  /**
   * Diary positions that must come along with a change: the earlier life of a record that moved into view, and of the
   * records it refers to, when the peer's scope or policy kept them away. Only what we may speak for ourselves.
   */
  private bringAlong(row: ChangeRow, fresh: Set<string>, moved: Set<string>): number[] {
    const seqs: number[] = []
    if (row.version > 1 && row.division !== null && !this.carried.has(row.record)) {
      const before = this.divisionBefore(row)
      if (before !== undefined && !this.inView(row.dataset, before)) {
        moved.add(row.record)
        seqs.push(...this.life(row.record, row.seq - 1).map((change) => change.seq))
      }
    }
    const waiting = this.references(row)
    for (let id = waiting.pop(); id; id = waiting.pop()) {
      if (this.carried.has(id)) continue
      const first = this.sql.birth.get(id) as ChangeRow | null
      if (!first || first.seq > row.seq || !this.sendable(first.dataset) || this.leaves(first)) continue
      if (!this.oursToTell(first)) continue
      this.carried.add(id)
      fresh.add(id)
      for (const change of this.life(id, row.seq)) {
        seqs.push(change.seq)
        waiting.push(...this.references(change))
      }
    }
    return seqs
  }

  private life(record: string, upTo: number): ChangeRow[] {
    return (this.sql.lifeOf.all(record, upTo) as (ChangeRow & { origin: string })[]).filter(
      (change) => !this.echoed.has(change.origin),
    )
  }

  private oursToTell(row: ChangeRow): boolean {
    const division = this.divisionAt(row)
    const own = this.store.node.division
    return (
      division !== undefined &&
      (division.startsWith(own) || (this.peer.relation === 'lower' && own.startsWith(division)))
    )
  }

  private references(row: ChangeRow): string[] {
    const spec = this.spec(row.dataset)
    if (!spec || row.fields === null) return []
    const refs = Object.keys(spec.fields).filter((name) => spec.fields[name]!.kind === 'ref')
    if (refs.length === 0) return []
    const fields = JSON.parse(row.fields) as Record<string, unknown>
    return refs.map((name) => fields[name]).filter((value): value is string => typeof value === 'string')
  }

  /** Where the record belonged when the change was made, from the diary: the record itself may have moved since. */
  private divisionAt(row: ChangeRow): string | undefined {
    return (
      row.division ??
      (this.sql.divisionUpTo.get(row.record, row.version) as { division: string } | null)?.division
    )
  }
  private divisionBefore(row: ChangeRow): string | undefined {
    return (this.sql.divisionUpTo.get(row.record, row.version - 1) as { division: string } | null)?.division
  }

  private spec(dataset: string): DatasetSpec | null {
    let spec = this.specs.get(dataset)
    if (spec === undefined) {
      spec = this.store.registry.datasets.get(dataset)?.spec ?? null
      this.specs.set(dataset, spec)
    }
    return spec
  }

  // --- how it reads ---------------------------------------------------------------------------------------------

  private act(seq: number, slice: Slice): (Act & { changes: Masked[] }) | undefined {
    const row = this.sql.act.get(seq) as ActRow
    const all = this.sql.changesOf.all(seq) as ChangeRow[]
    const comesAlong = (change: ChangeRow) =>
      slice.carried.has(change.record) || slice.moved.has(change.record)
    const belongs =
      seq < slice.from ? comesAlong : (change: ChangeRow) => comesAlong(change) || this.leaves(change)
    const changes = all.filter(belongs).flatMap((change) => this.change(change) ?? [])
    if (changes.length === 0) return undefined
    return {
      // The peer may know the act already, without these changes: under its own id it would pass for a repetition.
      id:
        seq < slice.from && all.length > 1
          ? derivedId(row.id, changes.map((change) => change.record).join('+'))
          : row.id,
      seq: row.seq,
      name: row.name,
      actor: row.actor,
      by: row.by,
      at: row.at,
      origin: row.origin,
      ...(row.cause ? { cause: row.cause } : {}),
      ...(row.clock ? { clock: row.clock } : {}),
      changes,
    }
  }

  private change(row: ChangeRow): Masked | undefined {
    const spec = this.spec(row.dataset)!
    const raw = this.inTodaysWords(row)
    const { fields, masked } = leaving(spec, raw, this.peer.policy.personal, (name) => this.spec(name))
    const kind = kindOf({ base: row.base, withdrawn: row.withdrawn === 1 })
    // Only fields that never leave were changed: there is nothing to tell.
    if (
      kind === 'amended' &&
      row.division === null &&
      row.fields !== null &&
      Object.keys(raw).length > 0 &&
      Object.keys(fields).length === 0
    )
      return undefined
    const knows = row.version > 1 ? this.knows(row) : undefined
    return {
      dataset: row.dataset,
      record: row.record,
      base: row.base,
      fields,
      ...(row.division ? { division: row.division } : {}),
      ...(row.withdrawn ? { withdrawn: true } : {}),
      ...(row.fields === null ? { redacted: true as const } : {}),
      ...(masked.length > 0 ? { masked } : {}),
      ...(knows ? { knows } : {}),
    }
  }

  /** Of each node, its newest act on the record when this one was decided: what tells a conflict from a sequel. */
  private knows(row: ChangeRow): Record<string, string> {
    const before = this.sql.actsBefore.all(row.record, row.version) as { origin: string; id: string }[]
    return Object.fromEntries(before.map((each) => [each.origin, each.id]))
  }

  /** Diary lines written before a dataset's newest version, as that version says it. */
  private inTodaysWords(row: ChangeRow): Record<string, unknown> {
    const fields = row.fields === null ? {} : (JSON.parse(row.fields) as Record<string, unknown>)
    const dataset = this.store.registry.datasets.get(row.dataset)
    if (!dataset?.upcast || dataset.spec.version === 1) return fields
    const { version } = this.sql.spokenAt.get(row.dataset, row.seq) as { version: number | null }
    return version !== null && version < dataset.spec.version ? dataset.upcast(fields, version) : fields
  }

  private note(change: Masked, met: Met) {
    const counts = (met.datasets[change.dataset] ??= { created: 0, amended: 0, withdrawn: 0 })
    counts[kindOf(change)]++
    if (!this.peer.policy.files) return
    const spec = this.spec(change.dataset)!
    for (const [name, value] of Object.entries(change.fields)) {
      if (spec.fields[name]?.kind !== 'files' || !Array.isArray(value)) continue
      for (const ref of value as FileRef[])
        if (/^[0-9a-f]{64}$/.test(ref?.sha256)) met.files.set(ref.sha256, ref)
    }
  }
}

/** A change as it leaves: masked fields read as the mask, and say so. */
export type Masked = Change & { masked?: string[] }

/** Fields as the policy lets them leave. Declared `hide` never does. */
export function leaving(
  spec: DatasetSpec,
  fields: Record<string, unknown>,
  personal: Policy['personal'],
  specOf: (name: string) => DatasetSpec | null,
): { fields: Record<string, unknown>; masked: string[] } {
  const out: Record<string, unknown> = {}
  const masked: string[] = []
  for (const [name, value] of Object.entries(fields)) {
    const field = spec.fields[name]
    if (!field?.sensitive || (field.sensitive === 'mask' && personal === 'whole')) {
      out[name] = value
      continue
    }
    if (field.sensitive === 'hide' || personal === 'hide') continue
    const shown = value === null ? null : maskValue(field, value)
    if (shown === undefined) continue
    out[name] = shown
    if (value !== null) masked.push(name)
  }
  // A question carries the values it is about: the same rule for them.
  if (spec.name === 'kernel.question' && personal !== 'whole') shadeQuestion(out, personal, specOf)
  return { fields: out, masked: masked.sort() }
}

function shadeQuestion(
  fields: Record<string, unknown>,
  personal: Policy['personal'],
  specOf: (name: string) => DatasetSpec | null,
) {
  const about = typeof fields.dataset === 'string' ? specOf(fields.dataset) : null
  if (!about || typeof fields.values !== 'string') return
  const values = JSON.parse(fields.values) as Record<string, Record<string, unknown>>
  const shade = (field: FieldSpec, value: unknown) =>
    value === null || personal === 'hide' ? null : (maskValue(field, value) ?? null)
  for (const [name, sides] of Object.entries(values)) {
    const field = about.fields[name]
    if (!field?.sensitive) continue
    for (const side of Object.keys(sides)) sides[side] = shade(field, sides[side])
  }
  fields.values = canonical(values)
  const named = about.label ?? `{${keyField(about) ?? Object.keys(about.fields)[0]}}`
  if (
    typeof fields.title === 'string' &&
    Object.keys(about.fields).some((name) => about.fields[name]!.sensitive && named.includes(`{${name}}`))
  )
    fields.title = String(maskValue({ kind: 'text', label: about.title, sensitive: 'mask' }, fields.title))
}

/** Dataset patterns as grants write them: `agri.*`, `*`, `base.entity`. */
export const matches = (patterns: string[], dataset: string): boolean =>
  patterns.some((written) =>
    written.endsWith('*') ? dataset.startsWith(written.slice(0, -1)) : written === dataset,
  )

function prepare({ db }: Store) {
  const q = (sql: string): Statement => db.query(sql)
  return {
    changesBetween: q(
      'select c.*, a.origin from change c join act a on a.seq = c.seq where c.seq between ? and ? order by c.seq, c.cid',
    ),
    act: q('select * from act where seq = ?'),
    changesOf: q('select * from change where seq = ? order by cid'),
    birth: q('select * from change where record = ? order by version limit 1'),
    lifeOf: q(
      'select c.*, a.origin from change c join act a on a.seq = c.seq where c.record = ? and c.seq <= ? order by c.version',
    ),
    divisionUpTo: q(
      'select division from change where record = ? and version <= ? and division is not null order by version desc limit 1',
    ),
    actsBefore: q(
      'select a.origin, a.id from change c join act a on a.seq = c.seq where c.record = ? and c.version < ? order by c.version',
    ),
    spokenAt: q(`select max(version) as version from spoken where node = '' and dataset = ? and since <= ?`),
  }
}
