// 人员与权限: who may come in, as what, where. An administrator never learns a password that stays valid: a new one is
// shown once and must be changed at the first login.

import type { Context } from 'hono'
import { Button } from '../../../web/ui/button.tsx'
import { Form } from '../../../web/ui/form.tsx'
import { type Fault, Notice } from '../../../web/ui/notice.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { Table } from '../../../web/ui/table.tsx'
import { Tag } from '../../../web/ui/tag.tsx'
import { choice, choices, division, type Field, ref, text } from '../../kernel/fields.ts'
import { Refusal } from '../../kernel/refusal.ts'
import { timeText, type Words } from '../../kernel/words.ts'
import {
  type Account,
  addAccount,
  changeAccount,
  disableAccount,
  enableAccount,
  findAccount,
  listAccounts,
  note,
  resetPassword,
} from '../accounts.ts'
import { addressOf, type Doors } from '../doors.ts'
import { page } from '../layout.tsx'
import type { App, Env } from '../module.ts'
import { sectionsOf } from '../records/fill-form.tsx'
import { readForm, type Specs } from '../records/read-form.ts'
import { divisionText } from '../records/show.tsx'
import { needs } from './needs.ts'

export function peoplePages(app: App, doors: Doors) {
  const { db } = doors
  app.use('/system/people', needs('people'))
  app.use('/system/people/*', needs('people'))

  app.get('/system/people', (c) => {
    const { t, lang, desk } = c.var
    return page(
      c,
      { title: t({ zh: '人员与权限', en: 'People' }), here: 'system', wide: true },
      <>
        <PageHead title={t({ zh: '人员与权限', en: 'People' })}>
          <Button
            title={t({ zh: '添加人员', en: 'Add a person' })}
            path="/system/people/new"
            icon="plus"
            look="main"
          />
        </PageHead>
        <Table
          t={t}
          caption={t({ zh: '人员', en: 'People' })}
          columns={[
            { title: t({ zh: '姓名', en: 'Name' }) },
            { title: t({ zh: '登录名', en: 'Login name' }), kind: 'code' },
            { title: t({ zh: '岗位', en: 'Roles' }) },
            { title: t({ zh: '辖区', en: 'Area' }) },
            { title: t({ zh: '状态', en: 'State' }), kind: 'tight' },
            { title: t({ zh: '添加于', en: 'Since' }), kind: 'time', wide: true },
          ]}
          rows={listAccounts(db).map((person) => ({
            id: person.name,
            path: `/system/people/${encodeURIComponent(person.name)}`,
            cells: [
              person.title,
              person.name,
              roleText(c, person),
              divisionText(desk.registry, t, person.division),
              <State c={c} person={person} />,
              timeText(person.created, lang),
            ],
            ...(person.disabled && { faded: true }),
          }))}
          empty={{ text: t({ zh: '还没有人员', en: 'Nobody yet' }) }}
        />
      </>,
    )
  })

  app.get('/system/people/new', (c) => drawPerson(c, undefined, {}))

  app.post('/system/people', async (c) => {
    const { values } = await readForm(c, fieldsFor(c, true))
    try {
      const made = await addAccount(db, { ...wanted(values), name: String(values.name ?? '') })
      note(db, { actor: c.var.actor.id, what: 'person-added', about: made.name, address: addressOf(c) })
      return drawSecret(c, made.name, made.password)
    } catch (error) {
      return again(c, error, undefined, values)
    }
  })

  app.get('/system/people/:name', (c) => {
    const person = findAccount(db, c.req.param('name')) ?? nobody()
    return drawPerson(c, person, {
      title: person.title,
      roles: JSON.parse(person.roles),
      division: person.division,
      entity: person.entity ?? undefined,
      lang: person.lang,
    })
  })

  app.post('/system/people/:name', async (c) => {
    const person = findAccount(db, c.req.param('name')) ?? nobody()
    const { values } = await readForm(c, fieldsFor(c, false))
    try {
      const to = wanted(values)
      if (!to.title) throw new Refusal({ zh: '请填写姓名', en: 'Enter the name.' }, { field: 'title' })
      if (to.roles.length === 0)
        throw new Refusal({ zh: '请至少选一个岗位', en: 'Choose at least one role.' }, { field: 'roles' })
      // The last one who can give rights keeps them, or nobody could ever give any again.
      const roles = c.var.desk.registry.rights
      const stays = roles.may(
        { id: person.name, name: person.title, roles: to.roles, division: to.division, lang: 'zh' },
        'people',
      )
      if (!stays && person.name === c.var.actor.id)
        throw new Refusal(
          {
            zh: '不能取消自己的人员管理权限,请由另一位管理员来改',
            en: 'You cannot take this right from yourself; another administrator can.',
          },
          { field: 'roles' },
        )
      changeAccount(db, person.name, to)
      note(db, {
        actor: c.var.actor.id,
        what: 'person-changed',
        about: person.name,
        detail: JSON.stringify(to),
        address: addressOf(c),
      })
      return c.redirect('/system/people?said=amended', 303)
    } catch (error) {
      return again(c, error, person, values)
    }
  })

  app.post('/system/people/:name/reset', async (c) => {
    const made = await resetPassword(db, c.req.param('name'))
    note(db, { actor: c.var.actor.id, what: 'password-reset', about: made.name, address: addressOf(c) })
    return drawSecret(c, made.name, made.password)
  })

  app.post('/system/people/:name/disable', (c) => {
    const name = c.req.param('name')
    if (name === c.var.actor.id)
      throw new Refusal({ zh: '不能停用自己的账号', en: 'You cannot disable your own account.' })
    disableAccount(db, name)
    note(db, { actor: c.var.actor.id, what: 'person-disabled', about: name, address: addressOf(c) })
    return c.redirect('/system/people?said=amended', 303)
  })

  app.post('/system/people/:name/enable', (c) => {
    enableAccount(db, c.req.param('name'))
    note(db, {
      actor: c.var.actor.id,
      what: 'person-enabled',
      about: c.req.param('name'),
      address: addressOf(c),
    })
    return c.redirect('/system/people?said=amended', 303)
  })
}

