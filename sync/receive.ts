// A package arrives. Everything is checked before anything is touched: a package is applied whole or refused whole, and
// refused files are kept for a person. Applying goes through the store's one door, in lots, with the place we reached
// written in the same transaction: killed at any moment and run again, the result is the same. A single act that cannot
// be applied steps aside with its reason, and the rest flows.

import { copyFile, open, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Act, Receipt } from '../server/kernel/acts.ts'
import { canonical } from '../server/kernel/canonical.ts'
import type { DatasetSpec } from '../server/kernel/dataset.ts'
import { hex } from '../server/kernel/diary.ts'
import { refuse } from '../server/kernel/refusal.ts'
import type { Words } from '../server/kernel/words.ts'
import { readActs, readSchemas, Tally } from './contents.ts'
import { type Exchange, learn, settleFile } from './exchange.ts'
import { hashFile } from './lines.ts'
import { dayOf, fileOf, type Manifest, packageName, parseManifest } from './manifest.ts'
import { checkParts, type OpenPackage, openPackage } from './open.ts'
import { findPeer, type Peer } from './peers.ts'
import { type PackageReceipt, signReceipt } from './receipt.ts'
import { PackageRefused, type RefusalCode, refusePackage } from './refused.ts'
import { checkSignature } from './seal.ts'
import { matches } from './slice.ts'
import { stream } from './tar.ts'

export type Carrier = 'wire' | 'pull' | 'stick' | 'hand'

export interface Received {
  file: string
  outcome: 'applied' | 'repeated' | 'refused'
  node?: string
  seq?: number
  manifestSha256?: string
  counts?: PackageReceipt['counts']
  code?: RefusalCode
  reason?: Words
  receipt?: PackageReceipt
}

export interface PackageIn {
  pid: number
  node: string
  seq: number
  file: string
  bytes: number
  manifestSha256: string
  count: number
  datasets: Manifest['datasets']
  state: 'received' | 'applied' | 'refused'
  carrier: Carrier
  arrivedAt: string
  settledAt?: string
  done: number
  repeated: number
  asked: number
  code?: RefusalCode
  reason?: Words
  receipt?: PackageReceipt
  told: boolean
}

/** Checks and applies one file. The file itself is left where it is; what we keep is a copy (`taken`: it may be moved). */
export function receivePackage(
  exchange: Exchange,
  file: string,
  carrier: Carrier,
  how: { taken?: boolean; progress?: (done: number, of: number) => void } = {},
): Promise<Received> {
  return exchange
    .alone('receive', async () => {
      const received = await receiveOne(exchange, file, carrier, how)
      exchange.changed()
      return received
    })
    .then(async (received) => {
      // One that came too early was kept: its turn may be now.
      if (received.outcome === 'applied') await retryKept(exchange, received.node!, received.seq! + 1)
      return received
    })
}

/** After a restart: packages whose applying was cut short go on where they were. */
export async function resumeReceives(
  exchange: Exchange,
  progress?: (done: number, of: number) => void,
): Promise<Received[]> {
  const results: Received[] = []
  for (const row of packagesIn(exchange, `state = 'received'`).reverse())
    results.push(await receivePackage(exchange, join(exchange.post.in, row.file), row.carrier, { progress }))
  return results
}

/** Newest first. */
export function packagesIn(
  exchange: Exchange,
  where = 'true',
  given: (string | number)[] = [],
  limit = 1000,
): PackageIn[] {
  return (
    exchange.store.db
      .query(`select * from package_in where ${where} order by pid desc limit ?`)
      .all(...given, limit) as Row[]
  ).map(toPackage)
}

/** The last package of a node that was applied here. */
export function lastFrom(
  exchange: Exchange,
  node: string,
): { seq: number; manifestSha256: string } | undefined {
  const row = exchange.store.db
    .query(
      `select seq, manifest_sha256 from package_in where node = ? and state = 'applied' order by seq desc limit 1`,
    )
    .get(node) as Pick<Row, 'seq' | 'manifest_sha256'> | null
  return row ? { seq: row.seq, manifestSha256: row.manifest_sha256 } : undefined
}

