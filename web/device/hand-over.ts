// A second copy of what waits, for the day the phone is lost in the lake: a parcel. Sealed with a key that only this
// device and its box can make (both know the hash of the device's token), so any colleague may carry it and nobody on
// the way can read it. Taken in as often as one likes: acts have ids, and arrive once. Bytes and why: docs/hand-over.md.

import type { ActRequest } from '../../server/kernel/acts.ts'
import type { FileRef } from '../../server/kernel/fields.ts'
import type { Words } from '../../server/kernel/words.ts'

/** What stands outside the seal, so that whoever carries it knows whose it is and where it belongs. */
export interface Label {
  /** The device's id: the box finds the key by it. */
  device: string
  /** The box it is for. */
  node: string
  county: Words
  /** As people call them: 刘建国. */
  person: string
  /** When it was made, by the device's best knowledge (ISO 8601). */
  at: string
  acts: number
  /** Photos inside. */
  photos: number
  /** Photos that live only on the device and are not inside. */
  left: number
}

/** What only the box reads. */
export interface Contents {
  /** The account's name. */
  person: string
  at: string
  acts: ActRequest[]
  /** The photos that follow, in this order. */
  photos: FileRef[]
}

export interface Photo {
  reference: FileRef
  bytes: ArrayBuffer
}

/** Why a parcel cannot be opened. */
export type Trouble =
  /** Not a hand-over file at all. */
  | 'foreign'
  /** Made by a newer program. */
  | 'newer'
  /** Cut off, changed on the way, or sealed with another key. */
  | 'damaged'

export class Unreadable extends Error {
  constructor(readonly trouble: Trouble) {
    super(`this parcel cannot be read: ${trouble}`)
  }
}

const magic = 'XHD2'
/** Acts are text; nothing honest inflates further. */
const largestInflated = 256 * 1024 * 1024

/** Seals acts and photos. `tokenHash`: hex SHA-256 of the device's token. */
export async function sealParcel(
  tokenHash: string,
  label: Label,
  contents: Contents,
  photos: AsyncIterable<Photo> | Iterable<Photo> = [],
): Promise<Blob> {
  const salt = crypto.getRandomValues(new Uint8Array(16))
  const head = headOf({ format: 'xhd/2', ...label, salt: base64(salt) })
  const key = await parcelKey(tokenHash, salt)
  const parts: BlobPart[] = [head]
  let n = 0
  const add = async (plain: BufferSource) => {
    const sealed = await crypto.subtle.encrypt(
      { name: 'AES-GCM', iv: nonce(n++), additionalData: head },
      key,
      plain,
    )
    const length = new Uint8Array(4)
    new DataView(length.buffer).setUint32(0, sealed.byteLength)
    // A blob, so that the browser may put a big part on disk and the phone's memory stays small.
    parts.push(length, new Blob([sealed]))
  }
  await add(await deflated(new TextEncoder().encode(JSON.stringify(contents))))
  for await (const photo of photos) await add(photo.bytes)
  return new Blob(parts, { type: 'application/octet-stream' })
}

/** What stands outside the seal. Nobody has vouched for it yet: opening does. Throws Unreadable. */
export function labelOn(parcel: Uint8Array): Label {
  return splitHead(parcel).label
}

/** Opens a parcel; every photo has been checked against its hash. Throws Unreadable when a byte of it was changed. */
export async function openParcel(
  parcel: Uint8Array<ArrayBuffer>,
  tokenHash: string,
): Promise<{ label: Label; contents: Contents; photos: Photo[] }> {
  const { head, salt, label } = splitHead(parcel)
  const key = await parcelKey(tokenHash, salt)
  const view = new DataView(parcel.buffer, parcel.byteOffset, parcel.byteLength)
  let at = head.length
  let n = 0
  const next = async (): Promise<ArrayBuffer> => {
    if (at + 4 > parcel.length) throw new Unreadable('damaged')
    const length = view.getUint32(at)
    if (at + 4 + length > parcel.length) throw new Unreadable('damaged')
    const sealed = parcel.subarray(at + 4, at + 4 + length)
    at += 4 + length
    return crypto.subtle
      .decrypt({ name: 'AES-GCM', iv: nonce(n++), additionalData: head }, key, sealed)
      .catch(() => {
        throw new Unreadable('damaged')
      })
  }
  const contents = JSON.parse(new TextDecoder().decode(await inflated(await next()))) as Contents
  const photos: Photo[] = []
  for (const reference of contents.photos) {
    const bytes = await next()
    if (hex(await crypto.subtle.digest('SHA-256', bytes)) !== reference.sha256)
      throw new Unreadable('damaged')
    photos.push({ reference, bytes })
  }
  if (at !== parcel.length) throw new Unreadable('damaged')
  return { label, contents, photos }
}

/**
 * The same as text, because phones share `.txt` with any program and nothing else unknown to them: a line for people,
 * then base64 (RFC 4648) between two marks.
 */
