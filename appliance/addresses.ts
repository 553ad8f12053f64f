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
export async function needFree(what: 'pages' | 'mqtt', host: string, port: number) {
  if (port === 0) return
  const problem = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const probe = createServer()
    probe.once('error', resolve)
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(undefined)))
  })
  if (problem) refusePort(what, host, port, problem)
}

export function refusePort(
  what: 'pages' | 'mqtt',
  host: string,
  port: number,
  problem: { code?: string },
): never {
  const flag = what === 'pages' ? '--port' : '--mqtt-port'
  const use = what === 'pages' ? { zh: '网页', en: 'pages' } : { zh: 'MQTT', en: 'MQTT' }
  if (problem.code === 'EADDRINUSE') {
    const likely =
      what === 'pages'
        ? { zh: '另一个县盒或网站', en: 'another box or web server' }
        : { zh: '另一个县盒或 mosquitto', en: 'another box, or mosquitto' }
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
    zh: `不能在 ${host}:${port} 监听(${problem.code})。请检查地址 --${what === 'pages' ? 'host' : 'mqtt-host'}。`,
    en: `Cannot listen on ${host}:${port} (${problem.code}). Check the address --${what === 'pages' ? 'host' : 'mqtt-host'}.`,
  })
}
