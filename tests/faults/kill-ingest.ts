// Sensors send without pause while the ingest child is killed with -9 again and again, at moments nobody chose. What
// was acknowledged must be there afterwards, once; and however often it died, an episode of high water is one alert.

import { join } from 'node:path'
import { Device } from '../../seed/simulator/device.ts'
import { Crossings } from '../../server/telemetry/crossings.ts'
import { sensingScene, until } from '../sensing-scene.ts'

export interface Toll {
  kills: number
  acknowledged: number
  lost: number
  stored: number
  /** Raised and cleared by the readings as sent, and alerts in core.db. */
  episodes: number
  alerts: number
  cleared: number
}

export async function killIngest(kills: number, port: number): Promise<Toll> {
  const scene = sensingScene()
  const devices = Array.from({ length: 4 }, (_, i) => {
    const code = `WL-00${i + 1}`
    return { code, id: scene.sensor(code, { name: `水位站 ${i + 1}` }), token: scene.token(code) }
  })
  scene.threshold(devices[0]!.id, { orange: 31.5, margin: 0.3 })
  const options = {
    coreFile: scene.coreFile,
    telemetryFile: scene.telemetryFile,
    archiveFolder: join(scene.folder, 'archive'),
    host: '127.0.0.1',
    port,
    anonymous: 'off',
    node: 'kill',
  }
  const start = async () => {
    let ready: () => void = () => {}
    const listening = new Promise<void>((resolve) => {
      ready = resolve
    })
    const child = Bun.spawn(
      [process.execPath, join(import.meta.dir, 'ingest-child.ts'), JSON.stringify(options)],
      {
        stdio: ['ignore', 'inherit', 'inherit'],
        ipc: (message: { port?: number }) => message.port && ready(),
      },
    )
    await Promise.race([
      listening,
      child.exited.then((code) => {
        throw new Error(`ingest ended with ${code}`)
      }),
    ])
    return child
  }

  let child = await start()
  const crossings = new Crossings({
    store: scene.store,
    telemetryFile: scene.telemetryFile,
    report: (problem) => console.error(problem),
  })
  const acknowledged: { sensor: string; at: number }[] = []
  let going = true
  let floods = 0
  const base = Date.now() - 3 * 3_600_000
  const senders = devices.map(async ({ code, token }, i) => {
    const device = new Device({
      host: '127.0.0.1',
      port,
      clientId: code,
      username: code,
      password: token,
      pause: 5,
    })
    let n = 0
    // Past the last kill until the flood under way is over.
    while (going || (i === 0 && n % 40 !== 30)) {
      const at = base + n
      // Of forty readings ten are high water: an episode each, for the first sensor.
      const high = n % 40 >= 10 && n % 40 < 20
      if (i === 0 && n % 40 === 10) floods++
      n++
      device
        .send(`xh/v1/${code}/readings`, `{"at":${at},"values":{"water-level":${high ? 31.8 : 30.5}}}`)
        .then(() => acknowledged.push({ sensor: code, at }))
      while (device.waiting >= 40) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await device.end()
  })

  for (let kill = 0; kill < kills; kill++) {
    const before = acknowledged.length
    await until('sensors are heard', () => acknowledged.length > before + 20 + (kill % 7) * 13)
    child.kill('SIGKILL')
    await child.exited
    child = await start()
    crossings.look()
  }
  going = false
  await Promise.all(senders)
  child.kill('SIGTERM')
  await child.exited
  crossings.look()
  // And once more from the beginning, as after a restore of core.db's cursor.
  scene.store.db.run(`delete from cursor where name like 'crossings:%'`)
  crossings.look()
  crossings.stop()

  const stored = scene.ask<{ sensor: string; at: number }>(
    'select sensor, at from reading join series on series.id = series',
  )
  const there = new Set(stored.map((each) => `${each.sensor} ${each.at}`))
  const count = (sql: string) => (scene.store.db.query(sql).get() as { n: number }).n
  const toll = {
    kills,
    acknowledged: acknowledged.length,
    lost: acknowledged.filter((each) => !there.has(`${each.sensor} ${each.at}`)).length,
    stored: stored.length,
    episodes: floods,
    alerts: count(`select count(*) as n from record where dataset = 'sensing.alert'`),
    cleared: count(
      `select count(*) as n from record where dataset = 'sensing.alert' and body ->> '$.state' = 'cleared'`,
    ),
  }
  await scene.end()
  return toll
}

if (import.meta.main) {
  const toll = await killIngest(Number(process.argv[2] ?? 200), Number(process.argv[3] ?? 21_061))
  console.log(JSON.stringify(toll))
  process.exit(toll.lost === 0 && toll.alerts === toll.episodes ? 0 : 1)
}
