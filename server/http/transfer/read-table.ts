// What stands in a file that people give us: which rows, and which column is which field.

import { type DatasetSpec, keyField } from '../../kernel/dataset.ts'
import { isId } from '../../kernel/ids.ts'
import { refuse } from '../../kernel/refusal.ts'
import { csvLines, decodeText } from './csv.ts'
import { type Line, refuseOldWorkbook, xlsxLines } from './sheet.ts'

export interface Table {
  /** Field for each column; undefined where nothing matches. */
  columns: (string | undefined)[]
  titles: string[]
  unknown: string[]
  total?: number
  lines: () => Iterator<Row>
}
/** NDJSON and GeoJSON rows carry values, not cells. */
export type Given = { id?: string; fields: Record<string, unknown> }

export type Row = Line & { given?: Given }

/** Stands for the record's id among the columns. */
export const idColumn = '#id'

/**
 * The rows of a CSV, XLSX, JSON, NDJSON or GeoJSON file, and which column is which field. Refuses with a sentence what holds no table: an
 * empty file, an old .xls, no header row, no key column.
 */
export function readTable(spec: DatasetSpec, file: { name: string; bytes: Uint8Array }): Table {
  const { bytes } = file
  if (bytes.length === 0)
    refuse({ zh: '文件是空的,请检查后重新选择', en: 'The file is empty; choose another.' })
  if (bytes[0] === 0xd0 && bytes[1] === 0xcf) throw refuseOldWorkbook()
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return tableOf(spec, () => xlsxLines(bytes))
  if (/\.xlsx$/i.test(file.name)) return tableOf(spec, () => xlsxLines(bytes))
  const { text } = decodeText(bytes)
  const first = text.trimStart()[0]
  if (first === '{' || first === '[') return jsonTable(spec, text)
  return tableOf(spec, () => csvLines(text))
}

/** The header is the first of the first rows in which most cells name a field: titles and notes often stand above it. */
function tableOf(spec: DatasetSpec, lines: () => Iterator<Line>): Table {
  const names = namesOf(spec)
  const head: Line[] = []
  const reading = lines()
  for (let i = 0; i < 12; i++) {
    const next = reading.next()
    if (next.done) break
    head.push(next.value)
  }
  const header = head.find((line) => {
    const filled = line.cells.filter((cell) => cell.text)
    const known = filled.filter((cell) => names.has(plain(cell.text)))
    return known.length > 0 && known.length * 2 >= filled.length
  })
  if (!header) {
    const expected = Object.values(spec.fields)
      .filter((field) => field.set !== 'act')
      .slice(0, 8)
    refuse({
      zh: `没有找到表头。第一行应是列名,如:${expected.map((each) => each.label.zh).join('、')}`,
      en: `No header row was found. The first row should name the columns, such as ${expected.map((each) => each.label.en).join(', ')}.`,
    })
  }
  const titles = header.cells.map((cell) => cell.text)
  const columns = titles.map((title) => names.get(plain(title)))
  const key = keyField(spec)
  if (key && !columns.includes(key) && !columns.includes(idColumn)) {
    const missing = Object.entries(spec.fields).find(
      ([name, field]) => !field.optional && field.set !== 'act' && name === key,
    )
    if (missing)
      refuse({
        zh: `缺少「${missing[1].label.zh}」列:没有它认不出每一行是哪条记录`,
        en: `The column "${missing[1].label.en}" is missing: without it no row can be told from another.`,
      })
  }
  return {
    columns,
    titles,
    unknown: titles.filter((title, i) => title && !columns[i]),
    lines: function* () {
      const all = lines()
      for (let next = all.next(); !next.done; next = all.next())
        if (next.value.line > header.line) yield next.value
    },
  }
}

function jsonTable(spec: DatasetSpec, text: string): Table {
  const names = namesOf(spec)
  const wrong = (line: number) =>
    refuse({ zh: `第 ${line} 行不是有效的 JSON,请检查文件`, en: `Line ${line} is not valid JSON.` })
  let rows: { line: number; value: Record<string, unknown> }[] = []
  const whole = (() => {
    try {
      return JSON.parse(text) as unknown
    } catch {
      return undefined
    }
  })()
  if (whole && typeof whole === 'object' && 'features' in whole)
    rows = (whole as { features: Record<string, unknown>[] }).features.map((value, i) => ({
      line: i + 1,
      value,
    }))
  else if (Array.isArray(whole)) rows = whole.map((value, i) => ({ line: i + 1, value }))
  else
    rows = text.split(/\r?\n/).flatMap((each, i) => {
      if (!each.trim()) return []
      try {
        return [{ line: i + 1, value: JSON.parse(each) as Record<string, unknown> }]
      } catch {
        return wrong(i + 1)
      }
    })
  const given = ({
    line,
    value,
  }: {
    line: number
    value: Record<string, unknown>
  }): Line & { given: Given } => {
    const source = ((value.properties ?? value.fields ?? value) as Record<string, unknown>) ?? {}
    const fields: Record<string, unknown> = {}
    for (const [name, each] of Object.entries(source)) {
      const field = names.get(plain(name))
      if (field && field !== idColumn) fields[field] = each
    }
    if (value.geometry && spec.place) fields[spec.place] = value.geometry
    const id = [value.id, source.id].find(isId)
    return { line, cells: [], given: { ...(id && { id }), fields } }
  }
  return {
    columns: [],
    titles: [],
    unknown: [],
    total: rows.length,
    lines: () => rows.map(given)[Symbol.iterator](),
  }
}

/** A column may be called by its Chinese or English label, with or without unit, or by the field's name. */
function namesOf(spec: DatasetSpec): Map<string, string> {
  const names = new Map<string, string>([
    ['记录编号', idColumn],
    ['recordid', idColumn],
  ])
  for (const [name, field] of Object.entries(spec.fields)) {
    if (field.sensitive === 'hide') continue
    const words = [
      name,
      field.label.zh,
      field.label.en,
      ...(field.unit ? [`${field.label.zh}${field.unit.zh}`, `${field.label.en}${field.unit.en}`] : []),
    ]
    for (const each of words) if (!names.has(plain(each))) names.set(plain(each), name)
  }
  return names
}

const plain = (title: string): string =>
  title
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\s*()[\]【】::_/-]/g, '')
