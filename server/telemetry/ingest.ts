// What the ingest child runs: the embedded broker, a client of an outside broker, or both, above one spool.

import { existsSync } from 'node:fs'
import type { Words } from '../kernel/words.ts'
import { emptySealed, keepHot, takeSeals } from './archive.ts'
import { openBroker } from './broker.ts'
import { County } from './county.ts'
import { closeTelemetry, damagedFiles, isDamage, openTelemetry } from './open.ts'
import { listenOutside, type Outside } from './outside.ts'
import { listenTls } from './secure-broker.ts'
import { type Counters, Spool } from './spool.ts'

export interface IngestOptions {
  coreFile: string
  telemetryFile: string
  /** Where the analytics child puts sealed days. */
  archiveFolder: string
  host: string
  /** 0 lets the system choose; undefined runs without the embedded broker. */
  port?: number
  /** The same broker over TLS; `file` holds key and certificate. Left out while there is no such file. */
  tls?: { port: number; file: string }
  /** Clients without a name: refused, let in from this machine, or let in from anywhere. */
  anonymous: 'off' | 'loopback' | 'on'
  /** Longest MQTT packet taken, bytes. */
  largest?: number
  /** Days a sealed day stays in telemetry.db; at least eight, for the charts of the week. */
  hotDays?: number
  /** mqtt://, mqtts:// of a broker to take readings from, beside or instead of our own. */
  broker?: string
  /** This node's id: the name our sessions go by. */
  node: string
  /** A word to serve; facts are in the files. */
  hint(name: HintName, data: unknown): void
}

/** `readings`: {counters, sensors} at most 4/s. `crossing`: {sensors}. `trouble`: {words} or null when it is over. */
export type HintName = 'readings' | 'crossing' | 'trouble' | 'sealed'

export interface IngestCounters extends Counters {
  clients: number
  /** Set while readings cannot be stored, or a damaged file waits for someone to look. */
  trouble?: Words
}

export interface Ingest {
  /** Of the embedded broker; 0 without one. */
  port: number
  tlsPort?: number
  counters(): IngestCounters
  /** A word from serve: `certificate-changed`, `devices-changed`, `thresholds-changed`, `sealed`, `command` {sensor, payload}. */
  hear(name: string, data?: unknown): void
  stop(): Promise<void>
}

