// The course of one metric as a figure: points in even steps with gaps as gaps, limits as lines across.

import { Chart, type ChartProps } from '../../../web/ui/chart.tsx'
import type { Readings, SeriesPoint } from '../../http/services.ts'
import { type Lang, type Say, timeText } from '../../kernel/words.ts'
import { levelNames, levels, metricOf, type Threshold } from './dataset.ts'

export const spans = {
  day: { zh: '24 小时', en: '24 hours', ms: 86_400_000 },
  week: { zh: '7 天', en: '7 days', ms: 7 * 86_400_000 },
  month: { zh: '30 天', en: '30 days', ms: 30 * 86_400_000 },
  quarter: { zh: '90 天', en: '90 days', ms: 90 * 86_400_000 },
} as const
export type Span = keyof typeof spans
export const isSpan = (text: string | undefined): text is Span =>
  text !== undefined && Object.hasOwn(spans, text)

/** Rain falls into the gauge between two reports: its course is sums, everything else is means. */
const summed = new Set(['rainfall'])

export interface Course {
  x: number[]
  values: (number | null)[]
  /** Time of the last reading drawn; of its step, when only that is known. */
  last?: number
}

/** Even steps from `from` to `to`; a step without a reading is null. */
export async function courseOf(
  readings: Readings,
  {
    sensor,
    metric,
    from,
    to,
    interval,
  }: { sensor: string; metric: string; from: number; to: number; interval: number },
): Promise<Course> {
  const steps = summed.has(metric) ? 48 : 288
  const bucket = roundStep(Math.max((to - from) / steps, interval * 60_000))
  const points = await readings.series({ sensor, metric, from, to, bucket })
  const newest = readings
    .latest([sensor])
    .find((each) => each.metric === metric && each.at >= from && each.at < to)
  const course = evenly(points, from, to, bucket, summed.has(metric))
  return { ...course, last: newest?.at ?? course.last }
}

export function evenly(
  points: SeriesPoint[],
  from: number,
  to: number,
  bucket: number,
  sum: boolean,
): Course {
  const stepOf = (at: number) => Math.floor((at + zone) / bucket) * bucket - zone
  const byStep = new Map(points.map((point) => [stepOf(point.at), point]))
  const first = stepOf(from)
  const x: number[] = []
  const values: (number | null)[] = []
  for (let at = first; at < to; at += bucket) {
    const point = byStep.get(at)
    x.push(at)
    const value = point && (point.avg ?? point.value)
    values.push(
      value === undefined ? null : Number((sum ? value * (point!.count ?? 1) : value).toPrecision(7)),
    )
  }
  return { x, values, last: points.at(-1)?.at }
}

export interface CourseChartProps {
  t: Say
  lang: Lang
  metric: string
  course: Course
  thresholds?: Threshold['fields'][]
  title?: string
  more?: Partial<ChartProps>
}

export function CourseChart({ t, lang, metric, course, thresholds = [], title, more }: CourseChartProps) {
  const known = metricOf(metric)
  const bars = summed.has(metric)
  return (
    <Chart
      t={t}
      title={title ?? t(known)}
      unit={t(known.unit) || undefined}
      asOf={course.last === undefined ? undefined : timeText(new Date(course.last).toISOString(), lang)}
      time
      x={course.x}
      series={[{ name: t(known), values: course.values, look: bars ? 'bar' : 'line' }]}
      look={bars ? 'bar' : 'line'}
      fromZero={bars}
      marks={thresholds
        .filter((each) => each.metric === metric && each.state !== 'off')
        .flatMap((each) =>
          levelNames.flatMap((level) => {
            const value = each[level]
            return value === undefined || value === null ? [] : [{ title: t(levels[level]), value, level }]
          }),
        )}
      xText={(at) => timeText(new Date(Number(at)).toISOString(), lang)}
      {...more}
    />
  )
}

// Buckets begin on the county's clock.
const zone = 8 * 3_600_000
const minute = 60_000
const nice = [1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440].map((each) => each * minute)
export const roundStep = (ms: number) =>
  nice.find((each) => each >= ms) ?? Math.ceil(ms / (1440 * minute)) * 1440 * minute
