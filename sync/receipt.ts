// A receipt says what became of a package: applied, with counts and what stepped aside; or refused, and why. It is signed
// by the receiver, and it alone moves the sender's cursor, whichever way it travels.

import { canonical } from '../server/kernel/canonical.ts'
import { refuse } from '../server/kernel/refusal.ts'
import type { Words } from '../server/kernel/words.ts'
import { type PackageOut, packageOut } from './cut.ts'
import type { Exchange } from './exchange.ts'
import { findPeer, noteDatabase, type Peer } from './peers.ts'
import { PackageRefused, type RefusalCode } from './refused.ts'
import { checkSignature, type Signature } from './seal.ts'

export interface PackageReceipt {
  format?: 'xhp-receipt/1'
  /** Who received it, on which copy of its data. */
  node?: string
  database?: string
  /** Who sent it. */
  peer?: string
  seq: number
  manifestSha256: string
  outcome: 'applied' | 'refused'
  at?: string
  counts?: { acts: number; repeated: number; questions: number; aside: number }
  /** Acts that stepped aside, the first hundred. */
  aside?: { act: string; reason: string }[]
  /** Where the receiver's diary stood afterwards: proof of a state, not only of a delivery. */
  diary?: { seq: number; hash: string }
  code?: RefusalCode
  reason?: string
  words?: Words
  signature?: Signature
}

/** `{sender}-{receiver}-{seq}.receipt.json`, beside the package it answers. */
export const receiptName = (of: { peer: string; node: string; seq: number }) =>
  `${of.peer}-${of.node}-${String(of.seq).padStart(8, '0')}.receipt.json`

export function signReceipt(
  exchange: Exchange,
  sender: Peer,
  said: Omit<PackageReceipt, 'format' | 'node' | 'database' | 'peer' | 'signature'>,
): PackageReceipt {
  const { store, seals } = exchange
  const receipt: PackageReceipt = {
    format: 'xhp-receipt/1',
    node: store.node.id,
    database: store.node.database,
    peer: sender.node,
    ...said,
  }
  return { ...receipt, signature: seals.of(sender.signature).sign(signedBytes(receipt)) }
}

/**
 * Takes a receipt to the books. One that came over the wire is the caller's, whose token proved who it is; a signature,
 * when there is one, must hold all the same. One that came on a stick has nothing but its signature.
 */
export function takeReceipt(exchange: Exchange, receipt: PackageReceipt, caller?: Peer): PackageOut {
  const { store } = exchange
  if (
    !Number.isSafeInteger(receipt?.seq) ||
    typeof receipt.manifestSha256 !== 'string' ||
    !['applied', 'refused'].includes(receipt.outcome)
  )
    refuse({
      zh: '回执应包含 seq、manifestSha256 和 outcome(applied 或 refused)',
      en: 'A receipt has seq, manifestSha256 and outcome (applied or refused).',
    })
  if (caller && receipt.node !== undefined && receipt.node !== caller.node)
    refuse({ zh: '回执不是这个节点开出的', en: 'The receipt was made by another node.' }, { kind: 'access' })
  const from = caller ?? findPeer(store, receipt.node ?? '')
  if (!from || (receipt.peer !== undefined && receipt.peer !== store.node.id))
    refuse(
      {
        zh: '回执来自未登记的节点,或不是给本机的',
        en: 'The receipt comes from a node that is not registered, or is not for this box.',
      },
      { kind: 'access' },
    )
  if (receipt.signature) checkReceiptSignature(receipt, from)
  else if (!caller)
    refuse(
      { zh: '回执没有签名,不能采信', en: 'The receipt is not signed and cannot be trusted.' },
      { kind: 'access' },
    )

  const sent = packageOut(exchange, from.node, receipt.seq)
  if (!sent || sent.manifestSha256 !== receipt.manifestSha256)
    refuse(
      {
        zh: `本机没有发出过这样的第 ${receipt.seq} 号包`,
        en: `This box has sent no such package ${receipt.seq}.`,
      },
      { kind: 'missing' },
    )
  noteDatabase(store, from, receipt.database)
  if (sent.state === 'imported') return sent
  if (receipt.outcome === 'applied') confirm(exchange, sent, receipt)
  else turnedAway(exchange, sent, receipt)
  exchange.changed()
  return packageOut(exchange, from.node, receipt.seq)!
}

function confirm(exchange: Exchange, sent: PackageOut, receipt: PackageReceipt) {
  const { store } = exchange
  const now = store.moment()
  store.batch(() => {
    // Packages are applied in order: one that was applied vouches for those before it, whose receipts were lost.
    store.db
      .query(
        `update package_out set state = 'imported', settled_at = ?, reason = null, received_at = coalesce(received_at, ?) where peer = ? and seq <= ? and state <> 'imported'`,
      )
      .run(now, now, sent.peer, sent.seq)
    store.db
      .query('update package_out set receipt = ? where peer = ? and seq = ?')
      .run(canonical(receipt), sent.peer, sent.seq)
    store.db
      .query('update peer set confirmed = max(confirmed, ?), confirmed_at = ? where node = ?')
      .run(sent.to, now, sent.peer)
  })
}

// What the journey or the order did to a package is mended by sending it again; the rest needs a person.
const mendedBySendingAgain = new Set<RefusalCode | undefined>(['gap', 'part', 'truncated', 'disk'])

function turnedAway(exchange: Exchange, sent: PackageOut, receipt: PackageReceipt) {
  const again = mendedBySendingAgain.has(receipt.code)
  const words = receipt.words ?? {
    zh: receipt.reason ?? '对方没有说明原因',
    en: receipt.reason ?? 'The receiver gave no reason.',
  }
  exchange.store.db
    .query(
      'update package_out set state = ?, settled_at = ?, reason = ?, receipt = ?, upload = null where peer = ? and seq = ?',
    )
    .run(
      again ? 'waiting' : 'refused',
      exchange.store.moment(),
      canonical(words),
      canonical(receipt),
      sent.peer,
      sent.seq,
    )
}

function checkReceiptSignature(receipt: PackageReceipt, from: Peer) {
  try {
    checkSignature(signedBytes(receipt), receipt.signature!, from.keys)
  } catch (error) {
    if (error instanceof PackageRefused) refuse(error.words, { kind: 'access' })
    throw error
  }
}

const signedBytes = ({ signature: _, ...rest }: PackageReceipt) => new TextEncoder().encode(canonical(rest))
