import { verb } from '../../kernel/acts.ts'
import { long } from '../../kernel/fields.ts'
import { cases } from './dataset.ts'
import { mustBe } from './process.ts'

/** 催办: a word from the centre or a leader to whoever has it. */
export const urged = verb('cases.case.urged', {
  on: cases,
  title: { zh: '催办', en: 'Urge' },
  done: { zh: '催办', en: 'urged the handler' },
  fields: { urging: long({ zh: '催办要求', en: 'What is expected' }) },
  when: (record) => record.fields.state === 'assigned' || record.fields.state === 'handling',
  decide(write, record, { urging }) {
    mustBe(record, 'assigned', 'handling')
    write.change(cases, record.id, { urging, urged: (record.fields.urged ?? 0) + 1 })
  },
})
