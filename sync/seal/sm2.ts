// SM2 with SM3 (GB/T 32918.2-2016, GB/T 32905-2016; GM/T 0009 for what stands around them): what Chinese platforms ask
// for where 国密 is required. The curve and the hash are sm-crypto-v2's, over @noble/curves; the spelling of keys and
// signatures, the checks the standard asks for, and the choice of k are here.
//
// Not constant time: JavaScript's big integers are not, and the machine that signs is the county's own. Not a certified
// product either: an assessment (密评, GB/T 39786) may ask for a certified module; docs/decisions/017 says what then.

import { randomBytes } from 'node:crypto'
import { sm2, sm3 } from 'sm-crypto-v2'
import { bytes32, nonce, number } from './nonce.ts'
import { fromPem, type Scheme, toPem } from './scheme.ts'

export const sm2sm3: Scheme = {
  alg: 'SM2-SM3',
  file: 'node-sm2.pem',
  generate() {
    for (;;) {
      const secret = number(randomBytes(32))
      if (isSecret(secret)) return secretPem(secret)
    }
  },
  open(pem) {
    const secret = readSecret(fromPem(pem, 'PRIVATE KEY'))
    const point = pointOf(secret)
    return { spki: spkiOf(point), sign: (bytes) => der(signHash(secret, hashFor(point, bytes))) }
  },
  reads(spki) {
    if (spki.length !== publicHead.length + 64 || !startsWith(spki, publicHead)) return false
    try {
      return sm2.verifyPublicKey(pointIn(spki))
    } catch {
      // Not on the curve.
      return false
    }
  },
  verify(spki, bytes, signature) {
    const read = readDer(signature)
    return read !== undefined && verifyHash(pointIn(spki), hashFor(pointIn(spki), bytes), read)
  },
}

/** r and s, each 1 … n-1. */
export interface Pair {
  r: bigint
  s: bigint
}

/** SM3 (GB/T 32905-2016): 32 bytes. */
export const sm3Of = (bytes: Uint8Array): Uint8Array => Buffer.from(sm3(bytes), 'hex')
export const sm3Hmac = (key: Uint8Array, bytes: Uint8Array): Uint8Array =>
  Buffer.from(sm3(bytes, { mode: 'hmac', key }), 'hex')

/** e = SM3(Z ‖ M), 6.1 A1 and A2: Z binds the signer's identity, the curve and the public key (`04‖x‖y`, hex). */
export const hashFor = (point: string, bytes: Uint8Array): Uint8Array =>
  sm3Of(Buffer.concat([sm2.getZ(point, signer), bytes]))

/** 6.1, A3 to A7. */
export function signHash(secret: bigint, hash: Uint8Array, k = nonce(order, secret, hash, sm3Hmac)): Pair {
  const at = pointOf(k)
  // Should r be 0 or r + k = n, which nobody will live to see, the library goes on with a k drawn by chance.
  const said = sm2.doSignature(hash, hexOf(secret), {
    pointPool: [{ k, x1: BigInt(`0x${at.slice(2, 66)}`) }],
  })
  return { r: BigInt(`0x${said.slice(0, 64)}`), s: BigInt(`0x${said.slice(64)}`) }
}

/** 7.1: B1 and B2 are ours, the rest is the library's. */
export function verifyHash(point: string, hash: Uint8Array, { r, s }: Pair): boolean {
  if (r < 1n || r >= order || s < 1n || s >= order) return false
  return sm2.doVerifySignature(hash, hexOf(r) + hexOf(s), point)
}

/** SEQUENCE { r INTEGER, s INTEGER } (GM/T 0009-2012, 7.3), as openssl writes it. */
export function der({ r, s }: Pair): Uint8Array {
  const both = Buffer.concat([r, s].map(derNumber))
  return Buffer.concat([Buffer.from([0x30, both.length]), both])
}

/** DER has one spelling for each pair of numbers; any other is refused, or a byte could be changed unseen. */
export function readDer(bytes: Uint8Array): Pair | undefined {
  const first = bytes[3] ?? 0
  const second = bytes[5 + first] ?? 0
  if (first > 33 || second > 33 || bytes.length !== 6 + first + second) return undefined
  if (first === 0 || second === 0) return undefined
  const pair = { r: number(bytes.subarray(4, 4 + first)), s: number(bytes.subarray(6 + first)) }
  return Buffer.from(der(pair)).equals(bytes) ? pair : undefined
}

/** The key pair's public point, `04‖x‖y` in hex. */
export const pointOf = (secret: bigint): string => sm2.getPublicKeyFromPrivateKey(hexOf(secret))

function secretPem(secret: bigint): string {
  const point = Buffer.from(pointOf(secret), 'hex')
  return toPem(Buffer.concat([secretHead, bytes32(secret), secretMiddle, point.subarray(1)]), 'PRIVATE KEY')
}

function readSecret(pkcs8: Uint8Array): bigint {
  const secret = number(pkcs8.subarray(secretHead.length, secretHead.length + 32))
  // Written again it must be the same bytes: the head names SM2, and the public half belongs to the secret one.
  if (!isSecret(secret) || !Buffer.from(fromPem(secretPem(secret), 'PRIVATE KEY')).equals(pkcs8))
    throw new Error('not an SM2 secret key as openssl writes it')
  return secret
}

const spkiOf = (point: string): Uint8Array =>
  Buffer.concat([publicHead, Buffer.from(point, 'hex').subarray(1)])
const pointIn = (spki: Uint8Array): string =>
  `04${Buffer.from(spki.subarray(publicHead.length)).toString('hex')}`

function derNumber(value: bigint): Uint8Array {
  const hex = value.toString(16)
  const even = hex.length % 2 ? `0${hex}` : hex
  const bytes = Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, 'hex')
  return Buffer.concat([Buffer.from([2, bytes.length]), bytes])
}

const hexOf = (value: bigint) => value.toString(16).padStart(64, '0')
const startsWith = (bytes: Uint8Array, head: Uint8Array) =>
  Buffer.from(bytes.subarray(0, head.length)).equals(head)

/** n of sm2p256v1 (GB/T 32918.5-2017). */
const order = 0xfffffffe_ffffffff_ffffffff_ffffffff_7203df6b_21c6052b_53bbf409_39d54123n
/** d is 1 … n-2: 1 + d must have an inverse. */
const isSecret = (d: bigint) => d >= 1n && d <= order - 2n
/** Where two parties have not agreed on another (GM/T 0009-2012, 10). */
const signer = '1234567812345678'

// What stands around the numbers is always the same: id-ecPublicKey, curve 1.2.156.10197.1.301, an uncompressed point.
const publicHead = Buffer.from('3059301306072a8648ce3d020106082a811ccf5501822d03420004', 'hex')
const secretHead = Buffer.from(
  '308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420',
  'hex',
)
const secretMiddle = Buffer.from('a14403420004', 'hex')
