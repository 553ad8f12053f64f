// The scripts in a real browser, against the gallery: what was typed is kept, a place can be drawn, the keyboard works,
// the strict CSP is never violated and axe finds nothing.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { type Browser, chromium, type Page } from 'playwright-core'
// @ts-expect-error read as text, injected by evaluate: the CSP lets no foreign script tag in
import axe from '../node_modules/axe-core/axe.min.js' with { type: 'text' }
import { buildAssets } from './build.ts'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const there = existsSync(executablePath)

// Where the drawn ground has these townships: web/base-map/townships.geojson.
const caowei: [number, number] = [112.381, 29.031]
const nanzui: [number, number] = [112.309, 28.931]

describe.skipIf(!there)('in a browser', () => {
  let browser: Browser
  let server: ReturnType<typeof Bun.serve>
  const complaints: string[] = []

  beforeAll(async () => {
    await buildAssets({ quiet: true })
    const { gallery } = await import('./gallery.tsx')
    server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: gallery.fetch })
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await server?.stop(true)
  })

  async function open(path: string, viewport = { width: 1366, height: 768 }): Promise<Page> {
    const context = await browser.newContext({ viewport, locale: 'zh-CN' })
    const page = await context.newPage()
    page.on('pageerror', (error) => complaints.push(`${path}: ${error.message}`))
    page.on('console', (message) => {
      if (/Content Security Policy|Refused to/.test(message.text()))
        complaints.push(`${path}: ${message.text()}`)
    })
    await page.goto(`${server.url}${path}`)
    return page
  }
  const drafts = (page: Page) =>
    page.evaluate(() => Object.entries(localStorage).filter(([key]) => key.startsWith('draft:')))

  test('what was typed survives a closed tab, personal numbers do not, and saving lets it go', async () => {
    const page = await open('form')
    await page.fill('[name=area]', '12.5')
    await page.fill('[name=note]', '界桩两处')
    await page.fill('[name=phone]', '13812345678')
    await page.check('[name=marks][value=gi]')
    await page.waitForFunction(() =>
      Object.values(localStorage).some(
        (each) => String(each).includes('界桩两处') && String(each).includes('gi'),
      ),
    )
    expect(JSON.stringify(await drafts(page))).not.toContain('13812345678')

    const again = await page.context().newPage()
    await page.close()
    await again.goto(`${server.url}form`)
    await again.getByText(/已找回 .* 没有保存的内容/).waitFor()
    expect(await again.inputValue('[name=area]')).toBe('12.5')
    expect(await again.inputValue('[name=note]')).toBe('界桩两处')
    expect(await again.inputValue('[name=phone]')).toBe('')
    expect(await again.isChecked('[name=marks][value=gi]')).toBe(true)

    await again.focus('[name=note]')
    await again.keyboard.press('Control+Enter')
    await again.waitForURL('**/saved')
    await again.waitForFunction(() => !Object.keys(localStorage).some((key) => key.startsWith('draft:')))
    await again.context().close()
  })

  test('a draft that was sent into a dead line is still there afterwards', async () => {
    const page = await open('form')
    await page.fill('[name=note]', '断线前写的')
    await page.context().setOffline(true)
    await page.click('[data-save]').catch(() => {})
    await page.waitForURL((url) => url.protocol === 'chrome-error:').catch(() => {})
    await page.context().setOffline(false)
    await page.goto(`${server.url}form`)
    await page.getByText(/已找回/).waitFor()
    expect(await page.inputValue('[name=note]')).toBe('断线前写的')
    await page.context().close()
  })

  test('an area is drawn by clicks, mended by undo, and comes back from its text', async () => {
    const page = await open('form')
    const map = page.locator('[data-geometry] [data-map-canvas]')
    await map.scrollIntoViewIfNeeded()
    await page.click('[data-draw=Polygon]')
    for (const [x, y] of [
      [150, 90],
      [330, 90],
      [330, 230],
      [150, 230],
    ] as const)
      await map.click({ position: { x, y } })
    await map.press('Enter')
    const text = page.locator('[data-geometry-text]')
    const drawn = JSON.parse(await text.inputValue())
    expect(drawn.type).toBe('Polygon')
    expect(drawn.coordinates[0]).toHaveLength(5)
    expect(drawn.coordinates[0][0]).toEqual(drawn.coordinates[0][4])
    await page.getByText(/已画好 · 面积 [\d,.]+ 亩/).waitFor()

    await page.click('[data-draw-undo]')
    expect(JSON.parse(await text.inputValue()).coordinates[0]).toHaveLength(4)
    await page.click('[data-draw-clear]')
    expect(await text.inputValue()).toBe('')

    await text.fill('这不是坐标')
    await text.blur()
    await page.getByText('这段坐标读不出来').waitFor()
    await text.fill(JSON.stringify(drawn))
    await text.blur()
    await page.getByText(/已画好/).waitFor()
    expect(await page.locator('[data-geometry] .map-corner:not(.map-corner-mid)').count()).toBe(4)
    await page.context().close()
  })

  test('the map of an empty form opens at the township the form names, and follows when another is chosen', async () => {
    const page = await open('form')
    const map = page.locator('[data-geometry] [data-map-canvas]')
    await map.scrollIntoViewIfNeeded()
    const corner = async () => {
      await page.click('[data-draw=Polygon]')
      for (const [x, y] of [
        [300, 100],
        [340, 100],
        [340, 140],
      ] as const)
        await map.click({ position: { x, y } })
      await map.press('Enter')
      const drawn = JSON.parse(await page.locator('[data-geometry-text]').inputValue())
      await page.click('[data-draw-clear]')
      return drawn.coordinates[0][0] as [number, number]
    }
    const near = ([lng, lat]: [number, number], [x, y]: [number, number]) =>
      Math.hypot(lng - x, lat - y) < 0.1
    expect(near(await corner(), caowei)).toBe(true)
    await page.selectOption('[name=division]', '430981107')
    expect(near(await corner(), nanzui)).toBe(true)
    await page.context().close()
  })

  test('a corner can be dragged, and the text follows', async () => {
    const page = await open('form?drawn=1')
    await page.locator('[data-geometry] [data-map-canvas]').scrollIntoViewIfNeeded()
    const text = page.locator('[data-geometry-text]')
    const before = JSON.parse(await text.inputValue())
    const corner = await page
      .locator('[data-geometry] .map-corner:not(.map-corner-mid)')
      .first()
      .boundingBox()
    await page.mouse.move(corner!.x + 8, corner!.y + 8)
    await page.mouse.down()
    await page.mouse.move(corner!.x + 38, corner!.y + 30, { steps: 5 })
    await page.mouse.up()
    await page.waitForFunction(
      (old) => document.querySelector<HTMLTextAreaElement>('[data-geometry-text]')!.value !== old,
      JSON.stringify(before),
    )
    const after = JSON.parse(await text.inputValue())
    expect(after.coordinates[0]).toHaveLength(5)
    expect(after.coordinates[0].slice(1, 4)).toEqual(before.coordinates[0].slice(1, 4))
    await page.context().close()
  })

  test('a record is picked by typing and by keyboard alone', async () => {
    const page = await open('form')
    const box = page.getByRole('combobox', { name: '经营主体' })
    await box.focus()
    await box.pressSequentially('周建')
    await page.getByRole('option', { name: /周建国家庭农场/ }).waitFor()
    await box.press('ArrowDown')
    await box.press('Enter')
    expect(await page.inputValue('input[type=hidden][name=owner]')).toBe('e3')
    expect(await box.inputValue()).toBe('周建国家庭农场')
    await page.context().close()
  })

  test('a wrong ID number is said as the field is left, and unsaid while it is mended', async () => {
    const page = await open('form')
    await page.fill('[name=id]', '43098119900307123５')
    await page.locator('[name=id]').blur()
    await page.getByText('身份证号校验码不对').waitFor()
    expect(await page.getAttribute('[name=id]', 'aria-invalid')).toBe('true')
    await page.fill('[name=id]', '430981199003071233')
    await page.getByText('身份证号校验码不对').waitFor({ state: 'hidden' })
    await page.context().close()
  })

  test('Enter moves on, / searches, and a long form goes step by step', async () => {
    const page = await open('form')
    await page.focus('[name=code]')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => (document.activeElement as HTMLInputElement).name)).toBe('division')
    await page.locator('h1').click()
    await page.evaluate(() => (document.activeElement as HTMLElement).blur())
    await page.keyboard.press('/')
    expect(await page.evaluate(() => document.activeElement!.hasAttribute('data-search'))).toBe(true)

    await page.goto(`${server.url}steps`)
    expect(await page.isVisible('[name=area]')).toBe(false)
    await page.getByRole('button', { name: '下一步' }).click()
    expect(await page.isVisible('[name=area]')).toBe(true)
    expect(await page.isVisible('[data-save]')).toBe(false)
    await page.getByRole('button', { name: '下一步' }).click()
    expect(await page.isVisible('[data-save]')).toBe(true)
    await page.context().close()
  })

  test('typing in a filter redraws the list in place, and the address can be shared', async () => {
    const page = await open('list')
    await page.fill('.filters [name=q]', '芦笋')
    await page.waitForURL(/q=/)
    expect(new URL(page.url()).searchParams.get('q')).toBe('芦笋')
    expect(await page.locator('#list').count()).toBe(1)
    expect(await page.evaluate(() => (document.activeElement as HTMLInputElement).name)).toBe('q')
    await page.locator('#list [data-tick]').first().check()
    await page.getByText('已选 1 条').waitFor()
    await page.locator('#list tbody tr td:nth-child(3)').first().click()
    await page.waitForURL('**/detail')
    await page.context().close()
  })

  test('the list beside the map follows the view', async () => {
    const page = await open('map')
    const says = page.locator('[data-map-count]')
    await page.getByText('视野内 218 处').waitFor()
    await page.locator('[data-layer=sensors]').uncheck()
    await page.getByText('视野内 18 处').waitFor()
    await page.locator('[data-map-list] button').first().click()
    await page.locator('.leaflet-popup-content a').waitFor()
    expect(Number(/\d+/.exec((await says.textContent())!)![0])).toBeLessThan(18)
    await page.context().close()
  })

  test('without scripts the forms, the filters and the figures are still there', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${server.url}form`)
    await page.fill('[name=shape]', '112.36, 28.84')
    await page.click('[data-save]')
    await page.waitForURL('**/saved')
    await page.goto(`${server.url}list`)
    expect(await page.getByRole('button', { name: '查询' }).isVisible()).toBe(true)
    await page.goto(`${server.url}charts`)
    await page.getByText('看数字').first().click()
    expect(await page.getByRole('cell', { name: '30.4', exact: true }).first().isVisible()).toBe(true)
    await context.close()
  })

  test('axe finds nothing to complain about, on the desk and on the phone', async () => {
    const desk = [
      '',
      'list',
      'form?wrong=1',
      'detail',
      'map',
      'charts',
      'pieces',
      'conflict',
      'public',
      'wall',
    ]
    const phone = ['', 'list', 'steps', 'detail', 'login']
    for (const [paths, viewport] of [
      [desk, { width: 1366, height: 768 }],
      [phone, { width: 390, height: 844 }],
    ] as const) {
      for (const path of paths) {
        const page = await open(path, viewport)
        await page.waitForLoadState('networkidle')
        await page.evaluate(axe as unknown as string)
        const violations = await page.evaluate(async () => {
          const { axe } = window as unknown as {
            axe: {
              run(
                what: object,
                options: object,
              ): Promise<{ violations: { id: string; nodes: { target: string[] }[] }[] }>
            }
          }
          // Pins lie where places lie, however close; the list beside the map is their equivalent (WCAG 2.5.8).
          const found = await axe.run(
            { exclude: ['.leaflet-marker-pane'] },
            {
              resultTypes: ['violations'],
              runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
            },
          )
          return found.violations.map(
            (each) => `${each.id}: ${each.nodes.map((node) => node.target.join(' ')).join(', ')}`,
          )
        })
        expect({ path, width: viewport.width, violations }).toEqual({
          path,
          width: viewport.width,
          violations: [],
        })
        await page.context().close()
      }
    }
  }, 300_000)

  test('and nothing on the way broke a script or the content security policy', () => {
    expect(complaints).toEqual([])
  })
})
