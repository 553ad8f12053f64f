/// <reference lib="webworker" />
// The little box in the browser. The same routes and pages as on the box, over the device's own desk. Pages come from
// the box while it answers and nothing waits here; otherwise they are drawn here, from the same code. What a form says
// is always decided and kept here first, then sent: there is no moment in which an entry is only on the wire.

import { Hono } from 'hono'
import { boxMark } from '../../server/http/box-mark.ts'
import { answerFault, faultOf, foreign, missing } from '../../server/http/faults.tsx'
import { guard } from '../../server/http/guard.ts'
import { lineFragment } from '../../server/http/layout.tsx'
import type { Env } from '../../server/http/module.ts'
import { fieldPages } from '../../server/http/records/field-pages.ts'
import { newId } from '../../server/kernel/ids.ts'
import { Registry } from '../../server/kernel/registry.ts'
import { sayIn, timeText } from '../../server/kernel/words.ts'
import { modules } from '../../server/modules/roll-call.ts'
import { useAssets } from '../ui/asset-url.ts'
import { Device, type Session } from './device.ts'
import type { FieldEnv } from './field-env.ts'
import { type Addresses, Generation } from './generations.ts'
import { carrierBag } from './hand-over-pages.tsx'
import { fieldOffice } from './office.tsx'

declare const self: ServiceWorkerGlobalScope
/** Every built asset and its hashed address; put here by web/build.ts. A changed asset makes a changed worker. */
declare const __ASSETS__: Addresses

const generation = new Generation(__ASSETS__)
useAssets((name) => __ASSETS__[name] ?? `/assets/${name}`)

const registry = new Registry(modules)
let opening: Promise<Device> | undefined
/**
 * Opened by the first event after this worker has taken over, never while it is being installed: until then the version
 * before works on the same databases. One that could not be opened is tried again.
 */
function device(): Promise<Device> {
  opening ??= Device.open(registry, (path, init) => fetch(path, init), tellPages).catch((error) => {
    opening = undefined
    throw error
  })
  return opening
}

/** How long a page of the box may take before the device draws it itself. */
const patience = 2500
/** On the clock that only rises: phones are set back to 1970 in the middle of a day. */
let downUntil = 0
const isDown = () => performance.now() < downUntil
const goneDown = () => {
  downUntil = performance.now() + 10_000
}

self.addEventListener('install', (event) => {
  // Waiting acts and drafts live in the browser's databases, not in the worker: a new one may take over at once. One that
  // could not be had whole is not installed; the one before goes on, and what was fetched is not fetched again.
  event.waitUntil(generation.fill().then(() => self.skipWaiting()))
})

self.addEventListener('activate', (event) => {
  event.waitUntil(generation.tookOver().then(() => self.clients.claim()))
})

/** Wakings by the browser under way: these ask for the next one themselves. */
let woken = 0
// The browser wakes the worker when the network is back, page open or not, and ends it after three minutes: what is not
// done by then goes on with the next waking.
self.addEventListener('sync', (event) => {
  waitsForReturn = false
  const { lastChance } = event as ExtendableEvent & { lastChance?: boolean }
  const work = async () => {
    const until = within(100_000)
    const before = await waitingForLine()
    let left = before
    // A network that has just come back often changes once more (an address, a stronger mast) and cuts what is on its way.
    for (const pause of [0, 2_000, 8_000]) {
      await new Promise((resume) => setTimeout(resume, pause))
      await exchange(until)
      left = await waitingForLine()
      if (left === 0) return
      if (left < before || until()) break
    }
    // The browser tries three times, each time later, and then forgets. We do not. To be asked again at once for a line that
    // is not there would only empty the battery.
    if (left < before || lastChance) return registerSync()
    throw new Error(`${left} wait for the line`)
  }
  woken++
  const done = work().finally(() => {
    woken--
  })
  ;(event as ExtendableEvent).waitUntil(done)
})

self.addEventListener('message', (event) => {
  const { data, ports } = event
  const answer = (value: unknown) => ports[0]?.postMessage(value)
  const failed = (error: unknown) => answer({ error: String(error) })
  if (data?.do === 'exchange') event.waitUntil(exchange().then(async () => answer(await lineNow()), failed))
  if (data?.do === 'may-enrol')
    event.waitUntil(
      device()
        .then((opened) => opened.wouldOrphan(String(data.name), String(data.pin)))
        .then((orphans) => answer({ orphans }), failed),
    )
  if (data?.do === 'enrol')
    event.waitUntil(
      (async () => {
        await (await device()).enrol(data.welcome, data.pin)
        await exchange()
        answer('done')
      })().catch(failed),
    )
})

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url)
  if (url.origin !== self.location.origin) return
  if (url.pathname.startsWith('/assets/')) event.respondWith(generation.serve(event.request))
  else if (isForeign(event.request)) event.respondWith(turnedAway(event.request))
  else if (!boxOnly.test(url.pathname)) event.respondWith(pageFor(event))
  else if (event.request.mode === 'navigate') event.respondWith(atBox(event.request))
})

