// One narrow index for all indexed fields of all datasets: (field, value, record). A partial index per field would be
// the obvious way, but SQLite opens every index of a table for every statement that writes to it: 20 of them cost an
// insert 7 µs, 150 cost 62 µs, 300 cost 331 µs, and every module adds more. Here a record pays for its own fields only.

import type { Database } from 'bun:sqlite'
import { type DatasetSpec, indexedFields, type Rec, townIndexedFields } from './dataset.ts'

/** A value as it stands in a mark. */
export type Value = string | number

/** Stands for «empty» where a list can be sorted by the field: before every number and text, as SQLite sorts null. */
export const nothing = -1.7e308

export interface Marked {
  id: number
  field: string
  /** Every record has a mark, those without a value under `nothing`: a list can be sorted by it. */
  sortable: boolean
  /** The second mark, whose value begins with the township. */
  byTown?: number
}

export class Marks {
  private readonly known = new Map<string, Marked[]>()
  private readonly insert
  private readonly remove

  constructor(private readonly db: Database) {
    this.insert = db.query('insert or ignore into mark(field, value, rid) values(?, ?, ?)')
    this.remove = db.query('delete from mark where field = ? and value = ? and rid = ?')
  }

  /** Numbers the dataset's indexed fields; a field that is newly indexed gets its marks from the records there are. */
  prepare(spec: DatasetSpec) {
    const few = new Set(townIndexedFields(spec))
    const shown = new Set(spec.columns ?? [])
    const marked = indexedFields(spec).map((field): Marked => {
      const { optional, kind } = spec.fields[field]!
      // Lists are sorted by the columns they show; a field that is always filled in has a mark anyway.
      const sortable = kind !== 'choices' && kind !== 'ref' && (!optional || shown.has(field))
      return {
        id: this.number(spec, field, false, sortable),
        field,
        sortable,
        ...(few.has(field) && { byTown: this.number(spec, field, true, false) }),
      }
    })
    this.known.set(spec.name, marked)
  }

  /** Brings a record's marks from what it said to what it says; a withdrawn record has none. */
  put(rid: number, before: Rec | undefined, after: Rec, withdrawn: boolean) {
    const fields = this.known.get(after.dataset)
    if (!fields) return
    const town = after.division.slice(0, 9)
    const townBefore = before?.division.slice(0, 9)
    const gone = before && !before.withdrawn
    for (const marked of fields) {
      const old = gone ? valuesOf(before.fields[marked.field], marked.sortable) : none
      const now = withdrawn ? none : valuesOf(after.fields[marked.field], marked.sortable)
      for (const value of old) if (!now.includes(value)) this.remove.run(marked.id, value, rid)
      for (const value of now) if (!old.includes(value)) this.insert.run(marked.id, value, rid)
      if (marked.byTown === undefined) continue
      const moved = town !== townBefore
      for (const value of old)
        if (moved || !now.includes(value)) this.remove.run(marked.byTown, inTown(townBefore!, value), rid)
      for (const value of now)
        if (moved || !old.includes(value)) this.insert.run(marked.byTown, inTown(town, value), rid)
    }
  }

  /** The marks of a field: its number, that of its marks by township, and whether records without a value have one too. */
  of(dataset: string, field: string): Marked | undefined {
    return this.known.get(dataset)?.find((each) => each.field === field)
  }

  private number(spec: DatasetSpec, field: string, few: boolean, sortable: boolean): number {
    const has = this.db
      .query('select id from mark_field where dataset = ? and field = ? and few = ?')
      .get(spec.name, field, few ? 1 : 0) as { id: number } | null
    if (has) return has.id
    return this.db.transaction(() => {
      const { lastInsertRowid } = this.db
        .query('insert into mark_field(dataset, field, few) values(?, ?, ?)')
        .run(spec.name, field, few ? 1 : 0)
      const id = Number(lastInsertRowid)
      const rows = this.db
        .query('select rid, town, body from record where dataset = ? and withdrawn = 0')
        .iterate(spec.name) as IterableIterator<{ rid: number; town: string; body: string }>
      for (const row of [...rows]) {
        for (const value of valuesOf(JSON.parse(row.body)[field], sortable))
          this.insert.run(id, few ? inTown(row.town, value) : value, row.rid)
      }
      return id
    })()
  }
}

const none: Value[] = []

/** What a field's value is found under: each element of a list, 1 and 0 for yes and no. */
function valuesOf(value: unknown, sortable: boolean): Value[] {
  if (value === undefined || value === null) return sortable ? [nothing] : none
  if (Array.isArray(value))
    return value.filter((each) => typeof each === 'string' || typeof each === 'number')
  if (typeof value === 'boolean') return [value ? 1 : 0]
  return typeof value === 'string' || typeof value === 'number' ? [value] : none
}

export const inTown = (town: string, value: Value): string => `${town} ${value}`
