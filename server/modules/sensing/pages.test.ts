import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { people } from '../../../tests/county.ts'
import { type WebScene, webScene } from '../../../tests/web-scene.ts'
import { openTelemetry } from '../../telemetry/open.ts'
import { HotReadings } from '../../telemetry/readings.ts'
import { base } from '../base/index.ts'
import { courseOf, evenly } from './course.tsx'
import { freshness } from './freshness.ts'
import { sensing } from './index.ts'
import { payloadText } from './watch-pages.tsx'

let folder: string
let scene: WebScene
let readings: HotReadings
let gauge: string
const minute = 60_000

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'xianhe-sensing-pages-'))
  const file = join(folder, 'telemetry.db')
  const { db } = openTelemetry(file)
  db.run(`insert into series values (1, 'WL-001', 'water-level'), (2, 'WL-001', 'rainfall')`)
  const now = Math.floor(Date.now() / minute) * minute
  for (let i = 1; i < 60; i++) {
    db.run('insert into reading values (1, ?, ?)', [now - i * 10 * minute, 31 + i / 100])
    db.run('insert into reading values (2, ?, 0.5)', [now - i * 10 * minute])
  }
  db.run(
    `insert into quarantine (at, client, topic, payload, fault, reason) values (${now}, 'c', 'xh/v1/WL-001/readings', cast('<script>alert(1)</script>' as blob), 'unreadable', '{"zh":"报文不是 JSON","en":"not JSON"}')`,
  )
  db.close()
  readings = new HotReadings({ telemetryFile: file })
  scene = await webScene({ modules: [base, sensing], services: { readings } })
  const { county } = scene
  const made = (name: string, fields: Record<string, unknown>) => {
    const receipt = county.act(county.store.system, { name, fields })
    if (receipt.outcome !== 'accepted') throw new Error(receipt.message?.zh)
    return receipt.record!
  }
  gauge = made('sensing.sensor.created', {
    code: 'WL-001',
    name: '草尾水位站',
    kind: 'water',
    division: '430981114',
    metrics: ['water-level', 'rainfall'],
    interval: 10,
    decoder: 'json',
    state: 'working',
  })
  const far = made('sensing.sensor.created', {
    code: 'WL-002',
    name: '南嘴水位站',
    kind: 'water',
    division: '430981107',
    metrics: ['water-level'],
    interval: 10,
    decoder: 'json',
    state: 'working',
  })
  const threshold = made('sensing.threshold.created', {
    name: '草尾警戒',
    sensor: gauge,
    division: '430981114',
    direction: 'above',
    metric: 'water-level',
    orange: 31.5,
    margin: 0.3,
    hold: 5,
    state: 'on',
  })
  for (const [sensor, division, title] of [
    [gauge, '430981114', '草尾水位站 水位 31.62 米,高于 31.5 米'],
    [far, '430981107', '南嘴水位站 已 30 分钟没有数据'],
  ])
    made('sensing.alert.raised', {
      title,
      level: 'orange',
      sensor,
      threshold,
      kind: 'above',
      metric: 'water-level',
      value: 31.62,
      limit: 31.5,
      raised: new Date(now - minute).toISOString(),
      division,
    })
})
afterEach(async () => {
  browsers.clear()
  await scene.close()
  readings.close()
  rmSync(folder, { recursive: true })
})

// One login per person: passwords are slow to check, on purpose.
const browsers = new Map<string, ReturnType<WebScene['by']>>()
async function see(person: Parameters<WebScene['by']>[0], path: string) {
  const browser = await (browsers.get(person.id) ?? browsers.set(person.id, scene.by(person)).get(person.id)!)
  const answer = await browser.get(path)
  return { status: answer.status, text: await answer.text(), type: answer.headers.get('content-type') }
}

