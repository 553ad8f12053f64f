import type { Field, FieldSpec, Fields, ValuesOf } from './fields.ts'
import type { Words } from './words.ts'

export type Keeper = 'village' | 'township' | 'county' | 'prefecture' | 'province'

/** How the data may be shared inside government and opened to society (政务信息资源目录编制指南). */
export interface Catalogue {
  share: 'unconditional' | 'conditional' | 'none'
  open: 'open' | 'after-masking' | 'closed'
  updates: 'live' | 'daily' | 'monthly' | 'quarterly' | 'yearly' | 'irregular'
  steward: string
}

/** A dataset as plain data: what `/api/v1/datasets`, packages and run-time declarations carry. */
export interface DatasetSpec {
  name: string
  /** Rises when old diary lines need `upcast`. */
  version: number
  title: Words
  about?: Words
  fields: Record<string, FieldSpec>
  /** Whose value stands when two levels changed the same field without knowing of each other. */
  keeper: Keeper
  /** Carried to field devices within the worker's scope. */
  offline?: boolean
  /** Records are only ever added; they never conflict. Amending and withdrawing are refused. */
  append?: boolean
  /** Written by named acts only: the generic new and edit forms are not offered. */
  closed?: boolean
  /** `below`: people of lower divisions read records of the divisions above them (products, lists, thresholds). */
  reach?: 'own' | 'below'
  /** How a record is called: `{code} {name}`. The first key field when absent. */
  label?: string
  /** What its page is called when the label is a bare number: `{product} · {plot}`, references by their names. */
  heading?: string
  /** The division field that decides scope; the actor's own division when absent. */
  division?: string
  /** The geometry field shown on maps. */
  place?: string
  /** List columns, in order; keys and the first plain fields when absent. */
  columns?: string[]
  /** Never leaves the box. */
  local?: boolean
  catalogue?: Catalogue
}

/** Old diary lines in today's words: from a change's fields at `version` to the current ones. */
export type Upcast = (fields: Record<string, unknown>, version: number) => Record<string, unknown>

export class Dataset<F extends Fields = Fields> {
  declare readonly values: ValuesOf<F>
  constructor(
    readonly spec: DatasetSpec,
    readonly upcast?: Upcast,
  ) {}
  get name() {
    return this.spec.name
  }
}

export interface Declaration<F extends Fields> extends Omit<DatasetSpec, 'name' | 'fields' | 'version'> {
  fields: F
  version?: number
  upcast?: Upcast
}

/** Declares a dataset: from this one declaration come checks, pages, search, import, export, API, access and sync scope. */
export function dataset<F extends Fields>(name: string, declaration: Declaration<F>): Dataset<F> {
  const { fields, upcast, version = 1, ...rest } = declaration
  const specs = Object.fromEntries(
    Object.entries(fields as Record<string, Field>).map(([key, each]) => [key, each.spec]),
  )
  const spec: DatasetSpec = { name, version, ...rest, fields: specs }
  spec.division ??= Object.keys(specs).find((key) => specs[key]!.kind === 'division')
  spec.place ??= Object.keys(specs).find((key) => specs[key]!.kind === 'geometry')
  return new Dataset<F>(spec, upcast)
}

/** A record as read through a lens. `fields` has the dataset's own type. */
export interface Rec<V = Record<string, unknown>> {
  id: string
  dataset: string
  version: number
  division: string
  fields: V
  withdrawn?: true
  /** Field names whose value is shown masked. */
  masked?: string[]
  /** Diary positions of birth and last change on this box. */
  born: number
  touched: number
}

export type RecOf<D> = D extends Dataset<infer F> ? Rec<ValuesOf<F>> : never

/** What a record is called in lists, links and sentences. */
export function labelOf(spec: DatasetSpec, fields: Record<string, unknown>): string {
  const pattern = spec.label ?? `{${keyField(spec) ?? Object.keys(spec.fields)[0]}}`
  const filled = pattern.replaceAll(/\{([\w-]+)\}/g, (_, name: string) => {
    const value = fields[name]
    const field = spec.fields[name]
    if (value === undefined || value === null) return ''
    return field?.options?.[String(value)]?.zh ?? String(value)
  })
  return filled.replaceAll(/\s+/g, ' ').trim()
}

export const keyField = (spec: DatasetSpec): string | undefined =>
  Object.keys(spec.fields).find((name) => spec.fields[name]!.key)

/** Fields with their own index on the record table. */
export const indexedFields = (spec: DatasetSpec): string[] =>
  Object.keys(spec.fields).filter((name) => spec.fields[name]!.key || spec.fields[name]!.filter)

/**
 * Indexed fields with few values (a state, a sex): they get a second index by township, because a value that is
 * common in the county may be rare in one of its towns.
 */
export const townIndexedFields = (spec: DatasetSpec): string[] =>
  indexedFields(spec).filter((name) => ['choice', 'flag', 'code'].includes(spec.fields[name]!.kind))
