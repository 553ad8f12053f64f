import { afterEach, beforeEach, expect, test } from 'bun:test'
import { Device } from '../../seed/simulator/device.ts'
import { people } from '../../tests/county.ts'
import { type SensingScene, sensingScene, until } from '../../tests/sensing-scene.ts'
import { alerts } from '../modules/sensing/dataset.ts'
import { Crossings } from './crossings.ts'

let scene: SensingScene
let crossings: Crossings
beforeEach(() => {
  scene = sensingScene()
  crossings = new Crossings({
    store: scene.store,
    telemetryFile: scene.telemetryFile,
    report: (problem) => {
      throw new Error(problem.reason.zh)
    },
  })
})
afterEach(async () => {
  crossings.stop()
  await scene.end()
})

const device = (port: number, code: string, password: string) =>
  new Device({ host: '127.0.0.1', port, clientId: code, username: code, password })
const minutesAgo = (n: number) => Math.floor(Date.now() / 60_000) * 60_000 - n * 60_000
const level = (at: number, value: number) => JSON.stringify({ at, values: { 'water-level': value } })
const alertsNow = () => scene.store.look.find(alerts, {}).map((each) => each.fields)

test('high water becomes an alert at its place, steps up, and is over when the water is down', async () => {
  const sensor = scene.sensor('WL-001')
  const threshold = scene.threshold(sensor, { yellow: 31, orange: 31.5, margin: 0.3, hold: 5 })
  const token = scene.token('WL-001')
  const { port } = await scene.ingest()
  const gauge = device(port, 'WL-001', token)
  const say = (ago: number, value: number) =>
    gauge.send('xh/v1/WL-001/readings', level(minutesAgo(ago), value))

  for (const ago of [30, 29, 28]) await say(ago, 31.2)
  crossings.look()
  expect(alertsNow()).toEqual([])

  await say(24, 31.2)
  await until('ingest hints at a crossing', () => scene.hints.find((hint) => hint.name === 'crossing'))
  expect(crossings.look()).toBe(1)
  const [alert] = alertsNow()
  expect(alert).toMatchObject({
    title: '万子湖水位站 水位 31.2 米,高于 31 米',
    level: 'yellow',
    state: 'open',
    sensor,
    threshold,
    kind: 'above',
    metric: 'water-level',
    value: 31.2,
    limit: 31,
    raised: new Date(minutesAgo(24)).toISOString(),
    place: { type: 'Point', coordinates: [112.49, 28.93] },
    division: '430981105',
  })

  const id = scene.store.look.find(alerts, {})[0]!.id
  expect(
    scene.act(people.liu, { name: 'sensing.alert.confirmed', record: id, fields: { remark: '已通知值守' } })
      .outcome,
  ).toBe('accepted')
  for (const ago of [20, 15, 14]) await say(ago, 31.8)
  crossings.look()
  // Graver than what was confirmed: someone should look again.
  expect(alertsNow()).toMatchObject([{ level: 'orange', limit: 31.5, state: 'open' }])
  await say(10, 30.6)
  crossings.look()
  expect(alertsNow()).toMatchObject([{ state: 'cleared', cleared: new Date(minutesAgo(10)).toISOString() }])
  expect(scene.diary(id)).toEqual([
    'sensing.alert.raised',
    'sensing.alert.confirmed',
    'sensing.alert.stepped',
    'sensing.alert.cleared',
  ])
  await gauge.end()
})

test('a night of readings sent at once in the morning raises what the night held', async () => {
  scene.threshold(scene.sensor('WL-001'), { red: 33, hold: 10 })
  const token = scene.token('WL-001')
  const { port } = await scene.ingest()
  const gauge = device(port, 'WL-001', token)
  const night = Array.from({ length: 60 }, (_, i) => ({
    at: minutesAgo(600 - i * 5),
    values: { 'water-level': i > 20 && i < 40 ? 33.4 : 32 },
  }))
  // Stored newest first, as some loggers do: within one message time decides, not the order.
  await gauge.send('xh/v1/WL-001/readings', JSON.stringify(night.reverse()))
  crossings.look()
  expect(alertsNow()).toMatchObject([
    {
      level: 'red',
      state: 'cleared',
      raised: new Date(minutesAgo(600 - 23 * 5)).toISOString(),
      cleared: new Date(minutesAgo(600 - 40 * 5)).toISOString(),
    },
  ])
  await gauge.end()
})

