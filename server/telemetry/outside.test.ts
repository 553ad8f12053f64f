import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { join } from 'node:path'
import { connect, type SensingScene, sensingScene, until } from '../../tests/sensing-scene.ts'

// Debian's mosquitto, 3.1.1 and 5; without it these tests say so and are skipped.
const mosquitto =
  Bun.which('mosquitto') ?? (Bun.file('/usr/sbin/mosquitto').size > 0 ? '/usr/sbin/mosquitto' : null)
const port = 21_070

let scene: SensingScene
let outside: Bun.Subprocess | undefined
beforeEach(() => {
  scene = sensingScene()
  scene.sensor('WL-001')
})
afterEach(async () => {
  outside?.kill('SIGKILL')
  await outside?.exited
  await scene.end()
})

async function startMosquitto() {
  const config = join(scene.folder, 'mosquitto.conf')
  await Bun.write(
    config,
    `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location ${scene.folder}/\nlog_type none\nuser root\n`,
  )
  outside = Bun.spawn([mosquitto!, '-c', config], { stdio: ['ignore', 'ignore', 'ignore'] })
  await until('mosquitto listens', async () => {
    const probe = await connect(port, undefined, undefined, { reconnectPeriod: 0 }).catch(() => undefined)
    await probe?.endAsync()
    return probe
  })
}
const values = () =>
  scene.ask<{ value: number }>('select value from reading order by value').map((each) => each.value)
const reading = (i: number) => JSON.stringify({ at: Date.now() - 60_000 + i, values: { 'water-level': i } })

test.skipIf(!mosquitto)(
  'an outside broker keeps what came while the box was off, and lets go of it after our commit',
  async () => {
    await startMosquitto()
    const box = () => scene.ingest({ port: undefined, broker: `mqtt://127.0.0.1:${port}` })
    const first = await box()
    const gauge = await connect(port)
    // The session exists once something came through.
    await until('the first reading came through', async () => {
      await gauge.publishAsync('xh/v1/WL-001/readings', reading(0), { qos: 1 })
      return first.counters().stored > 0
    })
    await first.stop()
    for (let i = 1; i <= 50; i++) await gauge.publishAsync('xh/v1/WL-001/readings', reading(i), { qos: 1 })
    const second = await box()
    await until('what waited arrives', () => second.counters().stored >= 50)
    expect(new Set(values()).size).toBe(51)

    // The disk is full: nothing is acknowledged to the outside broker, and it sends again.
    const db = new Database(scene.telemetryFile)
    db.run(
      `create trigger full before insert on reading begin select raise(abort, 'database or disk is full'); end`,
    )
    await gauge.publishAsync('xh/v1/WL-001/readings', reading(100), { qos: 1 })
    await until('a commit failed', () => second.counters().failed > 0)
    expect(values()).not.toContain(100)
    db.run('drop trigger full')
    db.close()
    await until('it came again', () => values().includes(100))
    await gauge.endAsync()
  },
)

test.skipIf(!mosquitto)(
  'an outside broker that is killed and comes back is found again; its own topics are understood',
  async () => {
    scene.sensor('PLC-7', { name: '闸门', topic: 'plant/7/level', decoder: 'value', decoding: 'water-level' })
    await startMosquitto()
    const { counters } = await scene.ingest({ broker: `mqtt://127.0.0.1:${port}` })
    const come = async (topic: string, payload: string) => {
      const tool = await connect(port)
      const before = counters().stored
      await until(`${topic} is stored`, async () => {
        await tool.publishAsync(topic, payload, { qos: 1 })
        return counters().stored > before
      })
      await tool.endAsync()
    }
    await come('plant/7/level', '31.5 m')
    outside!.kill('SIGKILL')
    await outside!.exited
    await startMosquitto()
    await come('xh/v1/WL-001/readings', reading(2))
    expect(scene.ask('select distinct sensor from series order by sensor')).toEqual([
      { sensor: 'PLC-7' },
      { sensor: 'WL-001' },
    ])
  },
)

test('an outside broker that cannot be reached is said, and ends nothing else', async () => {
  const { counters, stop } = await scene.ingest({ broker: 'mqtt://127.0.0.1:21099' })
  expect((await until('the trouble is told', () => counters().trouble)).zh).toContain(
    '连不上外部 MQTT 服务器 127.0.0.1:21099',
  )
  await stop()
})
