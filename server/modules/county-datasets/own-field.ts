// A field as the county declares it in the browser, and the dataset that follows from a list of them: the same plain data
// as a declaration in a source file.

import type { DatasetSpec } from '../../kernel/dataset.ts'
import type { FieldKind, FieldSpec } from '../../kernel/fields.ts'
import { Refusal } from '../../kernel/refusal.ts'
import type { Registry } from '../../kernel/registry.ts'
import type { Words } from '../../kernel/words.ts'

export interface OwnField {
  /** Stays with the field for ever: what people rename is the label. */
  name: string
  label: Words
  kind: FieldKind
  optional?: true
  key?: true
  filter?: true
  unit?: Words
  options?: Record<string, Words>
  to?: string
}

export const kinds: Partial<Record<FieldKind, Words>> = {
  text: { zh: '文字', en: 'Text' },
  long: { zh: '长文字', en: 'Long text' },
  integer: { zh: '整数', en: 'Whole number' },
  decimal: { zh: '小数', en: 'Decimal' },
  date: { zh: '日期', en: 'Date' },
  time: { zh: '时间', en: 'Time' },
  flag: { zh: '是/否', en: 'Yes or no' },
  choice: { zh: '单选', en: 'One of' },
  choices: { zh: '多选', en: 'Several of' },
  ref: { zh: '指向另一台账', en: 'Points to a register' },
  phone: { zh: '电话', en: 'Telephone' },
  'id-number': { zh: '身份证号', en: 'ID number' },
  'credit-code': { zh: '统一社会信用代码', en: 'Credit code' },
  geometry: { zh: '位置', en: 'Place' },
  files: { zh: '照片和附件', en: 'Pictures and files' },
}

/** What a declared dataset becomes. Scope needs a township, so every own register has one, whether declared or not. */
export function specFrom(record: {
  name: string
  title: string
  english?: string
  about?: string
  keeper: 'township' | 'county'
  fields: string
}): DatasetSpec {
  const own = JSON.parse(record.fields) as OwnField[]
  const fields: Record<string, FieldSpec> = Object.fromEntries(own.map((each) => [each.name, specOf(each)]))
  fields.division = { kind: 'division', label: { zh: '所在乡镇', en: 'Township' }, filter: true }
  const called =
    own.find((each) => each.kind === 'text' && !each.key) ?? own.find((each) => each.key) ?? own[0]
  const place = own.find((each) => each.kind === 'geometry')?.name
  return {
    name: record.name,
    version: 1,
    title: { zh: record.title, en: record.english || record.title },
    ...(record.about && { about: { zh: record.about, en: record.about } }),
    fields,
    keeper: record.keeper,
    offline: true,
    division: 'division',
    ...(place && { place }),
    ...(called && { label: `{${called.name}}` }),
    catalogue: { share: 'conditional', open: 'closed', updates: 'irregular', steward: 'county' },
  }
}

function specOf(own: OwnField): FieldSpec {
  const { name: _, ...spec } = own
  // Personal numbers are masked whoever declares them.
  const personal = own.kind === 'id-number' || own.kind === 'phone'
  const shapes =
    own.kind === 'geometry' ? { shapes: ['Point', 'LineString', 'Polygon'] as FieldSpec['shapes'] } : {}
  return {
    ...spec,
    ...shapes,
    ...(personal && { sensitive: 'mask' as const }),
    ...(own.key && { filter: true as const }),
  }
}

/** The sentence for what cannot work; checked inside the act, so the API is held to it as well. */
export function checkFields(text: string, registry: Registry | undefined): OwnField[] {
  const wrong = (zh: string, en: string) => new Refusal({ zh, en }, { field: 'fields' })
  let own: OwnField[]
  try {
    own = JSON.parse(text) as OwnField[]
  } catch {
    throw wrong('字段定义不是有效的 JSON', 'The field definitions are not valid JSON.')
  }
  if (!Array.isArray(own) || own.length === 0) throw wrong('请至少填写一个字段', 'Give at least one field.')
  if (own.length > 80)
    throw wrong('字段最多 80 个,请拆成两个台账', 'At most 80 fields; split the register in two.')
  const seen = new Set<string>()
  for (const each of own) {
    const label = each?.label?.zh?.trim()
    if (!label || typeof each.label.en !== 'string')
      throw wrong('每个字段都要有名称', 'Every field needs a name.')
    if (label.length > 40)
      throw wrong(`字段名「${label}」太长,最多 40 个字`, `The field name "${label}" is too long.`)
    if (!/^[a-z][a-z0-9-]{0,30}$/.test(each.name) || each.name === 'division')
      throw wrong(
        `字段代号「${each.name}」应为小写字母、数字和横线`,
        `"${each.name}" should be lower-case letters, digits and dashes.`,
      )
    if (seen.has(each.name) || seen.has(label))
      throw wrong(`字段「${label}」重复了`, `The field "${label}" appears twice.`)
    seen.add(each.name).add(label)
    if (!kinds[each.kind]) throw wrong(`字段「${label}」的类型不对`, `The field "${label}" has no such kind.`)
    if ((each.kind === 'choice' || each.kind === 'choices') && Object.keys(each.options ?? {}).length < 2)
      throw wrong(
        `「${label}」是选择题,请至少写两个选项,用顿号分开`,
        `"${label}" needs at least two options, separated by commas.`,
      )
    if (each.kind === 'ref' && !(each.to && (!registry || registry.datasets.has(each.to))))
      throw wrong(`「${label}」要指向哪个台账,请选择`, `Choose the register that "${label}" points to.`)
    if (each.key && !['text', 'id-number', 'credit-code', 'phone', 'integer'].includes(each.kind))
      throw wrong(
        `「${label}」不能作编号,编号应为文字、身份证号或信用代码`,
        `"${label}" cannot be the number; use text, ID number or credit code.`,
      )
  }
  if (own.filter((each) => each.key).length > 1)
    throw wrong('编号字段只能有一个', 'Only one field can be the number.')
  return own
}
