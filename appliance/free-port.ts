import { createServer } from 'node:net'

/**
 * A port nobody has, on loopback. Below the range from which the system hands out ports to connections (32768 on Linux),
 * and never the same twice: asked of the system itself, the next connection or the next question may get the same one.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
  throw new Error('200 ports between 20000 and 32000 are all taken')
}

const given = new Set<number>()

const isFree = (port: number) =>
  new Promise<boolean>((answer) => {
    const probe = createServer()
    probe.once('error', () => answer(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => answer(true)))
  })
