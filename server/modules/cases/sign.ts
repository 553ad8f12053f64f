import { verb } from '../../kernel/acts.ts'
import { text } from '../../kernel/fields.ts'
import { cases } from './dataset.ts'
import { isTheirs, mustBe, mustBeTheirs } from './process.ts'

/** 签收: the township or department says: it is ours, and this person does it. */
export const signed = verb('cases.case.signed', {
  on: cases,
  title: { zh: '签收', en: 'Sign for it' },
  done: { zh: '签收了案卷', en: 'signed for the case' },
  main: true,
  fields: { worker: text({ zh: '经办人', en: 'Worker' }).longest(40) },
  when: (record, actor) => record.fields.state === 'assigned' && isTheirs(record.fields, actor),
  suggest: (_, actor) => ({ worker: actor.name }),
  decide(write, record, { worker }) {
    mustBe(record, 'assigned')
    mustBeTheirs(record, write.actor)
    write.change(cases, record.id, { state: 'handling', worker, signedAt: write.at })
  },
})
