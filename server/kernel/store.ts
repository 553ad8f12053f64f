// core.db: records, acts, changes. Everything decided goes through `act` (or `apply`, for what was decided elsewhere):
// one transaction, one diary entry, durable before it is answered.

import { Database } from 'bun:sqlite'
import { type Actor, systemActor } from './access.ts'
import type { Act, ActRequest, Draft, Look, Receipt } from './acts.ts'
import { canonical } from './canonical.ts'
import type { Dataset, DatasetSpec, Rec } from './dataset.ts'
import { decide } from './decide.ts'
import { type ActRow, actHash, actsAfter, actsOf, changeDigest, firstHash } from './diary.ts'
import { type FieldSpec, parseField } from './fields.ts'
import { isId, newId } from './ids.ts'
import { Marks } from './marks.ts'
import { concurrentFields, type Past } from './merge.ts'
import { questionDraft, questions } from './questions.ts'
import { asSql, prepare, type RecordRow, type Statements, toRec, writeRecord } from './records.ts'
import { blankHeld, blankLines, linesSaying, questionWithout, without } from './redact.ts'
import { Conflict, type Overlap, Refusal } from './refusal.ts'
import type { Registry } from './registry.ts'
import { actInTodaysWords } from './todays-words.ts'
import { weigh } from './weigh.ts'
import type { Words } from './words.ts'

export interface NodeIdentity {
  /** Stays with the box. */
  id: string
  /** Stays with this copy of the data: a restored or cloned database gets a new one, so that peers notice. */
  database: string
  division: string
  name: string
}

export interface StoreOptions {
  /** Path, or `:memory:`. */
  file: string
  registry: Registry
  /** Brings the schema up to date (migrations/core). */
  migrate: (db: Database) => void
  /** The identity of a new database; an existing one keeps its own. */
  node: Omit<NodeIdentity, 'id' | 'database'> & { id?: string }
  /** The wall clock; tests turn it. */
  now?: () => number
}

/** Told after the commit which acts were written. A hint: facts are in the diary. */
export type Listener = (written: { seq: number; datasets: Set<string> }) => void

export class Store {
  readonly db: Database
  /** The index behind filters, sorts, keys and references. */
  readonly marks: Marks
  readonly registry: Registry
  readonly node: NodeIdentity
  /** The box itself as actor. */
  readonly system: Actor
  /** Divisions of nodes we know of, for «nearer the keeper». */
  private readonly nodes = new Map<string, string>()
  private readonly now: () => number
  private readonly listeners = new Set<Listener>()
  private readonly sql: Statements
  private lastHash: Uint8Array
  private lastSeq: number
  private depth = 0
  private touchedDatasets = new Set<string>()
  /** Time never goes back in the diary: a floor that only rises (a mini-PC without a battery starts in 1970). */
  private floor: number

  constructor(options: StoreOptions) {
    this.registry = options.registry
    this.now = options.now ?? Date.now
    this.db = new Database(options.file, { create: true, strict: true })
    this.db.exec(
      'pragma page_size=8192; pragma journal_mode=wal; pragma synchronous=full; pragma busy_timeout=5000; pragma foreign_keys=on',
    )
    // 24 MB of pages; the system's own cache holds the rest of the file without counting as ours.
    this.db.exec('pragma cache_size=-24576; pragma temp_store=memory')
    options.migrate(this.db)
    this.marks = new Marks(this.db)
    this.node = this.identify(options.node)
    this.system = systemActor(this.node.division)
    for (const dataset of this.registry.datasets.values()) this.prepareDataset(dataset.spec)
    this.sql = prepare(this.db)
    const last = this.db.query('select seq, hash, written from act order by seq desc limit 1').get() as Pick<
      ActRow,
      'seq' | 'hash' | 'written'
    > | null
    this.lastSeq = last?.seq ?? 0
    this.lastHash = last?.hash ?? firstHash
    this.floor = last ? Date.parse(last.written) : 0
  }

  /** Position of the newest diary entry. */
  get seq(): number {
    return this.lastSeq
  }

