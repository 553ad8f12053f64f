import type { Actor } from '../../server/kernel/access.ts'
import type { ActRequest } from '../../server/kernel/acts.ts'
import { derivedId } from '../../server/kernel/ids.ts'

/** One act of the sample county: who decided what, and when. */
export interface Planned {
  at: number
  actor: Actor
  request: ActRequest
}

export interface Calendar {
  /** The moment of seeding. */
  now: number
  /** Its day in the county. */
  today: string
  /** A moment `days` before today at an office hour chosen by `share` (0 to 1). */
  moment(days: number, share?: number): number
  /** The day `days` before today. */
  day(days: number): string
}

export function calendar(now: number): Calendar {
  const zone = 8 * 3_600_000
  const midnight = Math.floor((now + zone) / 86_400_000) * 86_400_000 - zone
  return {
    now,
    today: dayOf(midnight),
    // Half past seven to half past five; what falls on today is never later than now.
    moment: (days, share = 0.5) =>
      Math.min(midnight - days * 86_400_000 + Math.round((7.5 + share * 10) * 3_600_000), now - 60_000),
    day: (days) => dayOf(midnight - days * 86_400_000),
  }
}

const dayOf = (at: number) => new Date(at + 8 * 3_600_000).toISOString().slice(0, 10)

/** The id of a named thing born at a moment: the same thing on the same day has the same id. */
export const idOf = (name: string, at: number): string =>
  derivedId(at.toString(16).padStart(12, '0'), `sample/${name}`)

/** The record that a verb's first `create` makes. */
export const madeBy = (act: string): string => derivedId(act, 0)

/** Acts of one matter in the order they are thought of; sorted by time before they are carried out. */
export class Plan {
  readonly acts: Planned[] = []

  /** A record as an import writes it. Answers its id. */
  record(actor: Actor, dataset: string, name: string, at: number, fields: Record<string, unknown>): string {
    const id = idOf(`${dataset}/${name}`, at)
    this.acts.push({
      at,
      actor,
      request: { id: idOf(`${dataset}/${name}/created`, at), name: `${dataset}.created`, record: id, fields },
    })
    return id
  }

  /** An act on a record, or one that starts a record. Answers the act's id. */
  act(
    actor: Actor,
    verb: string,
    name: string,
    at: number,
    fields: Record<string, unknown>,
    record?: string,
  ): string {
    const id = idOf(`${verb}/${name}`, at)
    this.acts.push({ at, actor, request: { id, name: verb, record, fields } })
    return id
  }
}
