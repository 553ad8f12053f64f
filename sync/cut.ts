// Cutting a package: slice, parts, manifest, seal, archive; on disk before it is on the books. The cursor does not move
// here: only the receiver's receipt moves it.

import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { canonical } from '../server/kernel/canonical.ts'
import { refuse } from '../server/kernel/refusal.ts'
import type { Words } from '../server/kernel/words.ts'
import { type Exchange, settleFile } from './exchange.ts'
import { hashFile, LineWriter } from './lines.ts'
import { actsPath, type Manifest, manifestBytes, mediaTypes, packageName } from './manifest.ts'
import { sha256 } from './open.ts'
import { mustFindPeer, type Peer } from './peers.ts'
import { type Met, type Slice, Slicer } from './slice.ts'
import { type Part, writeTar } from './tar.ts'

export interface PackageOut {
  peer: string
  seq: number
  file: string
  path: string
  bytes: number
  sha256: string
  manifestSha256: string
  from: number
  to: number
  count: number
  omitted: number
  datasets: Manifest['datasets']
  state: 'waiting' | 'sent' | 'received' | 'imported' | 'refused'
  cutAt: string
  sentAt?: string
  receivedAt?: string
  settledAt?: string
  carrier?: string
  upload?: string
  reason?: Words
  receipt?: unknown
}

/** Cuts everything that waits for a peer, in packages of a size a thin line can carry. Nothing waiting: none. */
export function cutPackages(exchange: Exchange, which: string): Promise<PackageOut[]> {
  const { node } = mustFindPeer(exchange.store, which)
  return exchange.alone(`cut ${node}`, async () => {
    // After a restore the books may know packages whose files did not come along.
    const lost = pendingFor(exchange, node).find((each) => !existsSync(each.path))
    if (lost) await takeBack(exchange, node, lost.seq)
    return cutAll(exchange, node)
  })
}

/**
 * Cuts again from a package on that the peer has not imported: after a change of policy, or when its file was lost.
 * The old files go; what the receiver has imported stays as it is.
 */
export function cutAgain(exchange: Exchange, which: string, from: number): Promise<PackageOut[]> {
  const { node } = mustFindPeer(exchange.store, which)
  return exchange.alone(`cut ${node}`, async () => {
    await takeBack(exchange, node, from)
    return cutAll(exchange, node)
  })
}

async function cutAll(exchange: Exchange, node: string): Promise<PackageOut[]> {
  const cut: PackageOut[] = []
  for (;;) {
    const peer = mustFindPeer(exchange.store, node)
    const one = peer.disabled ? undefined : await cutOne(exchange, peer)
    if (!one) return cut
    cut.push(one)
    exchange.changed()
  }
}

async function takeBack(exchange: Exchange, node: string, from: number) {
  const { store } = exchange
  const again = packagesFor(exchange, node, 100_000).filter((each) => each.seq >= from)
  if (again.some((each) => each.state === 'imported'))
    refuse({
      zh: `第 ${from} 号包或之后的包对方已入库,不能重新打包`,
      en: `Package ${from} or a later one was imported; it cannot be cut again.`,
    })
  for (const each of again) await rm(each.path, { force: true })
  const first = again.at(-1)
  if (!first) return
  store.batch(() => {
    store.db.query('delete from package_out where peer = ? and seq >= ?').run(node, from)
    store.db.query('delete from given where peer = ? and seq >= ?').run(node, from)
    store.db.query('update peer set looked = ? where node = ?').run(first.from - 1, node)
  })
}

export function packagesFor(exchange: Exchange, peer: string, limit = 1000): PackageOut[] {
  return (
    exchange.store.db
      .query('select * from package_out where peer = ? order by seq desc limit ?')
      .all(peer, limit) as Row[]
  ).map((row) => toPackage(exchange, row))
}

export function packageOut(exchange: Exchange, peer: string, seq: number): PackageOut | undefined {
  const row = exchange.store.db
    .query('select * from package_out where peer = ? and seq = ?')
    .get(peer, seq) as Row | null
  return row ? toPackage(exchange, row) : undefined
}

/** What the peer does not have yet, oldest first. */
export function pendingFor(exchange: Exchange, peer: string): PackageOut[] {
  return (
    exchange.store.db
      .query(`select * from package_out where peer = ? and state <> 'imported' order by seq`)
      .all(peer) as Row[]
  ).map((row) => toPackage(exchange, row))
}