  /** Decides one act. Durable when it returns. Refusals come back as receipts; conflicts (when asked for) and bugs throw. */
  act(actor: Actor, request: ActRequest, how: { onOverlap?: 'conflict' | 'question' } = {}): Receipt {
    return this.guarded(request, () => this.decideAct(actor, request, how))
  }

  /** Many acts, one commit: imports, packages, seeds. Each act stands or falls alone; a throw undoes all of them. */
  batch<T>(work: () => T): T {
    return this.transaction(work)
  }

  /**
   * An act that was decided on another node, as a package carries it: the same checks of form and authority, merged
   * field by field where both sides changed a record, idempotent by its id. `authority` is the division prefix its
   * sender may speak for. Refused acts change nothing and say why.
   */
  apply(act: Act, authority: { division: string; node: string }): Receipt {
    return this.guarded({ id: act.id }, () => this.applyForeign(act, authority))
  }

  /** Reads inside acts, rules and reactions. */
  readonly look: Look = {
    read: (dataset: Dataset<any> | string, id: string | undefined): any => {
      if (!id) return undefined
      const record = this.record(id)
      return record && record.dataset === (typeof dataset === 'string' ? dataset : dataset.name)
        ? record
        : undefined
    },
    find: (dataset: Dataset<any> | string, where: Record<string, unknown>, limit = 1000): any[] =>
      this.find(typeof dataset === 'string' ? dataset : dataset.name, where, limit),
  }

  /** A record whole, unscoped and unmasked: for the kernel and followers, never for pages. */
  record(id: string): Rec | undefined {
    const row = this.sql.recordById.get(id) as RecordRow | null
    return row ? toRec(row) : undefined
  }

  /** Acts after a diary position, oldest first. */
  acts(after: number, limit = 1000): Act[] {
    return actsAfter(this.db, after, limit)
  }

  history(record: string): Act[] {
    return actsOf(this.db, record)
  }

  /** Told after each commit. Returns the way to stop. */
  listen(listener: Listener): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** A dataset declared (again) at run time gets its marks and its view; the registry already has it. */
  prepareDataset(spec: DatasetSpec) {
    this.marks.prepare(spec)
    const columns = Object.keys(spec.fields).map((field) => `body ->> '$.${field}' as "${field}"`)
    const view = `view_${spec.name.replaceAll(/[^a-zA-Z0-9]/g, '_')}`
    this.db.exec(
      `drop view if exists "${view}"; create view "${view}" as select id, division, town, version, ${columns.join(', ')} from record where dataset = '${spec.name}' and withdrawn = 0`,
    )
  }

  /** Acts that came before the act they follow, and what a follower could not digest: both wait, neither is dropped. */
  waiting(): {
    held: { id: string; name: string; by: string; at: string }[]
    aside: { follower: string; seq: number; reason: string; tries: number; at: string }[]
  } {
    const held = this.db.query('select id, actor, request, at from held order by at limit 200').all() as {
      id: string
      actor: string
      request: string
      at: string
    }[]
    return {
      held: held.map((row) => ({
        id: row.id,
        name: (JSON.parse(row.request) as ActRequest).name,
        by: (JSON.parse(row.actor) as Actor).name,
        at: row.at,
      })),
      aside: this.db
        .query('select follower, seq, reason, tries, at from aside order by at limit 200')
        .all() as { follower: string; seq: number; reason: string; tries: number; at: string }[],
    }
  }

  /** Follower positions, kept beside the facts they follow. */
  cursor(name: string): number {
    return (this.sql.cursor.get(name) as { seq: number } | null)?.seq ?? 0
  }
  moveCursor(name: string, seq: number) {
    this.sql.moveCursor.run(name, seq)
  }

  fact(name: string): string | undefined {
    return (this.db.query('select value from fact where name = ?').get(name) as { value: string } | null)
      ?.value
  }
  setFact(name: string, value: string) {
    this.db
      .query('insert into fact(name, value) values(?, ?) on conflict do update set value = excluded.value')
      .run(name, value)
  }

  /** Which division a node speaks from: told when a peer is registered. */
  knowNode(id: string, division: string) {
    this.nodes.set(id, division)
    this.setFact(`node.${id}`, division)
  }

