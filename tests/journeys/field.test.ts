// A week at the lake edge: the network really off, the box really killed, one old phone.

import { afterAll, beforeAll, expect } from 'bun:test'
import { join } from 'node:path'
import axe from 'axe-core/axe.min.js' with { type: 'text' }
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { type RunningBox, startBox } from './box.ts'
import { deskScreen, journey, openBrowser, pageOf, phoneScreen } from './browser.ts'

const kills = Number(process.env.XIANHE_KILLS ?? 5)
const pin = '246810'
let box: RunningBox
let browser: Browser
beforeAll(async () => {
  ;[box, browser] = await Promise.all([startBox({ seed: true }), openBrowser()])
}, 180_000)
afterAll(async () => {
  await browser?.close()
  await box?.stop()
}, 30_000)

/** 周梅's phone (or somebody's), logged in once with the box in reach and set up. */
async function phoneOf(name: string, screen = phoneScreen): Promise<Page> {
  const page = await pageOf(browser, box, name, screen)
  await page.goto(`${box.url}/field/setup`)
  await page.fill('[name=device]', `${name} 的手机`)
  await page.fill('[name=pin]', pin)
  await page.fill('[name=again]', pin)
  await page.click('[data-field-setup] button')
  await page.waitForURL('**/field')
  await page.getByText('已就绪').waitFor()
  return page
}

/** The line comes back: asked again until nothing waits here any more. */
async function drained(page: Page): Promise<void> {
  for (;;) {
    await page.goto(`${box.url}/field`)
    if (await page.getByText('没有待发的').isVisible()) return
    await page.click('text=现在同步')
    await page.waitForLoadState()
  }
}

const submit = (page: Page) => page.click('main form button.button-main')
const idIn = (text: string) =>
  /([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})/.exec(text)![1]!
/** The newest record whose row says the words. */
const firstOf = async (page: Page, dataset: string, words: string) => {
  await page.goto(`${box.url}/d/${dataset}`)
  const row = page.locator('main tr', { hasText: words }).first()
  return idIn((await row.locator(`a[href*="/d/${dataset}/0"]`).first().getAttribute('href'))!)
}

/** From an empty lake edge to a growing batch, on the pages a clerk uses, with the network off or on. */
async function growing(page: Page, name: string): Promise<string> {
  await page.goto(
    `${box.url}/d/agri.plot/do/registered?crop=reed-shoot&name=${encodeURIComponent(name)}&area=6.5`,
  )
  await submit(page)
  await page.waitForURL('**/d/agri.plot**said=*')
  const [plot, product] = [
    await firstOf(page, 'agri.plot', name),
    await firstOf(page, 'agri.product', '芦笋'),
  ]
  await page.goto(`${box.url}/d/agri.batch/do/opened?plot=${plot}&product=${product}`)
  await submit(page)
  await page.waitForURL('**/d/agri.batch**said=*')
  await page.goto(`${box.url}/d/agri.batch`)
  return idIn((await page.locator('main a[href*="/d/agri.batch/0"]').first().getAttribute('href'))!)
}

/** A step of the batch: opens its form, fills in, saves. */
async function step(page: Page, batch: string, verb: string, values: Record<string, string>) {
  await page.goto(`${box.url}/d/agri.batch/${batch}/do/${verb}?${new URLSearchParams(values)}`)
  await submit(page)
  await page.waitForURL(`**/d/agri.batch/${batch}?said=*`)
}

/** Farm work as the page would post it; the worker answers. */
const recordWork = (page: Page, batch: string, note: string) =>
  page.evaluate(
    async ([path, text]) => {
      const form = new FormData()
      for (const [name, value] of Object.entries({
        kind: 'weeding',
        on: new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10),
        operator: '周梅',
        note: text!,
      }))
        form.set(name, value)
      const answer = await fetch(path!, { method: 'POST', body: form, redirect: 'manual' })
      return answer.type === 'opaqueredirect' ? 303 : answer.status
    },
    [`/d/agri.batch/${batch}/do/farm-work-recorded`, note] as const,
  )

async function atBox(dataset: string): Promise<string[]> {
  const file = join(box.data, `${dataset}.ndjson`)
  const said = await box.cli('export', dataset, '--format', 'ndjson', '--to', file)
  expect(said.err).toBe('')
  return (await Bun.file(file).text()).split('\n').filter((line) => line !== '')
}

