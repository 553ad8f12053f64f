import { afterEach, expect, test } from 'bun:test'
import { Hono } from 'hono'
import { type DiskWatch, refuseWhenFull, watchDisk } from './disk.ts'

let watch: DiskWatch | undefined
afterEach(() => watch?.stop())

test('below the reserve nothing is sent in, pages go on, and logging in still works', async () => {
  watch = watchDisk(
    '/',
    512,
    () => {},
    () => 100 << 20,
  )
  expect(watch.health()).toMatchObject({ state: 'down', detail: '100 MB' })
  const app = new Hono()
  app.onError((error, c) => c.text((error as { code?: string }).code ?? error.message, 507))
  app.route('/', refuseWhenFull(watch))
  app.all('*', (c) => c.text('done'))
  const ask = async (method: string, path: string) => (await app.request(path, { method })).text()
  expect([
    await ask('GET', '/agri/plots'),
    await ask('POST', '/login'),
    await ask('POST', '/api/v1/acts'),
  ]).toEqual(['done', 'done', 'ENOSPC'])
})

test('with room everything is taken', async () => {
  watch = watchDisk(
    '/',
    512,
    () => {},
    () => 1 << 30,
  )
  expect(watch.health().state).toBe('up')
  const app = new Hono().route('/', refuseWhenFull(watch))
  app.all('*', (c) => c.text('done'))
  expect(await (await app.request('/api/v1/acts', { method: 'POST' })).text()).toBe('done')
})
