// The desk on the box: SQLite underneath, one actor in front. Everything that leaves is scoped and masked here.

import { type Actor, visible } from './access.ts'
import type { Act, ActRequest, Receipt, Verb } from './acts.ts'
import { type Dataset, type DatasetSpec, labelOf, type Rec } from './dataset.ts'
import type { Desk, Fate, Hit, ListQuery, Page } from './desk.ts'
import { offeredVerbs, searchDepth, specOf } from './desk.ts'
import { maskValue } from './fields.ts'
import { newId } from './ids.ts'
import { countRecords, listRecords, ridOf } from './query.ts'
import { maskedQuestion, questions } from './questions.ts'
import { type RecordRow, toRec } from './records.ts'
import { refuse } from './refusal.ts'
import type { Registry } from './registry.ts'
import type { Store } from './store.ts'

/** What the search room answers: record rids, newest first. `below` pages on; `dataset` and `town` narrow inside the index. */
export interface Searcher {
  find(words: string, how: { dataset?: string; town?: string; limit: number; below?: number }): number[]
}

export class BoxDesk implements Desk {
  readonly place = 'box'
  private importedTo?: number

  constructor(
    private readonly store: Store,
    readonly actor: Actor,
    private readonly searcher?: Searcher,
    /** Diary position up to which the tier above has said it imported everything. */
    private readonly imported: () => number = () => 0,
  ) {}

  get registry(): Registry {
    return this.store.registry
  }

  async read(dataset: Dataset<any> | string, id: string): Promise<Rec<any> | undefined> {
    const spec = this.readable(dataset)
    const record = this.store.record(id)
    if (!record || record.dataset !== spec.name || !visible(this.actor, spec, record.division))
      return undefined
    return this.masked(record)
  }

  async list(dataset: Dataset<any> | string, query: ListQuery = {}): Promise<Page<any>> {
    const spec = this.readable(dataset)
    const found = this.found(query, spec)
    const page = listRecords(this.store, this.actor, spec, query, found)
    return { ...page, records: page.records.map((record) => this.masked(record)) }
  }

  async count(
    dataset: Dataset | string,
    query: ListQuery = {},
    cap = 10_000,
  ): Promise<{ n: number; capped: boolean }> {
    const spec = this.readable(dataset)
    const found = this.found(query, spec)
    return countRecords(
      this.store,
      this.actor,
      spec,
      query,
      found ? Math.min(cap, searchDepth - 1) : cap,
      found,
    )
  }

  async search(words: string, limit = 20): Promise<Hit[]> {
    const hits = new Map<number, Hit>()
    // A township's own records come first, found quickly inside the index; then what reaches it from above.
    const towns = this.actor.division.length >= 9 ? [this.actor.division.slice(0, 9), undefined] : [undefined]
    for (const town of towns) this.gather(words, town, limit, hits)
    return [...hits.values()]
  }

  /** Scope is checked on the records: pages through the index until enough of this actor's own were found. */
  private gather(words: string, town: string | undefined, limit: number, hits: Map<number, Hit>) {
    let below: number | undefined
    for (let round = 0; round < 10 && hits.size < limit; round++) {
      const rids = this.searcher?.find(words, { limit: 200, below, town }) ?? []
      for (const rid of rids) {
        if (hits.has(rid)) continue
        const row = this.store.db
          .query('select * from record where rid = ? and withdrawn = 0')
          .get(rid) as RecordRow | null
        if (!row || !this.registry.rights.mayRead(this.actor, row.dataset)) continue
        const spec = this.registry.dataset(row.dataset).spec
        if (!visible(this.actor, spec, row.division)) continue
        const record = toRec(row)
        hits.set(rid, { record: this.masked(record), label: labelOf(spec, record.fields) })
        if (hits.size === limit) return
      }
      if (rids.length < 200) return
      below = rids.at(-1)
    }
  }

  async history(dataset: Dataset | string, id: string): Promise<Act[]> {
    const record = await this.read(dataset, id)
    if (!record) return []
    return this.store.history(id).map((act) => ({
      ...act,
      changes: act.changes
        .filter((change) => change.record === id)
        .map((change) => ({ ...change, fields: this.maskedFields(change.dataset, change.fields) })),
    }))
  }

  async labels(ids: Iterable<string>): Promise<Map<string, string>> {
    const labels = new Map<string, string>()
    for (const id of new Set(ids)) {
      const record = this.store.record(id)
      if (record) labels.set(id, labelOf(specOf(this.registry, record.dataset), this.masked(record).fields))
    }
    return labels
  }

  async act(
    request: Omit<ActRequest, 'id'> & { id?: string },
    how: { onOverlap?: 'conflict' | 'question' } = {},
  ): Promise<Receipt> {
    return this.store.act(this.actor, { ...request, id: request.id ?? newId() }, how)
  }

  verbs(dataset: Dataset | string, record?: Rec): Verb[] {
    return offeredVerbs(this.registry, this.actor, dataset, record)
  }