const notesAtBox = async () =>
  (await atBox('agri.farm-record')).flatMap((line) => /"note":"([^"]*)"/.exec(line)?.[1] ?? [])

async function fewFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe as unknown as string)
  const result = await page.evaluate(() => (window as any).axe.run({ runOnly: ['wcag2a', 'wcag2aa'] }))
  return result.violations.map(
    (each: { id: string; nodes: { html: string }[] }) => `${each.id}: ${each.nodes[0]?.html}`,
  )
}

journey(
  'a plot, a batch, its work, harvest, test and certificate with the network off; a reload; and all of it once at the county',
  async () => {
    const page = await phoneOf('zhoumei')
    const context = page.context()
    await context.setOffline(true)
    const batch = await growing(page, '断网那周的芦笋地')
    await step(page, batch, 'farm-work-recorded', { kind: 'weeding', note: '人工除草' })
    await step(page, batch, 'harvested', { quantity: '320' })
    await step(page, batch, 'inspected', { verdict: 'pass' })
    for (const path of [
      '/',
      '/trace',
      '/d/agri.batch',
      `/d/agri.batch/${batch}`,
      `/d/agri.batch/${batch}/do/certified`,
      '/field',
    ]) {
      await page.goto(box.url + path)
      expect([path, await fewFaults(page)]).toEqual([path, []])
    }

    // Something is missing: the sentence stands at its field and nothing typed is cleared.
    await page.goto(`${box.url}/d/agri.batch/${batch}/do/certified?quantity=300&basis=own-test`)
    await submit(page)
    await page.getByText('请填写联系方式').first().waitFor()
    expect(await page.inputValue('[name=quantity]')).toBe('300')
    await page.fill('[name=contact]', '0737-2721234')
    await submit(page)
    await page.waitForURL(`**/d/agri.batch/${batch}?said=*`)
    await page.reload()
    await page.goto(`${box.url}/field`)
    await page.getByText('有 6 条只在这台设备上').waitFor()

    await context.setOffline(false)
    await drained(page)
    const certificates = await atBox('agri.certificate')
    expect(certificates.filter((line) => line.includes('0737-2721234'))).toHaveLength(1)
    await page.goto(`${box.url}/d/agri.batch/${batch}`)
    expect(await page.locator('main').innerText()).toContain('300')
    await context.close()
  },
  120_000,
)

journey(
  `entries made out of reach all arrive once though the box is killed ${kills} times while they do`,
  async () => {
    const page = await phoneOf('zhoumei')
    const context = page.context()
    const batch = await growing(page, '断电那天的芦笋地')
    const wanted: string[] = []
    for (let run = 0; run < kills; run++) {
      await context.setOffline(true)
      for (let i = 0; i < 12; i++) {
        wanted.push(`湖边除草 ${run}-${i}`)
        expect(await recordWork(page, batch, wanted.at(-1)!)).toBe(303)
      }
      await context.setOffline(false)
      const exchange = page.goto(`${box.url}/field`).catch(() => undefined)
      await Bun.sleep((run * 53) % 150)
      await box.kill()
      await exchange
      box = await box.again()
    }
    await drained(page)
    const notes = (await notesAtBox()).filter((note) => note.startsWith('湖边除草'))
    expect(notes.sort()).toEqual(wanted.sort())
    await context.close()
  },
  60_000 + kills * 8_000,
)

