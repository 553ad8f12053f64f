// Waiting acts. Nothing here expires and nothing is dropped after retries: an act leaves when the box has said that it
// arrived and the replica has caught up with it, or when its person discards it. What the box refuses comes back with
// the sentence and everything that was filled in; acts that do not depend on it go on.
//
// What lies here may be older than the code that reads it, or newer (a box that was rolled back). So each row says in
// which form it is written, and each act in which words; what cannot be read stays where it is, and is counted.

import type { ActRequest, Draft, Receipt } from '../../server/kernel/acts.ts'
import type { Registry } from '../../server/kernel/registry.ts'
import { actInTodaysWords, fieldsInTodaysWords } from '../../server/kernel/todays-words.ts'
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

/** A waiting act that this program cannot read: kept as it lies, counted, and shown to its person. */
export interface Unread {
  id: string
  /** `newer`: written by a later version, and read again by that one. `damaged`: its seal does not open. */
  why: 'newer' | 'damaged'
}

/** Rises when `Contents` changes its shape; `read` below then learns the old one too. */
const format = 1

interface Contents {
  request: ActRequest
  drafts: Entry['drafts']
  /** Dataset → version, for the drafts; the request says its own. */
  spoken?: Record<string, number>
  refusal?: Words
  field?: string
}

export class Outbox {
  private list: Entry[] = []
  private aside: (Waiting & Pick<Unread, 'why'>)[] = []

  private constructor(
    private readonly shelf: Shelf,
    private readonly key: CryptoKey,
    private readonly registry: Registry | undefined,
  ) {}

  /** Without a registry nothing is put into today's words. */
  static async load(shelf: Shelf, key: CryptoKey, registry?: Registry): Promise<Outbox> {
    const outbox = new Outbox(shelf, key, registry)
    await outbox.look()
    return outbox
  }

  /**
   * Takes in what another worker has written here meanwhile: while a new version of the pages takes over there may be
   * two for a moment. Cheap when nothing is new.
   */
  async look(): Promise<void> {
    const kept = new Set((await this.shelf.keys('outbox')) as number[])
    const known = new Set([...this.list, ...this.aside].map((each) => each.n))
    this.list = this.list.filter((each) => kept.has(each.n))
    this.aside = this.aside.filter((each) => kept.has(each.n))
    if ([...kept].every((n) => known.has(n))) return
    for (const row of await this.shelf.all<Waiting>('outbox')) {
      if (known.has(row.n)) continue
      const { sealed: _, format: __, ...outside } = row
      const why = (row.format ?? 1) > format ? 'newer' : undefined
      const contents = why ? undefined : await this.read(row).catch(() => undefined)
      // Asked again after every await: an act may have been added here while the others were unsealed.
      if (this.list.some((each) => each.n === row.n)) continue
      if (contents) this.list.push({ ...outside, ...contents })
      else this.aside.push({ ...row, why: why ?? 'damaged' })
    }
    this.list.sort((a, b) => a.n - b.n)
  }

  /** In the order they were decided. */
  get entries(): readonly Entry[] {
    return this.list
  }

  /** What lies here and cannot be read by this program. */
  get unread(): Unread[] {
    return this.aside.filter((each) => each.fate !== 'arrived').map(({ id, why }) => ({ id, why }))
  }

  /** How many acts exist on this device alone: what would be lost with it. */
  get onlyHere(): number {
    return this.list.filter((each) => each.fate !== 'arrived').length + this.unread.length
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
    const spoken = Object.fromEntries(drafts.map(({ dataset }) => [dataset, this.versionOf(dataset)]))
    const asked: ActRequest = {
      ...request,
      spoken: this.versionOf(request.name.slice(0, request.name.lastIndexOf('.'))),
    }
    const contents: Contents = { request: asked, drafts, spoken }
    const sealed = await seal(this.key, contents)
    const row = { id: request.id, records, fate: 'waiting' as const, tries: 0 }
    // The database gives the place, and holds that an act is here once, whoever else writes.
    const n = await this.shelf.together(['outbox'], 'readwrite', async (at) => {
      const lies = await at.byIndex<Waiting>('outbox', 'id', request.id)
      if (!lies) return (await at.add('outbox', { ...row, format, sealed })) as number
      await at.put('outbox', { ...row, n: lies.n, format, sealed } satisfies Waiting)
      return lies.n
    })
    const entry: Entry = { ...row, n, request: asked, drafts }
    if (known) this.list[this.list.indexOf(known)] = entry
    else if (!this.find(entry.id)) this.list.push(entry)
    return entry
  }

  /**
   * What can be sent now, in order: waiting acts that follow neither a refused one nor one that cannot be read. At most
   * so many bytes as JSON, but always one. `sent` leaves out what the box has just been told; `holdBack` names acts that
   * have to wait for something else, and what follows them waits too.
   */
  sendable(
    bytes: number,
    { sent, holdBack }: { sent?: Set<string>; holdBack?: (entry: Entry) => boolean } = {},
  ): Entry[] {
    const blocked = new Set([
      ...this.list.filter((each) => each.fate === 'refused').flatMap((each) => each.records),
      ...this.aside.filter((each) => each.why === 'newer').flatMap((each) => each.records),
    ])
    const ready: Entry[] = []
    let size = 0
    for (const entry of this.list) {
      if (entry.fate !== 'waiting') continue
      if (entry.records.some((record) => blocked.has(record)) || holdBack?.(entry)) {
        for (const record of entry.records) blocked.add(record)
        continue
      }
      if (sent?.has(entry.id)) continue
      size += JSON.stringify(entry.request).length
      if (ready.length > 0 && size > bytes) break
      ready.push(entry)
      // The door takes a thousand at a time (server/http/devices.ts).
      if (ready.length === 500) break
    }
    return ready
  }

