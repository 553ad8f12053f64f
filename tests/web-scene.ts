// The web side of the sample county without a port: requests go straight into the app. People log in as they would in a
// browser; `by` carries the cookie, and the CSRF token where a form would.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/bun-sqlite'
import type { Db } from '../server/http/accounts.ts'
import { type BoxApp, createApp } from '../server/http/app.tsx'
import { openFiles } from '../server/http/files.ts'
import type { App, Module } from '../server/http/module.ts'
import type { Services } from '../server/http/services.ts'
import type { Actor } from '../server/kernel/access.ts'
import { creditCodeCheck, idNumberCheck } from '../server/kernel/checks.ts'
import { newId } from '../server/kernel/ids.ts'
import { account } from '../server/kernel/schema.ts'
import { agri } from '../server/modules/agri/index.ts'
import { base } from '../server/modules/base/index.ts'
import { ownRegisters } from '../server/modules/county-datasets/index.tsx'
import { type County, people, sampleCounty } from './county.ts'

export const password = 'Caowei-2026-lake'

export interface Browser {
  get(path: string, headers?: Record<string, string>): Promise<Response>
  /** A form as the page would send it; `_csrf` is added unless the test gives its own. */
  post(
    path: string,
    fields: Record<string, string | string[] | File>,
    headers?: Record<string, string>,
  ): Promise<Response>
  csrf: string
  cookie: string
}

export interface WebScene {
  app: App
  county: County
  db: Db
  services: Services
  log: Record<string, unknown>[]
  by(person: Actor): Promise<Browser>
  /** A cooperative in a township, and a plot of it. */
  entity(division: string, n?: number): string
  plot(division: string, more?: Record<string, unknown>): string
  close(): Promise<void>
}

export async function webScene(
  more: { modules?: Module[]; box?: Partial<BoxApp>; services?: Partial<Services> } = {},
): Promise<WebScene> {
  const modules = more.modules ?? [base, agri, ownRegisters]
  const county = sampleCounty({ modules })
  const db: Db = drizzle(county.store.db)
  const data = mkdtempSync(join(tmpdir(), 'xianhe-files-'))
  const files = join(data, 'files')
  for (const person of Object.values(people)) await admit(db, person)
  const listeners = new Set<(topic: string, data: unknown) => void>()
  const services: Services = {
    store: county.store,
    version: '0.0.0-test',
    uptime: () => 1,
    parts: () => ({ serve: { state: 'up', since: '2026-03-05T00:00:00.000Z' } }),
    numbers: { read: () => [], asOf: () => undefined },
    readings: {
      latest: () => [],
      series: async () => [],
      status: () => new Map(),
      quarantine: () => [],
      counters: () => ({ stored: 0, quarantined: 0, clients: 0 }),
    },
    line: { state: () => ({ waiting: 3, sent: 0, received: 0, imported: 0, peer: 'yiyang' }) },
    events: {
      publish: (topic, data) => {
        for (const listener of listeners) listener(topic, data)
      },
      subscribe: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    files: openFiles(files),
    ...more.services,
  }
  const log: Record<string, unknown>[] = []
  const app = createApp({
    modules,
    services,
    deskFor: (actor) => county.desk(actor),
    log: (line) => log.push(line),
    ...more.box,
  })
  return {
    app,
    county,
    db,
    services,
    log,
    by: (person) => browserOf(app, person),
    entity: (division, n = 1) =>
      made(county, 'base.entity', {
        code: creditCode(n),
        name: `${county.store.registry.division(division)?.zh}芦笋合作社`,
        kind: 'co-operative',
        phone: '13873712345',
        division,
        state: 'open',
      }),
    plot(division, fields = {}) {
      const entity = made(county, 'base.entity', {
        code: creditCode(nth++),
        name: `合作社 ${nth}`,
        kind: 'co-operative',
        division,
        state: 'open',
      })
      return made(county, 'agri.plot', {
        code: `ZZ-${String(nth).padStart(5, '0')}`,
        name: '芦苇场东 3 号',
        entity,
        use: 'planting',
        area: 12.5,
        division,
        ...fields,
      })
    },
    async close() {
      await county.close()
      rmSync(data, { recursive: true, force: true })
    },
  }
}

export const creditCode = (n: number): string => {
  const first = `93430981MA${String(1_000_000 + n)}`
  return first + creditCodeCheck(first)
}
export const idNumber = (n: number): string => {
  const first = `43098119800101${String(100 + n)}`
  return first + idNumberCheck(first)
}

let nth = 5000
function made(county: County, dataset: string, fields: Record<string, unknown>): string {
  const id = newId()
  const receipt = county.act(county.store.system, { name: `${dataset}.created`, record: id, fields })
  if (receipt.outcome !== 'accepted') throw new Error(JSON.stringify(receipt))
  return id
}

// Argon2id takes a fifth of a second and 64 MiB: one hash serves everybody in every scene.
let hash: Promise<string> | undefined
async function admit(db: Db, person: Actor) {
  hash ??= Bun.password.hash(password, 'argon2id')
  db.insert(account)
    .values({
      name: person.id,
      title: person.name,
      password: await hash,
      roles: JSON.stringify(person.roles),
      division: person.division,
      created: new Date().toISOString(),
    })
    .run()
}

async function browserOf(app: App, person: Actor): Promise<Browser> {
  const login = await app.request('/login', {
    method: 'POST',
    body: new URLSearchParams({ name: person.id, password }),
  })
  const cookie = login.headers.get('set-cookie')?.split(';')[0]
  if (!cookie) throw new Error(`${person.id} could not log in: ${login.status}`)
  const first = await (await app.request('/me', { headers: { cookie } })).text()
  const csrf = /name="_csrf" value="([^"]+)"/.exec(first)?.[1] ?? ''
  return {
    csrf,
    cookie,
    get: async (path, headers = {}) => app.request(path, { headers: { cookie, ...headers } }),
    post: async (path, fields, headers = {}) => {
      const multipart = Object.values(fields).some((each) => each instanceof File)
      const body = multipart ? new FormData() : new URLSearchParams()
      for (const [name, value] of Object.entries({ _csrf: csrf, ...fields }))
        for (const each of Array.isArray(value) ? value : [value])
          (body as FormData).append(name, each as string)
      return app.request(path, { method: 'POST', body, headers: { cookie, ...headers } })
    },
  }
}

/** What stands in hidden fields and inputs of the first form that posts to a path. */
export function formOf(html: string, action: string): Record<string, string> {
  const start = html.indexOf(`action="${action}"`)
  if (start < 0) throw new Error(`no form posts to ${action}`)
  const form = html.slice(start, html.indexOf('</form>', start))
  const fields: Record<string, string> = {}
  for (const [tag] of form.matchAll(/<input\b[^>]*>/g)) {
    const [name, value, type] = ['name', 'value', 'type'].map(
      (each) => new RegExp(`\\s${each}="([^"]*)"`).exec(tag)?.[1],
    )
    if (!name || type === 'file' || ((type === 'radio' || type === 'checkbox') && !/\schecked/.test(tag)))
      continue
    fields[name] = plain(value ?? '')
  }
  for (const [, name, text] of form.matchAll(/<textarea\b[^>]*\sname="([^"]*)"[^>]*>([^<]*)<\/textarea>/g))
    fields[name!] = plain(text!)
  for (const [, name, options] of form.matchAll(/<select\b[^>]*\sname="([^"]*)"[^>]*>(.*?)<\/select>/gs))
    fields[name!] = /<option value="([^"]*)" selected/.exec(options!)?.[1] ?? ''
  return fields
}

const plain = (text: string) =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
