// The desk on a device out of reach: the replica underneath, the outbox over it. The same pages stand above it as on
// the box, and the same verbs, checks and rules decide; the box decides again when the act arrives.

import type { Actor } from '../../server/kernel/access.ts'
import type { Act, ActRequest, Look, Receipt, Verb } from '../../server/kernel/acts.ts'
import { type Dataset, type DatasetSpec, labelOf, type Rec } from '../../server/kernel/dataset.ts'
import { applyFields, decide } from '../../server/kernel/decide.ts'
import {
  type Desk,
  type Fate,
  type Hit,
  type ListQuery,
  offeredVerbs,
  type Page,
  searchDepth,
  specOf,
} from '../../server/kernel/desk.ts'
import { newId } from '../../server/kernel/ids.ts'
import { Refusal, refuse } from '../../server/kernel/refusal.ts'
import type { Registry } from '../../server/kernel/registry.ts'
import { asked } from '../../server/search/words.ts'
import { gistOf } from './gist.ts'
import type { Entry, Outbox } from './outbox.ts'
import type { Look as Glance, Replica, Row } from './replica.ts'
import { inOrder, type More, type Sift, sifter } from './sift.ts'

export class DeviceDesk implements Desk {
  readonly place = 'device'
  private lastAsked: { asked: string; sift: Sift } | undefined

  constructor(
    readonly registry: Registry,
    readonly actor: Actor,
    private readonly replica: Replica,
    private readonly outbox: Outbox,
    /** Told that something waits. */
    private readonly waiting: () => void = () => {},
    /** Diary position up to which the tier above the box has imported. */
    private readonly imported: () => number = () => 0,
    /** The moment as far as it can be believed: see clock.ts. */
    private readonly now: () => number = Date.now,
  ) {}

  async read(dataset: Dataset<any> | string, id: string): Promise<Rec<any> | undefined> {
    const spec = this.readable(dataset)
    const record = this.withWaiting(await this.replica.read(id), this.outbox.on([id]), id)
    return record?.dataset === spec.name ? record : undefined
  }

  async list(dataset: Dataset<any> | string, query: ListQuery = {}): Promise<Page<any>> {
    const limit = Math.max(1, Math.min(1000, Math.trunc(query.limit ?? 50)))
    if (query.sort) {
      const all = await this.found(dataset, query, { value: query.sort.replace(/^-/, '') })
      const from = Number(query.cursor ?? 0)
      const rows = all.rows.sort(inOrder(query.sort)).slice(from, from + limit)
      const next = from + limit < all.rows.length && { next: String(from + limit) }
      return { records: await all.records(rows), ...next }
    }
    // Newest first, and what was born here, not known to the box yet, before everything.
    const all = await this.found(dataset, query, {
      most: limit + 1,
      ...(query.cursor && { after: readCursor(query.cursor) }),
    })
    const shown = Math.max(limit, all.rows.filter(unborn).length)
    const rows = all.rows.slice(0, shown)
    const next = all.rows.length > shown && { next: cursorOf(rows.at(-1)!) }
    return { records: await all.records(rows), ...next }
  }

  async count(
    dataset: Dataset | string,
    query: ListQuery = {},
    cap = 10_000,
  ): Promise<{ n: number; capped: boolean }> {
    const most = query.q?.trim() ? Math.min(cap, searchDepth - 1) : cap
    const { rows } = await this.found(dataset, query, { most: most + 1 })
    return { n: Math.min(rows.length, most), capped: rows.length > most }
  }

