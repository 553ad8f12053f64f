// The records a device carries, in sealed blocks by order of birth. Fifty thousand records are 250 blocks: loading them
// is 250 writes instead of fifty thousand, opening a list reads the last block, and a search unseals them in turn.

import type { Rec } from '../../server/kernel/dataset.ts'
import type { BlockBody, BlockHead, Shelf } from './shelf.ts'
import { seal, unseal } from './vault.ts'

const blockSize = 200
/** Unsealed blocks kept in memory: a list, its pages and what they refer to. */
const kept = 24

interface Place {
  dataset: string
  n: number
}

export class Replica {
  private readonly heads = new Map<string, BlockHead[]>()
  private readonly places = new Map<string, Place>()
  private readonly open = new Map<string, Rec[]>()

  private constructor(
    private readonly shelf: Shelf,
    private readonly key: CryptoKey,
  ) {}

  static async load(shelf: Shelf, key: CryptoKey): Promise<Replica> {
    const replica = new Replica(shelf, key)
    for (const head of await shelf.all<BlockHead>('head')) replica.remember(head)
    return replica
  }

  has(id: string): boolean {
    return this.places.has(id)
  }

  async read(id: string): Promise<Rec | undefined> {
    const place = this.places.get(id)
    return place && (await this.block(place.dataset, place.n)).find((each) => each.id === id)
  }

  /** Records of a dataset, newest first, a block at a time. */
  async *newestFirst(dataset: string): AsyncGenerator<Rec> {
    const heads = this.heads.get(dataset) ?? []
    for (let i = heads.length - 1; i >= 0; i--) {
      const records = await this.block(dataset, heads[i]!.n)
      for (let k = records.length - 1; k >= 0; k--) yield records[k]!
    }
  }

  size(): { records: number; datasets: Map<string, number> } {
    const datasets = new Map<string, number>()
    for (const [name, heads] of this.heads)
      datasets.set(
        name,
        heads.reduce((sum, head) => sum + head.ids.length, 0),
      )
    return { records: this.places.size, datasets }
  }

  /**
   * Takes in what the box says now: records changed or new, and ids that left the person's scope; with the position
   * this brings the device to. One transaction: a replica is never half of two moments.
   */
  async take(records: Rec[], gone: string[], facts: Record<string, unknown>): Promise<void> {
    const changed = new Map<string, { head: BlockHead; records: Rec[] }>()
    const edit = async (dataset: string, n: number) => {
      const name = `${dataset}/${n}`
      let block = changed.get(name)
      if (!block) {
        const head = this.heads.get(dataset)!.find((each) => each.n === n)!
        block = { head: { ...head, ids: [...head.ids] }, records: [...(await this.block(dataset, n))] }
        changed.set(name, block)
      }
      return block
    }
    const fresh: Rec[] = []
    for (const record of records) {
      const place = this.places.get(record.id)
      if (!place) fresh.push(record)
      else {
        const block = await edit(place.dataset, place.n)
        block.records = block.records.map((each) => (each.id === record.id ? record : each))
      }
    }
    for (const id of gone) {
      const place = this.places.get(id)
      if (!place) continue
      const block = await edit(place.dataset, place.n)
      block.records = block.records.filter((each) => each.id !== id)
      block.head.ids = block.head.ids.filter((each) => each !== id)
    }
    // Births arrive in the box's order, so a new record always belongs at the end.
    for (const record of fresh.sort((a, b) => a.born - b.born)) {
      const block = await this.lastWithRoom(record.dataset, changed, edit)
      block.records.push(record)
      block.head.ids.push(record.id)
    }
    const sealed = await Promise.all(
      [...changed.values()].map(async (block) => ({ ...block, sealed: await seal(this.key, block.records) })),
    )
    await this.shelf.together(['head', 'body', 'fact'], 'readwrite', async (at) => {
      for (const block of sealed) {
        const { dataset, n } = block.head
        await at.put('head', block.head)
        await at.put('body', { dataset, n, sealed: block.sealed } satisfies BlockBody)
      }
      for (const [name, value] of Object.entries(facts)) await at.put('fact', value, name)
    })
    for (const id of gone) this.places.delete(id)
    for (const block of sealed) {
      this.remember(block.head)
      this.keep(`${block.head.dataset}/${block.head.n}`, block.records)
    }
  }

  private async lastWithRoom(
    dataset: string,
    changed: Map<string, { head: BlockHead; records: Rec[] }>,
    edit: (dataset: string, n: number) => Promise<{ head: BlockHead; records: Rec[] }>,
  ) {
    const last = this.heads.get(dataset)?.at(-1)?.n ?? -1
    const newest = Math.max(
      last,
      ...[...changed.values()].filter((each) => each.head.dataset === dataset).map((each) => each.head.n),
    )
    if (newest >= 0) {
      const block = changed.get(`${dataset}/${newest}`) ?? (await edit(dataset, newest))
      if (block.records.length < blockSize) return block
    }
    const block = { head: { dataset, n: newest + 1, ids: [] as string[] }, records: [] as Rec[] }
    changed.set(`${dataset}/${newest + 1}`, block)
    return block
  }

  private remember(head: BlockHead) {
    const heads = this.heads.get(head.dataset) ?? []
    const at = heads.findIndex((each) => each.n === head.n)
    if (at >= 0) heads[at] = head
    else heads.push(head)
    heads.sort((a, b) => a.n - b.n)
    this.heads.set(head.dataset, heads)
    for (const id of head.ids) this.places.set(id, { dataset: head.dataset, n: head.n })
  }

  private async block(dataset: string, n: number): Promise<Rec[]> {
    const name = `${dataset}/${n}`
    const known = this.open.get(name)
    if (known) return known
    const body = await this.shelf.get<BlockBody>('body', [dataset, n])
    const records = body ? await unseal<Rec[]>(this.key, body.sealed) : []
    this.keep(name, records)
    return records
  }

  private keep(name: string, records: Rec[]) {
    this.open.delete(name)
    this.open.set(name, records)
    if (this.open.size > kept) this.open.delete(this.open.keys().next().value!)
  }
}
