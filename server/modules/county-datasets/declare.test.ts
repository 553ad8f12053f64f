import { afterEach, expect, test } from 'bun:test'
import { people } from '../../../tests/county.ts'
import { formOf, type WebScene, webScene } from '../../../tests/web-scene.ts'
import { importFile } from '../../http/transfer/import-file.ts'
import { Registry } from '../../kernel/registry.ts'
import { ownRegisters } from './index.tsx'
import { knowOwnRegisters } from './own-registers.ts'

let scene: WebScene
afterEach(() => scene.close())

const path = '/d/county.dataset/do/declared'
const caowei = '430981114'

async function declared(rows: [label: string, kind: string, more?: string, ...ticks: string[]][]) {
  const admin = await scene.by(people.admin)
  const fields = Object.fromEntries(
    rows.flatMap(([label, kind, more = '', ...ticks], i) => [
      [`label.${i}`, label],
      [`kind.${i}`, kind],
      [`more.${i}`, more],
      [`ticks.${i}`, ticks as unknown as string],
    ]),
  )
  const answer = await admin.post(path, {
    _act: formOf(await (await admin.get(path)).text(), path)._act!,
    title: '水库巡查',
    keeper: 'township',
    _row: rows.map((_, i) => String(i)),
    ...fields,
  })
  return { admin, answer, name: /^\/d\/(own\.\w+)/.exec(answer.headers.get('location') ?? '')?.[1] ?? '' }
}
const rounds = () =>
  declared([
    ['水库编号 / Reservoir', 'text', '', 'key'],
    ['水位', 'decimal', '米', 'required'],
    ['坝体情况', 'choice', '好、渗水、裂缝', 'required', 'filter'],
    ['巡查人电话', 'phone'],
    ['位置', 'geometry'],
  ])

test('a register declared in the browser has list, form, map, import, export and API at once', async () => {
  scene = await webScene()
  const { answer, name } = await rounds()
  expect(answer.status).toBe(303)
  const wen = await scene.by(people.wen)
  expect(await (await wen.get('/registers')).text()).toContain('水库巡查')
  const form = formOf(await (await wen.get(`/d/${name}/new`)).text(), `/d/${name}`)
  const refused = await wen.post(`/d/${name}`, { ...form, f1: 'SK-1', f2: '很高', f3: 'o1' })
  expect([refused.status, (await refused.text()).includes('不是数字')]).toEqual([422, true])
  const saved = await wen.post(`/d/${name}`, {
    ...form,
    f1: 'SK-1',
    f2: '31.2',
    f3: '渗水',
    f4: '13873712345',
    f5: '112.3595, 28.8417',
  })
  expect(saved.status).toBe(303)
  const page = await (await wen.get(`/d/${name}`)).text()
  expect(page).toContain('SK-1')
  expect(page).toContain('渗水')
  expect(page).toContain('138****2345')
  expect((await (await wen.get(`/d/${name}/places.geojson`)).json()) as object).toMatchObject({
    features: [{ geometry: { coordinates: [112.3595, 28.8417] } }],
  })

  const report = await importFile(scene.county.store, people.admin, name, {
    name: '巡查.csv',
    bytes: new TextEncoder().encode(
      `水库编号,水位(米),坝体情况,所在乡镇\nSK-1,31.2,渗水,草尾镇\nSK-2,30,好,${caowei}\nSK-3,-,好,${caowei}\n`,
    ),
  })
  expect(report).toMatchObject({ created: 1, unchanged: 1, bad: [{ line: 4, field: 'f2' }] })
  const admin = await scene.by(people.admin)
  expect((await (await admin.get(`/d/${name}/export/csv`)).text()).split('\r\n')[0]).toBe(
    '水库编号,水位(米),坝体情况,巡查人电话,位置,所在乡镇,记录编号',
  )
  const schema = (await (await admin.get(`/api/v1/datasets/${name}`)).json()) as {
    properties: Record<string, object>
    required: string[]
  }
  expect(schema.properties.f1).toMatchObject({ 'x-title': { zh: '水库编号', en: 'Reservoir' } })
  expect(schema.required).toEqual(['f1', 'f2', 'f3', 'division'])
  // The other township’s worker sees the register and none of these records.
  expect(await (await (await scene.by(people.cao)).get(`/d/${name}`)).text()).not.toContain('SK-1')
})

test('what cannot work is said in a sentence, and nothing typed is lost', async () => {
  scene = await webScene()
  for (const [rows, sentence] of [
    [[['情况', 'choice', '好']], '至少写两个选项'],
    [
      [
        ['甲', 'text'],
        ['甲', 'date'],
      ],
      '重复',
    ],
    [[], '至少填写一个字段'],
    [[['位置', 'geometry', '', 'key']], '不能作编号'],
    [[['所属', 'ref']], '指向哪个台账'],
  ] as [Parameters<typeof declared>[0], string][]) {
    const { answer } = await declared(rows)
    const html = await answer.text()
    expect([answer.status, html.includes(sentence)]).toEqual([422, true])
    if (rows[0]) expect(html).toContain(`value="${rows[0][0]}"`)
    expect(html).toContain('value="水库巡查"')
  }
  expect(scene.county.store.seq).toBe(0)
})

test('a field may be renamed and joined by others; what holds data keeps its kind and its options', async () => {
  scene = await webScene()
  const { admin, name } = await rounds()
  const [record] = scene.county.store.look.find('county.dataset', {})
  const change = `/d/county.dataset/${record!.id}/do/redeclared`
  const form = async () => {
    const fields = formOf(await (await admin.get(change)).text(), change)
    const rows = Object.keys(fields)
      .filter((each) => each.startsWith('label.'))
      .map((each) => each.slice(6))
    return {
      ...fields,
      ...Object.fromEntries(['0', '2'].map((i) => [`ticks.${i}`, i === '0' ? 'key' : 'required'])),
      _row: rows,
    } as Record<string, string | string[]>
  }
  const done = await admin.post(change, {
    ...(await form()),
    'label.1': '当前水位',
    'more.2': '好、渗水、裂缝、险情',
    'label.5': '备注',
    'kind.5': 'long',
  })
  expect(done.status).toBe(303)
  const spec = scene.county.store.registry.dataset(name).spec
  expect(Object.keys(spec.fields)).toEqual(['f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'division'])
  expect(spec.fields.f2!.label.zh).toBe('当前水位')
  expect(spec.fields.f3!.options).toMatchObject({ o1: { zh: '好' }, o4: { zh: '险情' } })
  const lost = await admin.post(change, { ...(await form()), 'more.2': '好、险情' })
  expect([lost.status, (await lost.text()).includes('渗水')]).toEqual([422, true])
  const gone = await admin.post(change, { ...(await form()), 'label.1': '' })
  expect([gone.status, (await gone.text()).includes('不能去掉')]).toEqual([422, true])
})

test('only who may declare gets the page, and a box that starts again knows its registers', async () => {
  scene = await webScene()
  const { name } = await rounds()
  expect((await (await scene.by(people.wen)).get(path)).status).toBe(403)
  expect((await (await scene.by(people.wen)).post(path, { title: 'x' })).status).toBe(403)
  const fresh = new Registry([ownRegisters])
  const sameStore = Object.create(scene.county.store, { registry: { value: fresh } })
  knowOwnRegisters(sameStore)
  expect(fresh.datasets.has(name)).toBe(true)
})
