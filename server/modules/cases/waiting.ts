import type { Waiting } from '../../http/module.ts'
import type { Desk } from '../../kernel/desk.ts'
import type { Say } from '../../kernel/words.ts'
import { type Case, clockNow } from './clocks.ts'
import { cases } from './dataset.ts'
import { queriesFor } from './queue.ts'

/** Cases whose next step is this person's: the most urgent first, and no more than a morning holds. */
export async function waiting(desk: Desk, t: Say): Promise<Waiting[]> {
  const now = new Date().toISOString()
  const found = await Promise.all(
    queriesFor('mine', desk, now).map((query) => desk.list(cases, { ...query, limit: 200 })),
  )
  const mine = found.flatMap((page) => page.records).filter((record) => nextStep(desk, record))
  return mine
    .sort((a, b) => pressing(a, now) - pressing(b, now))
    .slice(0, 20)
    .map((record) => {
      const step = nextStep(desk, record)!
      return {
        title: `${record.fields.title}`,
        due: clockNow(record.fields, now)?.by,
        path: `/d/${cases.name}/${record.id}`,
        button: t(step.title),
        level: record.fields.level,
      }
    })
}

export const nextStep = (desk: Desk, record: Case) => desk.verbs(cases, record).find((verb) => verb.main)

/** Smaller is more pressing: what is late by most, then what is urgent, then what came first. */
export function pressing(record: Case, now: string): number {
  const clock = clockNow(record.fields, now)
  const weight = { red: 0, orange: 1, yellow: 2, blue: 3 }[record.fields.level]
  const minutes = clock && clock.state !== 'paused' ? clock.minutes : 7 * 24 * 60
  return weight * 10_000 + Math.min(Math.max(minutes, -9_000), 9_000)
}
