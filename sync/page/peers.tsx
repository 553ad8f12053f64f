import type { Context } from 'hono'
import { page } from '../../server/http/layout.tsx'
import type { App, Env } from '../../server/http/module.ts'
import { sectionsOf } from '../../server/http/records/fill-form.tsx'
import { choice, long, text } from '../../server/kernel/fields.ts'
import { Refusal } from '../../server/kernel/refusal.ts'
import { qrSvg } from '../../web/qr.ts'
import { Button } from '../../web/ui/button.tsx'
import { Block, Facts } from '../../web/ui/detail.tsx'
import { Form } from '../../web/ui/form.tsx'
import { type Fault, Notice } from '../../web/ui/notice.tsx'
import { PageHead } from '../../web/ui/page.tsx'
import type { Child } from '../../web/ui/props.ts'
import { Table } from '../../web/ui/table.tsx'
import { Tag } from '../../web/ui/tag.tsx'
import type { Exchange } from '../exchange.ts'
import type { Policy } from '../manifest.ts'
import {
  addPeer,
  connectPeer,
  disablePeer,
  listPeers,
  mayNotKnow,
  mustFindPeer,
  ownCard,
  type Peer,
  readCard,
  renewSecret,
  setPolicy,
  setSignature,
} from '../peers.ts'
import { type PublicKey, readAlgorithm } from '../seal.ts'
import { relationWords } from './lines.tsx'
import { audit, exchangeAt, Post, SyncTabs, syncTitle } from './pieces.tsx'