journey(
  'a position is taken with its accuracy, and a photo is shrunk, kept, and sent whole',
  async () => {
    const page = await phoneOf('wenbin')
    const context = page.context()
    await context.grantPermissions(['geolocation'])
    await context.setGeolocation({ latitude: 28.93, longitude: 112.4, accuracy: 12 })
    await context.setOffline(true)
    await page.goto(`${box.url}/cases/new`)
    await page.click('[data-draw-here]')
    await page.waitForFunction(() =>
      document.querySelector<HTMLTextAreaElement>('[data-geometry-text]')?.value.includes('"accuracy":12'),
    )
    // A photo as a phone takes it, made in the page: 4000 pixels wide.
    await page.evaluate(async () => {
      const canvas = new OffscreenCanvas(4000, 3000)
      const paint = canvas.getContext('2d')!
      for (let i = 0; i < 4000; i++) {
        paint.fillStyle = `hsl(${(i * 137) % 360} 60% 50%)`
        paint.fillRect((i * 97) % 4000, (i * 61) % 3000, 60, 40)
      }
      const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 })
      const files = new DataTransfer()
      files.items.add(new File([blob], '现场.jpg', { type: 'image/jpeg' }))
      document.querySelector<HTMLInputElement>('main input[type=file]')!.files = files.files
    })
    await page.fill('[name=content]', '草尾镇湖边堤脚有一处渗水,约一米宽')
    await submit(page)
    const missing = page.locator('.error-summary, [role=alert]')
    await page
      .waitForURL((url) => url.pathname.startsWith('/d/cases.case/') || url.search.includes('said='), {
        timeout: 10_000,
      })
      .catch(async () => {
        throw new Error(await missing.innerText())
      })
    await context.setOffline(false)
    await drained(page)
    const line = (await atBox('cases.case')).find((each) => each.includes('湖边堤脚有一处渗水'))
    expect(line).toContain('"accuracy":12')
    const sha256 = /"sha256":"([0-9a-f]{64})"/.exec(line!)![1]!
    const kept = await Bun.file(join(box.data, 'files', sha256.slice(0, 2), sha256)).bytes()
    expect(new Bun.CryptoHasher('sha256').update(kept).digest('hex')).toBe(sha256)
    expect(kept.length).toBeLessThan(1_500_000)
    await context.close()
  },
  120_000,
)

journey(
  'signing out leaves nothing readable; the PIN opens it again with the network off',
  async () => {
    const page = await phoneOf('zhoumei')
    const context = page.context()
    await context.setOffline(true)
    await page.goto(`${box.url}/field`)
    await page.click('text=锁定,换人用')
    await page.waitForURL('**/field/unlock*')
    await page.goto(`${box.url}/d/agri.plot`)
    await page.waitForURL('**/field/unlock*')
    expect(await fewFaults(page)).toEqual([])
    await page.fill('[name=pin]', '999999')
    await page.click('main form button')
    await page.getByText('PIN 不对').waitFor()
    await page.fill('[name=pin]', pin)
    await page.click('main form button')
    await page.waitForURL((url) => !url.pathname.startsWith('/field'))
    await page.goto(`${box.url}/d/agri.plot`)
    expect(await page.getByText(/共 \d+ 条/).isVisible()).toBe(true)
    await context.close()
  },
  60_000,
)

journey(
  'a lost phone is revoked and wipes itself at its next contact',
  async () => {
    const page = await phoneOf('zhoumei')
    const context: BrowserContext = page.context()
    const office = await pageOf(browser, box, 'zhoumei', deskScreen)
    await office.goto(`${box.url}/field/setup`)
    // The newest device stands first.
    await office.click('text=丢失停用 >> nth=0')
    await office.getByText('已停用').first().waitFor()
    await page.goto(`${box.url}/field`)
    for (;;) {
      const names = await page.evaluate(async () => (await indexedDB.databases()).map((each) => each.name))
      if (!names.includes('xianhe-zhoumei')) break
      await page.goto(`${box.url}/field`)
    }
    await context.setOffline(true)
    await page.goto(`${box.url}/d/agri.plot`)
    expect(await page.locator('main').innerText()).not.toContain('共')
    await context.close()
    await office.context().close()
  },
  60_000,
)

journey(
  'a copy of what waits is carried home by a colleague and arrives once, though the phone sends it too',
  async () => {
    const page = await phoneOf('zhoumei')
    const context = page.context()
    const batch = await growing(page, '交接前的芦笋地')
    await context.setOffline(true)
    expect(await recordWork(page, batch, '交给同事带回')).toBe(303)
    await page.goto(`${box.url}/field`)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: '导出一份' }).click(),
    ])
    const path = await download.path()
    expect(await Bun.file(path).text()).not.toContain('交给同事')

    const office = await pageOf(browser, box, 'liujianguo', deskScreen)
    await office.goto(`${box.url}/field/setup`)
    for (const said of ['收到 1 条', '收到 0 条,原已收到 1 条']) {
      await office.setInputFiles('[name=file]', path)
      await office.click('text=收进来')
      await office.getByText(said).waitFor()
    }
    await context.setOffline(false)
    await drained(page)
    expect((await notesAtBox()).filter((note) => note === '交给同事带回')).toHaveLength(1)
    await context.close()
    await office.context().close()
  },
  60_000,
)
