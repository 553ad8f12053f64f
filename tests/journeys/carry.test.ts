// Two phones at the lake edge and no line: what waits on one is read by the other's camera, or goes along as a file. It
// arrives once, whoever brings it, and nobody is told more than is known.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { asText, labelOn } from '../../web/device/hand-over.ts'
import { barriers, cutOff } from './barriers.ts'
import { deskScreen, journey, openBrowser, pageOf, phoneScreen, stumbles } from './browser.ts'
import { browserRefusing, browserSeeing, filmOf } from './camera.ts'
import {
  atBox,
  backInReach,
  drained,
  type Field,
  growing,
  outOfReach,
  phoneOf,
  startField,
  step,
  submit,
  takePhoto,
} from './field-work.ts'
import { lineTo } from './line.ts'
import { oldChromium } from './old-chromium.ts'

const folder = mkdtempSync(join(tmpdir(), 'xianhe-film-'))
/** Two lines to one box: each phone has its own. */
let field: Field
let otherField: Field
let browser: Browser
const shots = process.env.XIANHE_PICTURES
beforeAll(async () => {
  ;[field, browser] = await Promise.all([startField(), openBrowser()])
  const line = await lineTo(() => field.box.port)
  otherField = { ...field, line, url: line.url }
}, 180_000)
afterAll(async () => {
  await browser?.close()
  await otherField?.line.cut()
  await field?.stop()
  rmSync(folder, { recursive: true, force: true })
}, 30_000)

