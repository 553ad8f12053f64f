// What a browser lives through between two days at the lake: a new version of the pages in the middle of a form, a worker
// that was stopped and is woken with every page closed, a tab that crashes, a cache that is gone. Nothing waiting is lost.

import { afterAll, afterEach, beforeAll, expect } from 'bun:test'
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core'
import { journey, openBrowser, pageOf, stumbles } from './browser.ts'
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
  recordWork,
  setUp,
  startField,
  submit,
} from './field-work.ts'
import { type NextVersion, nextVersion } from './next-version.ts'

let field: Field
let browser: Browser
let next: NextVersion
let passes = (_: string): boolean => true

beforeAll(async () => {
  field = await startField((beginning) => passes(beginning))
  ;[browser, next] = await Promise.all([openBrowser(), nextVersion()])
}, 180_000)
afterAll(async () => {
  await browser?.close()
  await field?.stop()
  next?.remove()
}, 30_000)

/** Several entries out of reach; answers with what they say. */
async function workFor(page: Page, batch: string, what: string, n: number): Promise<string[]> {
  const notes = Array.from({ length: n }, (_, i) => `${what} ${i}`)
  for (const note of notes) expect(await recordWork(page, batch, note)).toBe(303)
  return notes
}

/** The notes at the county that begin so, as often as they are there. */
const notesAtBox = async (what: string) =>
  (await atBox(field, 'agri.farm-record'))
    .flatMap((line) => /"note":"([^"]*)"/.exec(line)?.[1] ?? [])
    .filter((note) => note.startsWith(what))
    .sort()

/** Asked again until the county has so many notes that begin so. */
async function arrived(what: string, n: number): Promise<string[]> {
  for (;;) {
    const notes = await notesAtBox(what)
    if (notes.length >= n) return notes
  }
}

const version = (page: Page) => page.evaluate(() => document.documentElement.dataset.version)

/** Done when another worker has taken over; asked before it does. */
const watchTakeover = (page: Page) =>
  page.evaluate(() => {
    ;(window as any).tookOver = new Promise((resolve) =>
      navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
    )
  })
const takenOver = (page: Page) => page.evaluate(() => (window as any).tookOver.then(() => true))

/** The addresses of a page's own scripts and styles, and whether each still loads as what it was. */
const ownScripts = (page: Page) =>
  page.evaluate(async () => {
    const paths = [...document.querySelectorAll<HTMLScriptElement>('script[src]')].map(({ src }) => src)
    const sheets = [...document.querySelectorAll<HTMLLinkElement>('link[rel=stylesheet]')].map(
      ({ href }) => href,
    )
    const lazy = [document.querySelector<HTMLMetaElement>('meta[name=alpine]')!.content]
    return Promise.all(
      [...paths, ...sheets, ...lazy].map(async (address) => {
        const bytes = await (await fetch(address)).arrayBuffer()
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
        const hash = [...digest.subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
        return [address, address.includes(hash)]
      }),
    )
  })

const openForm = async (context: BrowserContext, batch: string): Promise<Page> => {
  const page = await context.newPage()
  await page.goto(`${field.url}/d/agri.batch/${batch}/do/farm-work-recorded?kind=weeding`)
  return page
}

let downgraded: (() => Promise<void>) | undefined
/** The box stops, and starts again as the next version; until the journey is over. */
async function upgraded() {
  const before = field.box
  await before.leave()
  field.box = await before.again(next.program)
  downgraded = async () => {
    await field.box.leave()
    field.box = await before.again()
  }
}
afterEach(async () => {
  passes = () => true
  await downgraded?.()
  downgraded = undefined
  await field.line.mend()
  await Promise.all(browser.contexts().map((each) => each.close()))
}, 60_000)

journey(
  'a new version takes over between two tabs: what waits is read by it and arrives once, the half-filled form is saved, old pages keep their scripts',
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei')
    const context = page.context()
    const batch = await growing(page, field, '升级那天的芦笋地')
    await outOfReach(field, context)
    const wanted = await workFor(page, batch, '升级前登记', 5)
    const form = await openForm(context, batch)
    const fell = stumbles(form)
    await form.fill('[name=note]', '升级前登记 写到一半')
    await page.goto(`${field.url}/d/agri.batch/${batch}`)
    await watchTakeover(form)

    await upgraded()
    // The line comes back for pages, and not yet for what waits: the new worker has to read what the old one kept.
    passes = (beginning) => !beginning.includes(' /device/v1/acts')
    await backInReach(field, context)
    await page.reload()
    expect(await takenOver(form)).toBe(true)
    expect(await version(form)).toBeUndefined()
    expect((await ownScripts(form)).every(([, same]) => same)).toBe(true)
    expect(await form.inputValue('[name=note]')).toBe('升级前登记 写到一半')

    await page.goto(`${field.url}/d/agri.batch/${batch}`)
    expect(await version(page)).toBe('next')
    await page.getByText('农事记录 5').waitFor()
    await page.goto(`${field.url}/field`)
    await page.getByText('有 5 条只在这台设备上').waitFor()
    expect(await notesAtBox('升级前登记')).toEqual([])

    passes = () => true
    await submit(form)
    await form.waitForURL(`**/d/agri.batch/${batch}?said=*`)
    expect(await version(form)).toBe('next')
    await drained(page, field)
    expect(await notesAtBox('升级前登记')).toEqual([...wanted, '升级前登记 写到一半'].sort())
    expect(fell).toEqual([])
  },
  180_000,
)

