// A phone that loses its network and finds it again, inside a network namespace of its own, so that the browser notices by
// itself: nobody tells it. Started by wake.test.ts; says what arrived, and whether a page was open.

import { openBrowser } from './browser.ts'
import { atBox, growing, phoneOf, startField } from './field-work.ts'

/** What the errand says at its end. */
export interface Woken {
  /** How often each entry was at the county before the network was back, and after. */
  before: number
  after: number
  /** Pages of the box open meanwhile. */
  pages: string[]
  /** From the network's return to the last entry at the county. */
  seconds: number
}

const entries = 3

function ip(...words: string[]) {
  const done = Bun.spawnSync(['ip', ...words])
  if (done.exitCode !== 0) throw new Error(`ip ${words.join(' ')}: ${done.stderr}`)
}
function networkUp() {
  ip('link', 'set', 'wifi0', 'up')
  ip('addr', 'replace', '10.9.8.7/24', 'dev', 'wifi0')
}

async function errand(): Promise<Woken> {
  ip('link', 'set', 'lo', 'up')
  ip('link', 'add', 'wifi0', 'type', 'veth', 'peer', 'name', 'mast0')
  ip('link', 'set', 'mast0', 'up')
  networkUp()
  const field = await startField()
  const browser = await openBrowser()
  try {
    const page = await phoneOf(browser, field, 'zhoumei')
    const context = page.context()
    const nobody = await context.newPage()
    const batch = await growing(page, field, '被叫醒的芦笋地')
    await field.line.cut()
    ip('link', 'set', 'wifi0', 'down')
    await page.waitForFunction(() => !navigator.onLine)
    for (let i = 0; i < entries; i++) {
      await page.goto(
        `${field.url}/d/agri.batch/${batch}/do/farm-work-recorded?kind=weeding&note=被叫醒 ${i}`,
      )
      await page.click('main form button.button-main')
      await page.waitForURL('**said=*')
    }
    await page.close()

    const cdp = await context.newCDPSession(nobody)
    const seen: string[] = []
    cdp.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
      for (const each of versions) if (each.status === 'activated') seen.push(each.runningStatus)
    })
    await cdp.send('ServiceWorker.enable')
    while (seen.at(-1) !== 'running') await nobody.waitForTimeout(20)
    await cdp.send('ServiceWorker.stopAllWorkers')
    while (seen.at(-1) !== 'stopped') await nobody.waitForTimeout(20)
    await field.line.mend()
    const arrived = async () =>
      (await atBox(field, 'agri.farm-record')).filter((line) => line.includes('被叫醒')).length
    const before = await arrived()

    networkUp()
    const back = performance.now()
    let after = before
    while (after < entries && performance.now() - back < 60_000) after = await arrived()
    const seconds = (performance.now() - back) / 1000
    const pages = context
      .pages()
      .map((each) => each.url())
      .filter((url) => url.startsWith(field.url))
    return { before, after, pages, seconds }
  } finally {
    await browser.close()
    await field.stop()
  }
}

if (import.meta.main) {
  console.log(JSON.stringify(await errand()))
  process.exit(0)
}
