// Every page that a device draws by itself, found by following its links with the wire cut: no barrier on the office PC
// or the phone, nothing cut off at 200 % zoom or on the narrowest screen; a form filled and saved with keys alone; the
// page in high contrast, without motion, and the certificate on paper.

import { afterAll, beforeAll, expect } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { barriers, cutOff, tabTo } from './barriers.ts'
import { deskScreen, journey, openBrowser, pageOf, phoneScreen, stumbles } from './browser.ts'
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
  startField,
  step,
  submit,
  takePhoto,
} from './field-work.ts'

let field: Field
let browser: Browser
beforeAll(async () => {
  ;[field, browser] = await Promise.all([startField(), openBrowser()])
}, 240_000)
afterAll(async () => {
  await browser?.close()
  await field?.stop()
}, 30_000)

/** 1366 × 768 at 200 %, and the narrowest that reflow is promised for (WCAG 1.4.10). */
const zoomed = { width: 683, height: 384 }
const narrow = { width: 320, height: 568 }

/** What is in somebody's way on the page as it stands, at any size. */
async function hindrances(page: Page): Promise<string[]> {
  const found: string[] = []
  for (const screen of [phoneScreen, deskScreen]) {
    await page.setViewportSize(screen)
    found.push(...(await barriers(page)).map((each) => `${screen.width}: ${each}`))
  }
  for (const screen of [phoneScreen, deskScreen, zoomed, narrow]) {
    await page.setViewportSize(screen)
    found.push(...(await cutOff(page)).map((each) => `${screen.width}: ${each}`))
  }
  await page.setViewportSize(phoneScreen)
  return found
}

const id = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g
/** `/d/agri.plot/:id/amend`: pages of one kind are looked at once. */
const kindOf = (url: URL) => decodeURI(url.pathname).replaceAll(id, ':id')
/** What only the box has: the device says so, and that page is looked at once. */
const away =
  /^\/(map|numbers|leader|screen|sensing|sync|system|me|login|logout|join|t|01|api|field\/setup|files)(\/|$)/

/** Follows the links of the device's pages from the first, one page of each kind: what there is, and what hinders. */
async function walk(page: Page, from: string[]): Promise<{ kinds: string[]; found: string[] }> {
  const seen = new Set<string>()
  const found: string[] = []
  const waiting = from.map((path) => ({ path, on: 'the start' }))
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { path, on } = next
    const kind = kindOf(new URL(path, field.url))
    if (seen.has(kind)) continue
    seen.add(kind)
    const answer = await page.goto(field.url + path)
    // What it does not carry the device says so, calmly.
    const calm = answer!.status() === 503 && (await page.locator('.calm h1').isVisible())
    if (answer!.status() !== 200 && !calm) found.push(`${path}, linked on ${on}: ${answer!.status()}`)
    found.push(...(await hindrances(page)).map((each) => `${path} ${each}`))
    const links = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLAnchorElement>('a[href]:not([download]):not([data-save])')].map(
        (each) => each.href,
      ),
    )
    for (const link of links) {
      const url = new URL(link)
      if (url.origin === field.url && !away.test(url.pathname) && !/\/(export|files)\//.test(url.pathname))
        waiting.push({ path: url.pathname + url.search, on: path })
    }
  }
  return { kinds: [...seen].sort(), found }
}

for (const [name, from, expected] of [
  [
    'zhoumei',
    ['/', '/menu', '/registers', '/trace', '/field', '/d/agri.plot/do/registered', '/d/agri.batch/do/opened'],
    ['/d/agri.batch/:id', '/d/agri.batch/:id/do/harvested', '/d/agri.plot/:id/amend'],
  ],
  [
    'wenbin',
    ['/', '/cases', '/cases/new', '/field'],
    ['/d/cases.case', '/d/cases.case/:id', '/d/agri.plot/:id/withdraw'],
  ],
] as const)
  journey(
    `${name}: nobody is stopped on any page the device draws, at any size`,
    async () => {
      const page = await phoneOf(browser, field, name)
      const stumbled = stumbles(page)
      await outOfReach(field, page.context())
      const { kinds, found } = await walk(page, [...from])
      expect(found).toEqual([])
      for (const kind of expected) expect(kinds).toContain(kind)
      expect(stumbled).toEqual([])
      await page.context().close()
    },
    600_000,
  )

