// A county with water gauges: core.db with sensors, tokens and thresholds, the ingest child's work in this process (or
// in a real child that can be killed), and devices that speak real MQTT.

import { Database } from 'bun:sqlite'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt'
import { base } from '../server/modules/base/index.ts'
import { sensing } from '../server/modules/sensing/index.ts'
import { type Ingest, type IngestOptions, ingest } from '../server/telemetry/ingest.ts'
import { type County, sampleCounty } from './county.ts'

export interface SensingScene extends County {
  folder: string
  coreFile: string
  telemetryFile: string
  sensor(code: string, more?: Record<string, unknown>): string
  threshold(sensor: string, more: Record<string, unknown>): string
  /** Gives the device a token and answers it. */
  token(code: string): string
  /** Runs ingest here; the address of its broker is `mqtt://127.0.0.1:${port}`. */
  ingest(more?: Partial<IngestOptions>): Promise<Ingest>
  hints: { name: string; data: any }[]
  /** Asks telemetry.db through its own connection, as another process would. */
  ask<T = any>(sql: string, ...values: (string | number)[]): T[]
  end(): Promise<void>
}

export function sensingScene(options: { folder?: string } = {}): SensingScene {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'xianhe-sensing-'))
  const coreFile = join(folder, 'core.db')
  const telemetryFile = join(folder, 'telemetry.db')
  const county = sampleCounty({ modules: [base, sensing], file: coreFile })
  const { store } = county
  const running: Ingest[] = []
  const hints: SensingScene['hints'] = []
  const created = (name: string, fields: Record<string, unknown>) => {
    const receipt = county.act(store.system, { name, fields })
    if (receipt.outcome !== 'accepted') throw new Error(receipt.message?.zh)
    return receipt.record!
  }
  return {
    ...county,
    folder,
    coreFile,
    telemetryFile,
    hints,
    sensor: (code, more = {}) =>
      created('sensing.sensor.created', {
        code,
        name: '万子湖水位站',
        kind: 'water',
        division: '430981105',
        place: { type: 'Point', coordinates: [112.49, 28.93] },
        metrics: ['water-level', 'rainfall', 'battery'],
        interval: 5,
        decoder: 'json',
        state: 'working',
        ...more,
      }),
    threshold: (sensor, more) =>
      created('sensing.threshold.created', {
        name: `万子湖警戒 ${crypto.randomUUID()}`,
        sensor,
        division: '430981105',
        direction: 'above',
        metric: 'water-level',
        state: 'on',
        ...more,
      }),
    token(code) {
      const token = `token-of-${code}-${crypto.randomUUID()}`
      const hash = new Bun.CryptoHasher('sha256').update(token).digest('hex')
      store.db
        .query('insert or replace into device (sensor, hash, created) values (?, ?, ?)')
        .run(code, hash, new Date().toISOString())
      return token
    },
    async ingest(more) {
      const one = await ingest({
        coreFile,
        telemetryFile,
        archiveFolder: join(folder, 'archive'),
        host: '127.0.0.1',
        port: 0,
        anonymous: 'off',
        node: 'test',
        hint: (name, data) => hints.push({ name, data }),
        ...more,
      })
      running.push(one)
      return one
    },
    ask<T>(sql: string, ...values: (string | number)[]) {
      const db = new Database(telemetryFile, { readonly: true })
      try {
        return db.query<T, (string | number)[]>(sql).all(...values)
      } finally {
        db.close()
      }
    },
    async end() {
      for (const one of running) await one.stop().catch(() => {})
      await county.close()
      if (!options.folder) rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A device as they are: MQTT 3.1.1, its code as user name. Resolves once it is let in, rejects when it is refused. */
export function connect(
  port: number,
  username?: string,
  password?: string,
  more: IClientOptions = {},
): Promise<MqttClient> {
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
    protocolVersion: 4,
    username,
    password,
    clientId: `${username ?? 'anonymous'}-${crypto.randomUUID().slice(0, 8)}`,
    reconnectPeriod: 50,
    connectTimeout: 5_000,
    ...more,
  })
  return new Promise((resolve, reject) => {
    const refused = (error: Error) => {
      client.end(true)
      reject(error)
    }
    client.once('error', refused)
    client.once('connect', () => {
      client.off('error', refused)
      // Later errors are what the test is about: the client comes back by itself.
      client.on('error', () => {})
      resolve(client)
    })
  })
}

/** Waits for what must become true, and says what it was waiting for when it does not. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | null | Promise<T | undefined | false | null>,
  patience = 10_000,
): Promise<T> {
  const end = Date.now() + patience
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > end) throw new Error(`waited ${patience} ms for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
