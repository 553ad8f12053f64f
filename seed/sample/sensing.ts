import type { Actor } from '../../server/kernel/access.ts'
import { metrics } from '../../server/modules/sensing/dataset.ts'
import { Dice } from './dice.ts'
import { towns } from './places.ts'
import type { Calendar, Plan } from './plan.ts'
import { firstDay, near } from './registers.ts'

/** How one metric of one sensor moves: a daily curve, a slow one, and a little unrest. */
export interface Curve {
  sensor: string
  metric: string
  /** Minutes between readings. */
  every: number
  base: number
  daily: number
  /** Share of the day at which it is highest. */
  peak: number
  slow: number
  /** Days of the slow wave, and where it begins. */
  period: number
  phase: number
  noise: number
  digits: number
  least: number
  shape: 'wave' | 'rain'
  /** When this sensor last spoke; undefined while it still does. */
  silentSince?: number
}

interface Kind {
  kind: string
  prefix: string
  count: number
  every: number
  title: string
  metrics: {
    metric: string
    base: [number, number]
    daily: number
    peak: number
    slow: number
    noise: number
    shape?: 'rain'
  }[]
  threshold?: {
    metric: string
    direction: 'above' | 'below'
    from: (base: number) => number
    step: number
    margin: number
    part: number
  }
}

const kinds: Kind[] = [
  {
    kind: 'water',
    prefix: 'WL',
    count: 60,
    every: 10,
    title: '水位站',
    metrics: [
      { metric: 'water-level', base: [28.5, 31.5], daily: 0.05, peak: 0.6, slow: 0.9, noise: 0.02 },
      { metric: 'rainfall', base: [0, 0], daily: 0, peak: 0, slow: 9, noise: 1, shape: 'rain' },
    ],
    threshold: {
      metric: 'water-level',
      direction: 'above',
      from: (base) => Math.round((base + 1.1) * 100) / 100,
      step: 0.5,
      margin: 0.1,
      part: 1,
    },
  },
  {
    kind: 'quality',
    prefix: 'WQ',
    count: 30,
    every: 30,
    title: '水质站',
    metrics: [
      { metric: 'water-temperature', base: [15, 18], daily: 1.2, peak: 0.65, slow: 4, noise: 0.2 },
      { metric: 'dissolved-oxygen', base: [7, 8.5], daily: 0.8, peak: 0.62, slow: 0.7, noise: 0.15 },
      { metric: 'ph', base: [7.2, 7.9], daily: 0.12, peak: 0.6, slow: 0.15, noise: 0.03 },
      { metric: 'turbidity', base: [18, 40], daily: 3, peak: 0.4, slow: 9, noise: 3 },
      { metric: 'ammonia-nitrogen', base: [0.2, 0.6], daily: 0.03, peak: 0.2, slow: 0.12, noise: 0.03 },
    ],
    threshold: {
      metric: 'ammonia-nitrogen',
      direction: 'above',
      from: () => 1,
      step: 0.5,
      margin: 0.1,
      part: 1,
    },
  },
  {
    kind: 'weather',
    prefix: 'MT',
    count: 24,
    every: 30,
    title: '气象站',
    metrics: [
      { metric: 'air-temperature', base: [14, 17], daily: 4.5, peak: 0.6, slow: 6, noise: 0.4 },
      { metric: 'humidity', base: [74, 82], daily: -9, peak: 0.6, slow: 7, noise: 2 },
      { metric: 'wind-speed', base: [1.8, 3.5], daily: 1, peak: 0.58, slow: 1.2, noise: 0.8 },
      { metric: 'rainfall', base: [0, 0], daily: 0, peak: 0, slow: 9, noise: 1, shape: 'rain' },
    ],
    threshold: { metric: 'wind-speed', direction: 'above', from: () => 10.8, step: 3, margin: 1, part: 0.5 },
  },
  {
    kind: 'soil',
    prefix: 'SM',
    count: 36,
    every: 30,
    title: '墒情点',
    metrics: [
      { metric: 'soil-moisture', base: [24, 32], daily: 0.6, peak: 0.2, slow: 5, noise: 0.4 },
      { metric: 'soil-temperature', base: [14, 17], daily: 1.5, peak: 0.68, slow: 4, noise: 0.2 },
    ],
    threshold: {
      metric: 'soil-moisture',
      direction: 'below',
      from: () => 15,
      step: -3,
      margin: 1,
      part: 0.4,
    },
  },
  {
    kind: 'pond',
    prefix: 'FP',
    count: 50,
    every: 15,
    title: '鱼塘监测',
    metrics: [
      { metric: 'dissolved-oxygen', base: [6, 7.5], daily: 1.9, peak: 0.64, slow: 0.6, noise: 0.2 },
      { metric: 'water-temperature', base: [16, 19], daily: 1.6, peak: 0.66, slow: 4, noise: 0.2 },
      { metric: 'ph', base: [7.4, 8.2], daily: 0.25, peak: 0.62, slow: 0.1, noise: 0.04 },
    ],
    threshold: {
      metric: 'dissolved-oxygen',
      direction: 'below',
      from: () => 3.5,
      step: -0.5,
      margin: 0.3,
      part: 1,
    },
  },
]

