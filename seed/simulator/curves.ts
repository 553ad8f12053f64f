import type { Curve } from '../sample/sensing.ts'

const dayMs = 86_400_000

/** The formula of seed/sample/readings.ts, one value at a time: what is played goes on where the seeded past ends. */
export function valueAt(curve: Curve, at: number): number {
  const { every, base, daily, peak, slow, period, phase, noise, digits, least, shape } = curve
  const day = at / dayMs
  const dice =
    43758.5453 * Math.sin(Math.floor(at / (every * 60_000)) * 12.9898 + base * 78.233 + phase * 37.7)
  const unrest = dice - Math.floor(dice)
  const wave = Math.sin(2 * Math.PI * (day / period + phase))
  const value =
    shape === 'rain'
      ? Math.max(0, wave - 0.72) * slow * unrest
      : base + daily * Math.cos(2 * Math.PI * (day + 8 / 24 - peak)) + slow * wave + noise * (2 * unrest - 1)
  return Math.max(least, Number(value.toFixed(digits)))
}

/** How far the flood has come, 0 to 1: it rises in half an hour, stands, and falls in a few minutes once it may. */
export function floodShare(minutesIn: number, fallsAfter: number): number {
  if (minutesIn <= 0) return 0
  if (minutesIn < 30) return (1 - Math.cos((Math.PI * minutesIn) / 30)) / 2
  return Math.max(0, Math.min(1, 1 - (minutesIn - fallsAfter) / 3))
}
