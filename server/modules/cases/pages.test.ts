import { expect, test } from 'bun:test'
import catalogue from '../../../seed/codes/case-catalogue.json' with { type: 'json' }
import { people } from '../../../tests/county.ts'
import { type WebScene, webScene } from '../../../tests/web-scene.ts'
import { newId } from '../../kernel/ids.ts'
import { agri } from '../agri/index.ts'
import { base } from '../base/index.ts'
import { map } from '../map/index.tsx'
import { sensing } from '../sensing/index.ts'
import { casework } from './index.ts'

const { liu, wen, cao, leader } = people
const scene = () => webScene({ modules: [base, agri, sensing, casework, map] })

function categories({ county }: WebScene): (code: string) => string {
  for (const fields of catalogue.categories)
    county.act(county.store.system, { name: 'cases.category.created', fields })
  return (code) => county.store.look.find('cases.category', { code }, 1)[0]!.id
}

const ditch = {
  content: '乐园村三组主渠被水葫芦堵死。春灌用不上水',
  division: '430981114',
  channel: 'hotline',
  reporter: '王秀英',
  phone: '13873712345',
  place: '112.405, 29.035',
}

test('a clerk reports a case in the browser, is told of the twin, files and assigns it, and sees whose turn it is', async () => {
  const web = await scene()
  const category = categories(web)
  const clerk = await web.by(liu)
  const form = await (await clerk.get('/cases/new')).text()
  expect(form).toContain('反映内容')
  expect(form).toContain('hx-post="/cases/similar"')
  const saved = await clerk.post('/cases/new', { ...ditch, _act: newId() })
  expect(saved.status).toBe(303)
  const path = saved.headers.get('location')!.split('?')[0]!
  const page = await (await clerk.get(path)).text()
  expect(page).toContain('乐园村三组主渠被水葫芦堵死')
  expect(page).toContain('138****2345')
  expect(page).not.toContain('13873712345')
  expect(page).toContain('受理立案')

  const twin = await (
    await clerk.post('/cases/similar', {
      content: '三组的主渠被水葫芦堵死了,放不了水',
      place: '112.4052, 29.0351',
    })
  ).text()
  expect(twin).toContain('可能已经有人报过')
  expect(twin).toContain(path)
  expect(
    await (await clerk.post('/cases/similar', { content: '路灯不亮', place: '112.6, 28.9' })).text(),
  ).toBe('')

  expect(
    (await clerk.post(`${path}/do/filed`, { category: category('A03'), level: 'blue', _act: newId() }))
      .status,
  ).toBe(303)
  expect(
    (await clerk.post(`${path}/do/assigned`, { handler: 'township', division: '430981114', _act: newId() }))
      .status,
  ).toBe(303)
  expect(await (await clerk.get('/cases?view=mine')).text()).toContain('没有等您办的案卷')
  expect(await (await clerk.get('/cases?view=open')).text()).toContain('还剩')
  const worker = await web.by(wen)
  const mine = await (await worker.get('/cases')).text()
  expect(mine).toContain('乐园村三组主渠被水葫芦堵死')
  expect(mine).toContain('待签收')
  expect(await (await worker.get('/')).text()).toContain('签收')
  await web.close()
})

test('a form sent twice makes one case, and what is wrong is said at its field with everything still there', async () => {
  const web = await scene()
  const clerk = await web.by(liu)
  const act = newId()
  const first = await clerk.post('/cases/new', { ...ditch, _act: act })
  const second = await clerk.post('/cases/new', { ...ditch, _act: act })
  expect(second.status).toBe(303)
  expect(first.headers.get('location')).toContain('/d/cases.case/')
  expect(web.county.diary().filter((name) => name === 'cases.case.reported')).toHaveLength(1)
  const wrong = await clerk.post('/cases/new', { ...ditch, content: '', phone: '12345', _act: newId() })
  expect(wrong.status).toBe(422)
  const text = await wrong.text()
  expect(text).toContain('请填写反映内容')
  expect(text).toContain('11 位手机号')
  expect(text).toContain('王秀英')
  await web.close()
})

test('the next township gets neither the page, the order, the list nor the point on the map', async () => {
  const web = await scene()
  const clerk = await web.by(liu)
  const path = (await clerk.post('/cases/new', { ...ditch, _act: newId() })).headers
    .get('location')!
    .split('?')[0]!
  const id = path.split('/').at(-1)!
  const other = await web.by(cao)
  expect((await other.get(path)).status).toBe(404)
  expect((await other.get(`/cases/${id}/order`)).status).toBe(404)
  expect(await (await other.get('/cases?view=all')).text()).not.toContain('乐园村三组')
  const layer = async (who: typeof other) =>
    (await (await who.get('/map/layers/cases.case?bbox=112,28,113,30')).json()) as {
      features: { properties: { title: string } }[]
    }
  expect((await layer(other)).features).toEqual([])
  expect((await layer(await web.by(wen))).features.map((each) => each.properties.title)).toEqual([
    '乐园村三组主渠被水葫芦堵死',
  ])
  const order = await (await clerk.get(`/cases/${id}/order`)).text()
  expect(order).toContain('案卷处置工单')
  expect(order).toContain('138****2345')
  expect(order).not.toContain('13873712345')
  await web.close()
})

test('the map offers what each may read, and gathers what is too much to draw', async () => {
  const web = await scene()
  const { county } = web
  county.store.batch(() => {
    for (let i = 0; i < 2100; i++)
      county.act(liu, {
        name: 'cases.case.reported',
        fields: {
          content: `第 ${i} 件`,
          division: '430981114',
          level: i === 7 ? 'red' : 'blue',
          place: { type: 'Point', coordinates: [112.3 + (i % 50) / 500, 29 + Math.floor(i / 50) / 500] },
        },
      })
  })
  const clerk = await web.by(leader)
  const page = await (await clerk.get('/map')).text()
  expect(page).toContain('事件案卷')
  expect(page).toContain('2100')
  interface Layer {
    features: { properties: { cluster?: number; level?: string } }[]
  }
  const whole = (await (await clerk.get('/map/layers/cases.case?bbox=112,28.5,113,29.5')).json()) as Layer
  expect(whole.features.length).toBeLessThan(100)
  expect(whole.features.reduce((sum, each) => sum + each.properties.cluster!, 0)).toBe(2100)
  expect(whole.features.filter((each) => each.properties.level === 'red')).toHaveLength(1)
  const near = (await (
    await clerk.get('/map/layers/cases.case?bbox=112.2999,28.9999,112.3101,29.0101')
  ).json()) as Layer
  expect(near.features.length).toBeGreaterThan(10)
  expect(near.features.every((each) => each.properties.cluster === undefined)).toBe(true)
  await web.close()
})
