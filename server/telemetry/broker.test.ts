import { Database } from 'bun:sqlite'
import { afterEach, beforeEach, expect, test } from 'bun:test'
import net from 'node:net'
import mqtt from 'mqtt'
import mqttPacket from 'mqtt-packet'
import { connect, type SensingScene, sensingScene, until } from '../../tests/sensing-scene.ts'

let scene: SensingScene
beforeEach(() => {
  scene = sensingScene()
  scene.sensor('WL-001')
})
afterEach(() => scene.end())

/** Listening before connecting: what waits for a lasting session comes with the first breath. */
const mqttFrom = (port: number) =>
  mqtt.connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4, clean: false, clientId: 'display' })
const reading = (at: number, level = 31.2) => JSON.stringify({ at, values: { 'water-level': level } })
const readings = () =>
  scene.ask<{ sensor: string; metric: string; at: number; value: number }>(
    'select sensor, metric, at, value from reading join series on series.id = series order by at',
  )
/** The disk says no, for real: a trigger makes every commit with readings fail. */
function diskSays(no: boolean) {
  const db = new Database(scene.telemetryFile)
  db.run(
    no
      ? `create trigger full before insert on reading begin select raise(abort, 'database or disk is full'); end`
      : 'drop trigger full',
  )
  db.close()
}

test('an acknowledged reading is on disk', async () => {
  const { port } = await scene.ingest()
  // Written after ingest began: a new device is heard within a moment, without a restart.
  const token = scene.token('WL-001')
  const gauge = await until('the new token is known', () =>
    connect(port, 'WL-001', token).catch(() => undefined),
  )
  const at = Date.now() - 1000
  await gauge.publishAsync('xh/v1/WL-001/readings', reading(at), { qos: 1 })
  expect(readings()).toEqual([{ sensor: 'WL-001', metric: 'water-level', at, value: 31.2 }])
  await gauge.publishAsync('xh/v1/WL-001/readings', reading(at + 1, 31.3), { qos: 2 })
  expect(readings().map((each) => each.value)).toEqual([31.2, 31.3])
  await gauge.endAsync()
})

test('a reading sent twice is there once, and both are acknowledged', async () => {
  const token = scene.token('WL-001')
  const { port, counters } = await scene.ingest()
  const gauge = await connect(port, 'WL-001', token)
  const at = Date.now() - 60_000
  for (let i = 0; i < 3; i++) await gauge.publishAsync('xh/v1/WL-001/readings', reading(at), { qos: 1 })
  expect(readings()).toHaveLength(1)
  expect(counters()).toMatchObject({ messages: 3, stored: 1, repeated: 2 })
  await gauge.endAsync()
})

test('nothing is acknowledged while the disk is full, the alarm is on, and what devices send again is stored once', async () => {
  const token = scene.token('WL-001')
  const { port, counters } = await scene.ingest()
  const gauge = await connect(port, 'WL-001', token, { clean: false, clientId: 'gauge' })
  diskSays(true)
  let acknowledged = false
  const sent = gauge.publishAsync('xh/v1/WL-001/readings', reading(Date.now() - 5), { qos: 1 }).then(() => {
    acknowledged = true
  })
  await until('the device was cut off and came back, twice', () => counters().failed >= 2)
  expect(acknowledged).toBe(false)
  expect(counters().trouble?.zh).toContain('磁盘已满')
  expect(
    scene.hints.some((hint) => hint.name === 'trouble' && hint.data?.words.en.includes('disk is full')),
  ).toBe(true)
  diskSays(false)
  await sent
  expect(readings()).toHaveLength(1)
  expect(counters().trouble).toBeUndefined()
  await gauge.endAsync()
})

test('a payload that cannot be read is acknowledged, kept whole with the reason, and counted', async () => {
  const token = scene.token('WL-001')
  const { port, counters } = await scene.ingest()
  const gauge = await connect(port, 'WL-001', token)
  const broken = Buffer.from([0x7b, 0x22, 0xff, 0x00])
  await gauge.publishAsync('xh/v1/WL-001/readings', broken, { qos: 1 })
  await gauge.publishAsync(
    'xh/v1/WL-001/readings',
    `[${reading(Date.now() - 9)}, {"values": {"water-level": "high"}}]`,
    { qos: 1 },
  )
  expect(counters()).toMatchObject({ messages: 2, stored: 1, quarantined: 2 })
  const kept = scene.ask<{ topic: string; payload: Uint8Array; reason: string; fault: string }>(
    'select topic, payload, reason, fault from quarantine order by id',
  )
  expect(Buffer.from(kept[0]!.payload)).toEqual(broken)
  expect(JSON.parse(kept[0]!.reason)).toEqual({ zh: '报文不是 JSON', en: 'the payload is not JSON' })
  expect(kept[1]!.fault).toBe('value')
  expect(readings()).toHaveLength(1)
  await gauge.endAsync()
})

