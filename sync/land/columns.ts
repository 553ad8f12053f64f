// What a dataset's table looks like where it lands: one typed column per declared field beside the record's own. A
// value that does not fit its column (a newer peer's field, a mask where a date was) is kept in `more`, so that a row
// always says everything the record says.

import type { DatasetSpec, Rec } from '../../server/kernel/dataset.ts'
import type { FieldKind, FieldSpec } from '../../server/kernel/fields.ts'
import type { Words } from '../../server/kernel/words.ts'

export type Cell = 'text' | 'integer' | 'decimal' | 'date' | 'time' | 'flag' | 'texts' | 'json'

export interface Column {
  /** As SQL calls it: lower case, `standingBy` → `standing_by`. */
  name: string
  field: string
  kind: FieldKind
  cell: Cell
  /** With the unit, as people read it: 面积(亩). */
  label: Words
  /** The code list that explains the value: of a code, a division, a choice. */
  list?: string
  /** The dataset a reference points to. */
  to?: string
  sensitive?: 'mask' | 'hide'
  /** An earlier column of a field whose type has changed since: kept, no longer written. */
  former?: true
}

/** Columns every table begins with. */
export const ownColumns = ['id', 'version', 'division', 'withdrawn', 'more'] as const

const cells: Partial<Record<FieldKind, Cell>> = {
  integer: 'integer',
  decimal: 'decimal',
  date: 'date',
  time: 'time',
  flag: 'flag',
  choices: 'texts',
  geometry: 'json',
  files: 'json',
}

/** A personal value may come as its mask, which is text whatever the value was. */
export function cellOf(field: FieldSpec): Cell {
  const cell = cells[field.kind] ?? 'text'
  return field.sensitive && cell !== 'json' ? 'text' : cell
}

/** The list a field's codes are explained by; a choice has one of its own, named after dataset and field. */
export function listOf(dataset: string, name: string, field: FieldSpec): string | undefined {
  if (field.kind === 'code') return field.list
  if (field.kind === 'division') return 'division'
  return field.options ? `${dataset}.${name}` : undefined
}

/**
 * The columns of a table after a declaration was read: those it has stay where they are, new fields come behind, and a
 * field whose type changed gets a new column beside the former one. Fields that never leave the box have none.
 */
export function withColumns(spec: DatasetSpec, known: Column[]): { columns: Column[]; added: Column[] } {
  const columns = known.map((each) => ({ ...each }))
  const added: Column[] = []
  // PostGIS keeps a geometry beside each shape, under a name of its own.
  const taken = new Set<string>([
    ...ownColumns,
    ...columns.flatMap((each) => (each.kind === 'geometry' ? [each.name, geometryName(each)] : [each.name])),
  ])
  for (const [field, declared] of Object.entries(spec.fields)) {
    if (declared.sensitive === 'hide' || isOwnDivision(spec, field)) continue
    const cell = cellOf(declared)
    const about = {
      kind: declared.kind,
      label: labelled(declared),
      list: listOf(spec.name, field, declared),
      to: declared.to,
      sensitive: declared.sensitive,
    }
    const present = columns.find((each) => each.field === field && !each.former)
    if (present?.cell === cell) {
      Object.assign(present, about)
      continue
    }
    if (present) present.former = true
    const wanted = sqlName(isOwnRegister(spec) ? declared.label.zh : field, 55)
    const name = free([wanted, `${wanted}_${cell}`, `${wanted}_field`], taken)
    taken.add(name)
    const column: Column = { name, field, cell, ...about }
    if (column.kind === 'geometry') taken.add(geometryName(column))
    columns.push(column)
    added.push(column)
  }
  return { columns, added }
}

const labelled = ({ label, unit }: FieldSpec): Words =>
  unit ? { zh: `${label.zh}(${unit.zh})`, en: `${label.en} (${unit.en})` } : label

/** Whether two plans of a table are the same. */
export const sameColumns = (a: Column[], b: Column[]): boolean =>
  a.length === b.length && a.every((each, n) => print(each) === print(b[n]!))
const print = (each: Column) =>
  JSON.stringify([
    each.name,
    each.field,
    each.kind,
    each.cell,
    each.label.zh,
    each.label.en,
    each.list ?? null,
    each.to ?? null,
    each.sensitive ?? null,
    each.former === true,
  ])

