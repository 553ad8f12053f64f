// A field is declared once; form, check, filter, list, import, export and measure are derived from it. The spec is
// plain data, so that a county's own dataset made in the browser is the same thing as one in a source file.

import { creditCodeFault, idNumberFault, isDay, phoneFault } from './checks.ts'
import { type Geometry, isGeometry } from './geo.ts'
import { isId } from './ids.ts'
import type { Words } from './words.ts'

export type FieldKind =
  | 'text'
  | 'long'
  | 'integer'
  | 'decimal'
  | 'date'
  | 'time'
  | 'flag'
  | 'choice'
  | 'choices'
  | 'code'
  | 'ref'
  | 'division'
  | 'geometry'
  | 'phone'
  | 'id-number'
  | 'credit-code'
  | 'files'

export interface FieldSpec {
  kind: FieldKind
  label: Words
  hint?: Words
  optional?: true
  /** With the dataset name, identifies a record for people and imports; unique among records that are not withdrawn. */
  key?: true
  /** Offered as a filter and indexed. Keys and refs are indexed anyway. */
  filter?: true
  unit?: Words
  min?: number
  max?: number
  maxLength?: number
  pattern?: string
  /** For choice and choices. */
  options?: Record<string, Words>
  /** For code: the name of the code list. */
  list?: string
  /** For ref: the dataset it points to. */
  to?: string
  /** For geometry: what may be drawn. */
  shapes?: Geometry['type'][]
  /** `mask`: shown masked unless the reader may see personal data and says why. `hide`: not shown, not exported, never sent. */
  sensitive?: 'mask' | 'hide'
  /** Fields of one group are settled together when two people changed them. */
  group?: string
  /** Set by acts, never by a form. */
  set?: 'act'
  initial?: unknown
  /** For files: pictures, so that a phone offers its camera. */
  pictures?: true
  /** Asked while another field of the form has one of these values; `must`: and then it is not left empty. */
  only?: { field: string; values: string[]; must?: true }
  /** Asked only when the act was refused without it: the way to write down what should not have happened. */
  late?: true
}

export interface FileRef {
  sha256: string
  name: string
  type: string
  bytes: number
}

/** A field under declaration. Methods return a new field; `T` is the stored value, `O` whether it may be absent. */
export class Field<T = unknown, O extends boolean = boolean> {
  // Phantom members carry the types; they exist at compile time only.
  declare readonly value: T
  declare readonly absent: O
  constructor(readonly spec: FieldSpec) {}

  private with<P extends boolean = O>(more: Partial<FieldSpec>): Field<T, P> {
    return new Field<T, P>({ ...this.spec, ...more })
  }
  optional() {
    return this.with<true>({ optional: true })
  }
  key() {
    return this.with({ key: true, filter: true })
  }
  filter() {
    return this.with({ filter: true })
  }
  hint(zh: string, en: string) {
    return this.with({ hint: { zh, en } })
  }
  unit(zh: string, en: string) {
    return this.with({ unit: { zh, en } })
  }
  min(min: number) {
    return this.with({ min })
  }
  max(max: number) {
    return this.with({ max })
  }
  longest(maxLength: number) {
    return this.with({ maxLength })
  }
  /** A regular expression the whole text must match; say in the hint what it should look like. */
  matches(pattern: string) {
    return this.with({ pattern })
  }
  sensitive(how: 'mask' | 'hide') {
    return this.with({ sensitive: how })
  }
  group(group: string) {
    return this.with({ group })
  }
  /** Filled by acts only: no form shows an input for it. Always optional in forms and imports. */
  setByAct() {
    return this.with<true>({ set: 'act', optional: true })
  }
  initial(initial: T) {
    return this.with({ initial })
  }
  /** Pictures only: a phone offers its camera. */
  pictures() {
    return this.with({ pictures: true })
  }
  /** Asked only while `field` has one of the values; the act itself says what it cannot do without. */
  only(field: string, ...values: string[]) {
    return this.with({ only: { field, values } })
  }
  /** As `only`, and then it is not left empty: forms do not call it optional. */
  must(field: string, ...values: string[]) {
    return this.with({ only: { field, values, must: true } })
  }
  /** Asked only after a refusal. */
  late() {
    return this.with({ late: true })
  }
}

