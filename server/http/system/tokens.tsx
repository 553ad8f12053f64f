import type { Context } from 'hono'
import { Button } from '../../../web/ui/button.tsx'
import { Form } from '../../../web/ui/form.tsx'
import { type Fault, Notice } from '../../../web/ui/notice.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { Table } from '../../../web/ui/table.tsx'
import { Tag } from '../../../web/ui/tag.tsx'
import { choice, integer, text } from '../../kernel/fields.ts'
import { Refusal } from '../../kernel/refusal.ts'
import { timeText } from '../../kernel/words.ts'
import { addToken, disableToken, listAccounts, listTokens, note } from '../accounts.ts'
import { addressOf, type Doors } from '../doors.ts'
import { page } from '../layout.tsx'
import type { App, Env } from '../module.ts'
import { sectionsOf } from '../records/fill-form.tsx'
import { readForm, type Specs } from '../records/read-form.ts'
import { needs } from './needs.ts'

/** Tokens of programs: each acts as one account, with that account's rights and area, under its own name in the diary. */
export function tokenPages(app: App, { db }: Doors) {
  app.use('/system/tokens', needs('people'))
  app.use('/system/tokens/*', needs('people'))

  app.get('/system/tokens', (c) => draw(c, {}))

  app.post('/system/tokens', async (c) => {
    const { t } = c.var
    const { values } = await readForm(c, specs())
    try {
      const made = addToken(db, {
        name: String(values.name ?? ''),
        account: String(values.account ?? ''),
        ...(Number(values.days) > 0 && { days: Number(values.days) }),
      })
      note(db, { actor: c.var.actor.id, what: 'token-added', about: made.name, address: addressOf(c) })
      return draw(
        c,
        {},
        [],
        <Notice tone="good" title={t({ zh: `令牌「${made.name}」`, en: `Token "${made.name}"` })}>
          <p class="secret">
            <code>{made.token}</code>
          </p>
          <p>
            {t({
              zh: '只显示这一次,请现在复制到要使用的程序里。',
              en: 'It is shown this once: copy it into the program now.',
            })}
          </p>
        </Notice>,
      )
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return draw(c, values, [{ field: error.field, text: t(error.words) }])
    }
  })

  app.post('/system/tokens/:name/disable', (c) => {
    disableToken(db, c.req.param('name'))
    note(db, {
      actor: c.var.actor.id,
      what: 'token-disabled',
      about: c.req.param('name'),
      address: addressOf(c),
    })
    return c.redirect('/system/tokens?said=amended', 303)
  })

  const specs = (): Specs => ({
    name: text({ zh: '令牌名称', en: 'Name' })
      .longest(60)
      .hint('用在哪个程序就叫什么,如 weather-import', 'Named after the program: weather-import').spec,
    account: choice(
      { zh: '代表谁', en: 'Acts as' },
      Object.fromEntries(
        listAccounts(db)
          .filter((each) => !each.disabled)
          .map((each) => [
            each.name,
            { zh: `${each.title}(${each.name})`, en: `${each.title} (${each.name})` },
          ]),
      ),
    ).spec,
    days: integer({ zh: '有效天数', en: 'Valid for' })
      .unit('天', 'days')
      .min(1)
      .optional()
      .hint('不填则长期有效', 'Unlimited when empty').spec,
  })

  async function draw(
    c: Context<Env>,
    values: Record<string, unknown>,
    faults: Fault[] = [],
    notice?: unknown,
  ) {
    const { t, lang } = c.var
    return page(
      c,
      {
        title: t({ zh: '接口令牌', en: 'Tokens' }),
        here: 'system',
        ...(faults.length > 0 && { status: 422 }),
      },
      <>
        <PageHead
          title={t({ zh: '接口令牌', en: 'Tokens' })}
          note={t({
            zh: '给程序用的登录方式;接口说明见 /api/v1/openapi.json',
            en: 'How programs log in; the API is described at /api/v1/openapi.json',
          })}
        />
        {notice as never}
        <Table
          t={t}
          caption={t({ zh: '令牌', en: 'Tokens' })}
          columns={[
            { title: t({ zh: '名称', en: 'Name' }) },
            { title: t({ zh: '代表', en: 'Acts as' }) },
            { title: t({ zh: '有效至', en: 'Until' }), kind: 'time' },
            { title: t({ zh: '最近使用', en: 'Last used' }), kind: 'time' },
            { title: t({ zh: '状态', en: 'State' }), kind: 'tight' },
          ]}
          rows={listTokens(db).map((each) => ({
            id: each.name,
            cells: [
              each.name,
              each.account,
              each.expires ? timeText(each.expires, lang) : t({ zh: '长期', en: 'Unlimited' }),
              each.seen ? timeText(each.seen, lang) : '—',
              each.disabled ? (
                <Tag title={t({ zh: '已停用', en: 'Disabled' })} />
              ) : (
                <form method="post" action={`/system/tokens/${each.name}/disable`}>
                  <input type="hidden" name="_csrf" value={c.var.csrf} />
                  <Button title={t({ zh: '停用', en: 'Disable' })} look="danger" small />
                </form>
              ),
            ],
            ...(each.disabled && { faded: true }),
          }))}
          empty={{ text: t({ zh: '还没有令牌', en: 'No tokens yet' }) }}
        />
        <h2>{t({ zh: '签发令牌', en: 'Issue a token' })}</h2>
        <Form
          t={t}
          action="/system/tokens"
          csrf={c.var.csrf}
          sections={await sectionsOf(c, specs(), values)}
          submit={t({ zh: '签发', en: 'Issue' })}
          faults={faults}
        />
      </>,
    )
  }
}
