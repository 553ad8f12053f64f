// The promises of a case: sign for it, speak to the caller, finish. They are set when it is handed to someone and
// judged by the moment of the act that keeps them; «overdue» is never stored, it is what a deadline and a clock say.

import type { Write } from '../../kernel/acts.ts'
import type { RecOf } from '../../kernel/dataset.ts'
import type { Words } from '../../kernel/words.ts'
import { calendarIn, deadline } from './calendar.ts'
import type { cases, Level, LimitUnit } from './dataset.ts'

export type Case = RecOf<typeof cases>
export type CaseFields = Case['fields']

/** Fresh clocks for a case that is handed to someone now. */
export function startClocks(write: Write, level: Level, limit: number, unit: LimitUnit) {
  const calendar = calendarIn(write)
  const [sign, respond] = promises[level]
  return {
    limit,
    unit,
    signBy: deadline(calendar, write.at, ...sign),
    respondBy: deadline(calendar, write.at, ...respond),
    finishBy: deadline(calendar, write.at, limit, unit),
    signedAt: undefined,
    respondedAt: undefined,
    respondedOnTime: undefined,
    extendedAt: undefined,
    extension: undefined,
    escalated: undefined,
    ...notPaused,
    ...workUndone,
  }
}

/** Promises still to be kept, brought forward when the matter got graver; never put off. */
export function soonerClocks(write: Write, { fields }: Case, level: Level) {
  if (fields.pausedAt) return {}
  const calendar = calendarIn(write)
  const [sign, respond] = promises[level]
  const sooner = (by: string | undefined, promise: [number, LimitUnit]) => {
    const fresh = deadline(calendar, write.at, ...promise)
    return by && by < fresh ? by : fresh
  }
  return {
    ...(fields.signBy && !fields.signedAt && { signBy: sooner(fields.signBy, sign) }),
    ...(fields.respondBy && !fields.respondedAt && { respondBy: sooner(fields.respondBy, respond) }),
  }
}

/** What stands no longer when work has to be done (again): without a new check there is no closing. */
export const workUndone = {
  handledAt: undefined,
  handledBy: undefined,
  onTime: undefined,
  checkedAt: undefined,
  calledAt: undefined,
  satisfaction: undefined,
  solved: undefined,
  closedAt: undefined,
  // The count of calls is of this round: three in vain allow closing.
  calls: undefined,
}

export const notPaused = {
  pausedAt: undefined,
  pauseReason: undefined,
  pauseNote: undefined,
  minutesLeft: undefined,
}

// Sign and first response by urgency: 紧急 2 小时响应, 一般 1 个工作日签收 (12345 practice; standards.md 5.2).
const promises: Record<Level, [sign: [number, LimitUnit], respond: [number, LimitUnit]]> = {
  red: [
    [0.5, 'urgent-hour'],
    [1, 'urgent-hour'],
  ],
  orange: [
    [1, 'urgent-hour'],
    [2, 'urgent-hour'],
  ],
  yellow: [
    [4, 'working-hour'],
    [1, 'working-day'],
  ],
  blue: [
    [1, 'working-day'],
    [1, 'working-day'],
  ],
}

/** When no category says how long: an ordinary matter takes five working days. */
export const ordinaryLimit: { limit: number; unit: LimitUnit } = { limit: 5, unit: 'working-day' }

export interface Clock {
  name: 'sign' | 'respond' | 'finish'
  title: Words
  by: string
  /** When the promise was kept. */
  doneAt?: string
  state: 'running' | 'soon' | 'over' | 'kept' | 'kept-late' | 'paused' | 'void'
  /** Minutes left; negative when over, or by how much it was kept late. */
  minutes: number
}

/** The clocks of a case as they stand at a moment. */
export function clocksOf(fields: CaseFields, now: string): Clock[] {
  const one = (name: Clock['name'], title: Words, by?: string, doneAt?: string): Clock[] => {
    if (!by) return []
    const minutes = Math.round((Date.parse(by) - Date.parse(doneAt ?? now)) / 60_000)
    return [{ name, title, by, doneAt, minutes, state: stateOf(fields, by, doneAt, minutes) }]
  }
  return [
    ...one('sign', { zh: '签收', en: 'Sign' }, fields.signBy, fields.signedAt),
    ...one('respond', { zh: '首次联系', en: 'First response' }, fields.respondBy, fields.respondedAt),
    ...one('finish', { zh: '办结', en: 'Finish' }, fields.finishBy, fields.handledAt),
  ]
}

/** The clock that matters now: the gravest promise broken, else the next one to keep. */
export function clockNow(fields: CaseFields, now: string): Clock | undefined {
  const running = clocksOf(fields, now).filter((each) => !each.doneAt && each.state !== 'void')
  return running.findLast((each) => each.state === 'over') ?? running[0]
}

function stateOf(
  fields: CaseFields,
  by: string,
  doneAt: string | undefined,
  minutes: number,
): Clock['state'] {
  if (doneAt) return doneAt <= by ? 'kept' : 'kept-late'
  if (fields.state === 'paused') return 'paused'
  if (!['assigned', 'handling'].includes(fields.state ?? '')) return 'void'
  if (minutes < 0) return 'over'
  const whole = (Date.parse(by) - Date.parse(fields.assignedAt ?? by)) / 60_000
  // The last fifth of a promise, and the last two hours of any: time to look.
  return minutes < Math.max(120, whole / 5) ? 'soon' : 'running'
}

/** «还剩 3 小时», «已超 2 天»: the largest unit that is not zero. */
export function leftWords({ state, minutes }: Pick<Clock, 'state' | 'minutes'>): Words {
  const span = spanWords(Math.abs(minutes))
  switch (state) {
    case 'kept':
      return { zh: '按时', en: 'On time' }
    case 'kept-late':
      return { zh: `晚 ${span.zh}`, en: `${span.en} late` }
    case 'paused':
      return { zh: '停表', en: 'Stopped' }
    case 'void':
      return { zh: '未计时', en: 'Not running' }
    case 'over':
      return { zh: `已超 ${span.zh}`, en: `${span.en} over` }
    default:
      return { zh: `还剩 ${span.zh}`, en: `${span.en} left` }
  }
}

export function spanWords(minutes: number): Words {
  if (minutes < 60) return { zh: `${minutes} 分钟`, en: `${minutes} min` }
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return { zh: `${hours} 小时`, en: `${hours} h` }
  const days = Math.floor(hours / 24)
  return { zh: `${days} 天`, en: `${days} days` }
}
