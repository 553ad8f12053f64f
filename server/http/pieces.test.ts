import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Hono } from 'hono'
import { inPieces, pathOf } from './pieces.ts'

const photo = crypto.getRandomValues(new Uint8Array(60_000))
const sha256 = new Bun.CryptoHasher('sha256').update(photo).digest('hex')

let dir: string
let server: ReturnType<typeof Bun.serve>
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'xianhe-pieces-'))
  const app = new Hono<{ Variables: { device: string } }>()
  app.use('*', async (c, next) => {
    c.set('device', 'phone-1')
    await next()
  })
  inPieces(app, '/files', dir)
  app.all('*', (c) => c.text('somebody else’s page', 401))
  server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: app.fetch })
})
afterEach(async () => {
  await server.stop(true)
  rmSync(dir, { recursive: true })
})

const at = () => `${server.url}files/${sha256}`
const heads = async () => {
  const { status, headers } = await fetch(at(), { method: 'HEAD' })
  return {
    status,
    offset: Number(headers.get('upload-offset')),
    whole: headers.get('upload-complete') === '?1',
  }
}
const send = (from: number, to: number, bytes = photo) =>
  fetch(at(), {
    method: 'PATCH',
    body: bytes.slice(from, to),
    headers: { 'upload-offset': String(from), 'upload-length': String(photo.length) },
  })
const stored = async () => Buffer.from(await Bun.file(pathOf(dir, sha256)).bytes())
const until = async (done: () => Promise<boolean>) => {
  while (!(await done())) await new Promise(setImmediate)
}
const reached = () =>
  Bun.file(`${pathOf(dir, sha256)}.phone-1.part`)
    .stat()
    .then(({ size }) => size)
    .catch(() => 0)

/** A PATCH that promises everything and sends only the beginning; the connection stays open until it is broken. */
async function half(bytes: number): Promise<Socket> {
  const socket = connect(server.port!, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(
    `PATCH /files/${sha256} HTTP/1.1\r\nHost: box\r\nContent-Length: ${photo.length}\r\nUpload-Offset: 0\r\nUpload-Length: ${photo.length}\r\n\r\n`,
  )
  socket.write(photo.slice(0, bytes))
  await until(async () => (await reached()) === bytes)
  return socket
}

test('the box says how far a photo came, takes the rest, and knows it when it is whole', async () => {
  expect(await heads()).toEqual({ status: 200, offset: 0, whole: false })
  expect((await send(0, 20_000)).headers.get('upload-offset')).toBe('20000')
  expect(await heads()).toEqual({ status: 200, offset: 20_000, whole: false })
  const wrong = await send(0, 20_000)
  expect([wrong.status, wrong.headers.get('upload-offset')]).toEqual([409, '20000'])
  expect((await send(20_000, 60_000)).headers.get('upload-complete')).toBe('?1')
  expect(await heads()).toEqual({ status: 200, offset: 60_000, whole: true })
  expect(await stored()).toEqual(Buffer.from(photo))
})

test('what arrived of a piece before the line broke counts', async () => {
  const socket = await half(30_000)
  socket.resetAndDestroy()
  expect(await heads()).toEqual({ status: 200, offset: 30_000, whole: false })
  expect((await send(30_000, 60_000)).headers.get('upload-complete')).toBe('?1')
  expect(await stored()).toEqual(Buffer.from(photo))
})

test('a connection given up for dead writes nothing once its phone has come again', async () => {
  const socket = await half(30_000)
  const { offset } = await heads()
  expect(offset).toBe(30_000)
  // The old connection comes back to life while the new one goes on.
  socket.write(photo.slice(30_000))
  expect((await send(offset, 60_000)).headers.get('upload-complete')).toBe('?1')
  expect(await stored()).toEqual(Buffer.from(photo))
  socket.destroy()
})

test('pieces that do not make the photo are not kept, and it can be sent again', async () => {
  await send(0, 30_000, new Uint8Array(60_000))
  expect((await send(30_000, 60_000)).status).toBe(422)
  expect(await heads()).toEqual({ status: 200, offset: 0, whole: false })
})
