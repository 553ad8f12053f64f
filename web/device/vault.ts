// Everything personal on a device is sealed with a key of its person: AES-256-GCM, the key wrapped by a PIN. While
// somebody is signed in the unwrapped key lies in the browser as a non-extractable CryptoKey (a service worker is
// stopped every half minute and must find it again); locking throws that copy away.

import type { Sealed } from './shelf.ts'

/** The wrapped key as kept on the device: worthless without the PIN. */
export interface Lock {
  salt: Uint8Array<ArrayBuffer>
  rounds: number
  iv: Uint8Array<ArrayBuffer>
  wrapped: ArrayBuffer
}

// OWASP's figure for PBKDF2-SHA-256 (2023). A PIN is short: the seal protects a lost phone for hours, the revocation
// at the box protects it for good.
const rounds = 600_000

export async function newLock(pin: string): Promise<{ lock: Lock; key: CryptoKey }> {
  const salt = crypto.getRandomValues(new Uint8Array(16))
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const raw = crypto.getRandomValues(new Uint8Array(32))
  const wrapped = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await fromPin(pin, salt, rounds), raw)
  return { lock: { salt, rounds, iv, wrapped }, key: await sealingKey(raw) }
}

/** The key, or undefined when the PIN is wrong. */
export async function openLock(lock: Lock, pin: string): Promise<CryptoKey | undefined> {
  try {
    const raw = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: lock.iv },
      await fromPin(pin, lock.salt, lock.rounds),
      lock.wrapped,
    )
    return await sealingKey(new Uint8Array(raw))
  } catch {
    return undefined
  }
}

export async function seal(key: CryptoKey, value: unknown): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const data = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv },
    key,
    new TextEncoder().encode(JSON.stringify(value)),
  )
  return { iv, data }
}

export async function unseal<T>(key: CryptoKey, sealed: Sealed): Promise<T> {
  const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: sealed.iv }, key, sealed.data)
  return JSON.parse(new TextDecoder().decode(plain)) as T
}

export async function sealBytes(key: CryptoKey, bytes: ArrayBuffer): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12))
  return { iv, data: await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, bytes) }
}

export const unsealBytes = (key: CryptoKey, sealed: Sealed): Promise<ArrayBuffer> =>
  crypto.subtle.decrypt({ name: 'AES-GCM', iv: sealed.iv }, key, sealed.data)

const sealingKey = (raw: Uint8Array<ArrayBuffer>) =>
  crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])

async function fromPin(pin: string, salt: Uint8Array<ArrayBuffer>, iterations: number): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey('raw', new TextEncoder().encode(pin), 'PBKDF2', false, [
    'deriveKey',
  ])
  return crypto.subtle.deriveKey(
    { name: 'PBKDF2', hash: 'SHA-256', salt, iterations },
    material,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
}
