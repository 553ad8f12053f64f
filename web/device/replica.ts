// The records a device carries, in sealed blocks. Fifty thousand records are 250 blocks: loading them is 250 writes
// instead of fifty thousand. Beside each block lies its gist (gist.ts), sealed too: questions are put to the gists, and
// only the blocks with records to show are unsealed. Unsealed things are kept in memory up to a number of bytes, and no
// longer than the person is signed in.
//
// A block is rewritten whole, under a new head and a new turn, and never changed in memory: whoever is reading the old
// one reads on, and sees by the turn that a gist is not of the block he asked about.

import type { DatasetSpec, Rec } from '../../server/kernel/dataset.ts'
import type { Registry } from '../../server/kernel/registry.ts'
import { Block } from './block.ts'
import { formOf, type Gist, gistOf, inGist } from './gist.ts'
import {
  type BlockBody,
  type BlockGist,
  type BlockHead,
  type Counter,
  leaveRoom,
  type Sealed,
  type Shelf,
} from './shelf.ts'
import type { Sift } from './sift.ts'
import { seal, sealBytes, unseal, unsealBytes } from './vault.ts'

const blockSize = 200
/** Bytes kept unsealed in memory: blocks weigh there what they weigh on disk, gists about as much. */
const openBlocks = 8e6
const openGists = 16e6
/** Blocks changed in one transaction: a catch-up that touches every block must fit a small phone's memory. */
const together = 32
/** Records asked about at first, which is enough for a list's first page; and then at a time. */
const [firstLook, thenLook] = [600, 20_000]

/** A record that a question found. */
export interface Row {
  id: string
  born: number
  /** Of the field asked for. */
  value?: unknown
}

export interface Look {
  most?: number
  /** Records that come after this one in the list. */
  after?: { born: number; id: string }
  /** Whether these belong to the answer is known already: acts wait on them. */
  known?: Map<string, boolean>
  /** A field whose value comes with each row. */
  value?: string
}

export class Replica {
  private readonly heads = new Map<string, BlockHead[]>()
  private readonly places = new Map<string, BlockHead>()
  private readonly orders = new Map<string, Float64Array>()
  private readonly kept = new Kept<Block>(openBlocks)
  private readonly gists = new Kept<Gist>(openGists)
  private turn = 0
  /** Diary position from which the box has to be asked again: a block could not be read. */
  private missing: number | undefined

  private constructor(
    private readonly shelf: Shelf,
    private readonly key: CryptoKey,
    private readonly registry: Registry,
  ) {}

  static async load(shelf: Shelf, key: CryptoKey, registry: Registry): Promise<Replica> {
    const replica = new Replica(shelf, key, registry)
    try {
      await replica.reload()
    } catch (error) {
      if (shelf.closed) throw error
      // Its own list of blocks cannot be read. The box has every record; what waits here lies elsewhere and stays.
      await replica.startOver()
    }
    return replica
  }

  has(id: string): boolean {
    return this.places.has(id)
  }

  async read(id: string): Promise<Rec | undefined> {
    return (await this.readMany([id])).get(id)
  }

  /** Those that are here; each block is opened once. */
  readMany(ids: Iterable<string>): Promise<Map<string, Rec>> {
    const wanted = [...ids]
    return this.steadily(() => this.carried(wanted))
  }

  private async carried(ids: string[]): Promise<Map<string, Rec>> {
    const wanted = new Map<BlockHead, Set<string>>()
    for (const id of ids) {
      const head = this.places.get(id)
      if (head) wanted.set(head, (wanted.get(head) ?? new Set()).add(id))
    }
    const found = new Map<string, Rec>()
    const heads = [...wanted.keys()]
    for (let i = 0; i < heads.length; i += together) {
      const some = heads.slice(i, i + together)
      for (const [k, block] of (await this.blocks(some)).entries()) {
        const head = some[k]!
        for (const id of wanted.get(head)!) {
          const record = block?.record(head.ids.indexOf(id), id)
          if (record) found.set(id, record)
        }
      }
    }
    return found
  }

