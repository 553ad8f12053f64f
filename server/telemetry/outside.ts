// Readings from an outside broker (Mosquitto, EMQX, a platform), with the same promise as our own: its message is
// acknowledged after our commit. mqtt.js hands over one message at a time, which makes a group commit of one; a socket
// and mqtt-packet take as many as the broker lets be in flight. The session lasts, so what came while the box was off
// is waiting; shared subscriptions (`$share/…`) let several boxes divide the load.

import net from 'node:net'
import tls from 'node:tls'
import mqtt, { type IConnackPacket, type Packet } from 'mqtt-packet'
import type { Words } from '../kernel/words.ts'
import { prefix } from './broker.ts'
import type { County } from './county.ts'
import type { Spool } from './spool.ts'

export interface OutsideOptions {
  /** `mqtt://user:password@host:1883?share=GROUP`; mqtts:// for TLS. */
  url: string
  node: string
  spool: Spool
  county: County
}

export interface Outside {
  connected(): boolean
  trouble(): Words | undefined
  /** Sensors changed: their own topics are subscribed. */
  recheck(): void
  stop(): Promise<void>
}

const longestWait = 60_000

export function listenOutside({ url, node, spool, county }: OutsideOptions): Outside {
  const target = new URL(url)
  if (!/^mqtts?:$/.test(target.protocol))
    throw new Error(`${url}: the address of a broker begins with mqtt:// or mqtts://`)
  const secure = target.protocol === 'mqtts:'
  const share = target.searchParams.get('share')
  const host = target.hostname.replace(/^\[|\]$/g, '')
  const port = Number(target.port || (secure ? 8883 : 1883))
  // MQTT 5 first (receive maximum, session expiry); brokers that know only 3.1.1 say so.
  let version: 5 | 4 = 5
  let socket: net.Socket | undefined
  let connected = false
  let why = ''
  let tries = 0
  let packetId = 0
  let retry: NodeJS.Timeout | undefined
  let stopped = false
  let asked = new Set<string>()

  function connect() {
    const own = secure
      ? tls.connect({ host, port, servername: net.isIP(host) ? undefined : host })
      : net.connect({ host, port })
    socket = own
    asked = new Set()
    const parser = mqtt.parser({ protocolVersion: version })
    let alive: NodeJS.Timeout | undefined
    let heard = Date.now()
    own.setNoDelay(true)
    own.setTimeout(20_000, () => own.destroy(new Error('no answer for 20 seconds')))
    own.on(secure ? 'secureConnect' : 'connect', () => {
      send(own, {
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: version,
        clientId: `xianhe-${node}`,
        clean: false,
        keepalive: 30,
        ...(target.username && {
          username: decodeURIComponent(target.username),
          password: Buffer.from(decodeURIComponent(target.password)),
        }),
        ...(version === 5 && { properties: { sessionExpiryInterval: 0xffffffff, receiveMaximum: 2000 } }),
      })
    })
    own.on('data', (bytes) => {
      heard = Date.now()
      parser.parse(bytes as Buffer)
    })
    parser.on('error', (error) => own.destroy(error))
    parser.on('packet', (packet: Packet) => {
      if (packet.cmd === 'connack') return welcomed(own, packet)
      if (packet.cmd === 'publish') return take(own, packet)
      if (packet.cmd === 'suback' && (packet.granted as number[]).some((code) => code >= 128))
        own.destroy(new Error('the broker does not let us subscribe'))
      if (packet.cmd === 'disconnect')
        own.destroy(new Error(`the broker ended the session (${packet.reasonCode})`))
    })
    own.on('error', (error) => {
      why = error.message
    })
    own.on('close', () => {
      clearInterval(alive)
      connected = false
      if (stopped) return
      // Doubling, with a random part: a county's boxes should not all return in the same second.
      const wait = Math.min(longestWait, 500 * 2 ** Math.min(tries++, 8)) * (0.5 + Math.random() / 2)
      retry = setTimeout(connect, wait)
    })

    function welcomed(own: net.Socket, packet: IConnackPacket) {
      const code = packet.reasonCode ?? packet.returnCode ?? 0
      if (code !== 0) {
        if (version === 5 && (code === 1 || code === 0x84)) {
          version = 4
          tries = 0
        }
        return own.destroy(new Error(`the broker refused the connection (${code})`))
      }
      connected = true
      tries = 0
      why = ''
      own.setTimeout(0)
      alive = setInterval(() => {
        if (Date.now() - heard > 60_000) own.destroy(new Error('the broker fell silent'))
        else send(own, { cmd: 'pingreq' })
      }, 25_000)
      subscribe()
    }
  }

  function subscribe() {
    const wanted = [`${prefix}+/#`, ...county.outsideTopics()].filter((topic) => !asked.has(topic))
    if (!connected || !socket || wanted.length === 0) return
    for (const topic of wanted) asked.add(topic)
    send(socket, {
      cmd: 'subscribe',
      messageId: (packetId = (packetId % 65_535) + 1),
      subscriptions: wanted.map((topic) => ({
        topic: share ? `$share/${share}/${topic}` : topic,
        qos: 1 as const,
      })),
    })
  }

  function take(own: net.Socket, packet: Extract<Packet, { cmd: 'publish' }>) {
    const acknowledge = (error: Error | null) => {
      // Not stored: end the connection, so that the broker keeps the message and sends it again.
      if (error) return own.destroy(error)
      if (packet.qos > 0 && !own.destroyed) send(own, { cmd: 'puback', messageId: packet.messageId! })
    }
    const known = county.sensorByTopic(packet.topic)
    const slash = packet.topic.indexOf('/', prefix.length)
    const [sensor, tail] = known
      ? [known.code, packet.topic]
      : packet.topic.startsWith(prefix) && slash > 0
        ? [packet.topic.slice(prefix.length, slash), packet.topic.slice(slash + 1)]
        : ['', packet.topic]
    // What the box itself, or another, told a device is not a reading.
    if (tail === 'commands') return acknowledge(null)
    spool.take({
      sensor,
      tail,
      topic: packet.topic,
      payload: packet.payload as Buffer,
      client: `${host}:${port}`,
      done: acknowledge,
    })
  }

  const send = (own: net.Socket, packet: Packet) =>
    void mqtt.writeToStream(packet, own, { protocolVersion: version })

  connect()
  return {
    connected: () => connected,
    trouble: () =>
      connected || tries < 2
        ? undefined
        : {
            zh: `连不上外部 MQTT 服务器 ${host}:${port}(${why}),正在自动重连`,
            en: `cannot reach the outside MQTT broker ${host}:${port} (${why}); trying again`,
          },
    recheck: subscribe,
    async stop() {
      stopped = true
      clearTimeout(retry)
      if (!socket || socket.destroyed) return
      if (connected) send(socket, { cmd: 'disconnect' })
      const ended = new Promise((resolve) => socket!.once('close', resolve))
      socket.destroySoon()
      await ended
    },
  }
}
