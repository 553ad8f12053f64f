// What a newcomer sees: one day in the county, on one box, from the reed bed to the prefecture.

import { afterAll, beforeAll, expect, setDefaultTimeout } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import type { Browser, Locator, Page } from 'playwright-core'
import decodeQR from 'qr/decode.js'
import { dateText } from '../../server/kernel/words.ts'
import { type RunningBox, startBox } from './box.ts'
import { journey, openBrowser, pageOf, phoneScreen } from './browser.ts'
import { begin, choose, dayBack, drawArea, pick, save, sendRefused } from './people.ts'

setDefaultTimeout(180_000)

const root = mkdtempSync(join(tmpdir(), 'xianhe-day-'))
let box: RunningBox
let browser: Browser
/** What the day leaves behind, for those who count it and carry it up. */
const day = { plot: '', batch: '', certificate: '', number: '', alarm: '', call: '' }

beforeAll(async () => {
  box = await startBox({ seed: true })
  await box.allUp()
  browser = await openBrowser()
}, 240_000)
afterAll(async () => {
  await browser?.close()
  await box?.stop()
  rmSync(root, { recursive: true })
})

journey(
  'a trace clerk brings reed shoots from the bed to the buyer: refused too early, certified, scanned, void',
  async () => {
    const mei = await pageOf(browser, box, 'zhoumei')
    await mei.goto(`${box.url}/trace`)
    await mei.locator('main a', { hasText: '登记地块' }).click()
    await mei.fill('[name=name]', '苇荡西岸一号')
    await mei.selectOption('[name=crop]', 'reed-shoot')
    await drawArea(mei)
    await save(mei)
    day.plot = idIn(mei.url())
    const facts = await mei.locator('main').innerText()
    expect(facts).toContain('苇荡西岸一号')
    expect(facts).toMatch(/地块编号\s+\d{16}/)
    expect(facts).toMatch(/面积\s+[\d,.]+亩/)

    await mei.goto(`${box.url}/trace`)
    await mei.locator('main a', { hasText: '新开批次' }).click()
    await pick(mei, 'product', '沅江芦笋')
    await pick(mei, 'plot', '苇荡西岸一号')
    await mei.fill('[name=started]', dayBack(30))
    await save(mei)
    day.batch = idIn(mei.url())

    await begin(mei, '记农事')
    await pick(mei, 'pesticide', '氯虫苯甲酰胺')
    await mei.fill('[name=on]', dayBack(20))
    await mei.fill('[name=dose]', '10')
    await choose(mei, /毫升.亩/)
    await mei.fill('[name=target]', '芦苇毒蛾')
    await save(mei)

    // Seven days are the interval: on the sixth the sentence names the seventh.
    await begin(mei, '登记采收')
    await mei.fill('[name=on]', dayBack(14))
    await mei.fill('[name=quantity]', '320')
    expect(await sendRefused(mei)).toMatch(
      new RegExp(`氯虫苯甲酰胺悬浮剂.+施用,安全间隔期 7 天,最早 ${shortDay(dayBack(13))}可采收`),
    )
    expect(await mei.inputValue('[name=quantity]')).toBe('320')
    await mei.fill('[name=on]', dayBack(0))
    await save(mei)

    await begin(mei, '登记检测')
    await mei.fill('[name=value]', '12')
    await choose(mei, /^合格$/)
    await save(mei)

    await begin(mei, '开具合格证')
    await mei.fill('[name=quantity]', '300')
    await save(mei)
    expect(await mei.locator('main').innerText()).toContain('还可开具')

    await mei.locator(`main a[href^="/d/agri.certificate/"]`).first().click()
    await mei.waitForURL(/agri\.certificate/)
    day.certificate = idIn(mei.url())
    const print = mei.locator('main a[href*="print"]').first()
    await mei.goto(new URL((await print.getAttribute('href'))!, box.url).href)
    expect(await mei.locator('.certificate').count()).toBe(2)
    expect(await mei.locator('.certificate').first().innerText()).toContain('未使用禁用农药')
    const address = await scan(mei, mei.locator('.certificate-code svg').first())
    day.number = decodeURIComponent(address.split('/t/')[1]!)
    expect(address).toBe(`${box.url}/t/${day.number}`)

    const buyer = await (
      await browser.newContext({ viewport: phoneScreen, locale: 'zh-CN', javaScriptEnabled: false })
    ).newPage()
    await buyer.goto(address)
    const seen = await buyer.locator('body').innerText()
    for (const words of ['沅江芦笋', '草尾镇', '草尾镇芦香芦笋种植专业合作社', '合格', day.number])
      expect(seen).toContain(words)
    // Nothing of a person: no name, no telephone, no identity number.
    expect(await buyer.content()).not.toMatch(
      /周梅|zhoumei|(?<!\d)1[3-9]\d(\d{4}|\*{4})\d{4}(?!\d)|(?<!\d)\d{17}[\dX](?!\w)/,
    )
    expect(seen).not.toContain('已作废')

    await mei.goto(`${box.url}/d/agri.certificate/${day.certificate}`)
    await begin(mei, '作废')
    await mei.fill('[name=reason]', '重量写错,重新开具')
    await save(mei)
    await buyer.reload()
    expect(await buyer.locator('body').innerText()).toContain('已作废')

    expect((await historyOf(mei, 'agri.batch', day.batch)).map((act) => act.name)).toEqual([
      'agri.batch.opened',
      'agri.batch.harvested',
      'agri.batch.inspected',
      'agri.batch.certified',
      'agri.certificate.voided',
    ])
  },
)

