import { expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import { Hono } from 'hono'
import { packed } from '../../web/device/packed.ts'
import { packedJson, unpackedJson } from './packed.ts'

const app = new Hono()
app.post('/acts', async (c) => packedJson(c, await unpackedJson(c, 1 << 20)))
app.onError((error, c) => c.text(error.name, 400))

const day = Array.from({ length: 60 }, (_, i) => ({ id: crypto.randomUUID(), note: `第 ${i} 块地,除草` }))
const post = (init: RequestInit) => app.request('/acts', { method: 'POST', ...init })

test('a day of entries travels packed both ways and is read as it was', async () => {
  const plain = { method: 'POST', body: JSON.stringify(day), headers: { 'accept-encoding': 'gzip' } }
  const small = await packed(plain)
  expect((small.body as ArrayBuffer).byteLength).toBeLessThan(plain.body.length / 2)
  const answer = await post(small)
  const bytes = await answer.bytes()
  expect(answer.headers.get('content-encoding')).toBe('gzip')
  expect(bytes.length).toBeLessThan(plain.body.length / 2)
  expect(JSON.parse(new TextDecoder().decode(Bun.gunzipSync(bytes)))).toEqual(day)
})

test('who does not pack is understood and answered likewise', async () => {
  const answer = await post({ body: JSON.stringify(day) })
  expect(answer.headers.get('content-encoding')).toBeNull()
  expect(await answer.json()).toEqual(day)
})

test('what is not gzip, and what unpacks to far more than anybody enters, is refused', async () => {
  const headers = { 'content-encoding': 'gzip' }
  expect((await post({ body: 'neither', headers })).status).toBe(400)
  expect((await post({ body: gzipSync(new Uint8Array(2 << 20)), headers })).status).toBe(400)
})
