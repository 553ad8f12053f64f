import { expect, test } from 'bun:test'
import { people, sampleCounty } from '../../../tests/county.ts'
import { dataset } from '../../kernel/dataset.ts'
import { choice, division, geometry, text } from '../../kernel/fields.ts'
import type { Part } from '../../kernel/part.ts'
import { base } from '../base/index.ts'
import { Points } from './points.ts'

const wells = dataset('test.well', {
  title: { zh: '机井', en: 'Well' },
  fields: {
    code: text({ zh: '编号', en: 'Code' }).key(),
    division: division({ zh: '乡镇', en: 'Township' }),
    place: geometry({ zh: '位置', en: 'Place' }).optional(),
    level: choice(
      { zh: '级别', en: 'Level' },
      { blue: { zh: '蓝', en: 'Blue' }, red: { zh: '红', en: 'Red' } },
    ),
    state: choice(
      { zh: '状态', en: 'State' },
      { open: { zh: '开', en: 'Open' }, closed: { zh: '关', en: 'Closed' } },
    ),
  },
  keeper: 'township',
})
const modules: Part[] = [base, { name: 'test', title: { zh: '试', en: 'Test' }, datasets: [wells] }]
const county = () => sampleCounty({ modules })
const { admin, wen, cao } = people

let n = 0
const well = (lng: number, lat: number, more: Record<string, unknown> = {}) => ({
  name: 'test.well.created',
  fields: {
    code: `W${++n}`,
    division: '430981114',
    place: { type: 'Point', coordinates: [lng, lat] },
    level: 'blue',
    state: 'open',
    ...more,
  },
})

test('points gather in squares, and the gravest colours the square', async () => {
  const { act, store, close } = county()
  for (let i = 0; i < 30; i++) act(admin, well(112.301 + i / 10_000, 28.801))
  act(admin, well(112.35, 28.85, { level: 'red' }))
  const points = new Points(store, wells.spec)
  const squares = await points.clusters(admin, [112, 28, 113, 29], 0.04)
  expect(squares.map((each) => each.n).sort()).toEqual([1, 30])
  expect(squares.find((each) => each.n === 1)!.level).toBe('red')
  expect(squares.find((each) => each.n === 30)!.x).toBeCloseTo(112.30245, 4)
  expect(await points.count(admin, [112.34, 28.84, 112.36, 28.86])).toBe(1)
  await close()
})

test('each sees their own township, and what is withdrawn, moved or closed leaves the map', async () => {
  const { act, store, close } = county()
  const points = new Points(store, wells.spec, { state: ['open'] })
  const mine = act(admin, well(112.3, 28.8)).record!
  const other = act(admin, well(112.4, 28.9, { division: '430981107' })).record!
  expect(await Promise.all([admin, wen, cao].map((each) => points.count(each)))).toEqual([2, 1, 1])
  act(admin, {
    name: 'test.well.amended',
    record: mine,
    fields: { place: { type: 'Point', coordinates: [112.5, 28.8] } },
  })
  expect(await points.clusters(admin, [112.45, 28, 113, 29], 0.1)).toHaveLength(1)
  act(admin, { name: 'test.well.amended', record: mine, fields: { state: 'closed' } })
  expect(await points.count(admin)).toBe(1)
  act(admin, { name: 'test.well.amended', record: mine, fields: { state: 'open' } })
  act(admin, { name: 'test.well.withdrawn', record: other })
  expect(await Promise.all([admin, wen, cao].map((each) => points.count(each)))).toEqual([1, 1, 0])
  act(admin, { name: 'test.well.amended', record: mine, fields: { place: null } })
  expect(await points.count(admin)).toBe(0)
  await close()
})

test('the index that followed the diary equals one built anew', async () => {
  const { act, store, close } = county()
  const followed = new Points(store, wells.spec, { state: ['open'] })
  const ids: string[] = []
  for (let i = 0; i < 200; i++) {
    ids.push(
      act(admin, well(112 + (i % 17) / 20, 28 + (i % 13) / 20, { state: i % 3 ? 'open' : 'closed' })).record!,
    )
    if (i % 5 === 0)
      act(admin, {
        name: 'test.well.amended',
        record: ids[i >> 1]!,
        fields: { state: i % 2 ? 'open' : 'closed' },
      })
    if (i % 7 === 0) act(admin, { name: 'test.well.withdrawn', record: ids[i >> 2]! })
    await followed.count(admin)
  }
  const anew = new Points(store, wells.spec, { state: ['open'] })
  const view = [111, 27, 114, 30] as const
  const sorted = async (points: Points) =>
    (await points.clusters(admin, [...view], 0.08))
      .map((each) => `${each.x.toFixed(5)} ${each.y.toFixed(5)} ${each.n}`)
      .sort()
  expect(await sorted(followed)).toEqual(await sorted(anew))
  expect(await anew.count(admin)).toBeGreaterThan(20)
  await close()
})
