// Photos taken out of reach: shrunk here, named by their hash, sealed, and sent in pieces that resume. What the box
// has whole is never sent again.

import type { FileRef } from '../../server/kernel/fields.ts'
import type { Ask } from './link.ts'
import type { Sealed, Shelf } from './shelf.ts'
import { sealBytes, unsealBytes } from './vault.ts'

/** Longest side of a kept photo: a leaf's spots are still seen, and a day of photos fits through a village line. */
const longest = 1600
/**
 * A piece is what the line carries in some ten to thirty seconds. The box keeps what arrives of one that is cut off, so
 * small pieces save nothing, and every pause between two of them costs a bad line its pace: with 20 % loss, 900 kB in pieces
 * of 8 to 16 KB took 425 s, in pieces of 64 KB and more half of that. Large ones only outlast the patience of the line.
 */
const [smallest, first, largest] = [32 * 1024, 64 * 1024, 1024 * 1024]

interface Kept {
  sealed: Sealed
  reference: FileRef
}

export class Attachments {
  /** Photos that lie here and cannot be read any more: the disk lost them. What was entered with them is sent all the same. */
  readonly damaged = new Set<string>()
  private piece = first

  constructor(
    private readonly shelf: Shelf,
    private readonly key: CryptoKey,
  ) {}

  async keep(file: File): Promise<FileRef> {
    const { bytes, type, name } = await shrunk(file)
    const sha256 = hex(await crypto.subtle.digest('SHA-256', bytes))
    const reference: FileRef = { sha256, name, type, bytes: bytes.byteLength }
    await this.shelf.put(
      'file',
      { sealed: await sealBytes(this.key, bytes), reference } satisfies Kept,
      sha256,
    )
    return reference
  }

  /** A photo kept here, to be shown before the box has it. */
  async open(sha256: string): Promise<{ bytes: ArrayBuffer; type: string } | undefined> {
    const kept = await this.read(sha256)
    return kept && { bytes: kept.bytes, type: kept.reference.type }
  }

  /** Photos the box does not have whole yet, by SHA-256. */
  async waiting(): Promise<string[]> {
    return (await this.shelf.keys('file')) as string[]
  }

  /**
   * Sends one photo from where the box stands, and lets it go once the box has it whole. False when the box would not take it
   * now, or when `until` says to leave the rest for later. Throws only when the box is out of reach.
   */
  async send(ask: Ask, sha256: string, until: () => boolean = () => false): Promise<boolean> {
    if (!(await this.waiting()).includes(sha256)) return true
    const kept = await this.read(sha256)
    if (!kept || !(await this.sendPieces(ask, sha256, kept.bytes, until))) return false
    await this.shelf.remove('file', sha256)
    return true
  }

  /** Everything kept here, sealed again with another key: its person sets the device up anew. */
  async resealed(key: CryptoKey): Promise<[sha256: string, photo: unknown][]> {
    const photos: [string, Kept][] = []
    for (const sha256 of await this.waiting()) {
      const kept = await this.read(sha256)
      if (kept) photos.push([sha256, { sealed: await sealBytes(key, kept.bytes), reference: kept.reference }])
    }
    return photos
  }

  /** One photo, opened; undefined when it is not here, or not to be read: nothing else waits for that. */
  private async read(sha256: string): Promise<{ bytes: ArrayBuffer; reference: FileRef } | undefined> {
    try {
      const kept = await this.shelf.get<Kept>('file', sha256)
      return kept && { bytes: await unsealBytes(this.key, kept.sealed), reference: kept.reference }
    } catch (error) {
      // Signed out in the middle: that is not the photo's fault.
      if (this.shelf.closed) throw error
      this.damaged.add(sha256)
      return undefined
    }
  }

  private async sendPieces(
    ask: Ask,
    sha256: string,
    bytes: ArrayBuffer,
    until: () => boolean,
  ): Promise<boolean> {
    const path = `/device/v1/files/${sha256}`
    const known = await ask(path, { method: 'HEAD' })
    if (known.headers.get('upload-complete') === '?1') return true
    let offset = Number(known.headers.get('upload-offset') ?? 0)
    while (offset < bytes.byteLength && !until()) {
      const began = performance.now()
      const answer = await ask(path, {
        method: 'PATCH',
        body: bytes.slice(offset, offset + this.piece),
        headers: {
          'upload-offset': String(offset),
          'upload-length': String(bytes.byteLength),
          'content-type': 'application/offset+octet-stream',
        },
      }).catch((error) => {
        this.piece = Math.max(smallest, this.piece / 2)
        throw error
      })
      if (answer.headers.get('upload-complete') === '?1') return true
      const next = Number(answer.headers.get('upload-offset') ?? Number.NaN)
      // 409 tells where the box really stands; whatever else it says is for the next exchange.
      if (!(answer.ok || answer.status === 409) || Number.isNaN(next) || next === offset) return false
      offset = next
      const seconds = (performance.now() - began) / 1000
      if (seconds < 8) this.piece = Math.min(largest, this.piece * 2)
      else if (seconds > 30) this.piece = Math.max(smallest, this.piece / 2)
    }
    return false
  }
}

async function shrunk(file: File): Promise<{ bytes: ArrayBuffer; type: string; name: string }> {
  const whole = {
    bytes: await file.arrayBuffer(),
    type: file.type || 'application/octet-stream',
    name: file.name,
  }
  if (
    !/^image\/(jpeg|png|webp)$/.test(file.type) ||
    typeof createImageBitmap !== 'function' ||
    typeof OffscreenCanvas === 'undefined'
  )
    return whole
  try {
    const picture = await createImageBitmap(file)
    const scale = Math.min(1, longest / Math.max(picture.width, picture.height))
    if (scale === 1 && file.size < 600_000) return whole
    const canvas = new OffscreenCanvas(Math.round(picture.width * scale), Math.round(picture.height * scale))
    canvas.getContext('2d')!.drawImage(picture, 0, 0, canvas.width, canvas.height)
    // A picture of 48 megapixels is 190 MB unpacked: not until the next collection of garbage.
    picture.close()
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.82 })
    return { bytes: await blob.arrayBuffer(), type: 'image/jpeg', name: file.name.replace(/\.\w+$/, '.jpg') }
  } catch {
    // A picture this browser cannot draw is kept as it is.
    return whole
  }
}

const hex = (buffer: ArrayBuffer) =>
  [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