export function asText(parcel: Uint8Array, label: Label): string {
  const lines = base64(parcel).match(/.{1,76}/g) ?? []
  return [
    `县盒交接文件:${label.person} 的 ${label.acts} 条记录,已加密。请勿改动,原样带到${label.county.zh}县盒,在「离线办公 → 替同事带回」里打开。`,
    `-----${magic}-----`,
    ...lines,
    `-----END ${magic}-----`,
    '',
  ].join('\r\n')
}

/** The parcel in what somebody chose or received: as bytes or as text. Throws Unreadable. */
export function parcelIn(file: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (startsWith(file, magic)) return file
  if (/^XHD\d$/.test(latin(file.subarray(0, 4)))) throw new Unreadable('newer')
  const text = new TextDecoder().decode(file)
  const framed = /-----XHD(\d)-----([\sA-Za-z0-9+/=]*)(-----END)?/.exec(text)
  if (!framed) throw new Unreadable('foreign')
  if (framed[1] !== '2') throw new Unreadable('newer')
  if (!framed[3]) throw new Unreadable('damaged')
  try {
    return bytesOf(framed[2]!.replaceAll(/\s/g, ''))
  } catch {
    throw new Unreadable('damaged')
  }
}

/** A file of the first format, acts only: `{"format":"xhd/1","device","iv","data"}`; undefined when it is not one. */
export function firstFormat(
  file: Uint8Array,
): { device: string; open: (tokenHash: string) => Promise<Contents> } | undefined {
  if (!startsWith(file, '{')) return undefined
  let read: { format?: string; device?: string; iv: string; data: string }
  try {
    read = JSON.parse(new TextDecoder().decode(file))
  } catch {
    return undefined
  }
  if (read.format !== 'xhd/1') return undefined
  return {
    device: String(read.device),
    async open(tokenHash) {
      try {
        const plain = await crypto.subtle.decrypt(
          { name: 'AES-GCM', iv: bytesOf(read.iv) },
          await parcelKey(tokenHash, new Uint8Array(), 'xhd/1'),
          bytesOf(read.data),
        )
        return { ...(JSON.parse(new TextDecoder().decode(plain)) as Contents), photos: [] }
      } catch {
        throw new Unreadable('damaged')
      }
    },
  }
}

export const hashOf = async (text: string): Promise<string> =>
  hex(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))

export const hex = (buffer: ArrayBuffer) =>
  [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('')

function headOf(label: object): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(label))
  const head = new Uint8Array(6 + text.length)
  head.set(new TextEncoder().encode(magic))
  new DataView(head.buffer).setUint16(4, text.length)
  head.set(text, 6)
  return head
}

function splitHead(parcel: Uint8Array) {
  if (!startsWith(parcel, magic)) throw new Unreadable('foreign')
  const length = parcel.length < 6 ? 0 : (parcel[4]! << 8) | parcel[5]!
  if (length === 0 || parcel.length < 6 + length) throw new Unreadable('damaged')
  const head = parcel.slice(0, 6 + length)
  try {
    const { salt, ...label } = JSON.parse(new TextDecoder().decode(head.subarray(6))) as Label & {
      salt: string
    }
    const { device, node, county, person } = label
    if (![device, node, county?.zh, county?.en, person].every((each) => typeof each === 'string'))
      throw new Unreadable('damaged')
    return { head, salt: bytesOf(salt), label }
  } catch {
    throw new Unreadable('damaged')
  }
}

/** A key for this parcel alone (HKDF-SHA-256, RFC 5869), so that part numbers can be its nonces. */
async function parcelKey(
  tokenHash: string,
  salt: Uint8Array<ArrayBuffer>,
  info = 'xhd/2',
): Promise<CryptoKey> {
  const text = new TextEncoder()
  const material = await crypto.subtle.importKey('raw', text.encode(tokenHash), 'HKDF', false, ['deriveKey'])
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt, info: text.encode(info) },
    material,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
}

function nonce(n: number): Uint8Array<ArrayBuffer> {
  const iv = new Uint8Array(12)
  new DataView(iv.buffer).setUint32(8, n)
  return iv
}

const deflated = async (plain: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> =>
  new Response(new Blob([plain]).stream().pipeThrough(new CompressionStream('deflate-raw'))).arrayBuffer()

async function inflated(packed: ArrayBuffer): Promise<Uint8Array> {
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader()
  const pieces: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { value, done } = await reader.read()
    if (done) break
    length += value.length
    if (length > largestInflated) throw new Unreadable('damaged')
    pieces.push(value)
  }
  const plain = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    plain.set(piece, at)
    at += piece.length
  }
  return plain
}

const startsWith = (bytes: Uint8Array, text: string) => latin(bytes.subarray(0, text.length)) === text
const latin = (bytes: Uint8Array) => String.fromCharCode(...bytes)
const base64 = (data: Uint8Array) => {
  let text = ''
  for (let i = 0; i < data.length; i += 8192) text += latin(data.subarray(i, i + 8192))
  return btoa(text)
}
const bytesOf = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
