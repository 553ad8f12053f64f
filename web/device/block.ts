// A block as it lies in memory: unsealed bytes, a line of JSON for each record. A page shows one record in two hundred,
// so each is read when it is asked for, and a block weighs in memory what it weighs on disk.

import type { Rec } from '../../server/kernel/dataset.ts'

const newline = 10
const [encoder, decoder] = [new TextEncoder(), new TextDecoder()]

export class Block {
  /** Where each line ends. */
  private ends: number[] | undefined

  constructor(private readonly bytes: Uint8Array<ArrayBuffer>) {}

  static of(records: Rec[]): Block {
    return new Block(encoder.encode(records.map((each) => `${JSON.stringify(each)}\n`).join('')))
  }

  get buffer(): ArrayBuffer {
    return this.bytes.buffer
  }

  /** A record, which is most likely at `place`: another worker may have written the block anew. */
  record(place: number, id: string): Rec | undefined {
    const there = this.isList() ? undefined : this.line(place)
    return there?.id === id ? there : this.all().find((each) => each.id === id)
  }

  all(): Rec[] {
    const text = decoder.decode(this.bytes)
    if (this.isList()) return JSON.parse(text) as Rec[]
    return JSON.parse(`[${text.trimEnd().replaceAll('\n', ',')}]`) as Rec[]
  }

  /** Written by an earlier version: one list instead of lines. */
  private isList(): boolean {
    return this.bytes[0] === 0x5b
  }

  private line(place: number): Rec | undefined {
    this.ends ??= this.lines()
    const end = this.ends[place]
    if (end === undefined) return undefined
    const from = place === 0 ? 0 : this.ends[place - 1]! + 1
    return JSON.parse(decoder.decode(this.bytes.subarray(from, end))) as Rec
  }

  private lines(): number[] {
    const ends: number[] = []
    for (let at = this.bytes.indexOf(newline); at >= 0; at = this.bytes.indexOf(newline, at + 1))
      ends.push(at)
    return ends
  }
}
