// What a reading means, as a pure function of where the threshold stood and the reading. Time is the reading's own
// (event time), so a device that was out of reach for a night and then sends its store raises what the night held.
//
// Invariants, held by thresholds.test.ts: crossings of one threshold alternate (raised, changed…, cleared, raised…);
// a repeated reading, or one older than the last, changes nothing; a restart between two readings changes nothing.
// A late reading older than the last one is history: it is stored and drawn, but raises nothing, because what is known
// since then already says how the water stands.

import { type Level, levelNames } from '../modules/sensing/dataset.ts'

/** A sensing.threshold as the ingest child needs it. */
export interface Watch {
  /** Record id. */
  id: string
  /** Sensor code. */
  sensor: string
  /** Absent when any sign of life counts (silent). */
  metric?: string
  direction: 'above' | 'below' | 'silent'
  /** Mildest first. */
  steps: { level: Level; limit: number }[]
  margin: number
  /** How long the value must stay beyond a limit, ms. */
  hold: number
  /** For silent: how long without a word, ms. */
  silence: number
}

export interface Standing {
  /** 0 calm, 1 blue … 4 red. */
  level: number
  /** Event time of the last reading seen; for silent, when the sensor was last heard. */
  at: number
  /** Per step: since when the value is beyond its limit. */
  over: (number | null)[]
  /** The uid of the crossing that raised what stands now. */
  episode?: string
}

export interface Crossed {
  kind: 'raised' | 'changed' | 'cleared'
  level: Level
  at: number
  value?: number
  limit?: number
}

// The earliest moment JavaScript knows; survives JSON, as -Infinity does not.
const beginning = -8.64e15

export const calm = (watch: Watch): Standing => ({
  level: 0,
  at: beginning,
  over: watch.steps.map(() => null),
})

/** One reading, in event-time order per series within a commit. */
export function judge(
  watch: Watch,
  before: Standing,
  at: number,
  value: number,
): { after: Standing; crossed?: Crossed } {
  if (!(at > before.at)) return { after: before }
  // After a gap nobody knows whether the value stayed beyond the limit: what was pending starts again.
  const gap = at - before.at > Math.max(3 * watch.hold, 3_600_000)
  let level = 0
  const over = watch.steps.map((step, i) => {
    const rank = rankOf(step.level)
    const active = before.level >= rank
    const since = gap && !active ? null : (before.over[i] ?? null)
    const beyond = watch.direction === 'above' ? value > step.limit : value < step.limit
    const clear = clearAt(watch, step.limit)
    const stays = watch.direction === 'above' ? value > clear : value < clear
    const now = beyond ? (since ?? at) : active && stays ? since : null
    if (now !== null && (active || at - now >= watch.hold)) level = Math.max(level, rank)
    return now
  })
  return moved(watch, before, { ...before, level, at, over }, at, value)
}

/** Whether a sensor has been silent too long. `heard` is when anything of it last arrived. */
export function listen(
  watch: Watch,
  before: Standing,
  heard: number,
  now: number,
): { after: Standing; crossed?: Crossed } {
  const silent = now - heard >= watch.silence
  if (silent === before.level > 0) return { after: before }
  return moved(
    watch,
    before,
    { ...before, level: silent ? rankOf(watch.steps[0]!.level) : 0, at: heard },
    now,
  )
}

/** A threshold that was switched off, or no longer exists, ends what it raised. */
export function release(watch: Watch, before: Standing, now: number): { after: Standing; crossed?: Crossed } {
  return moved(watch, before, { ...before, level: 0, over: before.over.map(() => null) }, now)
}

function moved(
  watch: Watch,
  before: Standing,
  after: Standing,
  at: number,
  value?: number,
): { after: Standing; crossed?: Crossed } {
  if (after.level === before.level) return { after }
  const kind = before.level === 0 ? 'raised' : after.level === 0 ? 'cleared' : 'changed'
  const level = levelNames[(after.level || before.level) - 1]!
  const limit =
    watch.direction === 'silent' ? undefined : watch.steps.find((step) => step.level === level)?.limit
  return { after, crossed: { kind, level, at, value, limit } }
}

/** Where the alert ends: 31.5 less 0.3 is 31.2, whatever binary fractions say. */
export const clearAt = (watch: Pick<Watch, 'direction' | 'margin'>, limit: number): number =>
  Number((watch.direction === 'above' ? limit - watch.margin : limit + watch.margin).toFixed(9))

const rankOf = (level: Level): number => levelNames.indexOf(level) + 1
