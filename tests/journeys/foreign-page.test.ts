// A page of somebody else, open in the same browser, must not decide anything in a clerk's name: not at the box, which
// asks for its token, and not on her device, which answers without the box.

import { afterAll, beforeAll, expect } from 'bun:test'
import type { Browser } from 'playwright-core'
import { journey, openBrowser } from './browser.ts'
import {
  atBox,
  backInReach,
  drained,
  type Field,
  outOfReach,
  phoneOf,
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

journey(
  'a form that another site sends to a device that is out of reach is turned away, and her own form is taken',
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei')
    const context = page.context()
    await outOfReach(field, context)
    const form = `${field.url}/d/agri.plot/do/registered?crop=reed-shoot&area=6.5`
    await page.goto(`${form}&name=外站塞进来的地`)
    const stolen = await page
      .locator('main form')
      .first()
      .evaluate((element) => ({
        action: (element as HTMLFormElement).action,
        fields: [...new FormData(element as HTMLFormElement)].map(([name, value]) => [name, String(value)]),
      }))
    await context.route('http://elsewhere.example/**', (route) =>
      route.fulfill({
        contentType: 'text/html; charset=utf-8',
        body: `<form method="post" action="${stolen.action}">${stolen.fields
          .map(([name, value]) => `<input name="${name}" value='${value}'>`)
          .join('')}<button>领取补贴</button></form>`,
      }),
    )
    await page.goto('http://elsewhere.example/')
    await page.click('text=领取补贴')
    await page.waitForURL(`${field.url}/**`)
    await page.getByText('不是从县盒的页面提交的').waitFor()
    await page.goto(`${field.url}/field`)
    await page.getByText('没有待发的').waitFor()

    await page.goto(`${form}&name=自己登记的地`)
    await submit(page)
    await page.waitForURL('**/d/agri.plot**said=*')
    await backInReach(field, context)
    await drained(page, field)
    const plots = await atBox(field, 'agri.plot')
    expect(plots.filter((line) => line.includes('外站塞进来的地'))).toEqual([])
    expect(plots.filter((line) => line.includes('自己登记的地'))).toHaveLength(1)
    await context.close()
  },
  60_000,
)
