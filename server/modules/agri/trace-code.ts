// Our own numbers, since a farm without a GS1 prefix must not invent one (docs: standards 1.5, 2.5). All digits, so that
// they can be read over the telephone and typed on any keypad; the last is the GS1 mod-10 check digit.
//
//   plot   township 9 · use 1 · five digits · check                       16 digits
//   batch  township 9 · year and day of the year 5 · five digits · check  20 digits: fits GS1 AI (10), so that the
//          trace code is the lot of a GS1 Digital Link as it stands
//
// The five digits come from the act's id and not from a counter: two phones out of reach number the same day's batches
// without asking anybody, and the box that decides the same act again gives the same number.

import { gs1Check } from '../../kernel/checks.ts'
import type { Words } from '../../kernel/words.ts'

export type Use = 'planting' | 'livestock' | 'aquatic'

export function plotCode(division: string, use: Use, act: string, taken: (code: string) => boolean): string {
  return numbered(township(division) + { planting: 1, livestock: 2, aquatic: 3 }[use], act, taken)
}

export function traceCode(
  division: string,
  day: string,
  act: string,
  taken: (code: string) => boolean,
): string {
  return numbered(township(division) + day.slice(2, 4) + dayOfYear(day), act, taken)
}

/** Grouped for the eye: 43098 11142 63251 23457. */
export const spaced = (code: string) => code.replaceAll(/(\d{5})(?=\d)/g, '$1 ')

/** What is wrong with a code somebody typed, or undefined when it could be one of ours. */
export function traceCodeFault(code: string): Words | undefined {
  if (!/^\d{20}$/.test(code)) return { zh: '溯源码是 20 位数字', en: 'A trace code has 20 digits.' }
  if (gs1Check(code.slice(0, -1)) !== code.at(-1))
    return {
      zh: '溯源码校验位不对,可能有一位输错,请对照标签逐位核对',
      en: 'The check digit does not match: one digit is probably mistyped.',
    }
  return undefined
}

function numbered(front: string, act: string, taken: (code: string) => boolean): string {
  const start = fiveDigits(act)
  for (let step = 0; step < 100_000; step++) {
    const digits = front + String((start + step) % 100_000).padStart(5, '0')
    const code = digits + gs1Check(digits)
    if (!taken(code)) return code
  }
  throw new Error(`no number left under ${front}`)
}

const township = (division: string) => division.slice(0, 9).padEnd(9, '0')

function dayOfYear(day: string): string {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number]
  return String((Date.UTC(year, month - 1, date) - Date.UTC(year, 0, 0)) / 86_400_000).padStart(3, '0')
}

function fiveDigits(act: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < act.length; i++) hash = Math.imul(hash ^ act.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % 100_000
}