async function cutOne(exchange: Exchange, peer: Peer): Promise<PackageOut | undefined> {
  const { store } = exchange
  const last = lastOut(exchange, peer.node)
  const from = (last?.to ?? peer.confirmed) + 1
  const slicer = new Slicer(store, peer)
  const slice = await slicer.plan(from, Math.max(peer.looked, from - 1), exchange.limits)
  if (slice.seqs.length === 0) {
    // Nothing of this concerns the peer: remember how far we looked, so that the next look is short.
    if (slice.to > peer.looked)
      store.db.query('update peer set looked = ? where node = ?').run(slice.to, peer.node)
    const extras = await gatherExtras(exchange, peer, { datasets: {}, files: new Map(), lastAt: '' })
    if (extras.parts.length === 0) return undefined
    return write(
      exchange,
      peer,
      { ...slice, from, to: Math.max(slice.to, from - 1), omitted: Math.max(0, slice.to - from + 1) },
      slicer,
      last,
      extras,
    )
  }
  return write(exchange, peer, slice, slicer, last)
}

async function write(
  exchange: Exchange,
  peer: Peer,
  slice: Slice,
  slicer: Slicer,
  last: PackageOut | undefined,
  ready?: Extras,
): Promise<PackageOut> {
  const { store } = exchange
  const before = peer.base && peer.base.seq > (last?.seq ?? 0) ? peer.base : last
  const seq = (before?.seq ?? 0) + 1
  const name = packageName({ node: store.node.id, peer: peer.node, seq })
  const path = join(exchange.post.out, name)
  const writer = new LineWriter(`${path}.acts`)
  const met: Met = { datasets: {}, files: new Map(), lastAt: '' }
  try {
    for (const lot of slicer.lines(slice, met)) {
      await writer.write(lot)
      await new Promise(setImmediate)
    }
    const count = writer.count
    const lines = await writer.finish()
    const schemas = schemasFor(exchange, peer, Object.keys(met.datasets))
    const extras = ready ?? (await gatherExtras(exchange, peer, met))
    const parts: (Part & { sha256: string; mediaType: string })[] = [
      ...schemas.map(({ path, text }) => ({
        path,
        bytes: Buffer.byteLength(text),
        sha256: sha256(text),
        mediaType: mediaTypes.json,
        content: Buffer.from(text),
      })),
      { path: actsPath, ...lines, mediaType: mediaTypes.acts, content: { file: `${path}.acts` } },
      ...extras.parts,
    ]
    const manifest: Manifest = {
      format: 'xhp/1',
      node: store.node.id,
      division: store.node.division,
      peer: peer.node,
      seq,
      previous: before?.manifestSha256 ?? null,
      created: met.lastAt || timeOf(exchange, slice.to),
      acts: { from: slice.from, to: slice.to, count, omitted: slice.omitted },
      datasets: met.datasets,
      policy: peer.policy,
      parts: parts.map(({ path, bytes, sha256, mediaType }) => ({ path, bytes, sha256, mediaType })),
    }
    const manifestText = manifestBytes(manifest)
    const signature = Buffer.from(canonical(exchange.seals.of(peer.signature).sign(manifestText)))
    const tar = await writeTar(`${path}.tmp`, [
      { path: 'manifest.json', bytes: manifestText.length, content: manifestText },
      { path: 'signature.json', bytes: signature.length, content: signature },
      ...parts,
    ])
    await settleFile(`${path}.tmp`, path)
    store.batch(() => {
      store.db
        .query(
          `insert into package_out(peer, seq, file, bytes, sha256, manifest_sha256, from_seq, to_seq, count, omitted, datasets, state, cut_at)
           values(?,?,?,?,?,?,?,?,?,?,?,'waiting',?)`,
        )
        .run(
          peer.node,
          seq,
          name,
          tar.bytes,
          tar.sha256,
          sha256(manifestText),
          slice.from,
          slice.to,
          count,
          slice.omitted,
          canonical(met.datasets),
          store.moment(),
        )
      const give = store.db.query(
        'insert into given(peer, kind, name, seq) values(?,?,?,?) on conflict do update set seq = excluded.seq',
      )
      for (const schema of schemas) give.run(peer.node, 'schema', schema.name, seq)
      for (const record of slice.carried) give.run(peer.node, 'record', record, seq)
      for (const hash of extras.files) give.run(peer.node, 'file', hash, seq)
      for (const hash of extras.owed) give.run(peer.node, 'file', hash, 0)
      for (const day of extras.days) give.run(peer.node, 'day', day, seq)
      store.db.query('update peer set looked = ? where node = ?').run(slice.to, peer.node)
    })
    return packageOut(exchange, peer.node, seq)!
  } finally {
    await writer.discard()
    for (const file of [`${path}.tmp`, ...(ready?.temporary ?? [])]) await rm(file, { force: true })
  }
}

