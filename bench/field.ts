// A field device that carries 50,000 records, the network cut: how long it takes to be ready, what it weighs on disk and
// in memory, and how long each page takes that a person opens, with the worker running and after the browser has ended
// it, on this machine and on a processor four times slower; then 1,000 waiting acts of 250 fields sent over the LAN.
// `bun bench/field.ts [records]`

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CDPSession, Page } from 'playwright-core'
import { core } from '../migrations/core/index.ts'
import { migrate } from '../migrations/migrate.ts'
import { newId } from '../server/kernel/ids.ts'
import { Registry } from '../server/kernel/registry.ts'
import { Store } from '../server/kernel/store.ts'
import { modules } from '../server/modules/roll-call.ts'
import { loginOf, startBox } from '../tests/journeys/box.ts'
import { pageOf, phoneScreen } from '../tests/journeys/browser.ts'
import { lineTo } from '../tests/journeys/line.ts'
import { openSlowBrowser, type SlowBrowser } from '../tests/journeys/slow-browser.ts'
import { phoneAt } from '../tests/phone.ts'
import { done, figure, machine, quantile } from './lines.ts'

const records = Number(process.argv[2] ?? 50_000)
/** How much slower the slow processor is, and what a page may take here and there (ms). */
const slower = 4
const most = { 1: 300, [slower]: 1000 }
/** A search for which the browser first has to start the worker, which takes it a tenth of a second by itself. */
const mostFromNothing = { 1: 400, [slower]: 1200 }
const pin = '246810'
/** How hard the browser has to be stopped for that. */
let stopped: number = slower

// What the land is called, and what is noted of it.
const villages = [
  '新月村',
  '老垸堤',
  '南洞庭',
  '乐园村',
  '三新河',
  '沙咀',
  '芦苇场',
  '和平垸',
  '大同闸',
  '上码头',
  '人和村',
  '四民村',
  '幸福渠',
  '胜天村',
]
const lands = [
  '东',
  '西边坡',
  '堤内',
  '堤外洲',
  '排水沟旁',
  '老屋场',
  '油菜田',
  '藕塘',
  '一组',
  '二组',
  '三组',
  '机耕道',
]
const notes = [
  '靠近排水沟',
  '砂壤土',
  '去年种过油菜',
  '前年淹过水',
  '渠道刚清过',
  '与邻户有边界约定',
  '机耕道窄',
  '适合双季稻',
  '要修涵管',
  '承包到期待续',
  '土质偏碱',
  '田埂要加固',
]

machine()
const data = mkdtempSync(join(tmpdir(), 'xianhe-bench-field-'))
const seeded = await startBox({ seed: true, data })
await seeded.stop()
const ids = fill(join(data, 'core.db'))
const box = await startBox({ data })
await box.allUp()
const line = await lineTo(() => box.port)

try {
  await carried()
  await drained()
} finally {
  await line.cut()
  await box.stop()
  rmSync(data, { recursive: true })
}
done()

/** Plots of 草尾镇 as a township would have them, and a register of 250 fields. Answers with the plots' ids. */
function fill(file: string): string[] {
  const registry = new Registry(modules)
  const store = new Store({
    file,
    registry,
    migrate: (db) => migrate(db, core),
    node: { division: '430981', name: '沅江市' },
  })
  const operators = store.look.find('base.entity', { division: '430981114' }, 40)
  const made: string[] = []
  for (let i = 0; i < records; i += 5000)
    store.batch(() => {
      for (let k = i; k < Math.min(records, i + 5000); k++) {
        const id = newId()
        const receipt = store.act(store.system, {
          id: newId(),
          name: 'agri.plot.created',
          record: id,
          fields: {
            code: `430981114${String(9_000_000 + k)}`,
            name: `${villages[(k * 7) % villages.length]}${lands[(k * 11) % lands.length]} ${k % 400} 号`,
            entity: operators[(k * 13) % operators.length]!.id,
            use: ['planting', 'planting', 'planting', 'aquatic', 'livestock'][k % 5],
            ...(k % 4 && { crop: ['reed-shoot', 'rice', 'grass-carp'][k % 3] }),
            area: (k % 900) / 10 + 1,
            division: '430981114',
            shape: shapeOf(k),
            ...(k % 3 && { note: `${notes[(k * 5) % notes.length]},${notes[(k * 17) % notes.length]}` }),
          },
        })
        if (receipt.outcome !== 'accepted') throw new Error(receipt.message?.zh)
        made.push(id)
      }
    })
  const fields = Array.from({ length: 250 }, (_, n) => ({
    name: `f${n}`,
    label: { zh: `指标 ${n}`, en: `Item ${n}` },
    kind: 'text',
    optional: true,
  }))
  const declared = store.act(store.system, {
    id: newId(),
    name: 'county.dataset.created',
    fields: { name: 'own.wide', title: '一表通普查', keeper: 'township', fields: JSON.stringify(fields) },
  })
  if (declared.outcome !== 'accepted') throw new Error(JSON.stringify(declared))
  store.close()
  return made
}

