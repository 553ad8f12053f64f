// Who we exchange packages with: registered from a card that travels on paper, on a stick or over the wire.

import { randomBytes, timingSafeEqual } from 'node:crypto'
import { canonical } from '../server/kernel/canonical.ts'
import { refuse } from '../server/kernel/refusal.ts'
import type { Store } from '../server/kernel/store.ts'
import type { Words } from '../server/kernel/words.ts'
import { defaultPolicy, isNode, type Policy } from './manifest.ts'
import { sha256 } from './open.ts'
import { type Algorithm, algorithms, isAlgorithm, type PublicKey, readPublicKey } from './seal.ts'

export type Relation = 'upper' | 'lower' | 'side'

export interface Peer {
  node: string
  name: string
  division: string
  relation: Relation
  address?: string
  keys: PublicKey[]
  database?: string
  policy: Policy
  /** Datasets it may speak for. */
  accepts: string[]
  /** What we sign its packages and receipts with. */
  signature: Algorithm
  /** The token we call it with. */
  token?: string
  disabled: boolean
  added: string
  confirmed: number
  looked: number
  /** Our packages follow on this one of ours that we do not remember. */
  base?: { seq: number; manifestSha256: string }
  answeredAt?: string
  downSince?: string
  fault?: Words
  tries: number
  tryAt?: string
  confirmedAt?: string
  note?: Words
}

/** What `xianhe peer card` prints, and a QR code on the page holds. */
export interface Card {
  format: 'xhp-card/1'
  node: string
  /** This copy of the data: another one means restored or cloned. */
  database: string
  division: string
  name: string
  keys: PublicKey[]
  address?: string
  /** A token the reader of this card may call us with: on cards handed to one peer only. */
  token?: string
}

export interface PeerAsk {
  card: Card
  /** The token it gave us, when it is not on the card. */
  token?: string
  address?: string
  policy?: Partial<Policy>
  accepts?: string[]
  signature?: Algorithm
}

/** Registers a peer, or renews its card. The secret is shown once: with it, the peer calls us. */
export function addPeer(store: Store, ask: PeerAsk): { peer: Peer; secret: string } {
  const card = checkCard(ask.card)
  if (card.node === store.node.id)
    refuse({
      zh: '这是本机自己的名片,请用对方的名片',
      en: "This is this box's own card; use the other side's.",
    })
  const secret = newToken()
  const known = findPeer(store, card.node)
  const policy = { ...(known?.policy ?? defaultPolicy), ...defined(ask.policy ?? {}) }
  checkPolicy(policy)
  store.db
    .query(
      `insert into peer(node, name, division, relation, address, keys, database, policy, accepts, signature, token_hash, token, added)
       values(?,?,?,?,?,?,?,?,?,?,?,?,?)
       on conflict do update set name=excluded.name, division=excluded.division, relation=excluded.relation, address=excluded.address, keys=excluded.keys,
         database=excluded.database, policy=excluded.policy, accepts=excluded.accepts, signature=excluded.signature, token_hash=excluded.token_hash, token=coalesce(excluded.token, token), disabled=0, note=null`,
    )
    .run(
      card.node,
      card.name,
      card.division,
      relationOf(store.node.division, card.division),
      ask.address ?? card.address ?? known?.address ?? null,
      canonical(card.keys),
      card.database,
      canonical(policy),
      canonical(ask.accepts ?? known?.accepts ?? ['*']),
      ask.signature ?? known?.signature ?? algorithms[0]!,
      sha256(secret),
      ask.token ?? card.token ?? null,
      store.moment(),
    )
  store.knowNode(card.node, card.division)
  return { peer: findPeer(store, card.node)!, secret }
}

export function listPeers(store: Store): Peer[] {
  return (store.db.query('select * from peer order by length(division), name').all() as PeerRow[]).map(toPeer)
}

/** By node id, or the beginning of one, or its name or division. */
export function findPeer(store: Store, which: string): Peer | undefined {
  const exact = store.db.query('select * from peer where node = ?').get(which) as PeerRow | null
  if (exact) return toPeer(exact)
  const named = store.db.query('select * from peer where name = ?1 or division = ?1').all(which) as PeerRow[]
  const begun =
    which.length < 4
      ? []
      : (store.db.query('select * from peer where substr(node, 1, length(?1)) = ?1').all(which) as PeerRow[])
  const rows = named.length > 0 ? named : begun
  return rows.length === 1 ? toPeer(rows[0]!) : undefined
}

