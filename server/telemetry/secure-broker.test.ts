import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { connect, type PeerCertificate } from 'node:tls'
import { listenTls } from './secure-broker.ts'

const here = mkdtempSync(join(tmpdir(), 'xianhe-mqtts-'))
afterAll(() => rmSync(here, { recursive: true }))
const withOpenssl = Bun.which('openssl') ? test : test.skip

/** Key and certificate in one file, as the box keeps them. */
async function certificate(name: string): Promise<string> {
  const [key, cert, file] = ['key', 'crt', 'pem'].map((end) => join(here, `${name}.${end}`)) as [
    string,
    string,
    string,
  ]
  const made = Bun.spawn(
    [
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-keyout',
      key,
      '-out',
      cert,
    ],
    { stderr: 'ignore' },
  )
  expect(await made.exited).toBe(0)
  await Bun.write(file, (await Bun.file(key).text()) + (await Bun.file(cert).text()))
  return file
}

/** Connects, says something, and answers with what came back and whose certificate it was. */
function speak(port: number): Promise<{ said: string; name: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () =>
      socket.write('hello'),
    )
    socket.on('error', reject)
    socket.on('data', (said) => {
      const { subject } = socket.getPeerCertificate() as PeerCertificate
      socket.destroy()
      resolve({ said: String(said), name: String(subject.CN) })
    })
  })
}

withOpenssl(
  'a sensor over TLS reaches the same broker, never as a guest of this machine, and a new certificate needs no new port',
  async () => {
    const file = await certificate('first')
    const met: boolean[] = []
    const broker = {
      accept(stream: Duplex, loopback: boolean) {
        met.push(loopback)
        stream.on('data', (said) => stream.write(`heard ${said}`))
      },
    }
    const secure = await listenTls(broker, '127.0.0.1', 0, file)
    expect(await speak(secure.port)).toEqual({ said: 'heard hello', name: 'first' })
    await Bun.write(file, await Bun.file(await certificate('second')).text())
    secure.renew()
    expect(await speak(secure.port)).toEqual({ said: 'heard hello', name: 'second' })
    expect(met).toEqual([false, false])
    secure.close()
  },
)
