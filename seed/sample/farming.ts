// A year of batches, from sowing to certificate, decided by the verbs a clerk uses: what the rules refuse cannot be in
// the sample either.

import type { Actor } from '../../server/kernel/access.ts'
import crops from '../codes/crops.json' with { type: 'json' }
import { Dice } from './dice.ts'
import { type Calendar, madeBy, type Plan } from './plan.ts'
import type { Entity, Plot, Registers } from './registers.ts'

/** How a product grows: months it is harvested in, days from sowing to harvest, kilograms per mu. */
interface Growth {
  product: string
  months: number[]
  days: [number, number]
  yield: [number, number]
  feed?: true
}

/** The tour's co-operative has this many plots: see planPlots. */
export const ownPlots = 10

const year = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
const growths: Growth[] = [
  { product: 'CP001', months: [3, 4, 5], days: [35, 60], yield: [80, 220] },
  { product: 'CP002', months: [3, 4, 5, 6], days: [40, 70], yield: [80, 200] },
  { product: 'CP003', months: year, days: [45, 75], yield: [300, 900] },
  { product: 'CP004', months: [7, 8, 9, 10], days: [95, 130], yield: [380, 560] },
  { product: 'CP005', months: [9, 10, 11], days: [110, 140], yield: [350, 480] },
  { product: 'CP006', months: year, days: [120, 240], yield: [60, 300], feed: true },
  { product: 'CP007', months: [1, 2, 3, 9, 10, 11, 12], days: [120, 260], yield: [40, 200], feed: true },
  { product: 'CP008', months: [5, 6, 7, 8, 9, 10, 11], days: [110, 200], yield: [40, 160], feed: true },
  { product: 'CP009', months: [4, 5, 6, 7, 8], days: [60, 100], yield: [60, 150], feed: true },
  { product: 'CP010', months: [9, 10, 11, 12], days: [150, 230], yield: [30, 90], feed: true },
  { product: 'CP011', months: [1, 2, 3, 4, 5, 10, 11, 12], days: [60, 95], yield: [1200, 2600] },
  { product: 'CP012', months: [5, 6, 7, 8, 9, 10, 11], days: [70, 110], yield: [700, 1800] },
  { product: 'CP013', months: [4, 5, 6, 7, 8, 9, 10, 11], days: [28, 45], yield: [500, 1200] },
  { product: 'CP014', months: [1, 2, 3, 8, 9, 10, 11, 12], days: [110, 170], yield: [900, 1900] },
  { product: 'CP015', months: [10, 11, 12, 1], days: [150, 220], yield: [800, 2000] },
]

/** Batches end up to this many days in the future: what is growing now. */
const ahead = 75

export function planFarming(
  plan: Plan,
  registers: Registers,
  calendar: Calendar,
  scale: number,
  bureau: Actor,
) {
  const busyUntil = new Map<string, number>()
  const byCrop = new Map<string, Plot[]>()
  for (const plot of registers.plots) byCrop.set(plot.crop, [...(byCrop.get(plot.crop) ?? []), plot])
  const batches = Math.round(2400 * scale)
  for (let i = 0; i < batches; i++) {
    const dice = new Dice(`batch/${i}`)
    // Spread evenly from a year ago to what is still growing; the tour's co-operative has a few in every state.
    const mine = i % 60 === 0
    const harvestAgo = mine
      ? Math.round(((i / 60) * 17) % 150) - 30
      : Math.round(-ahead + (365 + ahead) * ((i + dice.next()) / batches))
    const month = Number(calendar.day(harvestAgo).slice(5, 7))
    const growth = mine
      ? mineGrowth(dice)
      : dice.weighted(inSeason(month).map((each) => [each, each.feed ? 1 : 1.3] as const))
    const product = registers.products.get(growth.product)!
    const startAgo = harvestAgo + dice.whole(...growth.days)
    const plot = freePlot(
      dice,
      mine ? registers.plots.slice(0, ownPlots) : (byCrop.get(product.crop) ?? []),
      startAgo,
      harvestAgo,
      busyUntil,
      calendar,
    )
    if (!plot || startAgo < 0) continue
    growOne(plan, `${i}`, dice, calendar, registers, plot, growth, product, startAgo, harvestAgo, bureau)
  }
}

// Reed shoots are a spring crop; the tour's co-operative also forces them under cover, so that its home page has work
// on it in any month somebody tries the box.
const mineGrowth = (dice: Dice): Growth =>
  dice.chance(0.75) ? { ...growths[0]!, days: [30, 45] } : growths[1]!

const inSeason = (month: number) => growths.filter((each) => each.months.includes(month))

