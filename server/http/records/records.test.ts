import { afterEach, expect, test } from 'bun:test'
import { people } from '../../../tests/county.ts'
import { creditCode, formOf, idNumber, type WebScene, webScene } from '../../../tests/web-scene.ts'
import { newId } from '../../kernel/ids.ts'
import { audit } from '../../kernel/schema.ts'

let scene: WebScene
afterEach(() => scene.close())

const caowei = '430981114'
const nanzui = '430981107'

test('a clerk registers a cooperative with the form, and the diary says who', async () => {
  scene = await webScene()
  const wen = await scene.by(people.wen)
  const form = formOf(await (await wen.get('/d/base.entity/new')).text(), '/d/base.entity')
  expect(form.division).toBe(caowei)
  const saved = await wen.post('/d/base.entity', {
    ...form,
    code: creditCode(7),
    name: '草尾镇芦笋合作社',
    kind: 'co-operative',
    phone: '13873712345',
  })
  expect(saved.status).toBe(303)
  expect(saved.headers.get('location')).toBe(`/d/base.entity/${form._record}?said=created`)
  expect(scene.county.diary(form._record!)).toEqual(['base.entity.created'])
  const page = await (await wen.get(saved.headers.get('location')!)).text()
  expect(page).toContain('草尾镇芦笋合作社')
  expect(page).toContain('138****2345')
  expect(page).not.toContain('13873712345')
  expect(page).toContain('文斌')
  expect(page).toContain('登记了法人和经营主体')
})

test('the same form sent twice is saved once', async () => {
  scene = await webScene()
  const wen = await scene.by(people.wen)
  const form = {
    ...formOf(await (await wen.get('/d/base.entity/new')).text(), '/d/base.entity'),
    code: creditCode(8),
    name: '南嘴家庭农场',
    kind: 'family-farm',
  }
  await wen.post('/d/base.entity', form)
  const again = await wen.post('/d/base.entity', form)
  expect(again.headers.get('location')).toContain('said=repeated')
  expect(scene.county.store.look.find('base.entity', { code: creditCode(8) })).toHaveLength(1)
})

test('a wrong credit code comes back as a sentence at the field, with everything still typed', async () => {
  scene = await webScene()
  const wen = await scene.by(people.wen)
  const wrong = await wen.post('/d/base.entity', {
    code: '93430981MA00000000',
    name: '草尾镇 <b>芦笋</b>',
    kind: 'co-operative',
    phone: '12345',
    division: caowei,
    state: 'open',
  })
  expect(wrong.status).toBe(422)
  const page = await wrong.text()
  expect(page).toContain('校验位不对')
  expect(page).toContain('电话应为 11 位手机号')
  expect(page).toContain('value="草尾镇 &lt;b&gt;芦笋&lt;/b&gt;"')
  expect(page).toContain('value="12345"')
  expect(scene.county.store.seq).toBe(0)
})

test('a township worker neither sees nor changes another township', async () => {
  scene = await webScene()
  const theirs = scene.plot(nanzui, { name: '南嘴地块' })
  const mine = scene.plot(caowei, { name: '草尾地块' })
  const wen = await scene.by(people.wen)
  const list = await (await wen.get('/d/agri.plot')).text()
  expect(list).toContain('草尾地块')
  expect(list).not.toContain('南嘴地块')
  const before = scene.county.store.seq
  for (const path of [
    `/d/agri.plot/${theirs}`,
    `/d/agri.plot/${theirs}/history`,
    `/d/agri.plot/${theirs}/amend`,
  ])
    expect((await wen.get(path)).status).toBe(404)
  expect(
    (await wen.post(`/d/agri.plot/${theirs}/amend`, { _base: '1', _was: '{"name":"x"}', name: '改名' }))
      .status,
  ).toBeOneOf([403, 404])
  expect((await wen.post(`/d/agri.plot/${theirs}/withdraw`, {})).status).toBeOneOf([403, 404])
  const reach = await wen.post('/d/base.entity', {
    code: creditCode(9),
    name: '伸手',
    kind: 'firm',
    division: nanzui,
    state: 'open',
  })
  expect(reach.status).toBe(403)
  expect(scene.county.store.seq).toBe(before)
  expect((await wen.get(`/d/agri.plot/${mine}`)).status).toBe(200)
  expect((await wen.get('/d/agri.plot/places.geojson')).status).toBe(200)
})

