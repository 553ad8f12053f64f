// Chromium 109 itself, as it stands on the Windows 7 PCs of a township office: setting up, a day out of reach from the
// plot to the certificate, and the pages of everybody else. web/too-new.test.ts reads our files for what it lacks.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { type RunningBox, run, startBox } from './box.ts'
import { deskScreen, logIn, openBrowser, pageOf, stumbles } from './browser.ts'
import {
  atBox,
  backInReach,
  drained,
  type Field,
  firstOf,
  growing,
  outOfReach,
  phoneOf,
  pin,
  setUp,
  startField,
  step,
  submit,
  takePhoto,
} from './field-work.ts'
import { oldChromium } from './old-chromium.ts'

const program = oldChromium()
const journey = program ? test : test.skip
let field: Field
let browser: Browser
beforeAll(async () => {
  if (!program) return
  ;[field, browser] = await Promise.all([startField(), openBrowser(program)])
}, 240_000)
afterAll(async () => {
  await browser?.close()
  await field?.stop()
}, 30_000)

const opens = async (page: Page, path: string) => {
  const answer = await page.goto(field.url + path)
  expect([path, answer!.status()]).toEqual([path, 200])
}

journey('it is Chromium 109', () => {
  expect(browser.version()).toMatch(/^109\./)
})

journey(
  'a day out of reach: list, search, new, amend, photo, point, batch to certificate; then all of it at the county',
  async () => {
    const { url } = field
    const page = await phoneOf(browser, field, 'zhoumei')
    const context = page.context()
    const stumbled = stumbles(page)
    await context.grantPermissions(['geolocation'])
    await context.setGeolocation({ latitude: 28.93, longitude: 112.4, accuracy: 12 })
    await outOfReach(field, context)

    await opens(page, '/')
    await opens(page, '/trace')
    await opens(page, '/d/agri.plot')
    expect(await page.locator('main tbody tr').count()).toBeGreaterThan(3)
    await opens(page, `/d/agri.plot?q=${encodeURIComponent('芦')}`)
    expect(await page.locator('main').innerText()).toContain('芦')
    await opens(page, `/search?q=${encodeURIComponent('芦笋')}`)
    expect(await page.locator('main a[href^="/d/"]').count()).toBeGreaterThan(0)

    // A plot with its place, taken where the phone stands, and mended afterwards.
    await page.goto(`${url}/d/agri.plot/do/registered?crop=reed-shoot&name=老电脑登记的地块&area=6.5`)
    await submit(page)
    await page.waitForURL('**said=*')
    const plot = await firstOf(page, field, 'agri.plot', '老电脑登记的地块')
    await page.goto(`${url}/d/agri.plot/${plot}/amend`)
    await page.fill('[name=area]', '7.25')
    await submit(page)
    await page.waitForURL('**said=*')
    expect(await page.locator('main').innerText()).toContain('7.25')

    const batch = await growing(page, field, '老电脑的芦笋地')
    await step(page, field, batch, 'farm-work-recorded', { kind: 'weeding', note: '人工除草' })
    await step(page, field, batch, 'harvested', { quantity: '320' })
    await step(page, field, batch, 'inspected', { verdict: 'pass' })
    await step(page, field, batch, 'certified', {
      quantity: '300',
      basis: 'own-test',
      contact: '0737-2721234',
    })
    await page.goto(`${url}/field`)
    await page.getByText('有 8 条只在这台设备上').waitFor()
    await opens(page, `/d/agri.batch/${batch}`)
    await page.getByTitle('已存在本机,等待送达县里').first().waitFor()
    for (const path of ['/field/carry', '/field/hand-over', '/field/hand-over/codes']) await opens(page, path)
    // The code on the screen changes: it can be handed over.
    await page.waitForFunction(
      () => Number(document.querySelector<HTMLElement>('[data-give-code]')?.dataset.n) > 2,
    )
    await page.goto(`${url}/field`)
    await page.click('main >> text=锁定,换人用')
    await page.waitForURL('**/field/unlock*')
    await page.fill('[name=pin]', pin)
    await page.click('main form button')
    await page.waitForURL((at) => !at.pathname.startsWith('/field'))
    expect(stumbled).toEqual([])

    await backInReach(field, context)
    await drained(page, field)
    expect(
      (await atBox(field, 'agri.certificate')).filter((line) => line.includes('0737-2721234')),
    ).toHaveLength(1)
    const plots = (await atBox(field, 'agri.plot')).filter((line) => line.includes('老电脑登记的地块'))
    expect(plots).toHaveLength(1)
    expect(plots[0]).toContain('7.25')
    await opens(page, `/d/agri.batch/${batch}`)
    await page.getByTitle('县里已收到').first().waitFor()
    // What a buyer sees who scans the code.
    await opens(
      page,
      new URL((await page.locator('main a[href*="/t/"]').first().getAttribute('href'))!, url).pathname,
    )
    expect(await page.locator('body').innerText()).toContain('老电脑的芦笋地')
    expect(stumbled).toEqual([])
    await context.close()
  },
  180_000,
)

