import type { Context } from 'hono'
import { Button } from '../../web/ui/button.tsx'
import { Notice } from '../../web/ui/notice.tsx'
import { actorOf, closeSession, logIn, note, openSession } from './accounts.ts'
import {
  addressOf,
  cookieSecrets,
  type Doors,
  dropCookie,
  isPublic,
  keepCookie,
  keepLang,
  safePath,
} from './doors.ts'
import { wantsJson } from './faults.tsx'
import { page } from './layout.tsx'
import type { App, Env } from './module.ts'

export function loginPages(app: App, doors: Doors) {
  app.get('/login', (c) => {
    if (!isPublic(c)) return c.redirect(safePath(c.req.query('to')), 303)
    return drawLogin(c, { to: safePath(c.req.query('to')) })
  })

  app.post('/login', async (c) => {
    const form = await c.req.parseBody()
    const name = text(form.name)
    const password = text(form.password)
    const to = safePath(text(form.to))
    const address = addressOf(c)
    const result = await logIn(doors.db, name, password)
    if ('account' in result) {
      const secret = openSession(doors.db, result.account.name, doors.rules, c.req.header('user-agent'))
      keepCookie(c, doors, secret)
      note(doors.db, { actor: result.account.name, what: 'logged-in', address })
      if (wantsJson(c))
        return c.json({ name: actorOf(result.account).name, mustChange: Boolean(result.account.mustChange) })
      return c.redirect(result.account.mustChange ? '/me/password' : to, 303)
    }
    note(doors.db, {
      actor: name.slice(0, 40) || '?',
      what: 'waitSeconds' in result ? 'login-waits' : 'login-refused',
      address,
    })
    const fault =
      'waitSeconds' in result
        ? c.var.t({
            zh: `连续输错次数过多,请 ${waitText(result.waitSeconds, 'zh')}后再试;忘记密码请找管理员重置`,
            en: `Too many wrong passwords. Try again in ${waitText(result.waitSeconds, 'en')}, or ask an administrator for a new one.`,
          })
        : c.var.t({
            zh: '登录名或密码不对,请核对后再试',
            en: 'The login name or the password is wrong; check both.',
          })
    if ('waitSeconds' in result) c.header('retry-after', String(result.waitSeconds))
    const status = 'waitSeconds' in result ? 429 : 401
    if (wantsJson(c))
      return c.body(JSON.stringify({ type: 'about:blank', title: fault, status }), status, {
        'content-type': 'application/problem+json; charset=utf-8',
      })
    return drawLogin(c, { to, name, fault, status })
  })

  app.post('/language', async (c) => {
    const form = await c.req.parseBody()
    keepLang(c, form.lang === 'en' ? 'en' : 'zh')
    const to = text(form.to)
    return c.redirect(to.startsWith('/login') ? to : safePath(to), 303)
  })

  app.post('/logout', (c) => {
    for (const secret of cookieSecrets(c, doors)) closeSession(doors.db, secret)
    if (!isPublic(c)) note(doors.db, { actor: c.var.actor.id, what: 'logged-out', address: addressOf(c) })
    dropCookie(c, doors)
    return c.redirect('/login', 303)
  })
}

function drawLogin(c: Context<Env>, form: { to: string; name?: string; fault?: string; status?: 401 | 429 }) {
  const { t, lang } = c.var
  return page(
    c,
    { title: t({ zh: '登录', en: 'Log in' }), ...(form.status && { status: form.status }) },
    <div class="login">
      <h1>{t(c.var.house.county)}</h1>
      <form class="form" method="post" action="/login">
        {form.fault && (
          <Notice tone="bad" live>
            {form.fault}
          </Notice>
        )}
        <input type="hidden" name="to" value={form.to} />
        <div class="field">
          <label for="f-name">{t({ zh: '登录名', en: 'Login name' })}</label>
          <input
            class="input"
            id="f-name"
            name="name"
            value={form.name ?? ''}
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            required
            autofocus={!form.name}
          />
        </div>
        <div class="field">
          <label for="f-password">{t({ zh: '密码', en: 'Password' })}</label>
          <input
            class="input"
            id="f-password"
            name="password"
            type="password"
            autocomplete="current-password"
            required
            autofocus={Boolean(form.name)}
          />
        </div>
        <div class="form-acts">
          <Button title={t({ zh: '登录', en: 'Log in' })} look="main" />
        </div>
      </form>
      <form method="post" action="/language" class="login-foot">
        <input
          type="hidden"
          name="to"
          value={form.to === '/' ? '/login' : `/login?to=${encodeURIComponent(form.to)}`}
        />
        <button
          class="button button-quiet button-small"
          type="submit"
          name="lang"
          value={lang === 'zh' ? 'en' : 'zh'}
          lang={lang === 'zh' ? 'en' : 'zh-CN'}
        >
          {lang === 'zh' ? 'English' : '中文'}
        </button>
        <p class="hint">
          {t({
            zh: '忘记密码请找管理员重置。本系统只在本县局域网内使用。',
            en: 'Forgotten it? An administrator can reset it. This system is for the county’s own network.',
          })}
        </p>
      </form>
    </div>,
  )
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const waitText = (seconds: number, lang: 'zh' | 'en') =>
  seconds <= 60
    ? lang === 'zh'
      ? `${seconds} 秒`
      : `${seconds} seconds`
    : lang === 'zh'
      ? `${Math.ceil(seconds / 60)} 分钟`
      : `${Math.ceil(seconds / 60)} minutes`