export function mustFindPeer(store: Store, which: string): Peer {
  return (
    findPeer(store, which) ??
    refuse(
      {
        zh: `没有登记名为「${which}」的对方节点,用 peer list 查看已登记的`,
        en: `No peer "${which}" is registered; peer list shows those that are.`,
      },
      { kind: 'missing' },
    )
  )
}

/** A disabled peer gets nothing and brings nothing; what waits for it stays. */
export function disablePeer(store: Store, which: string, disabled = true): Peer {
  const peer = mustFindPeer(store, which)
  store.db.query('update peer set disabled = ? where node = ?').run(disabled ? 1 : 0, peer.node)
  return findPeer(store, peer.node)!
}

/** The token the peer gave us, and where to call it. */
export function connectPeer(store: Store, which: string, line: { token?: string; address?: string }): Peer {
  const peer = mustFindPeer(store, which)
  if (line.address !== undefined) checkAddress(line.address)
  store.db
    .query(
      'update peer set token = coalesce(?, token), address = coalesce(?, address), tries = 0, try_at = null where node = ?',
    )
    .run(line.token ?? null, line.address ?? null, peer.node)
  return findPeer(store, peer.node)!
}

/** A new secret for a peer that lost its own; the old one stops working. */
export function renewSecret(store: Store, which: string): { peer: Peer; secret: string } {
  const peer = mustFindPeer(store, which)
  const secret = newToken()
  store.db.query('update peer set token_hash = ? where node = ?').run(sha256(secret), peer.node)
  return { peer, secret }
}

export function setPolicy(store: Store, which: string, policy: Partial<Policy>): Peer {
  const peer = mustFindPeer(store, which)
  const next = { ...peer.policy, ...defined(policy) }
  checkPolicy(next)
  store.db.query('update peer set policy = ? where node = ?').run(canonical(next), peer.node)
  return findPeer(store, peer.node)!
}

/**
 * What its packages and receipts are signed with from now on. What is cut already keeps its bytes and its signature: the
 * chain goes by manifests, and a manifest does not say who signed it.
 */
export function setSignature(store: Store, which: string, alg: Algorithm): Peer {
  const peer = mustFindPeer(store, which)
  store.db.query('update peer set signature = ? where node = ?').run(alg, peer.node)
  return findPeer(store, peer.node)!
}

/** A peer whose card names no key of the algorithm we sign with may not know it: a person should ask before they wait. */
export const mayNotKnow = (peer: Peer, alg = peer.signature): boolean =>
  !peer.keys.some((key) => key.alg === alg)

/** Which peer calls with this token. */
export function peerByToken(store: Store, token: string): Peer | undefined {
  const hash = sha256(token)
  const row = store.db
    .query('select * from peer where token_hash = ? and disabled = 0')
    .get(hash) as PeerRow | null
  return row && timingSafeEqual(Buffer.from(row.token_hash!), Buffer.from(hash)) ? toPeer(row) : undefined
}

/** A peer's database id as heard on the line: another one than before is told to a person, once. */
export function noteDatabase(store: Store, peer: Peer, database: string | undefined) {
  if (!database || database === peer.database) return
  const words: Words = {
    zh: `「${peer.name}」的数据库换过了(从备份恢复,或被复制成两份)。请与对方核对:若有两台机器同时在用同一身份,必须停用一台`,
    en: `${peer.name} now runs on another database (restored from a backup, or cloned). Ask them: if two machines share one identity, one must be stopped.`,
  }
  store.db
    .query('update peer set database = ?, note = coalesce(?, note) where node = ?')
    .run(database, peer.database ? canonical(words) : null, peer.node)
}

/** The peer above us, when there is one: the line the top bar speaks of. */
export const upperPeer = (store: Store): Peer | undefined =>
  listPeers(store).find((peer) => peer.relation === 'upper' && !peer.disabled)

export function ownCard(store: Store, keys: PublicKey[], address?: string): Card {
  const { id: node, database, division } = store.node
  const name = store.node.name || store.registry.division(division)?.zh || division
  return { format: 'xhp-card/1', node, database, division, name, keys, ...(address ? { address } : {}) }
}

/** From the text of a file, a QR code or a form. Also a bare PEM key with the facts given beside it. */
export function readCard(text: string): Card {
  let parsed: Card
  try {
    parsed = JSON.parse(text)
  } catch {
    return refuse({
      zh: '名片应为 JSON 文本,请完整复制对方「名片」里的内容',
      en: 'The card should be JSON text; copy the whole of the other side’s card.',
    })
  }
  return checkCard(parsed)
}

