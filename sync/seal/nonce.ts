// The number a signature is made with and that must never be guessed or used twice: a repeated one gives the key away.
// Drawn by chance it would make every cut of a slice another file; so it follows from the key and the message.

/**
 * RFC 6979, 3.2, for curves whose order has 256 bits and a hash of 32 bytes: 1 ≤ k < order.
 *
 * SM2 is not named by the RFC; its signature needs the same of k as ECDSA's (GB/T 32918.2-2016, 6.1, A3), and nobody
 * who verifies can tell the difference.
 */
export function nonce(
  order: bigint,
  secret: bigint,
  hash: Uint8Array,
  hmac: (key: Uint8Array, data: Uint8Array) => Uint8Array,
): bigint {
  const seed = Buffer.concat([bytes32(secret), bytes32(number(hash) % order)])
  let k: Uint8Array = new Uint8Array(32)
  let v: Uint8Array = new Uint8Array(32).fill(1)
  const turn = (mark: number, more: Uint8Array) => {
    k = hmac(k, Buffer.concat([v, new Uint8Array([mark]), more]))
    v = hmac(k, v)
  }
  turn(0, seed)
  turn(1, seed)
  for (;;) {
    v = hmac(k, v)
    const drawn = number(v)
    if (drawn >= 1n && drawn < order) return drawn
    turn(0, new Uint8Array())
  }
}

/** Big-endian, as everything here. */
export const number = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
export const bytes32 = (value: bigint) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
