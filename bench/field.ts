// A field device: 50,000 records carried (how long it takes to be ready, what it weighs, how fast a list opens with the
// network off, also with a processor four times slower), and 1,000 waiting acts of 250 fields sent over the LAN.
// `bun bench/field.ts [records]`

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { core } from '../migrations/core/index.ts'
import { migrate } from '../migrations/migrate.ts'
import { newId } from '../server/kernel/ids.ts'
import { Registry } from '../server/kernel/registry.ts'
import { Store } from '../server/kernel/store.ts'
import { modules } from '../server/modules/roll-call.ts'
import { loginOf, startBox } from '../tests/journeys/box.ts'
import { openBrowser, pageOf, phoneScreen } from '../tests/journeys/browser.ts'
import { phoneAt } from '../tests/phone.ts'
import { done, figure, machine, quantile } from './lines.ts'

const records = Number(process.argv[2] ?? 50_000)
machine()
const data = mkdtempSync(join(tmpdir(), 'xianhe-bench-field-'))
const seeded = await startBox({ seed: true, data })
await seeded.stop()
fill(join(data, 'core.db'))
const box = await startBox({ data })
await box.allUp()

await carried()
await drained()
await box.stop()
rmSync(data, { recursive: true })
done()

/** Plots of 草尾镇, and a register of 250 fields. */
function fill(file: string) {
  const registry = new Registry(modules)
  const store = new Store({
    file,
    registry,
    migrate: (db) => migrate(db, core),
    node: { division: '430981', name: '沅江市' },
  })
  const [entity] = store.look.find('base.entity', { kind: 'co-operative' }, 1)
  for (let i = 0; i < records; i += 5000)
    store.batch(() => {
      for (let k = i; k < Math.min(records, i + 5000); k++) {
        const receipt = store.act(store.system, {
          id: newId(),
          name: 'agri.plot.created',
          fields: {
            code: `BENCH-${k}`,
            name: `老垸堤内 ${k} 号`,
            entity: entity!.id,
            use: 'planting',
            area: (k % 900) / 10 + 1,
            division: '430981114',
            shape: { type: 'Point', coordinates: [112.2 + (k % 1000) / 2000, 28.9] },
            note: '靠近排水沟,砂壤土,去年种过油菜',
          },
        })
        if (receipt.outcome !== 'accepted') throw new Error(receipt.message?.zh)
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
}

async function carried() {
  const browser = await openBrowser()
  const page = await pageOf(browser, box, 'wenbin', phoneScreen)
  await page.goto(`${box.url}/field/setup`)
  await page.fill('[name=device]', 'bench')
  await page.fill('[name=pin]', '246810')
  await page.fill('[name=again]', '246810')
  const from = performance.now()
  await page.click('[data-field-setup] button')
  await page.waitForURL('**/field', { timeout: 300_000 })
  await page.getByText('已就绪').waitFor()
  figure(`ready with ${records} records, from the button`, (performance.now() - from) / 1000, 's')
  figure(
    'space used on the device',
    await page.evaluate(async () => ((await navigator.storage.estimate()).usage ?? 0) / 1e6),
    'MB',
  )
  await page.context().setOffline(true)
  const cdp = await page.context().newCDPSession(page)
  for (const slower of [1, 4]) {
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: slower })
    const took: number[] = []
    for (let i = 0; i < 12; i++) {
      await page.goto(`${box.url}/d/agri.plot`)
      took.push(
        await page.evaluate(
          () => (performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming).responseEnd,
        ),
      )
    }
    took.sort((a, b) => a - b)
    figure(`list opened offline, processor ÷ ${slower}, p50`, quantile(took, 0.5), 'ms', { most: 300 })
    const searched: number[] = []
    for (let i = 0; i < 6; i++) {
      await page.goto(`${box.url}/d/agri.plot?q=${encodeURIComponent(`内 ${i * 777}`)}`)
      searched.push(
        await page.evaluate(
          () => (performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming).responseEnd,
        ),
      )
    }
    figure(
      `search through all of it, processor ÷ ${slower}, p50`,
      quantile(
        searched.sort((a, b) => a - b),
        0.5,
      ),
      'ms',
    )
  }
  await browser.close()
}

async function drained() {
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
