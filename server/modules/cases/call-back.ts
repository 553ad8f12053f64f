import { verb } from '../../kernel/acts.ts'
import { choice, flag, long } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { type CaseFields, ordinaryLimit, startClocks } from './clocks.ts'
import { cases, satisfactions } from './dataset.ts'
import { mustBe } from './process.ts'

/** 回访: the caller says whether it is solved and how content they are. «Not solved» sends it back to work. */
export const calledBack = verb('cases.case.called-back', {
  on: cases,
  title: { zh: '回访', en: 'Call back' },
  done: { zh: '回访了反映人', en: 'called the reporter back' },
  main: true,
  fields: {
    reached: choice(
      { zh: '是否接通', en: 'Reached' },
      { yes: { zh: '已接通', en: 'Reached' }, no: { zh: '未接通', en: 'Not reached' } },
    ),
    solved: flag({ zh: '群众认为已解决', en: 'Solved, says the caller' }).optional(),
    satisfaction: choice({ zh: '满意度', en: 'Satisfaction' }, satisfactions).optional(),
    callNote: long({ zh: '回访记录', en: 'Note' }).optional(),
  },
  when: (record) => record.fields.state === 'checked' && needsCall(record.fields),
  suggest: () => ({ reached: 'yes' }),
  decide(write, record, { reached, solved, satisfaction, callNote }) {
    mustBe(record, 'checked')
    const calls = (record.fields.calls ?? 0) + 1
    if (reached === 'no') {
      write.change(cases, record.id, { calls, callNote })
      return
    }
    if (solved === undefined)
      refuse(
        { zh: '请选择群众认为是否已解决', en: 'Say whether the caller considers it solved.' },
        { field: 'solved' },
      )
    if (!satisfaction)
      refuse({ zh: '请选择满意度', en: 'Choose how satisfied the caller is.' }, { field: 'satisfaction' })
    const answer = { satisfaction, solved, callNote, calledAt: write.at, calls }
    if (solved) {
      write.change(cases, record.id, answer)
      return
    }
    if (!callNote)
      refuse(
        { zh: '没解决的,请记下群众说还差什么', en: 'Write down what the caller says is missing.' },
        { field: 'callNote' },
      )
    const { level, limit = ordinaryLimit.limit, unit = ordinaryLimit.unit, reopened = 0 } = record.fields
    // The bad answer itself stays on record until the next call; only the promises start anew.
    write.change(cases, record.id, {
      ...startClocks(write, level, limit, unit),
      ...answer,
      state: 'handling',
      signedAt: write.at,
      reopened: reopened + 1,
    })
  },
})

/** Whoever left a number is called, until reached or three times in vain. */
export const needsCall = (fields: CaseFields): boolean =>
  Boolean(fields.phone) && !fields.calledAt && (fields.calls ?? 0) < 3
