// What this device carries for colleagues whose own cannot reach the box: sealed parcels, unreadable here, in a database
// of their own that belongs to nobody: whoever works on this device next delivers them. The bytes stay until the box has
// answered; what it answered stays until somebody has read it.

import type { ParcelAnswer } from '../../server/http/parcels.ts'
import type { Words } from '../../server/kernel/words.ts'
import { hex, type Label, labelOn, parcelIn } from './hand-over.ts'
import type { Ask } from './link.ts'
import { Shelf } from './shelf.ts'

export interface Carried {
  /** SHA-256 of the parcel. */
  id: string
  label: Label
  bytes: number
  /** When it was taken along (ISO 8601). */
  at: string
  /** `refused`: the box cannot open it; the sentence says what to do, and the bytes stay until somebody lets go of it. */
  fate: 'here' | 'delivered' | 'refused'
  deliveredAt?: string
  answer?: ParcelAnswer
  refusal?: Words
}

const piece = 128 * 1024
const name = (id: string) => `parcel/${id}`
const every = () => IDBKeyRange.bound('parcel/', 'parcel/g')

export class CarrierBag {
  private constructor(private readonly shelf: Shelf) {}

  static async open(database = 'xianhe-carried'): Promise<CarrierBag> {
    return new CarrierBag(await Shelf.open(database))
  }

  /** Newest first. */
  async list(): Promise<Carried[]> {
    const all = await this.shelf.all<Carried>('fact', every())
    return all.sort((a, b) => (a.at < b.at ? 1 : -1))
  }

  /** How many parcels the box does not have yet. */
  async waiting(): Promise<number> {
    return (await this.list()).filter((each) => each.fate === 'here').length
  }

  /** Takes a parcel along, as a file or as text. On disk when this returns. Throws Unreadable. */
  async take(file: Uint8Array<ArrayBuffer>): Promise<{ parcel: Carried; known: boolean }> {
    const bytes = parcelIn(file)
    const label = labelOn(bytes)
    const id = hex(await crypto.subtle.digest('SHA-256', bytes))
    const before = await this.shelf.get<Carried>('fact', name(id))
    if (before) return { parcel: before, known: true }
    const parcel: Carried = {
      id,
      label,
      bytes: bytes.length,
      at: new Date().toISOString(),
      fate: 'here',
    }
    await this.shelf.together(['fact', 'file'], 'readwrite', async (at) => {
      await at.put('file', new Blob([bytes]), id)
      await at.put('fact', parcel, name(id))
    })
    return { parcel, known: false }
  }

  /** Hands everything in. `ask` speaks for whoever carries, and throws when the box is out of reach; then the rest waits. */
  async deliver(ask: Ask): Promise<void> {
    for (const parcel of (await this.list()).reverse()) {
      if (parcel.fate !== 'here') continue
      const bytes = await this.shelf.get<Blob>('file', parcel.id)
      if (!bytes || !(await inPieces(ask, parcel.id, bytes))) continue
      const response = await ask(`/device/v1/parcels/${parcel.id}`, { method: 'POST' })
      if (response.ok) {
        const answer = (await response.json()) as ParcelAnswer
        const after = { ...parcel, fate: 'delivered' as const, deliveredAt: new Date().toISOString(), answer }
        await this.shelf.together(['fact', 'file'], 'readwrite', async (at) => {
          await at.put('fact', after, name(parcel.id))
          await at.remove('file', parcel.id)
        })
      } else if (response.status === 422) {
        const { message } = (await response.json()) as { message: Words }
        await this.shelf.put('fact', { ...parcel, fate: 'refused', refusal: message }, name(parcel.id))
      }
    }
  }

  /** The database was taken away, by a newer version of the pages or by the browser: open another bag. */
  get closed(): boolean {
    return this.shelf.closed
  }

  /** One the box could not open is tried again: it may have been upgraded since. */
  async again(id: string): Promise<void> {
    const parcel = await this.shelf.get<Carried>('fact', name(id))
    if (parcel?.fate !== 'refused') return
    await this.shelf.put('fact', { ...parcel, fate: 'here', refusal: undefined }, name(id))
  }

  /** Somebody has read what became of it, or gives up one the box cannot open. One that waits is never let go. */
  async letGo(id: string): Promise<void> {
    const parcel = await this.shelf.get<Carried>('fact', name(id))
    if (!parcel || parcel.fate === 'here') return
    await this.shelf.together(['fact', 'file'], 'readwrite', async (at) => {
      await at.remove('fact', name(id))
      await at.remove('file', id)
    })
  }
}

/** True when the box has it whole. What it has already is not sent again. */
async function inPieces(ask: Ask, id: string, bytes: Blob): Promise<boolean> {
  const path = `/device/v1/parcels/${id}`
  const known = await ask(path, { method: 'HEAD' })
  if (known.headers.get('upload-complete') === '?1') return true
  let offset = Number(known.headers.get('upload-offset') ?? 0)
  while (known.ok && offset < bytes.size) {
    const answer = await ask(path, {
      method: 'PATCH',
      body: await bytes.slice(offset, offset + piece).arrayBuffer(),
      headers: {
        'upload-offset': String(offset),
        'upload-length': String(bytes.size),
        'content-type': 'application/offset+octet-stream',
      },
    })
    if (answer.headers.get('upload-complete') === '?1') return true
    const next = Number(answer.headers.get('upload-offset') ?? Number.NaN)
    if (!(answer.ok || answer.status === 409) || Number.isNaN(next) || next === offset) return false
    offset = next
  }
  return false
}
