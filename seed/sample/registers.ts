import type { Actor } from '../../server/kernel/access.ts'
import { gs1Check } from '../../server/kernel/checks.ts'
import bans from '../codes/bans.json' with { type: 'json' }
import catalogue from '../codes/case-catalogue.json' with { type: 'json' }
import divisions from '../codes/divisions.json' with { type: 'json' }
import pesticides from '../codes/pesticides.json' with { type: 'json' }
import products from '../codes/products.json' with { type: 'json' }
import { Dice } from './dice.ts'
import { address, brandName, creditCode, givenName, idNumber, phoneNumber, surname } from './names.ts'
import { caowei, type Town, towns } from './places.ts'
import type { Calendar, Plan } from './plan.ts'

/** When the registers were first filled: a fixed day, so that their records keep their ids whatever day it is. */
const founded = Date.parse('2025-03-03T01:00:00Z')
export const firstDay = (calendar: Calendar) => Math.max(founded, calendar.now - 700 * 86_400_000)

export interface Entity {
  id: string
  name: string
  town: Town
  kind: string
  use: 'planting' | 'aquatic'
  /** What they mainly grow. */
  crop: string
  /** Who writes for them. */
  clerk: Actor
}

export interface Plot {
  id: string
  entity: Entity
  crop: string
  use: 'planting' | 'aquatic'
  area: number
  lng: number
  lat: number
}

export interface Registers {
  entities: Entity[]
  plots: Plot[]
  /** Product code → id, and what it needs. */
  products: Map<string, { id: string; name: string; crop: string }>
  pesticides: {
    id: string
    name: string
    kind: string
    days: Record<string, number>
    most?: number
    substances: string
  }[]
  coop: string
}

/** Lists that are law or reference: what a real county loads too. */
export function planLists(plan: Plan, system: Actor, calendar: Calendar) {
  const at = firstDay(calendar)
  const known = new Set<string>()
  for (const [code, each] of Object.entries(divisions.codes) as [string, { zh: string; parent?: string }][]) {
    if (!code.startsWith(system.division)) continue
    const level = { 2: 'province', 4: 'prefecture', 6: 'county', 9: 'township' }[code.length]
    const town = towns.find((one) => one.code === code)
    plan.record(system, 'base.division', code, at, {
      code,
      name: each.zh,
      level,
      parent: each.parent,
      source: '国家统计局统计用区划代码 2023 年版',
      ...(town && { centre: { type: 'Point', coordinates: [town.lng, town.lat] } }),
    })
  }
  for (const rule of bans.rules as BanRule[]) {
    const names = [...rule.substances, ...Object.keys(rule.also ?? {})]
    for (const substance of names) {
      const of = rule.also?.[substance]
      const name = `${substance}/${rule.scope.join()}`
      if (known.has(name)) continue
      known.add(name)
      plan.record(system, 'agri.ban', name, at, {
        substance,
        scope: rule.scope,
        from: rule.from,
        source: of ? `${rule.source}(${of}的别名)` : rule.source,
        grade: rule.grade,
      })
    }
  }
  for (const category of catalogue.categories)
    plan.record(system, 'cases.category', category.code, at, category)
  for (const day of catalogue.days) plan.record(system, 'cases.calendar', day.day, at, day)
  for (const hours of catalogue.hours) plan.record(system, 'cases.hours', hours.since, at, hours)
}

interface BanRule {
  substances: string[]
  also?: Record<string, string>
  scope: string[]
  from?: string
  source: string
  grade: string
}

/** Synthetic firms, fields, people, and the inputs and products they deal with. */
export function planRegisters(
  plan: Plan,
  system: Actor,
  calendar: Calendar,
  scale: number,
  clerks: { trace: (entity: string) => Actor; town: (town: Town) => Actor },
): Registers {
  const at = firstDay(calendar)
  const inputs = pesticides.items.map((each) => {
    const { days, most, ...fields } = each as typeof each & { most?: number; days: Record<string, number> }
    const id = plan.record(system, 'agri.pesticide', each.code, at, {
      ...fields,
      source: '样例数据,不是真实登记',
    })
    for (const [crop, wait] of Object.entries(days))
      plan.record(system, 'agri.interval', `${each.code}/${crop}`, at, {
        pesticide: id,
        crop,
        days: wait,
        'most-uses': most,
        source: '样例数据,以产品标签为准',
      })
    return { id, name: each.name, kind: each.kind, days, most, substances: each.substances }
  })
  const goods = new Map<string, { id: string; name: string; crop: string }>()
  products.items.forEach((each, i) => {
    // Restricted-circulation numbers (GS1 prefix 20–29) mean something inside the county only, and nothing outside.
    const digits = `02098100${String(i + 1).padStart(5, '0')}`
    const id = plan.record(system, 'agri.product', each.code, at, {
      code: each.code,
      name: each.name,
      crop: each.crop,
      category: each.category,
      gtin: digits + gs1Check(digits),
      'shelf-life': each.shelf,
    })
    goods.set(each.code, { id, name: each.name, crop: each.crop })
  })
  const entities = planEntities(plan, system, at, scale, clerks)
  const plots = planPlots(plan, system, at, scale, entities)
  planPeople(plan, system, at, scale)
  return { entities, plots, products: goods, pesticides: inputs, coop: entities[0]!.id }
}