/** «再试» on a refused package: the same file, checked again, perhaps against a key that is known by now. */
export function retryRefused(exchange: Exchange, pid: number): Promise<Received> {
  const [row] = packagesIn(exchange, `pid = ? and state = 'refused'`, [pid])
  if (!row)
    refuse(
      { zh: '这个包已不在被拒列表中', en: 'This package is no longer among the refused.' },
      { kind: 'missing' },
    )
  return receivePackage(exchange, join(exchange.post.refused, row.file), row.carrier)
}

/** A refused package that a person has looked at leaves the list; its file stays where it is. */
export function dismissRefused(exchange: Exchange, pid: number) {
  exchange.store.db.query(`delete from package_in where pid = ? and state = 'refused'`).run(pid)
  exchange.changed()
}

export interface Aside {
  id: string
  node: string
  seq: number
  name: string
  act: Act
  reason: Words
  tries: number
  at: string
}

export function asides(exchange: Exchange, limit = 200): Aside[] {
  const rows = exchange.store.db
    .query('select * from package_aside order by at desc limit ?')
    .all(limit) as (Omit<Aside, 'act' | 'reason'> & { act: string; reason: string })[]
  return rows.map((row) => ({ ...row, act: JSON.parse(row.act), reason: JSON.parse(row.reason) }))
}

/** Acts that stepped aside, tried again in their order: what they missed may have arrived. Answers how many went in. */
export function retryAsides(exchange: Exchange, id?: string): { applied: number; left: number } {
  const { store } = exchange
  const rows = store.db
    .query(`select id, node, act from package_aside ${id ? 'where id = ?' : ''} order by node, seq, rowid`)
    .all(...(id ? [id] : [])) as { id: string; node: string; act: string }[]
  let applied = 0
  for (const row of rows) {
    const peer = findPeer(store, row.node)
    if (!peer) continue
    const act = JSON.parse(row.act) as Act
    store.batch(() => {
      const fault = applyOne(exchange, act, peer).fault
      if (fault)
        store.db
          .query('update package_aside set tries = tries + 1, reason = ?, at = ? where id = ?')
          .run(canonical(fault), store.moment(), row.id)
      else store.db.query('delete from package_aside where id = ?').run(row.id)
      if (!fault) applied++
    })
  }
  exchange.changed()
  return { applied, left: rows.length - applied }
}

async function receiveOne(
  exchange: Exchange,
  file: string,
  carrier: Carrier,
  how: { taken?: boolean; progress?: (done: number, of: number) => void },
): Promise<Received> {
  let opened: OpenPackage | undefined
  let manifest: Manifest | undefined
  try {
    opened = await openPackage(file)
    manifest = opened.manifest
    const peer = await checkSender(exchange, opened)
    await checkParts(opened)
    const known = packagesIn(
      exchange,
      `node = ? and seq = ? and manifest_sha256 = ? and state <> 'refused'`,
      [peer.node, manifest.seq, opened.manifestSha256],
    )[0]
    if (known?.state === 'applied')
      return {
        file,
        outcome: 'repeated',
        node: peer.node,
        seq: manifest.seq,
        manifestSha256: opened.manifestSha256,
        counts: known.receipt?.counts,
        receipt: known.receipt,
      }
    checkOrder(exchange, opened)
    const schemas = await readSchemas(opened)
    const origins = await checkActs(exchange, opened, peer)
    const kept = await keep(exchange, file, opened, carrier, how.taken)
    return { file, ...(await applyAll(exchange, opened, peer, kept, schemas, origins, how.progress)) }
  } catch (error) {
    if (!(error instanceof PackageRefused)) throw error
    return await turnAway(exchange, file, carrier, error, opened)
  } finally {
    await opened?.close()
  }
}

