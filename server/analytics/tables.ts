// A dataset as a DuckDB table: one typed column per field, beside where the record belongs and whether it still stands.
// Personal fields are left out: statistics do not need them, and what is not copied cannot leak from a derived file.

import type { DatasetSpec } from '../kernel/dataset.ts'
import type { FieldKind, FieldSpec } from '../kernel/fields.ts'

/** The table of a dataset, as queries of measures write it: `agri.plot` → `agri_plot`. */
export const tableOf = (dataset: string) => dataset.replaceAll(/[^\p{L}\p{N}]+/gu, '_')

export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
export const literal = (text: string) => `'${text.replaceAll("'", "''")}'`

/** Columns every table has. A field of the same name takes the plain name; the record's own then reads `record_born`. */
const ownColumns = {
  id: 'varchar',
  division: 'varchar',
  town: 'varchar',
  born: 'bigint',
  touched: 'bigint',
  withdrawn: 'boolean',
} as const
export type OwnColumn = keyof typeof ownColumns

export function own(spec: DatasetSpec, column: OwnColumn): string {
  return quoted(spec.fields[column] && column !== 'division' ? `record_${column}` : column)
}

/** Fields that have a column: all but the personal ones, and a division field that already is the record's division. */
export function columnFields(spec: DatasetSpec): [string, FieldSpec][] {
  return Object.entries(spec.fields).filter(([name, field]) => !field.sensitive && name !== 'division')
}

export function createTable(spec: DatasetSpec): string {
  const mine = (Object.keys(ownColumns) as OwnColumn[]).map(
    (name) => `${own(spec, name)} ${ownColumns[name]}`,
  )
  const fields = columnFields(spec).map(([name, field]) => `${quoted(name)} ${columnType(field.kind)}`)
  return `create or replace table main.${quoted(tableOf(spec.name))} (${[...mine, ...fields].join(', ')})`
}

/** What the table looks like; when this changes the table is made again from the records. */
export const shapeOf = (spec: DatasetSpec) => createTable(spec)

/** Moves a dataset's rows from the staging table `slice` into its own; a value that is not of its type reads as absent. */
export function insertFromSlice(spec: DatasetSpec): string {
  const fields = columnFields(spec)
  const shape = Object.fromEntries(fields.map(([name, field]) => [name, jsonType(field.kind)]))
  const values = fields.map(([name]) => `v[${literal(name)}]`)
  const parsed = fields.length > 0 ? `from_json(body, ${literal(JSON.stringify(shape))})` : 'null'
  return `insert into main.${quoted(tableOf(spec.name))}
    select id, division, town, born, touched, withdrawn${values.map((each) => `, ${each}`).join('')}
    from (select *, ${parsed} as v from temp.slice where dataset = ${literal(spec.name)})`
}

export function deleteInSlice(spec: DatasetSpec): string {
  return `delete from main.${quoted(tableOf(spec.name))}
    where ${own(spec, 'id')} in (select id from temp.slice where dataset = ${literal(spec.name)})`
}

/**
 * The same table as a query of a measure sees it: within a scope (what stands above it too, where the dataset reaches
 * below), withdrawn records left out. `main.agri_plot` is the whole of it.
 */
export function scopedTable(spec: DatasetSpec, scope: string): string {
  const division = own(spec, 'division')
  const inside = `starts_with(${division}, ${literal(scope)})`
  const within =
    spec.reach === 'below' ? `(${inside} or starts_with(${literal(scope)}, ${division}))` : inside
  return `select * from main.${quoted(tableOf(spec.name))} where ${within} and not ${own(spec, 'withdrawn')}`
}

/** Without a scope, for what is written beside the tables themselves: a condition that looks into another table. */
export function standingView(spec: DatasetSpec): string {
  const table = quoted(tableOf(spec.name))
  return `create or replace view scope.${table} as select * from main.${table} where not ${own(spec, 'withdrawn')}`
}

/** Field → column type, for files of records as people may see them. */
export const columnTypes = (spec: DatasetSpec): Record<string, string> =>
  Object.fromEntries(
    Object.entries(spec.fields)
      .filter(([, field]) => field.sensitive !== 'hide')
      // A masked value is text, whatever the value was.
      .map(([name, field]) => [name, field.sensitive ? 'VARCHAR' : columnType(field.kind).toUpperCase()]),
  )

const typeOf: Partial<Record<FieldKind, string>> = {
  integer: 'bigint',
  decimal: 'double',
  date: 'date',
  time: 'timestamptz',
  flag: 'boolean',
  choices: 'varchar[]',
}
const columnType = (kind: FieldKind) => typeOf[kind] ?? 'varchar'

function jsonType(kind: FieldKind): unknown {
  if (kind === 'choices') return ['VARCHAR']
  if (kind === 'geometry' || kind === 'files') return 'JSON'
  return columnType(kind).toUpperCase()
}
