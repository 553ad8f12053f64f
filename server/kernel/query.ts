// SQL for lists: keyset paging by (sort value, rid), scope by division prefix, filters on the expression indexes.
// Without ANALYZE the planner cannot know which filter is rare; each candidate index is asked for a capped count instead.

import type { Database } from 'bun:sqlite'
import type { Actor } from './access.ts'
import { type DatasetSpec, indexedFields, type Rec, townIndexedFields } from './dataset.ts'
import type { ListQuery } from './desk.ts'
import { parseField } from './fields.ts'
import { refuse } from './refusal.ts'
import type { Registry } from './registry.ts'
import { asSql, fieldIndex, type RecordRow, toRec, townIndex } from './store.ts'

interface Condition {
  sql: string
  values: (string | number | null)[]
  /** The field whose index serves it. */
  index?: string
}

export interface Listing {
  records: Rec[]
  next?: string
}

/** `within`: rids that a search found, when the query has words. */
export function listRecords(
  db: Database,
  registry: Registry,
  actor: Actor,
  spec: DatasetSpec,
  query: ListQuery,
  within?: number[],
): Listing {
  const limit = Math.max(1, Math.min(1000, Math.trunc(query.limit ?? 50)))
  const conditions = conditionsOf(registry, actor, spec, query, within)
  const sort = sortOf(spec, query.sort)
  const order = sort
    ? `order by (body ->> '$.${sort.field}') ${sort.way}, rid ${sort.way}`
    : 'order by rid desc'
  const after = query.cursor ? afterCursor(query.cursor, sort) : undefined
  if (after) conditions.push(after)
  const by = bestIndex(db, spec, conditions, sort, within !== undefined || query.bbox !== undefined)
  const sql = `select * from record ${by} where ${conditions.map((each) => each.sql).join(' and ')} ${order} limit ?`
  const rows = db
    .query(sql)
    .all(...(conditions.flatMap((each) => each.values) as never[]), limit + 1) as RecordRow[]
  const records = rows.slice(0, limit)
  const last = records.at(-1)
  const next = rows.length > limit && last ? cursorOf(last, sort) : undefined
  return { records: records.map(toRec), ...(next ? { next } : {}) }
}

export function countRecords(
  db: Database,
  registry: Registry,
  actor: Actor,
  spec: DatasetSpec,
  query: ListQuery,
  cap: number,
  within?: number[],
): { n: number; capped: boolean } {
  const conditions = conditionsOf(registry, actor, spec, query, within)
  const by = bestIndex(db, spec, conditions, undefined, within !== undefined || query.bbox !== undefined)
  const sql = `select count(*) as n from (select 1 from record ${by} where ${conditions.map((each) => each.sql).join(' and ')} limit ?)`
  const { n } = db.query(sql).get(...(conditions.flatMap((each) => each.values) as never[]), cap + 1) as {
    n: number
  }
  return { n: Math.min(n, cap), capped: n > cap }
}

function conditionsOf(
  registry: Registry,
  actor: Actor,
  spec: DatasetSpec,
  query: ListQuery,
  within?: number[],
): Condition[] {
  const conditions: Condition[] = [{ sql: `dataset = '${spec.name}'`, values: [] }]
  conditions.push({ sql: query.withdrawn ? 'withdrawn = 1' : 'withdrawn = 0', values: [] })
  conditions.push(...scopeOf(actor, spec, query.division))
  for (const [field, wanted] of Object.entries(query.filter ?? {})) {
    if (
      wanted === undefined ||
      wanted === null ||
      wanted === '' ||
      (Array.isArray(wanted) && wanted.length === 0)
    )
      continue
    conditions.push(filterOn(registry, spec, field, wanted))
  }
  if (query.bbox) {
    const [west, south, east, north] = query.bbox
    conditions.push({
      sql: 'rid in (select rid from place_box where east >= ? and west <= ? and north >= ? and south <= ?)',
      values: [west, east, south, north],
    })
  }
  if (within) conditions.push({ sql: `rid in (${within.map(Number).join(',')})`, values: [] })
  return conditions
}

/** The actor's area, narrowed by the query's; records above the area where the dataset reaches below. */
function scopeOf(actor: Actor, spec: DatasetSpec, asked?: string): Condition[] {
  const wider = asked && !asked.startsWith(actor.division) && !actor.division.startsWith(asked)
  if (wider) return [{ sql: '0', values: [] }]
  const prefix = asked && asked.length > actor.division.length ? asked : actor.division
  if (prefix.length < 9) return prefix.length === 0 ? [] : [prefixed(prefix)]
  const inside =
    prefix.length === 9
      ? { sql: 'town = ?', values: [prefix] }
      : { sql: 'town = ? and division = ?', values: [prefix.slice(0, 9), prefix] }
  if (spec.reach !== 'below' || asked) return [inside]
  const above = [2, 4, 6, 9]
    .filter((length) => length < prefix.length)
    .map((length) => prefix.slice(0, length))
  return [
    {
      sql: `((${inside.sql}) or division in (${above.map(() => '?').join(',')}))`,
      values: [...inside.values, ...above],
    },
  ]
}

// The whole county on its own box: the index adds nothing and the planner must not prefer it over the newest-first one.
const prefixed = (prefix: string): Condition => ({
  sql: '+division >= ? and +division < ?',
  values: [prefix, `${prefix}:`],
})

