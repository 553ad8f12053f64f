/// <reference lib="webworker" />
// The little box in the browser. The same routes and pages as on the box, over the device's own desk. Pages come from
// the box while it answers and nothing waits here; otherwise they are drawn here, from the same code. What a form says
// is always decided and kept here first, then sent: there is no moment in which an entry is only on the wire.

import { Hono } from 'hono'
import { answerFault, faultOf, missing } from '../../server/http/faults.tsx'
import type { Env } from '../../server/http/module.ts'
import { fieldPages } from '../../server/http/records/field-pages.ts'
import { newId } from '../../server/kernel/ids.ts'
import { Registry } from '../../server/kernel/registry.ts'
import { sayIn, timeText } from '../../server/kernel/words.ts'
import { modules } from '../../server/modules/roll-call.ts'
import { useAssets } from '../ui/asset-url.ts'
import { Device, type Session } from './device.ts'
import type { FieldEnv } from './field-env.ts'
import { fieldOffice } from './office.tsx'

declare const self: ServiceWorkerGlobalScope
/** Every built asset and its hashed address; put here by web/build.ts. A changed asset makes a changed worker. */
declare const __ASSETS__: Record<string, string>

const cacheName = `xianhe-${hashOf(JSON.stringify(__ASSETS__))}`
useAssets((name) => __ASSETS__[name] ?? `/assets/${name}`)

const registry = new Registry(modules)
const device = Device.open(registry, (path, init) => fetch(path, init), tellPages)
/** How long a page of the box may take before the device draws it itself. */
const patience = 2500
let lastDown = 0

self.addEventListener('install', (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(cacheName)
      await cache.addAll(Object.values(__ASSETS__))
      // Waiting acts and drafts live in the browser's databases, not in the worker: a new one may take over at once.
      await self.skipWaiting()
    })(),
  )
})

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      // The generation before is kept: a page that is open now may still ask for its own scripts.
      const old = (await caches.keys()).filter((name) => name.startsWith('xianhe-') && name !== cacheName)
      for (const name of old.slice(0, -1)) await caches.delete(name)
      await self.clients.claim()
    })(),
  )
})

self.addEventListener('sync', (event) => {
  const { waitUntil } = event as ExtendableEvent
  waitUntil.call(event, exchange())
})

self.addEventListener('message', (event) => {
  const { data, ports } = event
  const answer = (value: unknown) => ports[0]?.postMessage(value)
  if (data?.do === 'exchange') event.waitUntil(exchange().then(() => answer('done')))
  if (data?.do === 'enrol')
    event.waitUntil(
      (async () => {
        await (await device).enrol(data.welcome, data.pin)
        await exchange()
        answer('done')
      })().catch((error) => answer({ error: String(error) })),
    )
})

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url)
  if (url.origin !== self.location.origin) return
  if (url.pathname.startsWith('/assets/')) event.respondWith(assetFor(event.request))
  else if (!boxOnly.test(url.pathname)) event.respondWith(pageFor(event))
})

// What only the box has, or what must never be answered by anybody else.
const boxOnly =
  /^\/(api|device|sync|events|login|logout|me|healthz|metrics|files|t|01|worker\.js|manifest\.webmanifest|favicon\.ico|join|screen|field\/setup|field\/devices|field\/import)(\/|$|\?)/

async function assetFor(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request)
}

async function pageFor(event: FetchEvent): Promise<Response> {
  const { request } = event
  const session = await (await device).current()
  const path = new URL(request.url).pathname
  if (path.startsWith('/field')) return office(request, session)
  if (!session) return fetch(request).catch(async () => unlockFirst(path))
  if (request.method !== 'GET') return decideHere(event, session)
  const waits = session.outbox.entries.length > 0
  const wasDown = Date.now() - lastDown < 10_000
  if (!waits && !wasDown) {
    const answer = await fromBox(request)
    if (answer) return answer
  }
  const drawn = await drawHere(request, session)
  if (wasDown || waits) event.waitUntil(exchange())
  return drawn.headers.get('x-carried') === 'no'
    ? ((await fromBox(request)) ?? notCarried(request, session))
    : drawn
}

async function decideHere(event: FetchEvent, session: Session): Promise<Response> {
  const kept = event.request.clone()
  const answer = await drawHere(event.request, session)
  if (answer.headers.get('x-carried') === 'no') return fetch(kept).catch(() => notCarried(kept, session))
  // The person sees «at the county» at once when the box is near; when it is not, the page does not wait for it.
  if (answer.status < 400) await Promise.race([exchange(), new Promise((resume) => setTimeout(resume, 1200))])
  event.waitUntil(exchange())
  return answer
}