test('an alert under way ends when its threshold is switched off, or its sensor goes to repair', async () => {
  const [one, two] = [scene.sensor('WL-001'), scene.sensor('WL-002', { name: '南嘴水位站' })]
  const threshold = scene.threshold(one, { blue: 30 })
  scene.threshold(two, { blue: 30 })
  const tokens = [scene.token('WL-001'), scene.token('WL-002')]
  const { port, hear } = await scene.ingest()
  const gauges = ['WL-001', 'WL-002'].map((code, i) => device(port, code, tokens[i]!))
  for (const [i, gauge] of gauges.entries())
    await gauge.send(`xh/v1/WL-00${i + 1}/readings`, level(minutesAgo(2), 31))
  crossings.look()
  expect(alertsNow().map((each) => each.state)).toEqual(['open', 'open'])
  expect(
    scene.act(people.liu, { name: 'sensing.threshold.amended', record: threshold, fields: { state: 'off' } })
      .message,
  ).toBeUndefined()
  expect(
    scene.act(people.liu, { name: 'sensing.sensor.taken-out', record: two, fields: { remark: '浮子卡住' } })
      .message,
  ).toBeUndefined()
  hear('thresholds-changed')
  crossings.look()
  expect(alertsNow().map((each) => each.state)).toEqual(['cleared', 'cleared'])
  for (const gauge of gauges) await gauge.end()
})

test('what a person called a false alarm stays one', async () => {
  scene.threshold(scene.sensor('WL-001'), { yellow: 31, orange: 32 })
  const token = scene.token('WL-001')
  const { port } = await scene.ingest()
  const gauge = device(port, 'WL-001', token)
  await gauge.send('xh/v1/WL-001/readings', level(minutesAgo(9), 31.5))
  crossings.look()
  const id = scene.store.look.find(alerts, {})[0]!.id
  expect(
    scene.act(people.liu, { name: 'sensing.alert.dismissed', record: id, fields: { remark: '水草缠住浮子' } })
      .outcome,
  ).toBe('accepted')
  await gauge.send('xh/v1/WL-001/readings', level(minutesAgo(8), 32.5))
  await gauge.send('xh/v1/WL-001/readings', level(minutesAgo(7), 30.5))
  crossings.look()
  expect(alertsNow()).toMatchObject([{ state: 'dismissed', remark: '水草缠住浮子', level: 'yellow' }])
  expect(alertsNow()[0]!.cleared).toBeDefined()
  await gauge.end()
})

test('crossings told again from the beginning are repetitions, also to a store that was restored', async () => {
  scene.threshold(scene.sensor('WL-001'), { yellow: 31 })
  const token = scene.token('WL-001')
  const { port } = await scene.ingest()
  const gauge = device(port, 'WL-001', token)
  for (let i = 0; i < 6; i++)
    await gauge.send('xh/v1/WL-001/readings', level(minutesAgo(30 - i), i % 2 ? 30 : 32))
  expect(crossings.look()).toBe(6)
  const diary = scene.diary()
  scene.store.db.run(`delete from cursor where name like 'crossings:%'`)
  expect(crossings.look()).toBe(6)
  expect(scene.diary()).toEqual(diary)
  expect(alertsNow().map((each) => each.state)).toEqual(['cleared', 'cleared', 'cleared'])
  await gauge.end()
})

test('only the box raises alerts, and a threshold that cannot fire is refused with a sentence', () => {
  const sensor = scene.sensor('WL-001')
  const raise = scene.act(people.admin, {
    name: 'sensing.alert.raised',
    fields: {
      title: '假的',
      level: 'red',
      sensor,
      kind: 'above',
      raised: new Date().toISOString(),
      division: '430981105',
    },
  })
  expect(raise).toMatchObject({
    outcome: 'refused',
    message: { zh: '预警由监测数据越过阈值时自动发出;现场发现的险情请上报事件' },
  })
  const threshold = (fields: Record<string, unknown>) =>
    scene.act(people.liu, {
      name: 'sensing.threshold.created',
      fields: {
        name: '试',
        sensor,
        division: '430981105',
        direction: 'above',
        metric: 'water-level',
        state: 'on',
        ...fields,
      },
    }).message?.zh
  expect(threshold({})).toBe('请至少填写一个级别的界值')
  expect(threshold({ yellow: 32, orange: 31 })).toBe('橙色界值应大于黄色界值 32')
  expect(threshold({ direction: 'below', yellow: 3, red: 4 })).toBe('红色界值应小于黄色界值 3')
  expect(threshold({ metric: 'ph', yellow: 9 })).toBe(
    '「万子湖水位站」不测pH 值,请选它的指标,或先在设备档案里加上',
  )
  expect(threshold({ direction: 'silent' })).toBe('请填写多久没有数据算失联')
  expect(threshold({ yellow: 31 })).toBeUndefined()
})
