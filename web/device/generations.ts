// Scripts and styles of this version of the pages, and of those before it. A page that is open was drawn by some version
// and may ask for its own scripts long after the next one took over, with the line down; so each version has a cache of
// its own, and the two before are kept. Addresses carry the hash of what they name: nothing is kept that is not what it
// says, what is here already is not fetched again, and a fetch that was cut off goes on where it stopped.

/** Name → hashed address, as web/build.ts makes them: `app.js` → `/assets/app-0123456789.js`. */
export type Addresses = Record<string, string>

const prefix = 'xianhe-'
/** Where a version notes that it took over, and in which order: a count, because clocks are wrong in the field. */
const markPath = '/assets/took-over'
const keptBefore = 2

export class Generation {
  private readonly name: string

  constructor(
    private readonly addresses: Addresses,
    private readonly storage: CacheStorage = caches,
    private readonly ask: (request: Request | string, init?: RequestInit) => Promise<Response> = (...all) =>
      fetch(...all),
  ) {
    this.name = prefix + hashOf(JSON.stringify(addresses))
  }

  /** Fetches what is missing. Throws when something cannot be had: what was fetched until then stays. */
  async fill(): Promise<void> {
    const cache = await this.storage.open(this.name)
    const here = new Set((await cache.keys()).map(({ url }) => new URL(url).pathname))
    const missing = Object.values(this.addresses).filter((path) => !here.has(path))
    const faults = (await Promise.allSettled(missing.map((path) => this.bring(cache, path)))).flatMap(
      (each) => (each.status === 'rejected' ? [each.reason as Error] : []),
    )
    if (faults.length > 0) throw new AggregateError(faults, `${faults.length} assets could not be had`)
  }

  /** This version draws the pages from now on: what nobody can be looking at any more goes. */
  async tookOver(): Promise<void> {
    const others = (await this.storage.keys()).filter((name) => name.startsWith(prefix) && name !== this.name)
    const marked = await Promise.all(others.map(async (name) => ({ name, mark: await this.markOf(name) })))
    marked.sort((a, b) => b.mark - a.mark)
    const cache = await this.storage.open(this.name)
    await cache.put(markPath, new Response(String((marked[0]?.mark ?? 0) + 1)))
    for (const { name } of marked.slice(keptBefore)) await this.storage.delete(name)
  }

  /** Kept, from whichever version; else from the box; else today's of that name: an old page with new scripts beats none. */
  async serve(request: Request): Promise<Response> {
    const kept = await this.storage.match(request)
    if (kept) return kept
    const { pathname } = new URL(request.url)
    const answer = await this.ask(request).catch(() => undefined)
    if (answer?.ok) return answer
    const today = this.addresses[pathname.slice('/assets/'.length).replace(/-[0-9a-f]{10}(\.\w+)$/, '$1')]
    return (today && (await this.storage.match(today))) || answer || Response.error()
  }

  private async bring(cache: Cache, path: string): Promise<void> {
    const before = await this.storage.match(path)
    if (before) return cache.put(path, before)
    // The browser's own store may hold what a portal once said under this address: asked past it the second time.
    const found = (await this.fetched(path)) ?? (await this.fetched(path, { cache: 'reload' }))
    if (!found) throw new Error(`${path} is not what it says`)
    await cache.put(path, found)
  }

  private async fetched(path: string, init?: RequestInit): Promise<Response | undefined> {
    const answer = await this.ask(path, init)
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
    const bytes = await answer.arrayBuffer()
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    const hash = [...digest.subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    if (!path.includes(`-${hash}.`)) return undefined
    return new Response(bytes, { headers: { 'content-type': answer.headers.get('content-type') ?? '' } })
  }

  private async markOf(name: string): Promise<number> {
    const mark = await (await this.storage.open(name)).match(markPath)
    return Number((await mark?.text()) ?? 0)
  }
}

function hashOf(text: string): string {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return (h >>> 0).toString(36)
}
