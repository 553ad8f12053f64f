import type { Context } from 'hono'
import { page } from '../../server/http/layout.tsx'
import type { App, Env } from '../../server/http/module.ts'
import { refuse } from '../../server/kernel/refusal.ts'
import { numberText, timeText } from '../../server/kernel/words.ts'
import { PageHead } from '../../web/ui/page.tsx'
import { Table } from '../../web/ui/table.tsx'
import { Tabs } from '../../web/ui/tabs.tsx'
import { cutAgain, cutPackages, type PackageOut, packageOut, packagesFor } from '../cut.ts'
import { listPeers, mustFindPeer } from '../peers.ts'
import { sendAgain } from '../wire.ts'
import {
  audit,
  contentText,
  exchangeAt,
  PackageFate,
  Post,
  SyncTabs,
  sizeText,
  syncTitle,
} from './pieces.tsx'

/** 发出的包: each with what is in it, how far it has come, and what a person can do about it. */
export function sent(app: App) {
  app.get('/sync/sent', draw)

  app.get('/sync/sent/:node/:file', async (c) => {
    const exchange = exchangeAt(c)
    const found = packageOut(
      exchange,
      c.req.param('node'),
      Number(/(\d{8})\.xhp$/.exec(c.req.param('file'))?.[1]),
    )
    const file = found && Bun.file(found.path)
    if (!found || !file || !(await file.exists()))
      refuse(
        { zh: '没有这个包,可能已重新打包', en: 'There is no such package; it may have been cut again.' },
        { kind: 'missing' },
      )
    audit(c, 'package-taken', found.file)
    exchange.store.db
      .query(
        `update package_out set state = 'sent', sent_at = ?, carrier = 'stick' where peer = ? and seq = ? and state = 'waiting'`,
      )
      .run(exchange.store.moment(), found.peer, found.seq)
    return new Response(file.stream(), {
      headers: {
        'content-type': 'application/x-tar',
        'content-length': String(found.bytes),
        'content-disposition': `attachment; filename="${found.file}"`,
      },
    })
  })

  app.post('/sync/sent/:node/cut', async (c) => {
    audit(c, 'packages-cut', c.req.param('node'))
    await cutPackages(exchangeAt(c), c.req.param('node'))
    return c.redirect(`/sync/sent?peer=${c.req.param('node')}`, 303)
  })

  app.post('/sync/sent/:node/:seq/again', async (c) => {
    const { node, seq } = c.req.param()
    audit(c, 'package-sent-again', `${node} ${seq}`)
    sendAgain(exchangeAt(c), node, Number(seq))
    return c.redirect(`/sync/sent?peer=${node}`, 303)
  })

  app.post('/sync/sent/:node/:seq/cut', async (c) => {
    const { node, seq } = c.req.param()
    audit(c, 'package-cut-again', `${node} ${seq}`)
    await cutAgain(exchangeAt(c), node, Number(seq))
    return c.redirect(`/sync/sent?peer=${node}`, 303)
  })
}

function draw(c: Context<Env>) {
  const { t, lang } = c.var
  const exchange = exchangeAt(c)
  const peers = listPeers(exchange.store)
  const peer = c.req.query('peer') ? mustFindPeer(exchange.store, c.req.query('peer')!) : peers[0]
  const packages = peer ? packagesFor(exchange, peer.node, 200) : []
  const number = (each: PackageOut) => (
    <a href={`/sync/sent/${each.peer}/${each.file}`} download>{`${each.seq}`}</a>
  )
  return page(
    c,
    { title: t({ zh: '发出的包', en: 'Packages sent' }), here: 'sync' },
    <>
      <PageHead title={t(syncTitle)} />
      <SyncTabs c={c} />
      {peers.length > 1 && (
        <Tabs
          t={t}
          here={`/sync/sent?peer=${peer?.node}`}
          tabs={peers.map((each) => ({ title: each.name, path: `/sync/sent?peer=${each.node}` }))}
        />
      )}
      <Table
        t={t}
        caption={t({ zh: '发出的包', en: 'Packages sent' })}
        count={{ n: packages.length }}
        acts={
          peer &&
          !peer.disabled && (
            <Post
              c={c}
              action={`/sync/sent/${peer.node}/cut`}
              title={t({ zh: '现在打包', en: 'Cut now' })}
              small
            />
          )
        }
        columns={[
          { title: t({ zh: '序号', en: 'No.' }), kind: 'code' },
          { title: t({ zh: '状态', en: 'State' }) },
          { title: t({ zh: '内容', en: 'Content' }) },
          { title: t({ zh: '操作', en: 'Acts' }), unit: t({ zh: '条', en: '' }), kind: 'number' },
          { title: t({ zh: '大小', en: 'Size' }), kind: 'number', wide: true },
          { title: t({ zh: '打包', en: 'Cut' }), kind: 'time', wide: true },
          { title: t({ zh: '结果', en: 'Outcome' }), kind: 'time' },
          { title: '', kind: 'tight' },
        ]}
        rows={packages.map((each) => ({
          id: `${each.seq}`,
          level: each.state === 'refused' ? ('red' as const) : undefined,
          cells: [
            number(each),
            <PackageFate t={t} state={each.state} />,
            contentText(c, each.datasets) || t({ zh: '附件或监测数据', en: 'Attachments or readings' }),
            numberText(each.count),
            sizeText(each.bytes),
            timeText(each.cutAt, lang),
            outcomeText(c, each),
            each.state === 'refused' || (each.state !== 'imported' && each.reason) ? (
              <span class="sync-acts">
                <Post
                  c={c}
                  action={`/sync/sent/${each.peer}/${each.seq}/again`}
                  title={t({ zh: '再试', en: 'Try again' })}
                  small
                />
                <Post
                  c={c}
                  action={`/sync/sent/${each.peer}/${each.seq}/cut`}
                  title={t({ zh: '重新打包', en: 'Cut again' })}
                  look="quiet"
                  small
                />
              </span>
            ) : (
              ''
            ),
          ],
        }))}
        empty={{
          text: t({
            zh: '还没有打过包;线路接通、对方来取或导出到 U 盘时自动打包',
            en: 'Nothing was cut yet; packages are cut when the line answers, the peer fetches, or a stick is filled',
          }),
        }}
      />
    </>,
  )
}

function outcomeText(c: Context<Env>, each: PackageOut): string {
  const { t, lang } = c.var
  if (each.reason && each.state !== 'imported') return t(each.reason)
  if (each.state === 'imported') {
    const receipt = each.receipt as { counts?: { questions: number; aside: number } } | undefined
    const more = receipt?.counts
      ? [
          receipt.counts.questions > 0 &&
            t({ zh: `${receipt.counts.questions} 个待定问题`, en: `${receipt.counts.questions} questions` }),
          receipt.counts.aside > 0 &&
            t({
              zh: `${receipt.counts.aside} 条对方暂不能入库`,
              en: `${receipt.counts.aside} set aside there`,
            }),
        ].filter(Boolean)
      : []
    return [timeText(each.settledAt, lang), ...more].join(t({ zh: ',', en: ', ' }))
  }
  return timeText(each.receivedAt ?? each.sentAt, lang)
}
