// docs/contracts.md, line by line, asked of a real box the way other programs ask: HTTP, MQTT, the command line. What
// a room's own tests hold already (packages, tus, decoders, OpenAPI schemas) is not told again here.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import { type RunningBox, run, startBox } from '../journeys/box.ts'

setDefaultTimeout(60_000)

const source = resolve(import.meta.dir, '../..')
const program = [process.execPath, join(source, 'xianhe.ts')]
const contracts = readFileSync(join(source, 'docs/contracts.md'), 'utf8')
const root = mkdtempSync(join(tmpdir(), 'xianhe-contracts-'))
let box: RunningBox
let headers: { authorization: string }
let secret: string

beforeAll(async () => {
  box = await startBox({ seed: true })
  await box.allUp()
  const { token } = (await box.cli('token', 'add', 'contracts', '--account', 'liujianguo', '--json')).json()
  headers = { authorization: `Bearer ${token}` }
  secret = (await box.cli('device', 'add', 'WL-001', '--json')).json().token
}, 240_000)
afterAll(async () => {
  await box.stop()
  rmSync(root, { recursive: true })
})

const ask = (path: string, init: RequestInit & { headers?: Record<string, string> } = {}) =>
  fetch(box.url + path, { ...init, headers: { ...headers, ...init.headers } })
const got = async (path: string) => (await ask(path)).json() as Promise<any>
const api = '/api/v1/datasets'

// --- HTTP -----------------------------------------------------------------------------------------------------------

