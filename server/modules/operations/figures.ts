// Measures as one person sees them: the ones they may read, for the area they look at, with keys as people read them.

import type { ChartProps, ChartSeries } from '../../../web/ui/chart.tsx'
import type { House } from '../../http/module.ts'
import { divisionText, valueText } from '../../http/records/show.tsx'
import type { Services } from '../../http/services.ts'
import type { Desk } from '../../kernel/desk.ts'
import type { FieldSpec } from '../../kernel/fields.ts'
import type { Measure, NumberRow } from '../../kernel/measures.ts'
import type { Registry } from '../../kernel/registry.ts'
import { countyDay, dateText, type Lang, type Say, timeText } from '../../kernel/words.ts'
import { measurePath, opensTo, partsOf } from './opens.ts'

export interface Figure {
  measure: Measure
  division: string
  rows: NumberRow[]
  /** One number; otherwise a chart. */
  single: boolean
  /** It could not be computed; the reason is in the log. */
  faulty: boolean
}

export interface Viewer {
  desk: Desk
  t: Say
  lang: Lang
  box: Services
  house: House
  /** Names of records that keys refer to; see `learnLabels`. */
  labels: Map<string, string>
}

/** Modules with the figures a person may see of them. */
export function figuresByModule(
  viewer: Viewer,
  division: string,
): { name: string; title: string; figures: Figure[] }[] {
  return viewer.house.modules
    .map((module) => ({
      name: module.name,
      title: viewer.t(module.title),
      figures: (module.measures ?? [])
        .filter((each) => mayRead(viewer.desk, each))
        .map((each) => figureOf(viewer, each, division)),
    }))
    .filter((part) => part.figures.length > 0)
}

export function figureOf(viewer: Viewer, measure: Measure, division: string): Figure {
  const rows = viewer.box.numbers.read(measure.name, division)
  const single =
    !measure.by && !measure.over && (measure.chart === 'number' || rows.every((row) => row.key === ''))
  return { measure, division, rows, single, faulty: viewer.box.numbers.fault?.(measure.name) !== undefined }
}

/** A figure by its measure's name, when there is such a measure and the person may read it. */
export function figureNamed(viewer: Viewer, name: string, division: string): Figure | undefined {
  const measure = viewer.desk.registry.measures.get(name)
  return measure && mayRead(viewer.desk, measure) ? figureOf(viewer, measure, division) : undefined
}

/** Whoever may not read the records may not read their number. */
export function mayRead(desk: Desk, measure: Measure): boolean {
  if (measure.of) return desk.registry.datasets.has(measure.of.name) && desk.mayRead(measure.of.name)
  const read = datasetsIn(desk.registry, measure.query ?? '')
  if (/\b(readings|latest|hours)\b/.test(measure.query ?? '') && desk.registry.datasets.has('sensing.sensor'))
    read.push('sensing.sensor')
  return read.every((name) => desk.mayRead(name))
}

/** The records behind one row, or behind all of them. */
export const figurePath = (figure: Figure, key?: string) => opensTo(figure.measure, figure.division, key)

export const numberOf = (figure: Figure): number | undefined => figure.rows[0]?.value

/** The names of records that figures are counted by, asked for once a page. */
export async function learnLabels(viewer: Viewer, figures: Figure[]) {
  const ids = figures
    .filter(({ measure }) => measure.by && measure.of?.spec.fields[measure.by]?.kind === 'ref')
    .flatMap(({ measure, rows }) => rows.map((row) => partsOf(measure, row.key).by ?? '').filter(Boolean))
  if (ids.length > 0) for (const [id, label] of await viewer.desk.labels(ids)) viewer.labels.set(id, label)
}

/** A key as people read it: township, choice, day. */
export function keyText(viewer: Viewer, figure: Figure, key: string): string {
  const { day, by } = partsOf(figure.measure, key)
  const parts = [
    ...(day === undefined ? [] : [dayText(viewer.lang, day)]),
    ...(by === undefined ? [] : [byText(viewer, figure, by)]),
  ]
  return parts.join(' · ')
}

export function chartOf(
  viewer: Viewer,
  figure: Figure,
  { mostBars = 24, ...more }: Partial<ChartProps> & { mostBars?: number } = {},
): ChartProps {
  const { measure, rows } = figure
  const { t } = viewer
  const base = {
    t,
    title: t(measure.title),
    unit: measure.unit && t(measure.unit),
    meaning: t(measure.meaning),
    asOf: freshness(viewer).asOf,
    csv: `${measurePath(measure.name)}/figures.csv?division=${figure.division}`,
    path: `${measurePath(measure.name)}?division=${figure.division}`,
    ...more,
  }
  const daily = measure.over !== undefined || (rows.length > 0 && rows.every((row) => isDay.test(row.key)))
  if (!daily) {
    const sorted = [...rows].sort((a, b) => b.value - a.value).slice(0, mostBars)
    const x = sorted.map((row) => keyText(viewer, figure, row.key))
    return { ...base, x, look: 'bar', series: [{ name: base.title, values: sorted.map((row) => row.value) }] }
  }
  const days = [...new Set(rows.map((row) => row.key.split('|')[0]!))].sort()
  return {
    ...base,
    ...daysAs(viewer, days),
    look: lookOf(measure),
    series: seriesOver(viewer, figure, days, base.title),
  }
}