  /**
   * Blanks values in record, diary, waiting acts and questions, leaves a mark, keeps the chain provable (PIPL art. 47). `fields` are
   * field names. Returns how many diary lines were blanked.
   */
  redact(actor: Actor, record: string, fields: string[], why: string): number {
    return this.transaction(() => {
      const blanked = this.forget(actor, record, fields)
      this.db
        .query('insert into audit(at, actor, what, about, detail) values(?, ?, ?, ?, ?)')
        .run(this.moment(), actor.id, 'redacted', record, `${fields.join(', ')}: ${why}`)
      return blanked
    })
  }

  /** What another node forgot is forgotten here too, in the lines written here as well. */
  private forget(actor: Actor, record: string, fields: string[], cause?: string): number {
    const before = this.record(record)
    if (!before) return 0
    const asked = this.find(questions.name, { record }, 1000).flatMap(
      (each) => questionWithout(each, fields) ?? [],
    )
    const own = linesSaying(this.db, record, fields)
    const lines = [
      ...own.cids,
      ...asked.flatMap((each) => linesSaying(this.db, each.record, ['values']).cids),
    ]
    blankLines(this.db, lines)
    blankHeld(this.db, record, fields)
    // A node that has nothing left to forget says nothing: two boxes would answer each other for ever.
    if (lines.length > 0)
      this.write(actor, { id: newId(this.now()), name: `${before.dataset}.redacted`, cause }, [
        without(before, fields, own.names),
        ...asked,
      ])
    return lines.length
  }

  /** The present moment, never before the newest diary entry. */
  moment(): string {
    return new Date(Math.max(this.now(), this.floor)).toISOString()
  }

  close() {
    this.db.exec('pragma wal_checkpoint(truncate)')
    this.db.close()
  }

  // --- deciding -------------------------------------------------------------------------------------------------

  private decideAct(actor: Actor, said: ActRequest, how: { onOverlap?: 'conflict' | 'question' }): Receipt {
    // A phone may come back with what it was told before this box was upgraded.
    const request = actInTodaysWords(this.registry, said)
    if (!isId(request.id))
      throw new Refusal({ zh: '操作编号应为 UUIDv7', en: 'The act id must be a UUIDv7.' })
    const known = this.sql.actById.get(request.id) as { seq: number; actor: string } | null
    if (known) return this.repeated(request, known, actor)
    const missing = request.after?.find((each) => !this.sql.actById.get(each))
    if (missing) return this.hold(actor, request, missing)

    const at = this.claimedTime(request.at)
    let asked = request
    let question: Draft | undefined
    if (request.name.endsWith('.amended') && request.base !== undefined && request.record) {
      const overlaps = this.overlaps(request)
      if (overlaps.length > 0) {
        if (how.onOverlap === 'conflict') {
          const [dataset] = splitDataset(request.name)
          throw new Conflict(dataset, request.record, overlaps)
        }
        const lost = new Set(overlaps.map((each) => each.field))
        asked = {
          ...request,
          fields: Object.fromEntries(
            Object.entries(request.fields ?? {}).filter(([name]) => !lost.has(name)),
          ),
        }
        question = this.questionFor(request, actor, overlaps)
      }
    }
    const drafts = decide(asked, { registry: this.registry, actor, look: this.look, at: at.text })
    if (question) drafts.push(question)
    const seq = this.write(actor, { ...request, at: at.text, clock: at.clock }, drafts, request.base)
    this.db.query('delete from held where id = ?').run(request.id)
    this.releaseHeld(request.id)
    return {
      id: request.id,
      outcome: question ? 'question' : 'accepted',
      seq,
      record: request.record ?? drafts[0]?.record,
      ...(question ? { message: askedWords } : {}),
    }
  }

  private repeated(request: ActRequest, known: { seq: number; actor: string }, actor: Actor): Receipt {
    // An id that somebody else used is not a repetition but a forgery, or a copied device.
    if (known.actor !== actor.id && actor.id !== 'system')
      throw new Refusal(
        {
          zh: '这个操作编号已被他人使用,请刷新页面后重新提交',
          en: 'This act id was used by somebody else; reload the page and send again.',
        },
        { kind: 'access' },
      )
    return { id: request.id, outcome: 'repeated', seq: known.seq, record: request.record }
  }