const field = <T>(spec: FieldSpec) => new Field<T, false>(spec)

export const text = (label: Words) => field<string>({ kind: 'text', label })
export const long = (label: Words) => field<string>({ kind: 'long', label })
export const integer = (label: Words) => field<number>({ kind: 'integer', label })
export const decimal = (label: Words) => field<number>({ kind: 'decimal', label })
/** A calendar day, `YYYY-MM-DD`. */
export const date = (label: Words) => field<string>({ kind: 'date', label })
/** A moment, ISO 8601 with offset or Z. */
export const time = (label: Words) => field<string>({ kind: 'time', label })
export const flag = (label: Words) => field<boolean>({ kind: 'flag', label })
export const phone = (label: Words) => field<string>({ kind: 'phone', label })
export const idNumber = (label: Words) => field<string>({ kind: 'id-number', label })
export const creditCode = (label: Words) => field<string>({ kind: 'credit-code', label })
/** Administrative code: 2, 4, 6, 9 or 12 digits (GB/T 2260, GB/T 10114). */
export const division = (label: Words) => field<string>({ kind: 'division', label, filter: true })
export const geometry = (label: Words, ...shapes: Geometry['type'][]) =>
  field<Geometry>({
    kind: 'geometry',
    label,
    shapes: shapes.length ? shapes : ['Point', 'LineString', 'Polygon'],
  })
/** Attachments: metadata in the record, bytes in `files/` by SHA-256. */
export const files = (label: Words) => field<FileRef[]>({ kind: 'files', label })
export const code = (list: string, label: Words) => field<string>({ kind: 'code', list, label })
export const ref = (to: string, label: Words) => field<string>({ kind: 'ref', to, label, filter: true })
export const choice = <const O extends Record<string, Words>>(label: Words, options: O) =>
  field<keyof O & string>({ kind: 'choice', label, options })
export const choices = <const O extends Record<string, Words>>(label: Words, options: O) =>
  field<(keyof O & string)[]>({ kind: 'choices', label, options })

export type Fields = Record<string, Field>
type OptionalKeys<F extends Fields> = { [K in keyof F]: F[K]['absent'] extends true ? K : never }[keyof F]
export type ValuesOf<F extends Fields> = { [K in Exclude<keyof F, OptionalKeys<F>>]: F[K]['value'] } & {
  [K in OptionalKeys<F>]?: F[K]['value']
}

/** What a parser needs to know of the county: code lists, divisions, and how a key names a record. */
export interface Lookup {
  codes(list: string): CodeList | undefined
  division(code: string): Words | undefined
  /** The id of the record of `dataset` whose key reads `text`. */
  byKey?(dataset: string, text: string): string | undefined
}

/** A code list as data. `from`/`until` (days) bound validity; retired codes stay readable. */
export interface CodeList {
  name: string
  title: Words
  source?: string
  codes: Record<string, Words & { from?: string; until?: string; parent?: string }>
}

export type Parsed = { value: unknown } | { fault: Words }

/**
 * One value as typed, imported or sent, to the stored form. Empty text and null mean absent (`value: undefined`).
 * Accepts what people write: 1,234.5; 2026/3/5; 2026年3月5日; a choice by its label; a reference by its key.
 */
