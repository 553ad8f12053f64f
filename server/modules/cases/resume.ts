import { verb } from '../../kernel/acts.ts'
import { calendarIn, later } from './calendar.ts'
import { notPaused, ordinaryLimit } from './clocks.ts'
import { cases } from './dataset.ts'
import { mustBe } from './process.ts'

/** 恢复办理: the clock goes on with what was left. */
export const resumed = verb('cases.case.resumed', {
  on: cases,
  title: { zh: '恢复办理', en: 'Resume' },
  done: { zh: '恢复办理', en: 'resumed the case' },
  main: true,
  fields: {},
  when: (record) => record.fields.state === 'paused',
  decide(write, record) {
    mustBe(record, 'paused')
    const { minutesLeft = 0, unit = ordinaryLimit.unit, finishBy } = record.fields
    const moved = minutesLeft > 0 ? later(calendarIn(write), write.at, minutesLeft, unit) : finishBy
    write.change(cases, record.id, { state: 'handling', finishBy: moved, ...notPaused })
  },
})
