// XLSX, read and written by hand. ExcelJS weighs 20 MB with what it brings and turns 18-digit numbers into floats;
// SheetJS no longer comes from the registry. We need one sheet of plain cells, every digit of them, and a clear sentence
// for a broken file. Codes and ID numbers are written as text, so that Excel keeps their zeros.

import { Refusal } from '../../kernel/refusal.ts'
import { Archive, broken, zipStream } from './zip.ts'

export interface Cell {
  text: string
  /** Excel kept a number: beyond 15 digits it had forgotten the rest before we saw it. */
  number?: true
  /** A date or time by its number format, already written as 2026-03-05 or 2026-03-05 09:12. */
  date?: true
}
export interface Line {
  line: number
  cells: Cell[]
}

/** The first visible sheet, row by row; merged cells repeat their value. */
export function* xlsxLines(bytes: Uint8Array): Generator<Line> {
  const archive = new Archive(bytes)
  const workbook = archive.text('xl/workbook.xml')
  if (!workbook) throw broken()
  const sheet = archive.text(firstSheet(archive, workbook))
  if (sheet === undefined) throw broken()
  const shared = sharedStrings(archive.text('xl/sharedStrings.xml') ?? '')
  const dated = dateStyles(archive.text('xl/styles.xml') ?? '')
  const since1904 = /date1904="(1|true)"/.test(workbook)
  const merged = mergedCells(sheet)
  const kept = new Map<number, Cell>()
  let count = 0
  for (const row of sheet.matchAll(/<row\b([^>]*?)(?:\/>|>(.*?)<\/row>)/gs)) {
    count = Number(attribute(row[1]!, 'r')) || count + 1
    const cells: Cell[] = []
    let next = 0
    for (const cell of (row[2] ?? '').matchAll(/<c\b([^>]*?)(?:\/>|>(.*?)<\/c>)/gs)) {
      const reference = attribute(cell[1]!, 'r')
      const column = reference ? columnOf(reference) : next
      if (column > 16_384) throw broken()
      while (cells.length < column) cells.push({ text: '' })
      cells[column] = cellOf(cell[1]!, cell[2] ?? '', shared, dated, since1904)
      next = column + 1
    }
    for (const area of merged) {
      if (count < area.top || count > area.bottom) continue
      const index = merged.indexOf(area)
      if (count === area.top) kept.set(index, cells[area.left] ?? { text: '' })
      for (let column = area.left; column <= area.right; column++) {
        while (cells.length <= column) cells.push({ text: '' })
        if (!cells[column]!.text) cells[column] = kept.get(index) ?? { text: '' }
      }
    }
    yield { line: count, cells }
  }
}

function firstSheet(archive: Archive, workbook: string): string {
  const sheets = [...workbook.matchAll(/<(?:\w+:)?sheet\b([^>]*)\/?>/g)].map((each) => each[1]!)
  const visible = sheets.find((each) => !/state="(hidden|veryHidden)"/.test(each)) ?? sheets[0]
  const id = visible && (attribute(visible, 'r:id') ?? /\bid="([^"]*)"/.exec(visible)?.[1])
  const links = archive.text('xl/_rels/workbook.xml.rels') ?? ''
  const link = [...links.matchAll(/<Relationship\b([^>]*)\/?>/g)]
    .map((each) => each[1]!)
    .find((each) => attribute(each, 'Id') === id)
  const target = link && attribute(link, 'Target')
  if (target) return target.startsWith('/') ? target.slice(1) : `xl/${target}`
  const found = archive.names.find((name) => /^xl\/worksheets\/[^/]+\.xml$/.test(name))
  if (!found) throw broken()
  return found
}

function sharedStrings(xml: string): string[] {
  return [...xml.matchAll(/<si\b[^>]*?(?:\/>|>(.*?)<\/si>)/gs)].map((each) => textOf(each[1] ?? ''))
}

/** Rich text is several runs; what stands above Chinese as a reading aid is not part of the value. */
const textOf = (xml: string): string =>
  [...xml.replaceAll(/<rPh\b.*?<\/rPh>/gs, '').matchAll(/<t\b[^>]*?(?:\/>|>(.*?)<\/t>)/gs)]
    .map((each) => unescaped(each[1] ?? ''))
    .join('')

