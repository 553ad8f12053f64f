import type { Context } from 'hono'
import { Button } from '../../web/ui/button.tsx'
import { Block, Facts } from '../../web/ui/detail.tsx'
import { ErrorSummary, type Fault, Notice } from '../../web/ui/notice.tsx'
import { PageHead } from '../../web/ui/page.tsx'
import { Refusal } from '../kernel/refusal.ts'
import { changeAccount, changePassword, endSessionsOf, note, openSession } from './accounts.ts'
import { addressOf, type Doors, keepCookie, keepLang, mustChange, safePath } from './doors.ts'
import { page, rolesText } from './layout.tsx'
import type { App, Env } from './module.ts'

export function mePages(app: App, doors: Doors) {
  app.get('/me', (c) => {
    const { t, actor } = c.var
    return page(
      c,
      { title: t({ zh: '我的账号', en: 'My account' }) },
      <>
        <PageHead title={t({ zh: '我的账号', en: 'My account' })} />
        <Facts
          t={t}
          facts={[
            { label: t({ zh: '姓名', en: 'Name' }), value: actor.name },
            { label: t({ zh: '登录名', en: 'Login name' }), value: actor.id },
            { label: t({ zh: '岗位与辖区', en: 'Role and area' }), value: rolesText(c) },
          ]}
        />
        <Block title={t({ zh: '更换密码', en: 'Change password' })}>{passwordForm(c)}</Block>
      </>,
    )
  })

  app.get('/me/password', (c) => drawPassword(c))

  app.post('/me/password', async (c) => {
    const form = await c.req.parseBody()
    const [old, next, again] = [form.old, form.next, form.again].map((each) =>
      typeof each === 'string' ? each : '',
    )
    const { actor, t } = c.var
    try {
      if (next !== again)
        throw new Refusal(
          { zh: '两次输入的新密码不一致,请重新输入', en: 'The two new passwords differ; type them again.' },
          { field: 'again' },
        )
      await changePassword(doors.db, actor.id, old!, next!)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return drawPassword(c, [{ field: error.field, text: t(error.words) }])
    }
    // Whoever knew the old password is out; this browser goes on with a new session.
    endSessionsOf(doors.db, actor.id)
    keepCookie(c, doors, openSession(doors.db, actor.id, doors.rules, c.req.header('user-agent')))
    note(doors.db, { actor: actor.id, what: 'password-changed', address: addressOf(c) })
    return c.redirect('/?said=password-changed', 303)
  })

  app.post('/me/language', async (c) => {
    const form = await c.req.parseBody()
    const lang = form.lang === 'en' ? 'en' : 'zh'
    changeAccount(doors.db, c.var.actor.id, { lang })
    keepLang(c, lang)
    return c.redirect(backTo(c), 303)
  })
}

function drawPassword(c: Context<Env>, faults: Fault[] = []) {
  const { t } = c.var
  const title = t({ zh: '更换密码', en: 'Change password' })
  return page(
    c,
    { title, ...(faults.length > 0 && { status: 422 }) },
    <>
      <PageHead title={title} />
      {mustChange(c) && (
        <Notice tone="info">
          {t({
            zh: '这是一次性密码,先换成您自己的密码再继续。',
            en: 'This is a one-time password: replace it with your own before going on.',
          })}
        </Notice>
      )}
      {passwordForm(c, faults)}
    </>,
  )
}

function passwordForm(c: Context<Env>, faults: Fault[] = []) {
  const { t } = c.var
  const field = (name: string, label: string, autocomplete: string, hint?: string) => (
    <div class="field">
      <label for={`f-${name}`}>{label}</label>
      <input
        class="input"
        id={`f-${name}`}
        name={name}
        type="password"
        autocomplete={autocomplete}
        required
        aria-describedby={hint && `f-${name}-hint`}
      />
      {hint && (
        <p class="hint" id={`f-${name}-hint`}>
          {hint}
        </p>
      )}
    </div>
  )
  return (
    <form class="form plain-form" method="post" action="/me/password">
      <input type="hidden" name="_csrf" value={c.var.csrf} />
      <ErrorSummary t={t} faults={faults} />
      <input type="hidden" name="username" autocomplete="username" value={c.var.actor.id} />
      {field('old', t({ zh: '原密码', en: 'Old password' }), 'current-password')}
      {field(
        'next',
        t({ zh: '新密码', en: 'New password' }),
        'new-password',
        t({
          zh: '至少 8 位并含大写、小写、数字、符号中的三种,或至少 15 位',
          en: 'At least 8 characters of three kinds, or at least 15 characters',
        }),
      )}
      {field('again', t({ zh: '再输一次新密码', en: 'New password again' }), 'new-password')}
      <div class="form-acts">
        <Button title={t({ zh: '更换密码', en: 'Change password' })} look="main" />
      </div>
    </form>
  )
}

function backTo(c: Context<Env>): string {
  try {
    const from = new URL(c.req.header('referer') ?? '')
    return from.host === new URL(c.req.url).host ? safePath(from.pathname + from.search) : '/'
  } catch {
    return '/'
  }
}