test('wrong tokens, unknown devices and nameless clients stay outside', async () => {
  const token = scene.token('WL-001')
  const { port } = await scene.ingest()
  await expect(connect(port, 'WL-001', `${token}x`)).rejects.toThrow(/Bad username or password/)
  await expect(connect(port, 'WL-002', token)).rejects.toThrow(/Bad username or password/)
  await expect(connect(port, 'WL-001')).rejects.toThrow(/Bad username or password/)
  await expect(connect(port)).rejects.toThrow(/Bad username or password/)
})

test('a nameless client on this machine is let in when the setting says so, and only to registered sensors', async () => {
  const { port } = await scene.ingest({ anonymous: 'loopback' })
  const tool = await connect(port)
  await tool.publishAsync('xh/v1/WL-001/readings', reading(Date.now() - 3), { qos: 1 })
  await tool.publishAsync('xh/v1/XX-404/readings', reading(Date.now() - 3), { qos: 1 })
  expect(readings().map((each) => each.sensor)).toEqual(['WL-001'])
  expect(scene.ask('select fault from quarantine')).toEqual([{ fault: 'unknown-sensor' }])
  await tool.endAsync()
})

test('a withdrawn token ends the connection that used it', async () => {
  const token = scene.token('WL-001')
  const { port, hear } = await scene.ingest()
  const gauge = await connect(port, 'WL-001', token, { reconnectPeriod: 0 })
  const closed = new Promise<void>((resolve) => gauge.once('close', () => resolve()))
  scene.store.db.run(`update device set disabled = 1 where sensor = 'WL-001'`)
  hear('devices-changed')
  await closed
  await expect(connect(port, 'WL-001', token)).rejects.toThrow(/Bad username or password/)
})

test('a sensor speaks and listens only under its own name', async () => {
  scene.sensor('WL-002', { name: '南嘴水位站' })
  const [one, two] = [scene.token('WL-001'), scene.token('WL-002')]
  const { port } = await scene.ingest()
  for (const topic of [
    'xh/v1/WL-002/readings',
    'xh/v1/WL-001/commands',
    '$SYS/x',
    'elsewhere',
    'xh/v1/WL-0011/readings',
  ]) {
    const gauge = await connect(port, 'WL-001', one, { reconnectPeriod: 0 })
    const closed = new Promise<void>((resolve) => gauge.once('close', () => resolve()))
    gauge.publish(topic, reading(Date.now() - 3), { qos: 1 })
    await closed
  }
  expect(readings()).toEqual([])
  const other = await connect(port, 'WL-002', two)
  for (const topic of ['xh/v1/WL-001/#', '#', 'xh/v1/+/commands', '$SYS/#'])
    await expect(other.subscribeAsync(topic, { qos: 1 })).rejects.toThrow()
  expect(await other.subscribeAsync('xh/v1/WL-002/#', { qos: 1 })).toMatchObject([{ qos: 1 }])
  await other.endAsync()
  const forged = {
    topic: 'xh/v1/WL-001/status',
    payload: Buffer.from('offline'),
    qos: 1 as const,
    retain: true,
  }
  await expect(connect(port, 'WL-002', two, { will: forged })).rejects.toThrow()
})

