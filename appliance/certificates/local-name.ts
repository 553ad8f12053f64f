// Answers "where is xianhe.local?" on the LAN (multicast DNS, RFC 6762), so that nobody has to remember numbers. Each
// network is answered with the box's address in that network. A convenience: whatever goes wrong here is logged, and the
// box goes on without it.

import { isIP } from 'node:net'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import multicastDns, { type MulticastDNS, type QueryPacket, type ResponsePacket } from 'multicast-dns'
import { hostLabel } from './names.ts'

export interface LocalNames {
  /** As they are answered now; the first may have been taken by another box. */
  names(): string[]
  stop(): void
}

export interface LocalNaming {
  /** `xianhe`, without `.local`. */
  name: string
  /** What to call us when another machine already has that name. */
  fallback: string
  hostname: string
  log: (level: 'info' | 'warn', text: string, about?: Record<string, unknown>) => void
  interfaces?: typeof networkInterfaces
  /** Tests speak on a port of their own. */
  port?: number
}

const lifetime = 120
/** How long another box has to say that the name is taken. */
const probeMs = 750

interface Voice {
  dns: MulticastDNS
  at: NetworkInterfaceInfo
}

export function answerLocalNames(naming: LocalNaming): LocalNames {
  const { log, interfaces = networkInterfaces, port = 5353 } = naming
  const voices = new Map<string, Voice>()
  const own = hostLabel(naming.hostname)
  let first = `${naming.name}.local`
  let silent = false
  const names = () => [...new Set([first, ...(own ? [`${own}.local`] : [])])]

  function look() {
    if (silent) return
    const found = lan(interfaces())
    for (const [address, voice] of voices) {
      if (found.some((each) => each.address === address)) continue
      voice.dns.destroy()
      voices.delete(address)
    }
    for (const at of found) if (!voices.has(at.address)) speak(at)
  }

  function speak(at: NetworkInterfaceInfo) {
    const dns = multicastDns({
      interface: at.address,
      bind: '0.0.0.0',
      port,
      reuseAddr: true,
      loopback: true,
    })
    voices.set(at.address, { dns, at })
    let settled = false
    dns.on('error', (error: Error & { code?: string }) => {
      // Taken by a program that does not share the port, or not allowed: the address in numbers works as before.
      log('warn', `xianhe.local is not answered: ${error.message}`, { code: error.code })
      silent = true
      stopVoices()
    })
    dns.on('warning', () => {})
    dns.on('response', (packet: ResponsePacket) => {
      const other = settled ? undefined : takenBy(packet)
      if (!other) return
      log('warn', `${first} is another machine (${other}); this box answers to ${naming.fallback}.local`)
      first = `${naming.fallback}.local`
    })
    dns.on('query', (packet: QueryPacket, from: { address: string; port: number }) => {
      if (settled && sameNetwork(from.address, at)) answer(dns, at, packet, from)
    })
    dns.on('ready', () => {
      dns.query({ questions: [{ name: first, type: 'ANY' }] } as never)
      setTimeout(() => {
        settled = true
        if (voices.get(at.address)?.dns !== dns) return
        dns.respond({ answers: names().map((name) => address(name, at)) } as never)
      }, probeMs).unref()
    })
  }

  function takenBy(packet: ResponsePacket): string | undefined {
    const ours = lan(interfaces()).map((each) => each.address)
    const said = packet.answers.filter(
      (each) => each.name?.toLowerCase() === first && each.type === 'A' && !ours.includes(String(each.data)),
    )
    return said[0] && String((said[0] as { data: unknown }).data)
  }

  function answer(
    dns: MulticastDNS,
    at: NetworkInterfaceInfo,
    packet: QueryPacket,
    from: { address: string; port: number },
  ) {
    const asked = packet.questions.filter((each) => names().includes(each.name.toLowerCase()))
    if (asked.length === 0) return
    const answers = asked
      .filter((each) => ['A', 'ANY'].includes(each.type))
      .map((each) => address(each.name, at))
    // "There is no other address": without it Windows and Android wait for an IPv6 answer that never comes.
    const only = asked.map((each) => ({
      name: each.name,
      type: 'NSEC' as const,
      ttl: lifetime,
      flush: true,
      data: { nextDomain: each.name, rrtypes: ['A'] },
    }))
    const reply = answers.length > 0 ? { answers, additionals: only } : { answers: only }
    // A simple resolver asks from a port of its own and wants its question back (RFC 6762, 6.7).
    if (from.port !== port) {
      const brief = (each: object) => ({ ...each, ttl: 10, flush: false })
      dns.respond(
        { id: (packet as { id?: number }).id, questions: asked, answers: reply.answers.map(brief) } as never,
        from as never,
      )
    } else dns.respond(reply as never)
  }

  function stopVoices() {
    for (const { dns } of voices.values()) dns.destroy()
    voices.clear()
  }

  look()
  const timer = setInterval(look, 30_000)
  return {
    names: () => (silent || voices.size === 0 ? [] : names()),
    stop() {
      clearInterval(timer)
      silent = true
      stopVoices()
    },
  }
}

const address = (name: string, at: NetworkInterfaceInfo) => ({
  name,
  type: 'A' as const,
  ttl: lifetime,
  flush: true,
  data: at.address,
})

const lan = (found: ReturnType<typeof networkInterfaces>): NetworkInterfaceInfo[] =>
  Object.entries(found)
    .filter(([name]) => !/^(docker|br-|veth|virbr)/.test(name))
    .flatMap(([, each]) =>
      (each ?? []).filter((info) => info.family === 'IPv4' && !info.internal).slice(0, 1),
    )

export function sameNetwork(other: string, at: Pick<NetworkInterfaceInfo, 'address' | 'netmask'>): boolean {
  if (isIP(other) !== 4) return false
  const [a, b, mask] = [other, at.address, at.netmask].map((text) =>
    text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0),
  ) as [number, number, number]
  return (a & mask) >>> 0 === (b & mask) >>> 0
}