test('two people who change different fields both succeed; the same field asks, and nothing typed is lost', async () => {
  scene = await webScene()
  const id = scene.plot(caowei)
  const path = `/d/agri.plot/${id}/amend`
  const admin = await scene.by(people.admin)
  const [first, second, third] = await Promise.all(
    [1, 2, 3].map(async () => formOf(await (await admin.get(path)).text(), path)),
  )
  expect((await admin.post(path, { ...first, area: '14' })).headers.get('location')).toContain('said=amended')
  expect((await admin.post(path, { ...second, note: '靠大堤' })).headers.get('location')).toContain(
    'said=amended',
  )
  const clash = await admin.post(path, { ...third, area: '15.5', name: '新名字' })
  expect(clash.status).toBe(409)
  const page = await clash.text()
  expect(page).toContain('您填的')
  expect(page).toContain('系统管理员')
  const choice = formOf(page, path)
  expect(choice).toMatchObject({ area: '15.5', name: '新名字', '_keep.area': 'mine', _base: '3' })

  const theirs = await admin.post(path, { ...choice, '_keep.area': 'theirs' })
  expect(theirs.headers.get('location')).toContain('said=amended')
  expect(scene.county.store.record(id)!.fields).toMatchObject({ area: 14, note: '靠大堤', name: '新名字' })
  const mine = await admin.post(path, { ...choice, _act: newId() })
  expect(mine.status).toBe(303)
  expect(scene.county.store.record(id)!.fields.area).toBe(15.5)
})

test('a masked number stays when the form leaves it alone, and is shown only for a reason', async () => {
  scene = await webScene()
  const id = newId()
  scene.county.act(scene.county.store.system, {
    name: 'base.person.created',
    record: id,
    fields: { 'id-number': idNumber(5), name: '周梅', sex: 'female', phone: '13900001234', division: caowei },
  })
  const wen = await scene.by(people.wen)
  const path = `/d/base.person/${id}/amend`
  const form = formOf(await (await wen.get(path)).text(), path)
  expect(JSON.stringify(form)).not.toContain('1234')
  await wen.post(path, { ...form, name: '周小梅' })
  expect(scene.county.store.record(id)!.fields).toMatchObject({ name: '周小梅', phone: '13900001234' })

  expect((await wen.post(`/d/base.person/${id}/reveal`, { reason: '' })).status).toBe(422)
  expect(
    scene.db
      .select()
      .from(audit)
      .all()
      .filter((row) => row.what === 'looked'),
  ).toEqual([])
  const shown = await wen.post(`/d/base.person/${id}/reveal`, { reason: '核对补贴对象' })
  expect(await shown.text()).toContain(idNumber(5))
  expect(shown.headers.get('cache-control')).toBe('no-store')
  expect(
    scene.db
      .select()
      .from(audit)
      .all()
      .filter((row) => row.what === 'looked'),
  ).toMatchObject([{ actor: 'wenbin', about: `base.person/${id}`, detail: '核对补贴对象' }])
  expect((await (await scene.by(people.leader)).get(`/d/base.person/${id}`)).status).toBe(403)
})

test('fifty a page, and the pages together are the whole list', async () => {
  scene = await webScene()
  for (let i = 0; i < 120; i++) scene.plot(caowei, { name: `地块 ${i}` })
  const wen = await scene.by(people.wen)
  const seen = new Set<string>()
  let path: string | undefined = '/d/agri.plot?sort=code'
  let pages = 0
  while (path) {
    const html: string = await (await wen.get(path)).text()
    expect(html).toContain('共 120 条')
    for (const [, id] of html.matchAll(/data-href="\/d\/agri\.plot\/([^"]+)"/g)) seen.add(id!)
    path = /href="([^"]+)"[^>]*rel="next"/.exec(html)?.[1]?.replaceAll('&amp;', '&')
    pages++
  }
  expect([pages, seen.size]).toEqual([3, 120])
})

test('typing two characters finds the record, and filters stay in the address', async () => {
  scene = await webScene()
  scene.plot(caowei, { name: '桔城果园' })
  scene.plot(caowei, { name: '芦苇场西', use: 'aquatic' })
  await scene.county.settle()
  const wen = await scene.by(people.wen)
  const found = await (await wen.get('/d/agri.plot?q=果园')).text()
  expect(found).toContain('桔城果园')
  expect(found).not.toContain('芦苇场西')
  const filtered = await (await wen.get('/d/agri.plot?filter[use]=aquatic')).text()
  expect(filtered).toContain('芦苇场西')
  expect(filtered).not.toContain('桔城果园')
  expect((await wen.get('/d/agri.plot?filter[nothing]=1')).status).toBe(422)
  const picked = await (await wen.get('/pick/agri.plot?q=果园')).text()
  expect(picked).toMatch(/role="option"[^>]*data-label="桔城果园"/)
})

