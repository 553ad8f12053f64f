// Durable PUBACK/s of the ingest child, with every reading parsed, stored and fsynced, against Mosquitto acknowledging
// from memory, in the same run on the same machine. 50 raw connections keep 20 QoS 1 publishes of about 75 bytes in
// flight each. `bun bench/puback.ts [seconds] [rounds]`

import { Database } from 'bun:sqlite'
import { mkdirSync, rmSync } from 'node:fs'
import net from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt-packet'
import { freePort } from '../appliance/free-port.ts'
import { core } from '../migrations/core/index.ts'
import { migrate } from '../migrations/migrate.ts'
import { done, figure } from './lines.ts'

const seconds = Number(process.argv[2] ?? 10)
const rounds = Number(process.argv[3] ?? 3)
const connections = 50
const window = 20
const folder = join(tmpdir(), 'xianhe-bench-puback')

const sha256 = (text: string) => new Bun.CryptoHasher('sha256').update(text).digest('hex')
const sensorName = (i: number) => `WL-${String(i).padStart(3, '0')}`
const tokenOf = (i: number) => `bench-token-${i}`

async function compare() {
  const ratios: number[] = []
  const durable: number[] = []
  console.log(
    `${cpus().length} × ${cpus()[0]?.model}, Bun ${Bun.version}, ${connections} connections × window ${window}, ${seconds} s per run`,
  )
  for (let round = 1; round <= rounds; round++) {
    const ours = await withIngest((port) => drive(port, seconds))
    const theirs = Bun.which('mosquitto') ? await withMosquitto((port) => drive(port, seconds)) : undefined
    durable.push(ours.rate)
    console.log(
      `run ${round}: xianhe ${format(ours.rate)} durable PUBACK/s (p50 ${ours.p50.toFixed(1)} ms, p99 ${ours.p99.toFixed(1)} ms, ${format(ours.stored)} of ${format(ours.acked)} acknowledged readings in telemetry.db)`,
    )
    if (ours.stored < ours.acked) throw new Error('acknowledged readings are missing')
    if (!theirs) continue
    ratios.push(ours.rate / theirs.rate)
    console.log(
      `       mosquitto ${format(theirs.rate)} PUBACK/s from memory; ratio ${(ours.rate / theirs.rate).toFixed(2)}`,
    )
  }
  figure('durable PUBACK/s, median', median(durable), '/s', { least: 50_000 })
  if (ratios.length > 0) figure('of what Mosquitto acknowledges from memory', median(ratios), '×')
  done()
}

/** Fifty gauges, each with twenty publishes in flight, for so many seconds. */
export async function drive(port: number, seconds = 10) {
  const times: number[] = []
  const base = Date.now() - 3_600_000
  let acked = 0
  let sent = 0
  const until = performance.now() + seconds * 1000
  const started = performance.now()
  await Promise.all(
    Array.from({ length: connections }, async (_, i) => {
      const socket = net.connect(port, '127.0.0.1')
      socket.setNoDelay(true)
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
      socket.write(
        mqtt.generate({
          cmd: 'connect',
          protocolId: 'MQTT',
          protocolVersion: 4,
          clean: true,
          clientId: `bench-${i}`,
          keepalive: 0,
          username: sensorName(i),
          password: Buffer.from(tokenOf(i)),
        }),
      )
      await new Promise<void>((resolve) => socket.once('data', () => resolve()))
      const topic = `xh/v1/${sensorName(i)}/readings`
      const began = new Float64Array(65_536)
      let id = 0
      let n = 0
      let ended = false
      const batch = (count: number) => {
        const packets: Buffer[] = []
        for (let k = 0; k < count; k++) {
          id = (id % 65_535) + 1
          began[id] = performance.now()
          packets.push(
            publish(
              topic,
              `{"at":${base + n++},"values":{"water-level":${(30 + (n % 200) / 100).toFixed(2)}}}`,
              id,
            ),
          )
        }
        sent += count
        socket.write(packets.length === 1 ? packets[0]! : Buffer.concat(packets))
      }
      await new Promise<void>((resolve, reject) => {
        let open = 0
        let rest: Buffer = Buffer.alloc(0)
        socket.on('error', reject)
        socket.on('close', () => (ended ? resolve() : reject(new Error('the broker closed the connection'))))
        socket.on('data', (chunk) => {
          const now = performance.now()
          const data = rest.length ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer)
          let at = 0
          let back = 0
          for (; at + 4 <= data.length; at += 4) {
            const took = now - began[data.readUInt16BE(at + 2)]!
            if ((acked & 63) === 0) times.push(took)
            acked++
            back++
          }
          rest = data.subarray(at)
          open -= back
          if (now < until) {
            open += back
            batch(back)
          } else if (open === 0) {
            ended = true
            socket.end()
          }
        })
        open = window
        batch(window)
      })
    }),
  )
  const took = (performance.now() - started) / 1000
  times.sort((a, b) => a - b)
  return {
    rate: acked / took,
    acked,
    sent,
    p50: times[times.length >> 1]!,
    p99: times[Math.floor(times.length * 0.99)]!,
  }
}

