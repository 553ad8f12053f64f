// Clocks are wrong in the field: a phone whose battery died wakes in 1970, one that was set by hand lives in 2099. What
// the box said last is the floor, its answers tell how far the phone is off, and what still looks impossible is not
// believed. Order never depends on any of it; dates in rules («not before today») do.

export interface Clock {
  /** How far the box's clock is from the phone's, in ms; 0 when they agree within two minutes. */
  skew: number
  /** The last moment the box told (epoch ms); 0 before the first contact. */
  last: number
}

/** Longer than this without the box is a wrong clock and not a long absence. */
const longestAbsence = 120 * 86_400_000

/** The moment to put on an act, and what is wrong with the phone's own clock. */
export function believed(clock: Clock, now = Date.now()): { at: number; wrong?: 'ahead' | 'behind' } {
  const corrected = now + clock.skew
  if (clock.last === 0) return { at: now }
  if (corrected < clock.last - 120_000) return { at: clock.last, wrong: 'behind' }
  if (corrected > clock.last + longestAbsence) return { at: clock.last, wrong: 'ahead' }
  if (clock.skew !== 0) return { at: corrected, wrong: clock.skew > 0 ? 'behind' : 'ahead' }
  return { at: corrected }
}

/** What an answer's Date header (RFC 9110 6.6.1, whole seconds) teaches. */
export function learned(header: string | null, now = Date.now()): Clock | undefined {
  const told = Date.parse(header ?? '')
  if (Number.isNaN(told)) return undefined
  const skew = told - now
  return { skew: Math.abs(skew) < 120_000 ? 0 : skew, last: told }
}
