// A land killed with -9 again and again, a server that is killed under it, two lands at once: nothing twice, nothing lost.

import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { away, type Box, join2, openBox } from '../scene.ts'
import { TargetFault } from './portion.ts'
import { carry, lakePlace, landAt, postgresPlace, standingAt } from './scene.ts'
import { postgresPrograms, type Server, startServer } from './server-for-tests.ts'

// A real server, real files and children: on a busy two-core box they take their time.
setDefaultTimeout(300_000)

const installed = postgresPrograms() !== undefined
let server: Server
let county: Box
let prefecture: Box
beforeAll(async () => {
  if (installed) server = await startServer()
  county = openBox({ division: '430981', name: '沅江市', limits: { acts: 400 } })
  prefecture = openBox({ division: '4309', name: '益阳市' })
  join2(county, prefecture, { wire: false })
  county.store.batch(() => {
    for (let i = 0; i < 2400; i++) {
      const plot = county.register(`CW-${i}`)
      if (i % 3 === 0) county.act('agri.plot.amended', plot, { area: i }, { base: 1 })
      if (i % 7 === 0) county.act('agri.plot.withdrawn', plot, {}, { base: i % 3 === 0 ? 2 : 1 })
    }
  })
  await carry(county, prefecture)
})
afterAll(async () => {
  if (installed) await server.stop()
  for (const box of [county, prefecture]) {
    box.close()
    away(box.data)
  }
})

const directories: string[] = []
afterEach(() => away(...directories.splice(0)))

const acts = () => prefecture.store.acts(0, 100_000).map((act) => act.id)

for (const [name, skip, make] of [
  [
    'PostgreSQL',
    !installed,
    async () => {
      const url = await server.newDatabase()
      return { to: url, place: postgresPlace(url) }
    },
  ],
  [
    'a Parquet lake',
    false,
    async () => {
      const place = lakePlace()
      directories.push(place.directory)
      return { to: place.directory, place }
    },
  ],
] as const)
  describe.skipIf(skip)(`into ${name}`, () => {
    test('killed at twelve moments of its work, it goes on and ends where an undisturbed one does', async () => {
      const { to, place } = await make()
      const seen: number[] = []
      // Words it has said when it is killed: at the very first, between two packages, inside one, before the last line.
      for (const words of [1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 14, 17]) seen.push(await killAfter(to, words))
      expect(seen.filter((each) => each > 0).length).toBeGreaterThanOrEqual(8)
      await landAt(place, prefecture)
      expect(await place.records()).toEqual(standingAt(prefecture))
      expect(await place.acts()).toEqual(acts().sort())
      const ledger = (await place.ledger()).filter((line) => line.startsWith(county.store.node.id))
      const sizes = Array.from({ length: ledger.length }, (_, i) => Math.min(400, acts().length - i * 400))
      expect(ledger).toEqual(sizes.map((n, i) => `${county.store.node.id} ${i + 1} ${n}`))
    })
  })

describe.skipIf(!installed)('into PostgreSQL', () => {
  test('two lands at once: each package goes in once, and both end well', async () => {
    const place = postgresPlace(await server.newDatabase())
    const both = await Promise.all([landAt(place, prefecture), landAt(place, prefecture)])
    expect(both.map((report) => report.complete)).toEqual([true, true])
    expect(both[0]!.acts + both[1]!.acts).toBe(acts().length)
    expect(await place.acts()).toEqual(acts().sort())
    expect(await place.records()).toEqual(standingAt(prefecture))
  })

  test('a server that drops the connection is told of in a sentence, and the next land goes on', async () => {
    const url = await server.newDatabase()
    const place = postgresPlace(url)
    let cut = false
    const broken = await landAt(place, prefecture, {
      progress: ({ seq }) => {
        if (seq !== 3 || cut) return
        cut = true
        // The land itself awaits nothing here; by its next question the connection is gone.
        server.dropConnections(url)
      },
    }).catch((error) => error)
    expect(broken).toBeInstanceOf(TargetFault)
    expect(broken.words.zh).toContain('连接断了')
    expect((await place.ledger()).length).toBeLessThanOrEqual(3)
    expect((await landAt(place, prefecture)).complete).toBe(true)
    expect(await place.acts()).toEqual(acts().sort())
    expect(await place.records()).toEqual(standingAt(prefecture))
  })
})

/** Kills the land once it has said so many words. Answers how many packages had begun, 0 when it ended before. */
async function killAfter(to: string, words: number): Promise<number> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'landing-box.ts'), prefecture.data, to], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  let said = ''
  for await (const chunk of child.stdout) {
    said += new TextDecoder().decode(chunk)
    if (said.split('\n').length > words) {
      child.kill('SIGKILL')
      break
    }
  }
  await child.exited
  return child.signalCode === 'SIGKILL' ? said.split('\n').length : 0
}
