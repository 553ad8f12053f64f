// What the box's SQL says of filters, ranges, areas and words, said again in plain code for a device. A test runs both
// over the same records.

import { type Actor, visible } from '../../server/kernel/access.ts'
import type { DatasetSpec, Rec } from '../../server/kernel/dataset.ts'
import type { ListQuery } from '../../server/kernel/desk.ts'
import { parseField } from '../../server/kernel/fields.ts'
import { bounds, type Geometry } from '../../server/kernel/geo.ts'
import type { Registry } from '../../server/kernel/registry.ts'
import { matchFor, saysAll, textOf } from '../../server/search/words.ts'

/** Whether a record belongs to the answer of a query. */
export function sifter(
  registry: Registry,
  actor: Actor,
  spec: DatasetSpec,
  query: ListQuery,
): (record: Rec) => boolean {
  const words = query.q?.trim()
  const nothing = words !== undefined && words !== '' && matchFor(words) === undefined
  const filters = Object.entries(query.filter ?? {}).filter(([, wanted]) => !empty(wanted))
  const tests = filters.map(([field, wanted]) => testOf(registry, spec, field, wanted))
  return (record) => {
    if (Boolean(record.withdrawn) !== Boolean(query.withdrawn)) return false
    if (!visible(actor, spec, record.division)) return false
    if (
      query.division &&
      !record.division.startsWith(query.division) &&
      !actor.division.startsWith(query.division)
    )
      return false
    if (!tests.every((test) => test(record.fields))) return false
    if (query.bbox && !touches(record, spec, query.bbox)) return false
    if (nothing) return false
    if (words && !saysAll(textOf(registry, spec, record.fields), words)) return false
    return true
  }
}

/** Order of a sorted list: empty values first, as SQLite has it, then by value, then by birth. */
export function inOrder(sort: string): (a: Rec, b: Rec) => number {
  const field = sort.replace(/^-/, '')
  const way = sort.startsWith('-') ? -1 : 1
  return (a, b) => way * (compare(a.fields[field], b.fields[field]) || a.born - b.born)
}

function testOf(
  registry: Registry,
  spec: DatasetSpec,
  field: string,
  wanted: unknown,
): (fields: Record<string, unknown>) => boolean {
  const declared = spec.fields[field]
  if (!declared) return () => false
  const value = (raw: unknown) => {
    const parsed = parseField(declared, raw, registry)
    return 'value' in parsed ? parsed.value : raw
  }
  if (typeof wanted === 'object' && !Array.isArray(wanted)) {
    const { from, to } = wanted as { from?: unknown; to?: unknown }
    const lowest = empty(from) ? undefined : value(from)
    const day = declared.kind === 'time' && /^\d{4}-\d{2}-\d{2}$/.test(String(to))
    const highest = empty(to) ? undefined : day ? `${to}T23:59:59.999Z` : value(to)
    return (fields) => {
      const has = fields[field]
      if (has === undefined) return lowest === undefined && highest === undefined
      return (
        (lowest === undefined || compare(has, lowest) >= 0) &&
        (highest === undefined || compare(has, highest) <= 0)
      )
    }
  }
  const any = new Set(
    (Array.isArray(wanted) ? wanted : [wanted]).map((raw) => JSON.stringify(flat(value(raw)))),
  )
  return (fields) => {
    const has = fields[field]
    if (Array.isArray(has)) return has.some((each) => any.has(JSON.stringify(each)))
    return has !== undefined && any.has(JSON.stringify(has))
  }
}

// A choices filter names one option; parsing it gave a list of one.
const flat = (value: unknown) => (Array.isArray(value) && value.length === 1 ? value[0] : value)

const empty = (value: unknown) =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)

function touches(
  record: Rec,
  spec: DatasetSpec,
  [west, south, east, north]: [number, number, number, number],
): boolean {
  const shape = spec.place ? (record.fields[spec.place] as Geometry | undefined) : undefined
  if (!shape) return false
  const [w, s, e, n] = bounds(shape)
  return e >= west && w <= east && n >= south && s <= north
}

function compare(a: unknown, b: unknown): number {
  if (a === b) return 0
  if (a === undefined || a === null) return -1
  if (b === undefined || b === null) return 1
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return String(a) < String(b) ? -1 : 1
}