  /** The box's answers. On disk when this returns, all of them together. */
  async answered(...receipts: Receipt[]): Promise<void> {
    const after = receipts.flatMap((receipt) => {
      const entry = this.find(receipt.id)
      return entry && entry.fate !== 'arrived' ? [afterAnswer(entry, receipt)] : []
    })
    if (after.length > 0) await this.keep(after)
  }

  /** The replica now includes the box's diary up to here: arrived acts up to it have done their work. */
  async replicaAt(seq: number): Promise<void> {
    const over = [...this.list, ...this.aside].filter(
      (each) => each.fate === 'arrived' && (each.seq ?? 0) <= seq,
    )
    await this.remove(over)
  }

  /** The box was restored from a backup and may have forgotten what arrived last: said again, and done once. */
  async sayAgain(): Promise<void> {
    await this.keep(
      this.list
        .filter((each) => each.fate === 'arrived')
        .map((each) => ({ ...each, fate: 'waiting', seq: undefined })),
    )
  }

  /** Its person gives a refused act up, or one that nobody can read. Acts that followed it no longer wait for it. */
  async discard(id: string): Promise<void> {
    const entry = this.find(id) ?? this.aside.find((each) => each.id === id)
    if (!entry) return
    const followers = this.list.filter((each) => each.request.after?.includes(id))
    await this.remove([entry])
    await this.keep(
      followers.map((each) => {
        const after = each.request.after!.filter((one) => one !== id)
        return {
          ...each,
          request: { ...each.request, ...(after.length > 0 ? { after } : { after: undefined }) },
        }
      }),
    )
  }

  /** Everything that lies here, sealed again with another key: its person sets the device up anew. */
  async resealed(key: CryptoKey): Promise<Waiting[]> {
    const rows = await this.shelf.all<Waiting>('outbox')
    return Promise.all(
      rows.map(async (row) => {
        const contents = await unseal<unknown>(this.key, row.sealed).catch(() => undefined)
        return contents === undefined ? row : { ...row, sealed: await seal(key, contents) }
      }),
    )
  }

  private async remove(over: { n: number; id: string }[]): Promise<void> {
    if (over.length === 0) return
    await this.shelf.together(['outbox'], 'readwrite', async (at) => {
      for (const { n, id } of over)
        if ((await at.get<Waiting>('outbox', n))?.id === id) await at.remove('outbox', n)
    })
    const gone = new Set(over.map((each) => each.n))
    this.list = this.list.filter((each) => !gone.has(each.n))
    this.aside = this.aside.filter((each) => !gone.has(each.n))
  }

  private async keep(entries: Entry[]): Promise<void> {
    const rows = await Promise.all(
      entries.map(async ({ request, drafts, refusal, field, ...outside }) => {
        const spoken = Object.fromEntries(drafts.map(({ dataset }) => [dataset, this.versionOf(dataset)]))
        const contents: Contents = { request, drafts, spoken, refusal, field }
        return { ...outside, format, sealed: await seal(this.key, contents) } satisfies Waiting
      }),
    )
    await this.shelf.together(['outbox'], 'readwrite', async (at) => {
      // Only where it still lies: what another hand has taken away is not put back.
      for (const row of rows)
        if ((await at.get<Waiting>('outbox', row.n))?.id === row.id) await at.put('outbox', row)
    })
    const now = new Map(entries.map((each) => [each.id, each]))
    this.list = this.list.map((each) => now.get(each.id) ?? each)
  }

  private async read(row: Waiting): Promise<Contents> {
    const { request, drafts, spoken = {}, ...rest } = await unseal<Contents>(this.key, row.sealed)
    const { registry } = this
    if (!registry) return { request, drafts, ...rest }
    return {
      ...rest,
      // Acts from before they said so are in the first words.
      request: actInTodaysWords(registry, { ...request, spoken: request.spoken ?? 1 }),
      drafts: drafts.map((draft) => ({
        ...draft,
        fields: fieldsInTodaysWords(registry, draft.dataset, draft.fields, spoken[draft.dataset] ?? 1),
      })),
    }
  }

  private readonly versionOf = (dataset: string): number =>
    this.registry?.datasets.get(dataset)?.spec.version ?? 1
}

function afterAnswer(entry: Entry, receipt: Receipt): Entry {
  const tries = entry.tries + 1
  switch (receipt.outcome) {
    case 'held':
      return { ...entry, tries }
    case 'refused':
      return {
        ...entry,
        fate: 'refused',
        tries,
        refusal: wordsOf(receipt.message),
        field: receipt.field,
      }
    default:
      return { ...entry, fate: 'arrived', ...(receipt.seq !== undefined && { seq: receipt.seq }) }
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
