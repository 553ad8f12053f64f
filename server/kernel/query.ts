// SQL for lists: keyset paging by (sort value, rid), scope by division prefix, filters and sorts on the marks. SQLite
// cannot know which filter is rare; each candidate is asked for a capped count instead, and the rarest leads.

import type { Database } from 'bun:sqlite'
import type { Actor } from './access.ts'
import { type DatasetSpec, indexedFields, type Rec } from './dataset.ts'
import type { ListQuery } from './desk.ts'
import { parseField } from './fields.ts'
import { inTown, type Marks, nothing } from './marks.ts'
import { asSql, type RecordRow, toRec } from './records.ts'
import { refuse } from './refusal.ts'
import type { Registry } from './registry.ts'

type Bound = string | number | null

interface Condition {
  sql: string
  values: Bound[]
  /** The indexed field it asks about and the values it accepts: it may lead the query. */
  field?: string
}

export interface Listing {
  records: Rec[]
  next?: string
}

export interface Source {
  db: Database
  marks: Marks
  registry: Registry
}

interface Sort {
  field: string
  way: 'asc' | 'desc'
}

/** `within`: rids that a search found, when the query has words. */
export function listRecords(
  source: Source,
  actor: Actor,
  spec: DatasetSpec,
  query: ListQuery,
  within?: number[],
): Listing {
  const limit = Math.max(1, Math.min(1000, Math.trunc(query.limit ?? 50)))
  const sort = sortOf(spec, query.sort)
  const conditions = conditionsOf(source.registry, actor, spec, query, within)
  const lead = leadOf(source, spec, conditions, sort, query, within)
  const sorted = sort && (lead.by === 'sort' ? 'm.value' : `(r.body ->> '$.${sort.field}')`)
  const order = sort
    ? `order by ${sorted} ${sort.way}, r.rid ${sort.way}`
    : `order by ${lead.by === 'record' ? 'r' : 'm'}.rid desc`
  const after = query.cursor ? afterCursor(query.cursor, sort, sorted ?? '', lead) : undefined
  const rows = run<RecordRow>(
    source.db,
    'r.*',
    lead,
    after ? [...conditions, after] : conditions,
    `${order} limit ?`,
    limit + 1,
  )
  const records = rows.slice(0, limit)
  const last = records.at(-1)
  const next = rows.length > limit && last ? cursorOf(last, sort) : undefined
  return { records: records.map(toRec), ...(next ? { next } : {}) }
}

export function countRecords(
  source: Source,
  actor: Actor,
  spec: DatasetSpec,
  query: ListQuery,
  cap: number,
  within?: number[],
): { n: number; capped: boolean } {
  const conditions = conditionsOf(source.registry, actor, spec, query, within)
  const lead = leadOf(source, spec, conditions, undefined, query, within)
  const n = run(source.db, '1', lead, conditions, 'limit ?', cap + 1).length
  return { n: Math.min(n, cap), capped: n > cap }
}

/** Which index is walked: the record table's own, the marks of one filter value, or the marks of the sort field in order. */
type Lead = { by: 'record'; index: string } | { by: 'value' | 'sort'; sql: string; values: Bound[] }

function run<T>(
  db: Database,
  columns: string,
  lead: Lead,
  conditions: Condition[],
  tail: string,
  limit: number,
): T[] {
  const from = lead.by === 'record' ? `record r ${lead.index}` : 'mark m cross join record r on r.rid = m.rid'
  const where = [...(lead.by === 'record' ? [] : [lead.sql]), ...conditions.map((each) => each.sql)].join(
    ' and ',
  )
  const values = [
    ...(lead.by === 'record' ? [] : lead.values),
    ...conditions.flatMap((each) => each.values),
    limit,
  ]
  return db.query(`select ${columns} from ${from} where ${where} ${tail}`).all(...(values as never[])) as T[]
}

function leadOf(
  { db, marks }: Source,
  spec: DatasetSpec,
  conditions: Condition[],
  sort: Sort | undefined,
  query: ListQuery,
  within?: number[],
): Lead {
  // What a search or a map found is few already, and withdrawn records have no marks.
  if (within || query.bbox) return { by: 'record', index: '' }
  const scope = conditions.find((each) => each.sql.startsWith('r.town = ?'))
  const candidates = query.withdrawn
    ? []
    : conditions.filter((each) => each.field && marks.of(spec.name, each.field))
  const inOneTown =
    scope &&
    candidates.find(
      (each) => each.values.length === 1 && marks.of(spec.name, each.field!)!.byTown !== undefined,
    )
  if (inOneTown && !sort) {
    const value = inTown(String(scope.values[0]), inOneTown.values[0]!)
    return {
      by: 'value',
      sql: 'm.field = ? and m.value = ?',
      values: [marks.of(spec.name, inOneTown.field!)!.byTown!, value],
    }
  }
  const sized = candidates
    .map((each) => {
      const { id } = marks.of(spec.name, each.field!)!
      const one = each.values.length === 1
      const sql = `m.field = ? and m.value ${one ? '= ?' : `in (${each.values.map(() => '?').join(',')})`}`
      const values = [id, ...each.values]
      const few = db
        .query(`select 1 from mark m where ${sql} limit ${fewest}`)
        .all(...(values as never[])).length
      return {
        lead: { by: 'value' as const, sql, values },
        few,
        one,
        list: spec.fields[each.field!]!.kind === 'choices',
      }
    })
    // Several values give each record's marks apart: only worth sorting together when they are few, and a list's would repeat it.
    .filter((each) => each.one || (each.few < fewest && !each.list))
    .sort((a, b) => a.few - b.few)
  const rarest = sized[0]
  const bySort = sort && !query.withdrawn ? marks.of(spec.name, sort.field) : undefined
  if (rarest && (!sort || rarest.few < fewest || !bySort?.sortable)) return rarest.lead
  if (bySort?.sortable) return { by: 'sort', sql: 'm.field = ?', values: [bySort.id] }
  return { by: 'record', index: scope && !sort ? 'indexed by record_town' : 'indexed by record_list' }
}

