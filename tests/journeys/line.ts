// The wire between a browser and its box, which a journey can cut and mend. A browser's own «offline» is a word it
// gives to its pages; Chromium 109 does not give it to the service worker, and a lake edge asks neither.

import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePort } from '../../appliance/free-port.ts'

export interface Line {
  port: number
  url: string
  /** Nothing answers at the other end any more; what was under way ends. */
  cut(): Promise<void>
  mend(): Promise<void>
}

/**
 * A line to a port of this machine, whole at first. `passes` is told how each request begins («GET /assets/app-…»), and may
 * break the line there.
 */
export async function lineTo(
  port: () => number,
  passes: (beginning: string) => boolean = () => true,
): Promise<Line> {
  const own = await freePort()
  const open = new Set<Socket>()
  let server: Server | undefined
  const mend = async () => {
    if (server) return
    server = createServer((near) => {
      const far = connect(port(), '127.0.0.1')
      near.on('data', (bytes: Buffer) => {
        const beginning = /^(?:GET|HEAD|POST|PATCH|DELETE) \S+/.exec(bytes.toString('latin1', 0, 200))?.[0]
        // Both ends at once, before anything of it is on its way.
        if (beginning && !passes(beginning)) for (const each of [near, far]) each.destroy()
      })
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        open.add(one)
        one.pipe(other)
        one.on('error', () => other.destroy())
        one.on('close', () => {
          open.delete(one)
          other.destroy()
        })
      }
    })
    await new Promise<void>((resolve, reject) =>
      server!.once('error', reject).listen(own, '127.0.0.1', resolve),
    )
  }
  await mend()
  return {
    port: own,
    url: `http://127.0.0.1:${own}`,
    mend,
    async cut() {
      const closing = server
      server = undefined
      const closed = new Promise((resolve) => closing?.close(resolve) ?? resolve(undefined))
      for (const each of open) each.destroy()
      await closed
    },
  }
}
