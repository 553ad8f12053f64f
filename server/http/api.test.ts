import { afterEach, expect, test } from 'bun:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import Ajv2020 from 'ajv/dist/2020.js'
import { people } from '../../tests/county.ts'
import { creditCode, idNumber, type WebScene, webScene } from '../../tests/web-scene.ts'
import type { Actor } from '../kernel/access.ts'
import { newId } from '../kernel/ids.ts'
import { addToken } from './accounts.ts'

let scene: WebScene
afterEach(() => scene.close())

const caowei = '430981114'
const nanzui = '430981107'
// Answers are looked at as a foreign program would.
type Json = any

function program(person: Actor) {
  const { token } = addToken(scene.db, { name: `${person.id}-program`, account: person.id })
  const headers = { authorization: `Bearer ${token}` }
  return {
    get: async (path: string): Promise<{ status: number; type: string; body: Json }> =>
      read(await scene.app.request(path, { headers })),
    post: async (path: string, body: unknown, type = 'application/json') =>
      read(
        await scene.app.request(path, {
          method: 'POST',
          headers: { ...headers, 'content-type': type },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }),
      ),
  }
}
async function read(response: Response) {
  const text = await response.text()
  const type = response.headers.get('content-type') ?? ''
  return {
    status: response.status,
    type,
    body: (type.includes('ndjson')
      ? text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
      : JSON.parse(text)) as Json,
  }
}

const entity = (n: number, more: Record<string, unknown> = {}) => ({
  code: creditCode(n),
  name: `合作社 ${n}`,
  kind: 'co-operative',
  division: caowei,
  state: 'open',
  ...more,
})
const created = (n: number, more?: Record<string, unknown>) => ({
  id: newId(),
  name: 'base.entity.created',
  record: newId(),
  fields: entity(n, more),
})

test('one act, an array and NDJSON are answered act by act, each with its own outcome', async () => {
  scene = await webScene()
  const wen = program(people.wen)
  const act = created(1)
  expect(await wen.post('/api/v1/acts', act)).toMatchObject({
    status: 200,
    body: { id: act.id, outcome: 'accepted', seq: 1, record: act.record },
  })
  const [good, bad, far, forged] = [
    created(2),
    created(3, { code: '123' }),
    created(4, { division: nanzui }),
    { id: 'not-an-id', name: 'base.entity.created' },
  ]
  const many = await wen.post('/api/v1/acts', [act, good, bad, far, forged, null])
  expect(many.status).toBe(200)
  expect(many.body.map((each: Json) => each.outcome)).toEqual([
    'repeated',
    'accepted',
    'refused',
    'refused',
    'refused',
    'refused',
  ])
  expect(many.body[2]).toMatchObject({
    id: bad!.id,
    field: 'code',
    message: expect.stringContaining('统一社会信用代码'),
  })
  const lines = await wen.post(
    '/api/v1/acts',
    `${JSON.stringify(created(5))}\n\n${JSON.stringify(good)}\n`,
    'application/x-ndjson',
  )
  expect(lines.body.map((each: Json) => each.outcome)).toEqual(['accepted', 'repeated'])
  expect(scene.county.diary()).toEqual(Array.from({ length: 3 }, () => 'base.entity.created'))
})

test('a body that cannot be read changes nothing and says where', async () => {
  scene = await webScene()
  const wen = program(people.wen)
  for (const body of ['', '{', `${JSON.stringify(created(1))}\n{broken\n`]) {
    const answer = await wen.post('/api/v1/acts', body)
    expect([answer.status, answer.type]).toEqual([422, 'application/problem+json; charset=utf-8'])
    expect(answer.body).toMatchObject({
      status: 422,
      title: expect.any(String),
      detail: expect.stringContaining('JSON'),
    })
  }
  expect((await wen.post('/api/v1/acts', `${JSON.stringify(created(1))}\n{broken\n`)).body.detail).toContain(
    'line 2',
  )
  expect(scene.county.store.seq).toBe(0)
})

test('an act that follows one which has not come waits for it, and goes in behind it', async () => {
  scene = await webScene()
  const wen = program(people.wen)
  const first = created(1)
  const sequel = {
    id: newId(),
    name: 'base.entity.amended',
    record: first.record,
    base: 1,
    fields: { name: '草尾镇湖边家庭农场' },
    after: [first.id],
  }
  expect((await wen.post('/api/v1/acts', sequel)).body).toMatchObject({ outcome: 'held' })
  expect(scene.county.store.seq).toBe(0)
  expect((await wen.post('/api/v1/acts', first)).body).toMatchObject({ outcome: 'accepted' })
  expect((await wen.post('/api/v1/acts', sequel)).body).toMatchObject({ outcome: 'repeated' })
  expect(scene.county.diary()).toEqual(['base.entity.created', 'base.entity.amended'])
  const wrong = await wen.post('/api/v1/acts', { ...created(2), after: first.id })
  expect(wrong.body).toMatchObject({ outcome: 'refused', field: 'after' })
})

