// The diary as one person may read it: only changes to records within scope, personal values masked. Box only: a device
// has no diary of the county, only its replica.

import { type Actor, visible } from '../kernel/access.ts'
import type { Act, Change } from '../kernel/acts.ts'
import { maskValue } from '../kernel/fields.ts'
import { maskedQuestion, questions } from '../kernel/questions.ts'
import type { Store } from '../kernel/store.ts'

export interface Reading {
  acts: Act[]
  /** Ask again after this position; it moves past what the reader may not see, so a replica never stands still. */
  next: number
  /** Whether the diary held more than was looked at. */
  more: boolean
}

/** Visible acts after a position, oldest first. Looks at no more than ten thousand entries in one go. */
export function readDiary(store: Store, actor: Actor, after: number, limit: number): Reading {
  const acts: Act[] = []
  let at = after
  for (let looked = 0; looked < 10_000 && acts.length < limit; ) {
    const slice = store.acts(at, Math.min(500, limit * 2))
    if (slice.length === 0) return { acts, next: Math.max(at, after), more: false }
    for (const act of slice) {
      looked++
      at = act.seq
      const changes = act.changes
        .map((change) => shown(store, actor, change))
        .filter((each) => each !== undefined)
      if (changes.length > 0) acts.push({ ...act, changes })
      if (acts.length === limit) break
    }
  }
  return { acts, next: at, more: at < store.seq }
}

/** The newest visible acts, newest first, no older than a moment: for 今日. */
export function readBack(store: Store, actor: Actor, since: string, limit: number): Act[] {
  const found: Act[] = []
  let before = store.seq
  for (let looked = 0; looked < 2000 && before > 0 && found.length < limit; ) {
    const from = Math.max(0, before - 200)
    const slice = store.acts(from, before - from).reverse()
    for (const act of slice) {
      looked++
      if (act.at < since) continue
      const changes = act.changes
        .map((change) => shown(store, actor, change))
        .filter((each) => each !== undefined)
      if (changes.length > 0) found.push({ ...act, changes })
      if (found.length === limit) break
    }
    if (slice.length > 0 && slice.at(-1)!.at < since) break
    before = from
  }
  return found
}

function shown(store: Store, actor: Actor, change: Change): Change | undefined {
  const spec = store.registry.datasets.get(change.dataset)?.spec
  if (!spec || !store.registry.rights.mayRead(actor, change.dataset)) return undefined
  const division = change.division ?? store.record(change.record)?.division
  if (division === undefined || !visible(actor, spec, division)) return undefined
  const fields: Record<string, unknown> = {}
  const given =
    change.dataset === questions.name
      ? maskedQuestion(change.fields, (name) => store.registry.datasets.get(name)?.spec)
      : change.fields
  for (const [name, value] of Object.entries(given)) {
    const field = spec.fields[name]
    const seen = field?.sensitive ? maskValue(field, value) : value
    if (seen !== undefined) fields[name] = seen
  }
  return { ...change, fields }
}
