// A stored value as people read it. The same words stand in lists, facts, sentences, questions and exports.

import { type DatasetSpec, keyField, labelOf, type Rec } from '../../kernel/dataset.ts'
import type { Desk } from '../../kernel/desk.ts'
import type { FieldSpec, FileRef } from '../../kernel/fields.ts'
import { areaOf, type Geometry } from '../../kernel/geo.ts'
import type { Registry } from '../../kernel/registry.ts'
import { dateText, type Lang, numberText, type Say, timeText } from '../../kernel/words.ts'

export interface Reader {
  t: Say
  lang: Lang
  registry: Registry
  /** Record ids → labels, fetched before drawing. */
  labels: Map<string, string>
}

/** As plain text: sentences, exports, the three-way page. */
export function valueText(reader: Reader, field: FieldSpec, value: unknown): string {
  if (value === undefined || value === null || value === '') return ''
  const { t, lang, registry, labels } = reader
  switch (field.kind) {
    case 'integer':
      return numberText(value as number, 0) || String(value)
    case 'decimal':
      return numberText(value as number, 6) || String(value)
    case 'date':
      return dateText(String(value), lang)
    case 'time':
      return timeText(String(value), lang)
    case 'flag':
      return value ? t({ zh: '是', en: 'Yes' }) : t({ zh: '否', en: 'No' })
    case 'choice':
      return field.options?.[String(value)] ? t(field.options[String(value)]!) : String(value)
    case 'choices':
      return (value as string[])
        .map((each) => (field.options?.[each] ? t(field.options[each]) : each))
        .join(lang === 'zh' ? '、' : ', ')
    case 'code': {
      const words = registry.codes(field.list!)?.codes[String(value)]
      return words ? t(words) : String(value)
    }
    case 'division':
      return divisionText(registry, t, String(value))
    case 'ref':
      return labels.get(String(value)) ?? t({ zh: '(不在您的辖区)', en: '(outside your area)' })
    case 'geometry':
      return shapeText(t, value as Geometry)
    case 'files':
      return (value as FileRef[]).map((each) => each.name).join(lang === 'zh' ? '、' : ', ')
    default:
      return String(value)
  }
}

/** As markup: references and files become links. */
export function Value({
  reader,
  spec,
  name,
  value,
  record,
}: {
  reader: Reader
  spec: DatasetSpec
  name: string
  value: unknown
  record: string
}) {
  const field = spec.fields[name]!
  const text = valueText(reader, field, value)
  if (text === '') return null
  if (field.kind === 'ref' && reader.labels.has(String(value)))
    return <a href={`/d/${field.to}/${value}`}>{text}</a>
  if (field.kind === 'long') return <span class="long-text">{text}</span>
  if (field.kind === 'phone' && !text.includes('*')) return <a href={`tel:${text}`}>{text}</a>
  if (field.kind === 'files')
    return (
      <ul class="files-kept">
        {(value as FileRef[]).map((each) => (
          <li>
            <FileLink file={each} path={`/d/${spec.name}/${record}/files/${name}/${each.sha256}`} />
          </li>
        ))}
      </ul>
    )
  return <>{text}</>
}

/** A picture is looked at where it is; anything else has its name. */
const FileLink = ({ file, path }: { file: FileRef; path: string }) =>
  file.type?.startsWith('image/') ? (
    <a href={path} class="thumb">
      <img src={path} alt={file.name} loading="lazy" width="112" height="112" />
    </a>
  ) : (
    <a href={path}>{file.name}</a>
  )

/** 琼湖街道; a village the list does not know reads as its township and code. */
export function divisionText(registry: Registry, t: Say, code: string): string {
  const words = registry.division(code)
  if (words) return t(words)
  const town = code.length > 9 ? registry.division(code.slice(0, 9)) : undefined
  return town ? `${t(town)} ${code.slice(9)}` : code
}

/** What a geometry field says in one line: 面 12.5 亩 · 点 112.3595, 28.8417. */
function shapeText(t: Say, shape: Geometry): string {
  if (shape.type === 'Polygon') {
    const area = areaOf(shape) / (2000 / 3)
    return t({
      zh: `地块范围,约 ${numberText(area, area < 10 ? 2 : 1)} 亩`,
      en: `Area of about ${numberText(area, area < 10 ? 2 : 1)} mu`,
    })
  }
  if (shape.type === 'LineString')
    return t({ zh: `线,${shape.coordinates.length} 个点`, en: `Line of ${shape.coordinates.length} points` })
  const [lng, lat] = shape.coordinates
  return `${lng.toFixed(5)}, ${lat.toFixed(5)}`
}

