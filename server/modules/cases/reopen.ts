import { verb } from '../../kernel/acts.ts'
import { long } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { ordinaryLimit, startClocks } from './clocks.ts'
import { cases } from './dataset.ts'
import { mustBe } from './process.ts'

/** 重办: it came back within the month. Later it is a new case, with a new history. */
export const reopened = verb('cases.case.reopened', {
  on: cases,
  title: { zh: '重办', en: 'Reopen' },
  done: { zh: '退回重办', en: 'reopened the case' },
  fields: { reason: long({ zh: '重办理由', en: 'Reason' }) },
  when: (record) => record.fields.state === 'closed',
  decide(write, record, { reason }) {
    mustBe(record, 'closed')
    const {
      closedAt = write.at,
      level,
      limit = ordinaryLimit.limit,
      unit = ordinaryLimit.unit,
      reopened: times = 0,
    } = record.fields
    if (Date.parse(write.at) - Date.parse(closedAt) > 30 * 86_400_000)
      refuse({
        zh: '结案已超过 30 天,请上报新的事件并写明原案卷号',
        en: 'Closed more than 30 days ago: report a new case and name the old number in it.',
      })
    write.change(cases, record.id, {
      ...startClocks(write, level, limit, unit),
      state: 'assigned',
      assignedAt: write.at,
      instructions: reason,
      reopened: times + 1,
    })
  },
})
