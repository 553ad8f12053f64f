// The HTTPS side of the pages, beside the plain one. A renewed certificate needs a new listener (Bun's reload keeps the
// old certificate): the old one stops listening, the new one takes the port in the same breath, and what was under way
// on the old one is finished there.

import type { Sealed } from './authority.ts'

export interface SecureListener {
  readonly port: number
  /** False for the moment, or longer, in which somebody else has the port. */
  up(): boolean
  renew(server: Sealed): Promise<void>
  stop(): Promise<void>
}

type Serve = Pick<Bun.Serve.Options<undefined>, 'fetch'> & {
  hostname: string
  port: number
  idleTimeout: number
  maxRequestBodySize: number
}

export function listenSecurely(serve: Serve, sealed: Sealed): SecureListener {
  const open = (port: number, { key, certificate }: Sealed) =>
    Bun.serve({
      ...serve,
      port,
      tls: { key, cert: certificate },
      // Over HTTP/1.1 a browser opens six connections, and six live pages then hold up the seventh.
      http2: true,
    } as Bun.Serve.Options<undefined>)
  let server: Bun.Server<undefined> | undefined = open(serve.port, sealed)
  const port = server.port!
  let stopped = false
  let leaving: Bun.Server<undefined>[] = []
  return {
    port,
    up: () => server !== undefined,
    async renew(sealed) {
      if (server) leave(server)
      server = undefined
      // The system may need a moment to hand the port over; if somebody else took it, we wait for our turn.
      for (let wait = 20; !server && !stopped; wait = Math.min(wait * 2, 5000)) {
        try {
          server = open(port, sealed)
        } catch (error) {
          if ((error as { code?: string }).code !== 'EADDRINUSE') throw error
          await Bun.sleep(wait)
        }
      }
    },
    async stop() {
      stopped = true
      await Promise.all([server, ...leaving].map((each) => each?.stop(true)))
    },
  }

  /** Not waited for: it ends when its last page does, and its port is free at once. */
  function leave(old: Bun.Server<undefined>) {
    leaving.push(old)
    void old.stop(false).then(() => {
      leaving = leaving.filter((each) => each !== old)
    })
  }
}