journey(
  'a level crosses its limit on an open page; the case goes to 草尾镇 and back, and is closed',
  async () => {
    const liu = await pageOf(browser, box, 'liujianguo')
    await liu.goto(`${box.url}/d/sensing.sensor?q=WL-017`)
    await liu.locator('main a', { hasText: 'WL-017' }).first().click()
    await liu.waitForURL(/sensing\.sensor\/[0-9a-f-]{36}/)
    const map = await liu.context().newPage()
    await map.goto(`${box.url}/map`)
    const pins = map.locator('[data-map-list]')
    await pins.locator('button').first().waitFor()

    const gauge = await gaugeAt(box, 'WL-017')
    await liu.evaluate(() => Object.assign(window, { neverReloaded: true }))
    const courseBefore = await liu.locator('.chart-table tbody').first().textContent()
    const began = Date.now()
    await gauge.says(33.9, [20, 12, 6, 0])
    const now = liu.locator('#sensor-now')
    await now.getByText('33.9').waitFor()
    await gauge.says(33.87)
    await now.getByText('33.87').waitFor()
    await liu.waitForFunction(
      (old) => document.querySelector('.chart-table tbody')?.textContent !== old,
      courseBefore,
    )
    expect(await liu.evaluate(() => 'neverReloaded' in window)).toBe(true)
    const alarm = pins.locator('button', { hasText: /草尾水位站 17 号.*高于/ }).first()
    await alarm.waitFor({ timeout: 20_000 })
    const seen = Date.now() - began
    console.info(`alert on the open map ${seen} ms after the readings`)
    expect(seen).toBeLessThan(10_000)
    await liu.goto(`${box.url}/sensing/alerts`)
    expect(await liu.locator('main').innerText()).toContain('草尾水位站 17 号')

    await liu.goto(`${box.url}/cases`)
    await liu.locator('main a', { hasText: '草尾水位站 17 号' }).first().click()
    await liu.waitForURL(/cases\.case\/[0-9a-f-]{36}$/)
    day.alarm = idIn(liu.url())
    await throughTownship(liu, day.alarm, '草尾水位站 17 号')
    await begin(liu, '结案')
    await save(liu)
    expect(await liu.locator('h1').innerText()).toContain('已结案')

    // Somebody rang about the same dyke, and left a number: that case is not closed without calling back.
    await liu.goto(`${box.url}/cases/new`)
    await liu.fill('[name=content]', '上码头社区三组堤脚渗水,已有两处冒浑水')
    await pick(liu, 'category', '险情')
    await drawPoint(liu)
    await liu.selectOption('[name=division]', '430981114')
    await liu.fill('[name=address]', '草尾大堤 12+300')
    await liu.fill('[name=reporter]', '李伯')
    await liu.fill('[name=phone]', '13873712345')
    await save(liu)
    day.call = idIn(liu.url())
    await throughTownship(liu, day.call, '堤脚渗水')
    expect(await liu.locator('.detail-acts', { hasText: '结案' }).count()).toBe(0)
    await begin(liu, '回访')
    await choose(liu, '已接通')
    await choose(liu, /^是$/)
    await choose(liu, '非常满意')
    await save(liu)
    await begin(liu, '结案')
    await save(liu)
    const told = await liu.locator('.diary').innerText()
    for (const did of [
      '上报了事件',
      '受理立案',
      '派遣了案卷',
      '签收了案卷',
      '报告处理完成',
      '核查了处理结果',
      '回访了反映人',
      '结案',
    ])
      expect(told).toMatch(new RegExp(`(刘建国|文斌) 于 .+ ${did}`))
    expect(told).not.toContain('13873712345')
  },
)

