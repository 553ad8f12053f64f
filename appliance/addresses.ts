// Where people and devices reach the box, and whether the doors are free.

import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import qrcode from 'qrcode-generator'
import { refuse } from '../server/kernel/refusal.ts'

/** IPv4 addresses on the LAN, the likeliest first. */
export function lanAddresses(): string[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => !/^(lo|docker|br-|veth|virbr)/.test(name))
    .flatMap(([, found]) => found ?? [])
    .filter((each) => each.family === 'IPv4' && !each.internal && !each.address.startsWith('169.254.'))
    .map((each) => each.address)
}

/** A QR code for the terminal: two rows of modules per line of text, dark on light whatever the terminal's colours. */
export function terminalQr(text: string): string[] {
  const code = qrcode(0, 'L')
  code.addData(text)
  code.make()
  const size = code.getModuleCount()
  // Two light modules around it, which phones need to find the corners.
  const light = (row: number, column: number) =>
    row < 0 || column < 0 || row >= size || column >= size || !code.isDark(row, column)
  const lines: string[] = []
  for (let row = -2; row < size + 2; row += 2) {
    let line = ''
    for (let column = -2; column < size + 2; column++) {
      line += glyphs[(light(row, column) ? 2 : 0) + (light(row + 1, column) ? 1 : 0)]
    }
    lines.push(line)
  }
  return lines
}
const glyphs = [' ', '▄', '▀', '█'] as const

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
