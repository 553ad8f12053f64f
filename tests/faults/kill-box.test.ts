// The whole box at work, and kill -9 of its rooms in turn: pages go on or come back, numbers say of when they are, and
// what a program or a device was told is done stays done, once.

import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Device } from '../../seed/simulator/device.ts'
import { chainFault } from '../../server/kernel/diary.ts'
import { loginOf, type RunningBox, startBox } from '../journeys/box.ts'

// `XIANHE_KILLS=200 bun test tests/faults` for the long run.
const kills = Number(process.env.XIANHE_KILLS ?? 6)
const rooms = ['ingest', 'analytics', 'serve'] as const

test(`with its rooms killed ${kills} times in turn, the box loses nothing it answered for and its pages come back`, async () => {
  let box = await startBox({ seed: true })
  await box.allUp()
  const { token } = (await box.cli('token', 'add', 'faults', '--account', 'zhoumei', '--json')).json()
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const sensor = (await box.cli('device', 'add', 'WL-001', '--json')).json()
  // It holds what was not acknowledged and sends it again when the box is back.
  const device = new Device({
    host: '127.0.0.1',
    port: box.mqttPort,
    clientId: 'kill-box',
    username: 'WL-001',
    password: sensor.token,
    pause: 50,
  })

  const cookie = await login(box, 'leader')
  const leader = async (path: string) => (await fetch(box.url + path, { headers: { cookie } })).text()
  await until('the first numbers are there', async () => /截至 \d\d:\d\d/.test(await leader('/leader')))
  const plotArea = async () => {
    const rows = await leader('/numbers/agri.plot-area-by-use/figures.csv?division=430981')
    return Number(/种植,([\d.]+)/.exec(rows)?.[1])
  }
  const [areaBefore, plotsBefore] = [await plotArea(), registered(box)]
  const told = new Set<string>()
  const stored = new Set<number>()
  const began = Date.now() - 3_600_000
  let [going, entry, reading] = [true, 0, 0]
  const writing = (async () => {
    while (going) {
      const id = Bun.randomUUIDv7()
      const body = JSON.stringify({
        id,
        name: 'agri.plot.registered',
        fields: { name: `苇荡 ${entry++} 号`, crop: 'reed-shoot', area: 12.5, division: '430981114' },
      })
      const answer = await fetch(`${box.url}/api/v1/acts`, { method: 'POST', headers, body }).catch(
        () => undefined,
      )
      const said = answer?.ok ? await answer.json().catch(() => undefined) : undefined
      // Refused is an answer too, and none this test counts on.
      if (said?.outcome === 'refused') throw new Error(said.message)
      if (said?.outcome === 'accepted') told.add(id)
      else await Bun.sleep(5)
    }
  })()
  const measuring = (async () => {
    while (going) {
      if (device.waiting >= 200) {
        await Bun.sleep(5)
        continue
      }
      const at = began + reading++
      const message = JSON.stringify({ at, values: { 'water-level': 29 + (reading % 50) / 100 } })
      device.send('xh/v1/WL-001/readings', message).then(() => stored.add(at))
      if (reading % 20 === 0) await Bun.sleep(1)
    }
  })()

  for (let kill = 0; kill < kills; kill++) {
    const room = rooms[kill % rooms.length]!
    const before = [told.size, stored.size]
    await until('both wrote', () => told.size > before[0]! + 3 && stored.size > before[1]! + 50)
    if (room === 'serve') {
      const old = childrenOf(box.pid)
      await box.kill()
      // Children never outlive the box: a new one opens the same files.
      await until('its children are gone', () => old.every((pid) => !alive(pid)))
      box = await box.again()
    } else {
      process.kill(childOf(box.pid, room), 'SIGKILL')
      expect(await leader('/leader')).toMatch(/截至 \d\d:\d\d/)
    }
    await box.allUp()
  }
  going = false
  await Promise.all([writing, measuring])
  await device.end()

  // What was decided while their room was dead is counted as well.
  const added = (registered(box) - plotsBefore) * 12.5
  await until(
    'the numbers have caught up',
    async () => Math.abs((await plotArea()) - areaBefore - added) < 0.1,
  )
  const core = new Database(join(box.data, 'core.db'), { readonly: true, strict: true })
  const kept = new Set((core.query('select id from act').all() as { id: string }[]).map((row) => row.id))
  expect([...told].filter((id) => !kept.has(id))).toEqual([])
  expect(kept.size).toBe((core.query('select count(*) as n from act').get() as { n: number }).n)
  expect(chainFault(core)).toBeUndefined()
  core.close()
  const telemetry = new Database(join(box.data, 'telemetry.db'), { readonly: true, strict: true })
  const there = new Set(
    (telemetry.query(readingsSince).all({ since: began }) as { at: number }[]).map((row) => row.at),
  )
  expect([...stored].filter((at) => !there.has(at))).toEqual([])
  telemetry.close()
  console.info(`${kills} kills, ${told.size} acts and ${stored.size} readings acknowledged, all there`)
  expect(await box.stop()).toBe(0)
}, 3_600_000)

const readingsSince = `select at from reading where at >= $since
  and series = (select id from series where sensor = 'WL-001' and metric = 'water-level')`

function registered({ data }: RunningBox): number {
  const core = new Database(join(data, 'core.db'), { readonly: true })
  const sql = `select count(*) as n from act where name = 'agri.plot.registered'`
  const { n } = core.query(sql).get() as { n: number }
  core.close()
  return n
}

async function until(what: string, done: () => boolean | Promise<boolean>) {
  const deadline = Date.now() + 30_000
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`)
    await Bun.sleep(5)
  }
}

async function login(box: RunningBox, name: string): Promise<string> {
  const answer = await fetch(`${box.url}/login`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ name, password: loginOf(name).password }),
  })
  return answer.headers.get('set-cookie')!.split(';')[0]!
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)

const alive = (pid: number) => existsSync(`/proc/${pid}/cmdline`) && commandOf(pid) !== ''

const commandOf = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, 'utf8')

function childOf(pid: number, room: string): number {
  const found = childrenOf(pid).find((child) => commandOf(child).includes(`role\0${room}`))
  if (!found) throw new Error(`no ${room} is running`)
  return found
}