  private hold(actor: Actor, request: ActRequest, missing: string): Receipt {
    this.db
      .query(
        'insert into held(id, after, actor, request, at) values(?, ?, ?, ?, ?) on conflict do update set after = excluded.after, actor = excluded.actor, request = excluded.request',
      )
      .run(request.id, missing, canonical(actor), JSON.stringify(request), this.moment())
    return { id: request.id, outcome: 'held', record: request.record, message: heldWords }
  }

  private releaseHeld(arrived: string) {
    const waiting = this.db.query('select id, actor, request from held where after = ?').all(arrived) as {
      id: string
      actor: string
      request: string
    }[]
    for (const each of waiting) {
      this.db.query('delete from held where id = ?').run(each.id)
      const actor = JSON.parse(each.actor) as Actor
      const request = JSON.parse(each.request) as ActRequest
      const receipt = this.guarded(request, () => this.decideAct(actor, request, { onOverlap: 'question' }))
      // The sender was told «held»; a refusal now must not vanish with the row.
      if (receipt.outcome === 'refused')
        this.db
          .query(
            'insert into aside(follower, seq, reason, tries, at) values(?, ?, ?, 1, ?) on conflict do nothing',
          )
          .run(`held:${each.id}`, this.lastSeq, `${receipt.message?.zh} ${each.request}`, this.moment())
    }
  }

  /** Fields that changed since the decider looked, to something else than the decider wants. */
  private overlaps(request: ActRequest): Overlap[] {
    const record = this.record(request.record!)
    if (!record || request.base! >= record.version) return []
    const past = this.past(record.id)
    const spec = this.registry.dataset(record.dataset).spec
    const mine = this.parsedLoosely(spec, request.fields ?? {})
    const since = past.filter((each) => each.version > request.base! && !request.after?.includes(each.act))
    return concurrentFields(spec, mine, since, record.fields).map((field) => {
      const setter = since.findLast((each) => Object.hasOwn(each.fields, field)) ?? since.at(-1)!
      return {
        field,
        base: valueAt(past, field, request.base!),
        theirs: record.fields[field] ?? null,
        mine: mine[field] ?? null,
        by: { act: setter.act, actor: setter.actor, name: setter.by, at: setter.at },
      }
    })
  }

  private parsedLoosely(spec: DatasetSpec, fields: Record<string, unknown>): Record<string, unknown> {
    const parsed: Record<string, unknown> = {}
    for (const [name, raw] of Object.entries(fields)) {
      const field = spec.fields[name] as FieldSpec | undefined
      const value = field ? parseField(field, raw, this.registry) : { value: raw }
      parsed[name] = 'value' in value ? (value.value ?? null) : raw
    }
    return parsed
  }

  private questionFor(request: ActRequest, actor: Actor, overlaps: Overlap[]): Draft {
    const by = overlaps[0]!.by
    return questionDraft(
      this.registry.dataset(this.record(request.record!)!.dataset).spec,
      this.record(request.record!)!,
      Object.fromEntries(
        overlaps.map((each) => [each.field, { base: each.base, standing: each.theirs, other: each.mine }]),
      ),
      { act: by.act, by: by.name, at: by.at },
      { act: request.id, by: actor.name, at: this.claimedTime(request.at).text },
    )
  }

  /** The decider's clock is believed unless it is plainly wrong; then the box's stands and the act says so. */
  private claimedTime(claimed: string | undefined): { text: string; clock?: 'ahead' | 'behind' } {
    const now = this.moment()
    if (claimed === undefined) return { text: now }
    const at = Date.parse(claimed)
    if (Number.isNaN(at))
      throw new Refusal({
        zh: '时间应为 ISO 8601 格式,如 2026-03-05T09:12:00+08:00',
        en: 'The time must be ISO 8601, such as 2026-03-05T09:12:00+08:00.',
      })
    const ahead = at - Date.parse(now)
    if (ahead > 10 * 60_000) return { text: now, clock: 'ahead' }
    // No entry waits on a device for more than two years; older means a clock that lost its battery.
    if (ahead < -2 * 366 * 86_400_000) return { text: now, clock: 'behind' }
    return { text: new Date(at).toISOString() }
  }

