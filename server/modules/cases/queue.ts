// Whose turn it is. One answer for 今日, for the first tab of the list, and for the counts on both.

import type { Desk, ListQuery } from '../../kernel/desk.ts'
import type { State } from './dataset.ts'
import { openStates } from './dataset.ts'

interface Turn {
  state: State
  handler?: 'township' | 'department'
}

/** The states in which a case waits for this person. */
export function turnsOf(desk: Desk): Turn[] {
  const may = (step: string) => desk.may(`cases.case.${step}`)
  const inTown = desk.actor.division.length >= 9
  const turns: Turn[] = []
  if (may('filed')) turns.push({ state: 'reported' })
  if (may('assigned')) turns.push({ state: 'filed' }, { state: 'returned' })
  if (may('arbitrated')) turns.push({ state: 'arbitration' })
  if (may('signed')) {
    const handler = inTown ? 'township' : 'department'
    turns.push({ state: 'assigned', handler }, { state: 'handling', handler })
  }
  if (may('checked') && may('filed')) turns.push({ state: 'handled' })
  if (may('closed')) turns.push({ state: 'checked' })
  return turns
}

/** Views of the list, each an address that can be shared. `done` opens from 按时办结率, `answered` from 满意率. */
export const views = {
  mine: { zh: '等我办', en: 'My turn' },
  overdue: { zh: '超期', en: 'Overdue' },
  open: { zh: '在办', en: 'Open' },
  done: { zh: '近 30 天办完', en: 'Finished in 30 days' },
  answered: { zh: '近 90 天回访', en: 'Answered in 90 days' },
  all: { zh: '全部', en: 'All' },
} as const
export type View = keyof typeof views

/** What a view asks of the desk. «Mine» may be several questions: a township's part and the centre's are not one filter. */
export function queriesFor(view: View, desk: Desk, now: string): ListQuery[] {
  const since = (days: number) => new Date(Date.parse(now) - days * 86_400_000).toISOString()
  switch (view) {
    case 'mine': {
      const plain = turnsOf(desk).filter((turn) => !turn.handler)
      const own = turnsOf(desk).filter((turn) => turn.handler)
      return [
        ...(plain.length > 0 ? [{ filter: { state: plain.map((each) => each.state) } }] : []),
        ...(own.length > 0
          ? [{ filter: { state: own.map((each) => each.state), handler: own[0]!.handler } }]
          : []),
      ]
    }
    case 'overdue':
      return [{ filter: { state: ['assigned', 'handling'], finishBy: { to: now } } }]
    case 'open':
      return [{ filter: { state: openStates } }]
    case 'done':
      return [{ filter: { handledAt: { from: since(30) } } }]
    case 'answered':
      return [{ filter: { calledAt: { from: since(90) } } }]
    case 'all':
      return [{}]
  }
}