function fieldsFor(c: Context<Env>, fresh: boolean): Specs {
  const roles = Object.fromEntries(
    c.var.desk.registry.rights.roles
      .filter((role) => role.name !== 'public')
      .map((role) => [role.name, role.title]),
  )
  const fields: Record<string, Field> = {
    ...(fresh && {
      name: text({ zh: '登录名', en: 'Login name' })
        .hint('2–40 个字母、数字或汉字,登录时用', '2–40 letters or digits, used to log in')
        .longest(40),
    }),
    title: text({ zh: '姓名', en: 'Name' }).longest(40),
    roles: choices({ zh: '岗位', en: 'Roles' }, roles).hint(
      '决定能看什么、能办什么',
      'Decide what the person may see and do',
    ),
    division: division({ zh: '辖区', en: 'Area' }).hint(
      '只能看到并办理这个辖区内的记录',
      'Only records of this area can be seen and changed',
    ),
    ...(c.var.desk.registry.datasets.has('base.entity') && {
      entity: ref('base.entity', { zh: '所属主体', en: 'Belongs to' })
        .optional()
        .hint('溯源录入员填所在的合作社或企业', 'For a traceability clerk: the co-operative or firm'),
    }),
    lang: choice(
      { zh: '语言', en: 'Language' },
      { zh: { zh: '中文', en: 'Chinese' }, en: { zh: '英文', en: 'English' } },
    ).initial('zh'),
  }
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.spec]))
}

const wanted = (values: Record<string, unknown>) => ({
  title: String(values.title ?? '').trim(),
  roles: (values.roles ?? []) as string[],
  division: String(values.division ?? ''),
  entity: String(values.entity ?? '') || undefined,
  lang: values.lang === 'en' ? ('en' as const) : ('zh' as const),
})