async function carried() {
  const slow = await openSlowBrowser()
  try {
    await measured(slow)
  } finally {
    await slow.close()
  }
}

async function measured(slow: SlowBrowser) {
  const page = await pageOf(slow.browser, line, 'wenbin', phoneScreen)
  await page.goto(`${line.url}/field/setup`)
  await page.fill('[name=device]', 'bench')
  await page.fill('[name=pin]', pin)
  await page.fill('[name=again]', pin)
  const from = performance.now()
  await page.click('[data-field-setup] button')
  await page.waitForURL('**/field', { timeout: 300_000 })
  await page.getByText('已就绪').waitFor()
  figure(`ready with ${records} records, from the button`, (performance.now() - from) / 1000, 's')
  figure(
    'space used on the device',
    await page.evaluate(async () => ((await navigator.storage.estimate()).usage ?? 0) / 1e6),
    'MB',
    { most: 60 },
  )
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('ServiceWorker.enable')
  await line.cut()
  await page.goto(`${line.url}/d/agri.plot`)
  const loop = await turning(page)
  await everyPage(page, cdp, slow, 1)
  const measured = await slowedDown(page, slow, loop)
  figure('the slow processor, measured: slower by', measured, 'times', {
    least: slower * 0.9,
  })
  await everyPage(page, cdp, slow, slower)
  await slow.slow(1)
  for (const path of [
    '/search?q=9',
    '/d/agri.plot?sort=code',
    '/d/agri.plot/places.geojson?bbox=112.31,28.8,112.34,28.9',
  ])
    await opened(page, path)
  figure('memory of the worker with every register searched', await slow.workerMemory(), 'MB', { most: 64 })
  await caughtUp(page, slow)
  await unlocked(page, slow)
}

/** What a person opens, with the worker running and with one that has to start first. */
async function everyPage(page: Page, cdp: CDPSession, slow: SlowBrowser, times: 1 | typeof slower) {
  const pages: [what: string, path: (i: number) => string][] = [
    ['today', () => '/'],
    ['list', () => '/d/agri.plot'],
    ['list filtered', (i) => `/d/agri.plot?filter[use]=aquatic&filter[area][from]=${i * 10}`],
    ['list sorted', (i) => `/d/agri.plot?sort=${i % 2 ? '-' : ''}code`],
    ['list filtered and sorted', (i) => `/d/agri.plot?filter[crop]=rice&sort=${i % 2 ? 'use' : '-code'}`],
    ['search, two characters', (i) => `/d/agri.plot?q=${asked(i, 2)}`],
    ['search, four characters', (i) => `/d/agri.plot?q=${asked(i, 4)}`],
    ['search, a name and a number', (i) => `/d/agri.plot?q=${asked(i, 2)}+${i * 41}`],
    ['search, digits of a code', (i) => `/d/agri.plot?q=43098111490${10 + i * 7}`],
    ['search that finds nothing', (i) => `/d/agri.plot?q=${encodeURIComponent('没有这个')}${i}`],
    ['search over all registers', (i) => `/search?q=${asked(i, 3)}`],
    ['search over all, end of a phone', (i) => `/search?q=${1234 + i * 97}`],
    ['a record', (i) => `/d/agri.plot/${ids[(i * 7919) % ids.length]}`],
    ['pick list while typing', (i) => `/pick/agri.plot?q=${asked(i, 2)}`],
    ['map layer of the whole town', () => '/d/agri.plot/places.geojson?bbox=112,28,113,30'],
    [
      'map layer of a village',
      (i) => `/d/agri.plot/places.geojson?bbox=112.${31 + i},28.85,112.${33 + i},28.87`,
    ],
  ]
  const at = times === 1 ? '' : `, processor ÷ ${times}`
  for (const [what, path] of pages) {
    const took: number[] = []
    for (let i = 0; i < 7; i++) took.push(await opened(page, path(i)))
    figure(`${what}${at}`, middle(took), 'ms', { most: most[times] })
  }
  const first = ['today', 'list', 'a record', 'search, two characters', 'search over all registers']
  for (const [what, path] of pages.filter(([what]) => first.includes(what))) {
    const took: number[] = []
    for (let i = 0; i < 5; i++) {
      await cdp.send('ServiceWorker.stopAllWorkers')
      if (times !== 1) await slow.slow(stopped)
      took.push(await opened(page, path(i)))
    }
    const limits = what.startsWith('search') ? mostFromNothing : most
    figure(`${what}, worker ended before${at}`, middle(took), 'ms', { most: limits[times] })
  }
}

function middle(took: number[]): number {
  return quantile(
    took.sort((a, b) => a - b),
    0.5,
  )
}