const levels = ['blue', 'yellow', 'orange', 'red'] as const

/** 200 sensors at scale 1, their thresholds and a year of alerts. Answers how their readings move. */
export function planSensing(plan: Plan, system: Actor, calendar: Calendar, scale: number): Curve[] {
  const at = firstDay(calendar)
  const curves: Curve[] = []
  for (const kind of kinds) {
    for (let i = 0; i < kind.count * scale; i++) {
      const code = `${kind.prefix}-${String(i + 1).padStart(3, '0')}`
      const dice = new Dice(`sensor/${code}`)
      const town = dice.weighted(towns.map((each) => [each, each.weight + 3] as const))
      const place = { type: 'Point', coordinates: near(dice, town, 0.045) }
      const name = `${town.short}${kind.title} ${i + 1} 号`
      const broken = dice.chance(0.02)
      const id = plan.record(system, 'sensing.sensor', code, at, {
        code,
        name,
        kind: kind.kind,
        division: town.code,
        place,
        owner: `${town.name}水利农技站`,
        model: '样例设备',
        metrics: kind.metrics.map((each) => each.metric),
        interval: kind.every,
        installed: '2025-03-01',
        state: broken ? 'repair' : 'working',
      })
      const silentSince = broken ? calendar.moment(dice.whole(2, 20)) : undefined
      const bases = new Map<string, number>()
      for (const each of kind.metrics) {
        const base = dice.between(...each.base, 3)
        bases.set(each.metric, base)
        curves.push({
          sensor: code,
          metric: each.metric,
          every: kind.every,
          base,
          daily: each.daily,
          peak: each.peak,
          slow: each.slow,
          // Neighbouring stations see the same weather: one wave for the county, a little shifted.
          period: each.shape === 'rain' ? 6.3 : 43,
          phase: dice.between(0, each.shape === 'rain' ? 0.03 : 0.12, 4),
          noise: each.noise,
          digits: metrics[each.metric as keyof typeof metrics].digits,
          least: each.metric === 'air-temperature' || each.metric === 'soil-temperature' ? -20 : 0,
          shape: each.shape ?? 'wave',
          silentSince,
        })
      }
      const rule = kind.threshold
      if (!rule || !dice.chance(rule.part)) continue
      const first = rule.from(bases.get(rule.metric)!)
      const limits = levels.map((_, step) => Math.round((first + rule.step * step) * 100) / 100)
      const threshold = plan.record(system, 'sensing.threshold', code, at, {
        name: `${name}${metrics[rule.metric as keyof typeof metrics].zh}`,
        sensor: id,
        division: town.code,
        direction: rule.direction,
        metric: rule.metric,
        blue: limits[0],
        yellow: limits[1],
        orange: limits[2],
        red: limits[3],
        margin: rule.margin,
        hold: 10,
        state: 'on',
      })
      planAlerts(plan, system, calendar, dice, {
        code,
        name,
        id,
        threshold,
        limits,
        direction: rule.direction,
        metric: rule.metric,
        place,
        division: town.code,
      })
    }
  }
  return curves
}

function planAlerts(
  plan: Plan,
  system: Actor,
  calendar: Calendar,
  dice: Dice,
  of: {
    code: string
    name: string
    id: string
    threshold: string
    limits: number[]
    direction: 'above' | 'below'
    metric: string
    place: object
    division: string
  },
) {
  const metric = metrics[of.metric as keyof typeof metrics]
  const times = dice.weighted([
    [0, 6],
    [1, 3],
    [2, 1],
  ] as const)
  for (let n = 0; n < times; n++) {
    const ago = n === 0 && dice.chance(0.06) ? 0 : dice.whole(2, 300)
    const step = dice.weighted([
      [0, 6],
      [1, 4],
      [2, 2],
      [3, 0.6],
    ] as const)
    const at = calendar.moment(ago, dice.next())
    const limit = of.limits[step]!
    const value =
      Math.round((limit + (of.direction === 'above' ? 1 : -1) * dice.between(0.01, 0.2)) * 100) / 100
    const open = ago === 0
    const done = at + dice.whole(1, 9) * 3_600_000
    plan.record(system, 'sensing.alert', `${of.code}/${n}`, at, {
      title: `${of.name}${metric.zh} ${value} ${metric.unit.zh},${of.direction === 'above' ? '高于' : '低于'} ${limit}`,
      level: levels[step],
      state: open ? 'open' : 'cleared',
      sensor: of.id,
      threshold: of.threshold,
      kind: of.direction,
      metric: of.metric,
      value,
      limit,
      raised: new Date(at).toISOString(),
      ...(!open && { cleared: new Date(done).toISOString() }),
      place: of.place,
      division: of.division,
    })
  }
}
