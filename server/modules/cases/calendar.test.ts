import { expect, test } from 'bun:test'
import { calendarFrom, deadline, later, minutesBetween } from './calendar.ts'

// 2026 as the State Council arranged it (国务院办公厅, 4 November 2025), the days these scenes touch.
const arranged: Record<string, 'off' | 'work'> = {
  '2026-02-14': 'work',
  ...Object.fromEntries(
    ['15', '16', '17', '18', '19', '20', '21', '22', '23'].map((day) => [`2026-02-${day}`, 'off']),
  ),
  '2026-02-28': 'work',
  '2026-09-20': 'work',
  ...Object.fromEntries(['01', '02', '03', '04', '05', '06', '07'].map((day) => [`2026-10-${day}`, 'off'])),
  '2026-10-10': 'work',
}
const calendar = calendarFrom((day) => arranged[day])
const at = (local: string) => new Date(`${local}:00+08:00`).toISOString()
const by = (local: string, limit: number, unit: Parameters<typeof deadline>[3]) =>
  deadline(calendar, at(local), limit, unit)

test('urgent hours run through the night and the holiday', () => {
  expect(by('2026-10-01T23:30', 2, 'urgent-hour')).toBe(at('2026-10-02T01:30'))
})

test('working hours stop at noon, at half past five and over the weekend', () => {
  expect(by('2026-03-05T11:00', 2, 'working-hour')).toBe(at('2026-03-05T15:30'))
  expect(by('2026-03-06T17:00', 1, 'working-hour')).toBe(at('2026-03-09T08:30'))
  expect(by('2026-03-07T09:00', 4, 'working-hour')).toBe(at('2026-03-09T12:00'))
  expect(by('2026-03-05T12:30', 0.5, 'working-hour')).toBe(at('2026-03-05T15:00'))
})

test('the day of arrival does not count, the last working day counts to its close', () => {
  expect(by('2026-03-02T08:01', 1, 'working-day')).toBe(at('2026-03-03T17:30'))
  expect(by('2026-03-05T16:00', 5, 'working-day')).toBe(at('2026-03-12T17:30'))
  expect(by('2026-03-07T10:00', 1, 'working-day')).toBe(at('2026-03-09T17:30'))
})

test('Spring Festival pushes a deadline, and the Saturday worked in exchange pulls it back', () => {
  // Friday 13 February: the Saturday after is worked, then nine days off.
  expect(by('2026-02-13T10:00', 1, 'working-day')).toBe(at('2026-02-14T17:30'))
  expect(by('2026-02-13T10:00', 2, 'working-day')).toBe(at('2026-02-24T17:30'))
  expect(by('2026-02-13T10:00', 6, 'working-day')).toBe(at('2026-02-28T17:30'))
})

test('National Day: ten calendar days are ten, ten working days reach past the worked Saturday', () => {
  expect(by('2026-09-30T10:00', 10, 'natural-day')).toBe(at('2026-10-10T23:59'))
  expect(by('2026-09-30T10:00', 3, 'working-day')).toBe(at('2026-10-10T17:30'))
})

test('half a working day is half of its hours', () => {
  expect(by('2026-03-05T08:00', 0.5, 'working-day')).toBe(at('2026-03-05T11:30'))
})

test('a report made at midnight before a working day begins with the office', () => {
  expect(by('2026-03-05T00:00', 1, 'working-hour')).toBe(at('2026-03-05T09:00'))
})

test('what was left when a case was paused is what is left when it goes on', () => {
  const left = minutesBetween(calendar, at('2026-03-05T11:00'), at('2026-03-09T10:00'), 'working-day')
  expect(left).toBe(60 + 180 + 7 * 60 + 120)
  expect(later(calendar, at('2026-03-16T09:00'), left, 'working-day')).toBe(at('2026-03-17T17:30'))
  expect(minutesBetween(calendar, at('2026-03-05T11:00'), at('2026-03-06T11:00'), 'urgent-hour')).toBe(1440)
})

test('summer hours apply from the day the county put them in force', () => {
  const summer = calendarFrom(
    () => undefined,
    [{ since: '2026-05-01', opens: '08:00', noon: '12:00', resumes: '15:00', closes: '18:00' }],
  )
  expect(deadline(summer, at('2026-06-01T11:30'), 1, 'working-hour')).toBe(at('2026-06-01T15:30'))
  expect(deadline(summer, at('2026-04-01T11:30'), 1, 'working-hour')).toBe(at('2026-04-01T15:00'))
})

test('a calendar with two years of holidays is a bug, not a deadline', () => {
  expect(() =>
    deadline(
      calendarFrom(() => 'off'),
      at('2026-03-05T09:00'),
      1,
      'working-hour',
    ),
  ).toThrow('no working time')
})