function again(
  c: Context<Env>,
  error: unknown,
  person: Account | undefined,
  values: Record<string, unknown>,
) {
  if (!(error instanceof Refusal)) throw error
  return drawPerson(c, person, values, [{ field: error.field, text: c.var.t(error.words) }])
}

async function drawPerson(
  c: Context<Env>,
  person: Account | undefined,
  values: Record<string, unknown>,
  faults: Fault[] = [],
) {
  const { t } = c.var
  const title = person ? person.title : t({ zh: '添加人员', en: 'Add a person' })
  const path = person ? `/system/people/${encodeURIComponent(person.name)}` : '/system/people'
  const act = (name: string, words: Words, danger = false) => (
    <form method="post" action={`${path}/${name}`}>
      <input type="hidden" name="_csrf" value={c.var.csrf} />
      <Button title={t(words)} look={danger ? 'danger' : 'plain'} />
    </form>
  )
  return page(
    c,
    {
      title,
      here: 'system',
      crumbs: [{ title: t({ zh: '人员与权限', en: 'People' }), path: '/system/people' }],
      ...(faults.length > 0 && { status: 422 }),
    },
    <>
      <PageHead title={title} note={person?.name}>
        {person && act('reset', { zh: '重置密码', en: 'Reset password' })}
        {person &&
          (person.disabled
            ? act('enable', { zh: '恢复使用', en: 'Enable' })
            : act('disable', { zh: '停用', en: 'Disable' }, true))}
      </PageHead>
      <Form
        t={t}
        action={path}
        csrf={c.var.csrf}
        sections={
          await sectionsOf(
            c,
            fieldsFor(c, !person),
            person ? values : { lang: 'zh', division: c.var.actor.division, ...values },
          )
        }
        submit={
          person
            ? t({ zh: '保存修改', en: 'Save changes' })
            : t({ zh: '添加并生成一次性密码', en: 'Add and make a one-time password' })
        }
        cancel={{ title: t({ zh: '取消', en: 'Cancel' }), path: '/system/people' }}
        faults={faults}
      />
    </>,
  )
}

function drawSecret(c: Context<Env>, name: string, password: string) {
  const { t } = c.var
  const title = t({ zh: '一次性密码', en: 'One-time password' })
  return page(
    c,
    {
      title,
      here: 'system',
      crumbs: [{ title: t({ zh: '人员与权限', en: 'People' }), path: '/system/people' }],
    },
    <>
      <h1>{title}</h1>
      <Notice
        tone="good"
        title={t({ zh: `把下面的密码当面交给「${name}」`, en: `Hand this password to "${name}"` })}
      >
        <p class="secret">
          <code>{password}</code>
        </p>
        <p>
          {t({
            zh: '只显示这一次;首次登录时必须换成自己的密码。',
            en: 'It is shown this once, and must be replaced at the first login.',
          })}
        </p>
      </Notice>
      <p>
        <Button title={t({ zh: '完成', en: 'Done' })} path="/system/people" look="main" />
      </p>
    </>,
  )
}

function State({ c, person }: { c: Context<Env>; person: Account }) {
  const { t } = c.var
  if (person.disabled) return <Tag title={t({ zh: '已停用', en: 'Disabled' })} />
  if (person.waitsUntil && Date.parse(person.waitsUntil) > Date.now())
    return <Tag title={t({ zh: '输错密码,暂停登录', en: 'Waiting' })} tone="warn" />
  if (person.mustChange)
    return <Tag title={t({ zh: '未换一次性密码', en: 'One-time password' })} tone="info" />
  return <Tag title={t({ zh: '在用', en: 'In use' })} tone="good" />
}

const roleText = (c: Context<Env>, person: Account) =>
  (JSON.parse(person.roles) as string[])
    .map((name) => {
      const role = c.var.desk.registry.rights.roles.find((each) => each.name === name)
      return role ? c.var.t(role.title) : name
    })
    .join(c.var.lang === 'zh' ? '、' : ', ')

const nobody = (): never => {
  throw new Refusal({ zh: '没有这个登录名', en: 'There is nobody of this name.' }, { kind: 'missing' })
}
