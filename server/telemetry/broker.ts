// The embedded MQTT broker. aedes sends PUBACK before it hands a message on, so the only place that can hold the ack
// back is `authorizePublish`: it gives the message to the spool and answers when the spool has it on disk. An error
// there closes the connection without an ack, and the device sends again.

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Aedes, type Client } from 'aedes'
import { refuse } from '../kernel/refusal.ts'
import type { County } from './county.ts'
import { sessions } from './sessions.ts'
import type { Spool } from './spool.ts'

export const prefix = 'xh/v1/'

export interface BrokerOptions {
  spool: Spool
  county: County
  /** Fixed, so that sessions and wills of the last run are ours. */
  id: string
  /** Clients without a name: refused, let in from this machine, or let in from anywhere. */
  anonymous: 'off' | 'loopback' | 'on'
  /** Longest packet taken, bytes. */
  largest?: number
}

export interface Broker {
  clients(): number
  /** Sends to a sensor's `commands`; kept for it while it is away, when its session lasts. */
  command(sensor: string, payload: string | Uint8Array): Promise<void>
  /** Ends connections whose token was changed or withdrawn. */
  recheck(): void
  /** Another way in: a TLS socket, or a WebSocket as a stream. */
  accept(stream: Duplex, loopback: boolean): void
  listen(host: string, port: number): Promise<number>
  close(): Promise<void>
}

/** Who a connection is. */
interface Guest {
  /** Undefined for an anonymous client on this machine. */
  sensor?: string
  prefix: string
  token?: string
}