  // --- applying what was decided elsewhere ----------------------------------------------------------------------

  private applyForeign(act: Act, authority: { division: string; node: string }): Receipt {
    if (!isId(act.id)) throw new Refusal({ zh: '操作编号应为 UUIDv7', en: 'The act id must be a UUIDv7.' })
    const known = this.sql.actById.get(act.id) as { seq: number } | null
    if (known) return { id: act.id, outcome: 'repeated', seq: known.seq }
    const { drafts, asked } = weigh(act, authority.division, {
      registry: this.registry,
      look: this.look,
      system: this.system,
      record: (id) => this.record(id),
      past: (id) => this.past(id),
      othersTouched: (id, origin) => this.sql.othersTouched.get(id, origin) !== null,
      divisionOf: (node) => this.divisionOf(node),
    })
    const actor: Actor = {
      id: act.actor,
      name: act.by ?? act.actor,
      roles: [],
      division: authority.division,
      lang: 'zh',
    }
    const { id, name, at, clock, cause, origin } = act
    const seq = this.write(actor, { id, name, at, clock, cause, origin }, [...drafts, ...asked])
    if (name.endsWith('.redacted'))
      for (const change of act.changes) this.forget(this.system, change.record, emptied(change.fields), id)
    this.releaseHeld(act.id)
    return { id: act.id, outcome: asked.length > 0 ? 'question' : 'accepted', seq }
  }

  private past(record: string): Past[] {
    return (this.sql.past.all(record) as (Omit<Past, 'fields'> & { fields: string | null })[]).map((row) => ({
      ...row,
      fields: row.fields === null ? {} : JSON.parse(row.fields),
    }))
  }

  private divisionOf(node: string): string {
    if (node === this.node.id) return this.node.division
    const known = this.nodes.get(node) ?? this.fact(`node.${node}`) ?? this.node.division
    this.nodes.set(node, known)
    return known
  }

  // --- writing --------------------------------------------------------------------------------------------------

  private write(
    actor: Actor,
    head: {
      id: string
      name: string
      at?: string
      clock?: 'ahead' | 'behind'
      cause?: string
      origin?: string
    },
    drafts: (Draft & { base?: number })[],
    base?: number,
  ): number {
    const seq = this.lastSeq + 1
    const written = this.moment()
    const changes = drafts.map((draft) => {
      const fields = canonical(draft.fields)
      const salt = crypto.getRandomValues(new Uint8Array(16))
      const version = (draft.before?.version ?? 0) + 1
      return {
        dataset: draft.dataset,
        record: draft.record,
        base: draft.base ?? (draft.before ? Math.min(base ?? draft.before.version, draft.before.version) : 0),
        version,
        fields,
        division: draft.division ?? null,
        withdrawn: draft.kind === 'withdrawn' ? 1 : null,
        salt,
        digest: changeDigest(salt, fields),
      }
    })
    const row = {
      seq,
      id: head.id,
      name: head.name,
      actor: actor.id,
      by: actor.name,
      at: head.at ?? written,
      written,
      cause: head.cause ?? null,
      origin: head.origin ?? this.node.id,
      clock: head.clock ?? null,
    }
    const hash = actHash(this.lastHash, row, changes)
    this.sql.insertAct.run(
      row.seq,
      row.id,
      row.name,
      row.actor,
      row.by,
      row.at,
      row.written,
      row.cause,
      row.origin,
      row.clock,
      hash,
    )
    drafts.forEach((draft, i) => {
      const change = changes[i]!
      this.sql.insertChange.run(
        seq,
        change.dataset,
        change.record,
        change.base,
        change.version,
        change.fields,
        change.division,
        change.withdrawn,
        change.salt,
        change.digest,
      )
      const withdrawn = draft.kind === 'withdrawn' || draft.after.withdrawn === true
      writeRecord(
        this.sql,
        this.marks,
        this.registry,
        draft.before,
        draft.after,
        change.version,
        seq,
        withdrawn,
      )
      this.touchedDatasets.add(draft.dataset)
    })
    this.lastSeq = seq
    this.lastHash = hash
    this.floor = Date.parse(written)
    return seq
  }