  /** As on the box: a township's own records first, then what reaches it from above, the newest of any register first. */
  async search(words: string, limit = 20): Promise<Hit[]> {
    const { division } = this.actor
    const hits = new Map<string, Hit>()
    if (asked(words).length === 0) return []
    const carried = [...this.registry.datasets.values()].filter(
      (each) => each.spec.offline && this.mayRead(each),
    )
    for (const town of division.length >= 9 ? [division.slice(0, 9), undefined] : [undefined]) {
      const found = await Promise.all(
        carried.map((dataset) => this.found(dataset, { q: words }, { most: limit, town })),
      )
      const newest = found
        .flatMap(({ rows }) => rows)
        .filter((row) => !hits.has(row.id))
        .sort((a, b) => b.born - a.born)
        .slice(0, limit - hits.size)
      const shown = new Set(newest)
      const records = new Map<string, Rec>()
      for (const each of found)
        for (const record of await each.records(each.rows.filter((row) => shown.has(row))))
          records.set(record.id, record)
      for (const { id } of newest) {
        const record = records.get(id)
        if (record)
          hits.set(id, { record, label: labelOf(specOf(this.registry, record.dataset), record.fields) })
      }
    }
    return [...hits.values()]
  }

  /** What is known here: the acts that wait on this device. The whole diary is at the box. */
  async history(_dataset: Dataset | string, id: string): Promise<Act[]> {
    return this.outbox.on([id]).map((entry) => ({
      id: entry.id,
      seq: entry.seq ?? 0,
      name: entry.request.name,
      actor: this.actor.id,
      by: this.actor.name,
      at: entry.request.at ?? '',
      origin: 'device',
      changes: entry.drafts
        .filter((draft) => draft.record === id)
        .map((draft) => ({
          dataset: draft.dataset,
          record: id,
          base: entry.request.base ?? 0,
          fields: draft.fields,
        })),
    }))
  }

  async labels(ids: Iterable<string>): Promise<Map<string, string>> {
    const wanted = [...new Set(ids)]
    const stored = await this.replica.readMany(wanted)
    const labels = new Map<string, string>()
    for (const id of wanted) {
      const record = this.withWaiting(stored.get(id), this.outbox.on([id]), id)
      if (record) labels.set(id, labelOf(specOf(this.registry, record.dataset), record.fields))
    }
    return labels
  }

  /** Decided here, kept on disk, sent when the box answers. A refusal is known at once and nothing is kept of it. */
  async act(request: Omit<ActRequest, 'id'> & { id?: string }): Promise<Receipt> {
    const id = request.id ?? newId()
    const known = this.outbox.find(id)
    if (known && known.fate !== 'refused') return { id, outcome: 'repeated', record: request.record }
    const at = request.at ?? new Date(this.now()).toISOString()
    try {
      const asked: ActRequest = { ...request, id, at }
      // A refused act that was mended is decided as of its own place in the order: what followed it does not exist yet.
      const place = known?.n ?? Number.POSITIVE_INFINITY
      const drafts = await this.decided(asked, at, place)
      const chain = this.outbox.on(drafts.map((draft) => draft.record)).filter((entry) => entry.n < place)
      const trunk = asked.record ? ((await this.replica.read(asked.record))?.version ?? 0) : undefined
      const complete: ActRequest = {
        ...asked,
        // What the person looked at: the box's version, and this device's own acts upon it.
        ...(trunk !== undefined && request.base !== undefined && { base: Math.min(request.base, trunk) }),
        ...(chain.length > 0 && { after: chain.map((entry) => entry.id) }),
      }
      await this.outbox.add(
        complete,
        drafts.map(({ dataset, record, kind, fields, division }) => ({
          dataset,
          record,
          kind,
          fields,
          ...(division && { division }),
        })),
      )
      this.waiting()
      return { id, outcome: 'accepted', record: request.record ?? drafts[0]?.record }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return {
        id,
        outcome: 'refused',
        message: error.words,
        field: error.field,
        record: request.record,
        all: error.all,
        kind: error.kind,
      }
    }
  }

  verbs(dataset: Dataset | string, record?: Rec): Verb[] {
    return offeredVerbs(this.registry, this.actor, dataset, record)
  }

  async reveal(): Promise<undefined> {
    refuse({
      zh: '完整的个人信息不存放在本机,连上县盒后再查看',
      en: 'Personal data in full is not kept on this device; look it up when the box is in reach.',
    })
  }

  may(act: string): boolean {
    return this.registry.rights.mayAct(this.actor, act)
  }

