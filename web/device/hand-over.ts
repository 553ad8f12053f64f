// A second copy of what waits, for the day the phone is lost in the lake. Sealed with a key that only this device and
// its box can make (both know the hash of the device's token), so any colleague may carry it and nobody can read it.
// Imported at the box as often as one likes: acts have ids, and arrive once.

import type { ActRequest } from '../../server/kernel/acts.ts'
import type { Session } from './device.ts'

/** `{"format":"xhd/1","device":…,"iv":…,"data":…}`: AES-256-GCM over `{person, at, acts}`; iv and data in base64. */
export interface HandOver {
  person: string
  at: string
  acts: ActRequest[]
}

export async function exported(session: Session): Promise<string> {
  const contents: HandOver = {
    person: session.welcome.actor.id,
    at: new Date().toISOString(),
    acts: session.outbox.entries.filter((each) => each.fate !== 'arrived').map((each) => each.request),
  }
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const key = await carrierKey(await tokenHash(session.welcome.token))
  const data = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv },
    key,
    new TextEncoder().encode(JSON.stringify(contents)),
  )
  return JSON.stringify({
    format: 'xhd/1',
    device: session.welcome.device,
    iv: base64(iv),
    data: base64(new Uint8Array(data)),
  })
}

/** Opens what a device exported; the box knows the hash of its token. Throws when it was changed on the way. */
export async function opened(file: { iv: string; data: string }, hash: string): Promise<HandOver> {
  const key = await carrierKey(hash)
  const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: bytes(file.iv) }, key, bytes(file.data))
  return JSON.parse(new TextDecoder().decode(plain)) as HandOver
}

async function carrierKey(hash: string): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey('raw', new TextEncoder().encode(hash), 'HKDF', false, [
    'deriveKey',
  ])
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: new TextEncoder().encode('xhd/1') },
    material,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
}

async function tokenHash(token: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

const base64 = (data: Uint8Array) => {
  let text = ''
  for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192))
  return btoa(text)
}
const bytes = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
