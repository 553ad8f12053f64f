import { verb } from '../../kernel/acts.ts'
import { long } from '../../kernel/fields.ts'
import { cases } from './dataset.ts'
import { mustBe } from './process.ts'

/** Not ours to handle: emergencies belong to 110/119/120, disputes to the court. The reason is told to the caller. */
export const declined = verb('cases.case.declined', {
  on: cases,
  title: { zh: '不予受理', en: 'Decline' },
  done: { zh: '决定不予受理', en: 'declined the case' },
  fields: {
    refusal: long({ zh: '不予受理理由', en: 'Reason' }).hint(
      '写明应当找谁:紧急警情转 110/119/120,诉讼、仲裁、复议事项告知途径',
      'Say who is in charge instead: 110/119/120 for emergencies, the court for disputes',
    ),
  },
  when: (record) => record.fields.state === 'reported',
  decide(write, record, { refusal }) {
    mustBe(record, 'reported')
    write.change(cases, record.id, { state: 'declined', refusal, closedAt: write.at })
  },
})
