// Figures: few colours, names at the lines instead of a legend, gaps as gaps, the zero line where it belongs.

import { BarChart, LineChart, ScatterChart } from 'echarts/charts'
import { GridComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import { type ECharts, init, use } from 'echarts/core'
import { LabelLayout } from 'echarts/features'
import { CanvasRenderer } from 'echarts/renderers'
import { carried, chinese, whenDrawn } from './drawn.ts'

use([
  LineChart,
  BarChart,
  ScatterChart,
  GridComponent,
  TooltipComponent,
  MarkLineComponent,
  LabelLayout,
  CanvasRenderer,
])

interface Series {
  name: string
  values: (number | null)[]
  look?: Look
}
type Look = 'line' | 'bar' | 'stack' | 'scatter'
interface Carried {
  x: (string | number)[]
  time: boolean
  series: Series[]
  look: Look
  marks: { title: string; value: number; level?: 'blue' | 'yellow' | 'orange' | 'red' }[]
  fromZero?: boolean
  unit?: string
}

const paper = {
  levels: { blue: '#2f6fdd', yellow: '#8a6800', orange: '#b35200', red: '#c8252c' },

  ink: '#1f2933',
  soft: '#4b5865',
  line: '#dde3e9',
  ground: '#ffffff',
  series: ['#1a5fb4', '#2b8a6b', '#b5651d', '#7a5aa8', '#66727e'],
}
const wall = {
  levels: { blue: '#6ea8ff', yellow: '#ffd24a', orange: '#ff9d47', red: '#ff7b7b' },

  ink: '#f2f7fc',
  soft: '#b2c6da',
  line: '#234160',
  ground: '#11263c',
  series: ['#6ea8ff', '#6fe0a6', '#ffd24a', '#c7a6ff', '#b2c6da'],
}

function drawChart(figure: HTMLElement) {
  const canvas = figure.querySelector<HTMLElement>('[data-chart-canvas]')
  const data = carried<Carried>(figure, 'chart')
  if (!canvas || !data) return
  const chart = init(canvas, undefined, { renderer: 'canvas' })
  draw(chart, canvas, data)
  const sizes = new ResizeObserver(() => {
    if (!canvas.isConnected) {
      sizes.disconnect()
      chart.dispose()
      return
    }
    chart.resize()
    draw(chart, canvas, data)
  })
  sizes.observe(canvas)
  follow(figure, data, () => draw(chart, canvas, data))
}

function draw(chart: ECharts, canvas: HTMLElement, data: Carried) {
  const onWall = document.documentElement.classList.contains('wall')
  const colours = onWall ? wall : paper
  const size = onWall
    ? Math.max(14, Math.round(Math.min(window.innerWidth / 100, (window.innerHeight * 1.7778) / 100) * 0.92))
    : 12
  const text = { color: colours.soft, fontSize: size, fontFamily: getComputedStyle(document.body).fontFamily }
  const bars = data.look === 'bar' || data.look === 'stack'
  const several = data.series.length > 1
  // Long names on a bar chart lie down: read without turning the head.
  const lying = bars && !data.time && data.x.length > 6 && data.x.some((each) => String(each).length > 3)
  const category = {
    type: 'category' as const,
    data: data.x.map((each) => short(String(each))),
    inverse: lying,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: colours.line } },
    axisLabel: { ...text, margin: size * 0.7, hideOverlap: true, interval: lying ? 0 : undefined },
  }
  const value = {
    type: 'value' as const,
    scale: !bars && data.fromZero !== true,
    splitNumber: 4,
    axisLabel: { ...text, margin: size * 0.7, formatter: (each: number) => each.toLocaleString('en-US') },
    splitLine: { lineStyle: { color: colours.line } },
  }
  const time = {
    type: 'time' as const,
    // A day's name is wider than an hour's: closer ticks would lose exactly the days.
    splitNumber: Math.max(2, Math.floor(canvas.clientWidth / (size * 9))),
    axisLine: { lineStyle: { color: colours.line } },
    axisLabel: {
      ...text,
      margin: size * 0.9,
      hideOverlap: true,
      formatter: (each: number) => clock(each, spanOf(data)),
    },
    axisTick: { show: false },
  }
  const ends = several && !bars
  const narrow = canvas.clientWidth < 480
  chart.setOption(
    {
      animation: false,
      color: colours.series,
      textStyle: { fontFamily: text.fontFamily },
      grid: {
        left: 4,
        right: ends ? (narrow ? 72 : 96) : lying ? 56 : 20,
        top: several && bars ? 34 : 14,
        bottom: 4,
        containLabel: true,
      },
      tooltip: {
        trigger: data.look === 'scatter' ? 'item' : 'axis',
        // Drawn on the canvas: a strict CSP forbids the inline styles of the HTML kind.
        renderMode: 'richText',
        confine: true,
        backgroundColor: colours.ground,
        borderColor: colours.line,
        textStyle: { color: colours.ink, fontSize: size },
        axisPointer: { lineStyle: { color: colours.soft, type: 'solid' } },
        formatter: (points: Point | Point[]) => tip(data, Array.isArray(points) ? points : [points]),
      },
      xAxis: lying ? value : data.time ? time : category,
      yAxis: lying ? category : value,
      series: data.series.map((each, i) => {
        const look = each.look ?? data.look
        const shared = {
          name: each.name,
          data: each.values.map((one, n) => (data.time ? [wallTime(data.x[n] as number), one] : one)),
          ...(i === 0 && data.marks.length > 0 && { markLine: marks(data, text, size, colours.levels) }),
        }
        if (look === 'bar' || look === 'stack')
          return {
            ...shared,
            type: 'bar' as const,
            stack: look === 'stack' ? 'all' : undefined,
            barMaxWidth: size * 2.4,
            label: {
              show: !several && data.x.length <= 16,
              position: lying ? ('right' as const) : ('top' as const),
              ...text,
              color: colours.ink,
              formatter: (p: { value: unknown }) => figure(Array.isArray(p.value) ? p.value[1] : p.value),
            },
          }
        if (look === 'scatter') return { ...shared, type: 'scatter' as const, symbolSize: size * 0.6 }
        return {
          ...shared,
          type: 'line' as const,
          showSymbol: each.values.filter((one) => one !== null).length <= 2,
          connectNulls: false,
          lineStyle: { width: onWall ? Math.max(3, size / 6) : 2 },
          emphasis: { disabled: true },
          endLabel: {
            show: ends,
            ...text,
            color: colours.series[i % colours.series.length],
            formatter: each.name,
            width: narrow ? 68 : 92,
            overflow: 'truncate' as const,
          },
          labelLayout: { moveOverlap: 'shiftY' as const },
        }
      }),
    },
    true,
  )
  if (several && bars) key(canvas, data, colours.series)
}

