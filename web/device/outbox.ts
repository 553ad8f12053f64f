// Waiting acts. Nothing here expires and nothing is dropped after retries: an act leaves when the box has said that it
// arrived and the replica has caught up with it, or when its person discards it. What the box refuses comes back with
// the sentence and everything that was filled in; acts that do not depend on it go on.

import type { ActRequest, Draft, Receipt } from '../../server/kernel/acts.ts'
import type { Words } from '../../server/kernel/words.ts'
import type { Shelf, Waiting } from './shelf.ts'
import { seal, unseal } from './vault.ts'

export interface Entry {
  n: number
  id: string
  records: string[]
  fate: Waiting['fate']
  seq?: number
  tries: number
  request: ActRequest
  /** What it does to records, as decided here: the pages show it until the box's own answer is in the replica. */
  drafts: Pick<Draft, 'dataset' | 'record' | 'kind' | 'fields' | 'division'>[]
  /** Why the box refused it. */
  refusal?: Words
  field?: string
}

interface Contents {
  request: ActRequest
  drafts: Entry['drafts']
  refusal?: Words
  field?: string
}

export class Outbox {
  private constructor(
    private readonly shelf: Shelf,
    private readonly key: CryptoKey,
    private readonly list: Entry[],
  ) {}

  static async load(shelf: Shelf, key: CryptoKey): Promise<Outbox> {
    const rows = await shelf.all<Waiting>('outbox')
    const entries = await Promise.all(
      rows.map(async ({ sealed, ...row }) => ({ ...row, ...(await unseal<Contents>(key, sealed)) })),
    )
    return new Outbox(
      shelf,
      key,
      entries.sort((a, b) => a.n - b.n),
    )
  }

  /** In the order they were decided. */
  get entries(): readonly Entry[] {
    return this.list
  }

  /** How many acts exist on this device alone: what would be lost with it. */
  get onlyHere(): number {
    return this.list.filter((each) => each.fate !== 'arrived').length
  }

  find(id: string): Entry | undefined {
    return this.list.find((each) => each.id === id)
  }

  /** Acts on any of the records that this device has not seen back from the box. */
  on(records: Iterable<string>): Entry[] {
    const wanted = new Set(records)
    return this.list.filter((each) => each.records.some((record) => wanted.has(record)))
  }

  /** Kept on disk when this returns. Adding an act that is here already replaces a refused one and leaves others. */
  async add(request: ActRequest, drafts: Entry['drafts']): Promise<Entry> {
    const known = this.find(request.id)
    if (known && known.fate !== 'refused') return known
    const records = [...new Set(drafts.map((each) => each.record))]
    const sealed = await seal(this.key, { request, drafts } satisfies Contents)
    const n = known?.n ?? (this.list.at(-1)?.n ?? 0) + 1
    const row: Waiting = { n, id: request.id, records, fate: 'waiting', tries: 0, sealed }
    await this.shelf.put('outbox', row)
    const entry: Entry = { n, id: request.id, records, fate: 'waiting', tries: 0, request, drafts }
    if (known) this.list[this.list.indexOf(known)] = entry
    else this.list.push(entry)
    return entry
  }

  /** What can be sent now, in order: waiting acts that do not follow a refused one. */
  sendable(limit: number): Entry[] {
    const blocked = new Set(
      this.list.filter((each) => each.fate === 'refused').flatMap((each) => each.records),
    )
    const ready: Entry[] = []
    for (const entry of this.list) {
      if (entry.fate !== 'waiting') continue
      if (entry.records.some((record) => blocked.has(record))) {
        for (const record of entry.records) blocked.add(record)
        continue
      }
      ready.push(entry)
      if (ready.length === limit) break
    }
    return ready
  }

  /** The box's answer to one act. */
  async answered(receipt: Receipt): Promise<void> {
    const entry = this.find(receipt.id)
    if (!entry || entry.fate === 'arrived') return
    if (receipt.outcome === 'held') return this.keep({ ...entry, tries: entry.tries + 1 })
    if (receipt.outcome === 'refused')
      return this.keep({
        ...entry,
        fate: 'refused',
        tries: entry.tries + 1,
        refusal: wordsOf(receipt.message),
        ...(receipt.field && { field: receipt.field }),
      })
    return this.keep({ ...entry, fate: 'arrived', ...(receipt.seq !== undefined && { seq: receipt.seq }) })
  }

  /** The replica now includes the box's diary up to here: arrived acts up to it have done their work. */
  async replicaAt(seq: number): Promise<void> {
    const over = this.list.filter((each) => each.fate === 'arrived' && (each.seq ?? 0) <= seq)
    if (over.length === 0) return
    await this.shelf.together(['outbox'], 'readwrite', async (at) => {
      for (const entry of over) await at.remove('outbox', entry.n)
    })
    for (const entry of over) this.list.splice(this.list.indexOf(entry), 1)
  }

  /** Its person gives a refused act up. Acts that followed it no longer wait for it. */
  async discard(id: string): Promise<void> {
    const entry = this.find(id)
    if (!entry) return
    const followers = this.list.filter((each) => each.request.after?.includes(id))
    await this.shelf.remove('outbox', entry.n)
    this.list.splice(this.list.indexOf(entry), 1)
    for (const each of followers) {
      const after = each.request.after!.filter((one) => one !== id)
      await this.keep({
        ...each,
        request: { ...each.request, ...(after.length > 0 ? { after } : { after: undefined }) },
      })
    }
  }

  private async keep(entry: Entry): Promise<void> {
    const { request, drafts, refusal, field, ...row } = entry
    const sealed = await seal(this.key, { request, drafts, refusal, field } satisfies Contents)
    await this.shelf.put('outbox', { ...row, sealed } satisfies Waiting)
    const at = this.list.findIndex((each) => each.id === entry.id)
    if (at >= 0) this.list[at] = entry
  }
}

// The API answers in the reader's language; kept as it came.
const wordsOf = (message: unknown): Words =>
  typeof message === 'string'
    ? { zh: message, en: message }
    : ((message as Words | undefined) ?? {
        zh: '县里没有收下这一条',
        en: 'The county did not take this entry.',
      })
