// The same packages on a stick: out to a directory, in from one, receipts both ways. Whoever carries it needs to
// understand nothing; whoever receives it finds files that say what they are.

import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs'
import { copyFile, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { refuse } from '../server/kernel/refusal.ts'
import { cutPackages, type PackageOut, packageOut, pendingFor } from './cut.ts'
import type { Exchange } from './exchange.ts'
import { isNode } from './manifest.ts'
import { findPeer, mustFindPeer } from './peers.ts'
import { type PackageReceipt, receiptName, takeReceipt } from './receipt.ts'
import { packagesIn, type Received, receivePackage } from './receive.ts'

/** Builds what waits for a peer (`xianhe package --for PEER`), and copies it to a directory when one is given. */
export async function packageFor(
  exchange: Exchange,
  which: string,
  to?: string,
): Promise<{ packages: PackageOut[]; receipts: number; copied: string[] }> {
  const peer = mustFindPeer(exchange.store, which)
  if (peer.disabled)
    refuse({ zh: `「${peer.name}」已停用,先启用再打包`, en: `${peer.name} is disabled; enable it first.` })
  await cutPackages(exchange, peer.node)
  const packages = pendingFor(exchange, peer.node)
  if (to === undefined) return { packages, receipts: 0, copied: [] }
  await mustHoldFiles(
    to,
    packages.reduce((sum, each) => sum + each.bytes, 0),
  )
  const copied: string[] = []
  for (const each of packages) {
    await copyWhole(each.path, join(to, each.file))
    copied.push(each.file)
    exchange.store.db
      .query(
        `update package_out set state = 'sent', sent_at = coalesce(sent_at, ?), carrier = 'stick' where peer = ? and seq = ? and state = 'waiting'`,
      )
      .run(exchange.store.moment(), peer.node, each.seq)
  }
  const receipts = await writeReceipts(exchange, peer.node, to)
  exchange.changed()
  return { packages: packages.map((each) => packageOut(exchange, peer.node, each.seq)!), receipts, copied }
}

export interface StickImport {
  packages: Received[]
  /** Receipts for packages of ours. */
  confirmed: { seq: number; peer: string; outcome: 'applied' | 'refused' }[]
  /** Receipts that could not be believed, with the reason. */
  doubtful: { file: string; reason: string }[]
  /** Our answers, written beside the packages for the way back. */
  receipts: number
}

/** Takes everything on the stick that is for us, in order, and leaves our receipts there for the way back. */
export async function importFrom(exchange: Exchange, from: string): Promise<StickImport> {
  if (!existsSync(from) || !statSync(from).isDirectory())
    refuse(
      {
        zh: `找不到目录 ${from},请插好 U 盘后再试`,
        en: `There is no directory ${from}; plug the stick in and try again.`,
      },
      { field: 'from' },
    )
  const found: StickImport = { packages: [], confirmed: [], doubtful: [], receipts: 0 }
  // Names end in the number with its zeros: sorted by name, a sender's packages come in their order.
  const names = readdirSync(from).sort()
  const senders = new Set<string>()
  for (const name of names.filter((each) => /\.xhp$/i.test(each) && isOurs(exchange, each))) {
    const received = await receivePackage(exchange, join(from, name), 'stick')
    found.packages.push(received)
    if (received.node) senders.add(received.node)
  }
  for (const name of names.filter(
    (each) => each.endsWith('.receipt.json') && each.startsWith(exchange.store.node.id),
  )) {
    try {
      const receipt = JSON.parse(await readFile(join(from, name), 'utf8')) as PackageReceipt
      takeReceipt(exchange, receipt)
      found.confirmed.push({ seq: receipt.seq, peer: receipt.node!, outcome: receipt.outcome })
    } catch (error) {
      found.doubtful.push({ file: name, reason: error instanceof Error ? error.message : String(error) })
    }
  }
  for (const sender of senders) found.receipts += await writeReceipts(exchange, sender, from, found.packages)
  exchange.changed()
  return found
}

/** A stick may carry what others packed for others; by name they are left alone, by content they would be refused. */
function isOurs(exchange: Exchange, name: string): boolean {
  const own = exchange.store.node.id
  if (!/-\d{8}\.xhp$/.test(name)) return true
  return name.includes(`-${own}-`)
}

async function writeReceipts(
  exchange: Exchange,
  sender: string,
  to: string,
  just: Received[] = [],
): Promise<number> {
  if (!isNode(sender) || !findPeer(exchange.store, sender)) return 0
  const seqs = new Set(just.filter((each) => each.node === sender).map((each) => each.seq))
  let written = 0
  for (const row of packagesIn(exchange, 'node = ? and receipt is not null', [sender]).reverse()) {
    if (row.told && !seqs.has(row.seq)) continue
    const file = join(to, receiptName({ peer: sender, node: exchange.store.node.id, seq: row.seq }))
    const out = await open(`${file}.tmp`, 'w')
    await out.write(JSON.stringify(row.receipt, null, 1))
    await out.sync()
    await out.close()
    await rename(`${file}.tmp`, file)
    written++
  }
  // A stick can get lost: `told` is left for the wire, and the receipt is written again next time.
  return written
}

async function mustHoldFiles(to: string, bytes: number) {
  try {
    await mkdir(to, { recursive: true })
  } catch {
    refuse(
      {
        zh: `不能写入 ${to},请检查 U 盘是否插好、是否写保护`,
        en: `Cannot write to ${to}; is the stick plugged in, and not write-protected?`,
      },
      { field: 'to' },
    )
  }
  const room = statfsSync(to)
  const free = room.bavail * room.bsize
  if (free < bytes)
    refuse(
      {
        zh: `${to} 空间不足:需要 ${megabytes(bytes)} MB,剩余 ${megabytes(free)} MB`,
        en: `${to} has too little room: ${megabytes(bytes)} MB needed, ${megabytes(free)} MB free.`,
      },
      { field: 'to' },
    )
}

const megabytes = (bytes: number) => Math.ceil(bytes / 1e6)

/** FAT sticks are pulled out early: the final name appears only when every byte is on it. */
async function copyWhole(from: string, to: string) {
  if (existsSync(to) && statSync(to).size === statSync(from).size) return
  try {
    await copyFile(from, `${to}.tmp`)
    const copy = await open(`${to}.tmp`, 'r+')
    await copy.sync()
    await copy.close()
    await rename(`${to}.tmp`, to)
  } catch (error) {
    await rm(`${to}.tmp`, { force: true })
    refuse(
      {
        zh: `写 ${to} 时出错:${(error as Error).message}`,
        en: `Writing ${to} failed: ${(error as Error).message}`,
      },
      { field: 'to' },
    )
  }
}