/** The labels of every record that these field sets point to, asked for once. */
export async function readerFor(
  desk: Desk,
  say: { t: Say; lang: Lang },
  spec: DatasetSpec,
  fieldSets: Record<string, unknown>[],
): Promise<Reader> {
  const refs = Object.keys(spec.fields).filter((name) => spec.fields[name]!.kind === 'ref')
  const ids = fieldSets.flatMap((fields) =>
    refs.map((name) => fields[name]).filter((id): id is string => typeof id === 'string' && id !== ''),
  )
  return { ...say, registry: desk.registry, labels: ids.length > 0 ? await desk.labels(ids) : new Map() }
}

/**
 * As `readerFor`, for pages: what is referred to by a bare number reads as its page is headed, 沅江芦笋(鲜) · 芦苇场东 3 号.
 * Exports keep the number, which an import finds again.
 */
export async function pageReader(
  desk: Desk,
  say: { t: Say; lang: Lang },
  spec: DatasetSpec,
  fieldSets: Record<string, unknown>[],
): Promise<Reader> {
  const reader = await readerFor(desk, say, spec, fieldSets)
  for (const [name, field] of Object.entries(spec.fields)) {
    const to = field.kind === 'ref' ? desk.registry.datasets.get(field.to!)?.spec : undefined
    if (!to?.heading) continue
    const ids = [...new Set(fieldSets.map((fields) => String(fields[name] ?? '')))].filter((id) =>
      reader.labels.has(id),
    )
    const named = await headings(desk, say, to, ids)
    for (const [id, heading] of named) reader.labels.set(id, heading)
  }
  return reader
}

/** The headings of records of one dataset. */
export async function headings(
  desk: Desk,
  say: { t: Say; lang: Lang },
  spec: DatasetSpec,
  ids: string[],
): Promise<Map<string, string>> {
  const records = (await Promise.all(ids.map((id) => desk.read(spec.name, id)))).filter(
    (each) => each !== undefined,
  )
  const reader = await readerFor(
    desk,
    say,
    spec,
    records.map((each) => each.fields),
  )
  return new Map(records.map((each) => [each.id, headingOf(reader, spec, each.fields)]))
}

/** The columns of a list: as declared, or keys and the first plain fields. */
export function columnsOf(spec: DatasetSpec): string[] {
  if (spec.columns) return spec.columns.filter((name) => spec.fields[name])
  const shown = Object.keys(spec.fields).filter((name) => {
    const field = spec.fields[name]!
    return !['long', 'geometry', 'files', 'choices'].includes(field.kind) && field.sensitive !== 'hide'
  })
  const keys = shown.filter((name) => spec.fields[name]!.key)
  return [...keys, ...shown.filter((name) => !keys.includes(name))].slice(0, 6)
}

/** What a page about the record is called: names and dates as people say them, where a list or a link has its number. */
export function headingOf(reader: Reader, spec: DatasetSpec, fields: Record<string, unknown>): string {
  const pattern = spec.heading ?? spec.label
  if (!pattern) return labelOf(spec, fields)
  const filled = pattern.replaceAll(/\{([\w-]+)\}/g, (_, name: string) => {
    const field = spec.fields[name]
    const text = field ? valueText(reader, field, fields[name]) : ''
    return text && field?.unit ? `${text} ${reader.t(field.unit)}` : text
  })
  return (
    filled
      .replaceAll(/\s+/g, ' ')
      .replace(/^ ?· |· ?$/, '')
      .trim() || labelOf(spec, fields)
  )
}

/** The heading of a page that has no reader at hand: forms about a record. */
export async function headingFor(
  { desk, t, lang }: { desk: Desk; t: Say; lang: Lang },
  spec: DatasetSpec,
  record: Rec,
): Promise<string> {
  return headingOf(await pageReader(desk, { t, lang }, spec, [record.fields]), spec, record.fields)
}

/** Its number beside the heading, where the heading does not say it. */
export const numberBeside = (spec: DatasetSpec, fields: Record<string, unknown>): string => {
  const key = spec.heading && keyField(spec)
  return key ? String(fields[key] ?? '') : ''
}

/** The field that says how a record stands, when it has one. */
export const stateField = (spec: DatasetSpec): string | undefined =>
  ['state', 'status'].find((name) => spec.fields[name]?.kind === 'choice')
