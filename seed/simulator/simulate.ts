// Plays the sample county's sensors over real MQTT: each goes on where its seeded past ends. Deterministic in what it
// measures; only the clock decides when.

import { systemActor } from '../../server/kernel/access.ts'
import { calendar, Plan } from '../sample/plan.ts'
import { type Curve, planSensing } from '../sample/sensing.ts'
import { floodShare, valueAt } from './curves.ts'
import { Device } from './device.ts'

export interface SimulateOptions {
  host: string
  port: number
  /** How many sensors speak. */
  sensors?: number
  /** Messages per second, all sensors together; each sensor once in ten seconds when absent. */
  rate?: number
  /** A device's token. Without one the sensors share nameless connections, which a box takes from its own machine. */
  tokenOf?: (sensor: string) => string | undefined
  /** A water level rises above its red limit, stands, and falls again: `true` picks a gauge, a code names one. */
  flood?: boolean | string
  /** How long the flood stands, minutes. */
  floodFor?: number
  refused?: (sensor: string, code: number) => void
}

export interface Simulation {
  /** The gauge that floods, and the limit it will pass. */
  flood?: { sensor: string; limit: number }
  counters(): { sent: number; acknowledged: number }
  /** Waits for what was sent to be acknowledged. */
  stop(): Promise<void>
}

interface Player {
  code: string
  curves: Curve[]
  device: Device
}

export function simulate(options: SimulateOptions): Simulation {
  const { host, port, sensors = 60, floodFor = 5 } = options
  const { curves, limits } = sampleSensors(Math.ceil(sensors / 200))
  const codes = [...new Set(curves.map((each) => each.sensor))]
  const gauge = typeof options.flood === 'string' ? options.flood : [...limits.keys()].at(-1)
  if (options.flood && (gauge === undefined || !limits.has(gauge)))
    throw new Error(`${gauge} has no water level threshold`)
  // The gauge for floods speaks last: a flood is read from its own times, which must not lie before what it said already.
  const playing = interleaved(codes.filter((code) => code !== gauge))
    .concat(gauge ?? [])
    .slice(0, sensors)
  if (options.flood && !playing.includes(gauge!)) playing.push(gauge!)

  const shared: Device[] = []
  const deviceOf = (code: string, i: number): Device => {
    const token = options.tokenOf?.(code)
    const made = (clientId: string) =>
      new Device({
        host,
        port,
        clientId,
        username: token && code,
        password: token,
        will: token ? `xh/v1/${code}/status` : undefined,
        refused: (reason) => options.refused?.(code, reason),
      })
    if (token) return made(`sim-${code}`)
    return (shared[i % 20] ??= made(`sim-${process.pid}-${i % 20}`))
  }
  const players: Player[] = playing.map((code, i) => ({
    code,
    curves: curves.filter((each) => each.sensor === code),
    device: deviceOf(code, i),
  }))

  let sent = 0
  let acknowledged = 0
  const send = (player: Player, at: number, flood = 0) => {
    const values = Object.fromEntries(
      player.curves.map((curve) => [curve.metric, raised(curve, valueAt(curve, at), flood)]),
    )
    sent++
    return player.device.send(`xh/v1/${player.code}/readings`, JSON.stringify({ at, values })).then(() => {
      acknowledged++
    })
  }
  const raised = (curve: Curve, value: number, flood: number) => {
    if (!flood || curve.metric !== 'water-level') return value
    const crest = limits.get(curve.sensor)! + 0.25
    return Number((value + (crest - value) * flood).toFixed(2))
  }
  for (const player of players) player.device.send(`xh/v1/${player.code}/status`, 'online', true)

  // The flood began forty minutes ago and the gauge could not send until now: its whole store arrives at once.
  const flooding = options.flood ? players.find((each) => each.code === gauge) : undefined
  const began = Math.floor(Date.now() / 60_000) * 60_000 - 40 * 60_000
  const share = (at: number) => floodShare((at - began) / 60_000, 40 + floodFor)
  if (flooding) for (let at = began; at < Date.now() - 1000; at += 60_000) send(flooding, at, share(at))

  const rate = options.rate ?? players.length / 10
  let turn = 0
  let owed = 0
  let last = performance.now()
  const clock = setInterval(() => {
    const now = performance.now()
    owed = Math.min(owed + ((now - last) / 1000) * rate, rate * 5 + 1)
    last = now
    for (; owed >= 1; owed--) {
      const player = players[turn++ % players.length]!
      // A box that does not answer is not buried: its devices wait, as real ones do.
      if (player.device.waiting < 500) send(player, Date.now(), player === flooding ? share(Date.now()) : 0)
    }
  }, 20)

  return {
    flood: flooding && { sensor: flooding.code, limit: limits.get(flooding.code)! },
    counters: () => ({ sent, acknowledged }),
    async stop() {
      clearInterval(clock)
      for (const player of players) player.device.send(`xh/v1/${player.code}/status`, 'offline', true)
      await Promise.all([...new Set(players.map((each) => each.device))].map((device) => device.end()))
    },
  }
}

/** The sensors of the sample county as they were planned, and the red limit of each water gauge that has one. */
function sampleSensors(scale: number): { curves: Curve[]; limits: Map<string, number> } {
  const plan = new Plan()
  const curves = planSensing(plan, systemActor('430981'), calendar(Date.now()), scale).filter(
    (each) => each.silentSince === undefined,
  )
  const codes = new Map<string, string>()
  const limits = new Map<string, number>()
  for (const { request } of plan.acts) {
    const fields = request.fields as {
      code?: string
      sensor?: string
      metric?: string
      direction?: string
      red?: number
    }
    if (request.name === 'sensing.sensor.created') codes.set(request.record!, fields.code!)
    if (
      request.name === 'sensing.threshold.created' &&
      fields.metric === 'water-level' &&
      fields.direction === 'above' &&
      fields.red !== undefined
    ) {
      const code = codes.get(fields.sensor!)!
      if (curves.some((each) => each.sensor === code)) limits.set(code, fields.red)
    }
  }
  return { curves, limits }
}

/** WL-001, WQ-001, MT-001, …, WL-002: a few sensors are a few of each kind. */
function interleaved(codes: string[]): string[] {
  const number = (code: string) => Number(/\d+$/.exec(code)?.[0] ?? 0)
  return codes.toSorted((a, b) => number(a) - number(b))
}