test('what is withdrawn leaves the list and keeps its history', async () => {
  scene = await webScene()
  const id = scene.plot(caowei, { name: '废弃地块' })
  const admin = await scene.by(people.admin)
  const path = `/d/agri.plot/${id}/withdraw`
  const done = await admin.post(path, formOf(await (await admin.get(path)).text(), path))
  expect(done.headers.get('location')).toContain('said=withdrawn')
  expect(await (await admin.get('/d/agri.plot')).text()).not.toContain('废弃地块')
  const page = await (await admin.get(`/d/agri.plot/${id}`)).text()
  expect(page).toContain('已作废')
  expect(page).toContain('作废了地块')
  expect(scene.county.diary(id)).toEqual(['agri.plot.created', 'agri.plot.withdrawn'])
})

test('ticked records are withdrawn together, and what is refused says why', async () => {
  scene = await webScene()
  const [a, b] = [scene.plot(caowei), scene.plot(caowei)]
  const admin = await scene.by(people.admin)
  const done = await admin.post('/d/agri.plot/bulk/withdrawn', { id: [a!, b!] })
  expect(await done.text()).toContain('已办 2 条')
  const again = await admin.post('/d/agri.plot/bulk/withdrawn', { id: [a!] })
  expect(again.status).toBe(200)
  expect(scene.county.diary(a)).toHaveLength(2)
})

test('a declared step has its button, its form and its sentence', async () => {
  scene = await webScene()
  const entity = scene.entity(caowei)
  const admin = await scene.by(people.admin)
  expect(await (await admin.get('/d/agri.plot')).text()).toContain('/d/agri.plot/do/registered')
  const path = '/d/agri.plot/do/registered'
  const form = formOf(await (await admin.get(path)).text(), path)
  const crop = Object.keys(scene.county.store.registry.codes('crop')!.codes)[0]!
  const refused = await admin.post(path, { ...form, name: '北洲子 1 号', crop, entity, division: caowei })
  expect(refused.status).toBe(422)
  const done = await admin.post(path, {
    ...form,
    name: '北洲子 1 号',
    crop,
    entity,
    division: caowei,
    area: '8',
  })
  expect(done.headers.get('location')).toContain('said=agri.plot.registered')
  expect(await (await admin.get(done.headers.get('location')!)).text()).toContain('登记了地块')
})

test('without scripts a reference is found by what people type', async () => {
  scene = await webScene()
  const entity = scene.entity(caowei, 31)
  await scene.county.settle()
  const admin = await scene.by(people.admin)
  const saved = await admin.post('/d/agri.plot', {
    _record: newId(),
    code: 'ZZ-9',
    name: '手填',
    entity: creditCode(31),
    use: 'planting',
    area: '3',
    division: caowei,
  })
  expect(saved.status).toBe(303)
  const [plot] = scene.county.store.look.find('agri.plot', { code: 'ZZ-9' })
  expect((plot!.fields as Record<string, unknown>).entity).toBe(entity)
})

test('a question waits for who keeps the record: masked as the record is, and for nobody of another township', async () => {
  scene = await webScene()
  const id = scene.county.act(people.admin, {
    name: 'base.entity.created',
    fields: {
      code: creditCode(9),
      name: '湖边合作社',
      kind: 'co-operative',
      phone: '13800000001',
      division: caowei,
    },
  }).record!
  for (const phone of ['13873712345', '13973756789'])
    scene.county.act(people.admin, { name: 'base.entity.amended', record: id, base: 1, fields: { phone } })
  const wen = await scene.by(people.wen)
  const path = /href="(\/d\/kernel\.question\/[^"]+)"/.exec(await (await wen.get('/')).text())![1]!
  const api = path.replace('/d/kernel.question/', '/api/v1/datasets/kernel.question/records/')
  for (const where of [path, `${path}/history`, api, `${api}/history`]) {
    const said = await (await wen.get(where)).text()
    expect([where, /13[89]737(12345|56789)/.test(said)]).toEqual([where, false])
  }
  expect(await (await wen.get(path)).text()).toContain('139****6789')
  const form = formOf(await (await wen.get(path)).text(), `${path}/do/answered`)
  expect((await wen.post(`${path}/do/answered`, { ...form, take: 'other' })).status).toBe(303)
  expect(scene.county.store.record(id)!.fields.phone).toBe('13973756789')
  const cao = await scene.by(people.cao)
  expect((await cao.get(path)).status).toBe(404)
})

