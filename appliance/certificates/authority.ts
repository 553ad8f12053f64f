// The county's own certificate authority, made at the first run and kept for as long as the county keeps the box: phones
// trust it by hand, so a new one would send every clerk back to the joining page. Its key never leaves keys/ (only the
// box's user may look there) except inside an encrypted backup.

import { createHash, createPrivateKey, X509Certificate as Read } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import type * as X509 from '@peculiar/x509'
import { authorityFile } from './files.ts'

/** ECDSA P-256: what Windows 7, Android 5 and iOS 9 already read, at a tenth of RSA's bytes. */
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const day = 86_400_000
/** Browsers refuse server certificates that live longer than 398 days. */
const serverDays = 397
// Not counted from today: a box that was unpacked with its clock in 2099 would make an authority nobody trusts for
// seventy years. 2049 is the last year that the oldest date form can say.
const authorityFrom = new Date('2025-01-01T00:00:00Z')
const authorityTo = new Date('2049-12-31T00:00:00Z')

/** A key and its certificate as they lie in one file, so that neither can be there without the other. */
export interface Sealed {
  key: string
  certificate: string
  read: Read
}

export interface Authority extends Sealed {
  /** What clerks compare on their screens. */
  sha256: string
  /** Windows shows this one in its warning. */
  sha1: string
  der: Uint8Array
}

/** The file is there and cannot be used: a person decides, because a new one would be a stranger to every phone. */
export class DamagedAuthority extends Error {}

export async function openAuthority(
  keys: string,
  about: { county: string; node: string; names: string[] },
): Promise<Authority> {
  const file = authorityFile(keys)
  if (!existsSync(file)) writeSealed(file, await makeAuthority(about))
  return readAuthority(file)
}

export function readAuthority(file: string): Authority {
  let sealed: Sealed
  try {
    sealed = readSealed(file)
  } catch (error) {
    throw new DamagedAuthority(`${file}: ${(error as Error).message}`)
  }
  const der = new Uint8Array(sealed.read.raw)
  return { ...sealed, der, sha256: print(der, 'sha256'), sha1: print(der, 'sha1') }
}

async function makeAuthority({ county, node, names }: { county: string; node: string; names: string[] }) {
  const x509 = await forge()
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [`${county}县盒根证书`] }, { OU: [node.replaceAll('-', '').slice(-8)] }],
    notBefore: authorityFrom,
    notAfter: authorityTo,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      new x509.Extension('2.5.29.30', true, onlyLocalNames(names)),
    ],
  })
  return pem(keys.privateKey, certificate)
}

/** Loaded for the minute a year in which something is signed. */
async function forge(): Promise<typeof X509> {
  await import('reflect-metadata')
  return import('@peculiar/x509')
}

/** A certificate for the box itself. Dated a day back, because the clocks of phones and PCs differ. */
export async function issue(authority: Authority, names: Names, now = Date.now()): Promise<string> {
  const x509 = await forge()
  const signingKey = await crypto.subtle.importKey(
    'pkcs8',
    createPrivateKey(authority.key).export({ type: 'pkcs8', format: 'der' }),
    algorithm,
    false,
    ['sign'],
  )
  const parent = new x509.X509Certificate(authority.certificate)
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: 'CN=xianhe.local',
    issuer: parent.subjectName,
    notBefore: new Date(now - day),
    notAfter: new Date(now + (serverDays - 1) * day),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        ...names.dns.map((value) => ({ type: 'dns' as const, value })),
        ...names.ip.map((value) => ({ type: 'ip' as const, value })),
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(parent),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return pem(keys.privateKey, certificate)
}

/** What a browser may call the box. */
export interface Names {
  dns: string[]
  ip: string[]
}

/** Endings that are no part of the public web; everything else is outside the authority's word. */
const localEndings = ['local', 'localhost', 'lan', 'internal', 'home.arpa']

export const isLocalName = (name: string, also: string[] = []) =>
  [...localEndings, ...also].some((ending) => name === ending || name.endsWith(`.${ending}`))

// Whoever steals the key may pretend to be a box on a LAN, never a bank: phones refuse any other name it signs for.
// Addresses are left open, because county networks use ranges nobody can list beforehand.
function onlyLocalNames(names: string[]): Uint8Array<ArrayBuffer> {
  const endings = [...new Set([...localEndings, ...names.filter((name) => !isLocalName(name))])]
  const subtrees = endings.map((name) => tlv(0x30, tlv(0x82, Buffer.from(name, 'ascii'))))
  return new Uint8Array(tlv(0x30, tlv(0xa0, Buffer.concat(subtrees))))
}

function tlv(tag: number, content: Buffer): Buffer {
  const { length } = content
  const head =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from(head), content])
}

async function pem(key: CryptoKey, certificate: X509.X509Certificate): Promise<string> {
  const { PemConverter } = await forge()
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', key)
  return `${PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n${certificate.toString('pem')}\n`
}

export function readSealed(file: string): Sealed {
  const text = readFileSync(file, 'utf8')
  const block = (kind: string) => {
    const found = new RegExp(`-----BEGIN ${kind}-----[\\s\\S]+?-----END ${kind}-----`).exec(text)?.[0]
    if (!found) throw new Error(`no ${kind}`)
    return `${found}\n`
  }
  const [key, certificate] = [block('PRIVATE KEY'), block('CERTIFICATE')]
  const read = new Read(certificate)
  if (!read.checkPrivateKey(createPrivateKey(key))) throw new Error('the key belongs to another certificate')
  return { key, certificate, read }
}

/** On disk before it has its name: a power cut leaves the old one or the new one. */
export function writeSealed(file: string, text: string) {
  const beside = `${file}.partial`
  const descriptor = openSync(beside, 'w', 0o600)
  writeSync(descriptor, text)
  fsyncSync(descriptor)
  closeSync(descriptor)
  renameSync(beside, file)
}

function serial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  // Positive and without a leading zero, as RFC 5280 wants it.
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return Buffer.from(bytes).toString('hex')
}

const print = (der: Uint8Array, how: 'sha256' | 'sha1') =>
  createHash(how)
    .update(der)
    .digest('hex')
    .toUpperCase()
    .replaceAll(/..(?=.)/g, '$&:')
