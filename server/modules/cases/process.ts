// What every step asks before it is taken: is the case where this step begins, and is it this person's turn.

import type { Actor } from '../../kernel/access.ts'
import { refuse } from '../../kernel/refusal.ts'
import type { Case, CaseFields } from './clocks.ts'
import { type State, states } from './dataset.ts'

/** The step is possible only in these states. Someone else was quicker, or the page is old: say where it stands. */
export function mustBe(record: Case, ...wanted: State[]) {
  const state = record.fields.state as State
  if (wanted.includes(state)) return
  const zh = wanted.map((each) => states[each].zh).join('、')
  const en = wanted.map((each) => states[each].en).join(' or ')
  refuse({
    zh: `案卷现在是「${states[state].zh}」,这一步要在「${zh}」时办;请刷新后看下一步`,
    en: `The case is now "${states[state].en}"; this step belongs to "${en}". Reload to see what comes next.`,
  })
}

/** A township's case is worked on by that township, a department's by the county's departments. */
export const isTheirs = (fields: Pick<CaseFields, 'handler' | 'division'>, actor: Actor): boolean =>
  actor.id === 'system' ||
  (fields.handler === 'township' ? actor.division.length >= 9 : actor.division.length < 9)

export function mustBeTheirs(record: Case, actor: Actor) {
  if (isTheirs(record.fields, actor)) return
  if (record.fields.handler === 'township')
    refuse(
      {
        zh: '这一件派给了乡镇,由乡镇签收办理;要收回请先让乡镇退回',
        en: 'This case was given to the township, which signs for it and handles it.',
      },
      { kind: 'access' },
    )
  refuse(
    {
      zh: '这一件派给了县直部门,由部门签收办理',
      en: 'This case was given to a county department, which signs for it and handles it.',
    },
    { kind: 'access' },
  )
}