test('the sensors of a township with their last value, their day and how fresh they are, and none of another', async () => {
  const { status, text } = await see(people.wen, '/sensing/sensors')
  expect(status).toBe(200)
  expect(text).toContain('草尾水位站')
  expect(text).toContain('31.01')
  expect(text).toContain('10 分钟前')
  expect(text).toContain('<svg class="spark"')
  expect(text).toContain('橙色')
  expect(text).not.toContain('南嘴水位站')
  expect((await see(people.wen, '/sensing/silent')).text).not.toContain('南嘴')
  expect((await see(people.liu, '/sensing/silent')).text).toContain('南嘴水位站')
})

test('a sensor’s page says what is watched in a sentence, and its course can be fetched as CSV', async () => {
  const page = await see(people.wen, `/d/sensing.sensor/${gauge}`)
  expect(page.text).toContain('水位 高于 31.5 米 持续 5 分钟 → 橙色预警,回落到 31.2 米以下解除')
  expect(page.text).toContain('xh/v1/WL-001/readings')
  const csv = await see(people.wen, `/sensing/sensors/${gauge}/readings.csv?metric=water-level&span=day`)
  expect(csv.type).toContain('text/csv')
  expect(csv.text.startsWith('\uFEFF时间,水位(米)\r\n')).toBe(true)
  expect(csv.text.trim().split('\r\n')).toHaveLength(60)
  for (const span of ['day', 'week', 'month', 'quarter', 'nonsense'])
    expect((await see(people.wen, `/sensing/sensors/${gauge}?span=${span}`)).status).toBe(200)
  expect((await see(people.cao, `/sensing/sensors/${gauge}`)).status).toBe(404)
})

test('alerts stand gravest first with the button that confirms them, thresholds read as sentences', async () => {
  const { text } = await see(people.liu, '/sensing/alerts')
  expect(text).toContain('草尾水位站 水位 31.62 米,高于 31.5 米')
  expect(text).toContain('/do/confirmed')
  expect((await see(people.cao, '/sensing/alerts')).text).not.toContain('草尾')
  expect((await see(people.leader, '/sensing/thresholds')).text).toContain('草尾警戒')
  const today = await see(people.wen, '/')
  expect(today.text).toContain('确认预警')
})

test('an unreadable payload is shown as text and never as markup, to those who look after devices', async () => {
  const { text } = await see(people.liu, '/sensing/quarantine')
  expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  expect(text).not.toContain('<script>alert(1)')
  expect((await see(people.wen, '/sensing/quarantine')).status).toBe(403)
  expect(payloadText(Buffer.from([0x7b, 0xff, 0]))).toBe('7b ff 00')
  expect(payloadText(Buffer.from('水'.repeat(100)))).toBe(`${'水'.repeat(66)} …(300 B)`)
})

test('a course keeps its gaps, and rain adds up while levels are means', async () => {
  const day = Date.UTC(2026, 2, 4, 16)
  const points = [
    { at: day, avg: 2, count: 3 },
    { at: day + 2 * 3_600_000, avg: 4, count: 1 },
  ]
  expect(evenly(points, day, day + 3 * 3_600_000, 3_600_000, false).values).toEqual([2, null, 4])
  expect(evenly(points, day, day + 3 * 3_600_000, 3_600_000, true).values).toEqual([6, null, 4])
  const now = Date.now()
  const rain = await courseOf(readings, {
    sensor: 'WL-001',
    metric: 'rainfall',
    from: now - 86_400_000,
    to: now,
    interval: 10,
  })
  expect(rain.values.reduce<number>((sum, each) => sum + (each ?? 0), 0)).toBeCloseTo(29.5, 6)
})

test('a sensor may miss two reports before it is late, and a day before it is silent', () => {
  expect([20, 31, 23 * 60, 25 * 60].map((quiet) => freshness(0, 10, quiet * minute))).toEqual([
    'fresh',
    'late',
    'late',
    'silent',
  ])
  expect(freshness(undefined, 10, 0)).toBe('never')
})
