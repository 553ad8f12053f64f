// A week at the lake edge: the network really off, the box really killed, one old phone.

import { afterAll, beforeAll, expect } from 'bun:test'
import { join } from 'node:path'
import type { Browser, BrowserContext } from 'playwright-core'
import { barriers } from './barriers.ts'
import { deskScreen, journey, openBrowser, pageOf } from './browser.ts'
import {
  atBox,
  backInReach,
  drained,
  type Field,
  growing,
  outOfReach,
  phoneOf,
  pin,
  recordWork,
  startField,
  step,
  submit,
  takePhoto,
} from './field-work.ts'

const kills = Number(process.env.XIANHE_KILLS ?? 5)
let field: Field
let browser: Browser
beforeAll(async () => {
  ;[field, browser] = await Promise.all([startField(), openBrowser()])
}, 180_000)
afterAll(async () => {
  await browser?.close()
  await field?.stop()
}, 30_000)

const notesAtBox = async () =>
  (await atBox(field, 'agri.farm-record')).flatMap((line) => /"note":"([^"]*)"/.exec(line)?.[1] ?? [])

journey(
  'a plot, a batch, its work, harvest, test and certificate with the network off; a reload; and all of it once at the county',
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei')
    const context = page.context()
    await outOfReach(field, context)
    const batch = await growing(page, field, '断网那周的芦笋地')
    await step(page, field, batch, 'farm-work-recorded', { kind: 'weeding', note: '人工除草' })
    await step(page, field, batch, 'harvested', { quantity: '320' })
    await step(page, field, batch, 'inspected', { verdict: 'pass' })
    for (const path of [
      '/',
      '/trace',
      '/d/agri.batch',
      `/d/agri.batch/${batch}`,
      `/d/agri.batch/${batch}/do/certified`,
      '/field',
    ]) {
      await page.goto(field.url + path)
      expect([path, await barriers(page)]).toEqual([path, []])
    }

    // Something is missing: the sentence stands at its field and nothing typed is cleared.
    await page.goto(`${field.url}/d/agri.batch/${batch}/do/certified?quantity=300&basis=own-test&contact=`)
    await submit(page)
    await page.getByText('请填写联系方式').first().waitFor()
    expect(await page.inputValue('[name=quantity]')).toBe('300')
    await page.fill('[name=contact]', '0737-2721234')
    await submit(page)
    await page.waitForURL(`**/d/agri.batch/${batch}?said=*`)
    await page.reload()
    await page.goto(`${field.url}/field`)
    await page.getByText('有 6 条只在这台设备上').waitFor()

    await backInReach(field, context)
    await drained(page, field)
    const certificates = await atBox(field, 'agri.certificate')
    expect(certificates.filter((line) => line.includes('0737-2721234'))).toHaveLength(1)
    await page.goto(`${field.url}/d/agri.batch/${batch}`)
    expect(await page.locator('main').innerText()).toContain('300')
    await context.close()
  },
  120_000,
)

journey(
  `entries made out of reach all arrive once though the box is killed ${kills} times while they do`,
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei')
    const context = page.context()
    const batch = await growing(page, field, '断电那天的芦笋地')
    const wanted: string[] = []
    for (let run = 0; run < kills; run++) {
      await outOfReach(field, context)
      for (let i = 0; i < 12; i++) {
        wanted.push(`湖边除草 ${run}-${i}`)
        expect(await recordWork(page, batch, wanted.at(-1)!)).toBe(303)
      }
      await backInReach(field, context)
      const exchange = page.goto(`${field.url}/field`).catch(() => undefined)
      await Bun.sleep((run * 53) % 150)
      await field.box.kill()
      await exchange
      field.box = await field.box.again()
    }
    await drained(page, field)
    const notes = (await notesAtBox()).filter((note) => note.startsWith('湖边除草'))
    expect(notes.sort()).toEqual(wanted.sort())
    await context.close()
  },
  60_000 + kills * 8_000,
)

journey(
  'a position is taken with its accuracy, and a photo is shrunk, kept, and sent whole',
  async () => {
    const page = await phoneOf(browser, field, 'wenbin')
    const context = page.context()
    await context.grantPermissions(['geolocation'])
    await context.setGeolocation({ latitude: 28.93, longitude: 112.4, accuracy: 12 })
    await outOfReach(field, context)
    await page.goto(`${field.url}/cases/new`)
    await page.click('[data-draw-here]')
    await page.waitForFunction(() =>
      document.querySelector<HTMLTextAreaElement>('[data-geometry-text]')?.value.includes('"accuracy":12'),
    )
    await takePhoto(page)
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
    await backInReach(field, context)
    await drained(page, field)
    const line = (await atBox(field, 'cases.case')).find((each) => each.includes('湖边堤脚有一处渗水'))
    expect(line).toContain('"accuracy":12')
    const sha256 = /"sha256":"([0-9a-f]{64})"/.exec(line!)![1]!
    const kept = await Bun.file(join(field.box.data, 'files', sha256.slice(0, 2), sha256)).bytes()
    expect(new Bun.CryptoHasher('sha256').update(kept).digest('hex')).toBe(sha256)
    expect(kept.length).toBeLessThan(1_500_000)
    await context.close()
  },
  120_000,
)

journey(
  'signing out leaves nothing readable; the PIN opens it again with the network off',
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei')
    const context = page.context()
    await outOfReach(field, context)
    await page.goto(`${field.url}/field`)
    await page.click('main >> text=锁定,换人用')
    await page.waitForURL('**/field/unlock*')
    await page.goto(`${field.url}/d/agri.plot`)
    await page.waitForURL('**/field/unlock*')
    expect(await barriers(page)).toEqual([])
    await page.fill('[name=pin]', '999999')
    await page.click('main form button')
    await page.getByText('PIN 不对').waitFor()
    await page.fill('[name=pin]', pin)
    await page.click('main form button')
    await page.waitForURL((url) => !url.pathname.startsWith('/field'))
    await page.goto(`${field.url}/d/agri.plot`)
    expect(await page.getByText(/共 \d+ 条/).isVisible()).toBe(true)
    await context.close()
  },
  60_000,
)

journey(
  'a lost phone is revoked and wipes itself at its next contact',
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei')
    const context: BrowserContext = page.context()
    const office = await pageOf(browser, field.box, 'zhoumei', deskScreen)
    await office.goto(`${field.box.url}/field/setup`)
    // The newest device stands first.
    await office.click('text=丢失停用 >> nth=0')
    await office.getByText('已停用').first().waitFor()
    await page.goto(`${field.url}/field`)
    for (;;) {
      const names = await page.evaluate(async () => (await indexedDB.databases()).map((each) => each.name))
      if (!names.includes('xianhe-zhoumei')) break
      await page.goto(`${field.url}/field`)
    }
    await outOfReach(field, context)
    await page.goto(`${field.url}/d/agri.plot`)
    expect(await page.locator('main').innerText()).not.toContain('共')
    await context.close()
    await office.context().close()
  },
  60_000,
)