function freePlot(
  dice: Dice,
  from: Plot[],
  startAgo: number,
  harvestAgo: number,
  busyUntil: Map<string, number>,
  calendar: Calendar,
): Plot | undefined {
  const start = calendar.moment(startAgo)
  for (let tries = 0; tries < 40 && from.length > 0; tries++) {
    const plot = dice.pick(from)
    if ((busyUntil.get(plot.id) ?? 0) >= start) continue
    busyUntil.set(plot.id, calendar.moment(harvestAgo - 6))
    return plot
  }
  return undefined
}

function growOne(
  plan: Plan,
  name: string,
  dice: Dice,
  calendar: Calendar,
  registers: Registers,
  plot: Plot,
  growth: Growth,
  product: { id: string; name: string; crop: string },
  startAgo: number,
  harvestAgo: number,
  bureau: Actor,
) {
  const { entity } = plot
  const clerk = entity.clerk
  const aquatic = plot.use === 'aquatic'
  const opened = plan.act(clerk, 'agri.batch.opened', name, calendar.moment(startAgo, dice.next() * 0.3), {
    product: product.id,
    plot: plot.id,
    started: calendar.day(startAgo),
    expected: Math.round((plot.area * (growth.yield[0] + growth.yield[1])) / 20) * 10,
  })
  const batch = madeBy(opened)
  const work = (step: string, ago: number, fields: Record<string, unknown>) => {
    if (ago < 0) return
    plan.act(
      clerk,
      'agri.batch.farm-work-recorded',
      `${name}/${step}`,
      calendar.moment(ago, 0.35 + dice.next() * 0.5),
      { on: calendar.day(ago), operator: clerk.name, ...fields },
      batch,
    )
  }
  work(
    'start',
    startAgo,
    aquatic
      ? { kind: 'stocking', input: '苗种', note: '检疫合格' }
      : { kind: 'sowing', input: product.crop === 'reed-shoot' ? '割苇清园' : '种苗' },
  )
  const length = startAgo - harvestAgo
  const middle = (share: number) => startAgo - Math.round(length * share)
  const meals = dice.whole(1, 2)
  for (let m = 0; m < meals; m++)
    work(
      `feed${m}`,
      middle(0.25 + 0.35 * m),
      aquatic
        ? {
            kind: 'feeding',
            input: dice.pick(['配合饲料', '膨化饲料', '青饲料']),
            dose: dice.between(2, 12, 1),
            'dose-unit': 'kg-mu',
          }
        : {
            kind: 'fertiliser',
            input: dice.pick(['有机肥', '复合肥 15-15-15', '尿素']),
            dose: dice.between(8, 40, 0),
            'dose-unit': 'kg-mu',
          },
    )
  if (dice.chance(0.45))
    work(
      'water',
      middle(0.5),
      aquatic
        ? { kind: 'watering', note: '加注新水' }
        : dice.chance(0.5)
          ? { kind: 'watering' }
          : { kind: 'weeding' },
    )
  spray(dice, registers, product.crop, startAgo, harvestAgo, work)
  if (harvestAgo >= 0) harvestOne(plan, name, dice, calendar, plot, growth, batch, harvestAgo, bureau, entity)
}

/** Nought to two uses, each far enough before the harvest; allowed on the crop, as the label says. */
function spray(
  dice: Dice,
  registers: Registers,
  crop: string,
  startAgo: number,
  harvestAgo: number,
  work: (step: string, ago: number, fields: Record<string, unknown>) => void,
) {
  const fit = registers.pesticides.filter(
    (each) => each.days[crop] !== undefined && !notOn(crop).includes(each.substances),
  )
  const uses = dice.weighted([
    [0, 3],
    [1, 5],
    [2, 3],
  ] as const)
  for (let u = 0; u < uses && fit.length > 0; u++) {
    const drug = dice.pick(fit)
    const ago = harvestAgo + drug.days[crop]! + dice.whole(1, 18)
    if (ago > startAgo - 3) continue
    if ((drug.most ?? 9) < 2 && u > 0) continue
    work(`drug${u}`, ago, {
      kind: 'pesticide',
      pesticide: drug.id,
      dose: dice.between(5, 80, 0),
      'dose-unit': drug.kind === 'aquatic-drug' ? 'g-mu' : dice.pick(['g-mu', 'ml-mu']),
      target: targets[drug.kind] ? dice.pick(targets[drug.kind]!) : undefined,
    })
  }
}

const targets: Record<string, string[]> = {
  insecticide: ['蚜虫', '二化螟', '稻飞虱', '斜纹夜蛾', '红蜘蛛', '食心虫'],
  fungicide: ['纹枯病', '稻瘟病', '霜霉病', '炭疽病', '木霉'],
  herbicide: ['稗草'],
  'aquatic-drug': ['细菌性肠炎', '水体消毒', '烂鳃病'],
}

/** What the bans of the sample forbid: the verbs would refuse it, so nobody in the sample tries. */
const notOn = (crop: string): string[] =>
  (crops.codes as Record<string, { groups: string[] }>)[crop]?.groups.includes('vegetable')
    ? ['毒死蜱', '灭多威']
    : ['灭多威']

