// Who is at the door: a person with a session cookie, a program with a Bearer token, or the public. Cookies are HttpOnly
// and SameSite=Lax; every unsafe request that comes with one must also show the session's CSRF token.

import type { Context, MiddlewareHandler } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Actor } from '../kernel/access.ts'
import type { Desk } from '../kernel/desk.ts'
import { Refusal } from '../kernel/refusal.ts'
import { type Lang, sayIn, type Words } from '../kernel/words.ts'
import { actorOf, type Db, type SessionRules, sessionAccount, sha256, tokenAccount } from './accounts.ts'
import { foreign, wantsJson } from './faults.tsx'
import type { Env } from './module.ts'

export interface Doors {
  db: Db
  /** Cookies do not know ports: two boxes on one machine need two names. */
  cookie: string
  rules: SessionRules
  division: string
  deskFor: (actor: Actor) => Desk
}

/** Finds out who asks. Unknown Bearer tokens are refused at once; without any sign the asker is the public. */
export function recognise(doors: Doors): MiddlewareHandler<Env> {
  return async (c, next) => {
    // Chinese first, whatever the browser prefers; English is one click away and remembered.
    const wished = langCookie(c) ?? 'zh'
    const bearer = /^Bearer\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    const secret = cookieSecret(c, doors)
    let actor: Actor | undefined
    let via: 'cookie' | 'token' | 'none' = 'none'
    // Peers of the sync routes carry tokens of their own kind; those routes check them themselves.
    if (bearer && !c.req.path.startsWith('/sync/')) {
      const found = tokenAccount(doors.db, bearer)
      say(c, wished)
      if (!found)
        return unauthorised(
          c,
          {
            zh: '令牌无效、已停用或已过期,请向管理员申请新的',
            en: 'The token is unknown, disabled or expired; ask the administrator for a new one.',
          },
          'error="invalid_token"',
        )
      actor = { ...actorOf(found.account), id: `token:${found.token}` }
      via = 'token'
    } else if (secret) {
      const person = sessionAccount(doors.db, secret, doors.rules)
      if (person) {
        actor = actorOf(person)
        via = 'cookie'
        c.set('csrf', csrfOf(secret))
        c.set('mustChange' as never, Boolean(person.mustChange) as never)
      }
    }
    const lang = actor?.lang ?? wished
    say(c, lang)
    actor ??= {
      id: 'public',
      name: c.var.t({ zh: '公众', en: 'Public' }),
      roles: ['public'],
      division: doors.division,
      lang,
    }
    c.set('actor', actor)
    c.set('desk', doors.deskFor(actor))
    c.set('via' as never, via as never)
    await next()
  }
}

/** Unsafe requests with a cookie show the token in `_csrf` or in `X-CSRF`; nobody else's page can know it. */
export function checkCsrf(): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (['GET', 'HEAD', 'OPTIONS'].includes(c.req.method)) return next()
    // Logging in has no session yet; a browser that comes from another site says so by itself.
    if (c.req.header('sec-fetch-site') === 'cross-site') throw foreign()
    if (c.get('via' as never) === 'cookie') {
      const shown = c.req.header('x-csrf') ?? (await formField(c, '_csrf'))
      if (shown !== c.var.csrf) throw otherToken()
    }
    return next()
  }
}

export const isPublic = (c: Context<Env>) => c.var.actor.id === 'public'
export const mustChange = (c: Context<Env>) => Boolean(c.get('mustChange' as never))

/** Who asks is not known (RFC 9110 11.6.1; for tokens RFC 6750 3.1): the answer a program can act on. */
function unauthorised(c: Context<Env>, words: Words, why?: string) {
  return c.body(JSON.stringify({ type: 'about:blank', title: c.var.t(words), status: 401 }), 401, {
    'content-type': 'application/problem+json; charset=utf-8',
    'www-authenticate': `Bearer realm="xianhe"${why ? `, ${why}` : ''}`,
  })
}