  /** What a question finds, newest first (by birth in the box's diary). */
  async find(spec: DatasetSpec, sift: Sift, look: Look = {}): Promise<Row[]> {
    return this.steadily(() => this.found(spec, sift, look))
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

  /** Where to ask the box from, when this device stands at `seq`: earlier, when something could not be read here. */
  askFrom(seq: number): number {
    return Math.min(seq, this.missing ?? seq)
  }

  /** False while something that was here could not be read and has not come again from the box. */
  get whole(): boolean {
    return this.missing === undefined
  }

  /**
   * Takes in what the box says now: records changed or new, and ids that left the person's scope; with the position
   * (`facts.seq`) this brings the device to. `after`: the position it was asked from. The position is written last, with
   * the last of the records: a device that is switched off in the middle asks for them again.
   */
  async take(records: Rec[], gone: string[], facts: Record<string, unknown>, after?: number): Promise<void> {
    return this.steadily(() => this.taken(records, gone, facts, after))
  }

  /** Does it again over what is there now, when blocks were written meanwhile, here or by another worker of this device. */
  private async steadily<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof Moved) || tries === 100) throw error
        await this.lookAgain()
      }
    }
  }

  private async taken(records: Rec[], gone: string[], facts: Record<string, unknown>, after?: number) {
    await leaveRoom()
    let turn = this.turn
    const parts = this.parts(records, gone)
    const mended = this.missing !== undefined && after !== undefined && after <= this.missing
    for (const [i, part] of parts.entries()) {
      const last = i === parts.length - 1
      const written = await this.rewritten(part, turn)
      turn = await this.write(turn, written, async (at) => {
        if (!last) return
        for (const [name, value] of Object.entries(facts)) await at.put('fact', value, name)
        if (mended) await at.remove('fact', 'missing')
      })
    }
    if (mended) this.missing = undefined
  }

  /** What happens to which block, a few blocks at a time. */
  private parts(records: Rec[], gone: string[]): Map<BlockHead, Change>[] {
    const changes = new Map<BlockHead, Change>()
    const changeOf = (head: BlockHead) => {
      let change = changes.get(head)
      if (!change) changes.set(head, (change = { put: new Map(), gone: new Set() }))
      return change
    }
    const fresh = new Map<string, Rec>()
    for (const record of records) {
      const head = this.places.get(record.id)
      if (head) changeOf(head).put.set(record.id, record)
      else fresh.set(record.id, record)
    }
    for (const id of gone) {
      const head = this.places.get(id)
      if (head) changeOf(head).gone.add(id)
      fresh.delete(id)
    }
    const last = new Map<string, { head: BlockHead; size: number }>()
    for (const [dataset, heads] of this.heads)
      if (heads.length > 0) last.set(dataset, { head: heads.at(-1)!, size: heads.at(-1)!.ids.length })
    // Near its neighbours of birth, so that a page of a list opens one block.
    for (const record of [...fresh.values()].sort((a, b) => a.born - b.born)) {
      let end = last.get(record.dataset)
      if (!end || end.size >= blockSize) {
        const n = (end?.head.n ?? -1) + 1
        end = { head: { dataset: record.dataset, n, ids: [], born: [], form: '', turn: 0 }, size: 0 }
        last.set(record.dataset, end)
      }
      changeOf(end.head).put.set(record.id, record)
      end.size++
    }
    const all = [...changes]
    const parts: Map<BlockHead, Change>[] = []
    for (let i = 0; i < all.length; i += together) parts.push(new Map(all.slice(i, i + together)))
    return parts.length > 0 ? parts : [new Map()]
  }

  private async rewritten(changes: Map<BlockHead, Change>, turn: number): Promise<Written[]> {
    const heads = [...changes.keys()]
    const old = await this.recordsIn(heads)
    return Promise.all(
      heads.map((head, i) => {
        const { put, gone } = changes.get(head)!
        const kept = old[i]!.filter((each) => !put.has(each.id) && !gone.has(each.id))
        return this.sealed(head, [...kept, ...put.values()], turn + 1)
      }),
    )
  }

  private async sealed({ dataset, n }: BlockHead, records: Rec[], turn: number): Promise<Written> {
    const spec = this.registry.datasets.get(dataset)?.spec
    const head: BlockHead = {
      dataset,
      n,
      ids: records.map((each) => each.id),
      born: records.map((each) => each.born),
      form: formOf(spec),
      turn,
    }
    const gist = spec && gistOf(spec, records, { turn })
    const block = Block.of(records)
    return {
      head,
      block,
      gist,
      body: await sealBytes(this.key, block.buffer),
      gistBody: gist && (await seal(this.key, gist)),
    }
  }

  /** One transaction and one turn; throws `Moved` when somebody else has taken it since `turn`. Answers with the turn. */
  private async write(
    turn: number,
    written: Written[],
    more?: (at: Counter) => Promise<void>,
  ): Promise<number> {
    const next = written.length > 0 ? turn + 1 : turn
    await this.inTurn(turn, next, async (at) => {
      for (const { head, body, gistBody } of written) {
        const { dataset, n } = head
        await at.put('head', rowOf(head))
        await at.put('body', { dataset, n, sealed: body } satisfies BlockBody)
        if (gistBody) await at.put('gist', { dataset, n, sealed: gistBody } satisfies BlockGist)
      }
      await more?.(at)
    })
    for (const { head, block, gist, body, gistBody } of written) {
      this.remember(head)
      this.kept.keep(head, Promise.resolve(block), body.data.byteLength)
      if (gist) this.gists.keep(head, Promise.resolve(gist), gistBody!.data.byteLength)
    }
    return next
  }

  private async inTurn(turn: number, next: number, work: (at: Counter) => Promise<void>) {
    await this.shelf.together(['head', 'body', 'gist', 'fact'], 'readwrite', async (at) => {
      if (((await at.get<number>('fact', 'turn')) ?? 0) !== turn) throw new Moved()
      if (next !== turn) await at.put('fact', next, 'turn')
      await work(at)
    })
    this.turn = next
  }

  /** A block cannot be read. It is let go, and the box asked again from the birth of its oldest record. */
  private async lose(unread: BlockHead[]) {
    const { turn } = this
    // One that was written anew, or let go, since it was asked for is none of ours.
    const heads = unread.filter((head) => this.heads.get(head.dataset)?.includes(head))
    if (heads.length === 0) return
    const from = Math.min(...heads.map((head) => Math.min(...head.born, Number.MAX_SAFE_INTEGER) - 1))
    const missing = Math.max(
      0,
      Math.min(this.missing ?? from, heads.some((each) => each.born.length === 0) ? 0 : from),
    )
    await this.inTurn(turn, turn + 1, async (at) => {
      for (const head of heads) for (const store of blockStores) await at.remove(store, keyOf(head))
      await at.put('fact', missing, 'missing')
    })
    this.missing = missing
    for (const head of heads) {
      const others = this.heads.get(head.dataset)
      if (others?.includes(head)) others.splice(others.indexOf(head), 1)
      this.forget(head)
    }
  }

  private async lookAgain() {
    if (((await this.shelf.get<number>('fact', 'turn')) ?? 0) !== this.turn) await this.reload()
  }

  private async reload() {
    const [heads, turn, missing] = await this.shelf.together(['head', 'fact'], 'readonly', (at) =>
      Promise.all([
        at.all<Partial<HeadRow>>('head'),
        at.get<number>('fact', 'turn'),
        at.get<number>('fact', 'missing'),
      ]),
    )
    this.turn = turn ?? 0
    this.missing = missing
    for (const each of [this.heads, this.places, this.orders, this.kept, this.gists]) each.clear()
    for (const row of heads) {
      const head = headOf(row)
      const known = this.heads.get(head.dataset)
      if (known) known.push(head)
      else this.heads.set(head.dataset, [head])
      for (const id of head.ids) this.places.set(id, head)
    }
  }

  private async startOver() {
    await this.shelf.together([...blockStores, 'fact'], 'readwrite', async (at) => {
      for (const store of blockStores) await at.clear(store)
      await at.put('fact', ((await at.get<number>('fact', 'turn')) ?? 0) + 1, 'turn')
      await at.put('fact', 0, 'missing')
    })
    await this.reload()
  }

  private remember(head: BlockHead) {
    const heads = this.heads.get(head.dataset) ?? []
    this.heads.set(head.dataset, heads)
    const at = heads.findIndex((each) => each.n === head.n)
    const old = heads[at]
    if (old) {
      heads[at] = head
      this.forget(old)
    } else heads.push(head)
    for (const id of head.ids) this.places.set(id, head)
    this.orders.delete(head.dataset)
  }

  private forget(head: BlockHead) {
    for (const id of head.ids) if (this.places.get(id) === head) this.places.delete(id)
    this.kept.drop(head)
    this.gists.drop(head)
    this.orders.delete(head.dataset)
  }

  private async found(spec: DatasetSpec, sift: Sift, look: Look): Promise<Row[]> {
    const { most = Number.POSITIVE_INFINITY, known, value } = look
    await this.inForm(spec)
    const heads = this.heads.get(spec.name) ?? []
    const snapshot = [...heads]
    const order = this.orderOf(spec.name, snapshot)
    const beside = [...sift.fields, ...(value ? [value] : [])].filter((name) => !inGist(spec, name))
    const fits = new Map<number, Uint8Array>()
    const gists = new Map<number, Gist>()
    const rows: Row[] = []
    let step = firstLook
    let k = startOf(order, snapshot, look.after)
    let looked = 0
    while (k >= 0 && rows.length < most) {
      const k0 = k
      const until = Math.max(0, k - step + 1)
      const blocks = new Set<number>()
      for (let i = k; i >= until; i--) if (!fits.has(blockAt(order[i]!))) blocks.add(blockAt(order[i]!))
      const opened = await this.gistsOf(
        spec,
        [...blocks].map((block) => snapshot[block]!),
        beside,
      )
      for (const [i, block] of [...blocks].entries()) {
        fits.set(block, sift.fits(opened[i]!))
        if (value) gists.set(block, opened[i]!)
      }
      for (; k >= until && rows.length < most; k--) {
        const [block, i] = [blockAt(order[k]!), placeAt(order[k]!)]
        const head = snapshot[block]!
        const id = head.ids[i]!
        if (!(known?.get(id) ?? fits.get(block)![i])) continue
        const row: Row = { id, born: head.born[i]! }
        if (value) {
          const column = gists.get(block)!.fields[value]
          row.value = column?.values[column.at[i]!] ?? undefined
        }
        rows.push(row)
      }
      // As many more as will do, as far as the beginning tells.
      looked += k0 - k
      step =
        rows.length > 0
          ? Math.min(thenLook, Math.ceil((1.2 * (most - rows.length) * looked) / rows.length))
          : thenLook
    }
    return rows
  }

  /** Places of a dataset's records in order of birth, oldest first; those born in one act as they arrived. */
  private orderOf(dataset: string, heads: BlockHead[]): Float64Array {
    const known = this.orders.get(dataset)
    if (known) return known
    const order = new Float64Array(heads.reduce((sum, head) => sum + head.ids.length, 0))
    let k = 0
    let sorted = true
    for (const [block, head] of heads.entries())
      for (const [i, born] of head.born.entries()) {
        order[k] = (born * blocksAtMost + block) * placesAtMost + i
        sorted &&= k === 0 || order[k]! >= order[k - 1]!
        k++
      }
    // A record amended before this device came arrives late and belongs far back.
    if (!sorted) order.sort()
    this.orders.set(dataset, order)
    return order
  }

  /** After an update that changed what gists are made of, they are made again, once. */
  private async inForm(spec: DatasetSpec) {
    const form = formOf(spec)
    for (;;) {
      const old = (this.heads.get(spec.name) ?? []).filter((head) => head.form !== form).slice(0, together)
      if (old.length === 0) return
      await this.reform(old)
    }
  }

  private async reform(heads: BlockHead[]) {
    const { turn } = this
    const records = await this.recordsIn(heads)
    await this.write(
      turn,
      await Promise.all(heads.map((head, i) => this.sealed(head, records[i]!, turn + 1))),
    )
  }

  private async gistsOf(spec: DatasetSpec, heads: BlockHead[], beside: string[]): Promise<Gist[]> {
    if (beside.length > 0)
      return (await this.recordsIn(heads)).map((records) => gistOf(spec, records, { more: beside }))
    const opened = await this.opened('gist', this.gists, heads, (sealed) => unseal<Gist>(this.key, sealed))
    // A gist that cannot be read is made again from its block.
    const damaged = heads.filter((_, i) => !opened[i])
    if (damaged.length > 0) await this.reform(damaged)
    const moved = heads.filter((head, i) => opened[i]?.turn !== head.turn)
    for (const head of moved) this.gists.drop(head)
    if (moved.length > 0) throw new Moved()
    return opened as Gist[]
  }

  /** All of what lies in these blocks, to be written anew: never over one that could not be read. */
  private async recordsIn(heads: BlockHead[]): Promise<Rec[][]> {
    const blocks = await this.blocks(heads)
    if (heads.some((head, i) => !blocks[i] && head.turn !== 0)) throw new Moved()
    return blocks.map((block) => block?.all() ?? [])
  }

  /** Undefined for a block that is to be, and for one that cannot be read. */
  private async blocks(heads: BlockHead[]): Promise<(Block | undefined)[]> {
    const unsealed = async (sealed: Sealed) => new Block(new Uint8Array(await unsealBytes(this.key, sealed)))
    const opened = await this.opened('body', this.kept, heads, unsealed)
    const lost = heads.filter((head, i) => !opened[i] && head.turn !== 0)
    if (lost.length > 0) await this.lose(lost)
    return opened
  }

  private rows(store: 'body' | 'gist', heads: BlockHead[]): Promise<(BlockBody | undefined)[]> {
    return this.shelf.many<BlockBody>(store, heads.map(keyOf)).catch((error) => {
      if (this.shelf.closed) throw error
      // One the disk has lost fails all that were asked with it (Chromium: «Failed to read large IndexedDB value»).
      return Promise.all(
        heads.map((head) =>
          this.shelf.get<BlockBody>(store, keyOf(head)).catch((lost) => {
            if (this.shelf.closed) throw lost
            return undefined
          }),
        ),
      )
    })
  }

  /** What lies in these blocks, each unsealed once whoever else asks meanwhile; undefined where the seal does not open. */
  private opened<T>(
    store: 'body' | 'gist',
    kept: Kept<T>,
    heads: BlockHead[],
    unsealed: (sealed: Sealed) => Promise<T>,
  ): Promise<(T | undefined)[]> {
    const missing = heads.filter((head) => !kept.get(head) && head.turn !== 0)
    const rows = missing.length > 0 ? this.rows(store, missing) : undefined
    for (const [i, head] of missing.entries()) {
      const opening = async () => {
        const row = (await rows!)[i]
        const thing = row && (await unsealed(row.sealed).catch(() => undefined))
        if (thing) kept.weigh(head, row.sealed.data.byteLength)
        else kept.drop(head)
        return thing
      }
      const thing = opening()
      // Whoever waits for it hears of it; the next one tries again.
      thing.catch(() => kept.drop(head))
      kept.keep(head, thing, 0)
    }
    return Promise.all(heads.map((head) => kept.get(head)))
  }
}

