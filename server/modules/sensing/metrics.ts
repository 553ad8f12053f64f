import type { CodeList } from '../../kernel/fields.ts'
import type { Words } from '../../kernel/words.ts'

/** What a sensor can measure: the name on the wire, how people call it, its unit and how many decimals they read. */
export interface Metric extends Words {
  unit: Words
  digits: number
  /** What a working sensor can possibly say. A value beyond it is kept, but in quarantine. */
  possible: [number, number]
}

const metric = (
  zh: string,
  en: string,
  unit: string | Words,
  digits: number,
  possible: [number, number],
): Metric => ({
  zh,
  en,
  unit: typeof unit === 'string' ? { zh: unit, en: unit } : unit,
  digits,
  possible,
})

export const metrics = {
  'water-level': metric('水位', 'Water level', { zh: '米', en: 'm' }, 2, [-50, 9000]),
  flow: metric('流量', 'Flow', 'm³/s', 1, [-50_000, 200_000]),
  rainfall: metric('雨量', 'Rainfall', { zh: '毫米', en: 'mm' }, 1, [0, 2000]),
  'water-temperature': metric('水温', 'Water temperature', '℃', 1, [-10, 60]),
  'dissolved-oxygen': metric('溶解氧', 'Dissolved oxygen', 'mg/L', 2, [0, 50]),
  ph: metric('pH 值', 'pH', { zh: '', en: '' }, 2, [0, 14]),
  turbidity: metric('浊度', 'Turbidity', 'NTU', 1, [0, 10_000]),
  'ammonia-nitrogen': metric('氨氮', 'Ammonia nitrogen', 'mg/L', 2, [0, 1000]),
  'soil-moisture': metric('土壤含水率', 'Soil moisture', '%', 1, [0, 100]),
  'soil-temperature': metric('土壤温度', 'Soil temperature', '℃', 1, [-50, 80]),
  'air-temperature': metric('气温', 'Air temperature', '℃', 1, [-60, 70]),
  humidity: metric('空气湿度', 'Humidity', '%', 1, [0, 100]),
  'wind-speed': metric('风速', 'Wind speed', 'm/s', 1, [0, 120]),
  pm25: metric('PM2.5', 'PM2.5', 'μg/m³', 0, [0, 5000]),
  battery: metric('电池电压', 'Battery', 'V', 2, [0, 60]),
} as const satisfies Record<string, Metric>

export type MetricName = keyof typeof metrics

/** The metric as people know it; a county's own metric goes by its name. */
export const metricOf = (name: string): Metric =>
  (metrics as Record<string, Metric>)[name] ?? metric(name, name, '', 2, [-Infinity, Infinity])

export const metricList: CodeList = {
  name: 'metric',
  title: { zh: '监测指标', en: 'Metrics' },
  codes: Object.fromEntries(
    Object.entries(metrics).map(([name, each]) => [name, { zh: each.zh, en: each.en }]),
  ),
}
