// A question has one answer, in reach or out of it: lists, counts and searches of the box and of a device over the same
// records, by random words, filters, areas, orders and pages. What the order is: newest first by birth in the box's
// diary; a search over all registers puts the township's own first.

import 'fake-indexeddb/auto'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Actor } from '../../server/kernel/access.ts'
import { creditCodeCheck, orgCodeCheck } from '../../server/kernel/checks.ts'
import type { Desk, ListQuery } from '../../server/kernel/desk.ts'
import { newId } from '../../server/kernel/ids.ts'
import { plots, products } from '../../server/modules/agri/dataset.ts'
import { entities } from '../../server/modules/base/dataset.ts'
import { type County, people, sampleCounty } from '../../tests/county.ts'
import { DeviceDesk } from './device-desk.ts'
import { Link } from './link.ts'
import { Outbox } from './outbox.ts'
import { Replica } from './replica.ts'
import { Shelf } from './shelf.ts'
import { newLock } from './vault.ts'

const { liu, wen } = people
const runs = Number(process.env.XIANHE_QUESTIONS ?? 300)
const towns = ['430981114', '430981107']
const villages = ['新月村', '芦苇场东', '老垸', '南洞庭', '洞庭南', '乐园村', '三新河', '东3号', '沙咀']
const notes = [
  '靠近排水沟,砂壤土',
  '去年种过油菜、水稻',
  '第3组 5号',
  '12号闸门旁',
  'XH-2025-0042',
  'Ruì 3a',
  '',
]

let county: County
const devices = new Map<Actor, Desk>()

beforeAll(async () => {
  county = sampleCounty()
  const born: { dataset: string; id: string }[] = []
  const put = (dataset: { name: string }, fields: Record<string, unknown>) => {
    const id = newId()
    const receipt = county.act(liu, { name: `${dataset.name}.created`, record: id, fields })
    if (receipt.outcome !== 'accepted') throw new Error(`${dataset.name}: ${receipt.message?.zh}`)
    born.push({ dataset: dataset.name, id })
    return id
  }
  county.store.batch(() => {
    const operators = Array.from({ length: 40 }, (_, i) =>
      put(entities, {
        code: creditCode(i),
        name: `${villages[i % villages.length]}种植户 ${i}`,
        kind: i % 3 ? 'firm' : 'co-operative',
        phone: i % 2 ? `1387370${String(1000 + i * 37).slice(-4)}` : `0737-27${String(20000 + i * 211)}`,
        division: towns[i % 3 ? 0 : 1],
      }),
    )
    for (let i = 0; i < 20; i++)
      put(products, {
        code: `CP${String(i).padStart(3, '0')}`,
        name: `${i % 2 ? '南洞庭' : '沅江'}${['芦笋', '大米', '草鱼'][i % 3]} ${i}`,
        crop: ['reed-shoot', 'rice', 'grass-carp'][i % 3],
        category: ['vegetable', 'other', 'aquatic'][i % 3],
      })
    for (let i = 0; i < 520; i++)
      put(plots, {
        code: `43098111${i % 2 ? 4 : 2}1${String(i).padStart(7, '0')}`,
        name: `${villages[(i * 7) % villages.length]}${i % 4 ? ' ' : ''}${i % 90} 号`,
        entity: operators[(i * 13) % operators.length],
        use: ['planting', 'livestock', 'aquatic'][i % 3],
        ...(i % 5 && { crop: ['reed-shoot', 'rice', 'grass-carp'][i % 3] }),
        area: (i % 70) / 10,
        division: towns[i % 3 ? 0 : 1],
        ...(i % 6 && {
          shape: { type: 'Point', coordinates: [112.203 + (i % 40) / 100, 28.803 + (i % 30) / 100] },
        }),
        ...(notes[i % notes.length] && { note: notes[i % notes.length] }),
      })
  })
  // Old records touched late reach a device last, and belong where they were born all the same.
  for (let i = 0; i < born.length; i += 11) {
    const { dataset, id } = born[i]!
    if (dataset !== plots.name) continue
    if (i % 3) county.act(liu, { name: 'agri.plot.amended', record: id, fields: { note: '改过 7 号' } })
    else county.act(liu, { name: 'agri.plot.withdrawn', record: id })
  }
  await county.settle()
  const { key } = await newLock('246810')
  for (const actor of [wen, liu]) {
    const shelf = await Shelf.open(`same-answers-${actor.id}`)
    const replica = await Replica.load(shelf, key, county.store.registry)
    const outbox = await Outbox.load(shelf, key)
    const link = new Link(
      async (path) =>
        Response.json(
          county.desk(actor).changedSince(Number(new URL(path, 'http://box').searchParams.get('after')), 100),
        ),
      replica,
      outbox,
      { fate: 'unknown', seq: 0, imported: 0, clock: { skew: 0, last: 0 } },
    )
    expect((await link.exchange()).fate).toBe('up')
    devices.set(actor, new DeviceDesk(county.store.registry, actor, replica, outbox))
  }
})
afterAll(() => county.close())

