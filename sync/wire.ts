// The line itself, from the side that can call: find out where the other end stands, push what waits (tus, resumed where
// it broke), fetch receipts, pull what waits there, and answer with our receipts. It drains because the line is there: on
// a timer, when something was decided, and at once after the other end answered again.

import { open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { canonical } from '../server/kernel/canonical.ts'
import type { Words } from '../server/kernel/words.ts'
import { cutAgain, cutPackages, type PackageOut, packageOut, packagesFor, pendingFor } from './cut.ts'
import type { Exchange } from './exchange.ts'
import { hashFile } from './lines.ts'
import { findPeer, listPeers, mustFindPeer, noteDatabase, type Peer } from './peers.ts'
import { type PackageReceipt, takeReceipt } from './receipt.ts'
import { lastFrom, packagesIn, receivePackage } from './receive.ts'

export interface Exchanged {
  peer: string
  name: string
  /** Packages pushed, confirmed by receipts, pulled and applied in this round. */
  pushed: number
  confirmed: number
  pulled: number
  refused: number
  /** Set when the line did not answer. */
  fault?: Words
}

/** All due exchanges now (`xianhe sync`), or the one asked for. Peers without an address are left to stick and pull. */
export async function exchangeAll(exchange: Exchange, which?: string): Promise<Exchanged[]> {
  const peers = which ? [mustFindPeer(exchange.store, which)] : listPeers(exchange.store)
  const rounds: Exchanged[] = []
  for (const peer of peers)
    if (!peer.disabled && peer.address && peer.token) rounds.push(await exchangeWith(exchange, peer.node))
  return rounds
}

/** One round with one peer. A line that does not answer is noted, with the hour of the next try, and is no error. */
export function exchangeWith(exchange: Exchange, node: string): Promise<Exchanged> {
  return exchange.alone(`wire ${node}`, async () => {
    const peer = mustFindPeer(exchange.store, node)
    const round: Exchanged = {
      peer: peer.node,
      name: peer.name,
      pushed: 0,
      confirmed: 0,
      pulled: 0,
      refused: 0,
    }
    try {
      await reconcile(exchange, peer)
      // As long as there is something: what was decided while we pushed goes in the same round.
      for (let n = 0; n < 100; n++) {
        const pushed = await pushAll(exchange, peer)
        round.pushed += pushed
        round.confirmed += await fetchReceipts(exchange, peer, pushed > 0)
        if (pushed === 0) break
      }
      const pulled = await pullAll(exchange, peer)
      round.pulled = pulled.applied
      round.refused = pulled.refused
      await sendReceipts(exchange, peer)
      answered(exchange, peer)
    } catch (error) {
      round.fault = lineFault(error)
      silent(exchange, peer, round.fault)
    }
    exchange.changed()
    return round
  })
}

/** Keeps every line drained until stopped. Timers only decide when to look; what is due is in the books. */
export function keepLines(exchange: Exchange, everyMs = 15_000): () => void {
  let stopped = false
  let soon: ReturnType<typeof setTimeout> | undefined
  let running = false
  const look = async () => {
    if (stopped || running) return
    running = true
    try {
      const now = exchange.store.moment()
      for (const peer of listPeers(exchange.store)) {
        if (stopped || peer.disabled || !peer.address || !peer.token || (peer.tryAt && peer.tryAt > now))
          continue
        await exchangeWith(exchange, peer.node)
      }
    } catch (error) {
      exchange.fault(error)
    } finally {
      running = false
    }
  }
  const timer = setInterval(look, everyMs)
  // Two seconds: a clerk's next click usually belongs in the same package.
  const stopListening = exchange.store.listen(() => {
    soon ??= setTimeout(() => {
      soon = undefined
      void look()
    }, 2000)
  })
  void look()
  return () => {
    stopped = true
    clearInterval(timer)
    clearTimeout(soon)
    stopListening()
  }
}

/** Sends again what a person asks for, or what must be sent again: the same bytes. */
export function sendAgain(exchange: Exchange, which: string, seq: number): PackageOut {
  const { node } = mustFindPeer(exchange.store, which)
  exchange.store.db
    .query(
      `update package_out set state = 'waiting', upload = null, reason = null where peer = ? and seq = ? and state <> 'imported'`,
    )
    .run(node, seq)
  exchange.store.db.query('update peer set tries = 0, try_at = null where node = ?').run(node)
  exchange.changed()
  return packageOut(exchange, node, seq)!
}

interface TheirState {
  node: string
  database?: string
  last: { seq: number; manifestSha256: string } | null
}

/** Where the other end stands, and what follows when it is not where we thought: one of us was restored from a backup. */
async function reconcile(exchange: Exchange, peer: Peer): Promise<void> {
  const response = await call(exchange, peer, 'GET', '/sync/v1/state')
  // A platform that offers only the contract's doors has no such memory to compare.
  if (response.status === 404) return
  await expect(response, 200)
  const theirs = (await response.json()) as TheirState
  if (theirs.node !== peer.node) throw new Error(`${peer.address} is node ${theirs.node}, not ${peer.node}`)
  noteDatabase(exchange.store, peer, theirs.database)
  const { store } = exchange
  const last = theirs.last
  const known = last ? packageOut(exchange, peer.node, last.seq) : undefined
  if (last && known?.manifestSha256 !== last.manifestSha256) {
    // It has packages of ours that we do not remember: ours go on behind them, from what we know was confirmed.
    const ahead = packagesFor(exchange, peer.node, 10_000).filter((each) => each.state !== 'imported')
    if (last.seq < (packagesFor(exchange, peer.node).find((each) => each.state === 'imported')?.seq ?? 0))
      return
    store.batch(() => {
      for (const each of ahead)
        store.db.query('delete from package_out where peer = ? and seq = ?').run(peer.node, each.seq)
      store.db
        .query('delete from package_out where peer = ? and seq <= ? and state <> ?')
        .run(peer.node, last.seq, 'imported')
      store.db.query('delete from given where peer = ?').run(peer.node)
      store.db
        .query('update peer set base_seq = ?, base_hash = ?, looked = confirmed where node = ?')
        .run(last.seq, last.manifestSha256, peer.node)
    })
    return
  }
  // It has fewer than it had confirmed: it was restored. The files are still here; without them, they are cut again.
  const lost = packagesFor(exchange, peer.node, 10_000).filter(
    (each) => each.state === 'imported' && each.seq > (last?.seq ?? 0),
  )
  if (lost.length === 0) return
  const first = lost.at(-1)!
  store.db
    .query(`update package_out set state = 'waiting', upload = null where peer = ? and seq >= ?`)
    .run(peer.node, first.seq)
  store.db.query('update peer set confirmed = ? where node = ?').run(first.from - 1, peer.node)
  for (const each of lost) {
    if (await Bun.file(each.path).exists()) continue
    await cutAgain(exchange, peer.node, each.seq)
    return
  }
}

async function pushAll(exchange: Exchange, peer: Peer): Promise<number> {
  await cutPackages(exchange, peer.node)
  let pushed = 0
  for (const each of pendingFor(exchange, peer.node)) {
    // In order, without gaps: a refused one holds back what follows until a person has looked.
    if (each.state === 'refused') break
    if (each.state === 'received') continue
    await push(exchange, peer, each)
    pushed++
  }
  return pushed
}

async function push(exchange: Exchange, peer: Peer, out: PackageOut): Promise<void> {
  const { store } = exchange
  const at = out.upload && (await uploadOffset(exchange, peer, out.upload))
  let upload = typeof at === 'number' ? out.upload! : undefined
  let offset = typeof at === 'number' ? at : 0
  if (!upload) {
    const made = await call(exchange, peer, 'POST', '/sync/v1/inbox', {
      headers: {
        'Upload-Length': String(out.bytes),
        'Upload-Metadata': `filename ${Buffer.from(out.file).toString('base64')}`,
        'Content-Length': '0',
      },
    })
    await expect(made, 201)
    upload = new URL(made.headers.get('location') ?? '', `${base(peer)}/sync/v1/inbox`).href
    offset = 0
    store.db
      .query('update package_out set upload = ? where peer = ? and seq = ?')
      .run(upload, peer.node, out.seq)
  }
  store.db
    .query(
      `update package_out set state = 'sent', sent_at = coalesce(sent_at, ?), carrier = 'wire' where peer = ? and seq = ?`,
    )
    .run(store.moment(), peer.node, out.seq)
  const file = Bun.file(out.path)
  while (offset < out.bytes) {
    const answer = await call(exchange, peer, 'PATCH', upload, {
      headers: { 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(offset) },
      body: await file.slice(offset, Math.min(offset + pieceBytes, out.bytes)).arrayBuffer(),
    })
    await expect(answer, 204)
    offset = Number(answer.headers.get('upload-offset'))
  }
  store.db
    .query(
      `update package_out set state = 'received', received_at = ?, upload = null where peer = ? and seq = ? and state = 'sent'`,
    )
    .run(store.moment(), peer.node, out.seq)
  exchange.changed()
}

// 2 MiB: at 64 kbit/s four minutes, the most that a broken line costs.
const pieceBytes = 2 << 20

async function uploadOffset(exchange: Exchange, peer: Peer, upload: string): Promise<number | undefined> {
  const answer = await call(exchange, peer, 'HEAD', upload)
  return answer.status === 200 ? Number(answer.headers.get('upload-offset')) : undefined
}

async function fetchReceipts(exchange: Exchange, peer: Peer, wait: boolean): Promise<number> {
  const open = packagesFor(exchange, peer.node, 10_000).filter(
    (each) => each.state === 'sent' || each.state === 'received',
  )
  if (open.length === 0) return 0
  const answer = await call(
    exchange,
    peer,
    'GET',
    `/sync/v1/receipts?after=${open.at(-1)!.seq - 1}${wait ? '&wait' : ''}`,
  )
  if (answer.status === 404) return 0
  await expect(answer, 200)
  let confirmed = 0
  for (const receipt of (await answer.json()) as PackageReceipt[]) {
    const of = packageOut(exchange, peer.node, receipt.seq)
    if (!of || of.manifestSha256 !== receipt.manifestSha256 || of.state === 'imported') continue
    if (takeReceipt(exchange, receipt, peer).state === 'imported') confirmed++
  }
  return confirmed
}

async function pullAll(exchange: Exchange, peer: Peer): Promise<{ applied: number; refused: number }> {
  const last = lastFrom(exchange, peer.node)?.seq ?? 0
  const answer = await call(exchange, peer, 'GET', `/sync/v1/packages?after=${last}`)
  const counts = { applied: 0, refused: 0 }
  if (answer.status === 404) return counts
  await expect(answer, 200)
  for (const each of (await answer.json()) as { seq: number; bytes: number; sha256: string }[]) {
    const file = await download(exchange, peer, each)
    const received = await receivePackage(exchange, file, 'pull')
    await rm(file, { force: true })
    await sendReceipts(exchange, peer)
    if (received.outcome === 'refused') {
      counts.refused++
      break
    }
    counts.applied++
  }
  return counts
}

/** Goes on where an earlier try broke off; a package that was cut again meanwhile begins anew. */
async function download(
  exchange: Exchange,
  peer: Peer,
  wanted: { seq: number; bytes: number; sha256: string },
): Promise<string> {
  const path = join(exchange.post.inbox, `${peer.node}-${wanted.seq}-${wanted.sha256.slice(0, 16)}.pull`)
  const have = await stat(path)
    .then((found) => found.size)
    .catch(() => 0)
  if (have < wanted.bytes) {
    const answer = await call(exchange, peer, 'GET', `/sync/v1/packages/${wanted.seq}`, {
      headers: have > 0 ? { Range: `bytes=${have}-`, 'If-Range': `"${wanted.sha256}"` } : {},
    })
    await expect(answer, 200, 206)
    const file = await open(path, answer.status === 206 ? 'a' : 'w', 0o600)
    try {
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) await file.write(chunk)
    } finally {
      await file.sync()
      await file.close()
    }
  }
  if ((await hashFile(path)).sha256 === wanted.sha256) return path
  await rm(path, { force: true })
  throw new Error(`package ${wanted.seq} of ${peer.name} arrived damaged; it will be fetched again`)
}