/** Bars side by side cannot carry their names at the end: one line of names above, drawn once. */
function key(canvas: HTMLElement, data: Carried, colours: string[]) {
  const figure = canvas.parentElement!
  if (figure.querySelector('.chart-key')) return
  const list = document.createElement('ul')
  list.className = 'chart-key'
  data.series.forEach((each, i) => {
    const item = document.createElement('li')
    const mark = document.createElement('span')
    // Through the CSSOM, which the CSP allows; the colour belongs to the data.
    mark.style.backgroundColor = colours[i % colours.length]!
    item.append(mark, each.name)
    list.append(item)
  })
  canvas.before(list)
}

function marks(
  data: Carried,
  text: { color: string; fontSize: number; fontFamily: string },
  size: number,
  levels: typeof paper.levels,
) {
  return {
    silent: true,
    symbol: 'none',
    data: data.marks.map((mark) => ({
      yAxis: mark.value,
      lineStyle: { color: mark.level ? levels[mark.level] : text.color, type: 'dashed' as const, width: 1.5 },
      label: {
        formatter: `${mark.title} ${mark.value}`,
        position: 'insideStartTop' as const,
        color: mark.level ? levels[mark.level] : text.color,
        fontSize: size,
        fontFamily: text.fontFamily,
      },
    })),
  }
}

interface Point {
  seriesName: string
  seriesIndex: number
  dataIndex: number
  value: unknown
  name: string
}

function tip(data: Carried, points: Point[]): string {
  const first = points[0]
  if (!first) return ''
  const head = data.time ? clock((first.value as number[])[0]!, 0) : String(data.x[first.dataIndex])
  return [
    head,
    ...points.map(
      (point) =>
        `${data.series.length > 1 ? `${point.seriesName}  ` : ''}${figure(Array.isArray(point.value) ? point.value[1] : point.value)}${data.unit ? ` ${data.unit}` : ''}`,
    ),
  ].join('\n')
}

const figure = (value: unknown): string =>
  typeof value === 'number' ? value.toLocaleString('en-US', { maximumFractionDigits: 3 }) : '—'

/** The two wetland centres have names of thirteen characters. */
const short = (name: string) => (name.length > 9 ? `${name.slice(0, 8)}…` : name)

const spanOf = (data: Carried) => Number(data.x.at(-1) ?? 0) - Number(data.x[0] ?? 0)

/**
 * The axis chooses its ticks by the browser's own clock zone. Moments are moved so that this zone shows the county's
 * wall clock (UTC+8 all year): midnight is then a tick, whatever the PC thinks.
 */
const wallTime = (ms: number) => ms + 8 * 3_600_000 + new Date(ms).getTimezoneOffset() * 60_000

/** A moved moment in words. Days once the axis covers several; both when `span` is 0. */
function clock(moved: number, span: number): string {
  const at = new Date(moved)
  const two = (n: number) => String(n).padStart(2, '0')
  const day = chinese() ? `${at.getMonth() + 1}月${at.getDate()}日` : `${at.getDate()}/${at.getMonth() + 1}`
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`
  if (span > 6 * 86_400_000) return day
  if (span > 0) return time === '00:00' ? day : time
  return `${day} ${time}`
}

/** A hint says that there is something new; the figure's own address answers with all of it, and only the data change. */
function follow(figure: HTMLElement, data: Carried, redraw: () => void) {
  const { liveChart: topic, again } = figure.dataset
  if (!topic || !again) return
  let waiting = 0
  const look = async () => {
    waiting = 0
    const answer = await fetch(again, { headers: { accept: 'text/html' } }).catch(() => undefined)
    if (!answer?.ok) return
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const fresh = figure.id ? page.getElementById(figure.id) : page.querySelector<HTMLElement>('[data-chart]')
    const now = fresh && carried<Carried>(fresh, 'chart')
    if (!now) return
    Object.assign(data, now)
    figure.querySelector('tbody')?.replaceWith(fresh.querySelector('tbody') ?? '')
    figure.querySelector('.chart-asof')?.replaceWith(fresh.querySelector('.chart-asof') ?? '')
    redraw()
  }
  const hint = () => {
    if (!figure.isConnected) document.body.removeEventListener(`live:${topic}`, hint)
    // Readings come in bursts; a figure that moves every few seconds is live enough.
    else if (!waiting) waiting = window.setTimeout(look, 3000)
  }
  document.body.addEventListener(`live:${topic}`, hint)
}

// Last, so that every constant above is there when the first figure is drawn.
whenDrawn('[data-chart]', drawChart)
