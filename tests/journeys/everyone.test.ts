// Each of the five on the pages of their day: nothing axe complains about, on the office PC and on the phone, no script
// that breaks, no violation of the policy; and one day's work done without ever touching the mouse.

import { afterAll, beforeAll, expect, setDefaultTimeout } from 'bun:test'
import type { Browser } from 'playwright-core'
import { barriers, cutOff, tabTo } from './barriers.ts'
import { type RunningBox, startBox } from './box.ts'
import { deskScreen, journey, openBrowser, pageOf, phoneScreen, stumbles } from './browser.ts'

setDefaultTimeout(300_000)

let box: RunningBox
let browser: Browser
beforeAll(async () => {
  box = await startBox({ seed: true })
  await box.allUp()
  browser = await openBrowser()
}, 240_000)
afterAll(async () => {
  await browser?.close()
  await box?.stop()
})

/** Where each spends the day. `first:` opens the first record of a list. */
const days: Record<string, string[]> = {
  admin: [
    '/',

    '/system/people',
    '/system/tokens',
    '/system/audit',
    '/sync',
    '/sync/peers',
    '/registers',
    '/me',
  ],
  liujianguo: [
    '/',
    '/map',
    '/cases',
    '/cases/new',
    'first:/d/cases.case',
    '/sensing/sensors',
    '/sensing/alerts',
    'first:/d/sensing.sensor',
    '/numbers',
    '/d/base.entity',
  ],
  wenbin: ['/', '/cases', 'first:/d/cases.case', '/trace', '/d/agri.plot', '/d/agri.plot/do/registered'],
  zhoumei: [
    '/',
    '/trace',
    'first:/d/agri.batch',
    'first:/d/agri.certificate',
    '/d/agri.batch/do/opened',
    '/d/agri.batch',
    '/me',
  ],
  leader: ['/', '/leader', '/screen', '/numbers', '/numbers/cases.open-by-township'],
}

for (const [name, paths] of Object.entries(days))
  journey(`${name}: every page of the day is open to everybody, on both screens`, async () => {
    for (const screen of [deskScreen, phoneScreen]) {
      const page = await pageOf(browser, box, name, screen)
      const stumbled = stumbles(page)
      for (const path of paths) {
        const [, list] = /^first:(.+)/.exec(path) ?? []
        const answer = await page.goto(box.url + (list ?? path))
        expect([path, answer!.status()]).toEqual([path, 200])
        if (list) {
          const record = await page.locator(`main a[href*="${list}/0"]`).first().getAttribute('href')
          await page.goto(new URL(record!, box.url).href)
        }
        await page.waitForLoadState('load')
        const found = [...(await barriers(page)), ...(await cutOff(page))]
        expect([path, screen.width, found]).toEqual([path, screen.width, []])
      }
      expect(stumbled).toEqual([])
      await page.context().close()
    }
  })

journey('a plot and its batch are registered with the keyboard alone', async () => {
  const page = await (await browser.newContext({ viewport: deskScreen, locale: 'zh-CN' })).newPage()
  const { keyboard } = page
  await page.goto(`${box.url}/login`)
  await tabTo(page, '[name=name]')
  await keyboard.type('zhoumei')
  await tabTo(page, '[name=password]')
  await keyboard.type('Dongting-2026')
  await keyboard.press('Enter')
  await page.waitForURL((url) => !url.pathname.startsWith('/login'))

  await tabTo(page, '#menu summary', '溯源')
  await keyboard.press('Enter')
  await tabTo(page, 'a[href="/trace"]')
  await keyboard.press('Enter')
  await page.waitForURL('**/trace')
  await tabTo(page, 'a[href="/d/agri.plot/do/registered"]')
  await keyboard.press('Enter')
  await page.waitForURL('**/do/registered')
  await tabTo(page, '[name=name]')
  await keyboard.type('不用鼠标的地块')
  await tabTo(page, '[name=crop]')
  while ((await page.inputValue('[name=crop]')) !== 'reed-shoot') await keyboard.press('ArrowDown')
  await tabTo(page, '[name=area]')
  await keyboard.type('12.5')
  await keyboard.press('Control+Enter')
  await page.waitForURL(/agri\.plot\/.+said=/)

  await tabTo(page, 'main a[href*="/d/agri.batch/do/opened"]')
  await keyboard.press('Enter')
  await page.waitForURL('**/d/agri.batch/do/opened*')
  await tabTo(page, '[name="_label.product"]')
  await keyboard.type('沅江芦笋(鲜)')
  await page.getByRole('option').first().waitFor()
  await keyboard.press('ArrowDown')
  await keyboard.press('Enter')
  await keyboard.press('Control+Enter')
  await page.waitForURL(/agri\.batch\/.+said=/)
  expect(await page.locator('main').textContent()).toContain('不用鼠标的地块')
})
