import { verb } from '../../kernel/acts.ts'
import type { Desk } from '../../kernel/desk.ts'
import { integer } from '../../kernel/fields.ts'
import { derivedId } from '../../kernel/ids.ts'
import { refuse } from '../../kernel/refusal.ts'
import type { Words } from '../../kernel/words.ts'
import type { Case } from './clocks.ts'
import { cases } from './dataset.ts'

/** Whom a passed deadline wakes. */
export const escalations: Record<number, Words> = {
  1: { zh: '未按时签收或联系', en: 'Not signed for or answered in time' },
  2: { zh: '超期未办结', en: 'Not finished in time' },
  3: { zh: '超期 3 天以上,报县领导', en: 'More than three days over: to the county leaders' },
}

/** 督办升级: nobody presses this; time does. */
export const escalated = verb('cases.case.escalated', {
  on: cases,
  title: { zh: '升级督办', en: 'Escalate' },
  done: { zh: '因超期升级督办', en: 'escalated the case: overdue' },
  fields: { step: integer({ zh: '级别', en: 'Step' }).min(1).max(3) },
  when: () => false,
  decide(write, record, { step }) {
    if (write.actor.id !== 'system')
      refuse(
        {
          zh: '升级督办由系统按时限自动产生;需要督促请用催办',
          en: 'Escalation follows the clock by itself. To press someone, urge.',
        },
        { kind: 'access' },
      )
    const due = stepDue(record, write.at)
    if (!due || due.step < step || (record.fields.escalated ?? 0) >= step)
      refuse({ zh: '期限没有过,不用升级', en: 'No deadline has passed: nothing to escalate.' })
    write.change(cases, record.id, { escalated: step })
  },
})

/**
 * Cases whose deadlines have passed since anyone looked. A scheduler calls this every minute or so with the system's
 * desk: a deadline passes by the clock, and the diary alone would never tell. The act's id is derived from the case,
 * the step and the deadline, so that two calls, or two boxes after a restore, escalate once.
 */
export async function escalateDue(desk: Desk, now: string): Promise<Case[]> {
  // The county keeps its cases: a prefecture that imported them watches, and sends nobody to work.
  if (desk.actor.division.length < 6) return []
  const woken: Case[] = []
  for (const record of await dueCases(desk, now)) {
    const { step, by } = stepDue(record, now)!
    const receipt = await desk.act({
      id: derivedId(record.id, `escalated/${step}/${by}`),
      name: escalated.name,
      record: record.id,
      at: now,
      fields: { step },
    })
    if (receipt.outcome === 'accepted') woken.push(record)
  }
  return woken
}

/** Running cases past a promise, and not yet escalated as far as that asks. */
export async function dueCases(desk: Desk, now: string): Promise<Case[]> {
  const found = new Map<string, Case>()
  for (const promise of ['signBy', 'respondBy', 'finishBy']) {
    let cursor: string | undefined
    do {
      const page = await desk.list(cases, {
        filter: { state: ['assigned', 'handling'], [promise]: { to: now } },
        cursor,
        limit: 1000,
      })
      for (const each of page.records) found.set(each.id, each)
      cursor = page.next
    } while (cursor)
  }
  return [...found.values()].filter((each) => {
    const due = stepDue(each, now)
    return due !== undefined && due.step > (each.fields.escalated ?? 0)
  })
}

function stepDue({ fields }: Case, now: string): { step: number; by: string } | undefined {
  const { finishBy, signBy, signedAt, respondBy, respondedAt } = fields
  if (fields.state !== 'assigned' && fields.state !== 'handling') return undefined
  if (finishBy && finishBy < now)
    return { step: Date.parse(now) - Date.parse(finishBy) > 3 * 86_400_000 ? 3 : 2, by: finishBy }
  if (signBy && !signedAt && signBy < now) return { step: 1, by: signBy }
  if (respondBy && !respondedAt && respondBy < now) return { step: 1, by: respondBy }
  return undefined
}