function checkCard(card: Card): Card {
  const wrong = (zh: string, en: string) =>
    refuse({
      zh: `名片里的${zh}不对,请向对方重新要一份`,
      en: `The card's ${en} is wrong; ask for a new one.`,
    })
  if (card?.format !== 'xhp-card/1') wrong('格式', 'format')
  if (!isNode(card.node)) wrong('节点编号', 'node id')
  if (!/^\d{2,12}$/.test(card.division ?? '')) wrong('区划代码', 'division')
  if (typeof card.name !== 'string' || card.name.length > 100) wrong('名称', 'name')
  if (!Array.isArray(card.keys) || card.keys.length === 0) wrong('公钥', 'public key')
  if (card.address !== undefined) checkAddress(card.address)
  // A card of a newer box may name a key we cannot use; those we can are enough. One that names no algorithm is read as ever.
  const usable = card.keys.filter((key) => key?.alg === undefined || isAlgorithm(key.alg))
  if (usable.length === 0) wrong('公钥', 'public key')
  // The id is made from the key again: a card cannot give a known id to another key.
  const keys = usable.map((key) => readPublicKey(key.pem))
  return { ...card, keys }
}

function checkAddress(address: string) {
  if (!/^https?:\/\/[^\s/]+(\/\S*)?$/.test(address))
    refuse(
      { zh: '地址应以 https:// 或 http:// 开头', en: 'The address should begin with https:// or http://.' },
      { field: 'address' },
    )
}

function checkPolicy(policy: Policy) {
  const wrong = (zh: string, en: string) => refuse({ zh, en })
  if (!Array.isArray(policy.datasets) || !policy.datasets.every((each) => typeof each === 'string'))
    wrong('共享范围应列出数据集名称', 'The policy should list datasets.')
  if (!['mask', 'hide', 'whole'].includes(policy.personal))
    wrong('个人信息只能选 mask、hide 或 whole', 'Personal data: mask, hide or whole.')
  if (!['none', 'hourly', 'raw'].includes(policy.readings))
    wrong('监测数据只能选 none、hourly 或 raw', 'Readings: none, hourly or raw.')
  if (policy.scope !== undefined && !/^\d{2,12}$/.test(policy.scope))
    wrong('范围应为区划代码', 'The scope should be a division code.')
}

/** Where a division stands from ours. */
export function relationOf(ours: string, theirs: string): Relation {
  if (ours !== theirs && ours.startsWith(theirs)) return 'upper'
  if (ours !== theirs && theirs.startsWith(ours)) return 'lower'
  return 'side'
}

export const newToken = () => `xhp_${randomBytes(24).toString('base64url')}`

const defined = <T extends object>(given: T): Partial<T> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<T>

interface PeerRow {
  node: string
  name: string
  division: string
  relation: Relation
  address: string | null
  keys: string
  database: string | null
  policy: string
  accepts: string
  signature: Algorithm
  token_hash: string | null
  token: string | null
  disabled: number
  added: string
  confirmed: number
  looked: number
  base_seq: number
  base_hash: string | null
  answered_at: string | null
  down_since: string | null
  fault: string | null
  tries: number
  try_at: string | null
  confirmed_at: string | null
  note: string | null
}

function toPeer(row: PeerRow): Peer {
  return {
    node: row.node,
    name: row.name,
    division: row.division,
    relation: row.relation,
    address: row.address ?? undefined,
    keys: JSON.parse(row.keys),
    database: row.database ?? undefined,
    policy: JSON.parse(row.policy),
    accepts: JSON.parse(row.accepts),
    signature: row.signature,
    token: row.token ?? undefined,
    disabled: row.disabled === 1,
    added: row.added,
    confirmed: row.confirmed,
    looked: row.looked,
    base: row.base_hash ? { seq: row.base_seq, manifestSha256: row.base_hash } : undefined,
    answeredAt: row.answered_at ?? undefined,
    downSince: row.down_since ?? undefined,
    fault: row.fault ? JSON.parse(row.fault) : undefined,
    tries: row.tries,
    tryAt: row.try_at ?? undefined,
    confirmedAt: row.confirmed_at ?? undefined,
    note: row.note ? JSON.parse(row.note) : undefined,
  }
}