export const geometryName = ({ name }: Pick<Column, 'name'>) => `${name}_geom`

/** The field that already is the record's division, under the same name. */
const isOwnDivision = (spec: DatasetSpec, field: string) =>
  field === 'division' && spec.division === 'division'

export interface Row {
  id: string
  version: number
  division: string
  withdrawn: boolean
  /** What no column takes. */
  more: Record<string, unknown> | null
  /** In the order of the columns; undefined is absent. */
  cells: unknown[]
}

/** A record as a row of its table. */
export function rowOf(record: Rec, columns: Column[]): Row {
  const rest = { ...record.fields }
  if (rest.division === record.division && !columns.some((each) => each.field === 'division'))
    delete rest.division
  const values = columns.map((column) => {
    if (column.former) return undefined
    const value = rest[column.field]
    if (value === undefined || value === null || !fits(column.cell, value)) return undefined
    delete rest[column.field]
    return value
  })
  return {
    id: record.id,
    version: record.version,
    division: record.division,
    withdrawn: record.withdrawn === true,
    more: Object.keys(rest).length > 0 ? rest : null,
    cells: values,
  }
}

// A year 0 or 10000 is a valid ISO date and no valid SQL one.
const day = /^(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/
const moment = /^(?!0000)\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})$/

function fits(cell: Cell, value: unknown): boolean {
  switch (cell) {
    case 'text':
      return typeof value === 'string'
    case 'integer':
      return Number.isSafeInteger(value)
    case 'decimal':
      return typeof value === 'number' && Number.isFinite(value)
    case 'date':
      return typeof value === 'string' && day.test(value) && exists(value)
    case 'time':
      return typeof value === 'string' && moment.test(value) && !Number.isNaN(Date.parse(value))
    case 'flag':
      return typeof value === 'boolean'
    case 'texts':
      return Array.isArray(value) && value.every((each) => typeof each === 'string')
    case 'json':
      return typeof value === 'object'
  }
}

const exists = (written: string) => new Date(`${written}T00:00:00Z`).toISOString().slice(0, 10) === written

/** When an act was decided, as SQL takes it; null when its clock wrote something no calendar has. */
export function sqlTime(at: string): string | null {
  const time = Date.parse(at)
  if (Number.isNaN(time)) return null
  const text = new Date(time).toISOString()
  return moment.test(text) ? text : null
}

/** The table of a dataset, `agri.plot` → `agri_plot`, and the view with labels beside it. */
export function tableNames(spec: DatasetSpec, taken: Set<string>): { name: string; view: string } {
  const name = free([sqlName(isOwnRegister(spec) ? spec.title.zh : spec.name, 48)], taken)
  taken.add(name)
  const view = free([`${name}_labels`], taken)
  taken.add(view)
  return { name, view }
}

// A register that a county made in the browser is called `own.r0195…` and its fields `f3`: nobody chose these names, and
// nobody could query them. SQL calls them what people called them first; where that stands is remembered.
const isOwnRegister = (spec: DatasetSpec) => spec.name.startsWith('own.')

/** Lower case and underscores, so that nobody has to quote it, in so many bytes of the 63 that PostgreSQL allows. */
function sqlName(name: string, bytes: number): string {
  const plain = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '_')
    .replaceAll(/^_+|_+$/g, '')
  let short = /^\p{L}/u.test(plain) ? plain : `_${plain}`
  while (Buffer.byteLength(short) > bytes) short = [...short].slice(0, -1).join('')
  return short
}

function free(wanted: string[], taken: Set<string>): string {
  const found = wanted.find((each) => !taken.has(each))
  if (found) return found
  let n = 2
  while (taken.has(`${wanted.at(-1)}_${n}`)) n++
  return `${wanted.at(-1)}_${n}`
}

export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
export const literal = (text: string) => `'${text.replaceAll("'", "''")}'`

/** NUL and half a surrogate pair are no text to a database: they read as the sign for what cannot be read. */
export const plainText = (text: string): string =>
  text.includes('\0') || !text.isWellFormed() ? text.replaceAll('\0', '\ufffd').toWellFormed() : text

export const plainJson = (value: unknown): string =>
  JSON.stringify(value, (_, each) => (typeof each === 'string' ? plainText(each) : each))