  async reveal(dataset: Dataset | string, id: string, reason: string): Promise<Rec | undefined> {
    const spec = this.readable(dataset)
    if (!this.registry.rights.may(this.actor, 'personal'))
      refuse(
        {
          zh: '您的岗位不能查看完整的个人信息,确需查看请联系县信息办',
          en: 'Your role may not see personal data in full; ask the county IT office if you need it.',
        },
        { kind: 'access' },
      )
    if (reason.trim().length < 2)
      refuse(
        { zh: '请写明查看原因,如「电话回访」', en: 'Say why you need to see it, such as "call-back".' },
        { field: 'reason' },
      )
    const record = this.store.record(id)
    if (!record || record.dataset !== spec.name || !visible(this.actor, spec, record.division))
      return undefined
    this.store.db
      .query('insert into audit(at, actor, what, about, detail) values(?, ?, ?, ?, ?)')
      .run(this.store.moment(), this.actor.id, 'looked', `${record.dataset}/${id}`, reason.trim())
    return record
  }

  may(act: string): boolean {
    return this.registry.rights.mayAct(this.actor, act)
  }

  fate(record: Rec): Fate {
    // A desk lives as long as one request: asked once, the answer holds for all its rows.
    this.importedTo ??= this.imported()
    return record.touched <= this.importedTo ? 'prefecture' : 'county'
  }

  mayRead(dataset: Dataset | string): boolean {
    return this.registry.rights.mayRead(this.actor, typeof dataset === 'string' ? dataset : dataset.name)
  }

  /**
   * What a field device needs to catch up: records of offline datasets touched after a diary position, oldest touch
   * first, with the ids it should let go (withdrawn, or moved out of the person's area). `seq` is where this brings it.
   */
  changedSince(after: number, limit: number): { records: Rec[]; gone: string[]; seq: number; more: boolean } {
    const records: Rec[] = []
    const gone: string[] = []
    const rows = this.store.db.query('select * from record where touched > ? order by touched limit ?')
    let seq = after
    while (records.length < limit) {
      const slice = rows.all(seq, 2000) as RecordRow[]
      if (slice.length === 0) return { records, gone, seq: this.store.seq, more: false }
      // One act may have touched more records than fit: never stop in the middle of one.
      let stop = slice.length
      for (const [i, row] of slice.entries()) {
        if (records.length >= limit && row.touched !== slice[i - 1]?.touched) {
          stop = i
          break
        }
        this.sortForDevice(row, after, records, gone)
      }
      if (stop === slice.length && slice.length === 2000) {
        const last = slice.at(-1)!
        const rest = this.store.db.query(
          'select * from record where touched = ? and rid not in (select value from json_each(?))',
        )
        for (const row of rest.all(
          last.touched,
          JSON.stringify(slice.map((each) => each.rid)),
        ) as RecordRow[])
          this.sortForDevice(row, after, records, gone)
      }
      seq = slice[stop - 1]!.touched
      if (stop < slice.length) return { records, gone, seq, more: true }
    }
    return { records, gone, seq, more: true }
  }

  private sortForDevice(row: RecordRow, after: number, records: Rec[], gone: string[]) {
    const spec = this.registry.datasets.get(row.dataset)?.spec
    if (!spec?.offline || spec.local || !this.mayRead(spec.name)) return
    if (!row.withdrawn && visible(this.actor, spec, row.division)) records.push(this.masked(toRec(row)))
    // A device that starts from nothing has nothing to let go; one that follows may hold what is no longer its own.
    else if (after > 0) gone.push(row.id)
  }

  private readable(dataset: Dataset<any> | string) {
    const name = typeof dataset === 'string' ? dataset : dataset.name
    const known = this.registry.datasets.get(name)
    if (!known)
      refuse({ zh: `没有名为「${name}」的数据集`, en: `There is no dataset "${name}".` }, { kind: 'missing' })
    if (!this.mayRead(name))
      refuse(
        {
          zh: `您的岗位不能查看「${known.spec.title.zh}」,需要时请联系县信息办开通`,
          en: `Your role may not see ${known.spec.title.en}. Ask the county IT office if you need it.`,
        },
        { kind: 'access' },
      )
    return known.spec
  }

  private found(query: ListQuery, spec: DatasetSpec): number[] | undefined {
    if (!query.q?.trim()) return undefined
    const area =
      query.division && query.division.length > this.actor.division.length
        ? query.division
        : this.actor.division
    // Township datasets that also show records from above cannot be narrowed inside the index.
    const town = area.length >= 9 && spec.reach !== 'below' ? area.slice(0, 9) : undefined
    const below = query.cursor && !query.sort ? ridOf(query.cursor) : undefined
    return this.searcher?.find(query.q, { dataset: spec.name, town, limit: searchDepth, below }) ?? []
  }

  private masked(record: Rec): Rec {
    const spec = specOf(this.registry, record.dataset)
    if (spec.name === questions.name)
      return { ...record, fields: this.maskedFields(record.dataset, record.fields) }
    const sensitive = Object.keys(spec.fields).filter(
      (name) => spec.fields[name]!.sensitive && record.fields[name] !== undefined,
    )
    if (sensitive.length === 0) return record
    return { ...record, fields: this.maskedFields(record.dataset, record.fields), masked: sensitive }
  }

  private maskedFields(dataset: string, fields: Record<string, unknown>): Record<string, unknown> {
    const spec = specOf(this.registry, dataset)
    const shown: Record<string, unknown> = {}
    // A question carries the values of another dataset, masked as they are there.
    const given =
      dataset === questions.name
        ? maskedQuestion(fields, (name) => this.registry.datasets.get(name)?.spec)
        : fields
    for (const [name, value] of Object.entries(given)) {
      const field = spec.fields[name]
      const visible = field?.sensitive ? maskValue(field, value) : value
      if (visible !== undefined) shown[name] = visible
    }
    return shown
  }
}