test('/healthz and /metrics answer without login, in the agreed members', async () => {
  const health = (await (await fetch(`${box.url}/healthz`)).json()) as Record<string, unknown>
  expect(Object.keys(health).sort()).toEqual(['node', 'parts', 'status', 'uptimeSeconds', 'version'])
  expect(health.status).toBe('ok')
  const metrics = await fetch(`${box.url}/metrics`)
  expect(metrics.headers.get('content-type')).toStartWith('text/plain')
  for (const line of (await metrics.text()).split('\n').filter((each) => each && !each.startsWith('#')))
    expect(line).toMatch(/^[a-z_]+(\{([a-z]+="[^"]*",?)*\})? [-+.\de]+(Inf)?$/)
})

test('a program is told in problem+json what is wrong, a person gets a page', async () => {
  for (const [path, init, status] of [
    [api, { headers: { authorization: '' } }, 401],
    [api, { headers: { authorization: 'Bearer nobody' } }, 401],
    [`${api}/no.such`, {}, 404],
    [`${api}/agri.plot/records/${Bun.randomUUIDv7()}`, {}, 404],
    ['/api/v1/nothing', {}, 404],
    ['/api/v1/readings', {}, 422],
    [`${api}/agri.plot/records?cursor=%00`, {}, 422],
    [
      '/api/v1/acts',
      { method: 'POST', body: '{"id":', headers: { 'content-type': 'application/json' } },
      422,
    ],
  ] as const) {
    const answer = await ask(path, init as RequestInit & { headers?: Record<string, string> })
    expect([path, answer.status]).toEqual([path, status])
    expect(answer.headers.get('content-type')).toStartWith('application/problem+json')
    const problem = (await answer.json()) as { title: string; status: number }
    expect([problem.status, problem.title.length > 1]).toEqual([status, true])
  }
  const { cookie } = await session('liujianguo')
  const page = await fetch(`${box.url}/d/no.such`, { headers: { cookie, accept: 'text/html' } })
  expect([page.status, page.headers.get('content-type')]).toEqual([404, expect.stringContaining('text/html')])
})

test('records come in pages by key, filtered, sorted, by place and division, at most a thousand at once', async () => {
  const ids = new Set<string>()
  let [next, pages] = ['', 0]
  do {
    const page = await got(
      `${api}/agri.plot/records?limit=1000${next && `&cursor=${encodeURIComponent(next)}`}`,
    )
    expect(page.records.length).toBeLessThanOrEqual(1000)
    for (const each of page.records) ids.add(each.id)
    next = page.next ?? ''
    pages++
  } while (next)
  expect(pages).toBeGreaterThan(1)
  expect((await got(`${api}/agri.plot/records`)).records).toHaveLength(50)
  expect((await ask(`${api}/agri.plot/records?limit=1001`)).status).not.toBe(500)

  const town = await got(`${api}/agri.plot/records?division=430981114&limit=1000`)
  expect(town.records.every((each: any) => each.division.startsWith('430981114'))).toBe(true)
  expect(town.records.length).toBeLessThan(ids.size)
  const wide = await got(`${api}/agri.plot/records?sort=-area&limit=5`)
  const areas = wide.records.map((each: any) => each.fields.area)
  expect(areas).toEqual(areas.toSorted((a: number, b: number) => b - a))
  const crops = await got(`${api}/agri.plot/records?filter[crop]=reed-shoot,lotus-root&limit=200`)
  expect(new Set(crops.records.map((each: any) => each.fields.crop))).toEqual(
    new Set(['reed-shoot', 'lotus-root']),
  )
  const range = await got(`${api}/agri.plot/records?filter[area][from]=10&filter[area][to]=20`)
  expect(range.records.length).toBeGreaterThan(0)
  for (const each of range.records) expect(each.fields.area >= 10 && each.fields.area <= 20).toBe(true)
  const near = await got(`${api}/sensing.sensor/records?bbox=112.3,28.7,112.5,28.9&limit=1000`)
  expect(near.records.length).toBeGreaterThan(0)
  for (const { place } of near.records) {
    expect(place.coordinates[0]).toBeWithin(112.3, 112.5)
    expect(place.coordinates[1]).toBeWithin(28.7, 28.9)
  }
})

test('a record carries its members, its masks by name, its version as ETag, and its acts', async () => {
  const [one] = (await got(`${api}/base.entity/records?limit=1`)).records
  expect(Object.keys(one)).toEqual(expect.arrayContaining(['id', 'dataset', 'version', 'division', 'fields']))
  expect(one.masked).toContain('phone')
  expect(one.fields.phone).toMatch(/\*{4}/)
  const answer = await ask(`${api}/base.entity/records/${one.id}`)
  expect(answer.headers.get('etag')).toContain(String(one.version))
  expect(await answer.json()).toEqual(one)
  const { acts } = await got(`${api}/base.entity/records/${one.id}/history`)
  expect(acts.at(-1)).toMatchObject({ changes: [{ dataset: 'base.entity', record: one.id }] })
  for (const each of ['id', 'seq', 'name', 'actor', 'at', 'origin']) expect(acts[0]).toHaveProperty(each)
  expect(JSON.stringify(acts)).not.toMatch(/(?<!\d)1[3-9]\d{9}(?!\d)/)
})

test('acts as NDJSON are answered one by one, in order, with status 200', async () => {
  const act = (fields: object, id = Bun.randomUUIDv7()) => ({ id, name: 'base.division.created', fields })
  const good = act({ code: '430981114777', name: '苇荡村', level: 'village' })
  const bad = act({ code: '12', name: '哪里', level: 'village' })
  const unknown = { id: Bun.randomUUIDv7(), name: 'base.division.exploded', fields: {} }
  const answer = await ask('/api/v1/acts', {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', authorization: await adminBearer() },
    body: [good, good, bad, unknown].map((each) => JSON.stringify(each)).join('\n'),
  })
  expect(answer.status).toBe(200)
  const said = (await answer.text()).trim()
  const all = said.startsWith('[') ? JSON.parse(said) : said.split('\n').map((line) => JSON.parse(line))
  expect(all.map((each: any) => [each.id, each.outcome])).toEqual([
    [good.id, 'accepted'],
    [good.id, 'repeated'],
    [bad.id, 'refused'],
    [unknown.id, 'refused'],
  ])
  expect(all[2]).toMatchObject({ field: 'code', message: expect.stringMatching(/\p{Script=Han}/u) })
  expect(all[1].seq).toBe(all[0].seq)
})

test('changes are read to their end by asking again after «next»', async () => {
  const first = await got(`/api/v1/changes?after=0&limit=10`)
  expect(Object.keys(first).sort()).toEqual(['acts', 'more', 'next'])
  expect(first.acts.length).toBeLessThanOrEqual(10)
  const second = await got(`/api/v1/changes?after=${first.next}&limit=10`)
  expect(second.acts[0].seq).toBeGreaterThan(first.acts.at(-1).seq)
  let [after, rounds, more] = [0, 0, true]
  while (more && rounds++ < 200)
    ({ next: after, more } = await got(`/api/v1/changes?after=${after}&limit=1000`))
  expect(more).toBe(false)
  expect((await got(`/api/v1/changes?after=${after}`)).acts).toEqual([])
})

test('readings are raw, or rolled up into buckets whose counts add up', async () => {
  const device = await gauge()
  const from = Date.UTC(2026, 0, 5, 4)
  const values = [30.1, 30.2, 30.6, 31.4]
  await device.publishAsync(
    'xh/v1/WL-001/readings',
    JSON.stringify(
      values.map((value, i) => ({ at: from + i * 20 * 60_000, values: { 'water-level': value } })),
    ),
    { qos: 1 },
  )
  await device.endAsync()
  const query = `sensor=WL-001&metric=water-level&from=${iso(from)}&to=${iso(from + 3 * 3_600_000)}`
  const raw = await got(`/api/v1/readings?${query}`)
  expect(raw.points.map((each: any) => each.value)).toEqual(values)
  expect(raw.points[1].at).toBe(iso(from + 20 * 60_000))
  for (const bucket of ['1h', String(3_600_000)]) {
    const rolled = await got(`/api/v1/readings?${query}&bucket=${bucket}`)
    expect(rolled.points.map((each: any) => [each.count, each.min, each.max])).toEqual([
      [3, 30.1, 30.6],
      [1, 31.4, 31.4],
    ])
    expect(rolled.points[0].avg).toBeCloseTo(30.3, 6)
  }
  expect((await ask(`/api/v1/readings?${query}&bucket=soon`)).status).toBe(422)
})

test('/events tells where to look again, as server-sent events', async () => {
  const hush = new AbortController()
  const answer = await ask('/events?topics=base.division', { signal: hush.signal })
  expect(answer.headers.get('content-type')).toStartWith('text/event-stream')
  const body = JSON.stringify({
    id: Bun.randomUUIDv7(),
    name: 'base.division.created',
    fields: { code: '430981114778', name: '苇荡二村', level: 'village' },
  })
  const decoder = new TextDecoder()
  let heard = ''
  const reading = (async () => {
    for await (const chunk of answer.body!) {
      heard += decoder.decode(chunk, { stream: true })
      if (/^event: base\.division/m.test(heard)) return
    }
  })()
  await ask('/api/v1/acts', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: await adminBearer() },
    body,
  })
  await reading
  expect(heard).not.toContain('苇荡二村')
  hush.abort()
})

test('a trace code and its GS1 Digital Link lead to the same public page', async () => {
  const products = (await got(`${api}/agri.product/records?limit=100`)).records
  const coded = products.find((each: any) => each.fields.gtin)
  const [batch] = (await got(`${api}/agri.batch/records?filter[product]=${coded.id}&limit=1`)).records
  const { code } = batch.fields
  const byCode = await (await fetch(`${box.url}/t/${code}`)).text()
  const link = await fetch(`${box.url}/01/${coded.fields.gtin}/10/${code}`)
  expect(link.status).toBe(200)
  const title = /<h1>[^<]+<\/h1>/
  expect(title.exec(await link.text())![0]).toBe(title.exec(byCode)![0])
  expect((await fetch(`${box.url}/t/43098111499999999999`)).status).toBe(404)
})

// --- MQTT -----------------------------------------------------------------------------------------------------------

test('QoS 1 and 2, epoch milliseconds and ISO 8601, one or several: what was acknowledged can be read', async () => {
  const device = await gauge()
  const base = Date.UTC(2026, 0, 6, 4)
  const send = (qos: 1 | 2, payload: unknown) =>
    device.publishAsync('xh/v1/WL-001/readings', JSON.stringify(payload), { qos })
  await send(1, { at: base, values: { 'water-level': 30.01 } })
  await send(2, { at: iso(base + 60_000), values: { 'water-level': 30.02, battery: null } })
  await send(1, [
    { at: '2026-01-06T12:02:00+08:00', values: { 'water-level': 30.03 } },
    { at: base + 180_000, values: { 'water-level': 30.04 } },
  ])
  await send(1, { at: base, values: { 'water-level': 99 } })
  await device.endAsync()
  const { points } = await got(
    `/api/v1/readings?sensor=WL-001&metric=water-level&from=${iso(base)}&to=${iso(base + 600_000)}`,
  )
  // (sensor, metric, at) is unique: the first stands.
  expect(points.map((each: any) => each.value)).toEqual([30.01, 30.02, 30.03, 30.04])
})

test('status is retained, commands come from the box only, and nobody speaks for another sensor', async () => {
  const device = await gauge()
  await device.publishAsync('xh/v1/WL-001/status', 'online', { qos: 1, retain: true })
  await device.endAsync()
  const later = await gauge()
  const heard = new Promise<string>((resolve) =>
    later.once('message', (_, payload) => resolve(String(payload))),
  )
  await later.subscribeAsync('xh/v1/WL-001/status')
  expect(await heard).toBe('online')
  for (const topic of ['xh/v1/WL-002/readings', 'xh/v1/WL-001/commands', 'somewhere/else']) {
    const other = await gauge(`rogue-${topic.length}`)
    const ended = new Promise((resolve) => other.once('close', () => resolve('closed')))
    other.publishAsync(topic, '{"values":{"water-level":1}}', { qos: 1 }).catch(() => {})
    expect(await ended).toBe('closed')
    other.end(true)
  }
  await later.endAsync()
})

test('what cannot be read is acknowledged and kept whole, with its reason, for staff', async () => {
  const device = await gauge()
  await device.publishAsync('xh/v1/WL-001/readings', 'H2=30.1;;not json', { qos: 1 })
  await device.endAsync()
  const { cookie } = await session('admin')
  const page = await (await fetch(`${box.url}/sensing/quarantine`, { headers: { cookie } })).text()
  expect(page).toContain('H2=30.1;;not json')
})

// --- command line -----------------------------------------------------------------------------------------------------

test('every verb that reports prints one JSON value with --json and nothing on stderr', async () => {
  const out = join(root, 'plots.csv')
  for (const words of [
    ['user', 'list'],
    ['token', 'list'],
    ['device', 'list'],
    ['peer', 'list'],
    ['peer', 'card'],
    ['settings'],
    ['doctor'],
    ['version'],
    ['help'],
    ['export', 'agri.plot', '--format', 'csv', '--to', out],
    ['import', 'agri.plot', out],
    ['rebuild', 'search'],
  ]) {
    const said = await box.cli(...words, '--json')
    expect([words, said.code, said.err]).toEqual([words, 0, ''])
    expect(() => JSON.parse(said.out)).not.toThrow()
  }
})

test('a refused verb says in one line why and what to do, in the language asked for, and ends with 1', async () => {
  const file = join(root, 'nothing.xhp')
  writeFileSync(file, 'not a package')
  const bad = join(root, 'bad.csv')
  writeFileSync(bad, '地块编号,名称,面积(亩)\n4309811141830434,没有主体的地块,-3\n')
  for (const words of [
    ['receive', file],
    ['receive', join(root, 'not-there.xhp')],
    ['verify', file],
    ['import', 'agri.plot', join(root, 'not-there.csv')],
    ['import', 'no.such', bad],
    ['export', 'no.such'],
    ['restore', file, '--data', box.data],
    ['package', '--for', '没有这个节点'],
    ['sync'],
    ['device', 'disable', 'XX-999'],
    ['peer', 'add', '{"format":"something else"}'],
  ])
    for (const lang of ['zh', 'en']) {
      const said = await box.cli(...words, '--lang', lang)
      expect([words, said.code]).toEqual([words, 1])
      expect([words, said.err.trimEnd().split('\n').length]).toEqual([words, 1])
      expect([words, lang, /\p{Script=Han}/u.test(said.err.replaceAll('没有这个节点', ''))]).toEqual([
        words,
        lang,
        lang === 'zh',
      ])
    }
  const listed = await box.cli('import', 'agri.plot', bad, '--json')
  expect(listed.code).toBe(1)
  expect(JSON.stringify(listed.json())).toMatch(/面积/)
})

// --- the page itself ----------------------------------------------------------------------------------------------------

test('the page names every verb, every setting and every address of the API, and no others', async () => {
  const verbs = (await run(program, ['help', '--json'])).json() as { name: string; hidden?: boolean }[]
  for (const { name } of verbs) expect([name, contracts.includes(`\`${name}`)]).toEqual([name, true])
  expect(new Set(verbs.map((each) => each.name)).size).toBe(verbs.length)
  const { settings } = (await box.cli('settings', '--json')).json() as { settings: { name: string }[] }
  const listed = contracts.slice(contracts.indexOf('### Settings'), contracts.indexOf('## HTTP'))
  for (const { name } of settings) expect([name, listed.includes(`\`${name}\``)]).toEqual([name, true])
  for (const [, names] of listed.matchAll(/^\| (`[^|]+) \|/gm))
    for (const [, name] of names!.matchAll(/`([^`]+)`/g))
      expect([name, settings.some((each) => each.name === name)]).toEqual([name, true])
  const { paths } = await got('/api/v1/openapi.json')
  const page = contracts.replaceAll('…', '/api/v1/datasets/{dataset}')
  for (const path of Object.keys(paths))
    expect([
      path,
      page.includes(path) || page.includes(path.replace('/api/v1/datasets/{dataset}/records', '')),
    ]).toEqual([path, true])
})

const iso = (at: number) => new Date(at).toISOString()

const gauge = (clientId = 'WL-001'): Promise<MqttClient> =>
  connectAsync(`mqtt://127.0.0.1:${box.mqttPort}`, {
    clientId,
    protocolVersion: 4,
    username: 'WL-001',
    password: secret,
    reconnectPeriod: 0,
  })

let admin: string | undefined
async function adminBearer(): Promise<string> {
  admin ??= (await box.cli('token', 'add', 'contracts-admin', '--account', 'admin', '--json')).json().token
  return `Bearer ${admin}`
}

async function session(name: string) {
  const answer = await fetch(`${box.url}/login`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ name, password: 'Dongting-2026' }),
  })
  return { cookie: answer.headers.get('set-cookie')!.split(';')[0]! }
}
