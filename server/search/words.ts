// Chinese has no spaces: a run of Han characters is indexed as its bigrams, and its last character alone, so that one
// character finds by prefix and two or more find by AND. SQLite's trigram tokenizer finds nothing below three.

import type { DatasetSpec } from '../kernel/dataset.ts'
import type { Registry } from '../kernel/registry.ts'

const han = /[\u2e80-\u9fff\uf900-\ufaff\u{20000}-\u{3134f}]/u
const runs = /[\u2e80-\u9fff\uf900-\ufaff\u{20000}-\u{3134f}]+|[\p{L}\p{N}]+/gu

/** What a record can be found by. Masked and hidden fields stay out: search must not tell what a page would not. */
export function textOf(registry: Registry, spec: DatasetSpec, fields: Record<string, unknown>): string {
  const parts: string[] = []
  for (const [name, field] of Object.entries(spec.fields)) {
    const value = fields[name]
    if (value === undefined || value === null || field.sensitive) continue
    if (
      field.kind === 'text' ||
      field.kind === 'long' ||
      field.kind === 'credit-code' ||
      field.kind === 'phone'
    )
      parts.push(String(value))
    else if (field.kind === 'choice') parts.push(field.options?.[String(value)]?.zh ?? '')
    else if (field.kind === 'code')
      parts.push(String(value), registry.codes(field.list!)?.codes[String(value)]?.zh ?? '')
    else if (field.kind === 'division') parts.push(registry.division(String(value))?.zh ?? '')
  }
  return parts.join(' ').toLowerCase()
}

/** The tokens under which a text is indexed. */
export function tokens(text: string): string {
  const out: string[] = []
  for (const [run] of text.toLowerCase().matchAll(runs)) {
    if (!han.test(run)) {
      out.push(run)
      continue
    }
    const chars = [...run]
    for (let i = 0; i + 1 < chars.length; i++) out.push(chars[i]! + chars[i + 1]!)
    out.push(chars.at(-1)!)
  }
  return out.join(' ')
}

/** An FTS5 query that finds every text containing the words, or undefined when there is nothing to look for. */
export function matchFor(words: string): string | undefined {
  const terms: string[] = []
  for (const [run] of words.toLowerCase().matchAll(runs)) {
    const chars = [...run]
    if (!han.test(run)) terms.push(`"${run}"*`)
    else if (chars.length === 1) terms.push(`"${run}"*`)
    else for (let i = 0; i + 1 < chars.length; i++) terms.push(`"${chars[i]}${chars[i + 1]}"`)
  }
  return terms.length > 0 ? terms.join(' AND ') : undefined
}

/** Whether a text really says the words: bigrams alone would also find 洞庭南 for 南洞庭. Latin words find by their beginning. */
export function saysAll(text: string, words: string): boolean {
  const latin = new Set([...text.matchAll(runs)].map(([run]) => run).filter((run) => !han.test(run)))
  return [...words.toLowerCase().matchAll(runs)].every(([piece]) =>
    han.test(piece) ? text.includes(piece) : [...latin].some((run) => run.startsWith(piece)),
  )
}

/** Whether the index alone may say yes too often: a run of three or more, whose bigrams need not be neighbours. */
export const needsReading = (words: string): boolean =>
  [...words.matchAll(runs)].some(([run]) => han.test(run) && [...run].length > 2)