  fate(record: Rec): Fate {
    const entries = this.outbox.on([record.id]).filter((each) => each.fate !== 'arrived')
    if (entries.some((each) => each.fate === 'refused')) return 'refused'
    if (entries.length > 0) return 'device'
    return record.touched <= this.imported() ? 'prefecture' : 'county'
  }

  mayRead(dataset: Dataset | string): boolean {
    return this.registry.rights.mayRead(this.actor, typeof dataset === 'string' ? dataset : dataset.name)
  }

  private readable(dataset: Dataset<any> | string) {
    const name = typeof dataset === 'string' ? dataset : dataset.name
    const known = this.registry.datasets.get(name)
    if (!known)
      refuse({ zh: `没有名为「${name}」的数据集`, en: `There is no dataset "${name}".` }, { kind: 'missing' })
    if (!this.mayRead(name))
      refuse(
        {
          zh: `您的岗位不能查看「${known.spec.title.zh}」`,
          en: `Your role may not see ${known.spec.title.en}.`,
        },
        { kind: 'access' },
      )
    if (!known.spec.offline)
      refuse(
        {
          zh: `「${known.spec.title.zh}」不存放在本机,连上县盒后再看`,
          en: `${known.spec.title.en} is not kept on this device; look when the box is in reach.`,
        },
        { kind: 'missing' },
      )
    return known.spec
  }

  /**
   * What a question finds, newest first, with what waits here laid over; and the records of as many of the rows as are
   * shown. `place`: only acts before that position of the outbox.
   */
  private async found(
    dataset: Dataset<any> | string,
    query: ListQuery,
    {
      place = Number.POSITIVE_INFINITY,
      where,
      town,
      ...look
    }: More & Omit<Glance, 'known'> & { place?: number } = {},
  ): Promise<Found> {
    const spec = this.readable(dataset)
    const sift = this.siftFor(spec, query, { where, town })
    const waiting = await this.waitingOn(spec.name, place)
    const gist = gistOf(spec, [...waiting.values()], { more: sift.fields })
    const fits = sift.fits(gist)
    const known = new Map([...waiting.keys()].map((id, i) => [id, fits[i] === 1]))
    const rowOf = (record: Rec): Row => ({ id: record.id, born: record.born })
    const bornHere = [...waiting.values()]
      .filter((record) => unborn(record) && known.get(record.id))
      .reverse()
      .map(rowOf)
    const rows = [
      ...(look.after ? afterIn(bornHere, look.after) : bornHere),
      ...(await this.replica.find(spec, sift, { ...look, known })),
    ]
    if (look.value)
      for (const row of rows) {
        const record = waiting.get(row.id)
        if (record) row.value = record.fields[look.value]
      }
    const records = async (some: Row[]) => {
      const stored = await this.replica.readMany(some.map((row) => row.id))
      return some.flatMap(({ id }) => waiting.get(id) ?? stored.get(id) ?? [])
    }
    return { rows, records }
  }

  /** The same sift for the same question, which a page asks twice: for its list and for how many there are. */
  private siftFor(spec: DatasetSpec, query: ListQuery, more: More): Sift {
    const { limit: _, cursor: __, sort: ___, ...question } = query
    const asked = JSON.stringify([spec.name, question, more])
    if (this.lastAsked?.asked !== asked)
      this.lastAsked = { asked, sift: sifter(this.registry, this.actor, spec, query, more) }
    return this.lastAsked.sift
  }

  /** Records of a dataset that acts wait on, as they will be once these have arrived; in the order of the outbox. */
  private async waitingOn(dataset: string, place: number): Promise<Map<string, Rec>> {
    const byRecord = new Map<string, Entry[]>()
    for (const entry of this.outbox.entries)
      if (entry.n < place)
        for (const id of new Set(
          entry.drafts.filter((draft) => draft.dataset === dataset).map((draft) => draft.record),
        ))
          byRecord.set(id, [...(byRecord.get(id) ?? []), entry])
    const stored = await this.replica.readMany(byRecord.keys())
    const records = new Map<string, Rec>()
    for (const [id, entries] of byRecord) {
      const record = this.withWaiting(stored.get(id), entries, id)
      if (record?.dataset === dataset) records.set(id, record)
    }
    return records
  }

