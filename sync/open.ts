// A package opened without believing it: the archive, its manifest and signature, and exactly the parts the manifest
// names, in its order. Hashes are checked by `checkParts`, the signature by `checkSignature`.

import { type FileHandle, open } from 'node:fs/promises'
import { type Manifest, parseManifest } from './manifest.ts'
import { refusePackage } from './refused.ts'
import { parseSignature, type Signature } from './seal.ts'
import { type Placed, readPart, readTar, stream } from './tar.ts'

export interface OpenPackage {
  archive: FileHandle
  bytes: number
  manifest: Manifest
  /** The bytes the signature covers. */
  manifestBytes: Uint8Array
  manifestSha256: string
  signature: Signature
  parts: Map<string, Placed>
  close(): Promise<void>
}

export async function openPackage(file: string): Promise<OpenPackage> {
  const archive = await open(file, 'r')
  try {
    return await readPackage(archive)
  } catch (error) {
    await archive.close()
    throw error
  }
}

async function readPackage(archive: FileHandle): Promise<OpenPackage> {
  const entries = readTar(archive)
  const manifestBytes = await small(archive, await next(entries, 'manifest.json'), largestManifest)
  const signatureBytes = await small(archive, await next(entries, 'signature.json'), largestSignature)
  const manifest = parseManifest(manifestBytes)
  const parts = new Map<string, Placed>()
  for (const part of manifest.parts) {
    const entry = await next(entries, part.path)
    if (entry.bytes !== part.bytes)
      refusePackage(
        'part',
        `「${part.path}」的大小与清单不符`,
        `${part.path} does not have the size the manifest states.`,
      )
    parts.set(part.path, entry)
  }
  const more = await entries.next()
  if (!more.done)
    refusePackage(
      'format',
      `包内多出清单没有的「${more.value.path}」`,
      `The package contains ${more.value.path}, which the manifest does not name.`,
    )
  return {
    archive,
    bytes: (await archive.stat()).size,
    manifest,
    manifestBytes,
    manifestSha256: sha256(manifestBytes),
    signature: parseSignature(signatureBytes),
    parts,
    close: () => archive.close(),
  }
}

/** Every part's bytes have the hash the signed manifest states. */
export async function checkParts(opened: OpenPackage): Promise<void> {
  for (const part of opened.manifest.parts) {
    const hasher = new Bun.CryptoHasher('sha256')
    for await (const chunk of stream(opened.archive, opened.parts.get(part.path)!)) hasher.update(chunk)
    if (hasher.digest('hex') !== part.sha256)
      refusePackage(
        'part',
        `「${part.path}」的内容与清单的校验值不符:传输或拷贝中损坏`,
        `${part.path} does not have the hash the manifest states: it was damaged on the way.`,
      )
  }
}

export const sha256 = (bytes: Uint8Array | string) =>
  new Bun.CryptoHasher('sha256').update(bytes).digest('hex')

async function next(entries: AsyncGenerator<Placed>, path: string): Promise<Placed> {
  const entry = await entries.next()
  if (entry.done)
    return refusePackage('format', `包内缺少「${path}」`, `${path} is missing from the package.`)
  if (entry.value.path !== path)
    refusePackage(
      'format',
      `包内此处应为「${path}」,却是「${entry.value.path}」`,
      `The package has ${entry.value.path} where ${path} should be.`,
    )
  return entry.value
}

async function small(archive: FileHandle, entry: Placed, limit: number): Promise<Uint8Array> {
  if (entry.bytes > limit) refusePackage('format', `「${entry.path}」过大`, `${entry.path} is too large.`)
  return readPart(archive, entry)
}

// A manifest names each attachment in about 160 bytes: room for 200,000 of them.
const largestManifest = 32 << 20
const largestSignature = 64 << 10