/** 节点与名片: our card for the other side, theirs for us, and what leaves for each. */
export function peers(app: App) {
  app.get('/sync/peers', (c) => draw(c))

  app.get('/sync/card.json', (c) => {
    const card = ownCardOf(c, exchangeAt(c))
    return c.body(JSON.stringify(card, null, 1), 200, {
      'content-type': 'application/json',
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(`${card.name}-${card.node.slice(-8)}.card.json`)}`,
    })
  })

  app.post('/sync/peers', async (c) => {
    const { t } = c.var
    const exchange = exchangeAt(c)
    const values = await typed(c)
    try {
      const { peer, secret } = addPeer(exchange.store, {
        card: readCard(values.card ?? ''),
        token: values.token || undefined,
        address: values.address || undefined,
        policy: policyOf(values),
        signature: values.signature ? readAlgorithm(values.signature) : undefined,
      })
      audit(c, 'peer-added', peer.node, peer.name)
      exchange.changed()
      return draw(c, {}, [], <Secret c={c} peer={peer} secret={secret} />)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return draw(c, values, [{ field: error.field ?? 'card', text: t(error.words) }])
    }
  })

  app.get('/sync/peers/:node', (c) => drawOne(c))

  app.post('/sync/peers/:node', async (c) => {
    const exchange = exchangeAt(c)
    const values = await typed(c)
    const node = c.req.param('node')
    try {
      const signature = values.signature ? readAlgorithm(values.signature) : undefined
      setPolicy(exchange.store, node, policyOf(values))
      if (signature) setSignature(exchange.store, node, signature)
      connectPeer(exchange.store, node, {
        token: values.token || undefined,
        address: values.address || undefined,
      })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return drawOne(c, values, [{ field: error.field, text: c.var.t(error.words) }])
    }
    audit(c, 'peer-changed', node, JSON.stringify({ ...policyOf(values), signature: values.signature }))
    return c.redirect(`/sync/peers/${node}?said=amended`, 303)
  })

  app.post('/sync/peers/:node/secret', (c) => {
    const { peer, secret } = renewSecret(exchangeAt(c).store, c.req.param('node'))
    audit(c, 'peer-secret-renewed', peer.node)
    return drawOne(c, undefined, [], <Secret c={c} peer={peer} secret={secret} />)
  })

  for (const [path, disabled] of [
    ['disable', true],
    ['enable', false],
  ] as const) {
    app.post(`/sync/peers/:node/${path}`, (c) => {
      const peer = disablePeer(exchangeAt(c).store, c.req.param('node'), disabled)
      audit(c, disabled ? 'peer-disabled' : 'peer-enabled', peer.node)
      exchangeAt(c).changed()
      return c.redirect(`/sync/peers/${peer.node}?said=amended`, 303)
    })
  }
}

async function draw(
  c: Context<Env>,
  values: Record<string, string | undefined> = {},
  faults: Fault[] = [],
  notice?: Child,
) {
  const { t } = c.var
  const exchange = exchangeAt(c)
  const card = ownCardOf(c, exchange)
  return page(
    c,
    {
      title: t({ zh: '节点与名片', en: 'Peers and card' }),
      here: 'sync',
      ...(faults.length > 0 && { status: 422 as const }),
    },
    <>
      <PageHead title={t(syncTitle)} />
      <SyncTabs c={c} />
      {notice}
      <Table
        t={t}
        caption={t({ zh: '已登记的节点', en: 'Registered peers' })}
        columns={[
          { title: t({ zh: '名称', en: 'Name' }) },
          { title: t({ zh: '关系', en: 'Relation' }) },
          { title: t({ zh: '区划', en: 'Division' }), kind: 'code' },
          { title: t({ zh: '地址', en: 'Address' }) },
          { title: t({ zh: '密钥编号', en: 'Key id' }), kind: 'code', wide: true },
          { title: t({ zh: '状态', en: 'State' }) },
        ]}
        rows={listPeers(exchange.store).map((peer) => ({
          id: peer.node,
          path: `/sync/peers/${peer.node}`,
          faded: peer.disabled,
          cells: [
            peer.name,
            t(relationWords[peer.relation]),
            peer.division,
            peer.address ?? t({ zh: '对方来取或走 U 盘', en: 'Pulled, or by stick' }),
            <KeyIds keys={peer.keys} />,
            peer.disabled ? (
              <Tag title={t({ zh: '已停用', en: 'Disabled' })} />
            ) : (
              <Tag tone="good" title={t({ zh: '启用', en: 'In use' })} />
            ),
          ],
        }))}
        empty={{
          text: t({
            zh: '还没有登记节点:先把本机名片交给对方,再登记对方的名片',
            en: 'No peer yet: hand over this box’s card, then add theirs',
          }),
        }}
      />
      <Block title={t({ zh: '登记对方节点', en: 'Add a peer' })}>
        <Form
          t={t}
          action="/sync/peers"
          csrf={c.var.csrf}
          faults={faults}
          sections={await sectionsOf(c, addSpecs, { personal: 'mask', signature: 'Ed25519', ...values })}
          submit={t({ zh: '登记', en: 'Add' })}
        />
      </Block>
      <Block
        title={t({ zh: '本机名片', en: 'This box’s card' })}
        more={
          <Button
            title={t({ zh: '下载名片', en: 'Download the card' })}
            path="/sync/card.json"
            icon="download"
            more={{ download: '' }}
          />
        }
      >
        <div class="sync-card">
          <div class="sync-card-code">
            {qrSvg(JSON.stringify(card), {
              title: t({ zh: '本机名片', en: 'This box’s card' }),
              correction: 'L',
            })}
          </div>
          <Facts
            t={t}
            facts={[
              { label: t({ zh: '名称', en: 'Name' }), value: card.name },
              { label: t({ zh: '区划', en: 'Division' }), value: card.division, kind: 'code' },
              { label: t({ zh: '节点编号', en: 'Node' }), value: card.node, kind: 'code', wide: true },
              {
                label: t({ zh: '密钥编号(与对方当面核对)', en: 'Key id (compare it with them)' }),
                value: <KeyIds keys={card.keys} />,
                kind: 'code',
                wide: true,
              },
              { label: t({ zh: '地址', en: 'Address' }), value: card.address, wide: true },
            ]}
          />
        </div>
      </Block>
    </>,
  )
}

async function drawOne(
  c: Context<Env>,
  values?: Record<string, string | undefined>,
  faults: Fault[] = [],
  notice?: Child,
) {
  const { t } = c.var
  const exchange = exchangeAt(c)
  const peer = mustFindPeer(exchange.store, c.req.param('node') ?? '')
  const opening = values ?? {
    address: peer.address,
    signature: peer.signature,
    personal: peer.policy.personal,
    readings: peer.policy.readings,
    files: peer.policy.files ? 'yes' : 'no',
    datasets: peer.policy.datasets.join('\n'),
  }
  return page(
    c,
    {
      title: peer.name,
      here: 'sync',
      crumbs: [{ title: t({ zh: '节点与名片', en: 'Peers and card' }), path: '/sync/peers' }],
      ...(faults.length > 0 && { status: 422 as const }),
    },
    <>
      <PageHead title={peer.name} note={`${t(relationWords[peer.relation])} · ${peer.division}`}>
        <Post
          c={c}
          action={`/sync/peers/${peer.node}/secret`}
          title={t({ zh: '换新令牌', en: 'Renew the token' })}
        />
        <Post
          c={c}
          action={`/sync/peers/${peer.node}/${peer.disabled ? 'enable' : 'disable'}`}
          title={peer.disabled ? t({ zh: '恢复启用', en: 'Enable' }) : t({ zh: '停用', en: 'Disable' })}
          look={peer.disabled ? 'plain' : 'danger'}
        />
      </PageHead>
      {notice}
      {peer.note && <Notice tone="warn">{t(peer.note)}</Notice>}
      {mayNotKnow(peer) && (
        <Notice tone="warn">
          {t({
            zh: `「${peer.name}」的名片里没有 ${peer.signature} 公钥,对方可能还不认识这种签名。请确认对方已升级,并已登记本机的新名片;否则它会拒收,写明“密钥不在已登记的密钥中”。`,
            en: `The card of ${peer.name} has no ${peer.signature} key; they may not know such signatures yet. Make sure that they have upgraded and added this box's new card; otherwise they refuse packages, saying that the key is not registered.`,
          })}
        </Notice>
      )}
      <Facts
        t={t}
        facts={[
          { label: t({ zh: '节点编号', en: 'Node' }), value: peer.node, kind: 'code' },
          {
            label: t({ zh: '密钥编号', en: 'Key id' }),
            value: <KeyIds keys={peer.keys} />,
            kind: 'code',
          },
          { label: t({ zh: '数据库编号', en: 'Database' }), value: peer.database, kind: 'code' },
          { label: t({ zh: '可代表的数据集', en: 'May send' }), value: peer.accepts.join(' ') },
        ]}
      />
      <Block title={t({ zh: '线路与共享范围', en: 'Line and what leaves' })}>
        <Form
          t={t}
          action={`/sync/peers/${peer.node}`}
          csrf={c.var.csrf}
          faults={faults}
          sections={await sectionsOf(c, lineSpecs, opening)}
          submit={t({ zh: '保存', en: 'Save' })}
          cancel={{ title: t({ zh: '返回', en: 'Back' }), path: '/sync/peers' }}
        />
      </Block>
    </>,
  )
}

