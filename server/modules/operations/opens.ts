// Every number opens to its records. Where the ordinary list can say what was counted, that list is opened; where only
// SQL can, the page of the measure lists the records the analytics room counted.

import type { Measure } from '../../kernel/measures.ts'

export const measurePath = (name: string) => `/numbers/${encodeURIComponent(name)}`

/** The address of the records behind one value of a measure. `key` as in the number's row; absent for all of them. */
export function opensTo(measure: Measure, division: string, key?: string): string {
  if (measure.opens) return measure.opens
  if (!measure.of) return withParams(measurePath(measure.name), { division })
  const filter = filterOf(measure, key)
  if (!filter) return withParams(`${measurePath(measure.name)}/records`, { division, key })
  const area = measure.by === 'township' && key ? partsOf(measure, key).by : division
  return withParams(`/d/${measure.of.name}`, { division: area, ...filter })
}

/** What a list's filter bar would say, or undefined when it cannot. */
function filterOf(measure: Measure, key?: string): Record<string, string> | undefined {
  if (measure.condition) return undefined
  const spec = measure.of!.spec
  const filter: Record<string, string> = {}
  for (const [field, wanted] of Object.entries(measure.where ?? {})) {
    // A list filters by values; «empty» is none, and `division` is said beside the filters.
    if (wanted === null || wanted === undefined || field === 'division') return undefined
    filter[`filter[${field}]`] = (Array.isArray(wanted) ? wanted : [wanted]).join(',')
  }
  const { day, by } = partsOf(measure, key)
  if (measure.by && measure.by !== 'township' && key !== undefined) {
    if (
      by === '' ||
      by === undefined ||
      measure.by === 'division' ||
      filter[`filter[${measure.by}]`] === by
    ) {
      if (filter[`filter[${measure.by}]`] !== by) return undefined
    } else filter[`filter[${measure.by}]`] = by
  }
  if (measure.over) {
    const [from, to] = day ? [day, day] : [dayBack(measure.over.days - 1), dayBack(0)]
    const isTime = spec.fields[measure.over.field]?.kind === 'time'
    filter[`filter[${measure.over.field}][from]`] = isTime
      ? new Date(`${from}T00:00:00+08:00`).toISOString()
      : from!
    filter[`filter[${measure.over.field}][to]`] = isTime
      ? new Date(`${to}T23:59:59.999+08:00`).toISOString()
      : to!
  }
  return filter
}

/** A row's key in its parts: the day of `over`, the value of `by`. */
export function partsOf(measure: Measure, key?: string): { day?: string; by?: string } {
  if (key === undefined) return {}
  if (measure.over && measure.by) {
    const [day, ...by] = key.split('|')
    return { day, by: by.join('|') }
  }
  return measure.over ? { day: key } : { by: key }
}

export const dayBack = (days: number, now = Date.now()): string =>
  new Date(now + 8 * 3_600_000 - days * 86_400_000).toISOString().slice(0, 10)

function withParams(path: string, params: Record<string, string | undefined>): string {
  const given = Object.entries(params).filter((each): each is [string, string] => each[1] !== undefined)
  return `${path}?${new URLSearchParams(given)}`
}
