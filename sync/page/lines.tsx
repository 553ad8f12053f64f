import type { Context } from 'hono'
import { page } from '../../server/http/layout.tsx'
import type { App, Env } from '../../server/http/module.ts'
import { numberText, timeText } from '../../server/kernel/words.ts'
import { Button } from '../../web/ui/button.tsx'
import { Block } from '../../web/ui/detail.tsx'
import { Empty, Notice } from '../../web/ui/notice.tsx'
import { NumberCard, Numbers } from '../../web/ui/number.tsx'
import { PageHead } from '../../web/ui/page.tsx'
import type { Child } from '../../web/ui/props.ts'
import { Tag } from '../../web/ui/tag.tsx'
import type { Peer } from '../peers.ts'
import { findPeer, listPeers } from '../peers.ts'
import { fateOf, troubles, waitingFor } from '../state.ts'
import { type Exchanged, exchangeAll } from '../wire.ts'
import { audit, contentText, exchangeAt, Post, SyncTabs, syncTitle } from './pieces.tsx'

/** 线路: each peer, how far everything for it has come, and the button that tries now. */
export function lines(app: App) {
  app.get('/sync', (c) => draw(c))

  app.post('/sync/now', async (c) => {
    const exchange = exchangeAt(c)
    const { peer } = await c.req.parseBody()
    audit(c, 'synced', typeof peer === 'string' && peer ? peer : '*')
    // A thin line may take longer than a person waits: the round goes on, and the page says so.
    const rounds = await Promise.race([
      exchangeAll(exchange, typeof peer === 'string' && peer ? peer : undefined),
      Bun.sleep(8000).then(() => undefined),
    ])
    return draw(c, <Outcome c={c} rounds={rounds} />)
  })

  app.post('/sync/peers/:node/seen', (c) => {
    const exchange = exchangeAt(c)
    exchange.store.db.query('update peer set note = null where node = ?').run(c.req.param('node'))
    audit(c, 'peer-note-seen', c.req.param('node'))
    return c.redirect('/sync', 303)
  })
}

function draw(c: Context<Env>, notice?: Child) {
  const { t } = c.var
  const exchange = exchangeAt(c)
  const peers = listPeers(exchange.store)
  const callable = peers.some((peer) => peer.address && peer.token && !peer.disabled)
  return page(
    c,
    { title: t(syncTitle), here: 'sync' },
    <>
      <PageHead
        title={t(syncTitle)}
        note={t({
          zh: '网络、对方来取、U 盘送的是同一种数据包;只有对方开出的回执才算入库',
          en: 'Wire, pull and stick carry the same packages; only the receiver’s receipt makes one imported',
        })}
      >
        {callable && (
          <Post c={c} action="/sync/now" title={t({ zh: '立即同步', en: 'Sync now' })} look="main" />
        )}
      </PageHead>
      <SyncTabs c={c} />
      <div class="sync-notices">
        {notice}
        {troubles(exchange).map((each) => (
          <Notice tone="warn">
            <a href={each.path}>{t(each.words)}</a>
          </Notice>
        ))}
      </div>
      {peers.length === 0 && (
        <Empty
          icon="sync"
          text={t({
            zh: '还没有登记对方节点,数据都在本机',
            en: 'No peer is registered; all data is on this box',
          })}
          act={{ title: t({ zh: '登记节点', en: 'Register a peer' }), path: '/sync/peers' }}
        />
      )}
      {peers.map((peer) => (
        <PeerLine c={c} peer={peer} alone={peers.length === 1} />
      ))}
    </>,
  )
}

