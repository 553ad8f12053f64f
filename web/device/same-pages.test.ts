// Nobody is shown a different program when the line is down: each field page is drawn by the box and by a device over
// the same records, and compared word for word, but for what a device cannot have and says so.

import 'fake-indexeddb/auto'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Hono } from 'hono'
import type { Env } from '../../server/http/module.ts'
import { fieldPages } from '../../server/http/records/field-pages.ts'
import type { Actor } from '../../server/kernel/access.ts'
import type { Desk } from '../../server/kernel/desk.ts'
import { sayIn } from '../../server/kernel/words.ts'
import { reedScene } from '../../server/modules/agri/scene.ts'
import { modules } from '../../server/modules/roll-call.ts'
import { type County, people, sampleCounty } from '../../tests/county.ts'
import { DeviceDesk } from './device-desk.ts'
import { Outbox } from './outbox.ts'
import { Replica } from './replica.ts'
import { Shelf } from './shelf.ts'
import { newLock } from './vault.ts'

let county: County
let mei: Actor
let boxDesk: Desk
let deviceDesk: Desk
let scene: ReturnType<typeof reedScene>
let batch: string

beforeAll(async () => {
  county = sampleCounty()
  scene = reedScene(county.store)
  mei = { ...people.mei, division: '430981114', entity: scene.coop }
  const act = (name: string, record: string | undefined, fields: Record<string, unknown>) => {
    const receipt = county.act(mei, { name, record, fields })
    if (receipt.outcome !== 'accepted') throw new Error(`${name}: ${receipt.message?.zh}`)
    return receipt.record!
  }
  batch = act('agri.batch.opened', undefined, {
    product: scene.reed,
    plot: scene.plot,
    started: '2026-01-05',
  })
  act('agri.batch.farm-work-recorded', batch, {
    kind: 'weeding',
    on: '2026-02-01',
    operator: '周梅',
    note: '湖边除草',
  })
  act('agri.batch.harvested', batch, { on: '2026-03-05', quantity: 320 })
  await county.settle()

  const { key } = await newLock('246810')
  const shelf = await Shelf.open('same-pages')
  const replica = await Replica.load(shelf, key, county.store.registry)
  const all = county.desk(mei).changedSince(0, 100_000)
  await replica.take(all.records, all.gone, {})
  boxDesk = county.desk(mei)
  deviceDesk = new DeviceDesk(county.store.registry, mei, replica, await Outbox.load(shelf, key))
})
afterAll(() => county.close())

function appOver(desk: () => Desk, actor = () => mei) {
  const app = new Hono<Env>()
  app.use('*', async (c, next) => {
    c.set('desk', desk())
    c.set('actor', actor())
    c.set('lang', 'zh')
    c.set('t', sayIn('zh'))
    c.set('csrf', '')
    c.set('nonce', '')
    c.set('house', { county: { zh: '沅江市', en: 'Yuanjiang' }, modules, node: county.store.node.id })
    await next()
  })
  for (const module of modules) module.fieldPages?.(app)
  fieldPages(app)
  return app
}
const box = appOver(() => boxDesk)
const device = appOver(() => deviceDesk)

/** The page as people read it, line by line; ids that a form makes anew, and the diary, which stays at the box, left out. */
async function said(app: Hono<Env>, path: string): Promise<string[]> {
  const answer = await app.request(path)
  const html = (await answer.text())
    .replaceAll(/<section class="history[\s\S]*?<\/section>/g, '')
    .replaceAll(/<h2[^>]*>经过<\/h2>[\s\S]*?<\/ol>/g, '')
    .replaceAll(/name="(_act|_record)" value="[^"]*"/g, '')
    .replaceAll(/(href|action)="\/d\/[^"]*\/export\/[^"]*"/g, '')
  return [`${answer.status}`, ...html.split(/(?=<)/)].map((line) => line.trim()).filter(Boolean)
}

/** What only the box offers on these pages. */
const boxOnly = /导入|导出|Excel|CSV|NDJSON|GeoJSON/

describe('drawn by the box and by a device', () => {
  const paths = () => [
    '/',
    '/menu',
    '/registers',
    '/search?q=芦苇',
    '/trace',
    '/d/agri.plot',
    '/d/agri.plot?q=东&sort=area',
    '/d/agri.batch?filter[state]=harvested',
    `/d/agri.plot/${scene.plot}`,
    `/d/agri.batch/${batch}`,
    '/d/agri.plot/do/registered',
    '/d/agri.batch/do/opened',
    `/d/agri.batch/${batch}/do/farm-work-recorded`,
    `/d/agri.batch/${batch}/do/inspected`,
    `/d/agri.batch/${batch}/do/certified`,
    '/pick/agri.plot?q=芦苇',
  ]
  for (let i = 0; i < 16; i++) {
    test(`page ${i + 1} of the field pages says the same`, async () => {
      const path = paths()[i]!
      const [here, there] = [await said(box, path), await said(device, path)]
      expect([path, there.filter((line) => !here.includes(line))]).toEqual([path, []])
      expect([path, here.filter((line) => !there.includes(line) && !boxOnly.test(line))]).toEqual([path, []])
    })
  }
})

test('a record opens on a device though registers that point to it stay at the box', async () => {
  const wen: Actor = people.wen
  county.act(county.store.system, {
    name: 'sensing.sensor.created',
    fields: {
      code: 'SW-001',
      name: '草尾水位站',
      kind: 'water',
      division: '430981114',
      metrics: ['water-level'],
      interval: 5,
      decoder: 'json',
      state: 'working',
    },
  })
  await county.settle()
  const { key } = await newLock('246810')
  const shelf = await Shelf.open('wen')
  const replica = await Replica.load(shelf, key, county.store.registry)
  const all = county.desk(wen).changedSince(0, 100_000)
  await replica.take(all.records, all.gone, {})
  const desk = new DeviceDesk(county.store.registry, wen, replica, await Outbox.load(shelf, key))
  const app = appOver(
    () => desk,
    () => wen,
  )
  // A sensor has thresholds, and those are not carried.
  expect(desk.mayRead('sensing.threshold')).toBe(true)
  expect(county.store.registry.dataset('sensing.threshold').spec.offline).toBeFalsy()
  const kinds = new Map(all.records.map((each) => [each.dataset, each]))
  expect([...kinds.keys()]).toContain('sensing.sensor')
  for (const { dataset, id } of kinds.values()) {
    const answer = await app.request(`/d/${dataset}/${id}`)
    expect([dataset, answer.status]).toEqual([dataset, 200])
  }
})