/** Tells the sender what became of its packages. */
async function sendReceipts(exchange: Exchange, peer: Peer): Promise<void> {
  for (const row of packagesIn(exchange, 'node = ? and told = 0 and receipt is not null', [
    peer.node,
  ]).reverse()) {
    const answer = await call(exchange, peer, 'POST', '/sync/v1/receipts', {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(row.receipt),
    })
    // What it does not know any more (it was restored), it need not be told again.
    if (answer.status !== 404 && answer.status !== 422) await expect(answer, 200)
    exchange.store.db.query('update package_in set told = 1 where pid = ?').run(row.pid)
  }
}

async function call(
  exchange: Exchange,
  peer: Peer,
  method: string,
  path: string,
  more: { headers?: Record<string, string>; body?: BodyInit } = {},
): Promise<Response> {
  const request = new Request(path.startsWith('/') ? base(peer) + path : path, {
    method,
    headers: {
      Authorization: `Bearer ${peer.token}`,
      'Tus-Resumable': '1.0.0',
      'Xianhe-Database': exchange.store.node.database,
      ...more.headers,
    },
    body: more.body,
    // Ten minutes: a piece on a very thin line, or a receiver that applies a large package while we wait.
    signal: AbortSignal.timeout(600_000),
  })
  return exchange.fetch(request)
}