journey('the leader and the wall count an act within two seconds, charts included', async () => {
  const [leader, mei] = [await pageOf(browser, box, 'leader'), await pageOf(browser, box, 'zhoumei')]
  const wall = await leader.context().newPage()
  await wall.setViewportSize({ width: 1920, height: 1080 })
  await leader.goto(`${box.url}/leader`)
  await wall.goto(`${box.url}/screen`)
  const places = {
    number: { page: leader, read: () => numberText(leader, '有效合格证') },
    chart: { page: leader, read: () => chartToday(leader, '每日开具合格证') },
    wall: { page: wall, read: () => wall.locator('.wall-number', { hasText: '今日开具合格证' }).innerText() },
  }
  const took: Record<string, number[]> = { number: [], chart: [], wall: [] }
  // A busy machine may miss one second once; three tries show what the box can do.
  for (let tries = 0; tries < 3; tries++) {
    const before = await Promise.all(Object.values(places).map((place) => place.read()))
    await mei.goto(`${box.url}/d/agri.batch/${day.batch}`)
    await begin(mei, '开具合格证')
    await mei.fill('[name=quantity]', '50')
    const from = Date.now()
    await Promise.all([
      save(mei),
      ...Object.entries(places).map(async ([name, place], i) => {
        while ((await place.read()) === before[i]) {
          if (Date.now() - from > 30_000) throw new Error(`${name} did not move: ${before[i]}`)
          await Bun.sleep(25)
        }
        took[name]!.push(Date.now() - from)
      }),
    ])
  }
  console.info(`from the click to the screen, ms: ${JSON.stringify(took)}`)
  for (const [name, each] of Object.entries(took))
    expect([name, Math.min(...each) < 2000]).toEqual([name, true])
})

journey('every number opens to exactly the records it counts', async () => {
  const leader = await pageOf(browser, box, 'leader')
  const [agreed, differ]: [string[], string[]] = [[], []]
  for (const from of ['/leader', '/numbers']) {
    await leader.goto(box.url + from)
    await leader.locator('.number a').first().waitFor()
    const cards = await leader.locator('.number').evaluateAll((all) =>
      all.flatMap((card) => {
        const link = card.querySelector('a')
        return link
          ? [
              {
                title: card.querySelector('.number-title')!.textContent!.trim(),
                value: link.textContent!.trim(),
                path: link.getAttribute('href')!,
              },
            ]
          : []
      }),
    )
    expect(cards.length).toBeGreaterThan(5)
    for (const { title, value, path } of cards) {
      const [, n] = /^([\d,]+)(件|条|张|批|台|个|家|块|次|起)$/.exec(value) ?? []
      // A share opens to what it is a share of; how many that are stands on its page.
      if (n === undefined) continue
      await leader.goto(box.url + path)
      const list = await leader.locator('main').innerText()
      const said = /共 ([\d,]+) [条件]/.exec(list)?.[1] ?? /没有|还没有/.exec(list)?.[0].replace(/.+/, '0')
      if (said === n) agreed.push(title)
      else differ.push(`${title} ${path}: ${n}, its page says ${said}`)
    }
  }
  expect(differ).toEqual([])
  expect(agreed.length).toBeGreaterThan(8)
})