journey(
  'nor in the moments between: nothing found, a form refused, a photo and a point taken, wrong PIN, a question',
  async () => {
    const { url } = field
    const page = await phoneOf(browser, field, 'zhoumei')
    const context = page.context()
    await context.grantPermissions(['geolocation'])
    await context.setGeolocation({ latitude: 28.93, longitude: 112.4, accuracy: 12 })
    const found: string[] = []
    const look = async (moment: string) => {
      found.push(...(await hindrances(page)).map((each) => `${moment} ${each}`))
    }
    const batch = await growing(page, field, '两人改的地块')
    await drained(page, field)
    const plot = await firstOf(page, field, 'agri.plot', '两人改的地块')
    await outOfReach(field, context)

    await page.goto(`${url}/d/agri.plot?q=${encodeURIComponent('没有这样的地块')}`)
    await look('an empty list')
    await page.goto(`${url}/search?q=${encodeURIComponent('没有这样的东西')}`)
    await look('an empty search')
    await page.goto(`${url}/leader`)
    await look('a page of the box alone')
    await page.goto(`${url}/d/agri.plot/${plot}/history`)
    await look('a history')
    await page.goto(`${url}/d/agri.plot/${plot}/withdraw`)
    await look('a withdrawal')
    await page.goto(`${url}/d/agri.batch/${batch}/do/certified?quantity=300&basis=own-test&contact=`)
    await submit(page)
    await page.locator('main [role=alert]').first().waitFor()
    await look('a refused form')
    await page.goto(`${url}/d/agri.batch/${batch}/do/farm-work-recorded`)
    await takePhoto(page)
    await page.locator('main .file, main [data-files] li, main img').first().waitFor()
    await look('a photo taken')
    await page.goto(`${url}/d/agri.plot/${plot}/amend`)
    await page.locator('[data-draw-here]').click()
    await page.waitForFunction(() =>
      document.querySelector<HTMLTextAreaElement>('[data-geometry-text]')?.value.includes('112.4'),
    )
    await look('a point taken')

    // Two people change one field without knowledge of each other; and harvest what the office has closed.
    await page.goto(`${url}/d/agri.plot/${plot}/amend`)
    await page.fill('[name=area]', '7.5')
    await submit(page)
    await page.waitForURL('**said=*')
    await step(page, field, batch, 'harvested', { quantity: '120' })
    await look('an entry that is only here')
    await page.goto(`${url}/field`)
    await look('what waits')

    const office = await pageOf(browser, field.box, 'admin', deskScreen)
    await office.goto(`${field.box.url}/d/agri.plot/${plot}/amend`)
    await office.fill('[name=area]', '9.5')
    await submit(office)
    await office.waitForURL('**said=*')
    await backInReach(field, context)
    await page.goto(`${url}/field`)
    await page.click('text=现在同步')
    await page.waitForLoadState()
    const question = office.locator(`main a[href*="question"]`).first()
    for (;;) {
      await office.goto(`${field.box.url}/`)
      if ((await question.count()) > 0) break
    }
    const asked = new URL((await question.getAttribute('href'))!, field.box.url).pathname
    await page.goto(`${url}${asked}`)
    await look('the question')
    await outOfReach(field, context)
    await page.goto(`${url}${asked}`)
    await look('the question, out of reach')

    await page.goto(`${url}/field`)
    await page.click('main >> text=锁定,换人用')
    await page.waitForURL('**/field/unlock*')
    await look('locked')
    await page.fill('[name=pin]', '999999')
    await page.click('main form button')
    await page.getByText('PIN 不对').waitFor()
    await look('a wrong PIN')
    await page.fill('[name=pin]', pin)
    await page.click('main form button')
    await page.waitForURL((at) => !at.pathname.startsWith('/field'))
    await backInReach(field, context)
    await page.goto(`${url}/field/setup`)
    await look('devices and taking in')
    expect(found).toEqual([])
    await office.context().close()
    await context.close()
  },
  300_000,
)

