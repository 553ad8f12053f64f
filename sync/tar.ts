// POSIX ustar, as little of it as a package needs: regular files with one owner, mode and time, so that the same parts
// are the same bytes. The values are those of `tar --format=ustar --owner=0 --group=0 --mode=644 --mtime=@0` and of
// Python's tarfile, so that any of them opens what we write, and may write what we open.

import { type FileHandle, open } from 'node:fs/promises'
import { refusePackage } from './refused.ts'

/** What stands in the archive: bytes at hand, or a file to stream from. */
export interface Part {
  path: string
  bytes: number
  content: Uint8Array | { file: string }
}

/** Where a part lies in an archive. */
export interface Placed {
  path: string
  offset: number
  bytes: number
}

/** Writes the parts in the order given and answers with the size and SHA-256 of the archive, fsynced. */
export async function writeTar(
  file: string,
  parts: Iterable<Part>,
): Promise<{ bytes: number; sha256: string }> {
  const out = await open(file, 'w', 0o600)
  const hasher = new Bun.CryptoHasher('sha256')
  let bytes = 0
  const put = async (chunk: Uint8Array) => {
    hasher.update(chunk)
    bytes += chunk.length
    await out.write(chunk)
  }
  try {
    for (const part of parts) {
      await put(header(part.path, part.bytes))
      let written = 0
      for await (const chunk of chunksOf(part.content)) {
        await put(chunk)
        written += chunk.length
      }
      if (written !== part.bytes)
        throw new Error(`${part.path} should have ${part.bytes} bytes and has ${written}`)
      if (written % block) await put(new Uint8Array(block - (written % block)))
    }
    await put(new Uint8Array(2 * block))
    await out.sync()
  } finally {
    await out.close()
  }
  return { bytes, sha256: hasher.digest('hex') }
}

/**
 * Walks an archive's headers without trusting them: regular files only, checksum right, nothing before the root or
 * beyond the end of the file, no name twice, only zeros behind the end. The caller reads the bytes at `offset`.
 */
export async function* readTar(archive: FileHandle): AsyncGenerator<Placed> {
  const { size } = await archive.stat()
  const seen = new Set<string>()
  let position = 0
  for (;;) {
    const head = await bytesAt(archive, position, block, size)
    if (head.every((byte) => byte === 0)) break
    const { path, bytes } = parseHeader(head)
    if (seen.has(path))
      refusePackage('format', `包内有两个「${path}」`, `The package contains ${path} twice.`)
    seen.add(path)
    const offset = position + block
    const end = offset + bytes
    if (end + padding(bytes) > size) cutShort(end + padding(bytes) + 2 * block - size)
    if (!(await bytesAt(archive, end, padding(bytes), size)).every((byte) => byte === 0))
      refusePackage(
        'format',
        `「${path}」之后的填充字节不是零:文件已损坏`,
        `The padding behind ${path} is not zero: the file is damaged.`,
      )
    yield { path, offset, bytes }
    position = end + padding(bytes)
  }
  // Two blocks of zeros end an archive; tools pad it further, to 10,240 bytes at most.
  if (size - position < 2 * block) cutShort(2 * block - (size - position))
  if (
    size - position > 20 * block ||
    !(await bytesAt(archive, position, size - position, size)).every((byte) => byte === 0)
  )
    refusePackage(
      'format',
      '包的结尾之后还有内容:文件已损坏或被改动',
      'Something follows the end of the package: the file is damaged or was changed.',
    )
}

/** A part's bytes in chunks. */
export async function* stream(archive: FileHandle, placed: Placed): AsyncGenerator<Uint8Array> {
  let read = 0
  while (read < placed.bytes) {
    const chunk = new Uint8Array(Math.min(chunkSize, placed.bytes - read))
    const { bytesRead } = await archive.read(chunk, 0, chunk.length, placed.offset + read)
    if (bytesRead === 0) cutShort(placed.bytes - read)
    read += bytesRead
    yield chunk.subarray(0, bytesRead)
  }
}

/** A small part whole. */
export async function readPart(archive: FileHandle, placed: Placed): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream(archive, placed)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const block = 512
const chunkSize = 1 << 20
const padding = (bytes: number) => (block - (bytes % block)) % block