/** Which key is whose is compared by voice: each on its line, with its algorithm. */
function KeyIds({ keys }: { keys: PublicKey[] }) {
  return (
    <>
      {keys.map((key) => (
        <div class="sync-key">
          <span>{key.alg}</span> {key.id}
        </div>
      ))}
    </>
  )
}

function Secret({ c, peer, secret }: { c: Context<Env>; peer: Peer; secret: string }) {
  const { t } = c.var
  return (
    <Notice
      tone="good"
      title={t({ zh: `「${peer.name}」访问本机的令牌`, en: `The token ${peer.name} calls this box with` })}
    >
      <p class="secret">
        <code>{secret}</code>
      </p>
      <p>{t({ zh: '只显示这一次,请现在交给对方。', en: 'It is shown this once: hand it over now.' })}</p>
    </Notice>
  )
}

const lineSpecs = {
  address: text({ zh: '对方地址', en: 'Address' })
    .longest(300)
    .optional()
    .hint(
      '如 https://10.43.9.2;对方来取或走 U 盘时不填',
      'Such as https://10.43.9.2; empty when they fetch, or by stick',
    ).spec,
  token: text({ zh: '对方给的令牌', en: 'Token they gave' })
    .longest(200)
    .optional()
    .hint('不填则保留原来的', 'Kept as it is when empty').spec,
  signature: choice(
    { zh: '签名算法', en: 'Signature' },
    {
      Ed25519: { zh: 'Ed25519(国际通用)', en: 'Ed25519' },
      'SM2-SM3': { zh: '国密 SM2,摘要 SM3', en: 'SM2 with SM3 (国密)' },
    },
  ).hint(
    '对方要求国密时选 SM2;先把本机的新名片交给对方登记。以后打的包和回执用它签名,已打好的包不变',
    'SM2 where their rules ask for 国密; hand them this box’s new card first. What is cut from now on is signed so, what is cut already stays as it is',
  ).spec,
  personal: choice(
    { zh: '个人信息', en: 'Personal data' },
    {
      mask: { zh: '遮蔽后发送(138****5678)', en: 'Masked (138****5678)' },
      hide: { zh: '不发送', en: 'Left out' },
      whole: { zh: '完整发送', en: 'Whole' },
    },
  ).spec,
  readings: choice(
    { zh: '监测数据', en: 'Readings' },
    {
      none: { zh: '不发送', en: 'None' },
      hourly: { zh: '小时汇总', en: 'Hourly' },
      raw: { zh: '原始数据', en: 'Raw' },
    },
  ).spec,
  files: choice(
    { zh: '附件', en: 'Attachments' },
    { yes: { zh: '发送', en: 'Sent' }, no: { zh: '不发送', en: 'Left out' } },
  ).spec,
  datasets: long({ zh: '数据集', en: 'Datasets' }).hint(
    '每行一个,* 表示全部,agri.* 表示一类',
    'One a line; * for all, agri.* for a family',
  ).spec,
}
const { datasets: _, files: __, readings: ___, ...lineBasics } = lineSpecs
const addSpecs = {
  card: long({ zh: '对方名片', en: 'Their card' }).hint(
    '粘贴对方「本机名片」的全部文字',
    'Paste the whole text of their card',
  ).spec,
  ...lineBasics,
}

async function typed(c: Context<Env>): Promise<Record<string, string | undefined>> {
  const posted = await c.req.parseBody()
  return Object.fromEntries(
    Object.entries(posted).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.trim() : undefined,
    ]),
  )
}

const policyOf = (values: Record<string, string | undefined>): Partial<Policy> => ({
  personal: (values.personal || undefined) as Policy['personal'] | undefined,
  readings: (values.readings || undefined) as Policy['readings'] | undefined,
  files: values.files ? values.files === 'yes' : undefined,
  datasets: values.datasets?.split(/[\s,,、]+/).filter(Boolean),
})

/** The address others see this page at is the one to put on the card, when nobody set another. */
function ownCardOf(c: Context<Env>, exchange: Exchange) {
  return ownCard(exchange.store, exchange.seals.publicKeys, exchange.address() ?? new URL(c.req.url).origin)
}
