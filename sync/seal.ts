// Signatures. A node's secret keys stay in data/keys with mode 0600; its public keys travel on the peer card. The
// signature covers the bytes of manifest.json, and the manifest covers everything else by hash.

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { canonical } from '../server/kernel/canonical.ts'
import { refuse } from '../server/kernel/refusal.ts'
import { refusePackage } from './refused.ts'
import { ed25519 } from './seal/ed25519.ts'
import { type Algorithm, fromPem, type Scheme, toPem } from './seal/scheme.ts'
import { sm2sm3 } from './seal/sm2.ts'

export type { Algorithm } from './seal/scheme.ts'

const schemes: Record<Algorithm, Scheme> = { Ed25519: ed25519, 'SM2-SM3': sm2sm3 }

/** In the order cards name them. The first is what a peer gets unless somebody chose. */
export const algorithms = Object.keys(schemes) as Algorithm[]
export const isAlgorithm = (value: unknown): value is Algorithm => algorithms.includes(value as Algorithm)

/** From what somebody typed or picked. */
export function readAlgorithm(text: string): Algorithm {
  if (isAlgorithm(text)) return text
  return refuse(
    {
      zh: `签名算法只能选 ${algorithms.join(' 或 ')}`,
      en: `The signature is ${algorithms.join(' or ')}.`,
    },
    { field: 'signature' },
  )
}

export interface Signature {
  alg: Algorithm
  /** Key id: see `PublicKey`. */
  key: string
  /** Base64. Ed25519: 64 bytes (RFC 8032). SM2-SM3: DER of r and s (GM/T 0009). */
  value: string
}

/** A public key as it stands on a peer card. */
export interface PublicKey {
  alg: Algorithm
  /** First 16 hex digits of the SHA-256 of the DER form: `openssl pkey -pubin -outform DER | sha256sum`. */
  id: string
  /** SubjectPublicKeyInfo, PEM: what openssl and every library reads. */
  pem: string
}

/** What signs: held by the node, one per algorithm. */
export interface Seal {
  readonly publicKey: PublicKey
  sign(bytes: Uint8Array): Signature
}

export interface Seals {
  /** As a card carries them. */
  readonly publicKeys: PublicKey[]
  of(alg: Algorithm): Seal
}

/** The node's seals. Keys that are not there are made now, so that the first backup has them; read they are when needed. */
export function openSeals(keysDirectory: string): Seals {
  for (const scheme of Object.values(schemes)) makeKey(scheme, keysDirectory)
  const opened = new Map<Algorithm, Seal>()
  const of = (alg: Algorithm) => {
    // SM2's curve takes 70 ms to get ready: a verb that signs nothing does not wait for it.
    const seal = opened.get(alg) ?? openSeal(schemes[alg], keysDirectory)
    opened.set(alg, seal)
    return seal
  }
  return {
    of,
    get publicKeys() {
      return algorithms.map((alg) => of(alg).publicKey)
    },
  }
}

/** The files `openSeals` makes. */
export const keyFiles = algorithms.map((alg) => schemes[alg].file)

/** Whether a key file can be used; for `doctor`, which changes nothing. */
export function isWholeKey(keysDirectory: string, name: string): boolean {
  try {
    Object.values(schemes)
      .find((scheme) => scheme.file === name)!
      .open(readFileSync(join(keysDirectory, name), 'utf8'))
    return true
  } catch {
    return false
  }
}

function openSeal(scheme: Scheme, directory: string): Seal {
  const { alg } = scheme
  const secret = openSecret(scheme, join(directory, scheme.file))
  const publicKey = publicKeyOf(alg, secret.spki)
  return {
    publicKey,
    sign: (bytes) => ({
      alg,
      key: publicKey.id,
      value: Buffer.from(secret.sign(bytes)).toString('base64'),
    }),
  }
}

/** Never replaced silently: a new key would have every peer refuse us until it has the new card. */
function openSecret(scheme: Scheme, file: string) {
  try {
    return scheme.open(readFileSync(file, 'utf8'))
  } catch {
    return refuse({
      zh: `密钥文件 ${file} 已损坏。请从备份恢复它;若没有备份,把它移走后重新启动会生成新密钥,再把新名片交给各对方登记。`,
      en: `The key file ${file} is damaged. Restore it from a backup; without one, move it away and start again: a new key is made, and every peer needs the new card.`,
    })
  }
}

