// Whatever people press, in whatever order: the invariants of a case hold. A random clerk's whole day in a few lines.

import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { caseScene } from '../../../tests/cases-scene.ts'
import { people } from '../../../tests/county.ts'
import type { Case } from './clocks.ts'
import { openStates } from './dataset.ts'
import { escalateDue } from './escalate.ts'

const { liu, wen, cao, leader, admin } = people
const actors = [liu, wen, cao, leader, admin]

const steps: Record<string, Record<string, unknown>[]> = {
  filed: [{ level: 'blue' }, { level: 'red' }],
  declined: [{ refusal: '属法院受理' }],
  merged: [{}],
  assigned: [
    { handler: 'township', division: '430981114' },
    { handler: 'township', division: '430981107' },
    { handler: 'department', department: 'water' },
  ],
  arbitrated: [{ ruling: '定了', handler: 'township', division: '430981114' }],
  signed: [{ worker: '文斌' }],
  responded: [{ response: '到场' }],
  handled: [{ result: '办好了', proofAddress: '现场' }, { result: '没有凭据' }],
  returned: [{ returnReason: '不归我' }],
  checked: [{ outcome: 'pass' }, { outcome: 'fail', checkNote: '没好' }],
  'called-back': [
    { reached: 'no' },
    { reached: 'yes', solved: true, satisfaction: 'good' },
    { reached: 'yes', solved: false, satisfaction: 'poor', callNote: '还差' },
  ],
  closed: [{}],
  reopened: [{ reason: '又来了' }],
  extended: [{ more: 1, extension: '雨' }],
  paused: [{ pauseReason: 'season', pauseNote: '汛期' }],
  resumed: [{}],
  urged: [{ urging: '快' }],
}

const press = fc.record({
  step: fc.constantFrom(...Object.keys(steps)),
  actor: fc.nat(actors.length - 1),
  input: fc.nat(2),
  hours: fc.integer({ min: 0, max: 60 }),
  die: fc.nat(1000),
})

test('no sequence of acts reaches a closed case without a passed check and, where there is a number, a call', async () => {
  const scene = caseScene()
  let clock = Date.parse('2026-03-05T01:00:00Z')
  let closings = 0
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(press, { minLength: 20, maxLength: 80 }),
      async (phone, presses) => {
        clock += 60_000
        scene.turnTo(new Date(clock + 8 * 3_600_000).toISOString().slice(0, 16))
        const id = scene.yes(liu, 'reported', undefined, {
          content: '渠道堵塞',
          division: '430981114',
          ...(phone ? { phone: '13873712345' } : {}),
        }).record!
        let passed = false
        let inVain = 0
        let answered = false
        for (const { step: wild, actor: any, input: pick, hours, die } of presses) {
          clock += hours * 3_600_000
          scene.turnTo(new Date(clock + 8 * 3_600_000).toISOString().slice(0, 16))
          // Three presses in four are what somebody's page would offer, mostly its filled button, so that cases get far.
          const offered = actors
            .flatMap((actor) =>
              scene
                .desk(actor)
                .verbs('cases.case', scene.case(id))
                .map((verb) => ({
                  actor,
                  main: Boolean(verb.main),
                  step: verb.name.slice('cases.case.'.length),
                })),
            )
            .sort((a, b) => Number(b.main) - Number(a.main))
          const { actor, step } =
            die % 4 > 0 && offered.length > 0
              ? offered[die % 4 > 1 ? 0 : die % offered.length]!
              : { actor: actors[any]!, step: wild }
          const inputs: Record<string, unknown>[] = steps[step] ?? [{}]
          const fields: Record<string, unknown> = {
            ...inputs[pick % inputs.length],
            ...(step === 'filed' ? { category: scene.category('A03') } : {}),
            ...(step === 'merged' ? { into: id } : {}),
          }
          const before = scene.case(id)
          const receipt = scene.act(actor, { name: `cases.case.${step}`, record: id, fields })
          const after = scene.case(id)
          if (receipt.outcome !== 'accepted') {
            expect(receipt.outcome).toBe('refused')
            expect(after).toEqual(before)
            continue
          }
          if (step === 'checked') passed = fields.outcome === 'pass'
          if (step === 'checked' && passed) expect(actor.id).not.toBe(before.fields.handledBy!)
          if (step === 'called-back') {
            answered = fields.reached === 'yes' && fields.solved === true
            inVain = fields.reached === 'no' ? inVain + 1 : 0
          }
          if (['handled', 'reopened'].includes(step)) [answered, inVain, passed] = [false, 0, false]
          if (step === 'called-back' && fields.solved === false) passed = false
          if (after.fields.state === 'closed') {
            closings++
            expect(passed).toBe(true)
            if (phone) expect(answered || inVain >= 3).toBe(true)
          }
          holds(after)
          await escalateDue(scene.desk(scene.store.system), scene.now())
          holds(scene.case(id))
        }
      },
    ),
    { numRuns: 80, seed: 20260305 },
  )
  // A property over cases that never close would prove nothing.
  expect(closings).toBeGreaterThan(20)
  await scene.close()
}, 60_000)

function holds({ fields }: Case) {
  const { state } = fields
  if (state === 'closed') expect(fields.checkedAt).toBeDefined()
  if (openStates.includes(state!)) expect(fields.closedAt).toBeUndefined()
  if (state === 'assigned' || state === 'handling' || state === 'paused') {
    expect(fields.finishBy).toBeDefined()
    expect(fields.handledAt).toBeUndefined()
    expect(fields.checkedAt).toBeUndefined()
  }
  if (state === 'handled') expect(fields.onTime).toBe(fields.handledAt! <= fields.finishBy!)
  expect(state === 'paused').toBe(fields.pausedAt !== undefined)
}
