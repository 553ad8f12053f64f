import { verb } from '../../kernel/acts.ts'
import { cases } from './dataset.ts'
import { handOver, handOverFields, suggestedHandOver } from './hand-over.ts'
import { mustBe } from './process.ts'

/** 派遣: from here on the clocks run for whoever got it. */
export const assigned = verb('cases.case.assigned', {
  on: cases,
  title: { zh: '派给承办单位', en: 'Assign' },
  done: { zh: '派遣了案卷', en: 'assigned the case' },
  main: true,
  fields: handOverFields,
  when: (record) => record.fields.state === 'filed' || record.fields.state === 'returned',
  suggest: (record) => suggestedHandOver(record?.fields),
  decide(write, record, input) {
    mustBe(record, 'filed', 'returned')
    handOver(write, record, input)
  },
})
