import { drizzle } from 'drizzle-orm/bun-sqlite'
import { addToken, disableToken, listTokens } from '../../server/http/accounts.ts'
import { refuse } from '../../server/kernel/refusal.ts'
import type { Call } from '../call.ts'
import { table } from './table.ts'

/** Programs that use the API on behalf of an account. */
export const token = (call: Call) => call.choose({ add, list, disable })

function add(call: Call) {
  const name = call.arg(1, 'NAME')
  const account =
    call.flag('account') ??
    refuse({ zh: '请用 --account 说明代表哪个账号。', en: 'Say with --account for whom it acts.' })
  const made = addToken(drizzle(call.open.store.db), {
    name,
    account,
    days: call.has('days') ? call.number('days', 0) : undefined,
  })
  call.report(made, [
    call.t({ zh: `令牌 ${made.name}: ${made.token}`, en: `Token ${made.name}: ${made.token}` }),
    call.t({ zh: '只显示这一次,请妥善保存。', en: 'Shown only now; keep it safe.' }),
  ])
}

function list(call: Call) {
  const rows = listTokens(drizzle(call.open.store.db)).map(({ hash: _, ...row }) => ({
    ...row,
    disabled: row.disabled === 1,
  }))
  call.report(
    rows,
    table(
      [
        call.t({ zh: '名称', en: 'Name' }),
        call.t({ zh: '账号', en: 'Account' }),
        call.t({ zh: '到期', en: 'Expires' }),
        call.t({ zh: '最近使用', en: 'Last used' }),
        '',
      ],
      rows.map((row) => [
        row.name,
        row.account,
        row.expires?.slice(0, 10) ?? '-',
        row.seen?.slice(0, 16) ?? '-',
        row.disabled ? call.t({ zh: '已停用', en: 'disabled' }) : '',
      ]),
    ),
  )
}

function disable(call: Call) {
  const name = call.arg(1, 'NAME')
  disableToken(drizzle(call.open.store.db), name)
  call.report({ name, disabled: true }, [
    call.t({ zh: `令牌 ${name} 已停用。`, en: `Token ${name} no longer opens anything.` }),
  ])
}
