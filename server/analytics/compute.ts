// A measure to SQL and its rows. Counts and sums of a dataset are computed for every scope (the box's own division and
// the divisions below it) at once; a query of its own is written out once per scope, over the tables narrowed to that
// scope. Many measures go to DuckDB as one statement: under load each trip costs more than the counting.

import type { DatasetSpec } from '../kernel/dataset.ts'
import type { Measure } from '../kernel/measures.ts'
import type { Registry } from '../kernel/registry.ts'
import type { Lake } from './lake.ts'
import { literal, own, quoted, scopedTable, tableOf } from './tables.ts'

export interface Value {
  division: string
  key: string
  value: number
}

export interface Area {
  /** The box's own division. */
  division: string
  /** It and the known divisions below it. */
  scopes: string[]
}

/** The values of each measure, or why it has none. `only` narrows queries that run once per scope. */
export async function compute(
  lake: Lake,
  registry: Registry,
  measures: Measure[],
  area: Area,
  only: string[] = area.scopes,
): Promise<Map<string, Value[] | Error>> {
  const answers = new Map<string, Value[] | Error>()
  const asked: { measure: Measure; sql: string }[] = []
  for (const measure of measures) {
    try {
      asked.push({ measure, sql: await valuesSql(lake, registry, measure, area.division, only) })
    } catch (fault) {
      answers.set(measure.name, fault as Error)
    }
  }
  const together = await runTogether(lake, asked).catch(() => undefined)
  for (const each of asked) {
    // One of them is wrong: each alone shows which.
    const rows = together ? (together.get(each.measure.name) ?? []) : await runAlone(lake, each.sql)
    answers.set(each.measure.name, rows instanceof Error ? rows : complete(each.measure, rows, area.scopes))
  }
  return answers
}

async function runTogether(
  lake: Lake,
  asked: { measure: Measure; sql: string }[],
): Promise<Map<string, Value[]>> {
  const found = new Map<string, Value[]>()
  if (asked.length === 0) return found
  const each = asked.map(
    ({ measure, sql }) => `select ${literal(measure.name)} as measure, division, key, value from (${sql})`,
  )
  for (const { measure, ...value } of await lake.rows<Value & { measure: string }>(
    each.join(' union all '),
  )) {
    const values = found.get(measure)
    if (values) values.push(value)
    else found.set(measure, [value])
  }
  return found
}

const runAlone = (lake: Lake, sql: string): Promise<Value[] | Error> =>
  lake.rows<Value>(sql).catch((fault) => fault as Error)

/** Everything a measure reads, for knowing when to compute it again. */
export function sqlOf(measure: Measure, division: string): string {
  return measure.query ?? recordsSql(measure, division)
}

/** Whether the answer changes by the clock alone. */
export const dependsOnTime = (measure: Measure): boolean =>
  measure.over !== undefined ||
  /\b(now|today|current_date|current_timestamp|getdate|localtimestamp)\b/i.test(
    `${measure.condition} ${measure.query}`,
  )

/** The ids of the records behind one value, last touched first: what its list shows when no filter can say it. */
export function recordsBehind(measure: Measure, division: string, key: string | undefined): string {
  const spec = measure.of!.spec
  const keyed = key === undefined ? '' : `where _key = ${literal(key)}`
  return `select _id as id from (select ${own(spec, 'id')} as _id, ${own(spec, 'touched')} as _touched, ${keyOf(measure, spec)} as _key
    from ${chosen(measure, division)}) ${keyed} group by _id, _touched order by _touched desc, _id`
}

async function valuesSql(
  lake: Lake,
  registry: Registry,
  measure: Measure,
  division: string,
  scopes: string[],
): Promise<string> {
  return measure.query ? querySql(lake, registry, measure, division, scopes) : recordsSql(measure, division)
}

function recordsSql(measure: Measure, division: string): string {
  const spec = measure.of!.spec
  const operand = measure.sum ?? measure.average
  // Decimal sums do not depend on the order of the rows: a rebuild gives the same digits.
  const sums = operand
    ? `, sum(cast(${quoted(operand)} as decimal(38, 6))) as _sum, count(${quoted(operand)}) as _given`
    : ''
  const value = measure.sum
    ? 'coalesce(sum(_sum), 0)'
    : measure.average
      ? 'round(cast(sum(_sum) as double) / sum(_given), 6)'
      : 'sum(_rows)'
  // Counted per division first, and only these few rows are then told to each scope they belong to.
  const keyed = `select *, ${own(spec, 'division')} as _division, ${keyOf(measure, spec)} as _key from ${chosen(measure, division)}`
  const counted = `select _division, _key, count(*) as _rows${sums} from (${keyed}) group by _division, _key`
  return `select _scope as division, _key as key, cast(${value} as double) as value
    from (select *, unnest(${scopesOf('_division', division)}) as _scope from (${counted}))
    group by _scope, _key`
}

function chosen(measure: Measure, division: string): string {
  const spec = measure.of!.spec
  const conditions = [
    `not ${own(spec, 'withdrawn')}`,
    `starts_with(${own(spec, 'division')}, ${literal(division)})`,
    ...Object.entries(measure.where ?? {}).map(([field, wanted]) => equals(spec, field, wanted)),
    ...(measure.condition ? [`(${measure.condition}\n)`] : []),
    ...(measure.over ? [overLast(spec, measure.over)] : []),
  ]
  return `main.${quoted(tableOf(spec.name))} where ${conditions.join(' and ')}`
}

function equals(spec: DatasetSpec, field: string, wanted: unknown): string {
  const column = quoted(field)
  if (wanted === null || wanted === undefined) return `${column} is null`
  const values = (Array.isArray(wanted) ? wanted : [wanted]).map(valueSql)
  if (spec.fields[field]?.kind === 'choices') return `list_has_any(${column}, [${values.join(', ')}])`
  return `${column} in (${values.join(', ')})`
}

