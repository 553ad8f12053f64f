// What the ingest child knows of the county: sensors, device tokens and thresholds, read from core.db, which belongs to
// serve. It looks again when told, and every few seconds anyway: hints may be lost, facts are in the file.

import { Database } from 'bun:sqlite'
import { timingSafeEqual } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Words } from '../kernel/words.ts'
import { levelNames, sensors, thresholds } from '../modules/sensing/dataset.ts'
import type { Decoder } from './decoder.ts'
import { decoders, json } from './decoders.ts'
import type { Watch } from './thresholds.ts'

export interface KnownSensor {
  code: string
  decode: Decoder
  /** Set when the decoding text cannot be understood: payloads go to quarantine with this reason. */
  broken?: Words
  /** Exact topic on an outside broker. */
  topic?: string
  watches: Watch[]
}

export class County {
  private db: Database | undefined
  private seen = -1
  private print = ''
  private hashes = new Map<string, Buffer>()
  private byCode = new Map<string, KnownSensor>()
  private byTopic = new Map<string, KnownSensor>()
  private decoders = new Map<string, { print: string; made: ReturnType<typeof decoderFor> }>()
  watches = new Map<string, Watch>()

  constructor(readonly file: string) {
    this.refresh()
  }

  sensor = (code: string): KnownSensor | undefined => this.byCode.get(code)
  /** Sparkplug says in the third level what kind of message it is: a sensor's topic has a `+` there. */
  sensorByTopic = (topic: string): KnownSensor | undefined =>
    this.byTopic.get(topic) ??
    (topic.startsWith('spBv1.0/')
      ? this.byTopic.get(topic.replace(/^([^/]+\/[^/]+\/)[^/]+/, '$1+'))
      : undefined)
  outsideTopics = (): string[] => [...this.byTopic.keys()]

  /** Whether the token is this device's. Disabled and unknown devices have none. */
  admits(code: string, token: Uint8Array): boolean {
    const hash = this.hashes.get(code)
    // Hashed also when nobody is called that, so that the answer takes as long.
    const given = new Bun.CryptoHasher('sha256').update(token).digest()
    return timingSafeEqual(given as Buffer, hash ?? nobody) && hash !== undefined
  }

  /** Changes when a device gets a new token or loses it. */
  tokenPrint = (code: string): string | undefined => this.hashes.get(code)?.toString('hex')

  /** Looks again; true when anything a sensor depends on changed. */
  refresh(): boolean {
    if (!this.db) {
      if (!existsSync(this.file)) return false
      this.db = new Database(this.file, { readonly: true })
      this.db.run('pragma busy_timeout = 2000')
    }
    const version = (this.db.query('pragma data_version').get() as { data_version: number }).data_version
    if (version === this.seen) return false
    const print = JSON.stringify([
      this.db
        .query('select count(*), sum(version), max(touched) from record where dataset = ? and withdrawn = 0')
        .values(sensors.name),
      this.db
        .query('select count(*), sum(version), max(touched) from record where dataset = ? and withdrawn = 0')
        .values(thresholds.name),
      this.db.query('select sensor, hash from device where disabled = 0 order by sensor').values(),
    ])
    this.seen = version
    if (print === this.print) return false
    this.print = print
    this.read(this.db)
    return true
  }

  close() {
    this.db?.close()
    this.db = undefined
  }

  /** A decoder may remember (Sparkplug aliases): it stays until its sensor's format changes. */
  private decoderOf(fields: typeof sensors.values) {
    const print = JSON.stringify([fields.decoder, fields.decoding])
    const known = this.decoders.get(fields.code)
    if (known?.print === print) return known.made
    const made = decoderFor(fields)
    this.decoders.set(fields.code, { print, made })
    return made
  }

  private read(db: Database) {
    const records = db.query<{ id: string; body: string }, [string]>(
      'select id, body from record where dataset = ? and withdrawn = 0',
    )
    const devices = db
      .query<{ sensor: string; hash: string }, []>('select sensor, hash from device where disabled = 0')
      .all()
    this.hashes = new Map(devices.map((each) => [each.sensor, Buffer.from(each.hash, 'hex')]))

    const byCode = new Map<string, KnownSensor>()
    const codes = new Map<string, string>()
    const resting = new Set<string>()
    // A token is enough to be heard: the sensor's record may still be on its way from a township.
    for (const { sensor } of devices) byCode.set(sensor, { code: sensor, decode: json, watches: [] })
    for (const { id, body } of records.all(sensors.name)) {
      const fields = JSON.parse(body) as typeof sensors.values
      codes.set(id, fields.code)
      if (fields.state !== 'working') resting.add(fields.code)
      byCode.set(fields.code, {
        code: fields.code,
        ...this.decoderOf(fields),
        topic: fields.topic,
        watches: [],
      })
    }
    const watches = new Map<string, Watch>()
    for (const { id, body } of records.all(thresholds.name)) {
      const fields = JSON.parse(body) as typeof thresholds.values
      // While a sensor is in repair or retired its thresholds rest.
      const watch = watchFrom(id, codes.get(fields.sensor), fields)
      if (!watch || resting.has(watch.sensor)) continue
      watches.set(id, watch)
      byCode.get(watch.sensor)!.watches.push(watch)
    }
    this.byCode = byCode
    this.watches = watches
    this.byTopic = new Map([...byCode.values()].flatMap((each) => (each.topic ? [[each.topic, each]] : [])))
  }
}

/** A threshold as the ingest child watches it; undefined while it is off or incomplete. */
export function watchFrom(
  id: string,
  sensor: string | undefined,
  fields: typeof thresholds.values,
): Watch | undefined {
  if (!sensor || fields.state === 'off') return undefined
  const silent = fields.direction === 'silent'
  const steps = silent
    ? [{ level: fields.level ?? ('blue' as const), limit: 0 }]
    : levelNames.flatMap((level) =>
        fields[level] === undefined || fields[level] === null ? [] : [{ level, limit: fields[level]! }],
      )
  if (steps.length === 0 || (silent ? !fields.silence : !fields.metric)) return undefined
  return {
    id,
    sensor,
    metric: fields.metric ?? undefined,
    direction: fields.direction,
    steps,
    margin: fields.margin ?? 0,
    hold: (fields.hold ?? 0) * 60_000,
    silence: (fields.silence ?? 0) * 60_000,
  }
}

function decoderFor(fields: typeof sensors.values): { decode: Decoder; broken?: Words } {
  const make = decoders[fields.decoder]
  if (!make)
    return {
      decode: json,
      broken: {
        zh: `不认识的报文格式「${fields.decoder}」`,
        en: `unknown payload format "${fields.decoder}"`,
      },
    }
  try {
    return { decode: make(fields.decoding ?? undefined) }
  } catch (error) {
    const why = (error as Error).message
    return {
      decode: json,
      broken: { zh: `设备的取值说明有误:${why}`, en: `the sensor's decoding cannot be understood: ${why}` },
    }
  }
}

const nobody = Buffer.alloc(32)