function cellOf(
  attributes: string,
  xml: string,
  shared: string[],
  dated: Set<number>,
  since1904: boolean,
): Cell {
  const type = attribute(attributes, 't') ?? 'n'
  if (type === 'inlineStr') return { text: textOf(xml).trim() }
  const raw = unescaped(/<v\b[^>]*>(.*?)<\/v>/s.exec(xml)?.[1] ?? '').trim()
  if (raw === '') return { text: '' }
  if (type === 's') return { text: (shared[Number(raw)] ?? '').trim() }
  if (type === 'b') return { text: raw === '1' ? 'true' : 'false' }
  if (type === 'str' || type === 'd') return { text: raw }
  // #REF! and its kin are no values: the field's own check then says what is wrong.
  if (type === 'e') return { text: raw }
  if (dated.has(Number(attribute(attributes, 's') ?? 0)) && Number.isFinite(Number(raw)))
    return { text: dayText(Number(raw), since1904), date: true }
  return { text: plainNumber(raw), number: true }
}

/** Excel's day numbers: day 60 is a 29 February 1900 that never was. */
export function dayText(serial: number, since1904 = false): string {
  const days = since1904 ? serial + 1462 : serial
  const ms = Math.round((days - 25_569) * 86_400) * 1000
  const text = new Date(ms).toISOString()
  return Number.isInteger(serial) ? text.slice(0, 10) : text.slice(0, 16).replace('T', ' ')
}

/** 4.3E+3 as 4300: what people saw in the cell, not how it was stored. */
function plainNumber(raw: string): string {
  const value = Number(raw)
  if (!Number.isFinite(value)) return raw
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return BigInt(value).toString()
  return String(Number(value.toPrecision(15)))
}

function dateStyles(xml: string): Set<number> {
  const custom = new Map(
    [...xml.matchAll(/<numFmt\b([^>]*)\/?>/g)].map((each) => [
      Number(attribute(each[1]!, 'numFmtId')),
      unescaped(attribute(each[1]!, 'formatCode') ?? ''),
    ]),
  )
  const isDate = (id: number) => {
    if ((id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58))
      return true
    const code = custom.get(id)?.replaceAll(/"[^"]*"|\\.|\[[^\]]*\]/g, '')
    return code !== undefined && /[ymdhs年月日]/i.test(code)
  }
  const formats = /<cellXfs\b[^>]*>(.*?)<\/cellXfs>/s.exec(xml)?.[1] ?? ''
  return new Set(
    [...formats.matchAll(/<xf\b([^>]*)/g)].flatMap((each, i) =>
      isDate(Number(attribute(each[1]!, 'numFmtId') ?? 0)) ? [i] : [],
    ),
  )
}