/** The sender is registered, meant us, signed it, and speaks for the division it is registered with. */
async function checkSender(exchange: Exchange, opened: OpenPackage): Promise<Peer> {
  const { store } = exchange
  const { manifest } = opened
  if (manifest.node === store.node.id)
    refusePackage(
      'peer',
      '这是本机自己发出的包,请交给收件的一方',
      'This box made the package itself; give it to its receiver.',
    )
  const found = findPeer(store, manifest.node)
  const peer = found?.node === manifest.node ? found : undefined
  if (!peer)
    return refusePackage(
      'key',
      `发送方 ${manifest.node} 没有登记:请先用对方的名片登记,再点「再试」`,
      `The sender ${manifest.node} is not registered: add its peer card, then try again.`,
    )
  checkSignature(opened.manifestBytes, opened.signature, peer.keys)
  if (peer.disabled)
    refusePackage('peer', `发送方「${peer.name}」已停用`, `The sender ${peer.name} is disabled.`)
  if (manifest.peer !== store.node.id)
    refusePackage(
      'peer',
      `这个包是发给 ${manifest.peer} 的,不是给本机的`,
      `This package is addressed to ${manifest.peer}, not to this box.`,
    )
  if (manifest.division !== peer.division)
    refusePackage(
      'authority',
      `发送方登记的区划是 ${peer.division},包里写的是 ${manifest.division}`,
      `The sender is registered for ${peer.division} and claims ${manifest.division}.`,
    )
  return peer
}

function checkOrder(exchange: Exchange, { manifest, manifestSha256 }: OpenPackage) {
  const last = lastFrom(exchange, manifest.node)
  const next = (last?.seq ?? 0) + 1
  if (manifest.seq > next)
    refusePackage(
      'gap',
      `缺第 ${next} 号包:请先收取第 ${next}${manifest.seq - 1 > next ? `—${manifest.seq - 1}` : ''} 号`,
      `Package ${next} is missing: receive ${next}${manifest.seq - 1 > next ? `–${manifest.seq - 1}` : ''} first.`,
    )
  if (manifest.seq < next)
    refusePackage(
      'previous',
      `已收过另一个第 ${manifest.seq} 号包(清单 ${shortHash(manifestSha256)} 与它不同):对方可能从旧备份恢复,或有两台机器共用一个身份,请与对方核对`,
      `Another package ${manifest.seq} was received before (this one's manifest is ${shortHash(manifestSha256)}): the sender may have been restored from an old backup, or two machines share one identity.`,
    )
  if ((manifest.previous ?? null) !== (last?.manifestSha256 ?? null))
    refusePackage(
      'previous',
      `它接的不是本机收到的第 ${next - 1} 号包:中间换过内容,请与对方核对`,
      `It does not follow the package ${next - 1} that was received here: something was replaced in between; ask the sender.`,
    )
}

const shortHash = (hash: string) => hash.slice(0, 8)

/** Reads every act before any is applied: the count is right, and nobody speaks for what is not theirs. */
async function checkActs(exchange: Exchange, opened: OpenPackage, peer: Peer): Promise<Set<string>> {
  const authority = new Authority(exchange, peer)
  const tally = new Tally()
  for await (const acts of readActs(opened)) {
    for (const act of acts) {
      tally.add(act)
      authority.check(act)
    }
    await new Promise(setImmediate)
  }
  tally.matches(opened.manifest)
  return authority.origins
}

/** What a sender may say. Divisions of records that are born in the package are remembered for the acts that follow. */
class Authority {
  readonly origins = new Set<string>()
  private readonly born = new Map<string, string>()
  private readonly divisionOf
  private readonly routeOf

  constructor(
    private readonly exchange: Exchange,
    private readonly peer: Peer,
  ) {
    this.divisionOf = exchange.store.db.query('select division from record where id = ?')
    this.routeOf = exchange.store.db.query(
      'select r.peer from route r join peer p on p.node = r.peer where r.origin = ? and p.disabled = 0',
    )
  }

