// One way of signing, as the rest of sync sees it. What tells Ed25519 from SM2-SM3 stands behind this and nowhere else; a
// certified module (GM/T 0018 card, GM/T 0016 key) would be a third file beside the two.

export type Algorithm = 'Ed25519' | 'SM2-SM3'

export interface Scheme {
  alg: Algorithm
  /** In keys/, mode 0600. */
  file: string
  /** A new secret key: PKCS#8, PEM. */
  generate(): string
  /** A secret key as `generate` and openssl write it. Throws when it is anything else, or not whole. */
  open(pem: string): SecretKey
  /** Whether this is one of its public keys, in the one spelling we sign and register under. SubjectPublicKeyInfo, DER. */
  reads(spki: Uint8Array): boolean
  /** Whether the signature was made over exactly these bytes by the key `reads` accepted. May throw on a malformed one. */
  verify(spki: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean
}

export interface SecretKey {
  /** SubjectPublicKeyInfo, DER. */
  spki: Uint8Array
  /** The same bytes give the same signature: a package cut again is the same file (docs/decisions/008). */
  sign(bytes: Uint8Array): Uint8Array
}

/** The body of a PEM block. Throws when the text is not exactly one block of that kind. */
export function fromPem(pem: string, label: 'PUBLIC KEY' | 'PRIVATE KEY'): Uint8Array {
  const match = new RegExp(`^-----BEGIN ${label}-----\\s([A-Za-z0-9+/=\\s]+)-----END ${label}-----$`).exec(
    pem.trim(),
  )
  if (!match) throw new Error(`not one PEM block of a ${label}`)
  return Buffer.from(match[1]!, 'base64')
}

/** As openssl writes it: lines of 64, a line end after the last. */
export function toPem(der: Uint8Array, label: 'PUBLIC KEY' | 'PRIVATE KEY'): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
