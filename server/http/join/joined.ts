// Who is moved from http to https, and who never is.
//
// A browser that has joined carries a cookie with the beginning of the authority's fingerprint; only /join/done sets it,
// and /join/done is answered over https alone, so nobody has it whose browser refuses our certificate. With it, opening a
// page over http answers 307 to the same page over https. Without it nothing changes: pages over http work, without the
// offline part, and say so.
//
// Never moved: programs and devices (API, sync, /device, /healthz, /metrics, /events: sensors and peers know nothing of
// our authority), assets and public trace pages (a label must open for any buyer), forms on their way in (only GET),
// parts of a page (htmx), hosts the certificate does not name, and /join itself, which is also the way out: it takes the
// cookie back. A box with a new authority has another fingerprint, so browsers that trusted the old one are not sent
// into a warning.

import type { Context, MiddlewareHandler } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Env } from '../module.ts'
import type { SecureDoor, Services } from '../services.ts'

const cookie = 'xh_joined'
const later = 'xh_join_later'
const stays =
  /^\/(api|sync\/v1|device|healthz|metrics|events|assets|join|t|01|files|worker\.js|manifest\.webmanifest|favicon\.ico)(\/|$)/

const markOf = (door: SecureDoor) => door.authority.sha256.replaceAll(':', '').slice(0, 16)

export function moveJoined(services: Services): MiddlewareHandler<Env> {
  return async (c, next) => {
    const door = services.secure
    if (!door || getCookie(c, cookie) !== markOf(door)) return next()
    const url = new URL(c.req.url)
    if (url.protocol === 'https:' || c.req.method !== 'GET' || stays.test(url.pathname)) return next()
    if (c.req.header('hx-request') || !(c.req.header('accept') ?? '').includes('text/html')) return next()
    if (!door.covers(url.hostname)) return next()
    return c.redirect(`${secureOrigin(url, door)}${url.pathname}${url.search}`, 307)
  }
}

export const secureOrigin = (url: URL, door: SecureDoor) => `https://${url.hostname}:${door.port}`

/** Not Secure on purpose: it is the plain page that must see it. It says nothing that is worth stealing. */
export const markJoined = (c: Context, door: SecureDoor) =>
  setCookie(c, cookie, markOf(door), { path: '/', httpOnly: true, sameSite: 'Lax', maxAge: 390 * 86_400 })

export const unmarkJoined = (c: Context) => deleteCookie(c, cookie, { path: '/' })
export const hasJoined = (c: Context, door: SecureDoor) => getCookie(c, cookie) === markOf(door)

export const putOff = (c: Context) =>
  setCookie(c, later, '1', { path: '/', httpOnly: true, sameSite: 'Lax', maxAge: 180 * 86_400 })

/** The quiet line on plain pages: not where the browser counts the page as secure anyway, nor once it was put off. */
export function remindsToJoin(c: Context<Env>): boolean {
  const door = c.var.box?.secure
  if (!door || getCookie(c, later) || c.req.path.startsWith('/join')) return false
  const { protocol, hostname } = new URL(c.req.url)
  return protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)
}