  check(act: Act) {
    this.mayPassOn(act.origin)
    for (const change of act.changes) {
      const { registry } = this.exchange.store
      if (registry.datasets.get(change.dataset)?.spec.local || !matches(this.peer.accepts, change.dataset))
        refusePackage(
          'authority',
          `「${this.peer.name}」无权发送数据集「${change.dataset}」`,
          `${this.peer.name} may not send dataset "${change.dataset}".`,
        )
      const before =
        this.born.get(change.record) ??
        (this.divisionOf.get(change.record) as { division: string } | null)?.division
      for (const division of [change.division, before])
        if (division !== undefined && !this.speaksFor(division)) this.beyond(division)
      const now = change.division ?? before
      if (now !== undefined) this.born.set(change.record, now)
    }
  }

  /** Its own division and what is below; from above also what reaches down from further above. */
  private speaksFor(division: string): boolean {
    return (
      division.startsWith(this.peer.division) ||
      (this.peer.relation === 'upper' && this.peer.division.startsWith(division))
    )
  }

  private mayPassOn(origin: string) {
    if (this.origins.has(origin)) return
    const { store } = this.exchange
    if (origin === store.node.id)
      refusePackage(
        'authority',
        '包里有冒用本机身份的操作,或本机曾从旧备份恢复:请与对方核对',
        'The package holds acts in the name of this box: forged, or made before this box was restored from a backup.',
      )
    const line = (this.routeOf.get(origin) as { peer: string } | null)?.peer
    if (this.peer.relation !== 'upper' && line !== undefined && line !== this.peer.node)
      refusePackage(
        'authority',
        `节点 ${origin} 的操作应由另一条线路送来`,
        `Acts of node ${origin} come along another line.`,
      )
    this.origins.add(origin)
  }

  private beyond(division: string): never {
    refusePackage(
      'authority',
      `「${this.peer.name}」(${this.peer.division})无权修改 ${division} 的记录`,
      `${this.peer.name} (${this.peer.division}) may not change records of ${division}.`,
    )
  }
}

/** Our own copy, on the books, before the first act is applied: from here on a restart knows how to go on. */
async function keep(
  exchange: Exchange,
  file: string,
  opened: OpenPackage,
  carrier: Carrier,
  taken?: boolean,
): Promise<PackageIn> {
  const { store } = exchange
  const { manifest, manifestSha256 } = opened
  const name = packageName(manifest)
  await place(file, join(exchange.post.in, name), taken)
  store.db
    .query(
      `insert into package_in(node, seq, file, bytes, manifest_sha256, count, datasets, state, carrier, arrived_at)
       values(?,?,?,?,?,?,?,'received',?,?) on conflict do update set state = case state when 'refused' then 'received' else state end, file = excluded.file, code = null, reason = null`,
    )
    .run(
      manifest.node,
      manifest.seq,
      name,
      opened.bytes,
      manifestSha256,
      manifest.acts.count,
      canonical(manifest.datasets),
      carrier,
      store.moment(),
    )
  return packagesIn(exchange, 'node = ? and seq = ? and manifest_sha256 = ?', [
    manifest.node,
    manifest.seq,
    manifestSha256,
  ])[0]!
}

async function applyAll(
  exchange: Exchange,
  opened: OpenPackage,
  peer: Peer,
  kept: PackageIn,
  schemas: DatasetSpec[],
  origins: Set<string>,
  progress?: (done: number, of: number) => void,
): Promise<Omit<Received, 'file'>> {
  const { store } = exchange
  const { manifest, manifestSha256 } = opened
  learnSchemas(exchange, peer, manifest.seq, schemas)
  learnRoutes(exchange, peer, origins)
  await unpackFiles(exchange, opened, peer)
  const inWords = new TodaysWords(exchange, peer)
  let line = 0
  for await (const acts of readActs(opened)) {
    let i = Math.max(0, Math.min(acts.length, kept.done - line))
    while (i < acts.length) {
      const from = i
      const until = performance.now() + lotMs
      store.batch(() => {
        let repeated = 0
        let asked = 0
        do {
          const act = inWords.say(acts[i]!)
          const { receipt, fault } = applyOne(exchange, act, peer)
          if (fault) stepAside(exchange, peer, manifest.seq, act, fault)
          if (receipt?.outcome === 'repeated') repeated++
          if (receipt?.outcome === 'question') asked++
          i++
        } while (i < acts.length && performance.now() < until)
        store.db
          .query('update package_in set done = ?, repeated = repeated + ?, asked = asked + ? where pid = ?')
          .run(line + i, repeated, asked, kept.pid)
      })
      progress?.(line + i, manifest.acts.count)
      // Clerks save between two lots.
      if (i > from) await new Promise(setImmediate)
    }
    line += acts.length
  }
  const receipt = settle(exchange, opened, kept.pid, peer)
  return {
    outcome: 'applied',
    node: peer.node,
    seq: manifest.seq,
    manifestSha256,
    counts: receipt.counts,
    receipt,
  }
}