export function parseField(spec: FieldSpec, raw: unknown, lookup: Lookup): Parsed {
  const given = typeof raw === 'string' ? raw.trim() : raw
  if (given === undefined || given === null || given === '' || (Array.isArray(given) && given.length === 0)) {
    return { value: undefined }
  }
  const fault = (zh: string, en: string): Parsed => ({
    fault: { zh: `${spec.label.zh}:${zh}`, en: `${spec.label.en}: ${en}` },
  })
  // These sentences name their number themselves.
  const checked = (value: string, wrong: Words | undefined): Parsed => (wrong ? { fault: wrong } : { value })
  const asText = typeof given === 'number' ? String(given) : given

  switch (spec.kind) {
    case 'text':
    case 'long': {
      if (typeof asText !== 'string') return fault('应为文字', 'should be text')
      const limit = spec.maxLength ?? (spec.kind === 'long' ? 5000 : 200)
      if (asText.length > limit)
        return fault(
          `最多 ${limit} 个字,现在有 ${asText.length} 个`,
          `at most ${limit} characters, this has ${asText.length}`,
        )
      if (spec.pattern && !new RegExp(`^(?:${spec.pattern})$`, 'u').test(asText))
        return fault(spec.hint?.zh ?? '格式不对', spec.hint?.en ?? 'wrong form')
      return { value: asText }
    }
    case 'integer':
    case 'decimal': {
      const value = typeof given === 'number' ? given : Number(String(given).replaceAll(/[,,\s]/g, ''))
      if (typeof given === 'boolean' || !Number.isFinite(value))
        return fault(
          `「${given}」不是数字,只填数字,不带单位`,
          `"${given}" is not a number; leave the unit out`,
        )
      if (spec.kind === 'integer' && !Number.isSafeInteger(value))
        return fault('应为整数', 'should be a whole number')
      if (spec.min !== undefined && value < spec.min)
        return fault(`不能小于 ${spec.min}`, `cannot be less than ${spec.min}`)
      if (spec.max !== undefined && value > spec.max)
        return fault(`不能大于 ${spec.max}`, `cannot be more than ${spec.max}`)
      return { value }
    }
    case 'date': {
      const day = dayFrom(String(asText))
      return day
        ? { value: day }
        : fault(
            `「${asText}」不是存在的日期,请写成 2026-03-05`,
            `"${asText}" is not a possible date; write 2026-03-05`,
          )
    }
    case 'time': {
      const value = new Date(
        /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/.test(String(asText))
          ? `${asText}+08:00`
          : String(asText).replace(' ', 'T'),
      )
      return Number.isNaN(value.getTime())
        ? fault(
            `「${asText}」不是有效的时间,请写成 2026-03-05 09:12`,
            `"${asText}" is not a possible time; write 2026-03-05 09:12`,
          )
        : { value: value.toISOString() }
    }
    case 'flag': {
      if (typeof given === 'boolean') return { value: given }
      if (/^(true|1|是|有|yes|y|on)$/i.test(String(given))) return { value: true }
      if (/^(false|0|否|无|no|n|off)$/i.test(String(given))) return { value: false }
      return fault('请填「是」或「否」', 'answer yes or no')
    }
    case 'choice': {
      const value = optionFor(spec, String(asText))
      return value
        ? { value }
        : fault(
            `没有「${asText}」这一项,可选:${optionsText(spec, 'zh')}`,
            `there is no "${asText}"; choose one of ${optionsText(spec, 'en')}`,
          )
    }
    case 'choices': {
      const parts = Array.isArray(given) ? given.map(String) : String(asText).split(/[;;、,,|]/)
      const values = parts.map((part) => optionFor(spec, part.trim()))
      const wrong = parts.find((_, i) => !values[i])
      return wrong === undefined
        ? { value: [...new Set(values)] }
        : fault(
            `没有「${wrong}」这一项,可选:${optionsText(spec, 'zh')}`,
            `there is no "${wrong}"; choose from ${optionsText(spec, 'en')}`,
          )
    }
    case 'code': {
      const list = lookup.codes(spec.list!)
      if (!list) return { value: String(asText) }
      if (Object.hasOwn(list.codes, String(asText))) return { value: String(asText) }
      const found = Object.entries(list.codes).find(([, words]) => words.zh === asText || words.en === asText)
      return found
        ? { value: found[0] }
        : fault(
            `「${asText}」不在代码表「${list.title.zh}」里,请从列表选`,
            `"${asText}" is not in the list "${list.title.en}"; pick from the list`,
          )
    }
    case 'division': {
      const value = String(asText)
      if (/^\d{2}(\d{2}(\d{2}(\d{3}(\d{3})?)?)?)?$/.test(value)) {
        // Village codes are the county's own to import; their township must be known.
        if (lookup.division(value) || (value.length === 12 && lookup.division(value.slice(0, 9))))
          return { value }
      }
      return fault(
        `「${asText}」不是已知的区划代码,请从列表选乡镇(街道)`,
        `"${asText}" is not a known division; pick the township from the list`,
      )
    }
    case 'ref': {
      if (isId(asText)) return { value: asText }
      const value = lookup.byKey?.(spec.to!, String(asText))
      return value
        ? { value }
        : fault(
            `找不到「${asText}」,请先登记或从列表选`,
            `cannot find "${asText}"; register it first or pick from the list`,
          )
    }
    case 'geometry': {
      const value = typeof given === 'string' ? geometryFrom(given) : given
      return isGeometry(value, spec.shapes)
        ? { value }
        : fault('不是有效的图形,请在地图上重新画', 'is not a valid shape; draw it again on the map')
    }
    case 'phone':
      return checked(String(asText), phoneFault(String(asText)))
    case 'id-number': {
      const value = String(asText).toUpperCase()
      return checked(value, idNumberFault(value))
    }
    case 'credit-code': {
      const value = String(asText).toUpperCase()
      return checked(value, creditCodeFault(value))
    }
    case 'files': {
      const ok =
        Array.isArray(given) &&
        given.every(
          (each) =>
            /^[0-9a-f]{64}$/.test(each?.sha256) &&
            typeof each.name === 'string' &&
            Number.isSafeInteger(each.bytes),
        )
      return ok
        ? { value: given }
        : fault('附件不完整,请重新选择', 'attachment is incomplete; choose it again')
    }
  }
}

