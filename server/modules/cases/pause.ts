import { verb } from '../../kernel/acts.ts'
import { choice, long } from '../../kernel/fields.ts'
import { calendarIn, minutesBetween } from './calendar.ts'
import { ordinaryLimit } from './clocks.ts'
import { cases, pauseReasons } from './dataset.ts'
import { mustBe } from './process.ts'

/** 挂账: it cannot be done now, for a reason that is on the list. What was left of the time is kept. */
export const paused = verb('cases.case.paused', {
  on: cases,
  title: { zh: '挂账', en: 'Pause' },
  done: { zh: '挂账停表', en: 'paused the case' },
  fields: {
    pauseReason: choice({ zh: '挂账原因', en: 'Reason' }, pauseReasons),
    pauseNote: long({ zh: '说明', en: 'Note' }),
  },
  when: (record) => record.fields.state === 'handling',
  decide(write, record, { pauseReason, pauseNote }) {
    mustBe(record, 'handling')
    const { finishBy = write.at, unit = ordinaryLimit.unit } = record.fields
    write.change(cases, record.id, {
      state: 'paused',
      pausedAt: write.at,
      pauseReason,
      pauseNote,
      // Nothing left when it was late already: a pause does not wash that away.
      minutesLeft: Math.max(0, minutesBetween(calendarIn(write), write.at, finishBy, unit)),
    })
  },
})
