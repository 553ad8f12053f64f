// A parcel as a row of QR codes that need not be read in order, nor all of them. The codes first show the parcel's
// chunks one after the other; from then on each shows the sum (XOR) of a random half of the chunks, and goes on for
// ever. Whoever reads any set of codes with as many independent ones as there are chunks can solve for all of them:
// on average 1.6 more than the chunks. A plain loop would make the reader wait a whole round for each code missed; with
// one in five lost, 60 chunks take 77 codes this way and 183 in a loop. A linear code needs no library, where
// Raptor (RFC 6330) saves arithmetic that 400 chunks do not need.

export interface Pace {
  /** Most bytes of the parcel in each code. */
  bytes: number
  /** Codes a second. Six is the most at which no point flashes more than three times a second (WCAG 2.3.1). */
  perSecond: number
}
// An old webcam sees 640×480: a code that fills two thirds of the height has 330 pixels, 6 for each of 53 modules.
/** 206 bytes make a version 9 code (53 modules) at the lowest correction; what is misread is simply read again. */
export const usual: Pace = { bytes: 206, perSecond: 6 }
/** For cameras that cannot focus: version 4 (33 modules), more slowly. */
export const coarse: Pace = { bytes: 58, perSecond: 4 }

/** Larger ones go as a file: at the usual pace this is a minute and a half of holding a phone still. */
export const largestShown = 100_000

const mark = 'XHQ1:'
const headBytes = 14

/** Seconds it takes when one code in five is missed, with three to find the frame; in fives, because nobody counts. */
export const secondsFor = (bytes: number, pace: Pace = usual) =>
  5 * Math.ceil((3 + (chunksOf(bytes, pace).count * 1.25 + 2) / pace.perSecond) / 5)

/**
 * A parcel of so many bytes in chunks as large as the pace allows, and all alike: a last one that is mostly padding would
 * be a chessboard, which cameras read worst.
 */
export function chunksOf(bytes: number, pace: Pace): { count: number; size: number } {
  const size = Math.max(1, Math.ceil(bytes / Math.max(1, Math.ceil(bytes / pace.bytes))))
  return { size, count: Math.max(1, Math.ceil(bytes / size)) }
}

/**
 * The n-th code of a parcel, as text in the QR alphabet: `XHQ1:`, then base45 (RFC 9285) of the first eight bytes of
 * the parcel's SHA-256, its length (24 bits), n (24 bits) and the chunk or sum of chunks.
 */
export async function framesOf(parcel: Uint8Array<ArrayBuffer>, pace: Pace): Promise<(n: number) => string> {
  const tag = await tagOf(parcel)
  const { count, size } = chunksOf(parcel.length, pace)
  const padded = new Uint8Array(count * size)
  padded.set(parcel)
  return (n) => {
    const frame = new Uint8Array(headBytes + size)
    frame.set(tag)
    put24(frame, 8, parcel.length)
    put24(frame, 11, n)
    const sum = frame.subarray(headBytes)
    for (const i of chunksIn(n, count)) add(sum, padded.subarray(i * size, (i + 1) * size))
    return mark + base45(frame)
  }
}

export interface Progress {
  /** Independent codes read. */
  have: number
  need: number
}

/** Gathers codes until the parcel is whole. Order, repetition and codes of other things do not matter. */
export class Gathering {
  private about = ''
  private length = 0
  private size = 0
  private count = 0
  private have = 0
  private seen = new Set<number>()
  /** By first chunk: which chunks a sum holds, and the sum. Echelon form of what was read so far. */
  private rows: ({ holds: Uint32Array; sum: Uint8Array<ArrayBuffer> } | undefined)[] = []

  get progress(): Progress {
    return { have: this.have, need: this.count }
  }

  /** `other` when the code is none of ours; `new` when it brought something; `known` when it did not. */
  take(text: string): 'other' | 'new' | 'known' {
    const frame = text.startsWith(mark) ? fromBase45(text.slice(mark.length)) : undefined
    if (!frame || frame.length <= headBytes) return 'other'
    const length = get24(frame, 8)
    const n = get24(frame, 11)
    const size = frame.length - headBytes
    if (length === 0 || length > largestShown) return 'other'
    const about = `${String.fromCharCode(...frame.subarray(0, 8))}/${length}/${size}`
    // The other side began anew: with another parcel, or with larger modules.
    if (about !== this.about) this.begin(about, length, size)
    if (this.seen.has(n)) return 'known'
    this.seen.add(n)
    return this.reduce(n, frame.slice(headBytes)) ? 'new' : 'known'
  }

