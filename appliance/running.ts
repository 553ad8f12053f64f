// A running box: one opened directory, two children, the followers of the diary, the pages and the side door. Started
// in an order in which each part finds what it needs, stopped in the opposite one.

import { drizzle } from 'drizzle-orm/bun-sqlite'
import type { Hono } from 'hono'
import { type SampleLogin, sampleLogins } from '../seed/sample/logins.ts'
import type { Ask } from '../server/analytics/answer.ts'
import { analyst as openAnalyst } from '../server/analytics/answer.ts'
import { numbersIn } from '../server/analytics/numbers.ts'
import { parquetBy } from '../server/analytics/parquet.ts'
import { addAccount, listAccounts } from '../server/http/accounts.ts'
import { createApp } from '../server/http/app.tsx'
import { openFiles } from '../server/http/files.ts'
import type { PartHealth, Services } from '../server/http/services.ts'
import { BoxDesk } from '../server/kernel/box-desk.ts'
import { Reactions } from '../server/kernel/reactions.ts'
import type { Words } from '../server/kernel/words.ts'
import { modules } from '../server/modules/roll-call.ts'
import { Search } from '../server/search/search.ts'
import { Crossings } from '../server/telemetry/crossings.ts'
import { HotReadings } from '../server/telemetry/readings.ts'
import { finishUploads, keepLines, lineState, resumeReceives, syncRoutes } from '../sync/index.ts'
import { syncPages } from '../sync/page/index.tsx'
import { assetUrl, serveAsset } from '../web/assets.ts'
import { useAssets } from '../web/ui/asset-url.ts'
import { lanAddresses, needFree, refusePort } from './addresses.ts'
import type { Verb } from './call.ts'
import { openSecure, secureBrokerPort } from './certificates/secure.ts'
import { keepBackups } from './daily-backup.ts'
import { dataDirectory } from './data-directory.ts'
import { refuseWhenFull, watchDisk } from './disk.ts'
import { openDoor } from './door.ts'
import { openEvents } from './events.ts'
import { keepTime } from './keep-time.ts'
import type { Log } from './logs.ts'
import { openBox } from './open.ts'
import { Children } from './processes.ts'
import { readingsForPeers } from './readings-for-peers.ts'
import { roleNames } from './roles.ts'
import { handDown, type Settings, secureDoors } from './settings.ts'
import { programVersion } from './version.ts'

export interface Running {
  port: number
  /** Of the secure pages; undefined when they are closed. */
  httpsPort?: number
  /** Made at the first run: shown once. */
  firstLogin?: { name: string; password: string }
  /** Logins of the sample county, when this is it. */
  sample: SampleLogin[]
  services: Services
  stop(): Promise<void>
}

