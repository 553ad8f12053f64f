// The box's secure side as a whole: authority, certificate, listener and local name, opened after the plain pages are up
// and closed before them. What goes wrong here never keeps the plain pages from being served.

import type { PartHealth, SecureDoor } from '../../server/http/services.ts'
import { lanAddresses, needFree, refusePort, taken } from '../addresses.ts'
import type { Log } from '../logs.ts'
import type { Settings } from '../settings.ts'
import { DamagedAuthority } from './authority.ts'
import { type Certificates, keepCertificates } from './keep.ts'
import { listenSecurely, type SecureListener } from './listener.ts'
import { answerLocalNames, type LocalNames } from './local-name.ts'
import { thisMachine } from './names.ts'

export interface Secure {
  /** Undefined while the secure pages are closed. */
  door?: SecureDoor
  /** Absent when the setting closes the secure pages, or when nobody chose the port and another program has it. */
  health(): PartHealth | undefined
  listen(fetch: Bun.Serve.Options<undefined>['fetch'], plainPort: number): void
  stop(): Promise<void>
}

export interface SecureBox {
  settings: Settings
  keys: string
  county: string
  node: string
  log: Log
  /** Certificate files changed: the broker reads them again. */
  onRenew: () => void
}

/** Makes or opens keys and certificates, and refuses a port that somebody chose and somebody else has. */
export async function openSecure(box: SecureBox): Promise<Secure> {
  const { settings, log } = box
  const since = new Date().toISOString()
  const wished = settings['https.port']
  const closed: Secure = {
    health: () => undefined,
    listen: () => {},
    stop: async () => {},
  }
  if (wished === 'off' && settings['mqtt.tls-port'] === 'off') return closed
  // Before anything ticks: a box that refuses to start must also end.
  const chosen = settings.origins['https.port'] !== 'default'
  if (wished !== 'off' && chosen) await needFree('https', settings.host, wished)
  const takenBefore = wished !== 'off' && !chosen && Boolean(await taken(settings.host, wished))
  if (takenBefore)
    log('warn', `port ${wished} is taken: pages are served without https`, { cure: '--https-port' })
  let certificates: Certificates
  let listener: SecureListener | undefined
  try {
    certificates = await keepCertificates({
      keys: box.keys,
      county: box.county,
      node: box.node,
      also: settings['https.names'].split(','),
      onRenew: (server) => {
        box.onRenew()
        return listener?.renew(server)
      },
      report: (why, names) => log('info', 'the certificate', { why, names: [...names.dns, ...names.ip] }),
    })
  } catch (error) {
    if (!(error instanceof DamagedAuthority)) throw error
    log('error', 'the certificate authority cannot be read', { error })
    const detail = `根证书读不出 (${error.message}),运行 xianhe doctor 看怎么办`
    return { ...closed, health: () => ({ state: 'down', since, detail }) }
  }
  if (wished === 'off') return { ...closed, stop: async () => certificates.stop() }
  if (takenBefore) return { ...closed, stop: async () => certificates.stop() }

  let names: LocalNames | undefined
  const secure: Secure = {
    health: () => ({
      state: listener ? (listener.up() ? 'up' : 'down') : 'starting',
      since,
      detail: `证书至 ${certificates.until().toISOString().slice(0, 10)}`,
    }),
    listen(fetch, plainPort) {
      try {
        listener = listenSecurely(
          // As for the plain pages.
          { fetch, hostname: settings.host, port: wished, idleTimeout: 60, maxRequestBodySize: 512 << 20 },
          certificates.server(),
        )
      } catch (error) {
        refusePort('https', settings.host, wished, error as { code?: string })
      }
      if (settings.mdns !== 'off' && !isLoopback(settings.host))
        names = answerLocalNames({
          name: settings.mdns,
          fallback: `${settings.mdns}-${box.node.slice(-4)}`,
          hostname: thisMachine.hostname(),
          log,
        })
      const { authority } = certificates
      secure.door = {
        port: listener.port,
        plainPort,
        authority: {
          name: commonName(authority.read.subject),
          pem: authority.certificate,
          der: authority.der,
          sha256: authority.sha256,
          sha1: authority.sha1,
        },
        covers: certificates.covers,
        addresses: () => [...lanAddresses(), ...(names?.names() ?? [])],
      }
    },
    async stop() {
      names?.stop()
      certificates.stop()
      await listener?.stop()
    },
  }
  return secure
}

/** Where the broker may speak TLS. As for the pages: a port that nobody chose is left alone when another program has it. */
export async function secureBrokerPort(settings: Settings, log: Log): Promise<number | 'off'> {
  const [host, port] = [settings['mqtt.host'], settings['mqtt.tls-port']]
  if (port === 'off') return 'off'
  if (settings.origins['mqtt.tls-port'] !== 'default') await needFree('mqtts', host, port)
  else if (await taken(host, port)) {
    log('warn', `port ${port} is taken: MQTT is served without TLS`, { cure: '--mqtt-tls-port' })
    return 'off'
  }
  return port
}

const isLoopback = (host: string) => /^(127\.|localhost$|::1$)/.test(host)
const commonName = (subject: string) => /^CN=(.*)$/m.exec(subject)?.[1] ?? subject
