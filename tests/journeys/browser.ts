// The browser of journeys: the system's Chromium, headless. Where there is none, journeys are skipped by name.

import { test } from 'bun:test'
import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
import { loginOf } from './box.ts'

export const executablePath = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => existsSync(path))

/** A test that needs a browser. */
export const journey = executablePath ? test : test.skip

export const openBrowser = (program = executablePath): Promise<Browser> =>
  chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu'] })

export const deskScreen = { width: 1366, height: 768 }
export const phoneScreen = { width: 390, height: 844 }

/** A page of somebody who has logged in, as people do: through the form. */
export async function pageOf(
  browser: Browser,
  box: { url: string },
  name: string,
  screen = deskScreen,
): Promise<Page> {
  const context = await browser.newContext({ viewport: screen, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' })
  const page = await context.newPage()
  await logIn(page, box, name)
  return page
}

export async function logIn(page: Page, box: { url: string }, name: string) {
  await page.goto(`${box.url}/login`)
  await page.fill('[name=name]', name)
  await page.fill('[name=password]', loginOf(name).password)
  await page.click('form button[type=submit], form button:not([type])')
  await page.waitForURL((url) => !url.pathname.startsWith('/login'))
}

/** Whatever a page's scripts stumble over, and whatever its policy refuses, as it happens. */
export function stumbles(page: Page): string[] {
  const found: string[] = []
  page.on('pageerror', (error) => found.push(`${page.url()}: ${error.message}`))
  const hear = (message: { text(): string }) => {
    const said = message.text()
    // That nobody answers is what a cut line is for.
    if (/Failed to fetch|network error/.test(said)) return
    if (/Content Security Policy|Refused to|SyntaxError|TypeError|ReferenceError/.test(said))
      found.push(`${page.url()}: ${said}`)
  }
  page.on('console', hear)
  // The pages it draws are the worker's work, and what it stumbles over is told in its own console.
  for (const worker of page.context().serviceWorkers()) worker.on('console', hear)
  return found
}
