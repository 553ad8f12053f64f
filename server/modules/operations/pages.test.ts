import { expect, setDefaultTimeout, test } from 'bun:test'
import { people } from '../../../tests/county.ts'
import { webScene } from '../../../tests/web-scene.ts'
import { measureFaults } from '../../analytics/check.ts'
import type { Numbers } from '../../http/services.ts'
import { Registry } from '../../kernel/registry.ts'
import { agri } from '../agri/index.ts'
import { base } from '../base/index.ts'
import { casework } from '../cases/index.ts'
import { map } from '../map/index.tsx'
import { modules } from '../roll-call.ts'
import { sensing } from '../sensing/index.ts'
import { operations } from './index.tsx'

setDefaultTimeout(60_000)

const { leader, wen, mei } = people
const caowei = '430981114'

test('every measure of the roll call can be computed', () => {
  expect(measureFaults(new Registry(modules))).toEqual([])
})

test('the leader sees each matter’s numbers with their time, and each opens to its records', async () => {
  const web = await office({ 'cases.open 430981': [['', 43]], 'agri.certificates 430981': [['', 1336]] })
  const page = await (await (await web.by(leader)).get('/numbers')).text()
  expect(page).toContain('在办案卷')
  expect(page).toContain('1,336')
  expect(page).toContain('截至')
  expect(page).toContain('/d/cases.case?division=430981&amp;filter%5Bstate%5D=')
  await web.close()
})

test('a township worker sees the township’s numbers and no other’s', async () => {
  const web = await office({ 'cases.open 430981': [['', 43]], [`cases.open ${caowei}`]: [['', 5]] })
  const worker = await web.by(wen)
  const page = await (await worker.get('/numbers')).text()
  expect(page).toContain('草尾镇')
  expect(page).not.toContain('>43<')
  expect((await worker.get('/numbers?division=430981')).status).toBe(403)
  expect((await worker.get('/numbers?division=430981107')).status).toBe(403)
  await web.close()
})

test('whoever may not see numbers is told so, and a matter one may not read shows none', async () => {
  const web = await office({})
  expect((await (await web.by(mei)).get('/numbers')).status).toBe(403)
  const page = await (await (await web.by(leader)).get('/numbers/no.such.number')).text()
  expect(page).toContain('没有这个指标')
  await web.close()
})

test('old numbers are still drawn, and say since when they stand', async () => {
  const web = await office({ 'cases.open 430981': [['', 43]] }, new Date(Date.now() - 600_000))
  const page = await (await (await web.by(leader)).get('/numbers')).text()
  expect(page).toContain('计算暂停')
  expect(page).toContain('43')
  const wall = await (await (await web.by(leader)).get('/screen')).text()
  expect(wall).toContain('wall-stale')
  await web.close()
})

test('without any numbers every page draws', async () => {
  const web = await office({}, null)
  const browser = await web.by(leader)
  for (const path of [
    '/numbers',
    '/leader',
    '/screen',
    '/numbers/cases.open',
    '/numbers/cases.open-by-state',
    '/numbers/cases.overdue/records',
  ]) {
    const answer = await browser.get(path)
    expect(`${path} ${answer.status}`).toBe(`${path} 200`)
  }
  expect(await (await browser.get('/numbers/cases.overdue/records')).text()).toContain('明细暂时查不了')
  await web.close()
})

test('a part that still shows what is true is not drawn again', async () => {
  const rows: Rows = { 'cases.open 430981': [['', 43]] }
  const web = await office(rows)
  const browser = await web.by(leader)
  const again = /hx-get="(\/numbers\/part\/cases[^"]+)"/
    .exec(await (await browser.get('/numbers')).text())![1]!
    .replaceAll('&amp;', '&')
  expect((await browser.get(again)).status).toBe(204)
  rows['cases.open 430981'] = [['', 44]]
  const fresh = await browser.get(again)
  expect(fresh.status).toBe(200)
  expect(await fresh.text()).toContain('44')
  await web.close()
})

test('figures leave as a CSV that Excel opens, with townships and choices in words', async () => {
  const web = await office({
    'cases.open-by-township 430981': [[caowei, 5]],
    'cases.open-by-state 430981': [['handling', 3]],
  })
  const browser = await web.by(leader)
  const towns = await browser.get('/numbers/cases.open-by-township/figures.csv')
  expect(new Uint8Array(await towns.clone().arrayBuffer()).slice(0, 3)).toEqual(
    new Uint8Array([0xef, 0xbb, 0xbf]),
  )
  expect(await towns.text()).toContain('草尾镇,5')
  expect(await (await browser.get('/numbers/cases.open-by-state/figures.csv')).text()).toContain('处理中,3')
  await web.close()
})

test('an alert under way and a silent network stand on the wall, the gravest first', async () => {
  const web = await office({})
  const { store } = web.county
  const make = (name: string, fields: Record<string, unknown>) => {
    const receipt = web.county.act(store.system, { name, fields })
    expect(receipt).toMatchObject({ outcome: 'accepted' })
    return receipt.record!
  }
  for (let i = 0; i < 5; i++)
    make('sensing.sensor.created', {
      code: `WL-00${i}`,
      name: `${i} 号水位站`,
      kind: 'water',
      division: caowei,
      metrics: ['water-level'],
      interval: 10,
      decoder: 'json',
      state: 'working',
    })
  const wall = await (await (await web.by(leader)).get('/screen')).text()
  expect(wall).toContain('5 台监测设备没有数据(在用 5 台)')
  await web.close()
})

type Rows = Record<string, [key: string, value: number][]>

/** The pages with numbers as the child would have written them. */
function office(rows: Rows, told: Date | null = new Date()) {
  const asOf = told?.toISOString() ?? ''
  const numbers: Numbers = {
    read: (measure, division) =>
      (rows[`${measure} ${division}`] ?? []).map(([key, value]) => ({
        measure,
        division,
        key,
        value,
        asOf,
        seq: 1,
      })),
    asOf: () => (told ? { at: asOf, seq: 1 } : undefined),
  }
  return webScene({ modules: [base, agri, sensing, casework, map, operations], services: { numbers } })
}
