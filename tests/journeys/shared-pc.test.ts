// Two clerks share one old PC, and the line is down for days: whoever leaves has left, and whoever comes back finds what
// was hers.

import { afterAll, beforeAll, expect } from 'bun:test'
import type { Browser, Page } from 'playwright-core'
import { loginOf } from './box.ts'
import { deskScreen, journey, openBrowser } from './browser.ts'
import {
  atBox,
  backInReach,
  drained,
  type Field,
  outOfReach,
  phoneOf,
  pin,
  setUp,
  startField,
  submit,
} from './field-work.ts'

let field: Field
let browser: Browser
beforeAll(async () => {
  ;[field, browser] = await Promise.all([startField(), openBrowser()])
}, 180_000)
afterAll(async () => {
  await browser?.close()
  await field?.stop()
}, 30_000)

async function logInHere(page: Page, name: string) {
  await page.goto(`${field.url}/login`)
  await page.fill('[name=name]', name)
  await page.fill('[name=password]', loginOf(name).password)
  await page.click('form button[type=submit], form button:not([type])')
  await page.waitForURL((url) => !url.pathname.startsWith('/login'))
}

async function lockByMenu(page: Page) {
  await page.click('.top-person summary')
  await page.getByRole('button', { name: '锁定,换人用' }).click()
  await page.waitForURL('**/field/unlock')
}

async function unlock(page: Page, title: string) {
  await page.goto(`${field.url}/field/unlock`)
  await page.locator('label', { hasText: title }).click()
  await page.fill('[name=pin]', pin)
  await submit(page)
  await page.waitForURL((url) => !url.pathname.startsWith('/field/unlock'))
}

journey(
  'two clerks share a PC: nothing of the one is open to the other, and her waiting entry is there when she returns',
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei', deskScreen)
    const context = page.context()
    await outOfReach(field, context)
    await page.goto(`${field.url}/d/agri.plot/do/registered?crop=reed-shoot&name=共用电脑登记的地&area=6.5`)
    await submit(page)
    await page.waitForURL('**/d/agri.plot**said=*')
    await lockByMenu(page)

    await backInReach(field, context)
    await logInHere(page, 'wenbin')
    await setUp(page, field, 'wenbin')
    expect(await page.locator('main').innerText()).toContain('文斌')
    await outOfReach(field, context)
    await page.goto(`${field.url}/d/agri.plot?q=共用电脑`)
    expect(await page.locator('main').innerText()).not.toContain('共用电脑登记的地')
    await lockByMenu(page)

    await unlock(page, '周梅')
    await page.goto(`${field.url}/field`)
    await page.getByText('有 1 条只在这台设备上').waitFor()
    await backInReach(field, context)
    await drained(page, field)
    expect(
      (await atBox(field, 'agri.plot')).filter((line) => line.includes('共用电脑登记的地')),
    ).toHaveLength(1)
    await context.close()
  },
  120_000,
)

journey(
  'who logs out at the box has left the device, and who logs in after her does not write in her name',
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei', deskScreen)
    const context = page.context()
    await page.goto(`${field.url}/me`)
    await page.click('.top-person summary')
    await page.click('[data-logout]')
    await page.waitForURL('**/login')
    await outOfReach(field, context)
    await page.goto(`${field.url}/d/agri.plot`)
    await page.waitForURL('**/field/unlock*')

    // Her PIN opens it again; the one who then logs in at the box is somebody else.
    await unlock(page, '周梅')
    await backInReach(field, context)
    await logInHere(page, 'wenbin')
    await page.goto(`${field.url}/cases/new`)
    await page.fill('[name=content]', '共用电脑上报的一处渗水')
    await submit(page)
    await page.waitForURL((url) => !url.pathname.startsWith('/cases/new'))
    const line = (await atBox(field, 'cases.case')).find((each) => each.includes('共用电脑上报的一处渗水'))
    const { id } = JSON.parse(line!) as { id: string }
    await page.goto(`${field.url}/d/cases.case/${id}/history`)
    expect(await page.locator('main').innerText()).toContain('文斌')
    await outOfReach(field, context)
    await page.goto(`${field.url}/d/agri.plot`)
    await page.waitForURL('**/field/unlock*')
    await context.close()
  },
  120_000,
)

journey(
  'without the line, leaving is locking: no page of the browser’s own stands in the way',
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei', deskScreen)
    const context = page.context()
    await page.goto(`${field.url}/me`)
    await outOfReach(field, context)
    // The page of the box is still open; its button works all the same.
    await page.click('.top-person summary')
    await page.click('[data-logout]')
    await page.waitForURL('**/field/unlock*')
    await page.goto(`${field.url}/me`)
    await page.waitForURL('**/field/unlock*')
    await context.close()
  },
  60_000,
)