  /** Nested calls become savepoints: a refused act inside a batch undoes only itself. */
  private transaction<T>(work: () => T): T {
    const level = this.depth
    const outer = level === 0
    const kept = { seq: this.lastSeq, hash: this.lastHash, floor: this.floor }
    if (outer) this.db.exec('begin immediate')
    else this.sql.savepoint.run()
    this.depth = level + 1
    try {
      const result = work()
      if (outer) this.db.exec('commit')
      else this.sql.release.run()
      this.depth = level
      if (outer) this.announce(kept.seq)
      return result
    } catch (error) {
      this.depth = level
      ;({ seq: this.lastSeq, hash: this.lastHash, floor: this.floor } = kept)
      // A full disk may already have rolled the transaction back.
      if (this.db.inTransaction) this.db.exec(outer ? 'rollback' : 'rollback to act; release act')
      if (outer) this.touchedDatasets.clear()
      throw error
    }
  }

  /** Refusals undo the act's own writes and become its receipt. */
  private guarded(request: { id: string; record?: string }, work: () => Receipt): Receipt {
    try {
      return this.transaction(work)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return {
        id: request.id,
        outcome: 'refused',
        message: error.words,
        field: error.field,
        record: request.record,
        all: error.all,
        kind: error.kind,
      }
    }
  }

  private announce(from: number) {
    if (this.lastSeq === from) return
    const written = { seq: this.lastSeq, datasets: this.touchedDatasets }
    this.touchedDatasets = new Set()
    for (const listener of this.listeners) listener(written)
  }

  private find(dataset: string, where: Record<string, unknown>, limit: number): Rec[] {
    const spec = this.registry.dataset(dataset).spec
    const fields = Object.keys(where)
    for (const field of fields) if (!spec.fields[field]) throw new Error(`${dataset} has no field ${field}`)
    const lead = fields.find((field) => this.marks.of(dataset, field))
    const rest = fields.filter((field) => field !== lead).map((field) => `and (r.body ->> '$.${field}') = ?`)
    const values = fields.filter((field) => field !== lead).map((field) => asSql(where[field]))
    const rows = lead
      ? this.db
          .query(
            `select r.* from mark m cross join record r on r.rid = m.rid where m.field = ? and m.value = ? ${rest.join(' ')} order by m.rid desc limit ?`,
          )
          .all(this.marks.of(dataset, lead)!.id, asSql(where[lead]), ...values, limit)
      : this.db
          .query(
            `select * from record r where dataset = ? and withdrawn = 0 ${rest.join(' ')} order by rid desc limit ?`,
          )
          .all(dataset, ...values, limit)
    return (rows as RecordRow[]).map(toRec)
  }

  private identify(given: StoreOptions['node']): NodeIdentity {
    const known = this.fact('node')
    if (!known) {
      this.setFact('node', given.id ?? newId(this.now()))
      this.setFact('database', newId(this.now()))
      this.setFact('division', given.division)
      this.setFact('name', given.name)
    }
    return {
      id: this.fact('node')!,
      database: this.fact('database')!,
      division: this.fact('division')!,
      name: this.fact('name')!,
    }
  }
}

const splitDataset = (name: string): [string, string] => [
  name.slice(0, name.lastIndexOf('.')),
  name.slice(name.lastIndexOf('.') + 1),
]

function valueAt(past: Past[], field: string, version: number): unknown {
  return (
    past.findLast((each) => each.version <= version && Object.hasOwn(each.fields, field))?.fields[field] ??
    null
  )
}

const emptied = (fields: Record<string, unknown>) =>
  Object.keys(fields).filter((name) => fields[name] === null)

const askedWords: Words = {
  zh: '有字段已被他人改过:您的值已保存为待定问题,由负责人选定',
  en: 'Somebody changed the same field meanwhile: your value is kept as a question for the person responsible.',
}
const heldWords: Words = {
  zh: '前一步操作还没有到,本条已收下,等它到了自动办理',
  en: 'The step before this one has not arrived; this one is kept and will be done when it does.',
}