/** What is to happen to one block. */
interface Change {
  put: Map<string, Rec>
  gone: Set<string>
}

/** A block as it will be, sealed already: a transaction waits for nothing but the database. */
interface Written {
  head: BlockHead
  block: Block
  body: Sealed
  gist?: Gist
  gistBody?: Sealed
}

/** Not an error: blocks were written meanwhile. */
class Moved extends Error {
  constructor() {
    super('the replica was written meanwhile')
  }
}

const blockStores = ['head', 'body', 'gist'] as const

/** A head as it lies on disk: one string is read in a tenth of the time of two hundred. */
type HeadRow = Omit<BlockHead, 'ids'> & { ids: string | string[] }
const rowOf = (head: BlockHead): HeadRow => ({ ...head, ids: head.ids.join(' ') })
/** A block written by an earlier version says less of itself, and is put in form when it is asked about. */
function headOf({ dataset, n, ids, born = [], form = '', turn = -1 }: Partial<HeadRow>): BlockHead {
  if (!dataset || n === undefined || ids === undefined) throw new Error('a head that is none')
  return {
    dataset,
    n,
    ids: typeof ids !== 'string' ? ids : ids === '' ? [] : ids.split(' '),
    born,
    form,
    turn,
  }
}
const keyOf = ({ dataset, n }: BlockHead): IDBValidKey => [dataset, n]