  /** A record as it will be once the waiting acts have arrived. */
  private withWaiting(stored: Rec | undefined, entries: Entry[], id: string): Rec | undefined {
    let record = stored
    for (const entry of entries) {
      for (const draft of entry.drafts) {
        if (draft.record !== id) continue
        const division = draft.division ?? record?.division ?? this.actor.division
        record = {
          ...(record ?? {
            id,
            dataset: draft.dataset,
            version: 0,
            born: unbornYet,
            touched: unbornYet,
          }),
          division,
          fields: applyFields(record?.fields ?? {}, draft.fields),
          ...(draft.kind === 'withdrawn' && { withdrawn: true as const }),
        }
      }
    }
    return record
  }

  /** Runs the decision until it has every record it asks for. It is pure, so running it again costs only time. */
  private async decided(request: ActRequest, at: string, place: number) {
    const sight = new Sight()
    for (let round = 0; round < 200; round++) {
      try {
        return decide(request, { registry: this.registry, actor: this.actor, look: sight, at, partial: true })
      } catch (missing) {
        if (!(missing instanceof Missing)) throw missing
        await this.fetch(missing, sight, place)
      }
    }
    throw new Error(`${request.name} asked for more than 200 records one after another`)
  }

  private async fetch(missing: Missing, sight: Sight, place: number) {
    if ('id' in missing.what) {
      const { id } = missing.what
      const entries = this.outbox.on([id]).filter((entry) => entry.n < place)
      sight.records.set(id, this.withWaiting(await this.replica.read(id), entries, id))
      return
    }
    const { dataset, where, limit } = missing.what
    const spec = this.registry.dataset(dataset).spec
    if (!spec.offline) {
      sight.finds.set(missing.key, [])
      return
    }
    const { rows, records } = await this.found(dataset, {}, { where, place, most: limit })
    sight.finds.set(missing.key, await records(rows.slice(0, limit)))
  }
}

interface Found {
  rows: Row[]
  /** Of those rows that are still here, in their order. */
  records(rows: Row[]): Promise<Rec[]>
}

const cursorOf = ({ born, id }: Row) => `${born}~${id}`
const readCursor = (cursor: string) => {
  const [born, id = ''] = cursor.split('~')
  return { born: Number(born), id }
}

/** Those born here that follow the record a page ended at. */
const afterIn = (bornHere: Row[], after: { born: number; id: string }): Row[] =>
  after.born === unbornYet ? bornHere.slice(bornHere.findIndex((row) => row.id === after.id) + 1) : []

/** Stands for the birth of a record that the box does not know yet. */
const unbornYet = Number.MAX_SAFE_INTEGER
const unborn = ({ born }: { born: number }) => born === unbornYet

type What = { id: string } | { dataset: string; where: Record<string, unknown>; limit: number }

/** Not an error: the decision needs something that has to be fetched first. */
class Missing extends Error {
  constructor(
    readonly what: What,
    /** Under which the answer is looked for on the next run. */
    readonly key: string,
  ) {
    super('not fetched yet')
  }
}

class Sight implements Look {
  readonly records = new Map<string, Rec | undefined>()
  readonly finds = new Map<string, Rec[]>()

  read(dataset: Dataset<any> | string, id: string | undefined): any {
    if (!id) return undefined
    if (!this.records.has(id)) throw new Missing({ id }, id)
    const record = this.records.get(id)
    return record?.dataset === (typeof dataset === 'string' ? dataset : dataset.name) ? record : undefined
  }

  find(dataset: Dataset<any> | string, where: Record<string, unknown>, limit = 1000): any[] {
    const what = { dataset: typeof dataset === 'string' ? dataset : dataset.name, where, limit }
    const name = JSON.stringify(what)
    const known = this.finds.get(name)
    if (!known) throw new Missing(what, name)
    return known
  }
}
