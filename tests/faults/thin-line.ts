// A village line: 64 kbit/s each way, and one connection in five breaks somewhere in the middle. The kernel's own
// network emulation is not on every machine; this stands between the two ends and does the same to TCP.

import { connect, createServer, type Socket } from 'node:net'

const bytesPerSecond = 8000

/** Listens on a free port, forwards to `port`; answers with the address, how many broke, and the way to stop. */
export async function thinLine(port: number, breaks = 0.2) {
  let broken = 0
  const open = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    open.add(near).add(far)
    const doomed = Math.random() < breaks
    // Where in the exchange it breaks is chance as well: before the box heard all, or before the answer came through.
    const fuse = doomed ? 200 + Math.random() * 8000 : Number.POSITIVE_INFINITY
    let passed = 0
    const cut = () => {
      near.destroy()
      far.destroy()
    }
    const slowly = (from: Socket, to: Socket) => {
      from.on('data', (chunk: Buffer) => {
        passed += chunk.length
        if (passed > fuse) {
          broken++
          cut()
          return
        }
        from.pause()
        to.write(chunk)
        setTimeout(() => from.resume(), (chunk.length / bytesPerSecond) * 1000)
      })
      from.on('end', () => to.end())
      from.on('error', cut)
      from.on('close', () => {
        open.delete(from)
        to.end()
      })
    }
    slowly(near, far)
    slowly(far, near)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port: own } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${own}`,
    broken: () => broken,
    stop: () => {
      for (const socket of open) socket.destroy()
      server.close()
    },
  }
}