/** Lets the gauges of `drive` in. */
export function admitGauges(db: Database) {
  for (let i = 0; i < connections; i++)
    db.run('insert or replace into device (sensor, hash, created) values (?, ?, ?)', [
      sensorName(i),
      sha256(tokenOf(i)),
      '2026-01-01',
    ])
}

async function withIngest<T extends { acked: number }>(
  work: (port: number) => Promise<T>,
): Promise<T & { stored: number }> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const db = new Database(`${folder}/core.db`)
  db.run('pragma journal_mode = wal')
  migrate(db, core)
  admitGauges(db)
  let ready: (port: number) => void = () => {}
  const listening = new Promise<number>((resolve) => {
    ready = resolve
  })
  const child = Bun.spawn([process.execPath, import.meta.path, 'role'], {
    stdio: ['ignore', 'inherit', 'inherit'],
    ipc: (message: { port?: number }) => message.port && ready(message.port),
  })
  try {
    const result = await work(await listening)
    child.kill('SIGTERM')
    await child.exited
    const telemetry = new Database(`${folder}/telemetry.db`, { readonly: true })
    const { n } = telemetry.query('select count(*) as n from reading').get() as { n: number }
    telemetry.close()
    return { ...result, stored: n }
  } finally {
    child.kill('SIGKILL')
    db.close()
  }
}

async function ingestRole() {
  const { ingest } = await import('../server/telemetry/ingest.ts')
  const running = await ingest({
    coreFile: `${folder}/core.db`,
    telemetryFile: `${folder}/telemetry.db`,
    archiveFolder: `${folder}/archive`,
    host: '127.0.0.1',
    port: 0,
    anonymous: 'off',
    node: 'bench',
    hint: () => {},
  })
  process.on('SIGTERM', async () => {
    const { user, system } = process.cpuUsage()
    console.error(
      `       CPU ${((user + system) / running.counters().messages).toFixed(1)} s per 1M messages, RSS ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB, ${(running.counters().messages / running.counters().commits).toFixed(0)} messages per commit`,
    )
    await running.stop()
    process.exit(0)
  })
  process.send?.({ port: running.port })
}

async function withMosquitto<T>(work: (port: number) => Promise<T>): Promise<T> {
  const port = await freePort()
  const file = `${folder}/mosquitto.conf`
  await Bun.write(
    file,
    `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_type none\n`,
  )
  const child = Bun.spawn(['mosquitto', '-c', file], { stdio: ['ignore', 'ignore', 'ignore'] })
  try {
    for (;;) {
      const open = await new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
        socket.unref()
      })
      if (open) break
      await Bun.sleep(20)
    }
    return await work(port)
  } finally {
    child.kill()
    await child.exited
  }
}

function publish(topic: string, payload: string, id: number): Buffer {
  const length = 2 + topic.length + 2 + payload.length
  const packet = Buffer.allocUnsafe(2 + length + (length > 127 ? 1 : 0))
  let at = packet.writeUInt8(0x32, 0)
  if (length > 127) at = packet.writeUInt8((length & 127) | 128, at)
  at = packet.writeUInt8(length > 127 ? length >> 7 : length, at)
  at = packet.writeUInt16BE(topic.length, at)
  at += packet.write(topic, at, 'latin1')
  at = packet.writeUInt16BE(id, at)
  packet.write(payload, at, 'latin1')
  return packet
}

const median = (all: number[]) => all.toSorted((a, b) => a - b)[all.length >> 1]!
const format = (n: number) => Math.round(n).toLocaleString('en-US')

if (import.meta.main) {
  if (process.argv[2] === 'role') await ingestRole()
  else await compare()
}
