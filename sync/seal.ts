// Signatures. A node's secret key stays in data/keys with mode 0600; its public key travels on the peer card. The
// signature covers the bytes of manifest.json, and the manifest covers everything else by hash.

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { canonical } from '../server/kernel/canonical.ts'
import { refusePackage } from './refused.ts'

export type Algorithm = 'Ed25519' | 'SM2-SM3'

export interface Signature {
  alg: Algorithm
  /** Key id: see `keyId`. */
  key: string
  /** Base64. */
  value: string
}

/** A public key as it stands on a peer card. */
export interface PublicKey {
  alg: Algorithm
  id: string
  /** SubjectPublicKeyInfo, PEM: what openssl and every library reads. */
  pem: string
}

/** What signs: held by the node, one per algorithm. */
export interface Seal {
  readonly alg: Algorithm
  readonly publicKey: PublicKey
  sign(bytes: Uint8Array): Signature
}

/** Checks one algorithm's signatures. SM2-SM3 joins here when a county's rules ask for it; nothing else changes. */
type Check = (pem: string, bytes: Uint8Array, value: Uint8Array) => boolean
const checks: Partial<Record<Algorithm, Check>> = {
  Ed25519: (pem, bytes, value) => verify(null, bytes, createPublicKey(pem), value),
}

/** The node's seal, made at first use. */
export function openSeal(keysDirectory: string): Seal {
  const file = join(keysDirectory, 'node.pem')
  if (!existsSync(file))
    writeSecret(
      keysDirectory,
      file,
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    )
  return sealOf(createPrivateKey(readFileSync(file, 'utf8')))
}

export function sealOf(secret: KeyObject): Seal {
  const publicKey = publicKeyOf(createPublicKey(secret))
  return {
    alg: 'Ed25519',
    publicKey,
    sign: (bytes) => ({
      alg: 'Ed25519',
      key: publicKey.id,
      value: sign(null, bytes, secret).toString('base64'),
    }),
  }
}

/** From PEM text as somebody typed, scanned or carried it. */
export function readPublicKey(pem: string): PublicKey {
  try {
    return publicKeyOf(createPublicKey(pem))
  } catch {
    return refusePackage(
      'key',
      '公钥应为 PEM 格式(-----BEGIN PUBLIC KEY-----)',
      'The public key should be PEM (-----BEGIN PUBLIC KEY-----).',
    )
  }
}

/** First 16 hex digits of the SHA-256 of the DER form: `openssl pkey -pubin -outform DER | sha256sum`. */
export const keyId = (key: KeyObject): string =>
  new Bun.CryptoHasher('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16)

/** Refuses unless one of the known keys made the signature over exactly these bytes. */
export function checkSignature(bytes: Uint8Array, signature: Signature, known: PublicKey[]): PublicKey {
  const key = known.find((each) => each.id === signature.key && each.alg === signature.alg)
  if (!key)
    refusePackage(
      'key',
      `签名用的密钥 ${signature.key} 不在已登记的密钥中:请先登记对方的名片,并当面核对密钥编号`,
      `The package is signed with key ${signature.key}, which is not registered: add the sender's peer card and compare the key id.`,
    )
  const check = checks[key.alg]
  if (!check)
    refusePackage(
      'key',
      `本机不会验证 ${key.alg} 签名,请升级`,
      `This box cannot check ${key.alg} signatures; upgrade it.`,
    )
  let right = false
  try {
    right = check(key.pem, bytes, Buffer.from(signature.value, 'base64'))
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
    (parsed.alg === 'Ed25519' || parsed.alg === 'SM2-SM3') &&
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

function publicKeyOf(key: KeyObject): PublicKey {
  if (key.asymmetricKeyType !== 'ed25519')
    throw new Error(`${key.asymmetricKeyType} keys do not sign packages`)
  return { alg: 'Ed25519', id: keyId(key), pem: key.export({ type: 'spki', format: 'pem' }) as string }
}

/** Never half a key, never readable by others, never replacing one that is there. */
function writeSecret(directory: string, file: string, pem: string) {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const out = openSync(file, 'wx', 0o600)
  writeSync(out, pem)
  fsyncSync(out)
  closeSync(out)
}
