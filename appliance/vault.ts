// A stream under a passphrase: chunks of 1 MiB, each sealed with AES-256-GCM, so that a backup of any size takes
// constant memory and a flipped byte, a swapped chunk or a cut end is noticed (the STREAM construction: the nonce is
// prefix + counter + «this is the last»). The key comes from scrypt, which makes guessing slow.

import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import { refuse } from '../server/kernel/refusal.ts'

const magic = Buffer.from('xianhe-vault/1\n\0')
const chunkSize = 1 << 20
const tagSize = 16
const headerSize = 48
// 64 MiB and a fifth of a second per guess.
const cost = 16

export async function* sealed(
  plain: AsyncIterable<Uint8Array>,
  passphrase: string,
): AsyncGenerator<Uint8Array> {
  const header = Buffer.alloc(headerSize)
  magic.copy(header)
  randomBytes(16).copy(header, 16)
  header[32] = cost
  randomBytes(7).copy(header, 33)
  const key = await keyFrom(passphrase, header)
  yield header
  let number = 0
  for await (const [chunk, last] of cut(plain, chunkSize)) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce(header, number++, last))
    cipher.setAAD(header)
    yield Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()])
  }
}

export async function* opened(
  cipher: AsyncIterable<Uint8Array>,
  passphrase: string,
): AsyncGenerator<Uint8Array> {
  let header: Buffer | undefined
  let key: Buffer | undefined
  let number = 0
  const parts = cut(
    afterHeader(cipher, (found) => (header = found)),
    chunkSize + tagSize,
  )
  for await (const [chunk, last] of parts) {
    if (!header!.subarray(0, 16).equals(magic)) notOurs()
    key ??= await keyFrom(passphrase, header!)
    if (chunk.length < tagSize) cutShort()
    const decipher = createDecipheriv('aes-256-gcm', key, nonce(header!, number, last))
    decipher.setAAD(header!)
    decipher.setAuthTag(chunk.subarray(-tagSize))
    let plain: Buffer
    try {
      plain = Buffer.concat([decipher.update(chunk.subarray(0, -tagSize)), decipher.final()])
    } catch {
      return number === 0 ? wrongKey() : cutShort()
    }
    number++
    yield plain
  }
}

const nonce = (header: Buffer, number: number, last: boolean): Buffer => {
  const bytes = Buffer.alloc(12)
  header.copy(bytes, 0, 33, 40)
  bytes.writeUInt32BE(number, 7)
  bytes[11] = last ? 1 : 0
  return bytes
}

function keyFrom(passphrase: string, header: Buffer): Promise<Buffer> {
  const log = header[32]!
  if (log < 14 || log > 20) notOurs()
  return new Promise((resolve, reject) =>
    scrypt(
      passphrase.normalize('NFC'),
      header.subarray(16, 32),
      32,
      { N: 2 ** log, r: 8, p: 1, maxmem: 2 ** (log + 11) },
      (error, key) => (error ? reject(error) : resolve(key)),
    ),
  )
}

/** Pieces of exactly `size` bytes, the last one shorter or empty, each with whether it is the last. */
async function* cut(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<[Buffer, boolean]> {
  let held: Uint8Array[] = []
  let length = 0
  for await (const bytes of source) {
    held.push(bytes)
    length += bytes.length
    if (length <= size) continue
    let all = Buffer.concat(held)
    while (all.length > size) {
      yield [all.subarray(0, size), false]
      all = all.subarray(size)
    }
    held = [all]
    length = all.length
  }
  yield [Buffer.concat(held), true]
}

async function* afterHeader(
  source: AsyncIterable<Uint8Array>,
  tell: (header: Buffer) => void,
): AsyncGenerator<Uint8Array> {
  let start: Buffer | undefined = Buffer.alloc(0)
  for await (const bytes of source) {
    if (!start) {
      yield bytes
      continue
    }
    start = Buffer.concat([start, bytes])
    if (start.length < headerSize) continue
    tell(start.subarray(0, headerSize))
    yield start.subarray(headerSize)
    start = undefined
  }
  if (start) notOurs()
}

const notOurs = (): never =>
  refuse({
    zh: '这不是县盒的备份文件。请选择由 xianhe backup 写成的文件。',
    en: 'This is not a backup of the box. Choose a file written by xianhe backup.',
  })
const wrongKey = (): never =>
  refuse({
    zh: '口令不对,或文件开头已损坏。请核对口令,或换一份备份。',
    en: 'The passphrase is wrong, or the file is damaged at its start. Check the passphrase or take another backup.',
  })
const cutShort = (): never =>
  refuse({
    zh: '备份文件不完整或已损坏。请重新拷贝,或换一份备份。',
    en: 'The backup is cut short or damaged. Copy it again or take another one.',
  })
