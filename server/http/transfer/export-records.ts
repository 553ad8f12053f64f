// A list leaves the box as a file, in the same order and under the same filter, scoped and masked by the desk that reads
// it. Everything streams: a million records take no more memory than a thousand. CSV and XLSX carry what people read;
// GeoJSON, NDJSON and Parquet carry what is stored.

import type { DatasetSpec, Rec } from '../../kernel/dataset.ts'
import type { Desk, ListQuery } from '../../kernel/desk.ts'
import { refuse } from '../../kernel/refusal.ts'
import { countyDay, type Lang, sayIn } from '../../kernel/words.ts'
import { recordJson } from '../api.ts'
import { type Reader, readerFor, valueText } from '../records/show.tsx'
import type { Services } from '../services.ts'
import { bom, csvText } from './csv.ts'
import { xlsxStream } from './sheet.ts'

export const formats = ['csv', 'xlsx', 'geojson', 'ndjson', 'parquet'] as const
export type Format = (typeof formats)[number]

export interface Exported {
  /** 地块-2026-03-05.xlsx */
  name: string
  type: string
  stream: ReadableStream<Uint8Array>
}

export async function exportRecords(
  desk: Desk,
  dataset: string,
  format: Format,
  how: { query?: ListQuery; lang?: Lang; parquet?: Services['parquet'] } = {},
): Promise<Exported> {
  const spec = desk.registry.datasets.get(dataset)?.spec
  if (!spec)
    refuse(
      { zh: `没有名为「${dataset}」的台账`, en: `There is no dataset "${dataset}".` },
      { kind: 'missing' },
    )
  if (!desk.registry.rights.may(desk.actor, 'export'))
    refuse(
      {
        zh: '您的岗位不能导出,需要时请联系管理员开通',
        en: 'Your role may not export; ask an administrator.',
      },
      { kind: 'access' },
    )
  if (format === 'geojson' && !spec.place)
    refuse({
      zh: `「${spec.title.zh}」没有位置,不能导出 GeoJSON`,
      en: `${spec.title.en} has no place to export as GeoJSON.`,
    })
  if (format === 'parquet' && !how.parquet)
    refuse({
      zh: '本机现在不能导出 Parquet,请改用 xlsx 或 csv',
      en: 'Parquet is not available on this box now; use xlsx or csv.',
    })
  const lang = how.lang ?? desk.actor.lang
  const pages = pagesOf(desk, spec, how.query ?? {})
  // The first page is read before anything is answered, so that a refusal is still a page and not half a file.
  const first = await pages.next()
  const all = (async function* () {
    if (!first.done) yield first.value
    yield* pages
  })()
  const say = { t: sayIn(lang), lang }
  return {
    name: `${say.t(spec.title)}-${countyDay()}.${format}`,
    type: types[format],
    stream:
      format === 'parquet'
        ? await how.parquet!(spec, rawRows(spec, all))
        : streamOf(
            format === 'xlsx' ? workbook(desk, spec, all, say) : encoded(lines[format](desk, spec, all, say)),
          ),
  }
}

const types: Record<Format, string> = {
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  geojson: 'application/geo+json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
}

type Pages = AsyncIterable<Rec[]>
type Saying = { t: Reader['t']; lang: Lang }

async function* pagesOf(desk: Desk, spec: DatasetSpec, query: ListQuery): AsyncGenerator<Rec[]> {
  let cursor = query.cursor
  do {
    const page = await desk.list(spec.name, { ...query, limit: 500, cursor })
    yield page.records
    cursor = page.next
    // Clerks' requests come in between.
    await new Promise((go) => setImmediate(go))
  } while (cursor)
}

const lines: Record<
  'csv' | 'geojson' | 'ndjson',
  (desk: Desk, spec: DatasetSpec, pages: Pages, say: Saying) => AsyncGenerator<string>