// What only the box has, or what must never be answered by anybody else.
const boxOnly =
  /^\/(api|device|sync|events|login|logout|me|healthz|metrics|files|t|01|worker\.js|manifest\.webmanifest|favicon\.ico|join|screen|field\/setup|field\/devices|field\/import)(\/|$|\?)/

/**
 * A form of another site's page, sent here in the name of whoever carries this device: the box asks for its token, and a
 * device has none to ask for. Our own pages say where they come from (referrer-policy same-origin, in guard.ts), and no
 * other page can say it is one of ours.
 */
function isForeign({ method, mode, referrer }: Request): boolean {
  if (method === 'GET' || mode !== 'navigate') return false
  return !referrer.startsWith(`${self.location.origin}/`)
}

const turnedAway = (request: Request) =>
  office(new Request(new URL('/field/foreign', request.url), { headers: request.headers }))

/**
 * A page that only the box has. Who logs out there has left this device too, and what somebody else enters after logging
 * in must not be signed with the name of the one before.
 */
async function atBox(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  const opened = await device().catch(() => undefined)
  const here = (await opened?.current().catch(() => undefined))?.person.name
  if (here && request.method === 'POST') {
    if (pathname === '/logout') await opened?.leave()
    const name = pathname === '/login' ? (await request.clone().formData()).get('name') : here
    if (String(name ?? '').trim() !== here) await opened?.lock()
  }
  try {
    if (!here) await leaveBox()
    return await fetch(request)
  } catch {
    const session = await opened?.current().catch(() => undefined)
    return session ? notCarried(request, session) : unlockFirst(pathname === '/logout' ? '/' : pathname)
  }
}

/** Whoever locked this device for the next is logged out at the box before the next is shown anything of it. */
async function leaveBox(): Promise<void> {
  const opened = await device().catch(() => undefined)
  if (!(await opened?.isLeaving())) return
  const page = await fetch('/me', { credentials: 'same-origin' })
  const csrf = /<meta name="csrf" content="([^"]+)"/.exec(await page.text())?.[1]
  if (csrf)
    await fetch('/logout', {
      method: 'POST',
      headers: { 'x-csrf': csrf },
      redirect: 'manual',
      credentials: 'same-origin',
    })
  await opened?.hasLeft()
}

async function pageFor(event: FetchEvent): Promise<Response> {
  const { request } = event
  const path = new URL(request.url).pathname
  let session: Session | undefined
  try {
    session = await (await device()).current()
  } catch (error) {
    // The disk is full, or a newer program has been here (a box that was rolled back). The box's own pages need none of it.
    console.error(String(error))
    return fetch(request).catch(() => office(new Request(new URL('/field/stuck', self.location.origin))))
  }
  if (path.startsWith('/field')) return office(request, session)
  if (!session)
    return leaveBox()
      .then(() => fetch(request))
      .catch(() => unlockFirst(path))
  if (request.method !== 'GET') return decideHere(event, session)
  const waits = session.outbox.onlyHere > 0
  const wasDown = isDown()
  if (!waits && !wasDown) {
    const answer = await fromBox(request, session)
    if (answer) return answer
  }
  const drawn = await drawHere(request, session)
  if (path === '/line') return drawn
  if (wasDown || waits) event.waitUntil(exchange())
  return drawn.headers.get('x-carried') === 'no'
    ? ((await fromBox(request, session)) ?? notCarried(request, session))
    : drawn
}

async function decideHere(event: FetchEvent, session: Session): Promise<Response> {
  const kept = event.request.clone()
  const answer = await drawHere(event.request, session)
  if (answer.headers.get('x-carried') === 'no') return fetch(kept).catch(() => notCarried(kept, session))
  if (answer.status >= 400) return answer
  // The person sees «at the county» at once when the box is near; when it is not, the page does not wait for it, and the
  // browser is asked to wake us should this be the last page.
  const sent = exchange().then(() => true)
  event.waitUntil(sent)
  const inTime = await Promise.race([sent, new Promise<false>((resume) => setTimeout(resume, 1200, false))])
  if (!inTime) event.waitUntil(registerSync())
  return answer
}

/** The box's own page, or undefined when it does not answer in time, or somebody else answers for it. */
async function fromBox(request: Request, session: Session): Promise<Response | undefined> {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), patience)
  const { signal } = limit
  const isBox = (answer: Response) => answer.headers.get(boxMark) === session.welcome.node
  try {
    const answer =
      request.mode === 'navigate'
        ? await fetch(request.url, {
            signal,
            redirect: 'manual',
            credentials: 'same-origin',
            headers: { accept: request.headers.get('accept') ?? 'text/html' },
          })
        : await fetch(request, { signal })
    // Whither a redirect leads, and who sent it, only the browser may know: ask who is there.
    const from = answer.type === 'opaqueredirect' ? await fetch('/healthz', { signal }) : answer
    if (isBox(from)) return answer.status === 503 ? undefined : answer
  } catch {
    // Out of reach, or too slow to wait for.
  } finally {
    clearTimeout(timer)
  }
  goneDown()
  return undefined
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
  // A page drawn here is no less guarded than the box's own.
  guard(c.res.headers, c.var.nonce)
})
fieldOffice(app, device, exchange)
app.get('/field/foreign', () => {
  throw foreign()
})
app.get('/line', (c) => lineFragment(c as never))
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
  const people = await (await device()).people()
  if (people.length > 0) return Response.redirect(`/field/unlock?to=${encodeURIComponent(path)}`, 302)
  return office(new Request(new URL('/field/alone', self.location.origin)))
}

