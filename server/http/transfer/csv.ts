// CSV as county offices write and read it: Excel saves GB18030 without saying so, expects a BOM to believe in UTF-8, and
// lets fields hold commas, quotes and line ends.

import { Refusal } from '../../kernel/refusal.ts'
import type { Line } from './sheet.ts'

/** BOM, then strict UTF-8, then GB18030. A file cut in the middle of a character still reads up to there. */
export function decodeText(bytes: Uint8Array): { text: string; encoding: string } {
  const starts = (...head: number[]) => head.every((byte, i) => bytes[i] === byte)
  if (starts(0xef, 0xbb, 0xbf))
    return { text: new TextDecoder('utf-8').decode(bytes.subarray(3)), encoding: 'UTF-8' }
  if (starts(0xff, 0xfe))
    return { text: new TextDecoder('utf-16le').decode(bytes.subarray(2)), encoding: 'UTF-16LE' }
  if (starts(0xfe, 0xff))
    return { text: new TextDecoder('utf-16be').decode(bytes.subarray(2)), encoding: 'UTF-16BE' }
  for (const encoding of ['utf-8', 'gb18030']) {
    try {
      return {
        text: new TextDecoder(encoding, { fatal: true }).decode(bytes),
        encoding: encoding.toUpperCase(),
      }
    } catch {
      // Not this one: the next may read it.
    }
  }
  throw new Refusal({
    zh: '文件的文字编码读不出来,请在 Excel 里另存为「CSV UTF-8」或 xlsx 后再导入',
    en: 'The text encoding cannot be read: save the file as "CSV UTF-8" or xlsx and import again.',
  })
}

/** Rows with the line each begins on (RFC 4180, with the separators Excel uses elsewhere too). */
export function* csvLines(text: string): Generator<Line> {
  const separator = separatorOf(text)
  let line = 1
  let at = 0
  while (at < text.length) {
    const began = line
    const cells: string[] = []
    for (;;) {
      let cell = ''
      if (text[at] === '"') {
        at++
        for (;;) {
          const quote = text.indexOf('"', at)
          const end = quote < 0 ? text.length : quote
          const piece = text.slice(at, end)
          for (const char of piece) if (char === '\n') line++
          cell += piece
          at = end + 1
          if (text[at] !== '"') break
          cell += '"'
          at++
        }
      }
      let end = at
      while (end < text.length && text[end] !== separator && text[end] !== '\n' && text[end] !== '\r') end++
      cells.push(cell + text.slice(at, end))
      at = end
      if (text[at] !== separator) break
      at++
    }
    if (text[at] === '\r') at++
    if (text[at] === '\n') at++
    line++
    yield { line: began, cells: cells.map((each) => ({ text: each.trim() })) }
  }
}

export function csvText(cells: string[]): string {
  return `${cells.map((cell) => (/[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\r\n`
}

export const bom = '\uFEFF'

function separatorOf(text: string): string {
  const head = text.slice(0, text.indexOf('\n') < 0 ? 2000 : Math.min(text.indexOf('\n'), 2000))
  const counts = [',', '\t', ';'].map((each) => [each, head.split(each).length] as const)
  return counts.reduce((best, each) => (each[1] > best[1] ? each : best))[0]
}