/** The box's own page, or undefined when it does not answer in time. */
async function fromBox(request: Request): Promise<Response | undefined> {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), patience)
  try {
    const answer = await fetch(request.mode === 'navigate' ? request.url : request, {
      signal: limit.signal,
      redirect: 'manual',
      credentials: 'same-origin',
      ...(request.mode === 'navigate' && {
        headers: { accept: request.headers.get('accept') ?? 'text/html' },
      }),
    })
    if (answer.status >= 500 && answer.status !== 503) return answer
    return answer.status === 503 ? undefined : answer
  } catch {
    lastDown = Date.now()
    return undefined
  } finally {
    clearTimeout(timer)
  }
}

const app = new Hono<FieldEnv>()
app.onError((error, c) => {
  const fault = faultOf(error, (line) => console.error(JSON.stringify(line)), { path: c.req.path })
  return answerFault(c as never, fault)
})
app.use('*', async (c, next) => {
  const session = c.env?.session
  const lang = session?.welcome.actor.lang ?? 'zh'
  c.set('lang', lang)
  c.set('t', sayIn(lang))
  c.set('csrf', '')
  c.set('nonce', newId().replaceAll('-', ''))
  c.set('house', {
    county: session?.welcome.county ?? { zh: '县盒', en: 'Xianhe' },
    modules,
    ...(session && { node: session.welcome.node }),
  })
  if (session) {
    c.set('actor', session.welcome.actor)
    c.set('desk', session.desk)
    c.set('keepFile', (file) => session.attachments.keep(file))
    c.set('deviceLine', lineOf(session))
  }
  await next()
})
fieldOffice(app, device, exchange)
app.get('/line', (c) => c.body(null, 204))
for (const module of modules) module.fieldPages?.(app as never)
fieldPages(app as never)
app.get('/d/:dataset/:id/files/:field/:sha256', async (c) => {
  const photo = await c.env.session?.attachments.open(c.req.param('sha256'))
  return photo
    ? c.body(photo.bytes, 200, { 'content-type': photo.type })
    : c.body(null, 404, { 'x-carried': 'no' })
})
app.notFound((c) => {
  c.header('x-carried', 'no')
  return answerFault(c as never, missing)
})

/** A page from this device. `x-carried: no` when it is not one of the pages or registers a device has. */
async function drawHere(request: Request, session: Session): Promise<Response> {
  const dataset = /^\/(?:d|pick)\/([\w.-]+\.[\w.-]+)/.exec(new URL(request.url).pathname)?.[1]
  if (dataset && !registry.datasets.get(dataset)?.spec.offline)
    return new Response(null, { status: 404, headers: { 'x-carried': 'no' } })
  return app.fetch(request, { session })
}

const office = (request: Request, session?: Session) => app.fetch(request, { session })

async function unlockFirst(path: string): Promise<Response> {
  const people = await (await device).people()
  if (people.length > 0) return Response.redirect(`/field/unlock?to=${encodeURIComponent(path)}`, 302)
  return app.fetch(new Request(new URL('/field/alone', self.location.origin)), {})
}

const notCarried = (request: Request, session: Session) =>
  app.fetch(
    new Request(
      new URL(`/field/away?page=${encodeURIComponent(new URL(request.url).pathname)}`, self.location.origin),
    ),
    { session },
  )

async function exchange(): Promise<void> {
  const one = async () => (await device).exchange()
  // Two tabs, one outbox: whoever is first sends, the other waits for it.
  await (navigator.locks ? navigator.locks.request('xianhe-exchange', one) : one())
  const session = await (await device).current()
  if (session?.link.state.fate === 'down') {
    lastDown = Date.now()
    await registerSync()
  } else lastDown = 0
}

/** The browser wakes the worker when the network is back, page open or not. */
async function registerSync() {
  const { sync } = self.registration as ServiceWorkerRegistration & {
    sync?: { register(tag: string): Promise<void> }
  }
  await sync?.register('exchange').catch(() => undefined)
}

function lineOf(session: Session): NonNullable<Env['Variables']['deviceLine']> {
  const { state } = session.link
  return {
    waiting: session.outbox.onlyHere,
    sent: 0,
    received: 0,
    imported: 0,
    place: 'device',
    path: '/field',
    ...(state.confirmedAt && { asOf: timeText(state.confirmedAt) }),
    ...(state.fate === 'down' && state.since && { downSince: timeText(state.since) }),
  }
}

function tellPages() {
  void self.clients.matchAll().then((pages) => {
    for (const page of pages) page.postMessage({ live: 'line' })
  })
}

function hashOf(text: string): string {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return (h >>> 0).toString(36)
}
