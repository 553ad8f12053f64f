// Chinese has no spaces: a run of Han characters is indexed as its bigrams, and its last character alone, so that one
// character finds by prefix and two or more find by AND. SQLite's trigram tokenizer finds nothing below three.
//
// The same room serves the box (an FTS5 index, then a look at the record where the index may say yes too often) and a
// device out of reach (a look at every record): both ask `says`, so a question finds the same on either.

import type { DatasetSpec } from '../kernel/dataset.ts'
import { type FieldSpec, maskValue } from '../kernel/fields.ts'
import type { Registry } from '../kernel/registry.ts'

// The blocks of Han and kana also hold 、。「」, which are no letters.
const han = '(?:(?=[\\p{L}\\p{N}])[\\u2e80-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3134f}])'
const startsHan = new RegExp(`^${han}`, 'u')
/** Han characters in a row, or other letters and digits in a row: 东3号 is three runs. */
const runs = new RegExp(`${han}+|(?:(?!${han})[\\p{L}\\p{N}])+`, 'gu')
/** What stands together between blanks and signs. */
const words = /[\p{L}\p{N}]+/gu

/** As it is compared: small letters, without accents, the wide digits of a Chinese keyboard as the narrow ones. */
const small = (text: string): string =>
  plain.test(text) ? text.toLowerCase() : text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
/** What there is nothing to fold in, which is nearly everything: Han from the main block, ASCII. */
const plain = /^[\u0020-\u007e\u3001\u3002\u4e00-\u9fff]*$/

/** How a field is found, if at all: by what is written in it, or by the words its code stands for. */
export function foundBy(field: FieldSpec): 'writing' | 'code' | undefined {
  // Of a number under a mask the digits that every page shows may be asked for, above all the last four of a phone.
  if (field.sensitive)
    return field.sensitive === 'mask' && (field.kind === 'phone' || field.kind === 'id-number')
      ? 'writing'
      : undefined
  if (['text', 'long', 'credit-code', 'phone'].includes(field.kind)) return 'writing'
  if (['choice', 'code', 'division'].includes(field.kind)) return 'code'
  return undefined
}

/** What a written value can be found by, in small letters. Search tells nothing that a page would not: masks stay on. */
export function sayingOf(field: FieldSpec, value: unknown): string {
  if (value === undefined || value === null) return ''
  if (field.sensitive) return small(String(maskValue(field, value) ?? ''))
  const written = small(String(value))
  // A phone is remembered by its end.
  return field.kind === 'phone' ? `${written} ${written.slice(-4)}` : written
}

/** The words a code stands for, in small letters. */
export function meaningOf(registry: Registry, field: FieldSpec, value: unknown): string {
  if (value === undefined || value === null) return ''
  const code = String(value)
  if (field.kind === 'choice') return small(field.options?.[code]?.zh ?? '')
  if (field.kind === 'division') return small(registry.division(code)?.zh ?? '')
  return small(`${code} ${registry.codes(field.list!)?.codes[code]?.zh ?? ''}`)
}

/** What a record can be found by. */
export function textOf(registry: Registry, spec: DatasetSpec, fields: Record<string, unknown>): string {
  const parts: string[] = []
  for (const [name, field] of Object.entries(spec.fields)) {
    const by = foundBy(field)
    if (by === 'writing') parts.push(sayingOf(field, fields[name]))
    if (by === 'code') parts.push(meaningOf(registry, field, fields[name]))
  }
  return parts.filter(Boolean).join(' ')
}

/** The tokens under which a text is indexed. */
export function tokens(text: string): string {
  const out: string[] = []
  for (const [run] of small(text).matchAll(runs)) {
    if (!startsHan.test(run)) {
      out.push(run)
      continue
    }
    const chars = [...run]
    for (let i = 0; i + 1 < chars.length; i++) out.push(chars[i]! + chars[i + 1]!)
    out.push(chars.at(-1)!)
  }
  return out.join(' ')
}

/** An FTS5 query that finds every text saying the words (and a few more: `needsReading`); undefined when there are none. */
export function matchFor(question: string): string | undefined {
  const terms: string[] = []
  for (const [run] of small(question).matchAll(runs)) {
    const chars = [...run]
    if (!startsHan.test(run) || chars.length === 1) terms.push(`"${run}"*`)
    else for (let i = 0; i + 1 < chars.length; i++) terms.push(`"${chars[i]}${chars[i + 1]}"`)
  }
  return terms.length > 0 ? terms.join(' AND ') : undefined
}

/** One word of a question. */
export interface Asked {
  /** In small letters; a text without it does not say the word. */
  word: string
  /** Whether a text in small letters says it: Chinese anywhere, letters and digits from where they begin. */
  says(text: string): boolean
}

export function asked(question: string): Asked[] {
  return [...small(question).matchAll(words)].map(([word]) => {
    if (startsHan.test(word)) return { word, says: (text) => text.includes(word) }
    // 3 finds 30 and 东3号, not 13.
    const begins = new RegExp(`(?:^|${han}|[^\\p{L}\\p{N}])${word}`, 'u')
    return { word, says: (text) => text.includes(word) && begins.test(text) }
  })
}

/** Whether a text says every word. */
export const saysAll = (text: string, question: string): boolean =>
  asked(question).every((each) => each.says(text))

/** Whether the index alone may say yes too often: bigrams and runs need not be neighbours in what they were cut from. */
export const needsReading = (question: string): boolean =>
  [...small(question).matchAll(words)].some(([word]) => {
    const cut = [...word.matchAll(runs)]
    return cut.length > 1 || (startsHan.test(word) && [...word].length > 2)
  })