  /** The parcel, once enough was read. Undefined also when it does not match its hash: then everything begins anew. */
  async parcel(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.count === 0 || this.have < this.count) return undefined
    this.solve()
    const whole = new Uint8Array(this.count * this.size)
    for (const [i, row] of this.rows.entries()) whole.set(row!.sum, i * this.size)
    const parcel = whole.slice(0, this.length)
    const tag = String.fromCharCode(...(await tagOf(parcel)))
    if (this.about.startsWith(tag)) return parcel
    // One code misread in spite of its own correction spoils the sum, and nobody can tell which.
    this.begin('', 0, 1)
    return undefined
  }

  private begin(about: string, length: number, size: number) {
    Object.assign(this, { about, length, size, have: 0, seen: new Set(), rows: [] })
    this.count = about === '' ? 0 : Math.max(1, Math.ceil(length / size))
  }

  /** Takes away what is known already; what remains, if anything, is new. */
  private reduce(n: number, sum: Uint8Array<ArrayBuffer>): boolean {
    const holds = new Uint32Array(Math.ceil(this.count / 32))
    for (const i of chunksIn(n, this.count)) flip(holds, i)
    for (let i = 0; i < this.count; i++) {
      if (!has(holds, i)) continue
      const row = this.rows[i]
      if (!row) {
        this.rows[i] = { holds, sum }
        this.have++
        return true
      }
      addBits(holds, row.holds)
      add(sum, row.sum)
    }
    return false
  }

  /** From the last chunk back: each row keeps only its own. */
  private solve() {
    for (let i = this.count - 1; i >= 0; i--) {
      const row = this.rows[i]!
      for (let k = i + 1; k < this.count; k++) {
        if (!has(row.holds, k)) continue
        addBits(row.holds, this.rows[k]!.holds)
        add(row.sum, this.rows[k]!.sum)
      }
    }
  }
}

/** The chunks the n-th code holds: itself in the first round, then a random half that both sides can work out. */
function chunksIn(n: number, count: number): number[] {
  if (n < count) return [n]
  const chosen: number[] = []
  let state = Math.imul(n, 0x9e3779b1) >>> 0
  let bits = 0
  for (let i = 0; i < count; i++) {
    if (i % 16 === 0) {
      // splitmix32 (Steele, Lea, Flood 2014): small, and even numbers that follow each other give unlike rows.
      state = (state + 0x9e3779b9) >>> 0
      bits = state
      bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
      bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
      bits = (bits ^ (bits >>> 16)) >>> 0
    }
    if ((bits >>> (i % 16)) & 1) chosen.push(i)
  }
  return chosen.length > 0 ? chosen : [n % count]
}

async function tagOf(parcel: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', parcel)).subarray(0, 8)
}

const has = (bits: Uint32Array, i: number) => ((bits[i >>> 5]! >>> (i & 31)) & 1) === 1
const flip = (bits: Uint32Array, i: number) => {
  bits[i >>> 5]! ^= 1 << (i & 31)
}
const addBits = (to: Uint32Array, from: Uint32Array) => {
  for (let i = 0; i < to.length; i++) to[i]! ^= from[i]!
}
const add = (to: Uint8Array, from: Uint8Array) => {
  for (let i = 0; i < to.length; i++) to[i]! ^= from[i]!
}
const put24 = (bytes: Uint8Array, at: number, value: number) => {
  bytes[at] = value >>> 16
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value
}
const get24 = (bytes: Uint8Array, at: number) => (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!

// Base45: two bytes are three characters of the alphabet that QR codes pack into 16.5 bits. Bytes as they are would
// be denser by 3 %, but readers hand codes over as text and guess at its encoding.
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'

/** RFC 9285. */
export function base45(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 2) {
    const pair = i + 1 < bytes.length
    const value = pair ? bytes[i]! * 256 + bytes[i + 1]! : bytes[i]!
    text += alphabet[value % 45]! + alphabet[Math.floor(value / 45) % 45]!
    if (pair) text += alphabet[Math.floor(value / 2025)]!
  }
  return text
}

/** Undefined when the text is not base45. */
export function fromBase45(text: string): Uint8Array | undefined {
  if (text.length % 3 === 1) return undefined
  const bytes = new Uint8Array(Math.floor(text.length / 3) * 2 + (text.length % 3 === 2 ? 1 : 0))
  for (let i = 0, at = 0; i < text.length; i += 3) {
    const [a, b] = [alphabet.indexOf(text[i]!), alphabet.indexOf(text[i + 1]!)]
    const c = i + 2 < text.length ? alphabet.indexOf(text[i + 2]!) : undefined
    const value = a + b * 45 + (c ?? 0) * 2025
    if (a < 0 || b < 0 || (c !== undefined && c < 0) || value > (c === undefined ? 0xff : 0xffff))
      return undefined
    if (c !== undefined) bytes[at++] = value >>> 8
    bytes[at++] = value & 0xff
  }
  return bytes
}