// 25 ms: a clerk's save waits no longer than that behind a lot, and a lot still holds some hundred acts to one fsync.
const lotMs = 25

function applyOne(exchange: Exchange, act: Act, peer: Peer): { receipt?: Receipt; fault?: Words } {
  const { store } = exchange
  // Records that reach down from above the sender were allowed by `Authority`; the store's own check is by prefix.
  const above =
    peer.relation === 'upper' &&
    act.changes.some(
      (change) =>
        !(change.division ?? store.record(change.record)?.division ?? peer.division).startsWith(
          peer.division,
        ),
    )
  try {
    const receipt = store.apply(act, { division: above ? '' : peer.division, node: peer.node })
    return receipt.outcome === 'refused'
      ? { fault: receipt.message ?? { zh: '被拒绝', en: 'Refused.' } }
      : { receipt }
  } catch (error) {
    // A full disk or a broken one concerns everything; anything else is this act's own trouble.
    if (
      !store.db.inTransaction ||
      /SQLITE_(FULL|IOERR|CORRUPT|NOMEM)/.test(String((error as { code?: string }).code))
    )
      throw error
    const said = error instanceof Error ? error.message : String(error)
    return { fault: { zh: `程序内部出错:${said}`, en: `Internal fault: ${said}` } }
  }
}

function stepAside(exchange: Exchange, peer: Peer, seq: number, act: Act, reason: Words) {
  exchange.store.db
    .query(
      'insert into package_aside(id, node, seq, name, act, reason, tries, at) values(?,?,?,?,?,?,1,?) on conflict do update set reason = excluded.reason, tries = tries + 1',
    )
    .run(act.id, peer.node, seq, act.name, canonical(act), canonical(reason), exchange.store.moment())
}

/** The receipt and the end of applying are one transaction: there is never the one without the other. */
function settle(exchange: Exchange, opened: OpenPackage, pid: number, peer: Peer): PackageReceipt {
  const { store } = exchange
  const { manifest, manifestSha256 } = opened
  return store.batch(() => {
    const row = packagesIn(exchange, 'pid = ?', [pid])[0]!
    const aside = store.db
      .query('select id, reason from package_aside where node = ? and seq = ? order by rowid')
      .all(peer.node, manifest.seq) as { id: string; reason: string }[]
    const { hash } = (store.db.query('select hash from act order by seq desc limit 1').get() as {
      hash: Uint8Array
    } | null) ?? { hash: new Uint8Array(32) }
    const receipt = signReceipt(exchange, peer, {
      seq: manifest.seq,
      manifestSha256,
      outcome: 'applied',
      at: store.moment(),
      counts: {
        acts: manifest.acts.count - aside.length,
        repeated: row.repeated,
        questions: row.asked,
        aside: aside.length,
      },
      ...(aside.length > 0
        ? {
            aside: aside
              .slice(0, 100)
              .map((each) => ({ act: each.id, reason: (JSON.parse(each.reason) as Words).zh })),
          }
        : {}),
      diary: { seq: store.seq, hash: hex(hash) },
    })
    store.db
      .query(`update package_in set state = 'applied', settled_at = ?, receipt = ?, told = 0 where pid = ?`)
      .run(store.moment(), canonical(receipt), pid)
    store.db
      .query(`delete from package_in where node = ? and seq = ? and state = 'refused'`)
      .run(peer.node, manifest.seq)
    return receipt
  })
}

