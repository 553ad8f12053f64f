// What people do on the pages, in the words of a journey.

import type { Page } from 'playwright-core'

/** Types into a field that looks records up, and takes the first offer whose name fits. */
export async function pick(page: Page, name: string, words: string) {
  const box = page.locator(`[name="_label.${name}"]`)
  await box.fill('')
  await box.pressSequentially(words)
  await page
    .getByRole('option', { name: new RegExp(words) })
    .first()
    .click()
  await page.waitForFunction(
    (field) => document.querySelector<HTMLInputElement>(`input[type=hidden][name="${field}"]`)?.value !== '',
    name,
  )
}

/** Chooses a radio or tick box by the words beside it. */
export const choose = (page: Page, words: string | RegExp) =>
  page.locator('main form label', { hasText: words }).first().click()

/** Sends the form of the page; done when the next page says what was saved. */
export async function save(page: Page) {
  const status = await send(page)
  if (status >= 400) throw new Error(`${status}: ${await said(page)}`)
  await page.waitForURL(/[?&]said=/)
}

/** Sends the form of the page, and answers with what the page says against it. */
export async function sendRefused(page: Page): Promise<string> {
  const status = await send(page)
  if (status !== 422) throw new Error(`not refused: ${status}`)
  return said(page)
}

async function send(page: Page): Promise<number> {
  const answered = page.waitForResponse((each) => each.request().method() === 'POST')
  await page.locator('main form .button-main').last().click()
  return (await answered).status()
}

async function said(page: Page): Promise<string> {
  const words = page.locator('main [role=alert]').first()
  await words.waitFor()
  return (await words.innerText()).trim()
}

/** Presses the button of a record's page that leads to a step. */
export async function begin(page: Page, title: string) {
  const button = page.locator('.detail-acts a', { hasText: new RegExp(`^${title}$`) }).first()
  // What is rarely done stands folded away.
  if (!(await button.isVisible())) await page.locator('.detail-acts summary').first().click()
  await button.click()
  await page.waitForURL(/\/do\//)
}

/** A square on the map of the form, looked at closely. */
export async function drawArea(page: Page) {
  const map = page.locator('[data-geometry] [data-map-canvas]')
  await map.scrollIntoViewIfNeeded()
  // The map drops a key that comes while it is still moving: one step, look at the scale, the next.
  const scale = map.locator('.leaflet-control-scale-line').first()
  for (let closer = 0; closer < 5; closer++) {
    const before = await scale.innerText()
    await map.press('+')
    await page.waitForFunction(
      ([was]) =>
        document.querySelector<HTMLElement>('[data-geometry] .leaflet-control-scale-line')?.innerText !== was,
      [before],
    )
  }
  await page.click('[data-draw=Polygon]')
  for (const [x, y] of [
    [250, 110],
    [330, 110],
    [330, 190],
    [250, 190],
  ] as const)
    await map.click({ position: { x, y } })
  await map.press('Enter')
  await page.getByText(/已画好 · 面积 [\d,.]+ 亩/).waitFor()
}

/** A day of the county, so many before today. */
export const dayBack = (days: number): string =>
  new Date(Date.now() + (8 - days * 24) * 3_600_000).toISOString().slice(0, 10)
