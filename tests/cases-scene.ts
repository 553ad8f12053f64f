// A county where cases happen: categories and the working calendar are in place, the clock is ours to turn.

import catalogue from '../seed/codes/case-catalogue.json' with { type: 'json' }
import type { Actor } from '../server/kernel/access.ts'
import type { Receipt } from '../server/kernel/acts.ts'
import type { Part } from '../server/kernel/part.ts'
import { base } from '../server/modules/base/index.ts'
import type { Case } from '../server/modules/cases/clocks.ts'
import { calendarDays, categories } from '../server/modules/cases/dataset.ts'
import { casework } from '../server/modules/cases/index.ts'
import { type County, sampleCounty } from './county.ts'

export interface CaseScene extends County {
  /** The wall clock, as the county writes it: `2026-03-05T09:00`. */
  turnTo(local: string): void
  now(): string
  /** Decides and expects yes. */
  yes(actor: Actor, step: string, record: string | undefined, fields?: Record<string, unknown>): Receipt
  /** Decides and expects no; answers with the sentence. */
  no(actor: Actor, step: string, record: string | undefined, fields?: Record<string, unknown>): string
  case(id: string): Case
  category(code: string): string
}

export function caseScene(options: { modules?: Part[]; file?: string } = {}): CaseScene {
  // Time only rises in a diary: the scenes set their own moment later in the year.
  let now = Date.parse('2026-01-05T09:00:00+08:00')
  const county = sampleCounty({ ...options, modules: options.modules ?? [base, casework], now: () => now })
  const { store } = county
  if (store.seq === 0) {
    for (const { verified, ...fields } of catalogue.categories)
      county.act(store.system, { name: `${categories.name}.created`, fields: { ...fields, verified } })
    for (const fields of catalogue.days)
      county.act(store.system, { name: `${calendarDays.name}.created`, fields })
  }
  const decide = (
    actor: Actor,
    step: string,
    record: string | undefined,
    fields: Record<string, unknown> = {},
  ) => county.act(actor, { name: `cases.case.${step}`, record, fields })
  return {
    ...county,
    turnTo: (local) => {
      now = Date.parse(`${local}:00+08:00`)
    },
    now: () => new Date(now).toISOString(),
    yes(actor, step, record, fields) {
      const receipt = decide(actor, step, record, fields)
      if (receipt.outcome !== 'accepted')
        throw new Error(`${step}: ${receipt.outcome} ${receipt.message?.zh ?? ''}`)
      return receipt
    },
    no(actor, step, record, fields) {
      const receipt = decide(actor, step, record, fields)
      if (receipt.outcome !== 'refused') throw new Error(`${step} was ${receipt.outcome}`)
      return receipt.message!.zh
    },
    case: (id) => store.record(id) as Case,
    category: (code) => store.look.find(categories, { code }, 1)[0]!.id,
  }
}

/** Moments as the county writes them. */
export const local = (text: string) => new Date(`${text}:00+08:00`).toISOString()