/** Declarations the peer has not had, in the form this box uses now. Named with their hash: a redeclared dataset goes again. */
function schemasFor(
  exchange: Exchange,
  peer: Peer,
  datasets: string[],
): { path: string; name: string; text: string }[] {
  const had = new Set(
    (
      exchange.store.db.query(`select name from given where peer = ? and kind = 'schema'`).all(peer.node) as {
        name: string
      }[]
    ).map((row) => row.name),
  )
  return datasets
    .map((dataset) => exchange.store.registry.dataset(dataset).spec)
    .map((spec) => {
      const text = canonical(spec)
      return {
        path: `schemas/${spec.name}@${spec.version}.json`,
        name: `${spec.name}@${spec.version}#${sha256(text).slice(0, 16)}`,
        text,
      }
    })
    .filter((schema) => !had.has(schema.name))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

interface Extras {
  parts: (Part & { sha256: string; mediaType: string })[]
  files: string[]
  owed: string[]
  days: string[]
  temporary: string[]
}

/** Attachments and readings the peer is due. What is not here yet, or does not fit, stays owed to the next package. */
async function gatherExtras(exchange: Exchange, peer: Peer, met: Met): Promise<Extras> {
  const extras: Extras = { parts: [], files: [], owed: [], days: [], temporary: [] }
  await gatherReadings(exchange, peer, extras)
  if (!peer.policy.files) return extras
  const rows = exchange.store.db
    .query(`select name, seq from given where peer = ? and kind = 'file'`)
    .all(peer.node) as { name: string; seq: number }[]
  const sent = new Set(rows.filter((row) => row.seq > 0).map((row) => row.name))
  const due = [
    ...new Set([...rows.filter((row) => row.seq === 0).map((row) => row.name), ...met.files.keys()]),
  ]
    .filter((hash) => !sent.has(hash))
    .sort()
  let room = exchange.limits.files
  for (const hash of due) {
    const file = join(exchange.files, hash)
    const size = existsSync(file) ? Bun.file(file).size : undefined
    // One larger than any package's room still has to travel: it goes alone.
    const fits = size !== undefined && (size <= room || room === exchange.limits.files)
    const whole = fits ? await hashFile(file) : undefined
    if (!whole || whole.sha256 !== hash) {
      if (met.files.has(hash)) extras.owed.push(hash)
      continue
    }
    room -= whole.bytes
    extras.files.push(hash)
    extras.parts.push({
      path: `files/${hash}`,
      bytes: whole.bytes,
      sha256: hash,
      mediaType: mediaTypes.file,
      content: { file },
    })
  }
  return extras
}

async function gatherReadings(exchange: Exchange, peer: Peer, extras: Extras) {
  const { policy } = peer
  if (policy.readings === 'none' || !exchange.readings) return
  const had = new Set(
    (
      exchange.store.db.query(`select name from given where peer = ? and kind = 'day'`).all(peer.node) as {
        name: string
      }[]
    ).map((row) => row.name),
  )
  const scope = policy.scope ?? (peer.relation === 'lower' ? peer.division : exchange.store.node.division)
  for (const day of (await exchange.readings.days()).filter((each) => !had.has(each)).slice(0, 31)) {
    const file = join(exchange.post.out, `${peer.node}-${day}.parquet`)
    extras.temporary.push(file)
    let found: boolean
    try {
      found = await exchange.readings.write(day, scope, policy.readings, file)
    } catch (error) {
      // Acts never wait for readings: the day stays owed.
      exchange.fault(error)
      return
    }
    extras.days.push(day)
    if (!found) continue
    extras.parts.push({
      path: `readings/${day}.parquet`,
      ...(await hashFile(file)),
      mediaType: mediaTypes.parquet,
      content: { file },
    })
  }
}

/** A package without acts is as old as the last act before it. */
function timeOf(exchange: Exchange, seq: number): string {
  const row = exchange.store.db
    .query('select at from act where seq <= ? order by seq desc limit 1')
    .get(seq) as { at: string } | null
  return row?.at ?? '1970-01-01T00:00:00.000Z'
}

function lastOut(exchange: Exchange, peer: string): PackageOut | undefined {
  return packagesFor(exchange, peer, 1)[0]
}

interface Row {
  peer: string
  seq: number
  file: string
  bytes: number
  sha256: string
  manifest_sha256: string
  from_seq: number
  to_seq: number
  count: number
  omitted: number
  datasets: string
  state: PackageOut['state']
  cut_at: string
  sent_at: string | null
  received_at: string | null
  settled_at: string | null
  carrier: string | null
  upload: string | null
  reason: string | null
  receipt: string | null
}

function toPackage(exchange: Exchange, row: Row): PackageOut {
  return {
    peer: row.peer,
    seq: row.seq,
    file: row.file,
    path: join(exchange.post.out, row.file),
    bytes: row.bytes,
    sha256: row.sha256,
    manifestSha256: row.manifest_sha256,
    from: row.from_seq,
    to: row.to_seq,
    count: row.count,
    omitted: row.omitted,
    datasets: JSON.parse(row.datasets),
    state: row.state,
    cutAt: row.cut_at,
    sentAt: row.sent_at ?? undefined,
    receivedAt: row.received_at ?? undefined,
    settledAt: row.settled_at ?? undefined,
    carrier: row.carrier ?? undefined,
    upload: row.upload ?? undefined,
    reason: row.reason ? JSON.parse(row.reason) : undefined,
    receipt: row.receipt ? JSON.parse(row.receipt) : undefined,
  }
}