journey(
  'an app that is never navigated gets the new version when the line returns, and an install that breaks off leaves the old one working',
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei')
    const context = page.context()
    const batch = await growing(page, field, '升级断线那天的芦笋地')
    await outOfReach(field, context)
    const wanted = await workFor(page, batch, '断线升级', 2)
    await watchTakeover(page)
    await upgraded()
    // Of the new version everything arrives but its script.
    let broken = 0
    passes = (beginning) => !(beginning.includes('/assets/app-') && beginning.includes('.js') && ++broken)
    await backInReach(field, context)
    // What waits goes at once, by the worker that is here.
    expect(await arrived('断线升级', 2)).toEqual(wanted)
    while (broken === 0) await page.waitForTimeout(50)
    await page.waitForFunction(async () => {
      const known = await navigator.serviceWorker.getRegistration()
      return known?.active?.state === 'activated' && !known.installing && !known.waiting
    })
    await outOfReach(field, context)
    await page.goto(`${field.url}/d/agri.batch/${batch}`)
    expect(await version(page)).toBeUndefined()
    expect((await ownScripts(page)).every(([, same]) => same)).toBe(true)
    wanted.push(...(await workFor(page, batch, '断线升级 后来', 2)))

    passes = () => true
    await watchTakeover(page)
    await backInReach(field, context)
    expect(await takenOver(page)).toBe(true)
    await page.goto(`${field.url}/d/agri.batch/${batch}`)
    expect(await version(page)).toBe('next')
    expect(await arrived('断线升级', 4)).toEqual(wanted.sort())
  },
  180_000,
)

/** What lies under the pages: which workers there are, stopping them, waking one. Asked from a page that is nobody's. */
async function beneath(context: BrowserContext) {
  const page = await context.newPage()
  const cdp: CDPSession = await context.newCDPSession(page)
  const versions = new Map<string, { registrationId: string; runningStatus: string; status: string }>()
  cdp.on('ServiceWorker.workerVersionUpdated', ({ versions: changed }) => {
    for (const each of changed) versions.set(each.versionId, each)
  })
  await cdp.send('ServiceWorker.enable')
  const active = () => [...versions.values()].find((each) => each.status === 'activated')
  const until = async (status: string) => {
    const deadline = Date.now() + 15_000
    while (active()?.runningStatus !== status) {
      if (Date.now() > deadline) throw new Error(`the worker is ${active()?.runningStatus}, not ${status}`)
      await page.waitForTimeout(20)
    }
  }
  return {
    async stopWorker() {
      await until('running')
      await cdp.send('ServiceWorker.stopAllWorkers')
      await until('stopped')
    },
    /** As the browser does when its network is back. */
    async wake() {
      const { registrationId } = active()!
      const event = { origin: field.url, registrationId, tag: 'exchange', lastChance: false }
      await cdp.send('ServiceWorker.dispatchSyncEvent', event)
      await until('running')
    },
  }
}

