// One morning: the water rises, a case opens by itself, the county gives it to 草尾镇, it is handled, checked and closed.

import { afterAll, beforeAll, expect } from 'bun:test'
import { connectAsync } from 'mqtt'
import type { Browser, Page } from 'playwright-core'
import { type RunningBox, startBox } from './box.ts'
import { deskScreen, journey, openBrowser, pageOf, phoneScreen } from './browser.ts'

let box: RunningBox
let browser: Browser

beforeAll(async () => {
  box = await startBox({ seed: true })
  await box.allUp()
  browser = await openBrowser()
}, 180_000)
afterAll(async () => {
  await browser?.close()
  await box?.stop()
})

journey(
  'the water rises: alert, map, case, township, check, closed',
  async () => {
    const clerk = await pageOf(browser, box, 'liujianguo', deskScreen)
    await clerk.goto(`${box.url}/map`)
    const list = clerk.locator('[data-map-list]')
    await list.locator('button').first().waitFor()

    await waterRises(box)
    // The open map hears of it by itself: nobody pressed anything.
    const alarm = list.locator('button', { hasText: /草尾水位站 17 号.*高于/ }).first()
    await alarm.waitFor({ timeout: 20_000 })
    await alarm.click()
    await clerk.locator('.leaflet-popup-content a').waitFor()

    await clerk.goto(`${box.url}/cases`)
    await clerk.locator('a', { hasText: '草尾水位站 17 号' }).first().click()
    await clerk.waitForURL(/cases\.case\/[0-9a-f-]{36}$/)
    const path = new URL(clerk.url()).pathname
    await step(clerk, '受理立案')
    await step(clerk, '派给承办单位')
    expect(await clerk.locator('.clocks').textContent()).toMatch(/签收 还剩/)

    const worker = await pageOf(browser, box, 'wenbin', phoneScreen)
    await worker.goto(`${box.url}/`)
    await worker.locator('a', { hasText: '草尾水位站 17 号' }).first().click()
    await step(worker, '签收')
    await step(worker, '处理完成,报核查', async () => {
      await worker.fill('[name=result]', '已安排 6 人巡堤,水位回落')
      await worker.fill('[name=proofAddress]', '草尾大堤 3 号闸')
    })
    // What the township did, the township cannot check.
    expect(await worker.locator('a.button', { hasText: /^核查$/ }).count()).toBe(0)

    await clerk.goto(`${box.url}${path}`)
    await step(clerk, '核查', () => clerk.locator('label', { hasText: /^通过$/ }).click())
    await step(clerk, '结案')
    expect(await clerk.locator('h1').textContent()).toContain('已结案')
    const diary = await clerk.locator('.diary').textContent()
    for (const did of [
      '上报了事件',
      '受理立案',
      '派遣了案卷',
      '签收了案卷',
      '报告处理完成',
      '核查了处理结果',
      '结案',
    ])
      expect(diary).toContain(did)
  },
  120_000,
)

/** Presses the filled button of a case's page, fills the form and sends it. */
async function step(page: Page, title: string, fill?: () => Promise<unknown>) {
  await page.locator('.detail-acts a.button-main', { hasText: title }).click()
  await page.waitForURL(/\/do\//)
  await fill?.()
  await page.locator('.form-acts .button-main').click()
  await page.waitForURL(/said=/)
}

async function waterRises({ mqttPort }: RunningBox) {
  const now = Date.now()
  const client = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, {
    clientId: 'WL-017',
    protocolVersion: 4,
  })
  const readings = [20, 12, 6, 0].map((minutes) => ({
    at: now - minutes * 60_000,
    values: { 'water-level': 33.9 },
  }))
  await client.publishAsync('xh/v1/WL-017/readings', JSON.stringify(readings), { qos: 1 })
  await client.endAsync()
}
