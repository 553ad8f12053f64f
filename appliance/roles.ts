// What the children of the box do. `xianhe role NAME` is how the supervisor starts one; people never type it.

import { serverFile } from './certificates/files.ts'
import { dataDirectory } from './data-directory.ts'
import { stepBack, takeRoom, type Wire } from './role.ts'
import { type Settings, takeOver } from './settings.ts'

const roles: Record<string, (settings: Settings, wire: Wire) => Promise<void>> = { ingest, analytics }

export const roleNames = Object.keys(roles)

export async function playRole(name: string) {
  const play = roles[name]
  const handed = process.env['XIANHE_SETTLED']
  if (!play || !handed) throw new Error(`no role ${name} outside a running box`)
  const wire = takeRoom()
  const { Refusal } = await import('../server/kernel/refusal.ts')
  try {
    await play(takeOver(handed), wire)
  } catch (error) {
    if (error instanceof Refusal) wire.cannot(error.words)
    throw error
  }
}

/** Sensors: broker, spool, thresholds, telemetry.db. */
async function ingest(settings: Settings, wire: Wire) {
  const { ingest } = await import('../server/telemetry/ingest.ts')
  const data = dataDirectory(settings.data)
  const room = await ingest({
    coreFile: data.core,
    telemetryFile: data.telemetry,
    archiveFolder: data.archive,
    host: settings['mqtt.host'],
    port: settings['mqtt.port'],
    ...(settings['mqtt.tls-port'] !== 'off' && {
      tls: { port: settings['mqtt.tls-port'], file: serverFile(data.keys) },
    }),
    anonymous: settings['mqtt.anonymous'],
    largest: settings['mqtt.payload'] * 1024,
    hotDays: settings['telemetry.hot'],
    broker: settings.broker || undefined,
    node: process.env['XIANHE_NODE']!,
    hint: wire.hint,
  })
  wire.onHint((topic, told) => room.hear(topic, told))
  wire.onAsk(() => room.counters())
  wire.onStop(() => room.stop())
  wire.ready()
}

/** Numbers: DuckDB, measures, the archive. */
async function analytics(settings: Settings, wire: Wire) {
  stepBack()
  const data = dataDirectory(settings.data)
  process.env['XIANHE_CACHE'] ??= data.cache
  const [{ openAnalytics }, { Registry }, { modules }] = await Promise.all([
    import('./analytics-at-hand.ts'),
    import('../server/kernel/registry.ts'),
    import('../server/modules/roll-call.ts'),
  ])
  const room = await openAnalytics(data, settings, new Registry(modules), wire.hint)
  let heard = Date.now()
  wire.onHint((topic, told) => {
    heard = Date.now()
    room.heed(topic, told)
  })
  wire.onAsk((question) => {
    heard = Date.now()
    return room.answer(question as never)
  })
  wire.onStop(() => room.stop())
  wire.ready()
  restWhenHeavy(wire, () => heard)
}

/** A full pass over a county takes 100 MB more than following it; a mini-PC of 4 GB wants them back. */
const heavy = 60 * 1024 * 1024
const quiet = 20_000

function restWhenHeavy(wire: Wire, heard: () => number) {
  const light = process.memoryUsage.rss()
  setInterval(() => {
    if (process.memoryUsage.rss() - light > heavy && Date.now() - heard() > quiet) void wire.rest()
  }, 5000)
}
