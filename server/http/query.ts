// A list's address and an API query are the same words: q, division, sort, cursor, limit, bbox, filter[field]=…,
// filter[field][from]=…, filter[field][to]=…. One reader and one writer keep lists, exports, maps and the API alike.

import type { DatasetSpec } from '../kernel/dataset.ts'
import type { ListQuery } from '../kernel/desk.ts'
import { parseField } from '../kernel/fields.ts'
import type { Box } from '../kernel/geo.ts'
import { refuse } from '../kernel/refusal.ts'
import type { Registry } from '../kernel/registry.ts'

export function readQuery(spec: DatasetSpec, params: URLSearchParams, registry: Registry): ListQuery {
  const query: ListQuery = {}
  const filter: Record<string, unknown> = {}
  for (const [name, raw] of params) {
    const value = raw.trim()
    if (value === '') continue
    const [, field, bracketed, dotted] = /^filter\[([^\]]+)\](?:\[(from|to)\]|\.(from|to))?$/.exec(name) ?? []
    const bound = bracketed ?? dotted
    if (field !== undefined) {
      const known = spec.fields[field]
      if (!known)
        refuse(
          {
            zh: `数据集里没有字段「${field}」,请检查筛选条件`,
            en: `There is no field "${field}"; check the filter.`,
          },
          { field: name },
        )
      // A filter looks for what is stored, so what people type is read the way a form reads it.
      const values = (bound ? [value] : value.split(',')).map((each) => {
        const parsed =
          known.kind === 'text'
            ? { value: each }
            : parseField({ ...known, min: undefined, max: undefined }, each, registry)
        if ('fault' in parsed) refuse(parsed.fault, { field: name })
        return parsed.value
      })
      if (bound) filter[field] = { ...(filter[field] as object), [bound]: values[0] }
      else if (Array.isArray(filter[field])) filter[field] = [...(filter[field] as unknown[]), ...values]
      else if (filter[field] !== undefined) filter[field] = [filter[field], ...values]
      else filter[field] = values.length === 1 ? values[0] : values
    } else if (name === 'q') query.q = value
    else if (name === 'division') query.division = value
    else if (name === 'sort') query.sort = sortOf(spec, value)
    else if (name === 'cursor') query.cursor = value
    else if (name === 'limit') query.limit = limitOf(value)
    else if (name === 'bbox') query.bbox = boxOf(value)
    else if (name === 'withdrawn') query.withdrawn = value === '1' || value === 'true'
  }
  if (Object.keys(filter).length > 0) query.filter = filter
  return query
}

/** The same list with some words changed; `undefined` or empty takes one away. The cursor never survives a change. */
export function withParams(
  url: URL,
  changes: Record<string, string | undefined>,
  path = url.pathname,
): string {
  const params = new URLSearchParams(url.search)
  if (!('cursor' in changes)) params.delete('cursor')
  for (const [name, value] of Object.entries(changes)) {
    params.delete(name)
    if (value) params.set(name, value)
  }
  for (const [name, value] of [...params]) if (value === '') params.delete(name)
  const text = params.toString()
  return text ? `${path}?${text}` : path
}

/** What of a list's address belongs to an export or a map of the same list. */
export function sameList(url: URL, path: string): string {
  return withParams(url, { limit: undefined }, path)
}

const limitOf = (value: string): number => {
  const limit = Number(value)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
    refuse(
      { zh: 'limit 应为 1 到 1000 的整数', en: 'limit is a whole number from 1 to 1000.' },
      { field: 'limit' },
    )
  return limit
}

function sortOf(spec: DatasetSpec, value: string): string {
  const field = value.replace(/^-/, '')
  if (!spec.fields[field])
    refuse(
      { zh: `不能按「${field}」排序,没有这个字段`, en: `Cannot sort by "${field}": there is no such field.` },
      { field: 'sort' },
    )
  return value
}

function boxOf(value: string): Box {
  const numbers = value.split(',').map(Number)
  const [west, south, east, north] = numbers
  if (numbers.length !== 4 || !numbers.every(Number.isFinite) || west! > east! || south! > north!)
    refuse(
      {
        zh: 'bbox 应为 西,南,东,北 四个经纬度数字',
        en: 'bbox is four numbers: west,south,east,north in degrees.',
      },
      { field: 'bbox' },
    )
  return numbers as Box
}