/** Kept for a person to look at, with the reason; the sender hears of it when we know who it is. */
async function turnAway(
  exchange: Exchange,
  file: string,
  carrier: Carrier,
  refused: PackageRefused,
  opened?: OpenPackage,
): Promise<Received> {
  const { store } = exchange
  const whole = await hashFile(file)
  const manifest = opened?.manifest ?? (await glimpse(file))
  const name = `${whole.sha256.slice(0, 16)}-${basename(file)
    .replaceAll(/[^\w.-]/g, '_')
    .slice(-120)}`.replace(/^([0-9a-f]{16}-)(?:[0-9a-f]{16}-)+/, '$1')
  await place(file, join(exchange.post.refused, name))
  const manifestSha256 = opened?.manifestSha256
  const sender = manifest ? findPeer(store, manifest.node) : undefined
  const receipt =
    manifest && manifestSha256 && sender?.node === manifest.node
      ? signReceipt(exchange, sender, {
          seq: manifest.seq,
          manifestSha256,
          outcome: 'refused',
          at: store.moment(),
          code: refused.code,
          reason: refused.words.zh,
          words: refused.words,
        })
      : undefined
  store.db
    .query(
      `insert into package_in(node, seq, file, bytes, manifest_sha256, count, datasets, state, carrier, arrived_at, settled_at, code, reason, receipt)
       values(?,?,?,?,?,?,?,'refused',?,?,?,?,?,?) on conflict do update set settled_at = excluded.settled_at, code = excluded.code, reason = excluded.reason, receipt = excluded.receipt, told = 0
       where state = 'refused'`,
    )
    // A damaged copy of a package that was applied must not take its place in the books: it goes under its file's hash.
    .run(
      manifest?.node ?? '',
      manifest?.seq ?? 0,
      name,
      whole.bytes,
      whole.sha256,
      manifest?.acts.count ?? 0,
      canonical(manifest?.datasets ?? {}),
      carrier,
      store.moment(),
      store.moment(),
      refused.code,
      canonical(refused.words),
      receipt ? canonical(receipt) : null,
    )
  return {
    file,
    outcome: 'refused',
    node: manifest?.node,
    seq: manifest?.seq,
    manifestSha256,
    code: refused.code,
    reason: refused.words,
    receipt,
  }
}

/** Whose package a damaged file probably is: only for the list a person reads. */
async function glimpse(file: string): Promise<Manifest | undefined> {
  const archive = await open(file, 'r')
  try {
    const head = new Uint8Array(1 << 20)
    const { bytesRead } = await archive.read(head, 0, head.length, 0)
    const size = Number.parseInt(Buffer.from(head.subarray(124, 135)).toString('latin1'), 8)
    return size > 0 && 512 + size <= bytesRead ? parseManifest(head.slice(512, 512 + size)) : undefined
  } catch {
    return undefined
  } finally {
    await archive.close()
  }
}

async function retryKept(exchange: Exchange, node: string, seq: number): Promise<void> {
  const early = packagesIn(exchange, `state = 'refused' and code = 'gap' and node = ? and seq = ?`, [
    node,
    seq,
  ])[0]
  if (early) await retryRefused(exchange, early.pid)
}

function learnSchemas(exchange: Exchange, peer: Peer, seq: number, schemas: DatasetSpec[]) {
  const { store } = exchange
  for (const spec of schemas) {
    const news = learn(store, spec)
    store.db
      .query(
        'insert into spoken(node, dataset, version, since, spec) values(?,?,?,?,?) on conflict do update set spec = excluded.spec, since = excluded.since',
      )
      .run(peer.node, spec.name, spec.version, seq, news ? canonical(spec) : null)
  }
}

