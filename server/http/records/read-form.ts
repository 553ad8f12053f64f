// From a posted form to the fields of an act. Nothing is checked here: the act's own door does that, in one place, with
// sentences. Here only: what was typed, what of it differs from what the form opened with, and which record a typed name
// means when the browser runs no scripts.

import type { Context } from 'hono'
import { keyField } from '../../kernel/dataset.ts'
import type { Desk } from '../../kernel/desk.ts'
import type { FieldSpec, FileRef } from '../../kernel/fields.ts'
import { isId } from '../../kernel/ids.ts'
import type { Env } from '../module.ts'

export type Specs = Record<string, FieldSpec>
export type Posted = Record<string, string | File | (string | File)[]>

export interface Typed {
  /** As typed, to draw the form again and to hand to the act. */
  values: Record<string, unknown>
  /** `_record`, `_act`, `_base`, `_was`, … */
  hidden: (name: string) => string | undefined
  posted: Posted
}

export async function readForm(
  c: Context<Env>,
  specs: Specs,
  kept: Record<string, unknown> = {},
): Promise<Typed> {
  const posted = (await c.req.parseBody({ all: true })) as Posted
  const values: Record<string, unknown> = {}
  for (const [name, spec] of Object.entries(specs)) {
    if (spec.set === 'act') continue
    const given = posted[name]
    if (spec.kind === 'files') values[name] = await filesOf(c, posted, name, kept[name])
    else if (spec.kind === 'choices') values[name] = many(given)
    else if (given !== undefined) {
      const text = one(given)
      values[name] = spec.kind === 'ref' && text ? await recordMeant(c.var.desk, spec.to!, text) : text
    }
  }
  return { values, posted, hidden: (name) => (posted[name] === undefined ? undefined : one(posted[name])) }
}

/** The text a field opens with, to be compared with the text that comes back. */
export function openingText(spec: FieldSpec, value: unknown): string {
  if (value === undefined || value === null) return ''
  if (spec.kind === 'time') return wallTime(String(value))
  if (spec.kind === 'choices') return [...(value as string[])].sort().join(',')
  if (spec.kind === 'files')
    return (value as FileRef[])
      .map((each) => each.sha256)
      .sort()
      .join(',')
  if (typeof value === 'object') return JSON.stringify(value)
  return String(value)
}

export const openingTexts = (
  specs: Specs,
  fields: Record<string, unknown>,
  masked: string[] = [],
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(specs)
      .filter(([name, spec]) => spec.set !== 'act' && !masked.includes(name))
      .map(([name, spec]) => [name, openingText(spec, fields[name])]),
  )

/** What the person changed: only that goes into the act, so that two people who change different fields both succeed. */
export function changedFields(
  specs: Specs,
  typed: Typed,
  was: Record<string, string>,
): Record<string, unknown> {
  const changed: Record<string, unknown> = {}
  for (const [name, spec] of Object.entries(specs)) {
    if (spec.set === 'act' || !(name in typed.values)) continue
    const now = typed.values[name]
    // A masked field opens empty: empty means that the value stays.
    if (!(name in was)) {
      if (now !== '' && now !== undefined) changed[name] = now
      continue
    }
    if (openingText(spec, now === '' ? undefined : now) !== was[name]) changed[name] = now === '' ? null : now
  }
  return changed
}

export function readWas(text: string | undefined): Record<string, string> {
  try {
    const was = JSON.parse(text ?? '{}') as unknown
    return was && typeof was === 'object' ? (was as Record<string, string>) : {}
  } catch {
    return {}
  }
}

/** A name or number typed without scripts: the record whose key it is, or the only one that a search finds. */
async function recordMeant(desk: Desk, dataset: string, text: string): Promise<string> {
  if (isId(text) || !desk.registry.datasets.has(dataset) || !desk.mayRead(dataset)) return text
  const key = keyField(desk.registry.dataset(dataset).spec)
  if (key) {
    const byKey = await desk.list(dataset, { filter: { [key]: text }, limit: 2 })
    if (byKey.records.length === 1) return byKey.records[0]!.id
  }
  const found = await desk.list(dataset, { q: text, limit: 20 })
  if (found.records.length === 1) return found.records[0]!.id
  const labels = await desk.labels(found.records.map((each) => each.id))
  const exact = found.records.filter((each) => labels.get(each.id) === text)
  return exact.length === 1 ? exact[0]!.id : text
}

async function filesOf(c: Context<Env>, posted: Posted, name: string, before: unknown): Promise<FileRef[]> {
  const keep = new Set(many(posted[`${name}.keep`]))
  const kept = (Array.isArray(before) ? (before as FileRef[]) : []).filter((each) => keep.has(each.sha256))
  const given = posted[name] === undefined ? [] : Array.isArray(posted[name]) ? posted[name] : [posted[name]]
  for (const file of given) if (file instanceof File && file.size > 0) kept.push(await c.var.keepFile(file))
  return kept
}

const one = (given: string | File | (string | File)[]): string => {
  const last = Array.isArray(given) ? given.at(-1) : given
  return typeof last === 'string' ? last.trim() : ''
}
const many = (given: string | File | (string | File)[] | undefined): string[] =>
  (given === undefined ? [] : Array.isArray(given) ? given : [given]).filter(
    (each): each is string => typeof each === 'string' && each !== '',
  )

// What datetime-local shows for a stored moment: the county's wall clock (UTC+8 all year).
function wallTime(value: string): string {
  if (!/Z$|[+-]\d{2}:?\d{2}$/.test(value)) return value
  const at = new Date(value).getTime()
  return Number.isNaN(at) ? value : new Date(at + 8 * 3_600_000).toISOString().slice(0, 16)
}
