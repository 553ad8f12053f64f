// The whole web side of the box: who asks, what they may, which page or answer. Order matters here, top to bottom:
// what needs nobody, what finds out who asks, what the public may, and then everything for people and programs.

import { drizzle } from 'drizzle-orm/bun-sqlite'
import { Hono } from 'hono'
import { assetUrl } from '../../web/ui/asset-url.ts'
import type { Actor } from '../kernel/access.ts'
import type { Desk } from '../kernel/desk.ts'
import { Refusal } from '../kernel/refusal.ts'
import { actorOf, type Db, listAccounts, type SessionRules } from './accounts.ts'
import { apiRoutes } from './api.ts'
import { boxMark } from './box-mark.ts'
import { deviceRoutes } from './devices.ts'
import { readBack } from './diary.ts'
import { checkCsrf, type Doors, needsPerson, recognise } from './doors.ts'
import { answerFault, faultOf, type Log, missing } from './faults.tsx'
import { fieldSetupPages } from './field-setup.tsx'
import { fileRoutes } from './files.ts'
import { guard } from './guard.ts'
import { moveJoined } from './join/joined.ts'
import { joinPages } from './join.tsx'
import { lineFragment } from './layout.tsx'
import { loginPages } from './login.tsx'
import { mePages } from './me.tsx'
import type { App, Env, House, Module } from './module.ts'
import { asideFor, whoBrought } from './parcels.ts'
import { fieldPages } from './records/field-pages.ts'
import { redactPages } from './records/redact-record.tsx'
import type { Services } from './services.ts'
import { systemPages } from './system/system-pages.ts'
import { transferPages } from './transfer/transfer-pages.tsx'
import { eventsRoute, healthRoutes, Meter, metricsRoute } from './watch.ts'

export interface BoxApp {
  modules: Module[]
  services: Services
  /** A desk for one actor: scoped, masked, searching. */
  deskFor: (actor: Actor) => Desk
  /** Answers /assets/*; undefined when there is no such asset. */
  asset?: (request: Request) => Promise<Response | undefined>
  /** Apps that look after their own doors, such as the sync routes under `/sync/v1`. */
  mounts?: { path: string; app: Hono }[]
  log?: Log
  session?: Partial<SessionRules>
}

export function createApp(box: BoxApp): App {
  const { services, modules } = box
  const { store } = services
  const db: Db = drizzle(store.db)
  const log: Log =
    box.log ?? ((line) => console.error(JSON.stringify({ at: new Date().toISOString(), ...line })))
  for (const module of modules) module.atStart?.(store)
  const meter = new Meter()
  const house = houseOf(box, db)
  const doors: Doors = {
    db,
    cookie: `xh_${store.node.id.replaceAll('-', '').slice(-8)}`,
    rules: { idleMinutes: 120, longestHours: 24 * 7, ...box.session },
    division: store.node.division,
    deskFor: box.deskFor,
  }
  const app = new Hono<Env>()

  app.onError((error, c) =>
    answerFault(c, faultOf(error, log, { method: c.req.method, path: c.req.path, actor: c.var.actor?.id })),
  )
  app.notFound((c) => answerFault(c, missing))

  app.use('*', meter.count())
  app.use('*', async (c, next) => {
    c.set('house', house)
    c.set('box', services)
    c.set('nonce', crypto.randomUUID().replaceAll('-', ''))
    c.set('keepFile', services.files.keep)
    await next()
    c.res.headers.set(boxMark, store.node.id)
    guard(c.res.headers, c.var.nonce, c.var.reach)
  })

  healthRoutes(app, services, store.node.id)
  metricsRoute(app, meter, services, store.node.id)
  app.get('/assets/*', async (c) => {
    const found = await box.asset?.(c.req.raw)
    if (!found) throw new Refusal({ zh: '没有这个文件', en: 'There is no such file.' }, { kind: 'missing' })
    return found
  })
  // At the root, so that its scope is the whole box; never kept, so that browsers see a new version at once.
  app.get('/worker.js', async (c) => {
    const found = await box.asset?.(new Request(new URL('/assets/worker.js', c.req.url), c.req.raw))
    if (!found) throw new Refusal({ zh: '没有这个文件', en: 'There is no such file.' }, { kind: 'missing' })
    return found
  })
  app.get('/favicon.ico', (c) => c.redirect(assetUrl('icon.svg'), 302))
  for (const mount of box.mounts ?? []) app.route(mount.path, mount.app as unknown as App)

  app.route(
    '/device/v1',
    deviceRoutes({
      store,
      db,
      filesDir: services.files.dir,
      imported: () => services.line.state().importedTo ?? 0,
    }) as unknown as App,
  )

  app.use('*', moveJoined(services))
  app.use('*', recognise(doors))
  app.use('*', checkCsrf())
  app.use('*', async (c, next) => {
    c.set('recent', async (since, limit) => readBack(store, c.var.actor, since, limit))
    await next()
  })
  app.get('/manifest.webmanifest', (c) =>
    c.json(
      {
        name: `${house.county.zh}县盒`,
        short_name: '县盒',
        lang: 'zh-CN',
        id: '/',
        start_url: '/',
        scope: '/',
        display: 'standalone',
        theme_color: '#12365f',
        background_color: '#ffffff',
        icons: [
          { src: assetUrl('icon-192.png'), sizes: '192x192', type: 'image/png' },
          { src: assetUrl('icon-512.png'), sizes: '512x512', type: 'image/png' },
          // Android cuts its own shape out of this one.
          { src: assetUrl('icon-whole-512.png'), sizes: '512x512', type: 'image/png', purpose: 'maskable' },
          { src: assetUrl('icon.svg'), sizes: 'any', type: 'image/svg+xml' },
        ],
      },
      200,
      { 'content-type': 'application/manifest+json' },
    ),
  )
  loginPages(app, doors)
  joinPages(app, services)
  for (const module of modules) module.publicPages?.(app)
  apiRoutes(app, services, modules)
  eventsRoute(app, meter, services)

  app.use('*', needsPerson())
  app.get('/line', lineFragment)
  mePages(app, doors)
  fileRoutes(app)
  fieldSetupPages(app, db)
  for (const module of modules) {
    module.pages?.(app)
    module.fieldPages?.(app)
  }
  systemPages(app, doors)
  transferPages(app, db)
  redactPages(app)
  fieldPages(app)
  return app
}

function houseOf(box: BoxApp, db: Db): House {
  const { services, modules } = box
  const { store } = services
  const { registry, node } = store
  const county = registry.division(node.division) ?? { zh: node.name, en: node.name }
  return {
    county,
    modules,
    node: node.id,
    placeOf: (other) => {
      const division = store.fact(`node.${other}`)
      return division ? (registry.division(division)?.zh ?? division) : undefined
    },
    broughtBy: whoBrought(db),
    waiting: async ({ actor }, t) => asideFor(store, db, actor, t),
    openDesk: (lang) =>
      box.deskFor({ id: 'public', name: '公众', roles: ['public'], division: node.division, lang }),
    askWhom: () =>
      listAccounts(db)
        .filter((person) => !person.disabled && registry.rights.may(actorOf(person), 'people'))
        .map((person) => person.title)
        .slice(0, 3),
  }
}
