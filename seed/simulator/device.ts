// A field device as a good one behaves: it keeps what it measured until the broker has acknowledged it, sends in order,
// and after a broken line begins again with the oldest it still holds.

import net from 'node:net'
import mqtt, { type Packet } from 'mqtt-packet'

export interface DeviceOptions {
  host: string
  port: number
  clientId: string
  username?: string
  password?: string
  /** Status topic for the last will. */
  will?: string
  /** Messages on their way at once. */
  window?: number
  /** First pause before connecting again, ms; doubles up to 10 s. */
  pause?: number
  /** Told when the broker refuses this device: trying again would not help. */
  refused?: (code: number) => void
}

interface Held {
  topic: string
  payload: string
  retain: boolean
  acknowledged: () => void
}

export class Device {
  /** Oldest first; the first `underway` of them are sent and not acknowledged yet. */
  private outbox: Held[] = []
  private underway: { id: number; held: Held }[] = []
  private socket: net.Socket | undefined
  private welcome = false
  private nextId = 0
  private pause: number
  private retry: Timer | undefined
  private alive: Timer | undefined
  private ended = false
  private idle: (() => void)[] = []

  constructor(private readonly options: DeviceOptions) {
    this.pause = options.pause ?? 200
    this.connect()
  }

  get waiting() {
    return this.outbox.length + this.underway.length
  }

  /** Resolves once the broker has acknowledged it. */
  send(topic: string, payload: string, retain = false): Promise<void> {
    return new Promise((resolve) => {
      this.outbox.push({ topic, payload, retain, acknowledged: resolve })
      this.push()
    })
  }

  /** Waits until everything is acknowledged, then says goodbye. */
  async end(): Promise<void> {
    if (this.waiting > 0) await new Promise<void>((resolve) => this.idle.push(resolve))
    this.stop()
  }

  stop() {
    this.ended = true
    clearTimeout(this.retry)
    clearInterval(this.alive)
    if (this.welcome) this.write({ cmd: 'disconnect' })
    this.socket?.destroySoon()
  }

  private connect() {
    const { host, port, clientId, username, password, will } = this.options
    const socket = net.connect({ host, port })
    const parser = mqtt.parser({ protocolVersion: 4 })
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('connect', () =>
      this.write({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clean: true,
        clientId,
        keepalive: 60,
        ...(username && { username, password: Buffer.from(password ?? '') }),
        ...(will && {
          will: { topic: will, payload: Buffer.from('offline'), qos: 1 as const, retain: true },
        }),
      }),
    )
    socket.on('data', (bytes) => parser.parse(bytes as Buffer))
    parser.on('packet', (packet: Packet) => this.hear(packet))
    parser.on('error', () => socket.destroy())
    socket.on('error', () => {})
    socket.on('close', () => {
      this.welcome = false
      clearInterval(this.alive)
      if (this.ended) return
      this.retry = setTimeout(() => this.connect(), this.pause * (0.5 + Math.random()))
      this.pause = Math.min(10_000, this.pause * 2)
    })
  }

  private hear(packet: Packet) {
    if (packet.cmd === 'connack') {
      if (packet.returnCode) {
        this.options.refused?.(packet.returnCode)
        return
      }
      this.welcome = true
      this.pause = this.options.pause ?? 200
      this.outbox.unshift(...this.underway.map((each) => each.held))
      this.underway = []
      this.alive = setInterval(() => this.write({ cmd: 'pingreq' }), 45_000)
      this.push()
    }
    if (packet.cmd === 'puback') {
      const i = this.underway.findIndex((each) => each.id === packet.messageId)
      if (i < 0) return
      const [done] = this.underway.splice(i, 1)
      done!.held.acknowledged()
      this.push()
    }
  }

  private push() {
    while (this.welcome && this.outbox.length > 0 && this.underway.length < (this.options.window ?? 20)) {
      const held = this.outbox.shift()!
      this.nextId = (this.nextId % 65_535) + 1
      this.underway.push({ id: this.nextId, held })
      this.write({
        cmd: 'publish',
        qos: 1,
        dup: false,
        messageId: this.nextId,
        ...held,
        payload: Buffer.from(held.payload),
      })
    }
    if (this.waiting === 0) for (const resolve of this.idle.splice(0)) resolve()
  }

  private write(packet: Packet) {
    if (this.socket && !this.socket.destroyed) mqtt.writeToStream(packet, this.socket)
  }
}