function header(path: string, bytes: number): Uint8Array {
  const head = Buffer.alloc(block)
  const [prefix, name] = splitPath(path)
  const octal = (value: number, at: number, width: number) =>
    head.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1')
  head.write(name, 0, 'latin1')
  octal(0o644, 100, 8)
  octal(0, 108, 8) // owner
  octal(0, 116, 8) // group
  octal(bytes, 124, 12)
  octal(0, 136, 12) // time
  head.write('0', 156, 'latin1')
  head.write('ustar\0' + '00', 257, 'latin1')
  octal(0, 329, 8)
  octal(0, 337, 8)
  head.write(prefix, 345, 'latin1')
  head.write(`${checksum(head).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return head
}

/** Names beyond 100 bytes continue in the prefix field; ustar can hold 155 + 100. */
function splitPath(path: string): [string, string] {
  if (!/^[\x21-\x7e]+$/.test(path) || path.length > 255)
    throw new Error(`${path} does not fit a ustar header`)
  if (path.length <= 100) return ['', path]
  const slash = path.lastIndexOf('/', 155)
  if (slash < 0 || path.length - slash - 1 > 100) throw new Error(`${path} does not fit a ustar header`)
  return [path.slice(0, slash), path.slice(slash + 1)]
}

function parseHeader(head: Uint8Array): { path: string; bytes: number } {
  const text = Buffer.from(head.buffer, head.byteOffset, block).toString('latin1')
  const field = (at: number, width: number) => {
    const raw = text.slice(at, at + width)
    const end = raw.indexOf('\0')
    return end < 0 ? raw : raw.slice(0, end)
  }
  // Six octal digits, NUL, space, as every writer does: the checksum itself has one spelling too.
  const sum = /^([0-7]{6})\0 $/.exec(text.slice(148, 156))
  if (!sum || Number.parseInt(sum[1]!, 8) !== checksum(head) || text.slice(257, 265) !== 'ustar\x0000')
    refusePackage(
      'format',
      '这不是有效的数据包文件,或文件已损坏',
      'This is not a package file, or it is damaged.',
    )
  const size = /^[0-7]{11}\0$/.exec(text.slice(124, 136))
  const path = field(345, 155) ? `${field(345, 155)}/${field(0, 100)}` : field(0, 100)
  if (!size || text[156] !== '0' || field(157, 100) !== '')
    refusePackage('format', '包内只能有普通文件', 'A package contains regular files only.')
  if (
    path.startsWith('/') ||
    path.split('/').some((step) => step === '' || step === '.' || step === '..') ||
    !/^[\x21-\x5b\x5d-\x7e]+$/.test(path)
  )
    refusePackage(
      'format',
      `包内的文件名「${path.slice(0, 100)}」不允许`,
      `The name ${JSON.stringify(path.slice(0, 100))} is not allowed in a package.`,
    )
  return { path, bytes: Number.parseInt(size![0], 8) }
}

function checksum(head: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < block; i++) sum += i >= 148 && i < 156 ? 32 : head[i]!
  return sum
}

async function bytesAt(
  archive: FileHandle,
  position: number,
  length: number,
  size: number,
): Promise<Uint8Array> {
  if (length === 0) return new Uint8Array(0)
  if (position + length > size) cutShort(position + length - size)
  const bytes = new Uint8Array(length)
  let read = 0
  while (read < length) {
    const { bytesRead } = await archive.read(bytes, read, length - read, position + read)
    if (bytesRead === 0) cutShort(length - read)
    read += bytesRead
  }
  return bytes
}

async function* chunksOf(content: Part['content']): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) {
    yield content
    return
  }
  const file = await open(content.file, 'r')
  try {
    const { size } = await file.stat()
    yield* stream(file, { path: content.file, offset: 0, bytes: size })
  } finally {
    await file.close()
  }
}

function cutShort(missing: number): never {
  refusePackage(
    'truncated',
    `文件不完整,至少还差 ${missing} 字节,请重新拷贝或继续传输`,
    `The file is cut short by at least ${missing} bytes; copy it again or resume the transfer.`,
  )
}