test('a device that vanishes is offline by its last will; the box commands it and hears its answer', async () => {
  const token = scene.token('WL-001')
  const { port, hear } = await scene.ingest()
  const will = {
    topic: 'xh/v1/WL-001/status',
    payload: Buffer.from('offline'),
    qos: 1 as const,
    retain: true,
  }
  const gauge = await connect(port, 'WL-001', token, {
    will,
    clean: false,
    clientId: 'gauge',
    reconnectPeriod: 0,
  })
  await gauge.subscribeAsync('xh/v1/WL-001/commands', { qos: 1 })
  await gauge.publishAsync('xh/v1/WL-001/status', 'online', { qos: 1, retain: true })
  expect(scene.ask('select sensor, online from status')).toEqual([{ sensor: 'WL-001', online: 1 }])
  const told = new Promise<string>((resolve) =>
    gauge.once('message', (_, payload) => resolve(payload.toString())),
  )
  hear('command', { sensor: 'WL-001', payload: '{"interval": 60}' })
  expect(await told).toBe('{"interval": 60}')
  await gauge.publishAsync('xh/v1/WL-001/answers', '{"ok": true}', { qos: 1 })
  expect(
    Buffer.from(scene.ask<{ payload: Uint8Array }>('select payload from answer')[0]!.payload).toString(),
  ).toBe('{"ok": true}')
  gauge.stream.destroy()
  await until(
    'the will was told',
    () => scene.ask<{ online: number }>('select online from status')[0]!.online === 0,
  )
  const back = await connect(port, 'WL-001', token, { clean: false, clientId: 'gauge' })
  await back.subscribeAsync('xh/v1/WL-001/status', { qos: 1 })
  const [word, retained] = await new Promise<[string, boolean]>((resolve) =>
    back.once('message', (_, payload, packet) => resolve([payload.toString(), packet.retain])),
  )
  expect([word, retained]).toEqual(['offline', true])
  await back.endAsync()
})

test('a command waits on disk for a device that is away while the box restarts', async () => {
  const token = scene.token('WL-001')
  const first = await scene.ingest()
  const gauge = await connect(first.port, 'WL-001', token, { clean: false, clientId: 'gauge' })
  await gauge.subscribeAsync('xh/v1/WL-001/commands', { qos: 1 })
  await gauge.endAsync()
  first.hear('command', { sensor: 'WL-001', payload: 'open the sluice' })
  await until(
    'the command is kept',
    () => scene.ask<{ n: number }>(`select count(*) as n from mqtt where key like 'outgoing:%'`)[0]!.n === 1,
  )
  await first.stop()
  const second = await scene.ingest()
  const word = new Promise<string>((resolve) => {
    connect(second.port, 'WL-001', token, { clean: false, clientId: 'gauge' }).then((back) =>
      back.once('message', (_, payload) => {
        resolve(payload.toString())
        back.end()
      }),
    )
  })
  expect(await word).toBe('open the sluice')
})

test('who listens to readings hears them, also after being away while the box restarted', async () => {
  const token = scene.token('WL-001')
  const first = await scene.ingest({ anonymous: 'loopback' })
  const gauge = await connect(first.port, 'WL-001', token, { clean: false, clientId: 'gauge' })
  const say = async (client: typeof gauge, level: number) =>
    client.publishAsync('xh/v1/WL-001/readings', JSON.stringify({ values: { 'water-level': level } }), {
      qos: 1,
    })
  await say(gauge, 1)
  const display = await connect(first.port, undefined, undefined, { clean: false, clientId: 'display' })
  const heard: string[] = []
  const listen = (client: typeof gauge) =>
    client.on('message', (_, payload) => heard.push(JSON.parse(payload.toString()).values['water-level']))
  listen(display)
  await display.subscribeAsync('xh/v1/+/readings', { qos: 1 })
  await say(gauge, 2)
  await until('the display shows it', () => heard.length === 1)
  await display.endAsync()
  await gauge.endAsync()
  await first.stop()
  const second = await scene.ingest({ anonymous: 'loopback' })
  const again = await connect(second.port, 'WL-001', token)
  await say(again, 3)
  const back = mqttFrom(second.port)
  listen(back)
  await until('what the display missed came', () => heard.length === 2)
  expect(heard.map(Number)).toEqual([2, 3])
  await back.endAsync()
  await again.endAsync()
})

test('a packet without end is cut off before it fills the memory', async () => {
  const token = scene.token('WL-001')
  const { port, counters } = await scene.ingest()
  const socket = net.connect(port, '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.write(
    mqttPacket.generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId: 'big',
      keepalive: 0,
      username: 'WL-001',
      password: Buffer.from(token),
    }),
  )
  await new Promise((resolve) => socket.once('data', resolve))
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => {})
  // Remaining length 268,435,455: the most MQTT can say.
  socket.write(Buffer.from([0x32, 0xff, 0xff, 0xff, 0x7f]))
  socket.write(Buffer.alloc(1_000_000))
  await closed
  expect(counters().stored).toBe(0)
})

test('a port that is taken is refused with a sentence', async () => {
  const { port } = await scene.ingest()
  await expect(scene.ingest({ port, telemetryFile: `${scene.folder}/other.db` })).rejects.toThrow(
    `MQTT port ${port} is taken`,
  )
})