journey(
  'the package a peer fetches holds the day; the prefecture checks and applies it once, and says so',
  async () => {
    const prefecture = await startBox({ flags: ['--division', '4309', '--name', '益阳市'] })
    try {
      const card = async (of: RunningBox) =>
        (await of.cli('peer', 'card', '--address', of.url, '--json')).json()
      const added = await box.cli('peer', 'add', JSON.stringify(await card(prefecture)), '--json')
      const known = await prefecture.cli('peer', 'add', JSON.stringify(await card(box)), '--json')
      expect([added.code, known.code]).toEqual([0, 0])
      const headers = { authorization: `Bearer ${added.json().token}` }

      const waiting = (await (
        await fetch(`${box.url}/sync/v1/packages?after=0`, { headers })
      ).json()) as Waiting[]
      const files: string[] = []
      for (const each of waiting) {
        const answer = await fetch(`${box.url}/sync/v1/packages/${each.seq}`, { headers })
        files.push(join(root, each.file))
        writeFileSync(files.at(-1)!, new Uint8Array(await answer.arrayBuffer()))
      }
      const carried = files.flatMap(actsIn)
      const mei = await pageOf(browser, box, 'zhoumei')
      const liu = await pageOf(browser, box, 'liujianguo')
      const today = [
        ...(await historyOf(mei, 'agri.plot', day.plot)),
        ...(await historyOf(mei, 'agri.batch', day.batch)),
        ...(await historyOf(mei, 'agri.certificate', day.certificate)),
        ...(await historyOf(liu, 'cases.case', day.alarm)),
        ...(await historyOf(liu, 'cases.case', day.call)),
      ].map((act) => act.id)
      expect(today.length).toBeGreaterThan(20)
      for (const id of new Set(today))
        expect([id, carried.filter((each) => each === id).length]).toEqual([id, 1])
      expect(new Set(carried).size).toBe(carried.length)

      const checked = await prefecture.cli('verify', ...files, '--json')
      expect([checked.code, checked.json().every((each: { ok: boolean }) => each.ok)]).toEqual([0, true])
      const flipped = join(root, 'flipped.xhp')
      const bytes = readFileSync(files[0]!)
      bytes[bytes.length >> 1]! ^= 1
      writeFileSync(flipped, bytes)
      const refused = await prefecture.cli('receive', flipped)
      expect(refused.code).toBe(1)
      expect(refused.err).toMatch(/没有收|拒收|不予|被拒/)
      expect(refused.err.trim().split('\n')).toHaveLength(1)
      expect((await recordsOf(prefecture, 'agri.plot')).length).toBe(0)

      for (const outcome of ['applied', 'repeated']) {
        const said = await prefecture.cli('receive', ...files, '--json')
        expect([said.code, said.json().map((each: { outcome: string }) => each.outcome)]).toEqual([
          0,
          files.map(() => outcome),
        ])
        const [plot] = (await recordsOf(prefecture, 'agri.plot')).filter((each) => each.includes(day.plot))
        expect(plot).toContain('苇荡西岸一号')
      }

      // Until the prefecture's receipt is there the page says sent, never received.
      const admin = await pageOf(browser, box, 'admin')
      await admin.goto(`${box.url}/sync`)
      expect(await admin.locator('main').innerText()).toContain('益阳市')
      const confirmed = async () => (await box.cli('peer', 'show', '益阳市', '--json')).json().confirmed
      expect(await confirmed()).toBe(0)
      for (const { seq, manifestSha256 } of waiting) {
        const answer = await fetch(`${box.url}/sync/v1/receipts`, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify({ seq, manifestSha256, outcome: 'applied' }),
        })
        expect(answer.status).toBe(200)
      }
      expect(await confirmed()).toBeGreaterThan(0)
      await admin.goto(`${box.url}/sync/sent`)
      const sent = await admin.locator('main').innerText()
      expect(sent).toContain(`${waiting.at(-1)!.seq}`)
      expect(sent).toContain('已入库')
      await admin.context().close()
    } finally {
      await prefecture.stop()
    }
  },
)

const idIn = (text: string) => /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/.exec(text)![0]

/** 11月7日; with its year when that is not this one. */
const shortDay = (iso: string) =>
  iso.slice(0, 4) === dayBack(0).slice(0, 4) ? dateText(iso).replace(/^\d+年/, '') : dateText(iso)

/** What a phone's camera reads from a code on the page. */
async function scan(page: Page, code: Locator): Promise<string> {
  const picture = (await code.screenshot({ scale: 'css' })).toString('base64')
  const camera = await page.context().newPage()
  const { data, width, height } = await camera.evaluate(async (png) => {
    const image = new Image()
    image.src = `data:image/png;base64,${png}`
    await image.decode()
    const canvas = document.createElement('canvas')
    Object.assign(canvas, { width: image.width * 3, height: image.height * 3 })
    const ink = canvas.getContext('2d')!
    ink.imageSmoothingEnabled = false
    ink.drawImage(image, 0, 0, canvas.width, canvas.height)
    const { width, height, data } = ink.getImageData(0, 0, canvas.width, canvas.height)
    return { width, height, data: [...data] }
  }, picture)
  await camera.close()
  // Throws when no code can be read on the page. A still picture is looked at as long as it takes.
  return decodeQR(
    { width, height, data: Uint8ClampedArray.from(data) },
    { effort: Number.POSITIVE_INFINITY, timeLimit: Number.POSITIVE_INFINITY },
  )
}