function mergedCells(sheet: string) {
  return [...sheet.matchAll(/<mergeCell\b[^>]*ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"/g)].map(
    ([, left, top, right, bottom]) => ({
      left: columnOf(left!),
      right: columnOf(right!),
      top: Number(top),
      bottom: Number(bottom),
    }),
  )
}

const attribute = (tag: string, name: string): string | undefined =>
  new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(tag)?.[1]

const columnOf = (reference: string): number =>
  [...reference.replace(/\d+$/, '')].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1

const unescaped = (text: string): string =>
  text.includes('&') || text.includes('_x')
    ? text
        .replaceAll(/&(#x?[\da-fA-F]+|\w+);/g, (whole, name: string) => {
          if (name.startsWith('#'))
            return String.fromCodePoint(Number(name[1] === 'x' ? `0${name.slice(1)}` : name.slice(1)))
          return { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }[name] ?? whole
        })
        .replaceAll(/_x([\dA-F]{4})_/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    : text

// ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface SheetColumn {
  title: string
  /** Numbers stay numbers; everything else is text, so that 0737 and 430981… survive. */
  number?: boolean
  width?: number
}

/** Excel's own limit is 1,048,576 rows; longer tables go on in a second sheet. */
const rowsPerSheet = 1_000_000

export function xlsxStream(
  title: string,
  columns: SheetColumn[],
  rows: AsyncIterable<(string | number | undefined)[]>,
): AsyncGenerator<Uint8Array> {
  return zipStream(parts(title, columns, rows[Symbol.asyncIterator]()))
}

async function* parts(
  title: string,
  columns: SheetColumn[],
  rows: AsyncIterator<(string | number | undefined)[]>,
): AsyncGenerator<{ name: string; content: string | AsyncIterable<string> }> {
  let sheets = 0
  let waiting = await rows.next()
  do {
    sheets++
    yield { name: `xl/worksheets/sheet${sheets}.xml`, content: sheetXml(columns, take()) }
  } while (!waiting.done)
  const each = Array.from({ length: sheets }, (_, i) => i + 1)
  const name = title.replaceAll(/[\\/?*[\]:]/g, ' ').slice(0, 25)
  yield {
    name: 'xl/workbook.xml',
    content: `${declaration}<workbook xmlns="${main}" xmlns:r="${office}/relationships"><sheets>${each.map((i) => `<sheet name="${escaped(i === 1 ? name : `${name} ${i}`)}" sheetId="${i}" r:id="rId${i}"/>`).join('')}</sheets></workbook>`,
  }
  yield {
    name: 'xl/_rels/workbook.xml.rels',
    content: `${declaration}<Relationships xmlns="${packages}/relationships">${each.map((i) => `<Relationship Id="rId${i}" Type="${office}/relationships/worksheet" Target="worksheets/sheet${i}.xml"/>`).join('')}<Relationship Id="rId${sheets + 1}" Type="${office}/relationships/styles" Target="styles.xml"/></Relationships>`,
  }
  yield { name: 'xl/styles.xml', content: `${declaration}${styles}` }
  yield {
    name: '_rels/.rels',
    content: `${declaration}<Relationships xmlns="${packages}/relationships"><Relationship Id="rId1" Type="${office}/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  }
  yield {
    name: '[Content_Types].xml',
    content: `${declaration}<Types xmlns="${packages}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>${each.map((i) => `<Override PartName="/xl/worksheets/sheet${i}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>`).join('')}</Types>`,
  }

  async function* take() {
    for (let n = 0; n < rowsPerSheet && !waiting.done; n++) {
      yield waiting.value
      waiting = await rows.next()
    }
  }
}

async function* sheetXml(
  columns: SheetColumn[],
  rows: AsyncIterable<(string | number | undefined)[]>,
): AsyncGenerator<string> {
  const widths = columns
    .map(
      (column, i) =>
        `<col min="${i + 1}" max="${i + 1}" width="${column.width ?? 16}" style="${column.number ? 0 : 2}" customWidth="1"/>`,
    )
    .join('')
  yield `${declaration}<worksheet xmlns="${main}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>${widths}</cols><sheetData>`
  yield `<row r="1">${columns.map((column) => `<c t="inlineStr" s="1"><is><t xml:space="preserve">${escaped(column.title)}</t></is></c>`).join('')}</row>`
  let pending = ''
  for await (const row of rows) {
    pending += `<row>${row.map(cellXml).join('')}</row>`
    if (pending.length > 32_768) {
      yield pending
      pending = ''
    }
  }
  yield `${pending}</sheetData></worksheet>`
}

const cellXml = (value: string | number | undefined): string => {
  if (value === undefined || value === '') return '<c/>'
  if (typeof value === 'number') return `<c><v>${value}</v></c>`
  return `<c t="inlineStr" s="2"><is><t xml:space="preserve">${escaped(value)}</t></is></c>`
}

// What XML 1.0 cannot say is left out; Excel would refuse the whole file.
const escaped = (text: string) =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are forbidden in XML.
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')

const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const office = 'http://schemas.openxmlformats.org/officeDocument/2006'
const packages = 'http://schemas.openxmlformats.org/package/2006'
// 0 plain, 1 bold header, 2 text: a cell formatted as text keeps its zeros when someone edits it.
const styles = `<styleSheet xmlns="${main}"><fonts count="2"><font><sz val="11"/><name val="Microsoft YaHei"/></font><font><b/><sz val="11"/><name val="Microsoft YaHei"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1" applyNumberFormat="1"/><xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>`

/** Old workbooks and password-protected ones are a different format under the same name. */
export const refuseOldWorkbook = () =>
  new Refusal({
    zh: '这是旧版 xls 或加密的 Excel 文件,请用 Excel/WPS 打开,另存为不加密的 xlsx 再导入',
    en: 'This is an old xls or an encrypted workbook: open it and save it as xlsx without a password.',
  })