const crops: readonly (readonly [string, 'planting' | 'aquatic', string, number])[] = [
  ['reed-shoot', 'planting', '芦笋', 14],
  ['reed-mushroom', 'planting', '芦菇', 8],
  ['rice', 'planting', '水稻', 24],
  ['cabbage', 'planting', '蔬菜', 8],
  ['chilli', 'planting', '辣椒', 5],
  ['lotus-root', 'planting', '莲藕', 5],
  ['water-spinach', 'planting', '蔬菜', 4],
  ['mandarin', 'planting', '柑橘', 6],
  ['grass-carp', 'aquatic', '生态渔业', 8],
  ['bighead-carp', 'aquatic', '水产', 5],
  ['mandarin-fish', 'aquatic', '鳜鱼', 4],
  ['crayfish', 'aquatic', '稻虾', 9],
  ['mitten-crab', 'aquatic', '河蟹', 5],
]

function planEntities(
  plan: Plan,
  system: Actor,
  at: number,
  scale: number,
  clerks: { trace: (entity: string) => Actor; town: (town: Town) => Actor },
): Entity[] {
  const entities: Entity[] = []
  for (let i = 0; i < 600 * scale; i++) {
    const dice = new Dice(`entity/${i}`)
    // The first one is the co-operative of the tour.
    const town = i === 0 ? caowei : dice.weighted(towns.map((each) => [each, each.weight] as const))
    const [crop, use, word] =
      i === 0 ? crops[0]! : dice.weighted(crops.map((each) => [each, each[3]] as const))
    const kind =
      i === 0
        ? 'co-operative'
        : dice.weighted([
            ['co-operative', 42],
            ['family-farm', 34],
            ['firm', 14],
            ['individual', 10],
          ] as const)
    const brand = brandName(town.short, i)
    const farming = use === 'planting' ? '种植' : '养殖'
    const name =
      i === 0
        ? '草尾镇芦香芦笋种植专业合作社'
        : {
            'co-operative': `${brand}${word}${farming}专业合作社`,
            'family-farm': `${brand}${word}家庭农场`,
            firm: `沅江市${brand}${use === 'planting' ? '农业' : '渔业'}有限公司`,
            individual: `${brand}${word}经营部`,
          }[kind]
    const male = dice.chance(0.7)
    const place = near(dice, town, 0.025)
    const id = plan.record(system, 'base.entity', String(i), at, {
      code: creditCode(
        { 'co-operative': '93', 'family-farm': '92', firm: '91', individual: '92' }[kind],
        i + 101,
      ),
      name,
      kind,
      trade:
        kind === 'individual' && dice.chance(0.5)
          ? ['purchaser']
          : kind === 'firm' && dice.chance(0.3)
            ? ['producer', 'purchaser']
            : ['producer'],
      head: surname(dice) + givenName(dice, male),
      phone: phoneNumber(i + 1),
      division: town.code,
      address: address(dice, town.name),
      place: { type: 'Point', coordinates: place },
      state: i > 0 && dice.chance(0.03) ? 'paused' : 'open',
      note: '样例县合成数据,不是真实主体',
    })
    const clerk = i === 0 || kind === 'co-operative' || kind === 'firm' ? clerks.trace(id) : clerks.town(town)
    const named =
      i === 0
        ? clerk
        : clerk.entity
          ? {
              ...clerk,
              id: `luruyuan-${i}`,
              name: surname(dice) + givenName(dice, false),
              division: town.code,
            }
          : clerk
    entities.push({ id, name, town, kind, use, crop, clerk: named })
  }
  return entities
}

