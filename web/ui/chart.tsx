import { Icon } from './icon.tsx'
import { Json } from './json.tsx'
import type { Child, Say } from './props.ts'

export interface ChartSeries {
  name: string
  /** One value per x, null where nothing was measured: a gap stays a gap. */
  values: (number | null)[]
  look?: 'line' | 'bar' | 'stack' | 'scatter'
}

export interface ChartProps {
  t: Say
  /** Empty when the block around it already says it. */
  title: string
  unit?: string
  /** 09:40 */
  asOf?: string
  /** What exactly is shown, in one sentence. */
  meaning?: string
  /** Categories (township names, days), or epoch milliseconds when `time`. */
  x: (string | number)[]
  time?: boolean
  series: ChartSeries[]
  look?: 'line' | 'bar' | 'stack' | 'scatter'
  /** Lines across: warning level, guarantee level. */
  marks?: { title: string; value: number; level?: 'blue' | 'yellow' | 'orange' | 'red' }[]
  /** The zero line is kept for bars; a water level may start elsewhere. */
  fromZero?: boolean
  csv?: string
  /** Where each value opens to its records. */
  path?: string
  /** When this topic comes over /events, the numbers are fetched from `again`: an address that draws this figure. */
  live?: string
  again?: string
  id?: string
  tall?: boolean
  /** How x reads in the table; times as 3月5日 09:12. */
  xText?: (x: string | number) => string
  xTitle?: string
}

/** A figure, the numbers behind it as a table, and the same as CSV. Needs the `chart` bundle; without scripts the table opens. */
export function Chart(props: ChartProps) {
  const {
    t,
    title,
    unit,
    asOf,
    meaning,
    x,
    time,
    series,
    look = 'line',
    marks = [],
    fromZero,
    csv,
    live,
    tall,
  } = props
  const xText = props.xText ?? ((each: string | number) => (time ? clockText(Number(each)) : String(each)))
  const spoken = `${title || series.map((each) => each.name).join('、')}${unit ? `(${unit})` : ''}`
  return (
    <figure
      class={tall ? 'chart chart-tall' : 'chart'}
      id={props.id}
      data-chart
      data-live-chart={live}
      data-again={props.again}
    >
      {(title || asOf) && (
        <figcaption class="chart-head">
          <span class="chart-title">
            {title}
            {unit && <span class="chart-unit">{unit}</span>}
          </span>
          {asOf && <span class="chart-asof">{t({ zh: `截至 ${asOf}`, en: `as of ${asOf}` })}</span>}
        </figcaption>
      )}
      {meaning && <p class="hint">{meaning}</p>}
      {series.some((each) => each.values.some((value) => value !== null)) ? (
        <>
          <Json name="chart" data={{ x, time: Boolean(time), series, look, marks, fromZero, unit }} />
          <div class="chart-canvas" data-chart-canvas role="img" aria-label={spoken} />
          <details class="chart-table">
            <summary>
              <Icon name="list" size="small" /> {t({ zh: '看数字', en: 'See the figures' })}
            </summary>
            <section class="table-scroll" tabindex={0} aria-label={spoken}>
              <table class="table">
                <thead>
                  <tr>
                    <th scope="col">{props.xTitle ?? (time ? t({ zh: '时间', en: 'Time' }) : '')}</th>
                    {series.map((each) => (
                      <th scope="col" class="col-number">
                        {each.name}
                        {unit && <span class="th-unit">{unit}</span>}
                      </th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {x.map((each, i) => (
                    <tr>
                      <th scope="row">{xText(each)}</th>
                      {series.map((one) => (
                        <td class="col-number">{figure(one.values[i])}</td>
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </section>
          </details>
        </>
      ) : (
        <p class="chart-none">{t({ zh: '这段时间没有数据', en: 'No data for this time' })}</p>
      )}
      {csv && (
        <a class="chart-csv" href={csv} download>
          <Icon name="download" size="small" /> CSV
        </a>
      )}
      {props.path && (
        <a class="chart-csv" href={props.path}>
          <Icon name="list" size="small" /> {t({ zh: '逐项明细', en: 'The records' })}
        </a>
      )}
    </figure>
  )
}

/** The course of a number as a thin line: no axes, the end marked. Gaps are gaps. */
export function Sparkline({
  values,
  label,
  width = 120,
  height = 28,
}: {
  values: (number | null)[]
  label: string
  width?: number
  height?: number
}) {
  const known = values.filter((each): each is number => each !== null)
  if (known.length < 2) return null
  const [low, high] = [Math.min(...known), Math.max(...known)]
  const step = (width - 6) / (values.length - 1)
  const y = (value: number) =>
    high === low ? height / 2 : height - 3 - ((value - low) / (high - low)) * (height - 6)
  let pen = 'M'
  const path = values
    .map((value, i) => {
      if (value === null) {
        pen = 'M'
        return ''
      }
      const point = `${pen}${(3 + i * step).toFixed(1)} ${y(value).toFixed(1)}`
      pen = 'L'
      return point
    })
    .join('')
  const last = values.findLastIndex((each) => each !== null)
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={`${label}: ${figure(low)} – ${figure(high)}`}
    >
      <path d={path} />
      <path class="spark-end" d={`M${(3 + last * step).toFixed(1)} ${y(values[last]!).toFixed(1)}h.01`} />
    </svg>
  )
}

/** Several figures side by side, one under another on phones. */
export function Charts({ children }: { children?: Child }) {
  return <div class="charts">{children}</div>
}

const figure = (value: number | null | undefined): string =>
  value === null || value === undefined
    ? '—'
    : new Intl.NumberFormat('en-US', { maximumFractionDigits: 3 }).format(value)

/** 3月5日 09:12 on the county's clock (UTC+8 all year). */
function clockText(ms: number): string {
  const at = new Date(ms + 8 * 3_600_000)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${at.getUTCMonth() + 1}月${at.getUTCDate()}日 ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`
}