function learnRoutes(exchange: Exchange, peer: Peer, origins: Set<string>) {
  const learnt = exchange.store.db.query(
    'insert into route(origin, peer) values(?, ?) on conflict do update set peer = excluded.peer',
  )
  for (const origin of origins) learnt.run(origin, peer.node)
}

/** Attachments by their hash, readings by sender and day. Content that is here already stays as it is. */
async function unpackFiles(exchange: Exchange, opened: OpenPackage, peer: Peer) {
  for (const [path, placed] of opened.parts) {
    const hash = fileOf(path)
    const day = dayOf(path)
    const to = hash ? join(exchange.files, hash) : day ? exchange.readingsPath(peer.node, day) : undefined
    if (!to || (hash && (await Bun.file(to).exists()))) continue
    const temporary = `${to}.${process.pid}.tmp`
    const out = await open(temporary, 'w', 0o600)
    try {
      for await (const chunk of stream(opened.archive, placed)) await out.write(chunk)
      await out.sync()
    } finally {
      await out.close()
    }
    await settleFile(temporary, to)
  }
}

/** Acts of a sender that speaks an older version of a dataset, in ours. */
class TodaysWords {
  private readonly theirs = new Map<string, number>()

  constructor(
    private readonly exchange: Exchange,
    peer: Peer,
  ) {
    const rows = exchange.store.db
      .query('select dataset, version from spoken where node = ? order by since, version')
      .all(peer.node) as { dataset: string; version: number }[]
    for (const row of rows) this.theirs.set(row.dataset, row.version)
  }

  say(act: Act): Act {
    const old = (change: Act['changes'][number]) => {
      const dataset = this.exchange.store.registry.datasets.get(change.dataset)
      const version = this.theirs.get(change.dataset)
      return dataset?.upcast && version !== undefined && version < dataset.spec.version
        ? { upcast: dataset.upcast, version }
        : undefined
    }
    if (!act.changes.some(old)) return act
    return {
      ...act,
      changes: act.changes.map((change) => {
        const found = old(change)
        if (!found) return change
        return {
          ...change,
          fields: found.upcast(change.fields, found.version),
        }
      }),
    }
  }
}

/** A copy under another name, whole and on disk; a move when the file is ours to take. */
async function place(from: string, to: string, taken?: boolean) {
  if (from === to) return
  if (taken) {
    try {
      await settleFile(from, to)
      return
    } catch (error) {
      if ((error as { code?: string }).code !== 'EXDEV') throw error
    }
  }
  try {
    await copyFile(from, `${to}.tmp`)
    const copy = await open(`${to}.tmp`, 'r+')
    await copy.sync()
    await copy.close()
    await settleFile(`${to}.tmp`, to)
  } catch (error) {
    await rm(`${to}.tmp`, { force: true })
    if ((error as { code?: string }).code === 'ENOSPC')
      refusePackage(
        'disk',
        '磁盘已满,包没有收下,清理后再试',
        'The disk is full; the package was not taken. Make room and try again.',
      )
    throw error
  }
}

interface Row {
  pid: number
  node: string
  seq: number
  file: string
  bytes: number
  manifest_sha256: string
  count: number
  datasets: string
  state: PackageIn['state']
  carrier: Carrier
  arrived_at: string
  settled_at: string | null
  done: number
  repeated: number
  asked: number
  code: RefusalCode | null
  reason: string | null
  receipt: string | null
  told: number
}

function toPackage(row: Row): PackageIn {
  return {
    pid: row.pid,
    node: row.node,
    seq: row.seq,
    file: row.file,
    bytes: row.bytes,
    manifestSha256: row.manifest_sha256,
    count: row.count,
    datasets: JSON.parse(row.datasets),
    state: row.state,
    carrier: row.carrier,
    arrivedAt: row.arrived_at,
    settledAt: row.settled_at ?? undefined,
    done: row.done,
    repeated: row.repeated,
    asked: row.asked,
    code: row.code ?? undefined,
    reason: row.reason ? JSON.parse(row.reason) : undefined,
    receipt: row.receipt ? JSON.parse(row.receipt) : undefined,
    told: row.told === 1,
  }
}