/** From PEM text as somebody typed, scanned or carried it. */
export function readPublicKey(pem: string): PublicKey {
  let spki: Uint8Array | undefined
  try {
    spki = fromPem(pem, 'PUBLIC KEY')
  } catch {
    // Falls through to the sentence below.
  }
  const alg = spki && algorithms.find((each) => schemes[each].reads(spki))
  if (!spki || !alg)
    return refuse({
      zh: '公钥应为 PEM 格式(-----BEGIN PUBLIC KEY-----),算法为 Ed25519 或 SM2',
      en: 'The public key should be PEM (-----BEGIN PUBLIC KEY-----), of Ed25519 or SM2.',
    })
  return publicKeyOf(alg, spki)
}

/** Every key in a text, as `peer key` prints them one below the other. */
export const readPublicKeys = (text: string): PublicKey[] =>
  (text.match(/-----BEGIN [^-]+-----[^-]*-----END [^-]+-----/g) ?? [text]).map(readPublicKey)

/** Refuses unless one of the known keys made the signature over exactly these bytes. */
export function checkSignature(bytes: Uint8Array, signature: Signature, known: PublicKey[]): PublicKey {
  const key = known.find((each) => each.id === signature.key && each.alg === signature.alg)
  if (!key)
    refusePackage(
      'key',
      `签名用的密钥 ${signature.key} 不在已登记的密钥中:请先登记对方的名片,并当面核对密钥编号`,
      `The package is signed with key ${signature.key}, which is not registered: add the sender's peer card and compare the key id.`,
    )
  let right = false
  try {
    right = schemes[key.alg].verify(
      fromPem(key.pem, 'PUBLIC KEY'),
      bytes,
      Buffer.from(signature.value, 'base64'),
    )
  } catch {
    // A signature of the wrong length throws in some libraries; it is simply wrong.
  }
  if (!right)
    refusePackage(
      'signature',
      '签名不对:内容在签名之后被改动过',
      'The signature does not match: the content was changed after it was signed.',
    )
  return key
}

export function parseSignature(bytes: Uint8Array): Signature {
  const text = new TextDecoder().decode(bytes)
  let parsed: Partial<Signature> | undefined
  try {
    parsed = JSON.parse(text)
  } catch {
    // Falls through to the sentence below.
  }
  // One spelling, as for the manifest: a byte that means nothing today would be a place to hide one tomorrow.
  const wellFormed =
    parsed &&
    isAlgorithm(parsed.alg) &&
    typeof parsed.key === 'string' &&
    typeof parsed.value === 'string' &&
    Buffer.from(parsed.value, 'base64').toString('base64') === parsed.value &&
    sameJson(text, parsed)
  if (!wellFormed)
    refusePackage('signature', '签名文件 signature.json 读不懂', 'signature.json cannot be read.')
  return parsed as Signature
}

/** Canonical, or as the same members are written with spaces and a last line end by other people's tools. */
function sameJson(text: string, parsed: unknown): boolean {
  return canonical(parsed) === text || canonical(parsed) === text.replaceAll(/[ \n\r\t]/g, '')
}

const publicKeyOf = (alg: Algorithm, spki: Uint8Array): PublicKey => ({
  alg,
  id: new Bun.CryptoHasher('sha256').update(spki).digest('hex').slice(0, 16),
  pem: toPem(spki, 'PUBLIC KEY'),
})

/** Never half a key, never readable by others. The directory is held by one box (appliance/data-directory.ts). */
function makeKey(scheme: Scheme, directory: string) {
  const file = join(directory, scheme.file)
  if (existsSync(file)) return
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const out = openSync(`${file}.tmp`, 'w', 0o600)
  writeSync(out, scheme.generate())
  fsyncSync(out)
  closeSync(out)
  renameSync(`${file}.tmp`, file)
  const place = openSync(directory, 'r')
  fsyncSync(place)
  closeSync(place)
}
