import { desc, lt } from 'drizzle-orm'
import { PageHead } from '../../../web/ui/page.tsx'
import { Table } from '../../../web/ui/table.tsx'
import { audit } from '../../kernel/schema.ts'
import { timeText, type Words } from '../../kernel/words.ts'
import type { Doors } from '../doors.ts'
import { page } from '../layout.tsx'
import type { App } from '../module.ts'
import { needs } from './needs.ts'

/** Who logged in, looked at personal data or took data out. Read only: nobody edits it here. */
export function auditPage(app: App, { db }: Doors) {
  app.get('/system/audit', needs('audit'), (c) => {
    const { t, lang } = c.var
    const before = Number(c.req.query('before')) || Number.MAX_SAFE_INTEGER
    const rows = db
      .select()
      .from(audit)
      .where(lt(audit.aid, before))
      .orderBy(desc(audit.aid))
      .limit(100)
      .all()
    return page(
      c,
      { title: t({ zh: '审计', en: 'Audit' }), here: 'system', wide: true },
      <>
        <PageHead
          title={t({ zh: '审计', en: 'Audit' })}
          note={t({
            zh: '登录、查看个人信息、导出和权限变动,至少保留六个月',
            en: 'Logins, looks at personal data, exports and changes of rights; kept six months at least',
          })}
        />
        <Table
          t={t}
          caption={t({ zh: '审计', en: 'Audit' })}
          columns={[
            { title: t({ zh: '时间', en: 'When' }), kind: 'time' },
            { title: t({ zh: '谁', en: 'Who' }) },
            { title: t({ zh: '做了什么', en: 'What' }) },
            { title: t({ zh: '对象', en: 'About' }), kind: 'code' },
            { title: t({ zh: '说明', en: 'Detail' }) },
            { title: t({ zh: '来自', en: 'From' }), kind: 'code', wide: true },
          ]}
          rows={rows.map((row) => ({
            id: String(row.aid),
            cells: [
              timeText(row.at, lang),
              row.actor,
              doings[row.what] ? t(doings[row.what]!) : row.what,
              row.about ?? '',
              row.detail ?? '',
              row.address ?? '',
            ],
          }))}
          next={rows.length === 100 ? `/system/audit?before=${rows.at(-1)!.aid}` : undefined}
          first={c.req.query('before') ? '/system/audit' : undefined}
          empty={{ text: t({ zh: '还没有记录', en: 'Nothing yet' }) }}
        />
      </>,
    )
  })
}

const doings: Record<string, Words> = {
  'logged-in': { zh: '登录', en: 'Logged in' },
  'logged-out': { zh: '退出', en: 'Logged out' },
  'login-refused': { zh: '登录失败', en: 'Login refused' },
  'login-waits': { zh: '登录被暂停', en: 'Login waits' },
  looked: { zh: '查看完整个人信息', en: 'Saw personal data' },
  exported: { zh: '导出', en: 'Exported' },
  imported: { zh: '导入', en: 'Imported' },
  redacted: { zh: '抹除内容', en: 'Removed for good' },
  'person-added': { zh: '添加人员', en: 'Added a person' },
  'person-changed': { zh: '修改人员', en: 'Changed a person' },
  'person-disabled': { zh: '停用人员', en: 'Disabled a person' },
  'person-enabled': { zh: '恢复人员', en: 'Enabled a person' },
  'password-reset': { zh: '重置密码', en: 'Reset a password' },
  'password-changed': { zh: '更换密码', en: 'Changed a password' },
  'token-added': { zh: '签发令牌', en: 'Issued a token' },
  'token-disabled': { zh: '停用令牌', en: 'Disabled a token' },
}
