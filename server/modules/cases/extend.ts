import { verb } from '../../kernel/acts.ts'
import { decimal, long } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { calendarIn, deadline } from './calendar.ts'
import { ordinaryLimit } from './clocks.ts'
import { cases, limitUnits } from './dataset.ts'
import { mustBe } from './process.ts'

/** 延期: once, before the time is up, and no longer than the first limit. */
export const extended = verb('cases.case.extended', {
  on: cases,
  title: { zh: '批准延期', en: 'Extend' },
  done: { zh: '批准了延期', en: 'extended the deadline' },
  fields: {
    more: decimal({ zh: '延长多久', en: 'How much longer' })
      .min(0.5)
      .max(365)
      .hint('单位与原时限相同,不超过原时限', 'In the unit of the limit, no more than the limit itself'),
    extension: long({ zh: '延期理由', en: 'Reason' }),
  },
  when: (record) => record.fields.state === 'handling' && !record.fields.extendedAt,
  suggest: (record) => ({ more: record?.fields.limit }),
  decide(write, record, { more, extension }) {
    mustBe(record, 'handling')
    const {
      extendedAt,
      finishBy = write.at,
      limit = ordinaryLimit.limit,
      unit = ordinaryLimit.unit,
    } = record.fields
    if (extendedAt)
      refuse({
        zh: '已经延过一次,不能再延;确实做不了请挂账并写明原因',
        en: 'It was extended once already. If it cannot be done now, pause it with the reason.',
      })
    if (write.at > finishBy)
      refuse({
        zh: '已过办结期限,不能再延期;请尽快办结',
        en: 'The deadline has passed; it cannot be extended any more.',
      })
    if (more > limit)
      refuse(
        {
          zh: `最多延长 ${limit} 个${limitUnits[unit].zh}(与原时限相同)`,
          en: `At most ${limit} ${limitUnits[unit].en}, as long as the first limit.`,
        },
        { field: 'more' },
      )
    write.change(cases, record.id, {
      finishBy: deadline(calendarIn(write), finishBy, more, unit),
      extendedAt: write.at,
      extension,
      escalated: undefined,
    })
  },
})