/** Days lie on a time axis, so that a missing one is a gap, and read as days in the table. */
const daysAs = ({ lang, t }: Viewer, days: string[]) => ({
  time: true,
  x: days.map((day) => Date.parse(`${day}T00:00:00+08:00`)),
  xText: (x: string | number) =>
    dayText(lang, new Date(Number(x) + 8 * 3_600_000).toISOString().slice(0, 10)),
  xTitle: t({ zh: '日期', en: 'Day' }),
})

/** Several daily measures in one chart: reported and closed. */
export function chartTogether(
  viewer: Viewer,
  title: string,
  lines: { figure: Figure; name: string }[],
): ChartProps | undefined {
  const [first] = lines
  if (!first) return undefined
  const { unit } = first.figure.measure
  const days = [...new Set(lines.flatMap(({ figure }) => figure.rows.map((row) => row.key)))].sort()
  return {
    t: viewer.t,
    title,
    unit: unit && viewer.t(unit),
    asOf: freshness(viewer).asOf,
    ...daysAs(viewer, days),
    series: lines.flatMap(({ figure, name }) => seriesOver(viewer, figure, days, name)),
  }
}

/** When the numbers were last known to be true, and a sentence when that is too long ago. */
export function freshness(
  { box, t, lang }: Pick<Viewer, 'box' | 't' | 'lang'>,
  now = Date.now(),
): { asOf?: string; old?: string } {
  const told = box.numbers.asOf()
  if (!told)
    return {
      old: t({
        zh: '指标还没有算出,稍后自动显示',
        en: 'Numbers are being computed and will appear by themselves.',
      }),
    }
  const sameDay = countyDay(told.at) === countyDay(new Date(now))
  const asOf = sameDay
    ? timeText(told.at, lang, new Date(now)).split(' ').at(-1)!
    : timeText(told.at, lang, new Date(now))
  if (now - Date.parse(told.at) < oldAfter) return { asOf }
  return {
    asOf,
    old: t({
      zh: `数字停在 ${asOf},计算暂停;登记的内容不受影响,恢复后自动补上`,
      en: `Numbers stand at ${asOf}: computing has paused. Nothing entered is affected; they catch up by themselves.`,
    }),
  }
}

/** The child confirms its numbers every twenty seconds. */
const oldAfter = 90_000
const isDay = /^\d{4}-\d{2}-\d{2}$/

const lookOf = (measure: Measure): ChartProps['look'] =>
  measure.by ? 'stack' : measure.chart === 'bar' || measure.chart === 'stack' ? measure.chart : 'line'

function seriesOver(viewer: Viewer, figure: Figure, days: string[], title: string): ChartSeries[] {
  const { measure, rows } = figure
  const values = new Map(rows.map((row) => [row.key, row.value]))
  // A day without a count is 0; a day without an average was not measured.
  const none = measure.average || measure.query ? null : 0
  if (!measure.by) return [{ name: title, values: days.map((day) => values.get(day) ?? none) }]
  const kinds = [...new Set(rows.map((row) => partsOf(measure, row.key).by ?? ''))].sort()
  return kinds.map((by) => ({
    name: byText(viewer, figure, by),
    values: days.map((day) => values.get(`${day}|${by}`) ?? none),
  }))
}

function byText(viewer: Viewer, figure: Figure, by: string): string {
  const { desk, t, lang, labels } = viewer
  const { measure } = figure
  if (by === '') return t({ zh: '未填', en: 'Not given' })
  if (isDay.test(by)) return dayText(lang, by)
  const field = measure.by
    ? measure.of?.spec.fields[measure.by]
    : choiceWith(desk.registry, measure, figure.rows)
  if (!field || measure.by === 'township' || field.kind === 'division')
    return divisionText(desk.registry, t, by)
  const value = field.kind === 'choices' ? [by] : field.kind === 'flag' ? by === 'true' : by
  return valueText({ t, lang, registry: desk.registry, labels }, field, value)
}

/** The choice field a query's keys come from: the one that knows them all. */
function choiceWith(registry: Registry, measure: Measure, rows: NumberRow[]): FieldSpec | undefined {
  const keys = rows.map((row) => row.key).filter(Boolean)
  if (keys.length === 0) return undefined
  return datasetsIn(registry, measure.query ?? '')
    .flatMap((name) => Object.values(registry.dataset(name).spec.fields))
    .find((field) => field.options && keys.every((key) => Object.hasOwn(field.options!, key)))
}

const datasetsIn = (registry: Registry, query: string): string[] =>
  [...registry.datasets.keys()].filter((name) =>
    new RegExp(`\\b${name.replaceAll(/[^\p{L}\p{N}]+/gu, '_')}\\b`).test(query),
  )

/** 3月5日: the year stands elsewhere. */
function dayText(lang: Lang, day: string): string {
  const written = dateText(day, lang)
  return lang === 'en' ? written.replace(/ \d{4}$/, '') : written.replace(/^\d{4}年/, '')
}
