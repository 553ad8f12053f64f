import { drizzle } from 'drizzle-orm/bun-sqlite'
import {
  addAccount,
  disableAccount,
  enableAccount,
  listAccounts,
  resetPassword,
} from '../../server/http/accounts.ts'
import { refuse } from '../../server/kernel/refusal.ts'
import type { Call } from '../call.ts'
import { table } from './table.ts'

/** People who may log in. */
export const user = (call: Call) => call.choose({ add, list, disable, enable, password })

async function add(call: Call) {
  const { store, registry } = call.open
  const name = call.arg(1, 'NAME')
  const roles = (call.flag('role') ?? '').split(',').filter(Boolean)
  const known = registry.rights.roles.map((role) => role.name).filter((role) => role !== 'public')
  const unknown = roles.find((role) => !known.includes(role))
  if (unknown || roles.length === 0)
    refuse({
      zh: `请用 --role 说明角色: ${known.join(', ')}。`,
      en: `Say the role with --role: ${known.join(', ')}.`,
    })
  const made = await addAccount(drizzle(store.db), {
    name,
    title: call.flag('title') ?? name,
    roles,
    division: call.flag('scope') ?? store.node.division,
    entity: call.flag('entity'),
    lang: call.lang,
  })
  call.report({ ...made, oneTime: true }, [
    call.t({
      zh: `已添加 ${made.name},一次性密码 ${made.password}(只显示这一次,首次登录时更换)。`,
      en: `Added ${made.name} with one-time password ${made.password} (shown only now, changed at the first login).`,
    }),
  ])
}

function list(call: Call) {
  const rows = listAccounts(drizzle(call.open.store.db)).map(({ password: _, ...shown }) => ({
    name: shown.name,
    title: shown.title,
    roles: JSON.parse(shown.roles) as string[],
    division: shown.division,
    disabled: shown.disabled === 1,
    created: shown.created,
  }))
  call.report(
    rows,
    table(
      [
        call.t({ zh: '登录名', en: 'Name' }),
        call.t({ zh: '姓名', en: 'Person' }),
        call.t({ zh: '角色', en: 'Roles' }),
        call.t({ zh: '区划', en: 'Division' }),
        '',
      ],
      rows.map((row) => [
        row.name,
        row.title,
        row.roles.join(','),
        row.division,
        row.disabled ? call.t({ zh: '已停用', en: 'disabled' }) : '',
      ]),
    ),
  )
}

function disable(call: Call) {
  const name = call.arg(1, 'NAME')
  disableAccount(drizzle(call.open.store.db), name)
  call.report({ name, disabled: true }, [
    call.t({ zh: `已停用 ${name},其登录立即失效。`, en: `${name} is disabled and logged out everywhere.` }),
  ])
}

function enable(call: Call) {
  const name = call.arg(1, 'NAME')
  enableAccount(drizzle(call.open.store.db), name)
  call.report({ name, disabled: false }, [
    call.t({ zh: `已恢复 ${name}。`, en: `${name} may log in again.` }),
  ])
}

async function password(call: Call) {
  const made = await resetPassword(drizzle(call.open.store.db), call.arg(1, 'NAME'))
  call.report({ ...made, oneTime: true }, [
    call.t({
      zh: `${made.name} 的新一次性密码: ${made.password}(只显示这一次)。`,
      en: `New one-time password of ${made.name}: ${made.password} (shown only now).`,
    }),
  ])
}
