// What a field worker does on the pages, in the words of a journey: set the device up once, go out of reach, work, come
// back. The network is really off while out of reach: the wire is cut, and the browser is told as well.

import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { type RunningBox, startBox } from './box.ts'
import { pageOf, phoneScreen } from './browser.ts'
import { type Line, lineTo } from './line.ts'

export const pin = '246810'

export interface Field {
  box: RunningBox
  line: Line
  /** Where the browser finds the box: through the line. */
  url: string
  stop(): Promise<void>
}

/** The sample county at one end of a line. `passes`: see `lineTo`. */
export async function startField(passes?: (beginning: string) => boolean): Promise<Field> {
  const field = { box: await startBox({ seed: true }) } as Field
  field.line = await lineTo(() => field.box.port, passes)
  field.url = field.line.url
  field.stop = async () => {
    await field.line.cut()
    await field.box.stop()
  }
  return field
}

/** Somebody's phone, logged in once with the box in reach, set up and ready. */
export async function phoneOf(
  browser: Browser,
  field: Field,
  name: string,
  screen = phoneScreen,
): Promise<Page> {
  await field.line.mend()
  const page = await pageOf(browser, field, name, screen)
  await setUp(page, field, name)
  return page
}

/** Sets this browser up for its person; done when the light says it is ready. */
export async function setUp(page: Page, { url }: { url: string }, name: string) {
  await page.goto(`${url}/field/setup`)
  await page.fill('[name=device]', `${name} 的手机`)
  await page.fill('[name=pin]', pin)
  await page.fill('[name=again]', pin)
  await page.click('[data-field-setup] button')
  await page.waitForURL('**/field')
  await page.getByText('已就绪').waitFor()
}

export async function outOfReach({ line }: Field, context: BrowserContext) {
  await context.setOffline(true)
  await line.cut()
}

export async function backInReach({ line }: Field, context: BrowserContext) {
  await line.mend()
  await context.setOffline(false)
}

/** Asked again until nothing waits on the device any more. */
export async function drained(page: Page, { url }: { url: string }): Promise<void> {
  for (;;) {
    await page.goto(`${url}/field`)
    if (await page.getByText('没有待发的').isVisible()) return
    await page.click('text=现在同步')
    await page.waitForLoadState()
  }
}

export const submit = (page: Page) => page.click('main form button.button-main')

const idIn = (text: string) =>
  /([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})/.exec(text)![1]!

/** The newest record whose row says the words. */
export async function firstOf(page: Page, { url }: { url: string }, dataset: string, words = '') {
  await page.goto(`${url}/d/${dataset}`)
  const row = page.locator('main tr', { hasText: words }).locator(`a[href*="/d/${dataset}/0"]`).first()
  return idIn((await row.getAttribute('href'))!)
}

/** From an empty lake edge to a growing batch, on the pages a clerk uses. */
export async function growing(page: Page, field: { url: string }, name: string): Promise<string> {
  const { url } = field
  await page.goto(
    `${url}/d/agri.plot/do/registered?crop=reed-shoot&name=${encodeURIComponent(name)}&area=6.5`,
  )
  await submit(page)
  await page.waitForURL('**/d/agri.plot**said=*')
  const plot = await firstOf(page, field, 'agri.plot', name)
  const product = await firstOf(page, field, 'agri.product', '芦笋')
  await page.goto(`${url}/d/agri.batch/do/opened?plot=${plot}&product=${product}`)
  await submit(page)
  await page.waitForURL('**/d/agri.batch**said=*')
  return firstOf(page, field, 'agri.batch')
}

/** A step of a batch: opens its form, fills in, saves. */
export async function step(
  page: Page,
  { url }: { url: string },
  batch: string,
  verb: string,
  values: Record<string, string>,
) {
  await page.goto(`${url}/d/agri.batch/${batch}/do/${verb}?${new URLSearchParams(values)}`)
  await submit(page)
  await page.waitForURL(`**/d/agri.batch/${batch}?said=*`)
}

/** Farm work as the page would post it; the worker answers. */
export const recordWork = (page: Page, batch: string, note: string) =>
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

/** Puts a photo as a phone takes it into the form, made in the page: 4000 × 3000 pixels of colours. */
export const takePhoto = (page: Page, name = '现场.jpg') =>
  page.evaluate(async (called) => {
    const canvas = new OffscreenCanvas(4000, 3000)
    const paint = canvas.getContext('2d')!
    for (let i = 0; i < 4000; i++) {
      paint.fillStyle = `hsl(${(i * 137) % 360} 60% 50%)`
      paint.fillRect((i * 97) % 4000, (i * 61) % 3000, 60, 40)
    }
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 })
    const files = new DataTransfer()
    files.items.add(new File([blob], called, { type: 'image/jpeg' }))
    const input = document.querySelector<HTMLInputElement>('main input[type=file]')!
    input.files = files.files
    input.dispatchEvent(new Event('change', { bubbles: true }))
  }, name)

/** What the county holds of a register, a line a record. */
export async function atBox({ box }: Field, dataset: string): Promise<string[]> {
  const file = join(box.data, `${dataset}.ndjson`)
  const said = await box.cli('export', dataset, '--format', 'ndjson', '--to', file)
  if (said.err !== '') throw new Error(said.err)
  return (await Bun.file(file).text()).split('\n').filter((line) => line !== '')
}
