// Where people and devices reach the box, and whether the doors are free.

import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { refuse } from '../server/kernel/refusal.ts'

/** IPv4 addresses on the LAN, the likeliest first. */
export function lanAddresses(): string[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => !/^(lo|docker|br-|veth|virbr)/.test(name))
    .flatMap(([, found]) => found ?? [])
    .filter((each) => each.family === 'IPv4' && !each.internal && !each.address.startsWith('169.254.'))
    .map((each) => each.address)
}

/** Refuses in one sentence when somebody else listens there. 0 is always free. */
export async function needFree(what: Door, host: string, port: number) {
  const problem = await taken(host, port)
  if (problem) refusePort(what, host, port, problem)
}

/** Why nobody can listen there; undefined when it is free. */
export async function taken(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  if (port === 0) return undefined
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', resolve)
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(undefined)))
  })
}

export type Door = keyof typeof doors
const otherBox = { zh: '另一个县盒或网站', en: 'another box or web server' }
const otherBroker = { zh: '另一个县盒或 mosquitto', en: 'another box, or mosquitto' }
const doors = {
  pages: { flag: '--port', host: '--host', use: { zh: '网页', en: 'pages' }, likely: otherBox },
  https: {
    flag: '--https-port',
    host: '--host',
    use: { zh: '安全网页', en: 'secure pages' },
    likely: otherBox,
  },
  mqtt: { flag: '--mqtt-port', host: '--mqtt-host', use: { zh: 'MQTT', en: 'MQTT' }, likely: otherBroker },
  mqtts: {
    flag: '--mqtt-tls-port',
    host: '--mqtt-host',
    use: { zh: '加密 MQTT', en: 'MQTT over TLS' },
    likely: otherBroker,
  },
}

export function refusePort(what: Door, host: string, port: number, problem: { code?: string }): never {
  const { flag, use, likely, host: hostFlag } = doors[what]
  if (problem.code === 'EADDRINUSE') {
    return refuse({
      zh: `${use.zh}端口 ${port} 已被占用(可能是${likely.zh};用 ss -ltnp 可查)。请停掉它,或用 ${flag} 换一个端口。`,
      en: `Port ${port} for ${use.en} is taken (perhaps ${likely.en}; ss -ltnp shows whom). Stop that, or choose another with ${flag}.`,
    })
  }
  if (problem.code === 'EACCES') {
    return refuse({
      zh: `没有权限使用端口 ${port}。请用 ${flag} 选 1024 以上的端口,或以系统服务方式安装(xianhe install)。`,
      en: `Port ${port} may not be used by this user. Choose one above 1024 with ${flag}, or install the service (xianhe install).`,
    })
  }
  return refuse({
    zh: `不能在 ${host}:${port} 监听(${problem.code})。请检查地址 ${hostFlag}。`,
    en: `Cannot listen on ${host}:${port} (${problem.code}). Check the address ${hostFlag}.`,
  })
}