test('an act id that somebody else used is refused', async () => {
  scene = await webScene()
  const act = created(1)
  await program(people.wen).post('/api/v1/acts', act)
  const forged = await program(people.liu).post('/api/v1/acts', {
    ...act,
    record: newId(),
    fields: entity(2),
  })
  expect(forged.body).toMatchObject({ outcome: 'refused', message: expect.stringContaining('他人') })
  expect(scene.county.store.seq).toBe(1)
})

test('two programs that change the same field leave a question, and neither value is lost', async () => {
  scene = await webScene()
  const id = scene.entity(caowei)
  const liu = program(people.liu)
  const amend = (fields: Json) =>
    liu.post('/api/v1/acts', { id: newId(), name: 'base.entity.amended', record: id, base: 1, fields })
  expect((await amend({ address: '堤东路 1 号' })).body.outcome).toBe('accepted')
  const second = await amend({ address: '堤东路 2 号', name: '新名' })
  expect(second.body).toMatchObject({ outcome: 'question', message: expect.any(String) })
  expect(scene.county.store.record(id)!.fields).toMatchObject({ address: '堤东路 1 号', name: '新名' })
  expect(JSON.stringify(scene.county.store.look.find('kernel.question', {}))).toContain('堤东路 2 号')
})

test('records are listed with filter, search, place, order and pages, within scope and masked', async () => {
  scene = await webScene()
  for (let i = 0; i < 30; i++)
    scene.plot(i % 3 ? caowei : nanzui, {
      name: `地块 ${i}`,
      area: i,
      shape: { type: 'Point', coordinates: [112.3 + i / 100, 28.8] },
    })
  await scene.county.settle()
  const admin = program(people.admin)
  const names = async (query: string) =>
    ((await admin.get(`/api/v1/datasets/agri.plot/records?${query}`)).body.records as Json[]).map(
      (each) => each.fields.name,
    )
  expect(await names('sort=area&limit=3')).toEqual(['地块 0', '地块 1', '地块 2'])
  expect(await names('sort=-area&limit=2')).toEqual(['地块 29', '地块 28'])
  expect(await names('filter[area][from]=10&filter[area][to]=12&sort=area')).toEqual([
    '地块 10',
    '地块 11',
    '地块 12',
  ])
  expect(await names('bbox=112.295,28.7,112.315,28.9&sort=area')).toEqual(['地块 0', '地块 1'])
  expect(await names(`division=${nanzui}&limit=1000`)).toHaveLength(10)
  expect(await names('q=地块&limit=1000')).toHaveLength(30)
  const first = (await admin.get('/api/v1/datasets/agri.plot/records?limit=20')).body
  const second = (await admin.get(`/api/v1/datasets/agri.plot/records?limit=20&cursor=${first.next}`)).body
  expect([first.records.length, second.records.length, second.next]).toEqual([20, 10, undefined])
  expect(first.records[0]).toMatchObject({ dataset: 'agri.plot', version: 1, place: { type: 'Point' } })
  for (const wrong of [
    'limit=1001',
    'limit=x',
    'bbox=1,2',
    'filter[nothing]=1',
    'sort=nothing',
    'cursor=nonsense',
  ])
    expect([wrong, (await admin.get(`/api/v1/datasets/agri.plot/records?${wrong}`)).status]).toEqual([
      wrong,
      422,
    ])

  const wen = program(people.wen)
  expect((await wen.get('/api/v1/datasets/base.entity/records?limit=1000')).body.records).toHaveLength(20)
  const person = newId()
  scene.county.act(scene.county.store.system, {
    name: 'base.person.created',
    record: person,
    fields: { 'id-number': idNumber(1), name: '周梅', sex: 'female', division: caowei },
  })
  const shown = (await wen.get(`/api/v1/datasets/base.person/records/${person}`)).body
  expect(shown.masked).toEqual(['id-number'])
  expect(JSON.stringify(shown)).not.toContain(idNumber(1))
  expect(
    JSON.stringify((await wen.get(`/api/v1/datasets/base.person/records/${person}/history`)).body),
  ).not.toContain(idNumber(1))
})

test('a township’s program gets no other township’s record, history or change', async () => {
  scene = await webScene()
  const theirs = scene.entity(nanzui, 1)
  const mine = scene.entity(caowei, 2)
  const wen = program(people.wen)
  expect((await wen.get(`/api/v1/datasets/base.entity/records/${theirs}`)).status).toBe(404)
  expect((await wen.get(`/api/v1/datasets/base.entity/records/${theirs}/history`)).status).toBe(404)
  const { acts, next } = (await wen.get('/api/v1/changes?after=0')).body
  expect(acts.map((act: Json) => act.changes[0].record)).toEqual([mine])
  expect(acts[0]).toMatchObject({
    seq: 2,
    name: 'base.entity.created',
    actor: 'system',
    origin: scene.county.store.node.id,
    changes: [{ dataset: 'base.entity', base: 0, fields: { phone: '138****2345' } }],
  })
  expect(next).toBe(2)
  expect((await wen.get(`/api/v1/changes?after=${next}`)).body).toEqual({ acts: [], next: 2, more: false })
  expect((await wen.get('/api/v1/datasets/nope/records')).status).toBe(404)
  expect((await scene.app.request('/api/v1/datasets')).status).toBe(401)
})

