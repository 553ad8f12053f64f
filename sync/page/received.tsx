import type { Context } from 'hono'
import { page } from '../../server/http/layout.tsx'
import type { App, Env } from '../../server/http/module.ts'
import { refuse } from '../../server/kernel/refusal.ts'
import { numberText, timeText } from '../../server/kernel/words.ts'
import { Block } from '../../web/ui/detail.tsx'
import { Notice } from '../../web/ui/notice.tsx'
import { PageHead } from '../../web/ui/page.tsx'
import type { Child } from '../../web/ui/props.ts'
import { Table } from '../../web/ui/table.tsx'
import { Tag } from '../../web/ui/tag.tsx'
import { findPeer } from '../peers.ts'
import { receiptName } from '../receipt.ts'
import {
  asides,
  type Carrier,
  dismissRefused,
  type PackageIn,
  packagesIn,
  retryAsides,
  retryRefused,
} from '../receive.ts'
import { audit, contentText, exchangeAt, Post, SyncTabs, sizeText, syncTitle } from './pieces.tsx'

/** 收到的包: applied ones with their counts; refused ones and acts that stepped aside with their reasons and «再试». */
export function received(app: App) {
  app.get('/sync/received', (c) => draw(c))

  app.post('/sync/received/:pid/again', async (c) => {
    audit(c, 'refused-retried', c.req.param('pid'))
    const again = await retryRefused(exchangeAt(c), Number(c.req.param('pid')))
    const { t } = c.var
    return draw(
      c,
      <Notice tone={again.outcome === 'refused' ? 'warn' : 'good'} live>
        {again.outcome === 'refused'
          ? t(again.reason!)
          : t({ zh: `第 ${again.seq} 号包已入库`, en: `Package ${again.seq} was applied.` })}
      </Notice>,
    )
  })

  app.post('/sync/received/:pid/dismiss', (c) => {
    audit(c, 'refused-dismissed', c.req.param('pid'))
    dismissRefused(exchangeAt(c), Number(c.req.param('pid')))
    return c.redirect('/sync/received', 303)
  })

  app.get('/sync/received/:pid/receipt', (c) => {
    const [row] = packagesIn(exchangeAt(c), 'pid = ?', [Number(c.req.param('pid'))])
    if (!row?.receipt)
      refuse({ zh: '这个包没有回执', en: 'This package has no receipt.' }, { kind: 'missing' })
    const name = receiptName({ peer: row.node, node: c.var.box.store.node.id, seq: row.seq })
    return c.body(JSON.stringify(row.receipt, null, 1), 200, {
      'content-type': 'application/json',
      'content-disposition': `attachment; filename="${name}"`,
    })
  })

  app.post('/sync/aside/again', async (c) => {
    const { id } = await c.req.parseBody()
    audit(c, 'aside-retried', typeof id === 'string' ? id : '*')
    const { applied, left } = retryAsides(exchangeAt(c), typeof id === 'string' && id ? id : undefined)
    return draw(
      c,
      <Notice tone={left > 0 ? 'warn' : 'good'} live>
        {c.var.t({
          zh: `${applied} 条已入库${left > 0 ? `,${left} 条仍不能入库,原因见下` : ''}`,
          en: `${applied} applied${left > 0 ? `; ${left} still cannot be, reasons below` : ''}.`,
        })}
      </Notice>,
    )
  })
}