const notCarried = (request: Request, session: Session) =>
  app.fetch(
    new Request(
      new URL(`/field/away?page=${encodeURIComponent(new URL(request.url).pathname)}`, self.location.origin),
    ),
    { session },
  )

let exchanging: Promise<void> | undefined
let asked = 0

/**
 * Sends and takes in; never fails. Whoever asks while it runs waits for a round that began after they asked: what they
 * have just entered is in it.
 */
function exchange(until: () => boolean = () => false): Promise<void> {
  asked++
  exchanging ??= rounds(until).finally(() => {
    exchanging = undefined
  })
  return exchanging
}

async function rounds(until: () => boolean): Promise<void> {
  for (;;) {
    const round = asked
    try {
      // The worker before may still be at it while this one takes over: one outbox, one sender.
      const one = async () => (await device()).exchange(until)
      await (navigator.locks ? navigator.locks.request('xianhe-exchange', one) : one())
    } catch (error) {
      console.error(String(error))
      goneDown()
    }
    const session = await sessionNow()
    if (session?.link.state.fate === 'up') await boxIsThere(session)
    else if (session) goneDown()
    if ((woken === 0 || !navigator.onLine) && (await waitingForLine()) > 0) await registerSync()
    if (asked === round || session?.link.state.fate !== 'up' || until()) return
  }
}

const sessionNow = async (): Promise<Session | undefined> =>
  (await device().catch(() => undefined))?.current().catch(() => undefined)

let lookedForNews = Number.NEGATIVE_INFINITY
/** What to do as soon as the box answers, besides sending: is there a newer version of the pages, and is this one whole? */
async function boxIsThere(session: Session) {
  // What is carried for others goes after what is one's own.
  await carrierBag()
    .then((bag) => bag.deliver(session.ask))
    .catch((error) => console.error(String(error)))
  // A browser that has just lost its cache, and not its databases, draws naked pages until it is filled again.
  await generation.fill().catch(() => undefined)
  const cameBack = downUntil > 0
  downUntil = 0
  if (!cameBack && performance.now() - lookedForNews < 3_600_000) return
  lookedForNews = performance.now()
  // An app that stays open for weeks never navigates, and browsers look for a new worker only then.
  await self.registration.update().catch(() => undefined)
}

/** How many acts and photos will go as soon as the line is there: nothing else stands in their way. */
async function waitingForLine(): Promise<number> {
  const session = await sessionNow()
  if (!session) return 0
  const { fate, unfinished } = session.link.state
  if (fate === 'signed-out' || (fate === 'up' && !unfinished)) return 0
  return (
    session.outbox.sendable(Number.POSITIVE_INFINITY).length +
    (await session.attachments.waiting()).length +
    (await (await carrierBag()).waiting())
  )
}

/**
 * The browser wakes the worker when the network is back, page open or not. Where it cannot, open pages ask (field-line.ts).
 * A waking that came too early (the wire was cut, and the browser had not noticed) is put off for five minutes under its
 * name; so a network that is gone now is waited for under a name that has not been tried yet.
 */
async function registerSync() {
  const { sync } = self.registration as ServiceWorkerRegistration & {
    sync?: { register(tag: string): Promise<void>; getTags(): Promise<string[]> }
  }
  if (!sync) return
  const gone = !navigator.onLine
  if (gone && waitsForReturn) return
  try {
    const tried = new Set(gone ? await sync.getTags() : [])
    await sync.register(wakings.find((tag) => !tried.has(tag)) ?? wakings[0]!)
    waitsForReturn = gone
  } catch {
    // Denied, or no page of ours is open: the next entry or the next page asks again.
  }
}
const wakings = ['exchange', 'exchange-2', 'exchange-3', 'exchange-4']
/** Asked to be woken when a network that is gone returns, and not woken since. */
let waitsForReturn = false

/** What a page wants to know of the line, to ask again at the right time. */
async function lineNow() {
  const session = await sessionNow()
  return { fate: session?.link.state.fate ?? 'unknown', waiting: session?.outbox.onlyHere ?? 0 }
}

const within = (ms: number) => {
  const end = performance.now() + ms
  return () => performance.now() > end
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
    // What has just not answered is out of reach, though no exchange has said so yet.
    ...((state.fate === 'down' || isDown()) && {
      downSince: timeText(state.since ?? new Date().toISOString()),
    }),
  }
}

function tellPages() {
  void self.clients.matchAll().then((pages) => {
    for (const page of pages) page.postMessage({ live: 'line' })
  })
}
