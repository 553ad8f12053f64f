// MQTT over TLS beside the plain port, with the certificate of the pages: the file is read again when the box renews it.
// Connections that stand keep the certificate they began with.

import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import type { Broker } from './broker.ts'

export interface SecureBroker {
  port: number
  renew(): void
  close(): void
}

/** `file` holds key and certificate, both PEM. */
export async function listenTls(
  broker: Pick<Broker, 'accept'>,
  host: string,
  port: number,
  file: string,
): Promise<SecureBroker> {
  const read = () => {
    const pem = readFileSync(file, 'utf8')
    return { key: pem, cert: pem, minVersion: 'TLSv1.2' as const }
  }
  const server = createServer(read(), (socket) => {
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    // Never counted as this machine: whoever speaks TLS brings a name and a token.
    broker.accept(socket, false)
  })
  // A meter with an old list of ciphers, a scan of ports: theirs to mend.
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    renew: () => server.setSecureContext(read()),
    close: () => void server.close(),
  }
}