function harvestOne(
  plan: Plan,
  name: string,
  dice: Dice,
  calendar: Calendar,
  plot: Plot,
  growth: Growth,
  batch: string,
  harvestAgo: number,
  bureau: Actor,
  entity: Entity,
) {
  const clerk = entity.clerk
  const total = Math.max(Math.round((plot.area * dice.between(...growth.yield)) / 10), 20)
  const rounds = dice.chance(0.3) ? 2 : 1
  let taken = 0
  for (let r = 0; r < rounds; r++) {
    const ago = harvestAgo - r * 2
    if (ago < 0) break
    const quantity = rounds === 1 ? total : Math.round(total * (r === 0 ? 0.6 : 0.4))
    plan.act(
      clerk,
      'agri.batch.harvested',
      `${name}/${r}`,
      calendar.moment(ago, 0.15 + dice.next() * 0.2),
      { on: calendar.day(ago), quantity, operator: clerk.name },
      batch,
    )
    taken += quantity
  }
  const testAgo = harvestAgo - (rounds - 1) * 2 - (dice.chance(0.4) ? 1 : 0)
  const tested = dice.chance(0.68) && testAgo >= 0
  const failed = tested && dice.chance(0.018)
  const commissioned = tested && !failed && dice.chance(0.12)
  if (tested)
    plan.act(
      failed ? bureau : clerk,
      'agri.batch.inspected',
      name,
      calendar.moment(testAgo, 0.4 + dice.next() * 0.15),
      inspection(dice, calendar, testAgo, plot, failed, commissioned, name),
      batch,
    )
  const close = (ago: number, outcome?: string, who = clerk) =>
    plan.act(who, 'agri.batch.closed', name, calendar.moment(ago, 0.7), outcome ? { outcome } : {}, batch)
  if (failed) {
    if (testAgo > 20) close(testAgo - 12, '监督下无害化处理', bureau)
    return
  }
  const issueAgo = testAgo - (dice.chance(0.3) ? 1 : 0)
  if (issueAgo < 0) return
  if (!dice.chance(0.86) || (clerk.entity === undefined && entity.kind === 'individual')) {
    if (issueAgo > 30 && dice.chance(0.95))
      close(issueAgo - 25, dice.pick(['自食和就近零售,未开证', '留种自用', '加工自用']))
    return
  }
  const parts = taken > 600 && dice.chance(0.25) ? 2 : 1
  const share = dice.chance(0.8) ? 1 : 0.8
  for (let p = 0; p < parts; p++) {
    const quantity = Math.floor((taken * share) / parts)
    const issued = plan.act(
      clerk,
      'agri.batch.certified',
      `${name}/${p}`,
      calendar.moment(issueAgo, 0.6 + p * 0.05 + dice.next() * 0.04),
      { quantity, basis: [tested ? (commissioned ? 'commissioned-test' : 'own-test') : 'control'] },
      batch,
    )
    if (p === 0 && dice.chance(0.02) && issueAgo >= 1) {
      plan.act(
        clerk,
        'agri.certificate.voided',
        name,
        calendar.moment(issueAgo - 1, 0.3),
        { reason: dice.pick(['数量写错,重新开具', '标签污损,重新开具', '买方退货']) },
        madeBy(issued),
      )
      plan.act(
        clerk,
        'agri.batch.certified',
        `${name}/again`,
        calendar.moment(issueAgo - 1, 0.4),
        {
          quantity: Math.max(quantity - 10, 1),
          basis: [tested ? (commissioned ? 'commissioned-test' : 'own-test') : 'control'],
        },
        batch,
      )
    }
  }
  if (issueAgo > 35 && dice.chance(0.95)) close(issueAgo - 30)
}

function inspection(
  dice: Dice,
  calendar: Calendar,
  ago: number,
  plot: Plot,
  failed: boolean,
  commissioned: boolean,
  name: string,
): Record<string, unknown> {
  const aquatic = plot.use === 'aquatic'
  return {
    kind: failed ? 'supervised' : commissioned ? 'commissioned' : 'rapid',
    sampled: calendar.day(ago),
    on: calendar.day(ago),
    items: aquatic ? '氯霉素、孔雀石绿、硝基呋喃类' : '有机磷和氨基甲酸酯类农药残留',
    value: aquatic || commissioned ? undefined : failed ? dice.between(52, 80, 1) : dice.between(1, 28, 1),
    method: aquatic ? '胶体金免疫层析法' : commissioned ? '气相色谱—质谱法' : '酶抑制率法',
    lab: failed || commissioned ? '益阳市样例农产品检测站' : undefined,
    report: commissioned || failed ? `YL-${calendar.day(ago).replaceAll('-', '')}-${name}` : undefined,
    verdict: failed ? 'fail' : 'pass',
  }
}
