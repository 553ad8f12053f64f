// Ed25519 (RFC 8032) by the runtime's own library.

import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import type { Scheme } from './scheme.ts'

export const ed25519: Scheme = {
  alg: 'Ed25519',
  file: 'node.pem',
  generate: () =>
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  open(pem) {
    const secret = createPrivateKey(pem)
    if (secret.asymmetricKeyType !== 'ed25519')
      throw new Error(`${secret.asymmetricKeyType} keys do not sign packages`)
    return {
      spki: createPublicKey(secret).export({ type: 'spki', format: 'der' }),
      sign: (bytes) => sign(null, bytes, secret),
    }
  },
  // RFC 8410: one spelling, 44 bytes.
  reads: (spki) => spki.length === 44 && Buffer.from(spki.subarray(0, 12)).equals(prefix),
  verify: (spki, bytes, signature) => verify(null, bytes, publicKey(spki), signature),
}

const prefix = Buffer.from('302a300506032b6570032100', 'hex')
const publicKey = (spki: Uint8Array) =>
  createPublicKey({ key: Buffer.from(spki), type: 'spki', format: 'der' })
