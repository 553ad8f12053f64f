import { verb } from '../../kernel/acts.ts'
import { long } from '../../kernel/fields.ts'
import { cases } from './dataset.ts'
import { handOver, handOverFields, suggestedHandOver } from './hand-over.ts'
import { mustBe } from './process.ts'

/** 仲裁: two units said no; someone above both decides, and that stands. */
export const arbitrated = verb('cases.case.arbitrated', {
  on: cases,
  title: { zh: '仲裁并派遣', en: 'Rule and assign' },
  done: { zh: '仲裁确定了承办单位', en: 'ruled who handles the case' },
  main: true,
  fields: { ruling: long({ zh: '仲裁意见', en: 'Ruling' }), ...handOverFields },
  when: (record) => record.fields.state === 'arbitration',
  suggest: (record) => suggestedHandOver(record?.fields),
  decide(write, record, { ruling, ...input }) {
    mustBe(record, 'arbitration')
    handOver(write, record, input, { ruling })
  },
})