journey(
  'with keys alone and out of reach: a batch is found, its work entered to the last field, and saved',
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei', deskScreen)
    const { keyboard } = page
    await outOfReach(field, page.context())
    await page.goto(`${field.url}/`)
    await tabTo(page, '#menu summary', '溯源')
    await keyboard.press('Enter')
    await tabTo(page, 'a[href="/trace"]')
    await keyboard.press('Enter')
    await page.waitForURL('**/trace')
    await tabTo(page, 'main a[href$="/do/farm-work-recorded"], main a[href$="/do/harvested"]')
    await keyboard.press('Enter')
    await page.waitForURL('**/do/*')
    const batch = /agri\.batch\/([0-9a-f-]{36})/.exec(page.url())![1]!
    await page.goto(`${field.url}/d/agri.batch/${batch}/do/farm-work-recorded`)
    await tabTo(page, '[name=kind]')
    while ((await page.inputValue('[name=kind]')) !== 'weeding') await keyboard.press('ArrowDown')
    await tabTo(page, '[name=note]')
    await keyboard.type('没有鼠标,也没有网')
    await keyboard.press('Control+Enter')
    await page.waitForURL(`**/d/agri.batch/${batch}?said=*`)
    await page.goto(`${field.url}/field`)
    await page.getByText('有 1 条只在这台设备上').waitFor()
    await backInReach(field, page.context())
    await drained(page, field)
    expect(
      (await atBox(field, 'agri.farm-record')).filter((line) => line.includes('没有鼠标,也没有网')),
    ).toHaveLength(1)
    await page.context().close()
  },
  120_000,
)

journey(
  'in high contrast every focus shows, and whoever wants no motion sees none',
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei', deskScreen)
    await outOfReach(field, page.context())
    const batch = await firstOf(page, field, 'agri.batch')
    await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' })
    for (const path of ['/trace', `/d/agri.batch/${batch}/do/farm-work-recorded`, '/field']) {
      await page.goto(field.url + path)
      const seen: string[] = []
      for (let presses = 0; presses < 40; presses++) {
        await page.keyboard.press('Tab')
        seen.push(await page.evaluate(lineAroundFocus))
      }
      expect([path, seen.filter((each) => each.startsWith('no line'))]).toEqual([path, []])
      const moving = await page.evaluate(
        () =>
          [...document.querySelectorAll('*')]
            .map((each) => getComputedStyle(each))
            .filter((each) => /[1-9]/.test(each.transitionDuration + each.animationDuration)).length,
      )
      expect([path, moving]).toEqual([path, 0])
      // The next step is the one that is filled.
      const main = page.locator('.button-main').first()
      if (await main.isVisible()) {
        const [fill, ground] = await main.evaluate((each) => [
          getComputedStyle(each).backgroundColor,
          getComputedStyle(document.body).backgroundColor,
        ])
        expect(fill).not.toBe(ground)
      }
    }
    await page.context().close()
  },
  120_000,
)

/** What shows that this has the focus; high contrast draws no shadows and no fills. */
function lineAroundFocus(): string {
  const at = document.activeElement as HTMLElement
  // The little calendar inside has the focus now, and the browser draws the line around that.
  if (at.matches('[type=date]:not(:focus-visible)')) return 'line of the browser'
  for (let each: HTMLElement | null = at; each; each = each.parentElement) {
    const { outlineStyle, outlineWidth } = getComputedStyle(each)
    if (outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0) return `line ${each.tagName}`
    if (each !== at && !each.matches('label, .tickable, .way')) break
  }
  return at === document.body ? 'line of the window' : `no line: ${at.outerHTML.slice(0, 120)}`
}

journey(
  'a certificate made out of reach is printed out of reach: two copies on one sheet, with its code',
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei')
    await outOfReach(field, page.context())
    const certificate = await firstOf(page, field, 'agri.certificate')
    await page.goto(`${field.url}/trace/certificates/${certificate}/print`)
    expect(await page.locator('.sheet .qr').count()).toBe(2)
    const paper = Buffer.from(await page.pdf({ preferCSSPageSize: true, printBackground: true })).toString(
      'latin1',
    )
    expect(paper.match(/\/Type \/Page\b/g)).toHaveLength(1)
    // A4 in points.
    expect(paper).toMatch(/\/MediaBox \[0 0 59[45][.\d]* 84[12][.\d]*\]/)
    await page.context().close()
  },
  60_000,
)
