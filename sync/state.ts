// Where everything stands, for the top bar and the page: what waits, was sent, received, imported, and since when the
// line is down. All of it is read from the books; nothing here is remembered.

import type { Words } from '../server/kernel/words.ts'
import type { Exchange } from './exchange.ts'
import type { Manifest } from './manifest.ts'
import { type Peer, upperPeer } from './peers.ts'

/** As `Line` of server/http/services.ts has it. */
export interface LineState {
  peer?: string
  /** Diary position up to which the tier above has said it imported everything. */
  importedTo?: number
  waiting: number
  sent: number
  received: number
  imported: number
  downSince?: string
  confirmedAt?: string
}

/** The line to the tier above. Acts wait; packages are sent, received and imported, each counting those further on. */
export function lineState(exchange: Exchange): LineState {
  const peer = upperPeer(exchange.store)
  if (!peer) return { waiting: 0, sent: 0, received: 0, imported: 0 }
  const fate = fateOf(exchange, peer)
  return {
    peer: peer.name,
    importedTo: peer.confirmed,
    waiting: fate.uncut + fate.waitingActs,
    sent: fate.sent + fate.received + fate.imported,
    received: fate.received + fate.imported,
    imported: fate.imported,
    downSince: peer.downSince,
    confirmedAt: peer.confirmedAt,
  }
}

export interface Fate {
  /** Acts in no package yet. */
  uncut: number
  /** Acts in packages that have not left. */
  waitingActs: number
  /** Packages by state. */
  waiting: number
  sent: number
  received: number
  imported: number
  refused: number
}

export function fateOf(exchange: Exchange, peer: Peer): Fate {
  const { db } = exchange.store
  const fate: Fate = {
    uncut: uncutFor(exchange, peer),
    waitingActs: 0,
    waiting: 0,
    sent: 0,
    received: 0,
    imported: 0,
    refused: 0,
  }
  for (const row of db
    .query('select state, count(*) as n, sum(count) as acts from package_out where peer = ? group by state')
    .all(peer.node) as { state: keyof Fate; n: number; acts: number }[]) {
    fate[row.state] = row.n
    if (row.state === 'waiting') fate.waitingActs = row.acts
  }
  return fate
}

/** Acts behind the last look that did not come from the peer itself. What scope leaves out is only known when cutting. */
function uncutFor(exchange: Exchange, peer: Peer): number {
  const from = Math.max(peer.looked, peer.confirmed)
  const { n } = exchange.store.db
    .query(
      'select count(*) as n from act where seq > ?1 and origin <> ?2 and origin not in (select origin from route where peer = ?2)',
    )
    .get(from, peer.node) as { n: number }
  return n
}

/** What waits in the diary, by dataset, as a manifest counts it. Only recent acts are read: a new peer's first slice is everything. */
export function waitingFor(exchange: Exchange, peer: Peer): Manifest['datasets'] {
  const from = Math.max(peer.looked, peer.confirmed, exchange.store.seq - 20_000)
  const rows = exchange.store.db
    .query(
      `select c.dataset, sum(c.base = 0 and c.withdrawn is null) as created, sum(c.base > 0 and c.withdrawn is null) as amended, sum(c.withdrawn is not null) as withdrawn
       from change c join act a on a.seq = c.seq where c.seq > ?1 and a.origin <> ?2 and a.origin not in (select origin from route where peer = ?2) group by c.dataset`,
    )
    .all(from, peer.node) as ({ dataset: string } & Manifest['datasets'][string])[]
  return Object.fromEntries(rows.map(({ dataset, ...counts }) => [dataset, counts]))
}

/** Three ticks: whether an act of ours is imported above. */
export function isImported(exchange: Exchange, seq: number): boolean {
  const peer = upperPeer(exchange.store)
  return peer !== undefined && seq <= peer.confirmed
}

/** What a person should look at, most urgent first. */
export function troubles(exchange: Exchange): { words: Words; path: string; n: number }[] {
  const count = (sql: string) => (exchange.store.db.query(sql).get() as { n: number }).n
  const refusedOut = count(`select count(*) as n from package_out where state = 'refused'`)
  const refusedIn = count(`select count(*) as n from package_in where state = 'refused'`)
  const aside = count('select count(*) as n from package_aside')
  return [
    {
      n: refusedOut,
      words: {
        zh: `${refusedOut} 个包被对方拒收`,
        en: `${refusedOut} packages were refused by their receiver`,
      },
      path: '/sync/sent',
    },
    {
      n: refusedIn,
      words: {
        zh: `${refusedIn} 个收到的包没有通过检查`,
        en: `${refusedIn} received packages failed their checks`,
      },
      path: '/sync/received',
    },
    {
      n: aside,
      words: { zh: `${aside} 条收到的操作还不能入库`, en: `${aside} received acts cannot be applied yet` },
      path: '/sync/received#aside',
    },
  ].filter((each) => each.n > 0)
}