/** Pages need a person. A form that was sent after the session ended is kept and offered again after logging in. */
export function needsPerson(): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (isPublic(c)) {
      if (wantsJson(c) || c.req.path === '/events')
        return unauthorised(c, { zh: '请先登录', en: 'Log in first' })
      const wanted = c.req.method === 'GET' ? c.req.path + new URL(c.req.url).search : (refererPath(c) ?? '/')
      if (c.req.header('hx-request')) return c.body(null, 200, { 'hx-redirect': loginPath(wanted) })
      return c.redirect(loginPath(wanted), 303)
    }
    if (mustChange(c) && !c.req.path.startsWith('/me/') && c.req.path !== '/logout')
      return wantsJson(c)
        ? c.json(
            {
              type: 'about:blank',
              title: c.var.t({ zh: '请先换掉一次性密码', en: 'Replace the one-time password first' }),
              status: 403,
            },
            403,
          )
        : c.redirect('/me/password', 303)
    return next()
  }
}

export const loginPath = (wanted: string) =>
  wanted === '/' ? '/login' : `/login?to=${encodeURIComponent(wanted)}`

/** Only a path of this box, never another host. */
export const safePath = (text: string | undefined): string =>
  text && /^\/(?![/\\])/.test(text) && !/[\r\n\\]/.test(text) && !text.startsWith('/login') ? text : '/'

// Two names, because a plain page may not replace a Secure cookie: with one name, whoever logged in over https could not
// log in over http again. The secure side also knows the plain one, so that moving over does not log anybody out.
const overTls = (c: Context) => new URL(c.req.url).protocol === 'https:'
const secureName = (doors: Doors) => `${doors.cookie}_s`

export function keepCookie(c: Context<Env>, doors: Doors, secret: string) {
  setCookie(c, overTls(c) ? secureName(doors) : doors.cookie, secret, {
    httpOnly: true,
    sameSite: 'Lax',
    path: '/',
    secure: overTls(c),
    maxAge: doors.rules.longestHours * 3600,
  })
  // Someone else may have been logged in on the plain side of the same browser.
  if (overTls(c)) deleteCookie(c, doors.cookie, { path: '/' })
}
export function dropCookie(c: Context<Env>, doors: Doors) {
  deleteCookie(c, doors.cookie, { path: '/' })
  if (overTls(c)) deleteCookie(c, secureName(doors), { path: '/', secure: true })
}
/** The one that counts first; whoever logs out leaves by all of them. */
export const cookieSecrets = (c: Context<Env>, doors: Doors): string[] =>
  [overTls(c) ? getCookie(c, secureName(doors)) : undefined, getCookie(c, doors.cookie)].filter(
    (each) => each !== undefined,
  )
export const cookieSecret = (c: Context<Env>, doors: Doors): string | undefined => cookieSecrets(c, doors)[0]

export const keepLang = (c: Context<Env>, lang: Lang) =>
  setCookie(c, 'xh_lang', lang, { sameSite: 'Lax', path: '/', httpOnly: true, maxAge: 365 * 86_400 })

/** The token follows from the cookie's secret, so nothing has to be kept and nobody else can work it out. */
export const csrfOf = (secret: string) => sha256(`csrf:${secret}`).slice(0, 43)

/** Where a request came from on the LAN, for the audit. */
export const addressOf = (c: Context): string | undefined => {
  const server = c.env as { requestIP?: (request: Request) => { address: string } | null } | undefined
  return server?.requestIP?.(c.req.raw)?.address
}

async function formField(c: Context, name: string): Promise<string | undefined> {
  const type = c.req.header('content-type') ?? ''
  if (!/^(application\/x-www-form-urlencoded|multipart\/form-data)/i.test(type)) return undefined
  const body = await c.req.parseBody({ all: true })
  const value = body[name]
  return typeof value === 'string' ? value : undefined
}

function say(c: Context<Env>, lang: Lang) {
  c.set('lang', lang)
  c.set('t', sayIn(lang))
}

const langCookie = (c: Context): Lang | undefined => {
  const value = getCookie(c, 'xh_lang')
  return value === 'zh' || value === 'en' ? value : undefined
}

const refererPath = (c: Context): string | undefined => {
  try {
    const from = new URL(c.req.header('referer') ?? '')
    return from.host === new URL(c.req.url).host ? from.pathname + from.search : undefined
  } catch {
    return undefined
  }
}

const otherToken = () =>
  new Refusal(
    {
      zh: '这个表单的校验码不对,可能是登录已更换。请刷新页面后再提交,填写的内容不会丢。',
      en: 'The form’s token does not match; you may have logged in again meanwhile. Reload the page and send it once more.',
    },
    { kind: 'access' },
  )