/** A personal value as people without the permission see it: 138****5678, 4309**********1233. */
export function maskValue(spec: FieldSpec, value: unknown): unknown {
  if (value === undefined || value === null || spec.sensitive === 'hide') return undefined
  const shown = String(value)
  if (spec.kind === 'phone') return `${shown.slice(0, 3)}****${shown.slice(-4)}`
  if (spec.kind === 'id-number') return `${shown.slice(0, 4)}**********${shown.slice(-4)}`
  if (spec.kind === 'geometry') return undefined
  return shown.length <= 1 ? '*' : `${shown.slice(0, 1)}${'*'.repeat(Math.min(shown.length - 1, 8))}`
}

export function dayFrom(written: string): string | undefined {
  const match = /^(\d{4})(?:-|\/|\.|年)?(\d{1,2})(?:-|\/|\.|月)?(\d{1,2})日?(?:[T ].*)?$/.exec(written)
  if (!match) return undefined
  const [, year, month, day] = match
  const value = `${year}-${month!.padStart(2, '0')}-${day!.padStart(2, '0')}`
  return isDay(value) ? value : undefined
}

function optionFor(spec: FieldSpec, given: string): string | undefined {
  if (Object.hasOwn(spec.options!, given)) return given
  return Object.entries(spec.options!).find(([, words]) => words.zh === given || words.en === given)?.[0]
}

const optionsText = (spec: FieldSpec, lang: 'zh' | 'en') =>
  Object.values(spec.options!)
    .map((words) => words[lang])
    .join(lang === 'zh' ? '、' : ', ')

function geometryFrom(given: string): unknown {
  try {
    return JSON.parse(given)
  } catch {
    // «112.3595, 28.8417» as people copy it from a phone: whichever number can only be a longitude comes first.
    const [a, b] = given.split(/[,, ]+/).map(Number)
    if (!Number.isFinite(a) || !Number.isFinite(b)) return undefined
    return { type: 'Point', coordinates: a! > b! ? [a, b] : [b, a] }
  }
}