function filterOn(registry: Registry, spec: DatasetSpec, field: string, wanted: unknown): Condition {
  const declared = spec.fields[field]
  if (!declared)
    refuse(
      {
        zh: `「${spec.title.zh}」没有「${field}」这个字段,不能按它筛选`,
        en: `${spec.title.en} has no field "${field}" to filter by.`,
      },
      { field },
    )
  const column = `(body ->> '$.${field}')`
  const value = (raw: unknown) => {
    const parsed = parseField(declared, raw, registry)
    // One of several choices is looked for by itself, not as the list a form would make of it.
    if ('value' in parsed && declared.kind === 'choices') return asSql((parsed.value as string[] | undefined)?.[0])
    // Filtering by something that is no value of the field finds nothing; it is not an error to look.
    return asSql('value' in parsed ? parsed.value : raw)
  }
  if (wanted && typeof wanted === 'object' && !Array.isArray(wanted)) {
    const { from, to } = wanted as { from?: unknown; to?: unknown }
    const bounds = [
      ...(from !== undefined && from !== '' ? [{ sql: `${column} >= ?`, value: value(from) }] : []),
      ...(to !== undefined && to !== ''
        ? [
            {
              sql: `${column} <= ?`,
              value:
                declared.kind === 'time' && /^\d{4}-\d{2}-\d{2}$/.test(String(to))
                  ? new Date(`${to}T23:59:59.999+08:00`).toISOString()
                  : value(to),
            },
          ]
        : []),
    ]
    if (bounds.length === 0) return { sql: '1', values: [] }
    return { sql: bounds.map((each) => each.sql).join(' and '), values: bounds.map((each) => each.value) }
  }
  const values = (Array.isArray(wanted) ? wanted : [wanted]).map(value)
  const index = indexedFields(spec).includes(field) ? field : undefined
  if (declared.kind === 'choices') {
    return {
      sql: `exists (select 1 from json_each(body, '$.${field}') where value in (${values.map(() => '?').join(',')}))`,
      values,
    }
  }
  return {
    sql: values.length === 1 ? `${column} = ?` : `${column} in (${values.map(() => '?').join(',')})`,
    values,
    index,
  }
}

function sortOf(
  spec: DatasetSpec,
  sort: string | undefined,
): { field: string; way: 'asc' | 'desc' } | undefined {
  if (!sort) return undefined
  const field = sort.replace(/^-/, '')
  if (!spec.fields[field])
    refuse({
      zh: `「${spec.title.zh}」没有「${field}」这个字段,不能按它排序`,
      en: `${spec.title.en} has no field "${field}" to sort by.`,
    })
  return { field, way: sort.startsWith('-') ? 'desc' : 'asc' }
}

function bestIndex(
  db: Database,
  spec: DatasetSpec,
  conditions: Condition[],
  sort: { field: string } | undefined,
  narrowed: boolean,
): string {
  if (narrowed) return ''
  const inTown = conditions.some((each) => each.sql.startsWith('town = ?'))
  const candidates = conditions.filter((each) => each.index)
  if (inTown && !sort) {
    const fewValued = candidates.find(
      (each) => townIndexedFields(spec).includes(each.index!) && each.values.length === 1,
    )
    if (fewValued) return `indexed by "${townIndex(spec.name, fewValued.index!)}"`
  }
  if (candidates.length > 0) {
    const sized = candidates.map((each) => ({
      index: fieldIndex(spec.name, each.index!),
      n: atMost1000(db, spec, each),
    }))
    sized.sort((a, b) => a.n - b.n)
    return `indexed by "${sized[0]!.index}"`
  }
  if (inTown && !sort) return 'indexed by record_town'
  if (sort && indexedFields(spec).includes(sort.field))
    return `indexed by "${fieldIndex(spec.name, sort.field)}"`
  return 'indexed by record_list'
}

function atMost1000(db: Database, spec: DatasetSpec, condition: Condition): number {
  const sql = `select count(*) as n from (select 1 from record indexed by "${fieldIndex(spec.name, condition.index!)}" where dataset = '${spec.name}' and withdrawn = 0 and ${condition.sql} limit 1000)`
  return (db.query(sql).get(...(condition.values as never[])) as { n: number }).n
}

function cursorOf(row: RecordRow, sort: { field: string } | undefined): string {
  const value = sort ? (JSON.parse(row.body)[sort.field] ?? null) : null
  return Buffer.from(JSON.stringify(sort ? [value, row.rid] : [row.rid])).toString('base64url')
}

/** The row a newest-first page ended at. */
export function ridOf(cursor: string): number | undefined {
  const [rid] = afterCursor(cursor, undefined).values
  return rid as number
}

function afterCursor(cursor: string, sort: { field: string; way: 'asc' | 'desc' } | undefined): Condition {
  let parts: unknown
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    parts = undefined
  }
  if (!Array.isArray(parts) || parts.length !== (sort ? 2 : 1))
    refuse({
      zh: '翻页标记无效,请从第一页重新开始',
      en: 'The page cursor is not valid; start again from the first page.',
    })
  if (!sort) return { sql: 'rid < ?', values: [Number(parts[0])] }
  const [value, rid] = parts as [string | number | null, number]
  const column = `(body ->> '$.${sort.field}')`
  const later = sort.way === 'asc' ? '>' : '<'
  // Empty values sort before everything in SQLite.
  if (value === null) {
    return sort.way === 'asc'
      ? { sql: `(${column} is not null or rid > ?)`, values: [rid] }
      : { sql: `(${column} is null and rid < ?)`, values: [rid] }
  }
  const bound = asSql(value)
  return sort.way === 'asc'
    ? { sql: `(${column}, rid) ${later} (?, ?)`, values: [bound, rid] }
    : { sql: `((${column}, rid) < (?, ?) or ${column} is null)`, values: [bound, rid] }
}
