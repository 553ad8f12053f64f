// Rows as COPY takes them: text format, a line a row, tabs between cells, \N for what is absent.

import type { TransactionSQL } from 'bun'
import { type Cell, plainJson, plainText } from './columns.ts'

/** Gathers lines and sends them in pieces: a table is filled as fast as the database reads. */
export class CopyInto {
  rows = 0
  private waiting: string[] = []
  private size = 0

  constructor(
    private readonly sql: TransactionSQL,
    /** Table with its columns: `xianhe_act (id, name)`. */
    private readonly into: string,
  ) {}

  add(cells: (string | null)[]) {
    const line = cells.map(copyCell).join('\t')
    this.waiting.push(line)
    this.size += line.length + 1
    this.rows++
  }

  /** Lines that are escaped already. */
  addLines(lines: string[]) {
    for (const line of lines) this.size += line.length + 1
    this.waiting.push(...lines)
    this.rows += lines.length
  }

  get full(): boolean {
    return this.size > pieceSize
  }

  async flush() {
    if (this.waiting.length === 0) return
    const text = `${this.waiting.join('\n')}\n`
    this.waiting = []
    this.size = 0
    const copy = this.sql.unsafe(`copy ${this.into} from stdin`) as unknown as {
      writable(): WritableStream<string>
    }
    const writer = copy.writable().getWriter()
    await writer.write(text)
    await writer.close()
  }
}

// 4 MiB: a few thousand rows; more is not faster, and a stop waits for it.
const pieceSize = 4 << 20

const special = /[\\\n\r\t]/
const escapes: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }
const copyCell = (text: string | null): string =>
  text === null ? '\\N' : special.test(text) ? text.replaceAll(/[\\\n\r\t]/g, (each) => escapes[each]!) : text

/** A value as PostgreSQL reads it from text. */
export function cellText(cell: Cell, value: unknown): string | null {
  if (value === undefined || value === null) return null
  switch (cell) {
    case 'json':
      return plainJson(value)
    case 'texts':
      return arrayText(value as string[])
    case 'text':
      return plainText(value as string)
    default:
      return String(value)
  }
}

/** `{"a","b"}`: an array of text. */
export const arrayText = (items: string[]): string =>
  `{${items.map((each) => `"${plainText(each).replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`