const closeAll = (context: BrowserContext) =>
  Promise.all(
    context
      .pages()
      .filter((each) => each.url().startsWith(field.url))
      .map((each) => each.close()),
  )

journey(
  'with every page closed and the worker stopped, the line returns and what waits arrives; locked, it stays sealed until the PIN',
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei')
    const context = page.context()
    const below = await beneath(context)
    const batch = await growing(page, field, '关机那天的芦笋地')
    await field.line.cut()
    const wanted = await workFor(page, batch, '关页以后', 30)
    await closeAll(context)
    await below.stopWorker()
    await field.line.mend()
    await below.wake()
    expect(await arrived('关页以后', 30)).toEqual(wanted.sort())
    expect(context.pages().filter((each) => each.url().startsWith(field.url))).toEqual([])

    await field.line.cut()
    const again = await context.newPage()
    await again.goto(`${field.url}/d/agri.batch/${batch}`)
    await workFor(again, batch, '锁定以后', 3)
    await again.goto(`${field.url}/field`)
    await again.locator('main').getByRole('button', { name: '锁定,换人用' }).click()
    await again.waitForURL('**/field/unlock*')
    await closeAll(context)
    await below.stopWorker()
    const asked: string[] = []
    passes = (beginning) => asked.push(beginning) > 0
    await field.line.mend()
    await below.wake()
    expect(await notesAtBox('锁定以后')).toEqual([])
    expect(asked.filter((each) => each.includes(' /device/'))).toEqual([])
    const unlocking = await context.newPage()
    await unlocking.goto(`${field.url}/field/unlock`)
    await unlocking.fill('[name=pin]', pin)
    await submit(unlocking)
    expect(await arrived('锁定以后', 3)).toHaveLength(3)
  },
  180_000,
)

journey(
  'a browser that wakes no worker drains by the timer of an open page, with nothing new written and no word of the network',
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei')
    const context = page.context()
    const cdp = await context.newCDPSession(page)
    const { targetInfo } = await cdp.send('Target.getTargetInfo')
    await (await browser.newBrowserCDPSession()).send('Browser.setPermission', {
      permission: { name: 'background-sync' },
      setting: 'denied',
      origin: field.url,
      browserContextId: targetInfo.browserContextId,
    })
    const batch = await growing(page, field, '没有后台同步的芦笋地')
    await page.clock.install()
    await page.goto(`${field.url}/d/agri.batch/${batch}`)
    // The wire is cut; nobody tells the browser.
    await field.line.cut()
    const wanted = await workFor(page, batch, '定时送出', 4)
    await page.goto(`${field.url}/field`)
    await page.getByText('有 4 条只在这台设备上').waitFor()
    const wakes = () =>
      navigator.permissions.query({ name: 'background-sync' as never }).then(({ state }) => state)
    expect(await page.evaluate(wakes)).toBe('denied')
    // What the page asked for when it was opened has found nobody.
    await page.evaluate(
      () =>
        new Promise((resolve) => {
          const { port1, port2 } = new MessageChannel()
          port1.onmessage = resolve
          navigator.serviceWorker.controller!.postMessage({ do: 'exchange' }, [port2])
        }),
    )
    await field.line.mend()
    expect(await notesAtBox('定时送出')).toEqual([])
    await page.clock.fastForward(300_000)
    expect(await arrived('定时送出', 4)).toEqual(wanted.sort())
  },
  120_000,
)

journey(
  'a form survives the crash of its tab: opened again out of reach it is filled, and can be saved',
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei')
    const context = page.context()
    const batch = await growing(page, field, '死机那天的芦笋地')
    await outOfReach(field, context)
    const form = await openForm(context, batch)
    await form.fill('[name=note]', '死机前写到一半')
    await form.waitForFunction(() =>
      Object.values({ ...localStorage }).some((kept) => kept.includes('死机前')),
    )
    const crashed = form.waitForEvent('crash')
    void form.goto('chrome://crash').catch(() => undefined)
    await crashed
    await form.close()
    const again = await openForm(context, batch)
    await again.getByText('已找回').waitFor()
    expect(await again.inputValue('[name=note]')).toBe('死机前写到一半')
    await submit(again)
    await again.waitForURL(`**/d/agri.batch/${batch}?said=*`)
    await backInReach(field, context)
    await drained(page, field)
    expect(await notesAtBox('死机前')).toEqual(['死机前写到一半'])
  },
  120_000,
)

