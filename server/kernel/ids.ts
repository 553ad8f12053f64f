// UUIDv7 (RFC 9562): made where the record is born, also in a browser; sorts roughly by birth, decides nothing.

let last = 0
let counter = 0

/** A new id. Ids made in one process rise, even within a millisecond and when the clock steps back. */
export function newId(now = Date.now()): string {
  if (now > last) {
    last = now
    counter = (crypto.getRandomValues(new Uint16Array(1))[0]! & 0x7ff) as number
  } else if (++counter > 0xfff) {
    last += 1
    counter = 0
  }
  const tail = crypto.getRandomValues(new Uint8Array(8))
  tail[0] = (tail[0]! & 0x3f) | 0x80
  return format(last, counter, tail)
}

/**
 * The n-th id that follows from another id. The box and a phone that decide the same act give the records it
 * creates the same ids, so that a replay is a repetition and not a second record.
 */
export function derivedId(from: string, n: number | string): string {
  const time = Number.parseInt(from.replaceAll('-', '').slice(0, 12), 16)
  const bytes = hash128(`${from}/${n}`)
  bytes[2] = (bytes[2]! & 0x3f) | 0x80
  return format(Number.isFinite(time) ? time : 0, (bytes[0]! << 4) | (bytes[1]! >> 4), bytes.subarray(2, 10))
}

export const isId = (text: unknown): text is string =>
  typeof text === 'string' &&
  /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text)

function format(time: number, high: number, tail: Uint8Array): string {
  const t = time.toString(16).padStart(12, '0')
  const rest = [...tail].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${t.slice(0, 8)}-${t.slice(8)}-7${high.toString(16).padStart(3, '0')}-${rest.slice(0, 4)}-${rest.slice(4)}`
}

// WebCrypto digests are async and an act awaits nothing, so this is a small synchronous mix (4 x 32-bit FNV-1a with
// final avalanche). It separates ids that already carry 74 random bits; it protects nothing.
function hash128(text: string): Uint8Array {
  const words = [0x811c9dc5, 0x01000193, 0xdeadbeef, 0x9e3779b9]
  for (let i = 0; i < text.length; i++) {
    for (let w = 0; w < 4; w++)
      words[w] = Math.imul(words[w]! ^ (text.charCodeAt(i) + w * 131), 0x01000193 + w * 2)
  }
  const out = new DataView(new ArrayBuffer(16))
  words.forEach((word, w) => {
    let h = word ^ words[(w + 1) & 3]!
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
    out.setUint32(w * 4, (h ^ (h >>> 16)) >>> 0)
  })
  return new Uint8Array(out.buffer)
}