test('a picture goes into the record by its digest and comes out only to who may see the record', async () => {
  scene = await webScene()
  const admin = await scene.by(people.admin)
  const crop = Object.keys(scene.county.store.registry.codes('crop')!.codes)[0]!
  const picture = new File([new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1, 2, 3])], '芦笋.png', {
    type: 'image/png',
  })
  const record = newId()
  const saved = await admin.post('/d/agri.product', {
    _record: record,
    code: 'LS',
    name: '芦笋',
    crop,
    category: 'vegetable',
    photo: picture,
  })
  expect(saved.status).toBe(303)
  const [photo] = scene.county.store.record(record)!.fields.photo as {
    sha256: string
    name: string
    bytes: number
  }[]
  expect(photo).toMatchObject({ name: '芦笋.png', bytes: 7 })
  const path = `/d/agri.product/${record}/files/photo/${photo!.sha256}`
  const file = await admin.get(path)
  expect([file.headers.get('content-type'), (await file.bytes()).length]).toEqual(['image/png', 7])
  expect((await scene.app.request(path)).status).toBe(303)
  expect((await admin.get(path.replace(photo!.sha256, '0'.repeat(64)))).status).toBe(404)
})

test('what two people disagree on waits on 今日 for who may settle it, and settling it changes the record', async () => {
  scene = await webScene()
  const id = scene.plot(caowei, { name: '争议地块' })
  for (const area of [20, 30])
    scene.county.act(people.admin, { name: 'agri.plot.amended', record: id, base: 1, fields: { area } })
  const admin = await scene.by(people.admin)
  const today = await (await admin.get('/')).text()
  expect(today).toContain('待办 1 项')
  const path = /href="(\/d\/kernel\.question\/[^"]+)"/.exec(today)![1]!
  const question = await (await admin.get(path)).text()
  expect(question).toContain('两处填的不一样')
  const step = `${path}/do/answered`
  const form = formOf(await (await admin.get(step)).text(), step)
  expect((await admin.post(step, { ...form, take: 'other' })).status).toBe(303)
  expect(scene.county.store.record(id)!.fields.area).toBe(30)
  expect(await (await admin.get('/')).text()).toContain('待办 0 项')
})

test('what a farmer asked to have removed is gone from page, history and files, and only an administrator may do it', async () => {
  scene = await webScene()
  const { store } = scene.county
  const { files } = scene.services
  const photo = await files.keep(new File(['身份证照片'], '身份证.jpg', { type: 'image/jpeg' }))
  const product = newId()
  scene.county.act(store.system, {
    name: 'agri.product.created',
    record: product,
    fields: {
      code: 'LS-01',
      name: '鲜芦笋',
      crop: 'reed-shoot',
      category: 'vegetable',
      about: '周梅家自留地所产',
      photo: [photo],
    },
  })
  const path = `/d/agri.product/${product}/redact`
  const admin = await scene.by(people.admin)
  const form = formOf(await (await admin.get(path)).text(), path)
  const nothing = await admin.post(path, { ...form, reason: '' })
  expect(nothing.status).toBe(422)
  expect(await nothing.text()).toContain('请勾选要抹除的内容')
  const done = await admin.post(path, { ...form, fields: ['photo', 'about'], reason: '本人书面要求' })
  expect(done.headers.get('location')).toBe(`/d/agri.product/${product}?said=redacted`)
  expect(store.record(product)!.fields).not.toHaveProperty('about')
  expect(JSON.stringify(store.db.query('select * from change').all())).not.toContain('周梅家自留地')
  expect(await files.open(photo.sha256)).toBeUndefined()
  expect(await (await admin.get(`/d/agri.product/${product}`)).text()).toContain('抹除了部分内容')

  const entity = scene.entity(caowei)
  const asked = await (await admin.get(`/d/base.entity/${entity}/redact`)).text()
  expect(asked).toContain('联系电话')
  expect(asked).not.toContain('13873712345')
  expect((await (await scene.by(people.wen)).get(`/d/base.entity/${entity}/redact`)).status).toBe(403)
  expect(
    scene.db
      .select()
      .from(audit)
      .all()
      .filter((row) => row.what === 'redacted'),
  ).toMatchObject([{ actor: 'admin', about: product, detail: 'photo, about: 本人书面要求' }])
})
