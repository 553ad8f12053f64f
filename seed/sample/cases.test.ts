import { expect, test } from 'bun:test'
import { base } from '../../server/modules/base/index.ts'
import { states } from '../../server/modules/cases/dataset.ts'
import { casework } from '../../server/modules/cases/index.ts'
import { people, sampleCounty } from '../../tests/county.ts'
import { planCases } from './cases.ts'
import { calendar as calendarAt, madeBy, Plan } from './plan.ts'
import { planLists } from './registers.ts'

const friday = Date.parse('2026-11-20T03:00:00Z')

function planned(scale: number, now = friday) {
  const plan = new Plan()
  planCases(plan, calendarAt(now), scale, {
    centre: people.liu,
    leader: people.leader,
    town: (town) => ({
      ...people.wen,
      id: `town-${town.code}`,
      name: `${town.short}网格员`,
      division: town.code,
    }),
  })
  return plan
}

test('a year of cases is refused nowhere and leaves somebody in every state', async () => {
  const modules = [base, casework]
  const county = sampleCounty({ modules, now: () => friday })
  const lists = new Plan()
  planLists(lists, county.store.system, calendarAt(friday))
  const acts = [
    ...lists.acts.filter((each) => each.request.name.startsWith('cases.')),
    ...planned(1).acts,
  ].sort((a, b) => a.at - b.at)
  const refused: string[] = []
  for (const { at, actor, request } of acts) {
    const receipt = county.store.act(actor, { ...request, at: new Date(at).toISOString() })
    if (receipt.outcome !== 'accepted') refused.push(`${request.name} ${receipt.message?.zh}`)
  }
  expect(refused).toEqual([])
  const counts = new Map<string, number>()
  for (const each of county.store.look.find('cases.case', {}, 10_000))
    counts.set(String(each.fields.state), (counts.get(String(each.fields.state)) ?? 0) + 1)
  expect([...counts.keys()].sort()).toEqual(Object.keys(states).sort())
  expect(counts.get('closed')).toBeGreaterThan(2000)
  await county.close()
}, 60_000)

test('the same county twice is the same, and a larger one contains nothing that could not have happened', () => {
  const ids = (plan: Plan) => plan.acts.map((each) => each.request.id)
  expect(ids(planned(0.1))).toEqual(ids(planned(0.1)))
  expect(new Set(ids(planned(0.3))).size).toBe(planned(0.3).acts.length)
  expect(Math.max(...planned(0.3).acts.map((each) => each.at))).toBeLessThan(friday)
})

test('made on a Sunday night, nothing lies in the future and the same states wait', () => {
  const sunday = Date.parse('2026-11-22T15:30:00Z')
  const plan = planned(0.2, sunday)
  expect(Math.max(...plan.acts.map((each) => each.at))).toBeLessThan(sunday)
  const last = plan.acts.filter((each) => each.request.name.endsWith('.reported')).slice(-5)
  for (const { request } of last)
    expect(plan.acts.some((each) => each.request.record === madeBy(request.id))).toBe(false)
})
