// The door for field devices, /device/v1. A device has a token of its own, made when its person set it up on a page of
// the box; it outlives sessions, because a week at the lake edge is longer than any session, and it can be revoked.

import { unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { and, desc, eq, isNull } from 'drizzle-orm'
import { Hono } from 'hono'
import type { Actor } from '../kernel/access.ts'
import type { ActRequest } from '../kernel/acts.ts'
import { BoxDesk } from '../kernel/box-desk.ts'
import type { DatasetSpec } from '../kernel/dataset.ts'
import { newId } from '../kernel/ids.ts'
import { Refusal } from '../kernel/refusal.ts'
import { fieldDevice } from '../kernel/schema.ts'
import type { Store } from '../kernel/store.ts'
import { actorOf, type Db, findAccount, note, sha256 } from './accounts.ts'
import { answer } from './answer-act.ts'
import { openFiles } from './files.ts'
import { packedJson, unpackedJson } from './packed.ts'
import { takeIn } from './parcels.ts'
import { inPieces, isSha256, pathOf } from './pieces.ts'

export interface FieldDevice {
  id: string
  account: string
  name: string
  created: string
  seen: string | null
  waiting: number | null
  revoked: string | null
  wiped: string | null
}

/** What a device learns when it is set up: its token, and who its person is. The token is shown to nobody. */
export interface DeviceWelcome {
  device: string
  token: string
  actor: Actor
  county: { zh: string; en: string }
  node: string
  /** Datasets the county declared at run time: the worker's own code knows the shipped ones. */
  declared: DatasetSpec[]
  /** Which copy of its data this box has, and what the device goes by (`standingOf`). */
  database: string
  standing: string
}

export function addDevice(db: Db, account: string, name: string): { id: string; token: string } {
  const id = newId()
  const token = `xhd_${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')}`
  const created = new Date().toISOString()
  db.insert(fieldDevice)
    .values({ id, account, name: name.slice(0, 80) || '未命名设备', hash: sha256(token), created })
    .run()
  note(db, { actor: account, what: 'device-added', about: id, detail: name })
  return { id, token }
}

export const listDevices = (db: Db, account?: string): FieldDevice[] =>
  db
    .select()
    .from(fieldDevice)
    .where(account ? eq(fieldDevice.account, account) : undefined)
    .orderBy(desc(fieldDevice.created))
    .all()

/** A lost device: at its next contact it wipes what it carries. What it still held is then gone with it. */
export function revokeDevice(db: Db, id: string, by: string) {
  db.update(fieldDevice)
    .set({ revoked: new Date().toISOString() })
    .where(and(eq(fieldDevice.id, id), isNull(fieldDevice.revoked)))
    .run()
  note(db, { actor: by, what: 'device-revoked', about: id })
}

export interface DeviceDoor {
  store: Store
  db: Db
  /** Where attachments live: `files/`, by SHA-256. */
  filesDir: string
  /** Diary position up to which the tier above has imported; 0 when there is none. */
  imported: () => number
}

type DeviceEnv = { Variables: { actor: Actor; device: string } }

export function deviceRoutes({ store, db, filesDir, imported }: DeviceDoor): Hono<DeviceEnv> {
  const app = new Hono<DeviceEnv>()

  app.use('*', async (c, next) => {
    const token = /^Bearer\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    const device = token
      ? db
          .select()
          .from(fieldDevice)
          .where(eq(fieldDevice.hash, sha256(token)))
          .get()
      : undefined
    if (!device) return c.json({ error: 'unknown device' }, 401)
    if (device.revoked) {
      if (c.req.method === 'DELETE') {
        db.update(fieldDevice)
          .set({ wiped: new Date().toISOString() })
          .where(eq(fieldDevice.id, device.id))
          .run()
        return c.body(null, 204)
      }
      return c.json({ error: 'revoked' }, 410)
    }
    const person = findAccount(db, device.account)
    if (!person || person.disabled) return c.json({ error: 'account disabled' }, 401)
    const waiting = Number(c.req.header('x-waiting'))
    db.update(fieldDevice)
      .set({ seen: new Date().toISOString(), ...(Number.isSafeInteger(waiting) && { waiting }) })
      .where(eq(fieldDevice.id, device.id))
      .run()
    c.set('actor', actorOf(person))
    c.set('device', device.id)
    await next()
  })

  /** Who its person is today: a role may have changed since the device was set up. */
  app.get('/hello', (c) =>
    c.json({
      actor: c.var.actor,
      declared: declaredOn(store),
      database: store.node.database,
      standing: standingOf(store, c.var.actor),
    }),
  )

  /** Waiting acts, in the device's order: one commit for all, one answer for each. */
  app.post('/acts', async (c) => {
    const requests = (await unpackedJson(c)) as ActRequest[]
    if (!Array.isArray(requests) || requests.length > 1000)
      return c.json({ error: 'an array of at most 1000 acts' }, 400)
    return packedJson(
      c,
      store.batch(() => requests.map((request) => answer(store, c.var.actor, request))),
    )
  })

  /** What changed after a position; `limit` records at once, as much as the line carries in a few seconds. */
  app.get('/replica', (c) => {
    const after = Number(c.req.query('after') ?? 0)
    const limit = Math.max(1, Math.min(1000, Math.trunc(Number(c.req.query('limit') ?? 1000)) || 1000))
    const changed = new BoxDesk(store, c.var.actor).changedSince(
      Number.isSafeInteger(after) ? after : 0,
      limit,
    )
    return packedJson(c, { ...changed, imported: imported(), standing: standingOf(store, c.var.actor) })
  })

  inPieces(app, '/files', filesDir)
  // What a colleague's phone handed to this one: it arrives as attachments do, and is opened once it is whole.
  const carried = join(dirname(filesDir), 'post', 'carried')
  inPieces(app, '/parcels', carried)
  app.post('/parcels/:sha', async (c) => {
    const sha = c.req.param('sha')
    const path = pathOf(carried, sha)
    if (!isSha256(sha) || !(await Bun.file(path).exists())) return c.json({ error: 'not here yet' }, 404)
    try {
      const taken = await takeIn({ store, db, files: openFiles(filesDir) }, await Bun.file(path).bytes(), {
        carrier: c.var.actor.id,
        way: 'phone',
      })
      await unlink(path)
      return c.json(taken)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      await unlink(path)
      return c.json({ message: error.words }, 422)
    }
  })
  return app
}

/** Another when what a device goes by has changed: its person's role or area, the county's own registers, a restored database. */
export const standingOf = (store: Store, actor: Actor): string =>
  sha256(JSON.stringify([actor, declaredOn(store), store.node.database]))

/** Declarations made in the browser, as data. */
export function declaredOn(store: Store): DatasetSpec[] {
  const shipped = new Set(
    store.registry.parts.flatMap((part) => (part.datasets ?? []).map((each) => each.name)),
  )
  return [...store.registry.datasets.values()]
    .filter((each) => !shipped.has(each.name))
    .map((each) => each.spec)
}