// A place in order of birth is one number, so that fifty thousand sort in a few milliseconds: birth, block, record.
const [blocksAtMost, placesAtMost] = [4096, 256]
const bornAt = (place: number) => Math.floor(place / (blocksAtMost * placesAtMost))
const blockAt = (place: number) => Math.floor(place / placesAtMost) % blocksAtMost
const placeAt = (place: number) => place % placesAtMost

/** Where in the order a page begins that follows a record. */
function startOf(order: Float64Array, heads: BlockHead[], after: Look['after']): number {
  if (!after) return order.length - 1
  let [low, high] = [0, order.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (bornAt(order[middle]!) <= after.born) low = middle + 1
    else high = middle
  }
  for (let k = low - 1; k >= 0 && bornAt(order[k]!) === after.born; k--)
    if (heads[blockAt(order[k]!)]!.ids[placeAt(order[k]!)] === after.id) return k - 1
  return low - 1
}

/** Unsealed things in memory, or on the way there: the last used ones, up to a number of bytes. */
class Kept<T> {
  private readonly things = new Map<BlockHead, { thing: Promise<T | undefined>; bytes: number }>()
  private bytes = 0

  constructor(private readonly most: number) {}

  get(head: BlockHead): Promise<T | undefined> | undefined {
    const known = this.things.get(head)
    if (!known) return undefined
    this.things.delete(head)
    this.things.set(head, known)
    return known.thing
  }

  keep(head: BlockHead, thing: Promise<T | undefined>, bytes: number) {
    this.drop(head)
    this.things.set(head, { thing, bytes: 0 })
    this.weigh(head, bytes)
  }

  /** How much it turned out to be. */
  weigh(head: BlockHead, bytes: number) {
    const known = this.things.get(head)
    if (!known) return
    this.bytes += bytes - known.bytes
    known.bytes = bytes
    for (const oldest of this.things.keys()) {
      if (this.bytes <= this.most || oldest === head) return
      this.drop(oldest)
    }
  }

  drop(head: BlockHead) {
    this.bytes -= this.things.get(head)?.bytes ?? 0
    this.things.delete(head)
  }

  clear() {
    this.things.clear()
    this.bytes = 0
  }
}
