// One row of a file as the values of a record, read the way a form reads them; what Excel already spoiled is named as such.

import type { Actor } from '../../kernel/access.ts'
import { type DatasetSpec, keyField, labelOf, type Rec } from '../../kernel/dataset.ts'
import { type FieldSpec, parseField } from '../../kernel/fields.ts'
import { isId } from '../../kernel/ids.ts'
import { Refusal, refuse } from '../../kernel/refusal.ts'
import type { Store } from '../../kernel/store.ts'
import { type Given, idColumn, type Row, type Table } from './read-table.ts'
import type { Cell } from './sheet.ts'

export interface Source {
  store: Store
  actor: Actor
  spec: DatasetSpec
  table: Table
  /** Text of a reference → record id, looked up once a file. */
  references: Map<string, string | undefined>
}

/** Throws a Refusal that names every fault of the row. */
export const readRow = (source: Source, row: Row): Given =>
  row.given ? givenFields(source, row.given) : cellFields(source, row.cells)

function cellFields(source: Source, cells: Cell[]): Given {
  const { spec, table } = source
  const reading = new Reading()
  let id: string | undefined
  for (const [i, name] of table.columns.entries()) {
    const cell = cells[i]
    if (!name || !cell?.text) continue
    if (name === idColumn) {
      if (isId(cell.text)) id = cell.text
      continue
    }
    const field = spec.fields[name]!
    if (field.set === 'act') continue
    reading.take(name, () => cellValue(source, name, field, cell))
  }
  return { ...(id && { id }), fields: reading.fields() }
}

function givenFields(source: Source, given: Given): Given {
  const reading = new Reading()
  for (const [name, raw] of Object.entries(given.fields)) {
    const field = source.spec.fields[name]!
    if (field.set === 'act' || raw === null || raw === undefined || raw === '') continue
    reading.take(name, () =>
      typeof raw === 'string'
        ? cellValue(source, name, field, { text: raw })
        : parsed(source, name, field, raw),
    )
  }
  return { ...(given.id && { id: given.id }), fields: reading.fields() }
}

/** Reads a whole row before it complains: someone who mends a file wants every fault of a row at once. */
class Reading {
  private readonly values: Record<string, unknown> = {}
  private readonly faults: Refusal['all'] = []
  take(name: string, read: () => unknown) {
    try {
      this.values[name] = read()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.faults.push(...error.all)
    }
  }
  fields(): Record<string, unknown> {
    const [first] = this.faults
    if (first) throw new Refusal(first.words, { field: first.field, all: this.faults })
    return this.values
  }
}

function cellValue(source: Source, name: string, field: FieldSpec, cell: Cell): unknown {
  let text = cell.text
  const digits = ['text', 'long', 'id-number', 'credit-code', 'phone', 'code', 'division', 'ref'].includes(
    field.kind,
  )
  if (cell.number && digits && text.replace('-', '').length > 15)
    refuse(
      {
        zh: `「${field.label.zh}」在 Excel 里是数字格式,15 位以后的数字已经丢失。请把这一列设成文本,重新填写后再导入`,
        en: `"${field.label.en}" is stored as a number in Excel, which forgets digits after the 15th. Format the column as text, fill it in again and import.`,
      },
      { field: name },
    )
  // Excel hands out days as numbers when the column was never told that it holds dates.
  if (cell.number && field.kind === 'date' && /^\d{5}$/.test(text)) text = serialDay(Number(text))
  if ((field.kind === 'text' || field.kind === 'long') && /^'[=+\-@]/.test(text)) text = text.slice(1)
  if (field.kind === 'ref') return referenceMeant(source, name, field, text)
  if (field.kind === 'division') return divisionMeant(source, text)
  return parsed(source, name, field, text)
}

function parsed(source: Source, name: string, field: FieldSpec, raw: unknown): unknown {
  const result = parseField(field, raw, source.store.registry)
  if ('fault' in result) {
    // A mask that came out with an export says nothing about the value behind it.
    if (field.sensitive && /\*/.test(String(raw))) return raw
    throw new Refusal(result.fault, { field: name })
  }
  return result.value
}

const serialDay = (serial: number) =>
  new Date(Math.round((serial - 25_569) * 86_400) * 1000).toISOString().slice(0, 10)

/** By id, by key, or by a label that only one record within reach carries. */
function referenceMeant(source: Source, name: string, field: FieldSpec, text: string): string {
  if (isId(text)) return text
  const cached = `${field.to}\u0000${text}`
  if (!source.references.has(cached)) source.references.set(cached, findReference(source, field.to!, text))
  const found = source.references.get(cached)
  if (!found)
    throw new Refusal(
      {
        zh: `${field.label.zh}:找不到「${text}」,请先登记,或改填它的编号`,
        en: `${field.label.en}: "${text}" cannot be found; register it first, or give its number.`,
      },
      { field: name },
    )
  return found
}

function findReference(source: Source, dataset: string, text: string): string | undefined {
  const { store, actor } = source
  const spec = store.registry.datasets.get(dataset)?.spec
  if (!spec) return undefined
  const reachable = (records: Rec[]) =>
    records.filter(
      (each) => each.division.startsWith(actor.division) || actor.division.startsWith(each.division),
    )
  const key = keyField(spec)
  const byKey = key ? reachable(store.look.find(dataset, { [key]: text }, 5) as Rec[]) : []
  if (byKey.length === 1) return byKey[0]!.id
  const named = /^\{([\w-]+)\}$/.exec(spec.label ?? '')?.[1]
  if (!named || !spec.fields[named]) return undefined
  const byName = reachable(store.look.find(dataset, { [named]: text }, 5) as Rec[]).filter(
    (each) => labelOf(spec, each.fields) === text,
  )
  return byName.length === 1 ? byName[0]!.id : undefined
}

/** A code, or the name as people write it, when it is the only one of that name within the importer's area. */
function divisionMeant(source: Source, text: string): string {
  if (/^\d+$/.test(text)) return text
  const codes = source.store.registry.codes('division')?.codes ?? {}
  const found = Object.keys(codes).filter(
    (code) =>
      code.startsWith(source.actor.division) && (codes[code]!.zh === text || codes[code]!.en === text),
  )
  return found.length === 1 ? found[0]! : text
}
