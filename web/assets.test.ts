import { beforeAll, expect, test } from 'bun:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { buildAssets } from './build.ts'

let assets: typeof import('./assets.ts')
beforeAll(async () => {
  await buildAssets({ quiet: true })
  assets = await import('./assets.ts')
}, 30_000)

const ask = (path: string, headers: Record<string, string> = {}) =>
  assets.serveAsset(new Request(`http://box${path}`, { headers }))

test('nothing changed, nothing is built', async () => {
  expect(await buildAssets({ quiet: true })).toBe(false)
})

test('each encoding holds the same bytes, and a browser may keep a hashed address for ever', async () => {
  const path = assets.assetUrl('app.css')
  expect(path).toMatch(/^\/assets\/app-[0-9a-f]{10}\.css$/)
  const raw = Buffer.from(await (await ask(path))!.arrayBuffer())
  const br = (await ask(path, { 'accept-encoding': 'gzip, deflate, br' }))!
  expect(br.headers.get('content-encoding')).toBe('br')
  expect(br.headers.get('cache-control')).toContain('immutable')
  expect(brotliDecompressSync(Buffer.from(await br.arrayBuffer()))).toEqual(raw)
  const gz = (await ask(path, { 'accept-encoding': 'gzip, deflate' }))!
  expect(gunzipSync(Buffer.from(await gz.arrayBuffer()))).toEqual(raw)
})

test('what the browser has is not sent again', async () => {
  const path = assets.assetUrl('app.js')
  const etag = (await ask(path))!.headers.get('etag')!
  const answer = (await ask(path, { 'if-none-match': etag }))!
  expect(answer.status).toBe(304)
  expect(await answer.text()).toBe('')
})

test('a plain name works too, but is asked for again; an unknown one is not an asset', async () => {
  expect((await ask('/assets/app.js'))!.headers.get('cache-control')).toBe('no-cache')
  expect(await ask('/assets/app-0000000000.js')).toBeUndefined()
  expect(await ask('/assets/../build.ts')).toBeUndefined()
  expect(() => assets.assetUrl('nothing.js')).toThrow('there is no asset called nothing.js')
})

test('what every page loads stays small, and nothing needs eval', async () => {
  const size = (name: string) => assets.allAssets().find((each) => each.name === name)!.bytes.gz
  expect(size('app.js') + size('app.css')).toBeLessThan(36_000)
  expect(size('public.css')).toBeLessThan(3_000)
  for (const name of ['map.js', 'chart.js', 'screen.js'])
    expect(await assets.assetText(name)).not.toMatch(/\bnew Function\(|[^.\w]eval\(/)
})

test('the box in the browser stays under 520 KB, 185 KB on the wire, and what a device fetches at once under 400 KB', async () => {
  const worker = assets.allAssets().find((each) => each.name === 'worker.js')!
  expect(worker.bytes.raw).toBeLessThan(520_000)
  expect(worker.bytes.gz).toBeLessThan(185_000)
  const text = await assets.assetText('worker.js')
  // Charts and maps are drawn by pages, and what counts and stores at the county stays there.
  expect(text).not.toMatch(/zrender|markercluster|drizzle|duckdb|bun:sqlite/i)
  const carried = assets.allAssets().filter((each) => text.includes(each.path))
  expect(carried.map((each) => each.name)).toContain('app.js')
  expect(carried.map((each) => each.name)).not.toContain('chart.js')
  const gz = carried.reduce((sum, each) => sum + each.bytes.gz, worker.bytes.gz)
  expect(gz).toBeLessThan(400_000)
})