/** What people type: a piece of a name, the beginning of a number, the end of a phone, one character, nonsense. */
const word = fc.oneof(
  fc
    .tuple(fc.constantFrom(...villages), fc.nat(3), fc.integer({ min: 1, max: 4 }))
    .map(([name, from, n]) => name.slice(from, from + n)),
  fc.constantFrom(
    '水稻',
    '芦笋',
    '种植',
    '草尾',
    '南嘴',
    '改过',
    '3号',
    '12号',
    '东3',
    '5号',
    '排水沟',
    'rui',
    'Ruì',
    '１２',
    'xh',
    '0042',
    '庭南洞',
  ),
  fc.nat(99).map(String),
  fc.integer({ min: 1000, max: 2500 }).map(String),
  fc.constantFrom('430981114', '43098111210', 'CP00', 'cp01', '138', '0737', '、', '号'),
)
const question = fc.array(word, { minLength: 1, maxLength: 2 }).map((words) => words.join(' '))
const actor = fc.constantFrom(wen, liu)
const query: fc.Arbitrary<ListQuery> = fc.record(
  {
    q: question,
    filter: fc.record(
      {
        use: fc.constantFrom('planting', '水产', ['planting', 'livestock'], ''),
        crop: fc.constantFrom('rice', 'reed-shoot', 'wheat'),
        area: fc.constantFrom({ from: '2', to: '4.5' }, { from: 6 }, { to: '1' }),
        division: fc.constantFrom(...towns),
        name: fc.constantFrom('老垸 2 号', '没有'),
      },
      { requiredKeys: [] },
    ),
    bbox: fc.constantFrom([112.2, 28.8, 112.4, 28.9] as const, [112.3, 28.95, 113, 29.5] as const),
    division: fc.constantFrom('430981', ...towns),
    sort: fc.constantFrom('code', '-code', 'crop', '-division', 'use', 'area', '-name'),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<ListQuery>

async function pages(desk: Desk, dataset: string, asked: ListQuery): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = await desk.list(dataset, { ...asked, limit: 60, cursor })
    ids.push(...page.records.map((each) => each.id))
    cursor = page.next
  } while (cursor)
  return ids
}

describe('asked of the box and of a device', () => {
  test('a list has the same records in the same order, page by page, and the same count', async () => {
    await fc.assert(
      fc.asyncProperty(
        actor,
        fc.constantFrom(plots.name, entities.name),
        query,
        async (who, dataset, asked) => {
          const { filter = {}, sort, ...rest } = asked
          const known = county.store.registry.dataset(dataset).spec.fields
          const fits: ListQuery = {
            ...rest,
            ...(sort && known[sort.replace('-', '')] && { sort }),
            filter: Object.fromEntries(Object.entries(filter).filter(([name]) => known[name])),
          }
          const [box, device] = [county.desk(who), devices.get(who)!]
          expect([fits, await pages(device, dataset, fits)]).toEqual([fits, await pages(box, dataset, fits)])
          expect(await device.count(dataset, fits)).toEqual(await box.count(dataset, fits))
        },
      ),
      { numRuns: runs },
    )
  }, 120_000)

  test('a search over all registers finds the same, in the same order', async () => {
    await fc.assert(
      fc.asyncProperty(actor, question, fc.constantFrom(5, 20, 50), async (who, words, limit) => {
        const [box, device] = [county.desk(who), devices.get(who)!]
        const said = async (desk: Desk) =>
          (await desk.search(words, limit)).map(
            (hit) => `${hit.record.dataset} ${hit.record.id} ${hit.label}`,
          )
        expect([words, await said(device)]).toEqual([words, await said(box)])
      }),
      { numRuns: runs },
    )
  }, 120_000)

  test('a phone is found by its last four digits, which the mask shows, and by no others', async () => {
    for (const desk of [county.desk(wen), devices.get(wen)!]) {
      const found = async (words: string) => (await desk.search(words)).map((hit) => hit.record.fields.phone)
      expect(await found('1037')).toEqual(['138****1037'])
      expect(await found('13873701037')).toEqual([])
      expect(await found('3701037')).toEqual([])
    }
  })

  test('12 finds 12号 and 东12, and 2 does not', async () => {
    for (const desk of [county.desk(wen), devices.get(wen)!]) {
      const notes = async (q: string) =>
        (await desk.list(plots, { q, limit: 500 })).records.map((each) => `${each.fields.note}`)
      expect((await notes('12 闸门')).length).toBeGreaterThan(0)
      expect((await notes('12号闸')).length).toBeGreaterThan(0)
      expect((await notes('2号闸')).length).toBe(0)
    }
  })

  test('what a rule asks for is found on a device as on the box', async () => {
    const desk = devices.get(liu) as DeviceDesk
    const [taken] = (await desk.list(plots, { limit: 1 })).records
    const receipt = await desk.act({
      name: 'agri.plot.created',
      record: newId(),
      fields: { ...taken!.fields, name: '同号的地块' },
    })
    expect(receipt).toMatchObject({ outcome: 'refused', field: 'code' })
  })
})

/** 统一社会信用代码 of the n-th operator. */
function creditCode(n: number): string {
  const organisation = `MA4L${String(1000 + n)}`
  const first = `93430981${organisation}${orgCodeCheck(organisation)}`
  return first + creditCodeCheck(first)
}
