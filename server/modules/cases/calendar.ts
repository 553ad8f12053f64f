// Time limits as offices count them: 紧急工作时 round the clock, 工作时 while the offices are open, 工作日 to the close
// of the last working day, 自然日 to the end of the last day. The day something arrives is not counted in days.
// China keeps one civil time (UTC+8, no summer time), so a county day is plain arithmetic.

import type { Look } from '../../kernel/acts.ts'
import type { Desk } from '../../kernel/desk.ts'
import { calendarDays, type LimitUnit, officeHours } from './dataset.ts'

export interface WorkingCalendar {
  works(day: string): boolean
  /** Minutes of the day the offices are open: `[[480, 720], [870, 1050]]`. */
  open(day: string): [number, number][]
}

/** The moment by which a limit that starts at `from` is used up. */
export function deadline(calendar: WorkingCalendar, from: string, limit: number, unit: LimitUnit): string {
  if (unit === 'urgent-hour') return after(from, limit * 60)
  if (unit === 'working-hour') return addWorking(calendar, from, limit * 60)
  if (!Number.isInteger(limit)) {
    // Half a working day is half of its hours; half a calendar day is twelve hours.
    if (unit === 'natural-day') return after(from, limit * 24 * 60)
    return addWorking(calendar, from, limit * hoursOfADay(calendar, from) * 60)
  }
  const start = split(from).day
  if (unit === 'natural-day') return moment(dayAfter(start, limit), 24 * 60 - 1)
  let day = start
  for (let left = limit; left > 0; ) {
    day = dayAfter(day, 1)
    if (calendar.works(day)) left -= 1
  }
  return moment(day, closing(calendar, day))
}

/** Minutes of the unit's own kind between two moments: working minutes for working limits, plain ones otherwise. */
export function minutesBetween(calendar: WorkingCalendar, from: string, to: string, unit: LimitUnit): number {
  const plain = Math.round((Date.parse(to) - Date.parse(from)) / 60_000)
  if (plain <= 0 || unit === 'urgent-hour' || unit === 'natural-day') return plain
  const [start, end] = [split(from), split(to)]
  let sum = 0
  for (let day = start.day; day <= end.day; day = dayAfter(day, 1)) {
    for (const [opens, closes] of spans(calendar, day)) {
      const begin = day === start.day ? Math.max(opens, start.minute) : opens
      const finish = day === end.day ? Math.min(closes, end.minute) : closes
      sum += Math.max(0, finish - begin)
    }
  }
  return sum
}

/** A moment some minutes of the unit's kind later: what was left when a case was paused, from now on. */
export function later(calendar: WorkingCalendar, from: string, minutes: number, unit: LimitUnit): string {
  const plain = unit === 'urgent-hour' || unit === 'natural-day'
  return plain ? after(from, minutes) : addWorking(calendar, from, minutes)
}

/** The calendar as an act sees it: exceptions are looked up day by day, so that a phone needs to hold only those. */
export function calendarIn(look: Look): WorkingCalendar {
  const known = new Map<string, 'off' | 'work' | undefined>()
  const hours = look.find(officeHours, {}).map((each) => each.fields)
  return calendarFrom((day) => {
    if (!known.has(day)) known.set(day, look.find(calendarDays, { day }, 1)[0]?.fields.kind)
    return known.get(day)
  }, hours)
}

/** The calendar as a page sees it. */
export async function calendarOf(desk: Desk): Promise<WorkingCalendar> {
  const days = await desk.list(calendarDays, { limit: 1000 })
  const hours = await desk.list(officeHours, { limit: 100 })
  const known = new Map(days.records.map((each) => [each.fields.day, each.fields.kind]))
  return calendarFrom(
    (day) => known.get(day),
    hours.records.map((each) => each.fields),
  )
}

export interface Hours {
  since: string
  opens: string
  noon: string
  resumes: string
  closes: string
}

export function calendarFrom(
  exception: (day: string) => 'off' | 'work' | undefined,
  hours: Hours[] = [],
): WorkingCalendar {
  const newestFirst = [...hours].sort((a, b) => (a.since < b.since ? 1 : -1))
  return {
    works(day) {
      const said = exception(day)
      if (said) return said === 'work'
      const weekday = new Date(`${day}T00:00:00Z`).getUTCDay()
      return weekday !== 0 && weekday !== 6
    },
    open(day) {
      const { opens, noon, resumes, closes } = newestFirst.find((each) => each.since <= day) ?? usual
      return [
        [minuteOf(opens), minuteOf(noon)],
        [minuteOf(resumes), minuteOf(closes)],
      ]
    },
  }
}

// Government offices in Hunan, winter half-year; a county records its own in «办公时间».
const usual: Hours = { since: '', opens: '08:00', noon: '12:00', resumes: '14:30', closes: '17:30' }

function addWorking(calendar: WorkingCalendar, from: string, minutes: number): string {
  let { day, minute } = split(from)
  let left = minutes
  // Two years of closed offices is a broken calendar, not a deadline.
  for (let days = 0; days < 731; days++, day = dayAfter(day, 1), minute = 0) {
    for (const [opens, closes] of spans(calendar, day)) {
      const begin = Math.max(opens, minute)
      if (begin >= closes) continue
      if (left <= closes - begin) return moment(day, begin + left)
      left -= closes - begin
    }
  }
  throw new Error('the working calendar has no working time in two years')
}

const spans = (calendar: WorkingCalendar, day: string) => (calendar.works(day) ? calendar.open(day) : [])
const closing = (calendar: WorkingCalendar, day: string) => calendar.open(day).at(-1)![1]
const hoursOfADay = (calendar: WorkingCalendar, from: string) =>
  calendar.open(split(from).day).reduce((sum, [opens, closes]) => sum + closes - opens, 0) / 60

const offset = 8 * 60
function split(iso: string): { day: string; minute: number } {
  const local = new Date(Date.parse(iso) + offset * 60_000)
  return { day: local.toISOString().slice(0, 10), minute: local.getUTCHours() * 60 + local.getUTCMinutes() }
}
const moment = (day: string, minute: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + (minute - offset) * 60_000).toISOString()
const after = (from: string, minutes: number): string =>
  new Date(Date.parse(from) + minutes * 60_000).toISOString()
export const dayAfter = (day: string, n: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + n * 86_400_000).toISOString().slice(0, 10)
const minuteOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))
