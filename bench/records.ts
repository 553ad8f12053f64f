// Lists, filters and two-character search over a million records, through the same desk the pages use.
// `bun bench/records.ts [records]`; the store is kept in the temp directory and used again.

import { existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { core } from '../migrations/core/index.ts'
import { migrate } from '../migrations/migrate.ts'
import { BoxDesk } from '../server/kernel/box-desk.ts'
import { idNumberCheck } from '../server/kernel/checks.ts'
import { newId } from '../server/kernel/ids.ts'
import { Registry } from '../server/kernel/registry.ts'
import { Store } from '../server/kernel/store.ts'
import { modules } from '../server/modules/roll-call.ts'
import { Search } from '../server/search/search.ts'
import { people } from '../tests/county.ts'
import { done, figure, machine, timed } from './lines.ts'

const wanted = Number(process.argv[2] ?? 1_000_000)
const dir = join(tmpdir(), `xianhe-bench-${wanted}`)
const fresh = !existsSync(join(dir, 'core.db'))
mkdirSync(dir, { recursive: true })
const registry = new Registry(modules)
const store = new Store({
  file: join(dir, 'core.db'),
  registry,
  migrate: (db) => migrate(db, core),
  node: { division: '430981', name: '沅江市' },
})

const towns = Object.keys(registry.codes('division')!.codes).filter((code) => /^430981\d{3}$/.test(code))
const surnames =
  '王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈'
const given = '建国秀英志强桂兰春梅文斌晓燕海波丽华德明玉珍金花永红小军新民'
const places = [
  '湖边',
  '渠道东侧',
  '机耕路北',
  '老垸堤内',
  '芦苇场',
  '抬田',
  '渔场西',
  '排水沟旁',
  '电排站后',
  '砂壤土',
]

function person(i: number) {
  const birth = `${1950 + (Math.floor(i / 1000) % 55)}${String(1 + (Math.floor(i / 55_000) % 12)).padStart(2, '0')}${String(1 + (Math.floor(i / 660_000) % 28)).padStart(2, '0')}`
  const first17 = `430981${birth}${String(i % 1000).padStart(3, '0')}`
  return {
    'id-number': first17 + idNumberCheck(first17),
    name: surnames[i % surnames.length]! + given[(i * 7) % given.length]! + given[(i * 13) % given.length]!,
    sex: i % 2 ? 'male' : 'female',
    household: `H${Math.floor(i / 4)}`,
    division: towns[i % towns.length]!,
  }
}

const plot = (i: number, entity: string) => ({
  code: `P${i}`,
  name: `${registry.division(towns[i % towns.length]!)!.zh}${places[i % places.length]}${i} 号`,
  entity,
  use: (['planting', 'aquatic', 'livestock'] as const)[i % 3]!,
  area: (i % 900) / 10,
  division: towns[i % towns.length]!,
  shape: {
    type: 'Point',
    coordinates: [112.2 + (i % 1000) / 2000, 28.7 + (Math.floor(i / 1000) % 1000) / 2500],
  },
  note: `${places[(i * 3) % places.length]},${places[(i * 7) % places.length]}`,
})

if (fresh) {
  const from = performance.now()
  const entity = newId()
  store.act(store.system, {
    id: newId(),
    name: 'base.entity.created',
    record: entity,
    fields: {
      code: '93430981MA4L12346T',
      name: '沅江市洞庭芦笋专业合作社',
      kind: 'co-operative',
      division: '430981114',
    },
  })
  for (let i = 0; i < wanted; i += 10_000) {
    store.batch(() => {
      for (let k = i; k < Math.min(wanted, i + 10_000); k++) {
        const receipt =
          k % 5 < 3
            ? store.act(store.system, { id: newId(), name: 'base.person.created', fields: person(k) })
            : store.act(store.system, { id: newId(), name: 'agri.plot.created', fields: plot(k, entity) })
        if (receipt.outcome !== 'accepted') throw new Error(receipt.message?.zh)
      }
    })
  }
  figure(
    'acts decided and written, one at a time in batches',
    wanted / ((performance.now() - from) / 1000),
    'acts/s',
  )
}

machine()
const search = new Search(store, join(dir, 'search.db')).start()
const indexing = performance.now()
await search.settle()
if (fresh) figure('search index built', wanted / ((performance.now() - indexing) / 1000), 'records/s')

const county = new BoxDesk(store, people.liu, search)
const town = new BoxDesk(store, people.wen, search)
const cursors: (string | undefined)[] = [undefined]
for (let i = 0; i < 200; i++)
  cursors.push((await county.list('base.person', { cursor: cursors.at(-1), limit: 1000 })).next)

const p95 = 50
await timed('list, first page of 50, county', 200, () => county.list('base.person'), p95)
await timed(
  'list, a page anywhere in 200,000',
  200,
  (i) => county.list('base.person', { cursor: cursors[i % cursors.length] }),
  p95,
)
await timed('list, township scope', 200, () => town.list('base.person'), p95)
await timed('list sorted by an indexed field', 200, () => county.list('agri.plot', { sort: 'code' }), p95)
await timed(
  'filter, one value in many (household)',
  200,
  (i) => county.list('base.person', { filter: { household: `H${i * 97}` } }),
  p95,
)
await timed(
  'filter, half of all (sex) and township',
  200,
  (i) => county.list('base.person', { filter: { sex: 'male' }, division: towns[i % towns.length] }),
  p95,
)
await timed(
  'filter, two fields, township worker',
  200,
  () => town.list('agri.plot', { filter: { use: 'aquatic' } }),
  p95,
)
await timed(
  'map, about 100 plots in view',
  200,
  (i) => county.list('agri.plot', { bbox: [112.3 + i / 1000, 28.8, 112.305 + i / 1000, 28.81], limit: 1000 }),
  p95,
)
await timed(
  'search, two characters, rare',
  200,
  (i) => county.list('base.person', { q: surnames[i % surnames.length]! + given[(i * 3) % given.length]! }),
  p95,
)
await timed('search, two characters, common (湖边)', 200, () => county.list('agri.plot', { q: '湖边' }), p95)
await timed(
  'search, four characters, township worker',
  200,
  () => town.list('agri.plot', { q: '渠道东侧' }),
  p95,
)
await timed(
  'search everywhere, two characters',
  200,
  (i) => county.search(`${surnames[i % surnames.length]}建`),
  p95,
)
await timed('search, one character (no limit asked)', 100, () => county.list('agri.plot', { q: '芦' }))
await timed(
  'count, capped at 10,000',
  200,
  () => county.count('base.person', { filter: { sex: 'male' } }),
  p95,
)
await timed(
  'one record with its history',
  200,
  async () => {
    const [record] = (await county.list('agri.plot', { limit: 1 })).records
    await county.history('agri.plot', record!.id)
  },
  p95,
)
await search.stop()
store.close()
done()
