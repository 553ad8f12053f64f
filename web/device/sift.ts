// What the box's SQL says of filters, ranges, areas and words, said again in plain code for a device, over gists (a block
// at a time, each value that repeats asked once). A test runs both over the same records.

import { type Actor, visible } from '../../server/kernel/access.ts'
import type { DatasetSpec } from '../../server/kernel/dataset.ts'
import type { ListQuery } from '../../server/kernel/desk.ts'
import { parseField } from '../../server/kernel/fields.ts'
import type { Registry } from '../../server/kernel/registry.ts'
import { asked, foundBy, meaningOf } from '../../server/search/words.ts'
import type { Column, Gist } from './gist.ts'

export interface Sift {
  /** The fields it asks about. */
  fields: string[]
  /** For each record of a block, 1 when it belongs to the answer. */
  fits(gist: Gist): Uint8Array
}

export interface More {
  /** Fields that must be exactly this, as rules ask. */
  where?: Record<string, unknown>
  /** Records of this township alone, whatever else the person may see. */
  town?: string
}

export function sifter(
  registry: Registry,
  actor: Actor,
  spec: DatasetSpec,
  query: ListQuery,
  { where = {}, town = '' }: More = {},
): Sift {
  const area = query.division ?? ''
  const here = (division: unknown) =>
    typeof division === 'string' &&
    division.startsWith(town) &&
    visible(actor, spec, division) &&
    (division.startsWith(area) || actor.division.startsWith(area))
  const tests = [
    ...Object.entries(query.filter ?? {})
      .filter(([, wanted]) => !empty(wanted))
      .map(([field, wanted]) => ({ field, test: testOf(registry, spec, field, wanted) })),
    ...Object.entries(where).map(([field, wanted]) => ({ field, test: (has: unknown) => has === wanted })),
  ]
  const says = query.q?.trim() ? sayer(registry, spec, query.q) : undefined
  // A list and its count are one question: each block is asked once.
  const answers = new WeakMap<Gist, Uint8Array>()
  return {
    fields: tests.map((each) => each.field),
    fits(gist) {
      const known = answers.get(gist)
      if (known) return known
      const fits = new Uint8Array(gist.division.at.length).fill(1)
      if (gist.withdrawn) narrow(fits, gist.withdrawn, (is) => Boolean(is) === Boolean(query.withdrawn))
      else if (query.withdrawn) fits.fill(0)
      narrow(fits, gist.division, here)
      for (const { field, test } of tests) narrow(fits, gist.fields[field], test)
      if (query.bbox) touching(fits, gist.boxes, query.bbox)
      says?.(fits, gist)
      answers.set(gist, fits)
      return fits
    },
  }
}

/** Order of a sorted list: empty values first, as SQLite has it, then by value, then by birth. */
export function inOrder(sort: string): (a: Sortable, b: Sortable) => number {
  const way = sort.startsWith('-') ? -1 : 1
  return (a, b) => way * (compare(a.value, b.value) || a.born - b.born)
}

export interface Sortable {
  born: number
  /** Of the field sorted by. */
  value?: unknown
}

function narrow(fits: Uint8Array, column: Column | undefined, test: (value: unknown) => boolean) {
  const good = column?.values.map((value) => test(value ?? undefined))
  if (good?.every(Boolean)) return
  for (let i = 0; i < fits.length; i++) if (!good?.[column!.at[i]!]) fits[i] = 0
}

function touching(
  fits: Uint8Array,
  boxes: number[] | undefined,
  [west, south, east, north]: [number, number, number, number],
) {
  for (let i = 0; i < fits.length; i++) {
    const k = 4 * i
    if (!boxes || boxes[k]! > east || boxes[k + 1]! > north || boxes[k + 2]! < west || boxes[k + 3]! < south)
      fits[i] = 0
  }
}

/** Leaves the records that say every word, in their writing or in what their codes stand for. */
function sayer(registry: Registry, spec: DatasetSpec, question: string) {
  const words = asked(question)
  const coded = Object.keys(spec.fields).filter((name) => foundBy(spec.fields[name]!) === 'code')
  // A township's name is read once, not for each block.
  const meanings = new Map<string, string>()
  const meaning = (name: string, value: unknown): string => {
    const key = `${name}/${value}`
    let known = meanings.get(key)
    if (known === undefined) {
      known = meaningOf(registry, spec.fields[name]!, value)
      meanings.set(key, known)
    }
    return known
  }
  return (fits: Uint8Array, gist: Gist) => {
    if (words.length === 0) fits.fill(0)
    let lines: string[] | undefined
    for (const { word, says } of words) {
      const by = coded
        .map((name) => gist.fields[name]!)
        .map((column, k) => ({
          at: column.at,
          good: column.values.map((value) => says(meaning(coded[k]!, value))),
        }))
        .filter((each) => each.good.some(Boolean))
      const written = gist.writing.includes(word)
      if (!written && by.length === 0) {
        fits.fill(0)
        return
      }
      if (written) lines ??= gist.writing.split('\n')
      for (let i = 0; i < fits.length; i++)
        if (fits[i] && !by.some(({ at, good }) => good[at[i]!]) && !(written && says(lines![i]!))) fits[i] = 0
    }
  }
}

function testOf(
  registry: Registry,
  spec: DatasetSpec,
  field: string,
  wanted: unknown,
): (has: unknown) => boolean {
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
    const highest = empty(to)
      ? undefined
      : day
        ? new Date(`${to}T23:59:59.999+08:00`).toISOString()
        : value(to)
    return (has) => {
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
  return (has) => {
    if (Array.isArray(has)) return has.some((each) => any.has(JSON.stringify(each)))
    return has !== undefined && any.has(JSON.stringify(has))
  }
}

// A choices filter names one option; parsing it gave a list of one.
const flat = (value: unknown) => (Array.isArray(value) && value.length === 1 ? value[0] : value)

const empty = (value: unknown) =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)

function compare(a: unknown, b: unknown): number {
  if (a === b) return 0
  if (a === undefined || a === null) return -1
  if (b === undefined || b === null) return 1
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return String(a) < String(b) ? -1 : 1
}
