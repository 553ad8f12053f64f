import type { Context } from 'hono'
import { Facts } from '../../../web/ui/detail.tsx'
import { Notice } from '../../../web/ui/notice.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { numberText, timeText } from '../../kernel/words.ts'
import { page } from '../layout.tsx'
import type { App, Env } from '../module.ts'

/** What waits, what was sent, received and imported, for people who may look at the line but not tend it (`/sync`). */
export const linePages = (app: App) => app.get('/line/detail', showLine)

function showLine(c: Context<Env>) {
  const { t, lang, box } = c.var
  const line = box.line.state()
  return page(
    c,
    { title: t({ zh: '与上级同步', en: 'Line to the tier above' }), here: 'sync' },
    <>
      <PageHead title={t({ zh: '与上级同步', en: 'Line to the tier above' })} />
      {!line.peer && (
        <Notice tone="info">
          {t({
            zh: '还没有登记上级节点,数据只保存在本机。管理员可用 xianhe peer add 登记。',
            en: 'No upper node is registered; data stay on this box. An administrator registers one with xianhe peer add.',
          })}
        </Notice>
      )}
      {line.downSince && (
        <Notice
          tone="warn"
          title={t({
            zh: `线路自 ${timeText(line.downSince, lang)} 起不通`,
            en: `The line is down since ${timeText(line.downSince, lang)}`,
          })}
        >
          {t({
            zh: '数据都在本机,线路恢复后自动补送;急用时可导出数据包用 U 盘送达。',
            en: 'Everything is kept here and goes by itself when the line is back; a package on a stick works meanwhile.',
          })}
        </Notice>
      )}
      <Facts
        t={t}
        facts={[
          { label: t({ zh: '上级节点', en: 'Upper node' }), value: line.peer },
          {
            label: t({ zh: '最近确认', en: 'Last confirmed' }),
            value: line.confirmedAt && timeText(line.confirmedAt, lang),
          },
          {
            label: t({ zh: '待打包', en: 'Not yet packed' }),
            value: numberText(line.waiting),
            unit: t({ zh: '条', en: 'acts' }),
            kind: 'number',
          },
          {
            label: t({ zh: '已发出', en: 'Sent' }),
            value: numberText(line.sent),
            unit: t({ zh: '包', en: 'packages' }),
            kind: 'number',
          },
          {
            label: t({ zh: '上级已收', en: 'Received above' }),
            value: numberText(line.received),
            unit: t({ zh: '包', en: 'packages' }),
            kind: 'number',
          },
          {
            label: t({ zh: '上级已入库', en: 'Imported above' }),
            value: numberText(line.imported),
            unit: t({ zh: '包', en: 'packages' }),
            kind: 'number',
          },
        ]}
      />
    </>,
  )
}
