// What holds for every case, by whichever act it got there: the verbs ask first, these stand behind them.

import { rule } from '../../kernel/acts.ts'
import { refuse } from '../../kernel/refusal.ts'
import { cases } from './dataset.ts'

export const closedWasChecked = rule(cases, (after) => {
  if (after.fields.state === 'closed' && !after.fields.checkedAt)
    refuse({
      zh: '没有核查通过的案卷不能结案;请先核查',
      en: 'A case cannot be closed without a passed check; check it first.',
    })
})

export const workHasSomeone = rule(cases, (after) => {
  const { state, handler, division, department, finishBy } = after.fields
  if (state !== 'assigned' && state !== 'handling') return
  const named = handler === 'township' ? division.length >= 9 : Boolean(department)
  if (!named || !finishBy)
    refuse({
      zh: '在办的案卷要有承办单位和办结期限;请先派遣',
      en: 'A case in hand needs a handler and a deadline; assign it first.',
    })
})
