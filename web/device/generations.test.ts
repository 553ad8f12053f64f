// Scripts of several versions beside each other: what is kept is what it says, and nothing a page may still ask for goes.

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Addresses, Generation } from './generations.ts'

const origin = 'http://box'
const keyOf = (request: Request | string) =>
  new URL(typeof request === 'string' ? request : request.url, origin).href

/** The browser's Cache Storage, in memory (W3C Service Workers, 5.4). */
function storage() {
  const all = new Map<string, Map<string, Response>>()
  const open = async (name: string) => {
    const entries = all.get(name) ?? new Map<string, Response>()
    all.set(name, entries)
    return {
      keys: async () => [...entries.keys()].map((url) => new Request(url)),
      match: async (request: Request | string) => entries.get(keyOf(request))?.clone(),
      put: async (request: Request | string, response: Response) =>
        void entries.set(keyOf(request), response),
    } as unknown as Cache
  }
  return {
    all,
    caches: {
      open,
      keys: async () => [...all.keys()],
      delete: async (name: string) => all.delete(name),
      match: async (request: Request | string) => {
        for (const entries of all.values()) {
          const found = entries.get(keyOf(request))
          if (found) return found.clone()
        }
      },
    } as unknown as CacheStorage,
  }
}

const addressOf = (name: string, text: string) => {
  const dot = name.lastIndexOf('.')
  const hash = new Bun.CryptoHasher('sha256').update(text).digest('hex').slice(0, 10)
  return `/assets/${name.slice(0, dot)}-${hash}${name.slice(dot)}`
}
/** A version of the pages: name → text. */
type Version = Record<string, string>
const addressesOf = (version: Version): Addresses =>
  Object.fromEntries(Object.entries(version).map(([name, text]) => [name, addressOf(name, text)]))

function scene() {
  const { all, caches } = storage()
  const served = new Map<string, string>()
  const asked: string[] = []
  let weather: (path: string, nth: number) => Response | undefined = () => undefined
  const ask = async (request: Request | string) => {
    const path = new URL(keyOf(request)).pathname
    asked.push(path)
    const other = weather(path, asked.length)
    if (other) return other
    const text = served.get(path)
    return text === undefined ? new Response('', { status: 404 }) : new Response(text)
  }
  return {
    all,
    asked,
    set weather(next: typeof weather) {
      weather = next
    },
    /** The box is upgraded: only this version's assets can be had from now on. */
    release(version: Version) {
      served.clear()
      for (const [name, text] of Object.entries(version)) served.set(addressOf(name, text), text)
      return new Generation(addressesOf(version), caches, ask)
    },
    body: async (of: Generation, path: string) => (await of.serve(new Request(origin + path))).text(),
  }
}
const one: Version = { 'app.js': 'one', 'app.css': 'same', 'map.js': 'map' }
const two: Version = { 'app.js': 'two', 'app.css': 'same', 'map.js': 'map' }

describe('a version of the pages', () => {
  test('fetches only what no version before has', async () => {
    const at = scene()
    await at.release(one).fill()
    at.asked.length = 0
    await at.release(two).fill()
    expect(at.asked).toEqual([addressOf('app.js', 'two')])
  })

  test('whose install breaks off is not whole, keeps what came, and goes on there', async () => {
    const at = scene()
    at.weather = (path) => (path.includes('map') ? new Response('', { status: 404 }) : undefined)
    const first = at.release(one)
    expect(first.fill()).rejects.toThrow()
    await first.fill().catch(() => undefined)
    at.weather = () => undefined
    at.asked.length = 0
    await first.fill()
    expect(at.asked).toEqual([addressOf('map.js', 'map')])
  })

  test('keeps nothing that is not what its address says: a portal’s page is asked for again, and refused', async () => {
    const at = scene()
    const first = at.release(one)
    at.weather = (path) => (path.includes('app-') ? new Response('<html>请登录无线网络</html>') : undefined)
    expect(first.fill()).rejects.toThrow()
    await first.fill().catch(() => undefined)
    at.weather = () => undefined
    await first.fill()
    expect(await at.body(first, addressOf('app.js', 'one'))).toBe('one')
  })

  test('serves a page older than anything kept with today’s script of that name', async () => {
    const at = scene()
    const second = at.release(two)
    await second.fill()
    expect(await at.body(second, addressOf('app.js', 'long ago'))).toBe('two')
  })

  test('whatever updates, breaks and rolls back: the version that serves and the two that served before are whole', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ version: fc.nat(5), breaks: fc.boolean() }), { minLength: 1, maxLength: 12 }),
        async (upgrades) => {
          const at = scene()
          const served: number[] = []
          for (const { version, breaks } of upgrades) {
            const text = { ...one, 'app.js': `version ${version}`, 'field.js': `field ${version}` }
            const generation = at.release(text)
            at.weather = (path) => (breaks && path.includes('field') ? Response.error() : undefined)
            const whole = await generation.fill().then(
              () => true,
              () => false,
            )
            if (!whole) continue
            await generation.tookOver()
            served.push(version)
            expect(at.all.size).toBeLessThanOrEqual(3)
            at.weather = () => Response.error()
            const lately = [...new Set(served.toReversed())].slice(0, 3)
            for (const each of lately)
              for (const [name, said] of [
                ['app.js', `version ${each}`],
                ['field.js', `field ${each}`],
              ] as const)
                expect(await at.body(generation, addressOf(name, said))).toBe(said)
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})