function planPlots(plan: Plan, system: Actor, at: number, scale: number, entities: Entity[]): Plot[] {
  const plots: Plot[] = []
  const serials = new Map<string, number>()
  for (let i = 0; i < 3000 * scale; i++) {
    const dice = new Dice(`plot/${i}`)
    const entity = i < 10 ? entities[0]! : entities[i % entities.length]!
    const area =
      entity.use === 'aquatic'
        ? dice.between(8, 120, 1)
        : entity.crop === 'reed-shoot'
          ? dice.between(20, 200, 1)
          : entity.crop === 'reed-mushroom'
            ? dice.between(1, 8, 1)
            : dice.between(3, 60, 1)
    const [lng, lat] = near(dice, entity.town, 0.04)
    const key = `${entity.town.code}${entity.use === 'planting' ? 1 : 3}`
    const serial = (serials.get(key) ?? 0) + 1
    serials.set(key, serial)
    const digits = key + String(serial).padStart(5, '0')
    const code = digits + gs1Check(digits)
    const name = `${entity.use === 'aquatic' ? dice.pick(['大塘', '新塘', '外河塘', '精养塘', '连片塘']) : dice.pick(crop3[entity.crop] ?? ['大田', '东垸', '西垸', '堤内'])}${dice.pick(['东', '西', '南', '北', ''])} ${(serial % 40) + 1} 号`
    const id = plan.record(system, 'agri.plot', String(i), at, {
      code,
      name,
      entity: entity.id,
      use: entity.use,
      crop: entity.crop,
      area,
      shape: field(dice, lng, lat, area),
      division: entity.town.code,
    })
    plots.push({ id, entity, crop: entity.crop, use: entity.use, area, lng, lat })
  }
  return plots
}

const crop3: Record<string, string[]> = {
  'reed-shoot': ['芦苇场', '苇滩', '外洲'],
  'reed-mushroom': ['菇棚', '芦菇棚', '苇料棚'],
  mandarin: ['橘园', '坡地'],
}

function planPeople(plan: Plan, system: Actor, at: number, scale: number) {
  const households = Math.round(5334 * scale)
  for (let h = 0; h < households; h++) {
    const dice = new Dice(`household/${h}`)
    const town = dice.weighted(towns.map((each) => [each, each.weight] as const))
    const family = surname(dice)
    const home = address(dice, town.name)
    const malehead = dice.chance(0.8)
    const members = [
      { relation: 'head', male: malehead, first: family, from: '1948-01-01' },
      { relation: 'spouse', male: !malehead, first: surname(dice), from: '1950-01-01' },
      { relation: 'child', male: dice.chance(0.52), first: family, from: '1985-01-01' },
    ]
    members.forEach((member, role) => {
      // 7919 is prime to 12,000: nobody shares a birthday and a sequence number.
      const born = new Date(Date.parse(member.from) + ((h * 7919) % 12_000) * 86_400_000)
        .toISOString()
        .slice(0, 10)
      const serial = Math.floor(h / 12_000) * 3 + role
      plan.record(system, 'base.person', `${h}/${role}`, at, {
        'id-number': idNumber(born, serial, member.male),
        name: member.first + givenName(dice, member.male),
        sex: member.male ? 'male' : 'female',
        household: `${town.code}${String(h + 1).padStart(6, '0')}`,
        relation: member.relation,
        phone: role < 2 ? phoneNumber(1_000_000 + h * 3 + role) : undefined,
        division: town.code,
        address: home,
      })
    })
  }
}

/** A place near the seat, a little denser in the middle. */
export function near(dice: Dice, town: Town, reach: number): [number, number] {
  const angle = dice.next() * 2 * Math.PI
  const far = reach * town.spread * (0.15 + 0.85 * Math.sqrt(dice.next()))
  return [round(town.lng + far * 1.14 * Math.cos(angle)), round(town.lat + far * Math.sin(angle))]
}

/** A four-cornered field of about the right area, turned a little. */
function field(dice: Dice, lng: number, lat: number, mu: number) {
  const metres = Math.sqrt(mu * 666.667)
  const stretch = dice.between(0.7, 1.5)
  const turn = dice.between(-0.35, 0.35)
  const corners = [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
    [-1, -1],
  ].map(([x, y], i) => {
    const [w, h] = [(x! * metres * stretch) / 2, (y! * metres) / stretch / 2]
    const wobble = i === 1 ? 1.04 : 1
    const [east, north] = [
      (w * Math.cos(turn) - h * Math.sin(turn)) * wobble,
      w * Math.sin(turn) + h * Math.cos(turn),
    ]
    return [round(lng + east / 97_400), round(lat + north / 110_900)]
  })
  return { type: 'Polygon', coordinates: [corners] }
}

const round = (value: number) => Math.round(value * 1e6) / 1e6
