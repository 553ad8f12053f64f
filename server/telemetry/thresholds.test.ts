import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Crossed, calm, judge, listen, release, type Standing, type Watch } from './thresholds.ts'

const minute = 60_000
const level = (more: Partial<Watch> = {}): Watch => ({
  id: 'w',
  sensor: 'WL-001',
  metric: 'water-level',
  direction: 'above',
  steps: [
    { level: 'yellow', limit: 31 },
    { level: 'orange', limit: 31.5 },
  ],
  margin: 0.3,
  hold: 5 * minute,
  silence: 0,
  ...more,
})

/** Plays readings [minute, value] and tells the story in short lines. */
function story(watch: Watch, readings: [number, number][], from: Standing = calm(watch)) {
  let standing = from
  const lines: string[] = []
  for (const [at, value] of readings) {
    const { after, crossed } = judge(watch, standing, at * minute, value)
    standing = after
    if (crossed) lines.push(`${crossed.at / minute} ${crossed.kind} ${crossed.level}`)
  }
  return { lines, standing }
}

test('the lake rises above the limit for five minutes and an alert is raised, not before', () => {
  const { lines } = story(level(), [
    [0, 30.9],
    [1, 31.2],
    [3, 31.2],
    [5, 31.2],
    [6, 31.2],
    [7, 31.3],
  ])
  expect(lines).toEqual(['6 raised yellow'])
})

test('a single wave does not raise an alert', () => {
  expect(
    story(level(), [
      [0, 30],
      [1, 31.4],
      [2, 30.8],
      [5, 31.2],
      [6, 30.9],
      [9, 31.1],
    ]).lines,
  ).toEqual([])
})

test('the alert steps up, steps down, and ends only below the margin', () => {
  const readings: [number, number][] = [
    [0, 31.6],
    [5, 31.6],
    [10, 31.3],
    [11, 31.25],
    [12, 31.2],
    [13, 30.8],
    [14, 30.7],
    [15, 30.9],
  ]
  expect(story(level(), readings).lines).toEqual([
    '5 raised orange',
    '12 changed yellow',
    '14 cleared yellow',
  ])
})

test('without a hold the first reading counts', () => {
  expect(
    story(level({ hold: 0 }), [
      [0, 31.2],
      [1, 31.8],
      [2, 29],
    ]).lines,
  ).toEqual(['0 raised yellow', '1 changed orange', '2 cleared orange'])
})

test('oxygen in the pond falls below its limit', () => {
  const oxygen = level({ direction: 'below', margin: 0.5, hold: 0, steps: [{ level: 'orange', limit: 3 }] })
  expect(
    story(oxygen, [
      [0, 4],
      [1, 2.9],
      [2, 3.2],
      [3, 3.6],
    ]).lines,
  ).toEqual(['1 raised orange', '3 cleared orange'])
})

test('two high readings with a night without word between them are not one long flood', () => {
  expect(
    story(level(), [
      [0, 31.2],
      [600, 31.2],
      [605, 31.2],
    ]).lines,
  ).toEqual(['605 raised yellow'])
})

test('a pump that says nothing for half an hour is silent, and heard again with its next word', () => {
  const watch = level({ direction: 'silent', steps: [{ level: 'blue', limit: 0 }], silence: 30 * minute })
  const start = calm(watch)
  expect(listen(watch, start, 0, 29 * minute).crossed).toBeUndefined()
  const silent = listen(watch, start, 0, 31 * minute)
  expect(silent.crossed).toEqual({
    kind: 'raised',
    level: 'blue',
    at: 31 * minute,
    value: undefined,
    limit: undefined,
  })
  expect(listen(watch, silent.after, 0, 60 * minute).crossed).toBeUndefined()
  expect(listen(watch, silent.after, 61 * minute, 61 * minute).crossed?.kind).toBe('cleared')
})

test('switching a threshold off ends what it raised', () => {
  const { standing } = story(level({ hold: 0 }), [[0, 31.9]])
  expect(release(level(), standing, 9).crossed).toMatchObject({ kind: 'cleared', level: 'orange' })
  expect(release(level(), calm(level()), 9).crossed).toBeUndefined()
})

const anyReadings = fc.array(
  fc.record({ at: fc.integer({ min: 0, max: 400 }), value: fc.double({ min: 30, max: 32, noNaN: true }) }),
  { maxLength: 80 },
)
const anyWatch = fc
  .record({
    direction: fc.constantFrom('above' as const, 'below' as const),
    hold: fc.constantFrom(0, 2 * minute, 10 * minute),
    margin: fc.constantFrom(0, 0.2, 1),
  })
  .map((more) => level(more))

const play = (
  watch: Watch,
  readings: { at: number; value: number }[],
  cut?: (s: Standing) => Standing,
): Crossed[] => {
  let standing = calm(watch)
  return readings.flatMap(({ at, value }) => {
    const { after, crossed } = judge(watch, cut ? cut(standing) : standing, at * minute, value)
    standing = after
    return crossed ? [crossed] : []
  })
}

test('whatever arrives in whatever order, crossings alternate and their times rise', () => {
  fc.assert(
    fc.property(anyWatch, anyReadings, (watch, readings) => {
      let up = false
      let last = -Infinity
      for (const { kind, at } of play(watch, readings)) {
        expect(at).toBeGreaterThan(last)
        expect(kind === 'raised' ? !up : up).toBe(true)
        up = kind !== 'cleared'
        last = at
      }
    }),
  )
})

test('readings told twice, and old ones told again later, change nothing', () => {
  fc.assert(
    fc.property(anyWatch, anyReadings, fc.array(fc.nat(), { maxLength: 40 }), (watch, readings, again) => {
      const sorted = [...new Map(readings.map((each) => [each.at, each])).values()].sort(
        (a, b) => a.at - b.at,
      )
      const repeated = sorted.flatMap((each, i) => [
        each,
        ...again.filter((n) => n % sorted.length <= i).map((n) => sorted[n % sorted.length]!),
      ])
      expect(play(watch, repeated)).toEqual(play(watch, sorted))
    }),
  )
})

test('a restart between any two readings changes nothing', () => {
  fc.assert(
    fc.property(anyWatch, anyReadings, (watch, readings) => {
      const restart = (standing: Standing): Standing => JSON.parse(JSON.stringify(standing))
      expect(play(watch, readings, restart)).toEqual(play(watch, readings))
    }),
  )
})