export async function openBroker({
  spool,
  county,
  id,
  anonymous,
  largest = 256 * 1024,
}: BrokerOptions): Promise<Broker> {
  const guests = new WeakMap<Client, Guest>()
  const wills = new WeakMap<Client, string>()
  const fromHere = new WeakSet<Duplex>()
  const servers: Server[] = []

  const aedes = await Aedes.createBroker({
    id,
    persistence: sessions(spool.db, spool),
    connectTimeout: 10_000,
    // A subscriber that does not read for this long is cut off; a lasting session keeps its messages.
    drainTimeout: 10_000,
    concurrency: 500,
    maxTopicLevels: 16,

    preConnect(client, packet, done) {
      if (packet.will) wills.set(client, packet.will.topic)
      done(null, true)
    },

    authenticate(client, name, password, done) {
      const guest = admit(client, name, password)
      const will = wills.get(client)
      if (!guest || (will !== undefined && !tailOf(guest, will)))
        return done(Object.assign(new Error('not authorised'), { returnCode: 4 as const }), false)
      guests.set(client, guest)
      done(null, true)
    },

    authorizePublish(client, packet, done) {
      // Without a client it is the will of a connection that the last run let in: checked then.
      const guest = client ? guests.get(client) : trusted
      const tail = guest && tailOf(guest, packet.topic)
      if (!guest || !tail || tail === 'commands') return done(new Error(`may not publish to ${packet.topic}`))
      if (tail !== 'status') packet.retain = false
      const sensor = guest.sensor ?? sensorOf(packet.topic)
      spool.take({
        sensor,
        tail,
        topic: packet.topic,
        payload: packet.payload as Buffer,
        client: client?.id ?? '',
        line: client?.conn as Duplex | undefined,
        done,
      })
    },

    authorizeSubscribe(client, subscription, done) {
      const guest = guests.get(client)
      heed(subscription.topic)
      done(null, guest && tailOf(guest, subscription.topic) ? subscription : null)
    },

    authorizeForward(client, packet) {
      // Messages for a subscriber that does not read would fill our memory: its session waits on disk instead.
      if (client.conn.writableLength > 1024 * 1024) client.conn.destroy()
      return packet
    },
  })

  // Hardly anyone subscribes to readings: whoever wants them asks the box. For a sensor that nobody listens to, aedes
  // need not look for listeners; that saves a third of the work (bench/puback.ts). A sensor once listened to stays so.
  const listenedTo = new Set<string>()
  let allListenedTo = false
  function heed(topic: string) {
    if (!/(^|\/)([#+]|readings)$/.test(topic)) return
    const sensor = sensorOf(topic)
    if (/[+#]/.test(sensor)) allListenedTo = true
    else listenedTo.add(sensor)
  }
  for (const { key } of spool.db
    .query<{ key: string }, []>(
      `select key from mqtt where key >= 'subscriptions:' and key < 'subscriptions;'`,
    )
    .all())
    heed(key.slice(key.indexOf(':', 'subscriptions:'.length) + 1))
  const publish = aedes.publish.bind(aedes) as (...args: unknown[]) => void
  aedes.publish = ((packet: { topic: string }, client: unknown, done?: (error?: Error) => void) => {
    const unheard =
      typeof client === 'object' && client && done && packet.topic.endsWith('/readings') && !allListenedTo
    if (unheard && !listenedTo.has(sensorOf(packet.topic))) return done()
    publish(packet, client, done)
  }) as typeof aedes.publish

  function admit(client: Client, name: string | undefined, password: Buffer | undefined): Guest | undefined {
    if (!name)
      return anonymous === 'on' || (anonymous === 'loopback' && fromHere.has(client.conn))
        ? { prefix }
        : undefined
    if (/[+#/]/.test(name) || !password || !county.admits(name, password)) return undefined
    return { sensor: name, prefix: `${prefix}${name}/`, token: county.tokenPrint(name) }
  }

  function accept(stream: Duplex, loopback: boolean) {
    if (loopback) fromHere.add(stream)
    cap(aedes.handle(stream), largest)
  }

  return {
    clients: () => (aedes as unknown as { connectedClients: number }).connectedClients,
    command: (sensor, payload) =>
      new Promise((resolve, reject) =>
        aedes.publish(
          {
            cmd: 'publish',
            topic: `${prefix}${sensor}/commands`,
            payload: payload as Buffer,
            qos: 1,
            dup: false,
            retain: false,
          },
          (error) => (error ? reject(error) : resolve()),
        ),
      ),
    recheck() {
      const clients = (aedes as unknown as { clients: Record<string, Client> }).clients
      for (const client of Object.values(clients)) {
        const guest = guests.get(client)
        if (guest?.sensor && guest.token !== county.tokenPrint(guest.sensor)) client.close()
      }
    },
    accept,
    async listen(host, port) {
      const server = createServer((socket: Socket) => {
        socket.setNoDelay(true)
        accept(socket, isLoopback(socket.remoteAddress))
      })
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, 1024, resolve)
      }).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'EADDRINUSE')
          refuse({
            zh: `MQTT 端口 ${port} 已被别的程序占用,请停掉它,或用 --mqtt-port 换一个端口。`,
            en: `MQTT port ${port} is taken by another program. Stop that one, or choose another port with --mqtt-port.`,
          })
        throw error
      })
      servers.push(server)
      return (server.address() as AddressInfo).port
    },
    async close() {
      for (const server of servers) server.close()
      await new Promise<void>((resolve) => aedes.close(() => resolve()))
    },
  }
}

const trusted: Guest = { prefix }

/** What follows the sensor in a topic the guest may use; undefined when it may not. */
function tailOf(guest: Guest, topic: string): string | undefined {
  if (!topic.startsWith(guest.prefix)) return undefined
  if (guest.sensor) return topic.slice(guest.prefix.length) || undefined
  const slash = topic.indexOf('/', prefix.length)
  return slash > prefix.length
    ? topic.slice(slash + 1) || undefined
    : topic === `${prefix}#`
      ? '#'
      : undefined
}

const sensorOf = (topic: string): string => topic.slice(prefix.length, topic.indexOf('/', prefix.length))

export const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && /^(::ffff:)?127\.|^::1$/.test(address)

/**
 * aedes has no limit on packet length: one client could fill the memory. The parser is private to aedes 1.2.0
 * (pinned); broker.test.ts fails when this stops working.
 */
function cap(client: Client, largest: number) {
  const parser = (client as unknown as { _parser: any })._parser
  const parseLength = parser._parseLength
  parser._parseLength = function () {
    const parsed = parseLength.call(this)
    if (!parsed || this.packet.length <= largest) return parsed
    this.packet.length = 0
    this._list.consume(this._list.length)
    client.emit('error', new Error(`a packet may have ${largest} bytes`))
    return false
  }
}