/** Looked at: no barrier for anybody, nothing cut off, no script stumbles. */
async function wellMade(page: Page, name: string) {
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`) })
  expect([name, await barriers(page), await cutOff(page)]).toEqual([name, [], []])
}

/** 周梅 works for a day out of reach: six entries, from a plot to a certificate. */
async function sixEntries(page: Page, name: string, contact: string) {
  const batch = await growing(page, field, name)
  await step(page, field, batch, 'farm-work-recorded', { kind: 'weeding', note: '人工除草' })
  await step(page, field, batch, 'harvested', { quantity: '320' })
  await step(page, field, batch, 'inspected', { verdict: 'pass' })
  await page.goto(
    `${field.url}/d/agri.batch/${batch}/do/certified?${new URLSearchParams({ quantity: '300', basis: 'own-test', contact })}`,
  )
  await submit(page)
  await page.waitForURL(`**/d/agri.batch/${batch}?said=*`)
  await page.goto(`${field.url}/field`)
  await page.getByText('有 6 条只在这台设备上').waitFor()
  return batch
}

const certificates = async (contact: string) =>
  (await atBox(field, 'agri.certificate')).filter((line) => line.includes(contact)).length

journey(
  'six entries go from screen to camera without a network, lie sealed on a colleague’s phone, and are at the county once; the ticks say no more than is known',
  async () => {
    const mei = await phoneOf(browser, field, 'zhoumei')
    const faults = stumbles(mei)
    await outOfReach(field, mei.context())
    const batch = await sixEntries(mei, '湖心洲的芦笋地', '0737-2720001')
    await mei.getByRole('link', { name: '交给同事' }).click()
    await mei.waitForURL('**/field/hand-over')
    await mei.getByText('条记录只在这台设备上').waitFor()
    await wellMade(mei, 'hand-over')
    await mei.addInitScript(() => {
      navigator.wakeLock.request = async (kind) => {
        document.documentElement.dataset.kept = kind
        throw new Error('only looked at')
      }
    })
    await mei.click('text=让对方扫')
    await mei.waitForURL('**/field/hand-over/codes')
    await mei.locator('html[data-kept=screen]').waitFor()
    const film = join(folder, 'mei.mjpeg')
    await filmOf(mei, 24, film)
    await wellMade(mei, 'hand-over-codes')
    await mei.click('text=对方说收好了')
    await mei.getByText('交给过同事 6 条').waitFor()
    await mei.getByText('县里还没有确认收到').waitFor()
    await mei.goto(`${field.url}/d/agri.batch/${batch}`)
    const tick = mei.locator('.detail-note .ticks')
    expect(await tick.getAttribute('title')).toBe('已存在本机,等待送达县里')

    const camera = await browserSeeing(film)
    const wen = await phoneOf(camera, otherField, 'wenbin')
    faults.push(...stumbles(wen))
    await outOfReach(otherField, wen.context())
    await wen.goto(`${otherField.url}/field`)
    await wen.getByRole('link', { name: '替同事带' }).click()
    await wen.waitForURL('**/field/carry')
    await wellMade(wen, 'carry')
    // Whatever a device draws itself is guarded like the box's own pages.
    const drawn = await wen.goto(`${otherField.url}/field/carry`)
    expect(drawn!.headers()['content-security-policy']).toContain("script-src 'self';")
    await wen.click('main a:has-text("扫码")')
    await wen.getByText('替周梅带着 6 条记录').waitFor({ timeout: 60_000 })
    expect(await wen.locator('.parcels .ticks').innerText()).toBe('已存在本机,等待送达县里')
    await wellMade(wen, 'carried')
    await wen.goto(`${otherField.url}/field`)
    await wen.getByText('替周梅带着 6 条记录').waitFor()
    // Nothing of it can be read here: not a word of what she entered lies in any database of this browser.
    expect(await databasesSay(wen, '0737-2720001')).toBe(false)
    expect(await certificates('0737-2720001')).toBe(0)

    await backInReach(otherField, wen.context())
    for (;;) {
      await wen.goto(`${otherField.url}/field/carry`)
      if (await wen.getByText('县里新收 6 条').isVisible()) break
      await wen.goto(`${otherField.url}/field`)
      await wen.click('text=现在同步')
      await wen.waitForLoadState()
    }
    expect(await wen.locator('.parcels .ticks').innerText()).toBe('县里已收到')
    await wellMade(wen, 'carried-delivered')
    expect(await certificates('0737-2720001')).toBe(1)
    await wen.click('text=知道了')
    await wen.getByText('替周梅带着').waitFor({ state: 'detached' })

    await backInReach(field, mei.context())
    await drained(mei, field)
    expect(await certificates('0737-2720001')).toBe(1)
    await mei.goto(`${field.url}/d/agri.batch/${batch}`)
    expect(await tick.getAttribute('title')).toBe('县里已收到')
    const office = await pageOf(browser, field.box, 'liujianguo', deskScreen)
    await office.goto(`${field.box.url}/d/agri.batch/${batch}/history`)
    await office.getByText('由文斌带回县里').first().waitFor()
    expect(faults).toEqual([])
    for (const each of [mei, wen, office]) await each.context().close()
    await camera.close()
  },
  180_000,
)

journey(
  'the office PC reads the same screen with its webcam; a second time changes nothing and says so; without a camera it says what to do',
  async () => {
    const mei = await phoneOf(browser, field, 'zhoumei')
    await outOfReach(field, mei.context())
    await sixEntries(mei, '办公室门口的芦笋地', '0737-2720002')
    await mei.goto(`${field.url}/field/hand-over/codes`)
    const film = join(folder, 'office.mjpeg')
    await filmOf(mei, 24, film)

    const webcam = await browserSeeing(film)
    const office = await pageOf(webcam, field.box, 'liujianguo', deskScreen)
    await office.goto(`${field.box.url}/field/setup`)
    await office.click('text=收同事的记录')
    await wellMade(office, 'import')
    await office.click('text=用摄像头扫')
    if (shots) {
      await office.getByText('已读').waitFor()
      await office.screenshot({ path: join(shots, 'import-scan.png') })
    }
    await office.getByText('周梅的设备:收到 6 条').first().waitFor({ timeout: 60_000 })
    await wellMade(office, 'import-taken')
    expect(await certificates('0737-2720002')).toBe(1)
    await office.goto(`${field.box.url}/field/import/scan`)
    await office.getByText('县里早已收到,什么也没有变').waitFor({ timeout: 60_000 })
    await office.setViewportSize(phoneScreen)
    await office.goto(`${field.box.url}/field/import`)
    await wellMade(office, 'import-phone')
    await webcam.close()

    await backInReach(field, mei.context())
    await drained(mei, field)
    expect(await certificates('0737-2720002')).toBe(1)
    await mei.context().close()

    const without = await pageOf(browser, field.box, 'liujianguo', deskScreen)
    await without.goto(`${field.box.url}/field/import/scan`)
    await without.getByText('这台设备没有能用的摄像头').waitFor()
    await wellMade(without, 'import-no-camera')
    await without.context().close()
    const refusing = await browserRefusing()
    const refused = await pageOf(refusing, field.box, 'liujianguo', phoneScreen)
    await refused.goto(`${field.box.url}/field/import/scan`)
    await refused.getByText('浏览器没有允许用摄像头').waitFor()
    await wellMade(refused, 'import-denied')
    await refusing.close()
  },
  180_000,
)

journey(
  'a phone is lost after its file was made and revoked before the file comes: the entry and its photo are in, as the person’s, marked; the phone wipes itself',
  async () => {
    const wen = await phoneOf(browser, field, 'wenbin')
    await outOfReach(field, wen.context())
    await wen.goto(`${field.url}/cases/new`)
    await takePhoto(wen)
    await wen.fill('[name=content]', '草尾镇堤脚渗水,带照片,手机后来丢了')
    await submit(wen)
    await wen.waitForURL((url) => url.pathname.startsWith('/d/cases.case/') || url.search.includes('said='))
    await wen.goto(`${field.url}/field/hand-over`)
    await wen.getByText('1 张照片只在这台设备上').waitFor()
    await wen.click('text=做成文件')
    await wen.waitForURL('**/field/hand-over/file')
    await wen.getByText('准备好了').waitFor()
    await wellMade(wen, 'hand-over-file')
    const [download] = await Promise.all([wen.waitForEvent('download'), wen.click('text=存到本机')])
    await wen.getByText('名字以「县盒待发」开头').first().waitFor()
    const bytes = new Uint8Array(await Bun.file(await download.path()).arrayBuffer())
    expect(new TextDecoder('latin1').decode(bytes)).not.toContain('草尾')
    expect(labelOn(bytes)).toMatchObject({ person: '文斌', acts: 1, photos: 1, left: 0 })

    const admin = await pageOf(browser, field.box, 'admin', deskScreen)
    await admin.goto(`${field.box.url}/field/setup`)
    await admin.locator('tr', { hasText: '文斌' }).first().getByText('丢失停用').click()
    await admin.getByText('已停用').first().waitFor()

    // A torn copy first: nothing comes in, and the sentence says what to do.
    const torn = bytes.slice()
    torn[torn.length - 9]! ^= 1
    await admin.goto(`${field.box.url}/field/import`)
    await choose(admin, torn, '县盒待发-文斌.xhd')
    await admin.getByText('在路上损坏了').waitFor()
    await wellMade(admin, 'import-torn')
    await choose(admin, bytes, '县盒待发-文斌.xhd')
    await admin.getByText('文斌的设备:收到 1 条,照片 1 张').first().waitFor()
    await admin.getByText('这台设备已经停用').waitFor()
    await wellMade(admin, 'import-revoked')
    const line = (await atBox(field, 'cases.case')).find((each) => each.includes('手机后来丢了'))
    const sha256 = /"sha256":"([0-9a-f]{64})"/.exec(line!)![1]!
    const kept = await Bun.file(join(field.box.data, 'files', sha256.slice(0, 2), sha256)).bytes()
    expect(new Bun.CryptoHasher('sha256').update(kept).digest('hex')).toBe(sha256)
    await admin.context().close()

    await backInReach(field, wen.context())
    await wen.goto(`${field.url}/field`)
    await wen.waitForFunction(async () => {
      const names = (await indexedDB.databases()).map((each) => each.name)
      return !names.includes('xianhe-wenbin')
    })
    expect((await atBox(field, 'cases.case')).filter((each) => each.includes('手机后来丢了'))).toHaveLength(1)
    await wen.context().close()
  },
  120_000,
)

journey(
  'the file a chat passed on is carried by a colleague’s phone out of reach, photo included, and a file that is none is turned away there',
  async () => {
    const wen = await phoneOf(browser, field, 'wenbin')
    await outOfReach(field, wen.context())
    await wen.goto(`${field.url}/cases/new`)
    await takePhoto(wen)
    await wen.fill('[name=content]', '草尾镇沟渠堵塞,发给同事带回')
    await submit(wen)
    await wen.waitForURL((url) => url.pathname.startsWith('/d/cases.case/') || url.search.includes('said='))
    const bytes = new Uint8Array(
      await wen.evaluate(async () => {
        const answer = await fetch('/field/hand-over/parcel?photos=1')
        return [...new Uint8Array(await answer.arrayBuffer())]
      }),
    )
    const mei = await phoneOf(browser, otherField, 'zhoumei')
    await outOfReach(otherField, mei.context())
    await mei.goto(`${otherField.url}/field/carry`)
    await choose(mei, new TextEncoder().encode('会议通知'), '会议通知.txt')
    await mei.getByText('这不是县盒的交接文件').waitFor()
    await choose(mei, new TextEncoder().encode(asText(bytes, labelOn(bytes))), '县盒待发-文斌.xhd.txt')
    await mei.getByText('替文斌带着 1 条记录、1 张照片').waitFor()
    await backInReach(otherField, mei.context())
    for (;;) {
      await mei.goto(`${otherField.url}/field`)
      await mei.click('text=现在同步')
      await mei.waitForLoadState()
      await mei.goto(`${otherField.url}/field/carry`)
      if (await mei.getByText('县里新收 1 条').isVisible()) break
    }
    const line = (await atBox(field, 'cases.case')).find((each) => each.includes('发给同事带回'))
    const sha256 = /"sha256":"([0-9a-f]{64})"/.exec(line!)![1]!
    expect(await Bun.file(join(field.box.data, 'files', sha256.slice(0, 2), sha256)).exists()).toBe(true)
    await mei.context().close()

    await backInReach(field, wen.context())
    await drained(wen, field)
    expect((await atBox(field, 'cases.case')).filter((each) => each.includes('发给同事带回'))).toHaveLength(1)
    await wen.context().close()
  },
  120_000,
)

const program = oldChromium()
;(program ? journey : test.skip)(
  'Chromium 109, the last for Windows 7, shows codes and reads them',
  async () => {
    const old = await openBrowser(program)
    const mei = await phoneOf(old, field, 'zhoumei')
    await outOfReach(field, mei.context())
    await sixEntries(mei, '旧电脑旁的芦笋地', '0737-2720109')
    await mei.goto(`${field.url}/field/hand-over/codes`)
    const film = join(folder, 'old.mjpeg')
    await filmOf(mei, 24, film)
    await old.close()
    const webcam = await browserSeeing(film, program)
    const office = await pageOf(webcam, field.box, 'liujianguo', deskScreen)
    await office.goto(`${field.box.url}/field/import/scan`)
    await office.getByText('周梅的设备:收到 6 条').first().waitFor({ timeout: 60_000 })
    expect(await certificates('0737-2720109')).toBe(1)
    await webcam.close()
  },
  120_000,
)

const choose = (page: Page, bytes: Uint8Array, name: string) =>
  page.setInputFiles('[name=file]', {
    name,
    mimeType: 'application/octet-stream',
    buffer: Buffer.from(bytes),
  })

/** Whether a text stands anywhere in the browser's databases, as it is or inside bytes. */
const databasesSay = (page: Page, words: string) =>
  page.evaluate(async (wanted) => {
    const asked = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    const said = async (value: unknown): Promise<boolean> => {
      if (value instanceof Blob) return said(await value.arrayBuffer())
      if (value instanceof ArrayBuffer) return new TextDecoder().decode(value).includes(wanted)
      if (ArrayBuffer.isView(value)) return said(value.buffer)
      if (value && typeof value === 'object') {
        for (const each of Object.values(value)) if (await said(each)) return true
        return false
      }
      return String(value).includes(wanted)
    }
    for (const { name } of await indexedDB.databases()) {
      const db = await asked(indexedDB.open(name!))
      for (const store of db.objectStoreNames)
        for (const row of await asked(db.transaction(store).objectStore(store).getAll()))
          if (await said(row)) {
            db.close()
            return true
          }
      db.close()
    }
    return false
  }, words)