function draw(c: Context<Env>, notice?: Child) {
  const { t, lang } = c.var
  const exchange = exchangeAt(c)
  const rows = packagesIn(exchange, `state <> 'refused'`, [], 200)
  const refused = packagesIn(exchange, `state = 'refused'`, [], 200)
  const aside = asides(exchange)
  const sender = (node: string) =>
    findPeer(exchange.store, node)?.name ?? (node ? node.slice(0, 8) : t({ zh: '读不出', en: 'Unreadable' }))
  return page(
    c,
    { title: t({ zh: '收到的包', en: 'Packages received' }), here: 'sync' },
    <>
      <PageHead title={t(syncTitle)} />
      <SyncTabs c={c} />
      {notice}
      {refused.length > 0 && (
        <Block id="refused" title={t({ zh: '没有通过检查', en: 'Failed their checks' })}>
          <Table
            t={t}
            id="refused-list"
            caption={t({ zh: '没有通过检查的包', en: 'Packages that failed their checks' })}
            columns={[
              { title: t({ zh: '来自', en: 'From' }) },
              { title: t({ zh: '序号', en: 'No.' }), kind: 'code' },
              { title: t({ zh: '原因', en: 'Reason' }) },
              { title: t({ zh: '时间', en: 'When' }), kind: 'time' },
              { title: t({ zh: '大小', en: 'Size' }), kind: 'number', wide: true },
              { title: '', kind: 'tight' },
            ]}
            rows={refused.map((each) => ({
              id: `${each.pid}`,
              level: 'red' as const,
              cells: [
                sender(each.node),
                each.seq || '',
                each.reason ? t(each.reason) : '',
                timeText(each.settledAt, lang),
                sizeText(each.bytes),
                <span class="sync-acts">
                  <Post
                    c={c}
                    action={`/sync/received/${each.pid}/again`}
                    title={t({ zh: '再试', en: 'Try again' })}
                    small
                  />
                  <Post
                    c={c}
                    action={`/sync/received/${each.pid}/dismiss`}
                    title={t({ zh: '不再提示', en: 'Dismiss' })}
                    look="quiet"
                    small
                  />
                </span>,
              ],
            }))}
            empty={{ text: '' }}
          />
          <p class="hint">
            {t({
              zh: '整包未入库,文件保留在 post/refused,供核对',
              en: 'Nothing of them was applied; the files are kept in post/refused.',
            })}
          </p>
        </Block>
      )}
      {aside.length > 0 && (
        <Block
          id="aside"
          title={t({ zh: '暂时不能入库的操作', en: 'Acts set aside' })}
          more={
            <Post c={c} action="/sync/aside/again" title={t({ zh: '全部再试', en: 'Try all again' })} small />
          }
        >
          <Table
            t={t}
            id="aside-list"
            caption={t({ zh: '暂时不能入库的操作', en: 'Acts set aside' })}
            columns={[
              { title: t({ zh: '来自', en: 'From' }) },
              { title: t({ zh: '操作', en: 'Act' }) },
              { title: t({ zh: '由谁', en: 'By' }) },
              { title: t({ zh: '原因', en: 'Reason' }) },
              { title: t({ zh: '试过', en: 'Tries' }), unit: t({ zh: '次', en: '' }), kind: 'number' },
              { title: '', kind: 'tight' },
            ]}
            rows={aside.map((each) => ({
              id: each.id,
              cells: [
                `${sender(each.node)} ${each.seq}`,
                actText(c, each.name),
                each.act.by ?? each.act.actor,
                t(each.reason),
                each.tries,
                <Post
                  c={c}
                  action="/sync/aside/again"
                  title={t({ zh: '再试', en: 'Try again' })}
                  values={{ id: each.id }}
                  small
                />,
              ],
            }))}
            empty={{ text: '' }}
          />
        </Block>
      )}
      <Block title={t({ zh: '已通过检查', en: 'Passed their checks' })}>
        <Table
          t={t}
          caption={t({ zh: '收到的包', en: 'Packages received' })}
          count={{ n: rows.length }}
          columns={[
            { title: t({ zh: '来自', en: 'From' }) },
            { title: t({ zh: '序号', en: 'No.' }), kind: 'code' },
            { title: t({ zh: '内容', en: 'Content' }) },
            { title: t({ zh: '操作', en: 'Acts' }), unit: t({ zh: '条', en: '' }), kind: 'number' },
            { title: t({ zh: '待定问题', en: 'Questions' }), kind: 'number', wide: true },
            { title: t({ zh: '经由', en: 'By' }), wide: true },
            { title: t({ zh: '入库', en: 'Applied' }), kind: 'time' },
            { title: t({ zh: '回执', en: 'Receipt' }), kind: 'tight' },
          ]}
          rows={rows.map((each) => ({
            id: `${each.pid}`,
            cells: [
              sender(each.node),
              each.seq,
              contentText(c, each.datasets),
              numberText(each.count),
              numberText(each.asked),
              t(carrierWords[each.carrier]),
              each.state === 'applied' ? (
                timeText(each.settledAt, lang)
              ) : (
                <Tag
                  title={t({
                    zh: `正在入库 ${numberText(each.done)}`,
                    en: `Applying, ${numberText(each.done)}`,
                  })}
                  tone="info"
                />
              ),
              receiptCell(c, each),
            ],
          }))}
          empty={{
            text: t({ zh: '还没有收到过数据包', en: 'No package has arrived yet' }),
            act: { title: t({ zh: '从 U 盘导入', en: 'Import from a stick' }), path: '/sync/stick#in' },
          }}
        />
      </Block>
    </>,
  )
}

const carrierWords: Record<Carrier, { zh: string; en: string }> = {
  wire: { zh: '网络', en: 'Wire' },
  pull: { zh: '来取', en: 'Pull' },
  stick: { zh: 'U 盘', en: 'Stick' },
  hand: { zh: '手工', en: 'By hand' },
}

function receiptCell(c: Context<Env>, each: PackageIn): Child {
  if (!each.receipt) return ''
  return (
    <a href={`/sync/received/${each.pid}/receipt`} download>
      {each.told ? c.var.t({ zh: '已送达', en: 'Delivered' }) : c.var.t({ zh: '下载', en: 'Download' })}
    </a>
  )
}

/** 修改地块, from agri.plot.amended; a verb says its own title. */
function actText(c: Context<Env>, name: string): string {
  const { t, desk } = c.var
  const verb = desk.registry.verbs.get(name)
  if (verb) return t(verb.title)
  const dot = name.lastIndexOf('.')
  const spec = desk.registry.datasets.get(name.slice(0, dot))?.spec
  const kind = {
    created: { zh: '新增', en: 'New' },
    amended: { zh: '修改', en: 'Change' },
    withdrawn: { zh: '作废', en: 'Withdraw' },
  }[name.slice(dot + 1)]
  return spec && kind ? `${t(kind)} ${t(spec.title)}` : name
}