interface Waiting {
  seq: number
  file: string
  manifestSha256: string
}

/** Ids of the acts in a package, read as anybody's tools read them. */
function actsIn(file: string): string[] {
  const { stdout } = Bun.spawnSync(['tar', '-xOf', file, 'acts.ndjson.zst'])
  return new TextDecoder()
    .decode(Bun.zstdDecompressSync(stdout))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).id)
}

/** The records of a dataset on a box, a line each. */
async function recordsOf(of: RunningBox, dataset: string): Promise<string[]> {
  const file = join(root, `${dataset}-${of.port}.ndjson`)
  const said = await of.cli('export', dataset, '--format', 'ndjson', '--to', file)
  expect(said.err).toBe('')
  return readFileSync(file, 'utf8').split('\n').filter(Boolean)
}

/** The acts that touched a record, as the API tells whoever is logged in, oldest first. */
async function historyOf(page: Page, dataset: string, id: string): Promise<{ id: string; name: string }[]> {
  const path = `${box.url}/api/v1/datasets/${dataset}/records/${id}/history`
  return (await page.evaluate(async (from) => (await fetch(from)).json(), path)).acts
}

/** A gauge in the field that says what it measures, at minutes before now. */
async function gaugeAt({ mqttPort }: RunningBox, sensor: string) {
  const client = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, {
    clientId: sensor,
    protocolVersion: 4,
  })
  return {
    async says(level: number, minutes = [0]) {
      const now = Date.now()
      const readings = minutes.map((ago) => ({ at: now - ago * 60_000, values: { 'water-level': level } }))
      await client.publishAsync(`xh/v1/${sensor}/readings`, JSON.stringify(readings), { qos: 1 })
    },
    leaves: () => client.endAsync(),
  }
}

/** Filed and assigned by the county, signed and done by the township on a phone, checked by the county. */
async function throughTownship(clerk: Page, id: string, title: string) {
  await clerk.goto(`${box.url}/d/cases.case/${id}`)
  await begin(clerk, '受理立案')
  await save(clerk)
  await begin(clerk, '派给承办单位')
  await save(clerk)
  expect(await clerk.locator('.clocks').innerText()).toMatch(/签收 还剩/)
  const worker = await pageOf(browser, box, 'wenbin', phoneScreen)
  await worker.locator('main a', { hasText: title }).first().click()
  await worker.waitForURL(`**/d/cases.case/${id}`)
  await begin(worker, '签收')
  await save(worker)
  await begin(worker, '处理完成,报核查')
  await worker.fill('[name=result]', '已安排 6 人巡堤,险情处置完毕')
  await worker.setInputFiles('[name=proof], [name=photosAfter], input[type=file]', {
    name: '处置后.png',
    mimeType: 'image/png',
    buffer: Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGD4DwABBAEAX+XDSwAAAABJRU5ErkJggg==',
      'base64',
    ),
  })
  await worker.fill('[name=proofAddress]', '草尾大堤 3 号闸')
  await save(worker)
  await worker.context().close()
  await clerk.goto(`${box.url}/d/cases.case/${id}`)
  await begin(clerk, '核查')
  await choose(clerk, /^通过$/)
  await save(clerk)
}

/** A place on the map of the form. */
async function drawPoint(page: Page) {
  const map = page.locator('[data-geometry] [data-map-canvas]')
  await map.scrollIntoViewIfNeeded()
  await page.click('[data-draw=Point]')
  await map.click({ position: { x: 300, y: 120 } })
}

const numberText = (page: Page, title: string) =>
  page.locator('.number', { hasText: title }).first().locator('.number-value').innerText()

/** The last row of a chart's table: today. */
const chartToday = (page: Page, title: string) =>
  page.locator('.chart', { hasText: title }).first().locator('.chart-table tbody tr').last().textContent()