/** Fewer than this are read whole and sorted without anybody noticing. */
const fewest = 1000

function conditionsOf(
  registry: Registry,
  actor: Actor,
  spec: DatasetSpec,
  query: ListQuery,
  within?: number[],
): Condition[] {
  const conditions: Condition[] = [{ sql: `r.dataset = '${spec.name}'`, values: [] }]
  conditions.push({ sql: query.withdrawn ? 'r.withdrawn = 1' : 'r.withdrawn = 0', values: [] })
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
      sql: 'r.rid in (select rid from place_box where east >= ? and west <= ? and north >= ? and south <= ?)',
      values: [west, east, south, north],
    })
  }
  if (within) conditions.push({ sql: `r.rid in (${within.map(Number).join(',')})`, values: [] })
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
      ? { sql: 'r.town = ?', values: [prefix] }
      : { sql: 'r.town = ? and r.division = ?', values: [prefix.slice(0, 9), prefix] }
  if (spec.reach !== 'below' || asked) return [inside]
  const above = [2, 4, 6, 9]
    .filter((length) => length < prefix.length)
    .map((length) => prefix.slice(0, length))
  return [
    {
      sql: `((${inside.sql}) or r.division in (${above.map(() => '?').join(',')}))`,
      values: [...inside.values, ...above],
    },
  ]
}

// The whole county on its own box: the index adds nothing and the planner must not prefer it over the newest-first one.
const prefixed = (prefix: string): Condition => ({
  sql: '+r.division >= ? and +r.division < ?',
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
  const column = `(r.body ->> '$.${field}')`
  const value = (raw: unknown) => {
    const parsed = parseField(declared, raw, registry)
    // One of several choices is looked for by itself, not as the list a form would make of it.
    if ('value' in parsed && declared.kind === 'choices')
      return asSql((parsed.value as string[] | undefined)?.[0])
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
  const lead = indexedFields(spec).includes(field) ? { field } : {}
  if (declared.kind === 'choices') {
    return {
      sql: `exists (select 1 from json_each(r.body, '$.${field}') each where each.value in (${values.map(() => '?').join(',')}))`,
      values,
      ...lead,
    }
  }
  return {
    sql: values.length === 1 ? `${column} = ?` : `${column} in (${values.map(() => '?').join(',')})`,
    values,
    ...lead,
  }
}

function sortOf(spec: DatasetSpec, sort: string | undefined): Sort | undefined {
  if (!sort) return undefined
  const field = sort.replace(/^-/, '')
  if (!spec.fields[field])
    refuse({
      zh: `「${spec.title.zh}」没有「${field}」这个字段,不能按它排序`,
      en: `${spec.title.en} has no field "${field}" to sort by.`,
    })
  return { field, way: sort.startsWith('-') ? 'desc' : 'asc' }
}

function cursorOf(row: RecordRow, sort: { field: string } | undefined): string {
  const value = sort ? (JSON.parse(row.body)[sort.field] ?? null) : null
  return Buffer.from(JSON.stringify(sort ? [value, row.rid] : [row.rid])).toString('base64url')
}

/** The row a newest-first page ended at. */
export const ridOf = (cursor: string): number => Number(readCursor(cursor, 1)[0])

function readCursor(cursor: string, length: number): unknown[] {
  let parts: unknown
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch {
    parts = undefined
  }
  if (!Array.isArray(parts) || parts.length !== length)
    refuse({
      zh: '翻页标记无效,请从第一页重新开始',
      en: 'The page cursor is not valid; start again from the first page.',
    })
  return parts as unknown[]
}

function afterCursor(cursor: string, sort: Sort | undefined, sorted: string, lead: Lead): Condition {
  if (!sort) return { sql: `${lead.by === 'record' ? 'r' : 'm'}.rid < ?`, values: [ridOf(cursor)] }
  const [value, rid] = readCursor(cursor, 2) as [unknown, number]
  const later = sort.way === 'asc' ? '>' : '<'
  const bound = value === null ? null : asSql(value)
  if (lead.by === 'sort') return { sql: `(m.value, m.rid) ${later} (?, ?)`, values: [bound ?? nothing, rid] }
  // Empty values sort before everything in SQLite.
  if (bound === null)
    return sort.way === 'asc'
      ? { sql: `(${sorted} is not null or r.rid > ?)`, values: [rid] }
      : { sql: `(${sorted} is null and r.rid < ?)`, values: [rid] }
  return sort.way === 'asc'
    ? { sql: `(${sorted}, r.rid) > (?, ?)`, values: [bound, rid] }
    : { sql: `((${sorted}, r.rid) < (?, ?) or ${sorted} is null)`, values: [bound, rid] }
}