journey(
  'a half-filled amendment comes back though the office changed the record meanwhile, and does not undo what the office wrote',
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei')
    const context = page.context()
    await growing(page, field, '两边都改的芦笋地')
    const plot = await firstOf(page, field, 'agri.plot', '两边都改的芦笋地')
    await outOfReach(field, context)
    const form = await context.newPage()
    await form.goto(`${field.url}/d/agri.plot/${plot}/amend`)
    await form.fill('[name=note]', '改到一半')
    await form.waitForFunction(() =>
      Object.values({ ...localStorage }).some((kept) => kept.includes('改到一半')),
    )
    await form.close()
    await backInReach(field, context)
    const office = await pageOf(browser, field, 'liujianguo')
    await office.goto(`${field.url}/d/agri.plot/${plot}/amend`)
    await office.fill('[name=area]', '7.25')
    await submit(office)
    await office.waitForURL('**said=amended*')

    const again = await context.newPage()
    await again.goto(`${field.url}/d/agri.plot/${plot}/amend`)
    await again.getByText('已找回').waitFor()
    expect(await again.inputValue('[name=note]')).toBe('改到一半')
    expect(Number(await again.inputValue('[name=area]'))).toBe(7.25)
    await submit(again)
    await again.waitForURL('**said=amended*')
    await drained(page, field)
    const line = (await atBox(field, 'agri.plot')).find((each) => each.includes('两边都改的芦笋地'))
    expect(line).toContain('改到一半')
    expect(line).toContain('7.25')
  },
  120_000,
)

journey(
  'a phone set up a second time asks the browser again to keep what is here, carries over what waits, and sends it',
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei')
    const context = page.context()
    const batch = await growing(page, field, '重新设置那天的芦笋地')
    // Nothing goes until the box has made a new token: what arrives was carried over.
    let anew = false
    passes = (beginning) => {
      anew ||= beginning === 'POST /field/devices'
      return anew || !beginning.includes(' /device/v1/acts')
    }
    const wanted = await workFor(page, batch, '重新设置', 3)
    await page.goto(`${field.url}/field`)
    await page.getByText('有 3 条只在这台设备上').waitFor()
    expect(await notesAtBox('重新设置')).toEqual([])
    await context.addInitScript(() => {
      const { persist } = StorageManager.prototype
      StorageManager.prototype.persist = function () {
        localStorage.setItem('asked to keep', 'yes')
        return persist.call(this)
      }
    })
    await setUp(page, field, 'zhoumei')
    expect(await page.evaluate(() => localStorage.getItem('asked to keep'))).toBe('yes')
    await drained(page, field)
    expect(await notesAtBox('重新设置')).toEqual(wanted.sort())
  },
  120_000,
)

journey(
  'when the browser throws the scripts away, nothing waiting is lost and they are fetched again',
  async () => {
    const page = await phoneOf(browser, field, 'zhoumei')
    const context = page.context()
    const batch = await growing(page, field, '清缓存那天的芦笋地')
    await outOfReach(field, context)
    const wanted = await workFor(page, batch, '清缓存', 3)
    await page.goto(`${field.url}/d/agri.batch/${batch}`)
    expect((await ownScripts(page)).every(([, same]) => same)).toBe(true)
    await page.evaluate(async () => {
      for (const name of await caches.keys()) await caches.delete(name)
    })
    // A page still comes, plain; what waits is still here.
    await page.goto(`${field.url}/field`)
    await page.getByText('有 3 条只在这台设备上').waitFor()
    await backInReach(field, context)
    await drained(page, field)
    expect(await notesAtBox('清缓存')).toEqual(wanted.sort())
    await page.waitForFunction(
      async () => (await (await caches.open((await caches.keys())[0]!)).keys()).length > 10,
    )
    await outOfReach(field, context)
    await page.goto(`${field.url}/d/agri.batch/${batch}`)
    expect((await ownScripts(page)).every(([, same]) => same)).toBe(true)
    await backInReach(field, context)
  },
  120_000,
)
