// Is this already on the table? Near enough for its category, alike in words, or from the same caller.

import type { Desk } from '../../kernel/desk.ts'
import type { Position } from '../../kernel/geo.ts'
import type { Case } from './clocks.ts'
import { cases, categories, openStates } from './dataset.ts'

export interface Draft {
  content?: string
  category?: string
  place?: Position
  phone?: string
}

export interface Likeness {
  record: Case
  /** Metres apart, when both have a place. */
  metres?: number
  /** 0 to 1. */
  alike: number
}

/** Open cases, and those closed in the last week, that are probably the same matter; the likeliest first. */
export async function similarCases(desk: Desk, draft: Draft, now: string, most = 5): Promise<Likeness[]> {
  const category = draft.category ? await desk.read(categories, draft.category) : undefined
  const reach = category?.fields.near ?? 100
  const words = pairs(draft.content ?? '')
  const found = new Map<string, Case>()
  if (draft.place) {
    const [lng, lat] = draft.place
    // Looked for twice as far as counts: a point on a phone is easily beside the road it means.
    const [dx, dy] = [(2 * reach) / metresPerLng(lat), (2 * reach) / metresPerLat]
    const near = await desk.list(cases, { bbox: [lng - dx, lat - dy, lng + dx, lat + dy], limit: 300 })
    for (const each of near.records) found.set(each.id, each)
  }
  if (draft.category) {
    const same = await desk.list(cases, {
      filter: { category: draft.category, state: openStates },
      limit: 200,
    })
    for (const each of same.records) found.set(each.id, each)
  }
  const week = new Date(Date.parse(now) - 7 * 86_400_000).toISOString()
  return [...found.values()]
    .filter(
      ({ fields }) =>
        openStates.includes(fields.state!) || (fields.state === 'closed' && fields.closedAt! > week),
    )
    .map((record) => likeness(record, draft, words))
    .filter(({ record, metres, alike }) => {
      const sameKind = draft.category !== undefined && record.fields.category === draft.category
      const close = metres !== undefined && metres <= reach
      const fromSame = Boolean(draft.phone) && maskedAlike(record.fields.phone, draft.phone!)
      return (
        (close && (sameKind || alike >= 0.2)) ||
        (fromSame && (sameKind || alike >= 0.2)) ||
        (alike >= 0.45 && (metres === undefined || metres <= 10 * reach))
      )
    })
    .sort((a, b) => b.alike - a.alike || (a.metres ?? 1e9) - (b.metres ?? 1e9))
    .slice(0, most)
}

function likeness(record: Case, draft: Draft, words: Set<string>): Likeness {
  const place = record.fields.place?.type === 'Point' ? record.fields.place.coordinates : undefined
  return {
    record,
    metres: place && draft.place ? metresBetween(place, draft.place) : undefined,
    alike: overlap(words, pairs(record.fields.content)),
  }
}

/** Pairs of characters: what Chinese has for words when nobody marks where they end. */
export function pairs(text: string): Set<string> {
  const found = new Set<string>()
  for (const run of text.split(/[^\p{L}\p{N}]+/u))
    for (let i = 0; i + 1 < run.length; i++) found.add(run.slice(i, i + 2))
  return found
}

/** Of the shorter text's pairs, how many the other has too. */
export function overlap(a: Set<string>, b: Set<string>): number {
  const [few, many] = a.size < b.size ? [a, b] : [b, a]
  if (few.size < 3) return 0
  let shared = 0
  for (const pair of few) if (many.has(pair)) shared++
  return shared / few.size
}

const metresPerLat = 110_900
const metresPerLng = (lat: number) => 111_320 * Math.cos((lat * Math.PI) / 180)
export const metresBetween = (a: Position, b: Position): number =>
  Math.round(Math.hypot((a[0] - b[0]) * metresPerLng((a[1] + b[1]) / 2), (a[1] - b[1]) * metresPerLat))

// The desk shows numbers masked; the ends that remain are enough to suggest, and no more is asked for.
const maskedAlike = (shown: string | undefined, typed: string) =>
  shown !== undefined &&
  shown.length === typed.length &&
  shown.slice(0, 3) === typed.slice(0, 3) &&
  shown.slice(-4) === typed.slice(-4)