const valueSql = (value: unknown): string =>
  typeof value === 'number' || typeof value === 'boolean' ? String(value) : literal(String(value))

function overLast(spec: DatasetSpec, over: { field: string; days: number }): string {
  const day = dayOf(spec, over.field)
  return `${day} between current_date - ${over.days - 1} and current_date`
}

/** The county's day of a field: the session's time zone is the county's. */
const dayOf = (spec: DatasetSpec, field: string) =>
  spec.fields[field]?.kind === 'date' ? quoted(field) : `cast(${quoted(field)} as date)`

/** `day`, `value of by`, or both as `day|value`. */
function keyOf(measure: Measure, spec: DatasetSpec): string {
  const day = measure.over ? `strftime(${dayOf(spec, measure.over.field)}, '%Y-%m-%d')` : undefined
  const by = measure.by ? byOf(spec, measure.by) : undefined
  if (day && by) return `${day} || '|' || ${by}`
  return day ?? by ?? `''`
}

function byOf(spec: DatasetSpec, by: string): string {
  const field = spec.fields[by]
  if (!field && by === 'township') return `left(${own(spec, 'division')}, 9)`
  if (by === 'division') return own(spec, 'division')
  if (field?.kind === 'choices')
    return `unnest(case when len(${quoted(by)}) > 0 then ${quoted(by)} else [''] end)`
  if (field?.kind === 'date' || field?.kind === 'time')
    return `coalesce(strftime(${dayOf(spec, by)}, '%Y-%m-%d'), '')`
  return `coalesce(cast(${quoted(by)} as varchar), '')`
}

/** Every scope a record counts for: the box's own division and the division levels between it and the record. */
function scopesOf(column: string, division: string): string {
  const levels = [4, 6, 9].filter((length) => length > division.length)
  const upTo = (count: number) =>
    `[${[literal(division), ...levels.slice(0, count).map((length) => `left(${column}, ${length})`)].join(', ')}]`
  const cases = levels.map((length, i) => `when length(${column}) >= ${length} then ${upTo(i + 1)}`).reverse()
  return cases.length > 0 ? `case ${cases.join(' ')} else ${upTo(0)} end` : upTo(0)
}

/** A query that says the division of its rows is run once; any other once per scope. */
export const runsPerScope = (measure: Measure): boolean =>
  measure.query !== undefined && !columnsOf.get(measure)?.has('division')

/** What each query gives, asked once. */
const columnsOf = new WeakMap<Measure, Set<string>>()

async function columnsIn(lake: Lake, measure: Measure): Promise<Set<string>> {
  const known = columnsOf.get(measure)
  if (known) return known
  const rows = await lake.rows<{ column_name: string }>(`describe select * from (${measure.query}\n)`)
  const names = new Set(rows.map((row) => row.column_name))
  if (!names.has('value')) throw new Error('its query gives no column `value`')
  columnsOf.set(measure, names)
  return names
}

async function querySql(
  lake: Lake,
  registry: Registry,
  measure: Measure,
  division: string,
  scopes: string[],
): Promise<string> {
  const names = await columnsIn(lake, measure)
  const parts = [
    names.has('at') ? `strftime(cast("at" as date), '%Y-%m-%d')` : '',
    names.has('key') ? `coalesce(cast("key" as varchar), '')` : '',
  ]
  const key = parts.filter(Boolean).join(` || '|' || `) || `''`
  const within = (scope: string) =>
    `(with ${narrowed(lake, registry, measure, scope)} select * from (${measure.query}\n))`
  // The query says where each row belongs: one run, added up per scope.
  if (names.has('division'))
    return `select _scope as division, _key as key, cast(sum(value) as double) as value
      from (select unnest(${scopesOf('division', division)}) as _scope, ${key} as _key, value
            from ${within(division)} where starts_with(division, ${literal(division)}))
      group by _scope, _key`
  return scopes
    .map(
      (scope) =>
        `select ${literal(scope)} as division, ${key} as key, round(cast(value as double), 6) as value from ${within(scope)}`,
    )
    .join(' union all ')
}

/** Each table of a dataset that the query names, narrowed to a scope under the same name. */
function narrowed(lake: Lake, registry: Registry, measure: Measure, scope: string): string {
  const named = new Set(lake.tablesIn(measure.query!))
  const tables = [...registry.datasets.values()].filter(({ name }) => named.has(tableOf(name)))
  // A `with` needs something to name, also for a query that reads no dataset.
  return [
    '_none as (select 1)',
    ...tables.map(
      ({ spec }) => `${quoted(tableOf(spec.name))} as not materialized (${scopedTable(spec, scope)})`,
    ),
  ].join(', ')
}

/** A count of nothing is 0, not a gap; an average of nothing is a gap. */
function complete(measure: Measure, values: Value[], scopes: string[]): Value[] {
  const kept = values.filter((each) => Number.isFinite(each.value))
  if (measure.query || measure.average || measure.by) return kept
  const keys = measure.over ? daysBack(measure.over.days) : ['']
  const known = new Set(kept.map((each) => `${each.division} ${each.key}`))
  for (const division of scopes)
    for (const key of keys) if (!known.has(`${division} ${key}`)) kept.push({ division, key, value: 0 })
  return kept
}

function daysBack(days: number, now = Date.now()): string[] {
  const countyNow = now + 8 * 3_600_000
  return Array.from({ length: days }, (_, i) =>
    new Date(countyNow - i * 86_400_000).toISOString().slice(0, 10),
  )
}
