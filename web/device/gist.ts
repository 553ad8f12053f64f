// What the records of a block can be found by, without the records: columns, boxes, and a line of what is written in each.
// Fifty thousand records are searched, filtered, sorted and counted by their gists alone, and only those shown are
// unsealed. Values that repeat stand once. The words of codes (a crop, a township) are looked up when asked: a list may
// change and no gist is wrong.

import type { DatasetSpec, Rec } from '../../server/kernel/dataset.ts'
import type { FieldSpec } from '../../server/kernel/fields.ts'
import { bounds, type Geometry } from '../../server/kernel/geo.ts'
import { foundBy, sayingOf } from '../../server/search/words.ts'

export interface Column {
  values: unknown[]
  /** For each record, where in `values`. */
  at: number[]
}

export interface Gist {
  /** The turn in which its block was written; another turn's gist tells of other records. */
  turn: number
  division: Column
  withdrawn?: Column
  fields: Record<string, Column>
  /** West, south, east, north of each record in turn; `nowhere` four times where it has no place. */
  boxes?: number[]
  /** What is written in each record, in small letters, a line each. */
  writing: string
}

/** East of every map: touches nothing. */
export const nowhere = 999

/** What a gist of this dataset is made of. A gist made of something else is made again. */
export const formOf = (spec: DatasetSpec | undefined): string =>
  spec ? `1 ${columnsOf(spec).join()} ${writtenIn(spec).join()} ${spec.place ?? ''}` : ''

/** Whether a question about the field can be answered from the gist. */
export const inGist = (spec: DatasetSpec, field: string): boolean => columnsOf(spec).includes(field)

/** `more`: fields to have beside the usual ones, for a question that nobody expected. */
export function gistOf(
  spec: DatasetSpec,
  records: Rec[],
  { turn = 0, more = [] }: { turn?: number; more?: string[] } = {},
): Gist {
  const fields = Object.fromEntries(
    [...new Set([...columnsOf(spec), ...more])].map((name) => [
      name,
      columnOf(records.map((each) => each.fields[name])),
    ]),
  )
  const written = writtenIn(spec).map((name) => [name, spec.fields[name]!] as const)
  return {
    turn,
    division: columnOf(records.map((each) => each.division)),
    ...(records.some((each) => each.withdrawn) && {
      withdrawn: columnOf(records.map((each) => Boolean(each.withdrawn))),
    }),
    fields,
    ...(spec.place && { boxes: records.flatMap((each) => boxOf(each.fields[spec.place!])) }),
    writing: records.map((each) => lineOf(written, each)).join('\n'),
  }
}

const columnKinds = [
  'choice',
  'choices',
  'code',
  'division',
  'flag',
  'ref',
  'date',
  'time',
  'integer',
  'decimal',
]

const columnsOf = (spec: DatasetSpec): string[] =>
  Object.keys(spec.fields).filter((name) => {
    const field = spec.fields[name]!
    return field.key || field.filter || columnKinds.includes(field.kind)
  })

const writtenIn = (spec: DatasetSpec): string[] =>
  Object.keys(spec.fields).filter((name) => foundBy(spec.fields[name]!) === 'writing')

function columnOf(values: unknown[]): Column {
  const places = new Map<unknown, number>()
  const distinct: unknown[] = []
  const at = values.map((value) => {
    const key = typeof value === 'object' && value !== null ? JSON.stringify(value) : (value ?? null)
    let place = places.get(key)
    if (place === undefined) {
      place = distinct.push(value ?? null) - 1
      places.set(key, place)
    }
    return place
  })
  return { values: distinct, at }
}

/** To the decimetre, outwards: a phone gives fourteen digits of a place, and each would be kept four times. */
function boxOf(shape: unknown): number[] {
  if (!shape) return [nowhere, nowhere, nowhere, nowhere]
  const [west, south, east, north] = bounds(shape as Geometry)
  const outwards = (degrees: number, round: (n: number) => number) => round(degrees * 1e6) / 1e6
  return [
    outwards(west, Math.floor),
    outwards(south, Math.floor),
    outwards(east, Math.ceil),
    outwards(north, Math.ceil),
  ]
}

const lineOf = (written: (readonly [string, FieldSpec])[], record: Rec): string =>
  written
    .map(([name, field]) => sayingOf(field, record.fields[name]))
    .filter(Boolean)
    .join(' ')
    .replaceAll(/\s+/g, ' ')