> = {
  async *csv(desk, spec, pages, say) {
    const columns = columnsOf(spec)
    yield bom + csvText([...columns.map((name) => title(spec, name, say)), idTitle(say)])
    for await (const records of pages) {
      const reader = await readerFor(
        desk,
        say,
        spec,
        records.map((each) => each.fields),
      )
      yield records
        .map((record) =>
          csvText([
            ...columns.map((name) =>
              harmless(spec, name, String(readable(reader, spec, name, record) ?? '')),
            ),
            record.id,
          ]),
        )
        .join('')
    }
  },
  async *geojson(desk, spec, pages, say) {
    yield '{"type":"FeatureCollection","features":[\n'
    let comma = ''
    for await (const records of pages) {
      const reader = await readerFor(
        desk,
        say,
        spec,
        records.map((each) => each.fields),
      )
      for (const record of records) {
        const properties = Object.fromEntries(
          Object.keys(record.fields)
            .filter((name) => name !== spec.place && spec.fields[name])
            .map((name) => [
              name,
              spec.fields[name]!.kind === 'ref'
                ? (reader.labels.get(String(record.fields[name])) ?? record.fields[name])
                : record.fields[name],
            ]),
        )
        yield `${comma}${JSON.stringify({ type: 'Feature', id: record.id, geometry: record.fields[spec.place!] ?? null, properties })}`
        comma = ',\n'
      }
    }
    yield '\n]}\n'
  },
  async *ndjson(_desk, spec, pages) {
    for await (const records of pages)
      yield records.map((record) => `${JSON.stringify(recordJson(spec, record))}\n`).join('')
  },
}

function workbook(desk: Desk, spec: DatasetSpec, pages: Pages, say: Saying): AsyncGenerator<Uint8Array> {
  const columns = columnsOf(spec)
  const number = (name: string) => ['integer', 'decimal'].includes(spec.fields[name]!.kind)
  const head = columns.map((name) => ({
    title: title(spec, name, say),
    number: number(name),
    width: widthOf(spec, name),
  }))
  return xlsxStream(
    say.t(spec.title),
    [...head, { title: idTitle(say), width: 38 }],
    (async function* () {
      for await (const records of pages) {
        const reader = await readerFor(
          desk,
          say,
          spec,
          records.map((each) => each.fields),
        )
        for (const record of records)
          yield [
            ...columns.map((name) =>
              number(name)
                ? (record.fields[name] as number | undefined)
                : (readable(reader, spec, name, record) as string),
            ),
            record.id,
          ]
      }
    })(),
  )
}

async function* rawRows(spec: DatasetSpec, pages: Pages): AsyncGenerator<Record<string, unknown>> {
  for await (const records of pages)
    for (const record of records)
      yield {
        id: record.id,
        division: record.division,
        version: record.version,
        ...Object.fromEntries(columnsOf(spec).map((name) => [name, record.fields[name]])),
      }
}

const columnsOf = (spec: DatasetSpec) =>
  Object.keys(spec.fields).filter((name) => spec.fields[name]!.sensitive !== 'hide')

/** As a person reads it, and as an import reads it back: dates plain, numbers ungrouped, shapes as GeoJSON. */
function readable(reader: Reader, spec: DatasetSpec, name: string, record: Rec): string | number | undefined {
  const field = spec.fields[name]!
  const value = record.fields[name]
  if (value === undefined || value === null) return undefined
  switch (field.kind) {
    case 'integer':
    case 'decimal':
      return value as number
    case 'date':
      return String(value)
    case 'time':
      return new Date(Date.parse(String(value)) + 8 * 3_600_000).toISOString().slice(0, 16).replace('T', ' ')
    case 'geometry':
      return JSON.stringify(value)
    case 'division':
      return String(value)
    default:
      return valueText(reader, field, value)
  }
}

/** Excel would run a cell that begins like a formula. An apostrophe keeps it text; the import takes it off again. */
const harmless = (spec: DatasetSpec, name: string, text: string) =>
  ['text', 'long'].includes(spec.fields[name]!.kind) && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text

const title = (spec: DatasetSpec, name: string, { t, lang }: Saying) => {
  const { label, unit } = spec.fields[name]!
  return unit ? (lang === 'zh' ? `${label.zh}(${unit.zh})` : `${label.en} (${unit.en})`) : t(label)
}
const idTitle = ({ t }: Saying) => t({ zh: '记录编号', en: 'Record id' })

const widthOf = (spec: DatasetSpec, name: string) =>
  ({ long: 40, ref: 30, 'id-number': 22, 'credit-code': 22, geometry: 30, choice: 12, flag: 8, date: 12 })[
    spec.fields[name]!.kind as 'long'
  ] ?? 18

async function* encoded(texts: AsyncGenerator<string>): AsyncGenerator<Uint8Array> {
  for await (const text of texts) yield new TextEncoder().encode(text)
}

function streamOf(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await chunks.return(undefined)
    },
  })
}
