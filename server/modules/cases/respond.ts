import { verb } from '../../kernel/acts.ts'
import { long } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { cases } from './dataset.ts'
import { isTheirs, mustBe, mustBeTheirs } from './process.ts'

/** 首次联系: the caller was spoken to, or someone stood at the place. */
export const responded = verb('cases.case.responded', {
  on: cases,
  title: { zh: '已联系或到场', en: 'First response' },
  done: { zh: '联系了当事人或到了现场', en: 'spoke to the caller or went there' },
  fields: { response: long({ zh: '联系或到场情况', en: 'What was found' }) },
  when: (record, actor) =>
    record.fields.state === 'handling' && !record.fields.respondedAt && isTheirs(record.fields, actor),
  decide(write, record, { response }) {
    mustBe(record, 'handling')
    mustBeTheirs(record, write.actor)
    if (record.fields.respondedAt)
      refuse({
        zh: '已经登记过首次联系;新的进展写在处理结果里',
        en: 'The first response is already on record; put news into the result.',
      })
    const { respondBy } = record.fields
    write.change(cases, record.id, {
      respondedAt: write.at,
      respondedOnTime: !respondBy || write.at <= respondBy,
      response,
    })
  },
})