/** Five thousand records changed at the box while the device was away: taken in, then what a person opens first. */
async function caughtUp(page: Page, slow: SlowBrowser) {
  const { token } = (await box.cli('token', 'add', 'bench', '--account', 'admin', '--json')).json()
  for (let i = 0; i < 5000; i += 500) {
    const acts = Array.from({ length: 500 }, (_, k) => ({
      id: newId(),
      name: 'agri.plot.amended',
      record: ids[((i + k) * 9973) % ids.length],
      base: 1,
      fields: { note: `核对过 ${i + k}` },
    }))
    const answer = await fetch(`${box.url}/api/v1/acts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(acts),
    })
    if (!answer.ok) throw new Error(await answer.text())
  }
  for (const times of [1, slower] as const) {
    await line.mend()
    await slow.slow(times === 1 ? 1 : stopped)
    const from = performance.now()
    await exchanged(page)
    const at = times === 1 ? '' : `, processor ÷ ${times}`
    if (times === 1) figure('5,000 changes taken in', (performance.now() - from) / 1000, 's', { most: 15 })
    await line.cut()
    const limit = { most: most[times] }
    figure(`list after 5,000 changes${at}`, await opened(page, '/d/agri.plot'), 'ms', limit)
    figure(
      `search after 5,000 changes${at}`,
      await opened(page, `/d/agri.plot?q=${encodeURIComponent('核对过')}`),
      'ms',
      limit,
    )
  }
  await slow.slow(1)
}

/** From the PIN to today's page. */
async function unlocked(page: Page, slow: SlowBrowser) {
  for (const times of [1, slower] as const) {
    await slow.slow(1)
    await page.goto(`${line.url}/field`)
    await page.click('main form[action="/field/lock"] button')
    await page.waitForURL('**/field/unlock')
    await page.fill('[name=pin]', pin)
    await slow.slow(times === 1 ? 1 : stopped)
    const from = performance.now()
    await page.click('main form button')
    await page.waitForURL((url) => url.pathname === '/')
    figure(
      `from the PIN to today’s page${times === 1 ? '' : `, processor ÷ ${times}`}`,
      performance.now() - from,
      'ms',
      { most: times === 1 ? 1500 : 5000 },
    )
  }
  await slow.slow(1)
}

/** ms from asking to the last byte. */
async function opened(page: Page, path: string): Promise<number> {
  if (/^\/(pick|d\/[^/]+\/places)/.test(path))
    return page.evaluate(async (url) => {
      const from = performance.now()
      const answer = await fetch(url)
      if (!answer.ok) throw new Error(`${url}: ${answer.status}`)
      await answer.arrayBuffer()
      return performance.now() - from
    }, path)
  const answer = await page.goto(line.url + path)
  if (!answer?.ok()) throw new Error(`${path}: ${answer?.status()}`)
  return page.evaluate(
    () => (performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming).responseEnd,
  )
}

function exchanged(page: Page) {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = resolve
        navigator.serviceWorker.controller!.postMessage({ do: 'exchange' }, [port2])
      }),
  )
}

/** Slows the browser until it really is so much slower: on a busy machine being stopped alone does not do it. */
async function slowedDown(page: Page, slow: SlowBrowser, loop: number): Promise<number> {
  for (let i = 0; ; i++) {
    await slow.slow(stopped)
    const measured = (await turning(page)) / loop
    if (measured >= slower * 0.95 || i === 4) return measured
    stopped *= Math.max(1.1, slower / measured)
  }
}

/** ms for a fixed piece of work, the best of five: whatever else runs on the machine is not what is measured. */
async function turning(page: Page): Promise<number> {
  const took: number[] = []
  for (let i = 0; i < 5; i++)
    took.push(
      await page.evaluate(() => {
        const from = performance.now()
        let sum = 0
        for (let k = 0; k < 5e7; k++) sum = (sum + k * 7) % 1_000_003
        return sum < 0 ? 0 : performance.now() - from
      }),
    )
  return Math.min(...took)
}

function asked(i: number, characters: number): string {
  return encodeURIComponent(`${villages[i % villages.length]}${lands[i % lands.length]}`.slice(0, characters))
}

/** A point for four in five, a field's corners for the fifth. */
function shapeOf(k: number) {
  const [lng, lat] = [112.3 + ((k * 37) % 1000) / 5000, 28.8 + ((k * 61) % 997) / 10_000]
  if (k % 5) return { type: 'Point', coordinates: [lng, lat] }
  const side = 0.0005
  const corners = [
    [lng, lat],
    [lng + side, lat],
    [lng + side, lat + side],
    [lng, lat + side],
    [lng, lat],
  ]
  return { type: 'Polygon', coordinates: [corners] }
}

async function drained() {
  await line.mend()
  const phone = await phoneAt(box.url, loginOf('wenbin'))
  await phone.link.exchange()
  const wide = [...phone.desk.registry.datasets.keys()].find((name) => name.endsWith('wide'))!
  const fields = Object.fromEntries(Array.from({ length: 250 }, (_, n) => [`f${n}`, `数值 ${n}`]))
  for (let i = 0; i < 1000; i++) {
    const receipt = await phone.desk.act({ name: `${wide}.created`, record: newId(), fields })
    if (receipt.outcome !== 'accepted') throw new Error(JSON.stringify(receipt))
  }
  const from = performance.now()
  await phone.link.exchange()
  if (phone.outbox.entries.length > 0) throw new Error(`${phone.outbox.entries.length} still wait`)
  figure('1,000 waiting acts of 250 fields drained', (performance.now() - from) / 1000, 's', { most: 5 })
}
