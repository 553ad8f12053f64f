// The little of ZIP that XLSX needs: reading by the central directory with every size and checksum held to its word, so
// that a file cut short is noticed; writing as a stream, so that a million rows need no memory.

import { crc32, inflateRawSync } from 'node:zlib'
import { Refusal } from '../../kernel/refusal.ts'

/** Larger once unpacked than a small machine should hold: such a table belongs into CSV. */
const largest = 400 * 1024 * 1024

export class Archive {
  private readonly entries = new Map<
    string,
    { at: number; packed: number; size: number; crc: number; method: number }
  >()
  private readonly view: DataView

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const end = this.endRecord()
    let at = this.view.getUint32(end + 16, true)
    for (let i = 0; i < this.view.getUint16(end + 10, true); i++) {
      if (at + 46 > bytes.length || this.view.getUint32(at, true) !== 0x02014b50) throw broken()
      const [nameLength, extra, comment] = [28, 30, 32].map((offset) =>
        this.view.getUint16(at + offset, true),
      ) as [number, number, number]
      const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength))
      this.entries.set(name, {
        at: this.view.getUint32(at + 42, true),
        method: this.view.getUint16(at + 10, true),
        crc: this.view.getUint32(at + 16, true),
        packed: this.view.getUint32(at + 20, true),
        size: this.view.getUint32(at + 24, true),
      })
      at += 46 + nameLength + extra + comment
    }
  }

  get names(): string[] {
    return [...this.entries.keys()]
  }

  text(name: string): string | undefined {
    const entry = this.entries.get(name)
    if (!entry) return undefined
    if (entry.size > largest)
      throw new Refusal({
        zh: '表格太大(解开后超过 400 MB),请拆成几个文件,或另存为 CSV 再导入',
        en: 'The workbook is too large (over 400 MB unpacked): split it, or save it as CSV.',
      })
    if (entry.at + 30 > this.bytes.length || this.view.getUint32(entry.at, true) !== 0x04034b50)
      throw broken()
    const start =
      entry.at + 30 + this.view.getUint16(entry.at + 26, true) + this.view.getUint16(entry.at + 28, true)
    const packed = this.bytes.subarray(start, start + entry.packed)
    if (packed.length !== entry.packed) throw broken()
    let plain: Uint8Array
    try {
      plain = entry.method === 0 ? packed : inflateRawSync(packed, { maxOutputLength: largest })
    } catch {
      throw broken()
    }
    if (plain.length !== entry.size || crc32(plain) !== entry.crc) throw broken()
    return new TextDecoder().decode(plain)
  }

  /** The directory stands at the end of the file: a download that broke off has none. */
  private endRecord(): number {
    for (let at = this.bytes.length - 22; at >= Math.max(0, this.bytes.length - 65_557); at--)
      if (this.view.getUint32(at, true) === 0x06054b50) return at
    throw broken()
  }
}

export const broken = () =>
  new Refusal({
    zh: '这个 Excel 文件不完整或已损坏(可能没有传完),没有导入任何内容。请重新复制或下载原文件后再试。',
    en: 'The Excel file is incomplete or damaged (perhaps it was cut short in transfer); nothing was imported. Copy or download it again.',
  })

type Content = string | AsyncIterable<string>

/** A ZIP as it is made: sizes and checksums follow each entry, the directory comes last. */
export async function* zipStream(
  files: AsyncIterable<{ name: string; content: Content }> | Iterable<{ name: string; content: Content }>,
): AsyncGenerator<Uint8Array> {
  const directory: Uint8Array[] = []
  let offset = 0
  let count = 0
  for await (const { name, content } of files) {
    const encoded = new TextEncoder().encode(name)
    const header = record(30, encoded, (view) => {
      view.setUint32(0, 0x04034b50, true)
      view.setUint16(4, 20, true)
      view.setUint16(6, 0x0808, true) // sizes follow; names are UTF-8
      view.setUint16(8, 8, true)
      view.setUint16(12, 0x21, true) // 1980-01-01: the same rows give the same bytes
      view.setUint16(26, encoded.length, true)
    })
    yield header
    let [crc, size, packed] = [0, 0, 0]
    for await (const chunk of deflated(content, (plain) => {
      crc = crc32(plain, crc)
      size += plain.length
    })) {
      packed += chunk.length
      yield chunk
    }
    yield record(16, undefined, (view) => {
      view.setUint32(0, 0x08074b50, true)
      view.setUint32(4, crc, true)
      view.setUint32(8, packed, true)
      view.setUint32(12, size, true)
    })
    directory.push(
      record(46, encoded, (view) => {
        view.setUint32(0, 0x02014b50, true)
        view.setUint16(4, 20, true)
        view.setUint16(6, 20, true)
        view.setUint16(8, 0x0808, true)
        view.setUint16(10, 8, true)
        view.setUint16(14, 0x21, true)
        view.setUint32(16, crc, true)
        view.setUint32(20, packed, true)
        view.setUint32(24, size, true)
        view.setUint16(28, encoded.length, true)
        view.setUint32(42, offset, true)
      }),
    )
    offset += header.length + packed + 16
    count++
  }
  const start = offset
  let length = 0
  for (const each of directory) {
    yield each
    length += each.length
  }
  yield record(22, undefined, (view) => {
    view.setUint32(0, 0x06054b50, true)
    view.setUint16(8, count, true)
    view.setUint16(10, count, true)
    view.setUint32(12, length, true)
    view.setUint32(16, start, true)
  })
}

async function* deflated(content: Content, seen: (plain: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  const source = (async function* () {
    if (typeof content === 'string') yield content
    else yield* content
  })()
  const plain = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await source.next()
      if (done) return controller.close()
      const bytes = new TextEncoder().encode(value)
      seen(bytes)
      controller.enqueue(bytes)
    },
    async cancel() {
      await source.return(undefined)
    },
  })
  const packed = plain.pipeThrough(
    new CompressionStream('deflate-raw') as unknown as ReadableWritablePair<Uint8Array, Uint8Array>,
  )
  for await (const chunk of packed as unknown as AsyncIterable<Uint8Array>) yield chunk
}

function record(size: number, name: Uint8Array | undefined, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(size + (name?.length ?? 0))
  fill(new DataView(bytes.buffer))
  if (name) bytes.set(name, size)
  return bytes
}