export async function ingest(options: IngestOptions): Promise<Ingest> {
  const { db, putAside } = openTelemetry(options.telemetryFile)
  const county = new County(options.coreFile)
  const heard = new Set<string>()
  let lastHint = 0
  let waiting: NodeJS.Timeout | undefined
  let lastTrouble: string | undefined

  const spool = new Spool(db, county, {
    committed(sensors) {
      for (const each of sensors) if (heard.size < 100) heard.add(each)
      tellTrouble()
      waiting ??= setTimeout(tellReadings, Math.max(0, lastHint + 250 - Date.now()))
    },
    crossed: (sensors) => options.hint('crossing', { sensors }),
    failed(error) {
      tellTrouble()
      // The next start puts the file aside and begins a new one; nothing of this commit was acknowledged.
      if (isDamage(error)) throw error
    },
  })
  spool.countyChanged()

  const broker =
    options.port === undefined
      ? undefined
      : await openBroker({
          spool,
          county,
          id: options.node,
          anonymous: options.anonymous,
          largest: options.largest,
        })
  const port = broker ? await broker.listen(options.host, options.port!) : 0
  const secure =
    broker && options.tls && existsSync(options.tls.file)
      ? await listenTls(broker, options.host, options.tls.port, options.tls.file)
      : undefined
  const outside: Outside | undefined = options.broker
    ? listenOutside({ url: options.broker, node: options.node, spool, county })
    : undefined

  const counters = (): IngestCounters => ({
    ...spool.counters,
    clients: broker?.clients() ?? 0,
    trouble: troubleWords(),
  })

  function tellReadings() {
    waiting = undefined
    lastHint = Date.now()
    // More than a page can show: whoever looks asks the file.
    options.hint('readings', { counters: counters(), sensors: heard.size < 100 ? [...heard] : undefined })
    heard.clear()
  }

  function troubleWords(): Words | undefined {
    if (spool.trouble) return diskWords(spool.trouble.error)
    const damaged = damagedFiles(options.telemetryFile)
    if (damaged.length)
      return {
        zh: `监测数据库曾损坏,原文件已原样保留在 ${damaged[0]},新数据写入新库。请用备份核对后移走该文件。`,
        en: `telemetry.db was damaged; it stands untouched at ${damaged[0]} and a new one took its place. Compare with a backup, then move the file away.`,
      }
    return outside?.trouble()
  }

  function tellTrouble() {
    const words = troubleWords()
    if (words?.en === lastTrouble) return
    lastTrouble = words?.en
    options.hint('trouble', words ? { words } : null)
  }

  function look() {
    if (!county.refresh()) return
    spool.countyChanged()
    broker?.recheck()
    outside?.recheck()
  }

  const hot = Math.max(keepHot, (options.hotDays ?? 0) * 86_400_000)
  let emptying: NodeJS.Timeout | undefined
  function tidy() {
    if (existsSync(options.archiveFolder)) {
      const { taken, wrong } = takeSeals(db, options.archiveFolder)
      for (const each of wrong)
        console.error(JSON.stringify({ level: 'error', part: 'ingest', what: 'seal refused', ...each }))
      if (taken.length) options.hint('sealed', { days: taken.map((each) => each.day) })
    }
    // Small steps with pauses, so that acknowledgements hardly notice.
    const step = () => {
      emptying = emptySealed(db, Date.now(), 5_000, hot) ? setTimeout(step, 50) : undefined
    }
    emptying ??= setTimeout(step, 50)
  }

  const clocks = [
    setInterval(look, 2_000),
    setInterval(() => spool.listenForSilence(), 10_000),
    setInterval(() => attempt(tidy), 60_000),
    setInterval(tellTrouble, 5_000),
  ]
  attempt(tidy)
  if (putAside)
    console.error(
      JSON.stringify({
        level: 'error',
        part: 'ingest',
        what: 'damaged telemetry.db put aside',
        file: putAside,
      }),
    )
  tellTrouble()

  return {
    port,
    tlsPort: secure?.port,
    counters,
    hear(name, data) {
      if (name === 'certificate-changed') secure?.renew()
      if (name === 'devices-changed' || name === 'thresholds-changed') look()
      if (name === 'sealed') attempt(tidy)
      if (name === 'command') {
        const { sensor, payload } = data as { sensor: string; payload: string }
        broker?.command(sensor, payload).catch(() => {})
      }
    },
    async stop() {
      for (const each of clocks) clearInterval(each)
      clearTimeout(emptying)
      await outside?.stop()
      secure?.close()
      await broker?.close()
      spool.flush()
      clearTimeout(waiting)
      county.close()
      closeTelemetry(db)
    },
  }
}

// Tidying can wait for the next round; readings cannot wait for tidying.
function attempt(work: () => void) {
  try {
    work()
  } catch (error) {
    console.error(
      JSON.stringify({
        level: 'error',
        part: 'ingest',
        what: 'tidying failed',
        error: (error as Error).message,
      }),
    )
  }
}

const diskWords = (error: Error): Words =>
  /FULL|full|ENOSPC/.test(`${(error as { code?: string }).code} ${error.message}`)
    ? {
        zh: '磁盘已满,监测数据暂不接收(设备会自行重发)。请清理磁盘,腾出空间后自动恢复。',
        en: 'The disk is full: readings are not taken (devices keep them and send again). Free some space; the box goes on by itself.',
      }
    : {
        zh: `监测数据写不进磁盘(${error.message}),设备会自行重发。请运行 xianhe doctor 检查磁盘。`,
        en: `Readings cannot be written (${error.message}); devices send again. Run xianhe doctor to check the disk.`,
      }
