import { verb } from '../../kernel/acts.ts'
import { long } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { needsCall } from './call-back.ts'
import { cases } from './dataset.ts'
import { mustBe } from './process.ts'

/** 结案: checked, and the caller asked. */
export const closed = verb('cases.case.closed', {
  on: cases,
  title: { zh: '结案', en: 'Close' },
  done: { zh: '结案', en: 'closed the case' },
  main: true,
  fields: { closing: long({ zh: '结案意见', en: 'Closing note' }).optional() },
  when: (record) => record.fields.state === 'checked' && !needsCall(record.fields),
  decide(write, record, { closing }) {
    mustBe(record, 'checked')
    if (needsCall(record.fields))
      refuse({
        zh: '反映人留了电话,先回访再结案(三次未接通可直接结案)',
        en: 'The reporter left a number: call back before closing. Three calls in vain will do.',
      })
    write.change(cases, record.id, { state: 'closed', closedAt: write.at, closing })
  },
})
