// A PC that trusts the county's authority, and one that does not yet: the certificate stands in an NSS store of its own
// home, as on Kylin and UOS, so nothing of the machine's own browser is touched.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import axe from 'axe-core/axe.min.js' with { type: 'text' }
import type { BrowserContext, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { loginOf, type RunningBox, run, startBox } from './box.ts'
import { deskScreen, executablePath, journey, phoneScreen } from './browser.ts'

const here = mkdtempSync(join(tmpdir(), 'xianhe-https-'))
// Another loopback address stands for the box's address on the LAN: unlike 127.0.0.1 it is named by a setting.
const other = '127.0.0.2'
let box: RunningBox
beforeAll(async () => {
  box = await startBox({
    seed: true,
    https: true,
    flags: ['--host', '0.0.0.0', '--https-names', `${other},field.lan`],
  })
  await box.allUp()
}, 180_000)
const open: BrowserContext[] = []
afterAll(async () => {
  for (const each of open) await each.close()
  await box?.stop()
  rmSync(here, { recursive: true })
}, 30_000)

const certutil = Bun.which('certutil')
const trusting = executablePath && certutil ? test : test.skip
const authority = () => join(box.data, 'keys', 'authority.pem')
const secure = (path: string, host = '127.0.0.1') => `https://${host}:${box.httpsPort}${path}`

/** A browser in a home of its own; `trusts` as after the steps of the joining page. */
async function browserOf(name: string, trusts: boolean, screen = deskScreen): Promise<BrowserContext> {
  const home = join(here, name)
  const store = join(home, '.pki', 'nssdb')
  mkdirSync(store, { recursive: true })
  if (trusts) {
    const pem = join(home, 'xianhe-ca.pem')
    // What /join hands out, not what lies on the box.
    await Bun.write(pem, await (await fetch(`${box.url}/join/xianhe-ca.pem`)).text())
    for (const words of [
      ['-N', '--empty-password', '-d', `sql:${store}`],
      ['-A', '-d', `sql:${store}`, '-n', 'xianhe', '-t', 'C,,', '-i', pem],
    ]) {
      const said = await run([certutil!], words)
      if (said.code !== 0) throw new Error(`certutil: ${said.err}`)
    }
  }
  const context = await chromium.launchPersistentContext(join(home, 'profile'), {
    executablePath: executablePath!,
    args: ['--no-sandbox', '--disable-gpu', '--host-resolver-rules=MAP field.lan 127.0.0.1'],
    env: { ...process.env, HOME: home } as Record<string, string>,
    viewport: screen,
    locale: 'zh-CN',
    timezoneId: 'Asia/Shanghai',
  })
  open.push(context)
  return context
}

async function logIn(page: Page, base: string, name: string) {
  await page.goto(`${base}/login`)
  await page.fill('[name=name]', name)
  await page.fill('[name=password]', loginOf(name).password)
  await page.click('form button[type=submit], form button:not([type])')
  await page.waitForURL((url) => !url.pathname.startsWith('/login'))
}

journey(
  'without the certificate the joining page works and says so, and the office pages stay on http',
  async () => {
    const page = await (await browserOf('stranger', false)).newPage()
    const violations: string[] = []
    page.on(
      'console',
      (said) => said.text().includes('Content Security Policy') && violations.push(said.text()),
    )
    await page.goto(`${box.url}/join?system=windows`)
    await page.click('[data-join-check]')
    await page.getByText('还没有信任').waitFor()
    expect(page.url()).toContain('/join?system=windows')
    expect(violations).toEqual([])
    await logIn(page, box.url, 'wenbin')
    expect(new URL(page.url()).protocol).toBe('http:')
    expect(await page.locator('h1').first().isVisible()).toBe(true)
  },
  60_000,
)

journey(
  'every way of joining is readable and without axe violations, on a phone and on a PC',
  async () => {
    const context = await browserOf('reader', false)
    const page = await context.newPage()
    for (const [screen, systems] of [
      [phoneScreen, ['android', 'ios', 'windows7']],
      [deskScreen, ['windows', 'linux', 'macos']],
    ] as const)
      for (const system of systems) {
        await page.setViewportSize(screen)
        await page.goto(`${box.url}/join?system=${system}`)
        expect(await page.locator('.join-step').count()).toBeGreaterThan(3)
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        expect([system, wide]).toEqual([system, 0])
        await page.evaluate(axe as unknown as string)
        const found = await page.evaluate(async () => {
          const { violations } = await (window as any).axe.run({
            runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'],
          })
          return violations.map((each: any) => [each.id, each.nodes[0]?.html])
        })
        expect([system, found]).toEqual([system, []])
      }
  },
  90_000,
)

trusting(
  'a browser that trusts the box moves to https, and from then on by itself',
  async () => {
    const context = await browserOf('clerk', true)
    const page = await context.newPage()
    await page.goto(`${box.url}/join`)
    await page.getByText('这台设备已经做好了').waitFor()
    await page.click('[data-join-check]')
    await page.waitForURL(secure('/join/done'))
    expect(
      await page.evaluate(() => [
        isSecureContext,
        performance.getEntriesByType('navigation').map((each) => (each as any).nextHopProtocol),
      ]),
    ).toEqual([true, ['h2']])
    await page.goto(`${box.url}/d/agri.plot?q=1`)
    expect(page.url()).toBe(secure(`/login?to=${encodeURIComponent('/d/agri.plot?q=1')}`))
    await logIn(page, secure(''), 'wenbin')
    await page.goto(`${box.url}/registers`)
    expect(page.url()).toBe(secure('/registers'))
    // Programs on the same machine are left alone.
    expect((await fetch(`${box.url}/healthz`, { redirect: 'manual' })).status).toBe(200)
  },
  60_000,
)

for (const host of ['127.0.0.1', other])
  trusting(
    `on https://${host} a device is set up, and works with the network off`,
    async () => {
      const context = await browserOf(`field-${host}`, true, phoneScreen)
      const page = await context.newPage()
      await logIn(page, secure('', host), 'zhoumei')
      await page.goto(secure('/field/setup', host))
      await page.fill('[name=device]', '周梅的手机')
      await page.fill('[name=pin]', '246810')
      await page.fill('[name=again]', '246810')
      await page.click('[data-field-setup] button')
      await page.waitForURL('**/field')
      await page.getByText('已就绪').waitFor()
      await context.setOffline(true)
      await page.goto(secure('/d/agri.plot', host))
      expect(await page.locator('h1').first().textContent()).toContain('地块')
      await page.reload()
      expect(await page.locator('main a[href*="/d/agri.plot/"]').count()).toBeGreaterThan(0)
      await context.setOffline(false)
      await page.goto(secure('/', host))
      expect(await page.locator('h1').first().isVisible()).toBe(true)
    },
    90_000,
  )

test('curl trusts every name of the box with the certificate, and none without it', async () => {
  const curl = (url: string, ...more: string[]) =>
    run(['curl'], ['-sS', '-o', '/dev/null', '-w', '%{http_code}', '--max-time', '10', ...more, url])
  const resolve = [
    '--resolve',
    `field.lan:${box.httpsPort}:127.0.0.1`,
    '--resolve',
    `xianhe.local:${box.httpsPort}:127.0.0.1`,
  ]
  for (const host of ['127.0.0.1', other, 'localhost', 'xianhe.local', 'field.lan'])
    expect([host, (await curl(secure('/login', host), '--cacert', authority(), ...resolve)).out]).toEqual([
      host,
      '200',
    ])
  expect((await curl(secure('/login'))).code).toBe(60)
  expect((await curl(secure('/login', '127.0.0.3'), '--cacert', authority())).code).toBe(60)
})

test('the box says how its secure side is, and keeps its authority over a restart', async () => {
  const { parts } = await box.health()
  expect(parts['https']).toMatchObject({
    state: 'up',
    detail: expect.stringMatching(/^证书至 20\d\d-\d\d-\d\d$/),
  })
  const lines = (await box.cli('doctor', '--json', '--https-port', String(box.httpsPort))).json<{
    findings?: any[]
  }>()
  const findings = (Array.isArray(lines) ? lines : lines.findings) as {
    about: { en: string }
    state: string
  }[]
  expect(findings.find((each) => each.about.en === 'certificates')?.state).toBe('good')
  const before = readFileSync(authority(), 'utf8')
  await box.kill()
  box = await box.again()
  await box.allUp()
  expect(readFileSync(authority(), 'utf8')).toBe(before)
  expect((await (await fetch(`${box.url}/join/xianhe-ca.pem`)).text()).trim()).toBe(
    /-----BEGIN CERTIFICATE[\s\S]+/.exec(before)![0].trim(),
  )
}, 60_000)
