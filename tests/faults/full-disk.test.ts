// A disk that is really full under a real box: entries are refused in a sentence, devices keep what they measured, pages go
// on, and with room again everything goes on where it was. Needs a small file system of its own, so only root can run it.

import { Database } from 'bun:sqlite'
import { afterAll, expect, test } from 'bun:test'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Device } from '../../seed/simulator/device.ts'
import { chainFault } from '../../server/kernel/diary.ts'
import { startBox } from '../journeys/box.ts'

const place = mkdtempSync(join(tmpdir(), 'xianhe-full-'))
const mounted = Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', place]).exitCode === 0
afterAll(() => {
  if (mounted) Bun.spawnSync(['umount', '-l', place])
  rmSync(place, { recursive: true, force: true })
})

test.skipIf(!mounted)(
  'on a full disk nothing is acknowledged, pages go on, and with room again nothing is missing',
  async () => {
    const data = join(place, 'county')
    mkdirSync(data)
    const box = await startBox({ data, env: { XIANHE_DISK_RESERVE: '0' } })
    await box.allUp()
    const { token } = (await box.cli('token', 'add', 'faults', '--account', 'admin', '--json')).json()
    const secret = (await box.cli('device', 'add', 'WL-001', '--json')).json().token
    const register = (n: number) =>
      fetch(`${box.url}/api/v1/acts`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          id: Bun.randomUUIDv7(),
          name: 'base.division.created',
          fields: { code: `430981114${n}`, name: `苇荡 ${n} 村`, level: 'village' },
        }),
      })
    const kept: string[] = []
    for (let n = 300; n < 310; n++) kept.push(((await (await register(n)).json()) as { id: string }).id)

    const filler = openSync(join(place, 'filler'), 'w')
    const block = new Uint8Array(1 << 20)
    try {
      for (;;) writeSync(filler, block)
    } catch {
      try {
        for (;;) writeSync(filler, block.subarray(0, 512))
      } catch {}
    }
    closeSync(filler)

    let refused: Response | undefined
    // What SQLite still has room for in its files is taken; then comes the sentence.
    for (let n = 310; n < 999 && !refused; n++) {
      const answer = await register(n)
      if (answer.ok) kept.push(((await answer.json()) as { id: string }).id)
      else refused = answer
    }
    expect(refused?.status).toBe(507)
    const said = JSON.stringify(await refused!.json())
    expect(said).toMatch(/磁盘/)
    expect(said).toMatch(/没有|未/)
    expect((await fetch(`${box.url}/login`)).status).toBe(200)

    const device = new Device({
      host: '127.0.0.1',
      port: box.mqttPort,
      clientId: 'full',
      username: 'WL-001',
      password: secret,
      pause: 50,
    })
    const base = Date.now() - 60_000
    let acknowledged = 0
    for (let i = 0; i < 20_000; i++)
      device.send('xh/v1/WL-001/readings', `{"at":${base - i},"values":{"water-level":30.1}}`).then(() => {
        acknowledged++
      })
    const deadline = Date.now() + 15_000
    while (!/disk is full|磁盘已满|ENOSPC/i.test(box.log()) && Date.now() < deadline) await Bun.sleep(20)
    expect(box.log()).toMatch(/disk is full|磁盘已满|ENOSPC/i)
    expect(acknowledged).toBeLessThan(20_000)

    rmSync(join(place, 'filler'))
    await device.end()
    expect(acknowledged).toBe(20_000)
    const again = (await (await register(999)).json()) as { id: string; outcome: string }
    expect(again.outcome).toBe('accepted')
    await box.allUp()
    const core = new Database(join(data, 'core.db'), { readonly: true, strict: true })
    const there = new Set((core.query('select id from act').all() as { id: string }[]).map((row) => row.id))
    expect(kept.filter((id) => !there.has(id))).toEqual([])
    expect(chainFault(core)).toBeUndefined()
    core.close()
    const telemetry = new Database(join(data, 'telemetry.db'), { readonly: true })
    expect((telemetry.query('select count(*) as n from reading').get() as { n: number }).n).toBe(20_000)
    telemetry.close()
    expect(await box.stop()).toBe(0)
  },
  120_000,
)