function PeerLine({ c, peer, alone }: { c: Context<Env>; peer: Peer; alone: boolean }) {
  const { t, lang } = c.var
  const exchange = exchangeAt(c)
  const fate = fateOf(exchange, peer)
  const waiting = fate.uncut + fate.waitingActs
  const sentPath = `/sync/sent?peer=${peer.node}`
  const packages = t({ zh: '包', en: 'packages' })
  const questions =
    peer.relation === 'upper' ? exchange.store.look.find('kernel.question', { state: 'open' }, 100).length : 0
  return (
    <Block
      id={peer.node}
      title={peer.name}
      more={
        <span class="actions">
          <Tag title={t(relationWords[peer.relation])} />
          <LineTag c={c} peer={peer} />
        </span>
      }
    >
      <div class="sync-notices">
        {peer.note && (
          <Notice tone="warn">
            <p>{t(peer.note)}</p>
            <Post
              c={c}
              action={`/sync/peers/${peer.node}/seen`}
              title={t({ zh: '已核对', en: 'Checked' })}
              small
            />
          </Notice>
        )}
        {peer.downSince && (
          <Notice
            tone="warn"
            title={t({
              zh: `线路自 ${timeText(peer.downSince, lang)} 起不通`,
              en: `The line is down since ${timeText(peer.downSince, lang)}`,
            })}
          >
            {t({
              zh: `数据都在本机,接通后自动补送;急用可走 U 盘。原因:${peer.fault?.zh ?? '没有答复'}。${peer.tryAt ? `${timeText(peer.tryAt, lang)} 再试。` : ''}`,
              en: `Everything is kept here and goes by itself when the line is back; a stick works meanwhile. Cause: ${peer.fault?.en ?? 'no answer'}. ${peer.tryAt ? `Next try ${timeText(peer.tryAt, lang)}.` : ''}`,
            })}
          </Notice>
        )}
      </div>
      <Numbers>
        <NumberCard
          t={t}
          title={t({ zh: '待发', en: 'Waiting' })}
          value={numberText(waiting)}
          unit={t({ zh: '条', en: 'acts' })}
          path={sentPath}
          level={waiting > 0 && peer.downSince ? 'yellow' : undefined}
          meaning={t({ zh: '还没有离开本机的操作', en: 'Acts that have not left this box' })}
        />
        <NumberCard
          t={t}
          title={t({ zh: '已发出,未确认', en: 'Sent, unconfirmed' })}
          value={numberText(fate.sent)}
          unit={packages}
          path={sentPath}
          meaning={t({ zh: '已上路,对方还没有答复', en: 'On their way; no answer yet' })}
        />
        <NumberCard
          t={t}
          title={t({ zh: '对方已收,未入库', en: 'Received, not imported' })}
          value={numberText(fate.received)}
          unit={packages}
          path={sentPath}
        />
        <NumberCard
          t={t}
          title={t({ zh: '对方已入库', en: 'Imported' })}
          value={numberText(fate.imported)}
          unit={packages}
          path={sentPath}
          asOf={peer.confirmedAt && timeText(peer.confirmedAt, lang)}
        />
        {fate.refused > 0 && (
          <NumberCard
            t={t}
            title={t({ zh: '被拒收', en: 'Refused' })}
            value={numberText(fate.refused)}
            unit={packages}
            path={sentPath}
            level="red"
          />
        )}
        {questions > 0 && (
          <NumberCard
            t={t}
            title={t({ zh: '待定问题', en: 'Open questions' })}
            value={numberText(questions)}
            unit={t({ zh: '个', en: '' })}
            path="/d/kernel.question"
            level="yellow"
          />
        )}
      </Numbers>
      {fate.uncut > 0 && (
        <p class="hint sync-waiting">
          {t({ zh: '待发内容:', en: 'Waiting: ' })}
          {contentText(c, waitingFor(exchange, peer))}
        </p>
      )}
      <div class="actions sync-waiting">
        {!alone && peer.address && peer.token && !peer.disabled && (
          <Post
            c={c}
            action="/sync/now"
            title={t({ zh: '立即同步', en: 'Sync now' })}
            values={{ peer: peer.node }}
          />
        )}
        <Button
          title={t({ zh: '导出到 U 盘', en: 'Export to a stick' })}
          path={`/sync/stick?peer=${peer.node}`}
          icon="download"
        />
        <Button
          title={t({ zh: '从 U 盘导入', en: 'Import from a stick' })}
          path="/sync/stick#in"
          icon="upload"
        />
      </div>
    </Block>
  )
}

function LineTag({ c, peer }: { c: Context<Env>; peer: Peer }) {
  const { t, lang } = c.var
  if (peer.disabled) return <Tag title={t({ zh: '已停用', en: 'Disabled' })} />
  if (peer.downSince) return <Tag tone="warn" icon="offline" title={t({ zh: '断线', en: 'Down' })} />
  if (!peer.address || !peer.token)
    return <Tag icon="device" title={t({ zh: '对方来取或走 U 盘', en: 'Pulled, or by stick' })} />
  if (!peer.answeredAt) return <Tag title={t({ zh: '还没有联系过', en: 'Not called yet' })} />
  return (
    <Tag
      tone="good"
      icon="done"
      title={t({
        zh: `${timeText(peer.answeredAt, lang)} 答复正常`,
        en: `Answered ${timeText(peer.answeredAt, lang)}`,
      })}
    />
  )
}

export const relationWords: Record<Peer['relation'], { zh: string; en: string }> = {
  upper: { zh: '上级', en: 'Above' },
  lower: { zh: '下级', en: 'Below' },
  side: { zh: '同级', en: 'Beside' },
}

function Outcome({ c, rounds }: { c: Context<Env>; rounds: Exchanged[] | undefined }) {
  const { t } = c.var
  if (!rounds)
    return (
      <Notice tone="info" live>
        {t({
          zh: '正在同步,内容较多或线路较慢;可以离开本页,稍后再看',
          en: 'Syncing; it takes a while on this line. You may leave the page and look again later.',
        })}
      </Notice>
    )
  return (
    <>
      {rounds.map((round) => (
        <Notice tone={round.fault ? 'warn' : 'good'} live>
          {round.fault
            ? t({ zh: `${round.name}:${round.fault.zh}`, en: `${round.name}: ${round.fault.en}` })
            : t({
                zh: `${findPeer(exchangeAt(c).store, round.peer)?.name ?? round.name}:发出 ${round.pushed} 包,确认入库 ${round.confirmed} 包,收取 ${round.pulled} 包${round.refused ? `,拒收 ${round.refused} 包` : ''}`,
                en: `${round.name}: ${round.pushed} sent, ${round.confirmed} confirmed, ${round.pulled} fetched${round.refused ? `, ${round.refused} refused` : ''}`,
              })}
        </Notice>
      ))}
    </>
  )
}