export async function runBox(wished: Settings, log: Log, verbs: Map<string, Verb>): Promise<Running> {
  const settings = secureDoors(wished)
  const started = performance.now()
  const events = openEvents((error) => log('error', 'a live page failed', { error }))
  const lan = lanAddresses()[0]
  let children: Children | undefined
  const ask: Ask = (question, waitMs) =>
    children
      ? children.ask('analytics', question, waitMs)
      : Promise.reject(new Error('analytics is starting'))
  const box = openBox(settings, {
    readings: readingsForPeers(
      dataDirectory(settings.data),
      ask,
      () => children?.health()['analytics']?.state === 'up',
    ),
    onChange: () => events.publish('line'),
    onFault: (error) => log('error', 'sync failed', { error }),
    address: () => `http://${lan ?? '127.0.0.1'}:${server?.port ?? settings.port}`,
  })
  const { store, data } = box
  const stops: (() => unknown)[] = [() => box.close()]
  const later = (stop: () => unknown) => stops.unshift(stop)
  let server: Bun.Server<undefined> | undefined
  const stop = async () => {
    for (const each of stops.splice(0)) await each()
  }
  try {
    await needFree('mqtt', settings['mqtt.host'], settings['mqtt.port'])
    await needFree('pages', settings.host, settings.port)

    const county = box.registry.division(store.node.division)
    const secure = await openSecure({
      settings,
      keys: data.keys,
      county: county?.zh ?? store.node.name,
      node: store.node.id,
      log,
      onRenew: () => children?.hint('ingest', 'certificate-changed'),
    })
    later(() => secure.stop())
    const tlsPort = await secureBrokerPort(settings, log)

    const disk = watchDisk(data.path, settings['disk.reserve'], () => events.publish('parts'))
    later(() => disk.stop())

    const supervised = new Children({
      roles: roleNames,
      env: {
        XIANHE_SETTLED: handDown({ ...settings, 'mqtt.tls-port': tlsPort }),
        XIANHE_NODE: store.node.id,
      },
      log,
      onHint: (role, topic, told) => hear(role, topic, told),
      onChange: () => events.publish('parts'),
    })
    const analyst = openAnalyst(ask)
    const numbers = numbersIn(data.derived, analyst)
    later(() => numbers.close())
    children = supervised
    supervised.start()
    later(() => supervised.stop())

    const search = new Search(store, `${data.derived}/search.db`).start()
    later(() => search.stop())
    const reactions = new Reactions(store, (problem) =>
      log('warn', 'a reaction stepped aside', { ...problem }),
    ).start()
    later(() => reactions.stop())
    later(
      store.listen((written) => {
        supervised.hint('analytics', 'look', { seq: written.seq })
        for (const name of written.datasets) events.publish(name)
      }),
    )

    const telemetry = new HotReadings({
      telemetryFile: data.telemetry,
      archived: (query) => analyst.series(query),
      counters: () => lastCounters,
    })
    later(() => telemetry.close())
    const crossings = new Crossings({
      store,
      telemetryFile: data.telemetry,
      report: (problem) => log('warn', 'a crossing became no alert', { ...problem }),
    }).start()
    later(() => crossings.stop())

    let lastCounters = { stored: 0, quarantined: 0, clients: 0 }
    let trouble: PartHealth | undefined
    const hear = (role: string, topic: string, told: unknown) => {
      if (topic === 'readings') lastCounters = (told as { counters: typeof lastCounters }).counters
      if (topic === 'crossing') crossings.look()
      if (topic === 'sealed') supervised.hint('ingest', 'sealed')
      if (topic === 'trouble') {
        // The analytics room's troubles are single measures: its health is its process.
        const words = (told as { words?: Words } | null)?.words
        if (role === 'ingest')
          trouble = words && { state: 'down', since: new Date().toISOString(), detail: words.zh }
        if (told) log('error', `${role} has trouble`, told as Record<string, unknown>)
      }
      events.publish(topic, told)
    }

    later(
      keepTime({
        modules,
        desk: new BoxDesk(store, store.system, search),
        report: (matter, error) => log('error', 'a matter missed the time', { matter, error }),
      }),
    )

    await resumeReceives(box.exchange)
    await finishUploads(box.exchange)
    if (settings['sync.every'] > 0) later(keepLines(box.exchange))
    box.live = { search, ask }

    const parts = (): Record<string, PartHealth> => ({
      ...supervised.health(),
      ...(trouble && { sensing: trouble }),
      disk: disk.health(),
      ...(secure.health() && { https: secure.health()! }),
    })
    const services: Services = {
      store,
      numbers,
      readings: telemetry,
      line: { state: () => lineState(box.exchange) },
      events,
      files: openFiles(data.files),
      parquet: parquetBy(data.derived, ask),
      parts,
      version: programVersion,
      uptime: () => Math.floor((performance.now() - started) / 1000),
      get secure() {
        return secure.door
      },
    }
    useAssets(assetUrl)
    const app = createApp({
      // The device's worker bundles the roll call; these pages are the box's own.
      modules: [...modules, syncPages],
      services,
      deskFor: (actor) => new BoxDesk(store, actor, search, () => services.line.state().importedTo ?? 0),
      asset: serveAsset,
      mounts: [
        { path: '/', app: refuseWhenFull(disk) },
        { path: '/sync/v1', app: syncRoutes(box.exchange) as unknown as Hono },
      ],
      log: (line) => log('error', 'a page failed', line),
    })

    try {
      server = Bun.serve({
        hostname: settings.host,
        port: settings.port,
        // Live pages are silent for up to 15 s between pings.
        idleTimeout: 60,
        maxRequestBodySize: 512 << 20,
        fetch: (request, server) => app.fetch(request, server),
      })
    } catch (error) {
      refusePort('pages', settings.host, settings.port, error as { code?: string })
    }
    later(() => server?.stop(true))
    secure.listen((request, server) => app.fetch(request, server), server!.port!)
    // Nobody comes in while the rooms behind are being closed.
    later(() => secure.stop())
    const door = openDoor(box, verbs, () => ({ parts: parts(), pids: supervised.pids(), port: server!.port }))
    later(() => door.stop(true))

    const db = drizzle(store.db)
    const firstLogin =
      listAccounts(db).length === 0
        ? await addAccount(db, {
            name: 'admin',
            title: '系统管理员',
            roles: ['administrator'],
            division: store.node.division,
            lang: settings.lang,
          })
        : undefined
    later(keepBackups(data, settings, log))
    log('info', 'the box is up', {
      port: server!.port,
      https: secure.door?.port,
      pid: process.pid,
      node: store.node.id,
      version: programVersion,
    })
    const known = new Set(
      listAccounts(db)
        .filter((each) => !each.disabled)
        .map((each) => each.name),
    )
    const sample = store.fact('sample.done') ? sampleLogins.filter((each) => known.has(each.name)) : []
    return { port: server!.port!, httpsPort: secure.door?.port, firstLogin, sample, services, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