journey(
  'a case with a photo and the place where the phone stands, out of reach; the photo arrives whole and small',
  async () => {
    const page = await phoneOf(browser, field, 'wenbin')
    const context = page.context()
    const stumbled = stumbles(page)
    await context.grantPermissions(['geolocation'])
    await context.setGeolocation({ latitude: 28.93, longitude: 112.4, accuracy: 12 })
    await outOfReach(field, context)
    for (const path of ['/', '/cases', '/cases?view=mine', '/cases/new']) await opens(page, path)
    await page.click('[data-draw-here]')
    await page.waitForFunction(() =>
      document.querySelector<HTMLTextAreaElement>('[data-geometry-text]')?.value.includes('"accuracy":12'),
    )
    await takePhoto(page)
    await page.fill('[name=content]', '老电脑上报:堤脚有一处渗水,约一米宽')
    await submit(page)
    await page.waitForURL((url) => url.pathname.startsWith('/d/cases.case/') || url.search.includes('said='))
    await backInReach(field, context)
    await drained(page, field)
    const line = (await atBox(field, 'cases.case')).find((each) => each.includes('老电脑上报'))
    expect(line).toContain('"accuracy":12')
    const sha256 = /"sha256":"([0-9a-f]{64})"/.exec(line!)![1]!
    const kept = await Bun.file(join(field.box.data, 'files', sha256.slice(0, 2), sha256)).bytes()
    expect(new Bun.CryptoHasher('sha256').update(kept).digest('hex')).toBe(sha256)
    expect(kept.length).toBeLessThan(1_500_000)
    expect(stumbled).toEqual([])
    await context.close()
  },
  120_000,
)

const pages: Record<string, string[]> = {
  leader: ['/', '/leader', '/screen', '/numbers', '/numbers/cases.open-by-township'],
  liujianguo: ['/', '/map', '/cases', '/cases/new', '/sensing/sensors', '/sensing/alerts', '/d/base.entity'],
  admin: [
    '/system/people',
    '/system/audit',
    '/sync',
    '/sync/peers',
    '/registers',
    '/me',
    '/join?system=windows7',
  ],
}
for (const [name, paths] of Object.entries(pages))
  journey(
    `${name}: the pages of the office open, and no script stumbles`,
    async () => {
      const page = await pageOf(browser, field.box, name, deskScreen)
      const stumbled = stumbles(page)
      for (const path of paths) {
        const answer = await page.goto(field.box.url + path, { waitUntil: 'load' })
        expect([path, answer!.status()]).toEqual([path, 200])
        // Maps and charts are drawn by scripts: something must be drawn.
        for (const drawn of ['[data-map-canvas]', '[data-chart]'])
          for (const place of await page.locator(`main ${drawn}`).all())
            if (await place.isVisible())
              await place.locator('canvas, svg, .leaflet-pane').first().waitFor({ state: 'attached' })
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        expect([path, wide <= 0]).toEqual([path, true])
      }
      expect(stumbled).toEqual([])
      await page.context().close()
    },
    120_000,
  )

const certutil = Bun.which('certutil')
;(certutil ? journey : test.skip)(
  'over https with the certificate of the box it trusts: set up, out of reach, and the list is there',
  async () => {
    const home = mkdtempSync(join(tmpdir(), 'xianhe-old-'))
    const store = join(home, '.pki', 'nssdb')
    mkdirSync(store, { recursive: true })
    let box: RunningBox | undefined
    try {
      box = await startBox({ seed: true, https: true })
      await box.allUp()
      const pem = join(home, 'xianhe-ca.pem')
      await Bun.write(pem, await (await fetch(`${box.url}/join/xianhe-ca.pem`)).text())
      for (const words of [
        ['-N', '--empty-password', '-d', `sql:${store}`],
        ['-A', '-d', `sql:${store}`, '-n', 'xianhe', '-t', 'C,,', '-i', pem],
      ])
        expect((await run([certutil!], words)).err).toBe('')
      const trusting = await chromium.launch({
        executablePath: program!,
        args: ['--no-sandbox', '--disable-gpu'],
        env: { ...process.env, HOME: home } as Record<string, string>,
      })
      const context = await trusting.newContext({ viewport: deskScreen, locale: 'zh-CN' })
      const page = await context.newPage()
      const stumbled = stumbles(page)
      const secure = { url: `https://127.0.0.1:${box.httpsPort}` }
      await page.goto(`${box.url}/join`)
      await page.click('[data-join-check]')
      await page.waitForURL(`${secure.url}/join/done`)
      await logIn(page, secure, 'zhoumei')
      await setUp(page, secure, 'zhoumei')
      await box.kill()
      await page.goto(`${secure.url}/d/agri.plot`)
      expect(await page.locator('main tbody tr').count()).toBeGreaterThan(3)
      expect(stumbled).toEqual([])
      await trusting.close()
    } finally {
      await box?.kill()
      if (box) rmSync(box.data, { recursive: true, force: true })
      rmSync(home, { recursive: true, force: true })
    }
  },
  120_000,
)
