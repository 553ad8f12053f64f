import { readFileSync } from 'node:fs'
import type { Policy } from '../../sync/manifest.ts'
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
} from '../../sync/peers.ts'
import { readAlgorithm } from '../../sync/seal.ts'
import type { Call } from '../call.ts'
import { table } from './table.ts'

/** Other boxes we exchange packages with. */
export const peer = (call: Call) =>
  call.choose({ card, key, add, list, show, connect, policy, signature, renew, disable, enable })

/** This box's card, for the other side's `peer add`. */
function card(call: Call) {
  const { exchange, store } = call.open
  const own = ownCard(store, exchange.seals.publicKeys, call.flag('address') ?? exchange.address())
  call.report(own, [JSON.stringify(own, null, 2)])
}

/** All of them, or the one of `--signature`: openssl reads the first block of a file and no further. */
function key(call: Call) {
  const { seals } = call.open.exchange
  const asked = algorithmOf(call)
  const keys = asked ? [seals.of(asked).publicKey] : seals.publicKeys
  call.report(
    keys,
    keys.map((each) => each.pem.trim()),
  )
}

function add(call: Call) {
  const file = call.arg(1, 'CARD')
  const text = file.trimStart().startsWith('{') ? file : readFileSync(call.path(file), 'utf8')
  const { peer, secret } = addPeer(call.open.store, {
    card: readCard(text),
    token: call.flag('token'),
    address: call.flag('address'),
    policy: policyOf(call),
    accepts: call.flag('accepts')?.split(','),
    signature: algorithmOf(call),
  })
  call.report({ ...shown(peer), token: secret }, [
    call.t({
      zh: `已登记 ${peer.name}(${peer.division}),密钥编号 ${peer.keys.map((each) => each.id).join(', ')},请与对方当面核对。`,
      en: `Registered ${peer.name} (${peer.division}), key ${peer.keys.map((each) => each.id).join(', ')}: compare it with them.`,
    }),
    call.t({
      zh: `对方访问本机的令牌(只显示这一次): ${secret}`,
      en: `The token they call us with (shown only now): ${secret}`,
    }),
    ...(call.has('signature') ? signedWith(call, peer) : []),
  ])
}

function list(call: Call) {
  const peers = listPeers(call.open.store)
  const relation = {
    upper: { zh: '上级', en: 'upper' },
    lower: { zh: '下级', en: 'lower' },
    side: { zh: '同级', en: 'side' },
  }
  call.report(
    peers.map(shown),
    table(
      [
        call.t({ zh: '节点', en: 'Node' }),
        call.t({ zh: '名称', en: 'Name' }),
        call.t({ zh: '区划', en: 'Division' }),
        call.t({ zh: '关系', en: 'Relation' }),
        call.t({ zh: '地址', en: 'Address' }),
        call.t({ zh: '状态', en: 'State' }),
      ],
      peers.map((each) => [
        each.node,
        each.name,
        each.division,
        call.t(relation[each.relation]),
        each.address ?? '-',
        each.disabled
          ? call.t({ zh: '已停用', en: 'disabled' })
          : each.downSince
            ? call.t({
                zh: `自 ${each.downSince.slice(0, 16)} 不通`,
                en: `down since ${each.downSince.slice(0, 16)}`,
              })
            : (each.answeredAt?.slice(0, 16) ?? '-'),
      ]),
    ),
  )
}

function show(call: Call) {
  const found = shown(mustFindPeer(call.open.store, call.arg(1, 'PEER')))
  call.report(found, [JSON.stringify(found, null, 2)])
}

function connect(call: Call) {
  const found = connectPeer(call.open.store, call.arg(1, 'PEER'), {
    token: call.flag('token'),
    address: call.flag('address'),
  })
  call.report(shown(found), [
    call.t({
      zh: `已记下到 ${found.name} 的线路 ${found.address ?? ''}。`,
      en: `The line to ${found.name} is noted: ${found.address ?? ''}.`,
    }),
  ])
}

function policy(call: Call) {
  const found = setPolicy(call.open.store, call.arg(1, 'PEER'), policyOf(call))
  call.report(shown(found), [JSON.stringify(found.policy)])
}

function signature(call: Call) {
  const found = setSignature(call.open.store, call.arg(1, 'PEER'), readAlgorithm(call.arg(2, 'ALG')))
  call.report(shown(found), signedWith(call, found))
}

function signedWith(call: Call, peer: Peer): string[] {
  return [
    call.t({
      zh: `发给 ${peer.name} 的包和回执用 ${peer.signature} 签名;已打好的包不变。`,
      en: `Packages and receipts for ${peer.name} are signed with ${peer.signature}; what is cut already stays as it is.`,
    }),
    ...(mayNotKnow(peer)
      ? [
          call.t({
            zh: `对方的名片里没有 ${peer.signature} 公钥,可能还不认识这种签名:先请对方登记本机的新名片(peer card)。`,
            en: `Their card has no ${peer.signature} key; they may not know such signatures yet: have them add this box's new card (peer card) first.`,
          }),
        ]
      : []),
  ]
}

function renew(call: Call) {
  const { peer, secret } = renewSecret(call.open.store, call.arg(1, 'PEER'))
  call.report({ ...shown(peer), token: secret }, [
    call.t({
      zh: `${peer.name} 的新令牌(只显示这一次): ${secret}`,
      en: `New token of ${peer.name} (shown only now): ${secret}`,
    }),
  ])
}

const disable = (call: Call) => able(call, true)
const enable = (call: Call) => able(call, false)
function able(call: Call, disabled: boolean) {
  const found = disablePeer(call.open.store, call.arg(1, 'PEER'), disabled)
  call.report(shown(found), [
    disabled
      ? call.t({
          zh: `已停用 ${found.name}:不发也不收;等着的数据包保留。`,
          en: `${found.name} is disabled: nothing goes or comes; what waits stays.`,
        })
      : call.t({ zh: `已恢复 ${found.name}。`, en: `${found.name} is enabled again.` }),
  ])
}

function algorithmOf(call: Call) {
  const asked = call.flag('signature')
  return asked === undefined ? undefined : readAlgorithm(asked)
}

function policyOf(call: Call): Partial<Policy> {
  return {
    datasets: call.flag('datasets')?.split(','),
    personal: call.flag('personal') as Policy['personal'] | undefined,
    readings: call.flag('readings') as Policy['readings'] | undefined,
    scope: call.flag('scope'),
    files: call.has('files') ? call.flag('files') !== 'no' : undefined,
  }
}

/** The token we call them with is a secret of ours: never shown again. */
const shown = ({ token, ...rest }: Peer) => ({ ...rest, connected: token !== undefined })