test('an amended record moves the reader of changes even when nothing of it may be seen', async () => {
  scene = await webScene()
  for (let i = 0; i < 40; i++) scene.entity(nanzui, 10 + i)
  const wen = program(people.wen)
  expect((await wen.get('/api/v1/changes?after=0&limit=5')).body).toEqual({ acts: [], next: 40, more: false })
})

test('readings are given to who may see the sensor', async () => {
  const asked: unknown[] = []
  scene = await webScene({
    services: {
      readings: {
        latest: () => [],
        status: () => new Map(),
        quarantine: () => [],
        counters: () => ({ stored: 0, quarantined: 0, clients: 0 }),
        series: async (query) => {
          asked.push(query)
          return [{ at: query.from, avg: 31.2, min: 31, max: 31.4, count: 12 }]
        },
      },
    },
    modules: [
      {
        name: 'gauges',
        title: { zh: '水尺', en: 'Gauges' },
        roles: [{ name: 'administrator', title: { zh: '管理员', en: 'Administrator' } }],
        grants: [{ role: 'administrator', read: ['*'], act: ['*'], may: ['*'] }],
        mayReadSensor: async (desk, sensor) => sensor === 'wl-01' && desk.actor.id.startsWith('token:admin'),
      },
    ],
  })
  const path =
    '/api/v1/readings?sensor=wl-01&metric=water-level&from=2026-03-05T00:00:00Z&to=2026-03-06T00:00:00Z&bucket=1h'
  const answer = await program(people.admin).get(path)
  expect(answer.body).toMatchObject({
    sensor: 'wl-01',
    bucket: 3_600_000,
    points: [{ at: '2026-03-05T00:00:00.000Z', avg: 31.2, count: 12 }],
  })
  expect(asked).toEqual([
    {
      sensor: 'wl-01',
      metric: 'water-level',
      from: 1_772_668_800_000,
      to: 1_772_755_200_000,
      bucket: 3_600_000,
    },
  ])
  expect((await program(people.wen).get(path)).status).toBe(404)
})

test('every dataset is a JSON Schema 2020-12 that accepts the sample records', async () => {
  scene = await webScene()
  const admin = program(people.admin)
  const { datasets } = (await admin.get('/api/v1/datasets')).body
  expect(datasets.length).toBeGreaterThan(5)
  const id = scene.plot(caowei)
  for (const { name, title } of datasets) {
    const { body: schema, type } = await admin.get(`/api/v1/datasets/${name}`)
    expect(type).toContain('application/schema+json')
    expect(schema['x-title']).toEqual(title)
    for (const property of Object.values(schema.properties) as Json[])
      expect(property['x-title']).toMatchObject({ zh: expect.any(String), en: expect.any(String) })
    const check = new Ajv2020({ strict: false, validateFormats: false }).compile(schema)
    if (name === 'agri.plot')
      expect(check((await admin.get(`/api/v1/datasets/agri.plot/records/${id}`)).body.fields)).toBe(true)
    if (name === 'agri.plot') expect(check({ code: 'ZZ-1', area: -1 })).toBe(false)
  }
})

test('the OpenAPI document is valid and names every route the API answers', async () => {
  scene = await webScene()
  const document = (await read(await scene.app.request('/api/v1/openapi.json'))).body
  const result = await new Validator().validate(structuredClone(document))
  expect(result.errors ?? []).toEqual([])
  expect(result.valid).toBe(true)
  const described = Object.entries(document.paths as Json).flatMap(([path, methods]) =>
    Object.keys(methods as Json).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const routes = scene.app.routes
    .filter(
      (route) =>
        (route.path.startsWith('/api/v1/') || ['/healthz', '/metrics', '/events'].includes(route.path)) &&
        route.method !== 'ALL',
    )
    .map((route) => `${route.method} ${route.path.replaceAll(/:(\w+)/g, '{$1}')}`)
  expect(described.sort()).toEqual([...new Set(routes)].sort())
  // Unknown addresses under /api answer as the API does.
  const unknown = await read(
    await scene.app.request('/api/v1/nothing', {
      headers: { authorization: `Bearer ${addToken(scene.db, { name: 'walker', account: 'admin' }).token}` },
    }),
  )
  expect([unknown.status, unknown.type]).toEqual([404, 'application/problem+json; charset=utf-8'])
})
