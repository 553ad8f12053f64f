import { verb } from '../../kernel/acts.ts'
import { long } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { cases } from './dataset.ts'
import { isTheirs, mustBe, mustBeTheirs } from './process.ts'

/** 退回: not ours, and why. The second return of a case goes to arbitration, so that it does not wander for ever. */
export const returned = verb('cases.case.returned', {
  on: cases,
  title: { zh: '退回中心', en: 'Return' },
  done: { zh: '退回了案卷', en: 'returned the case' },
  fields: {
    returnReason: long({ zh: '退回理由', en: 'Reason' }).hint(
      '依据哪条职责不归本单位,应当归谁',
      'Whose duty it is, and by which rule it is not yours',
    ),
  },
  when: (record, actor) =>
    (record.fields.state === 'assigned' || record.fields.state === 'handling') &&
    !record.fields.ruling &&
    isTheirs(record.fields, actor),
  decide(write, record, { returnReason }) {
    mustBe(record, 'assigned', 'handling')
    mustBeTheirs(record, write.actor)
    if (record.fields.ruling)
      refuse({
        zh: '承办单位是仲裁定的,不能再退;时间不够可申请延期',
        en: 'Arbitration decided who handles this; it cannot be returned again. Ask for more time if needed.',
      })
    const returns = (record.fields.returns ?? 0) + 1
    write.change(cases, record.id, {
      state: returns >= 2 ? 'arbitration' : 'returned',
      returns,
      returnReason,
    })
  },
})