const base = (peer: Peer) => peer.address!.replace(/\/$/, '')

async function expect(answer: Response, ...statuses: number[]): Promise<void> {
  if (statuses.includes(answer.status)) return
  const text = await answer.text()
  let detail = text.slice(0, 200)
  try {
    detail = JSON.parse(text).words?.zh ?? JSON.parse(text).detail ?? detail
  } catch {
    // Not problem+json: the text says what it says.
  }
  throw new Error(`${answer.status} ${detail}`.trim())
}

function answered(exchange: Exchange, peer: Peer) {
  exchange.store.db
    .query(
      'update peer set answered_at = ?, down_since = null, fault = null, tries = 0, try_at = null where node = ?',
    )
    .run(exchange.store.moment(), peer.node)
}

/** Why the line is silent, in words for whoever has to walk to the cable. */
function lineFault(error: unknown): Words {
  const said = (error instanceof Error ? error.message : String(error)).slice(0, 300)
  const code = String((error as { code?: unknown })?.code ?? '') + said
  if (/ECONNREFUSED|ConnectionRefused/i.test(code))
    return {
      zh: '对方机器在,但县盒没有运行(连接被拒)',
      en: 'The other machine is there, but no box answers on it (connection refused)',
    }
  if (/ENOTFOUND|EAI_AGAIN|getaddrinfo|FailedToOpenSocket/i.test(code))
    return {
      zh: '找不到对方地址,请核对名片上的地址或网线',
      en: 'The address cannot be found; check the card’s address and the cable',
    }
  if (/EHOSTUNREACH|ENETUNREACH|ENETDOWN/i.test(code))
    return { zh: '网络不通,请检查网线和路由', en: 'The network is unreachable; check cable and router' }
  if (/timed? ?out|Timeout|ETIMEDOUT/i.test(code))
    return { zh: '对方没有应答(超时)', en: 'No answer (timed out)' }
  if (/ECONNRESET|closed|reset|EPIPE/i.test(code))
    return { zh: `传输中断开:${said}`, en: `The line broke during a transfer: ${said}` }
  if (/CERT|certificate|TLS|SSL/i.test(code))
    return { zh: `对方的证书不可信:${said}`, en: `The other side's certificate is not trusted: ${said}` }
  if (/^401\b/.test(said))
    return {
      zh: '对方不认本机的令牌,请向对方要新的令牌',
      en: 'The other side does not accept our token; ask for a new one',
    }
  return { zh: said, en: said }
}

/** Backs off to ten minutes at most, with some chance in it, so that forty townships do not call in the same second. */
function silent(exchange: Exchange, peer: Peer, fault: Words) {
  const now = exchange.store.moment()
  const tries = (findPeer(exchange.store, peer.node)?.tries ?? 0) + 1
  const wait = Math.min(600_000, 5000 * 2 ** Math.min(tries - 1, 7)) * (0.75 + Math.random() / 2)
  exchange.store.db
    .query(
      'update peer set down_since = coalesce(down_since, ?), fault = ?, tries = ?, try_at = ? where node = ?',
    )
    .run(now, canonical(fault), tries, new Date(Date.parse(now) + wait).toISOString(), peer.node)
}
