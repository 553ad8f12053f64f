// The diary: every act in this box's order, chained by hash. Values enter the chain by a salted digest, so that a
// redaction can blank them and the chain still proves that nothing else was touched.

import type { Database } from 'bun:sqlite'
import type { Act, Change } from './acts.ts'

export interface ActRow {
  seq: number
  id: string
  name: string
  actor: string
  by: string
  at: string
  written: string
  cause: string | null
  origin: string
  clock: 'ahead' | 'behind' | null
  hash: Uint8Array
}

export interface ChangeRow {
  cid: number
  seq: number
  dataset: string
  record: string
  base: number
  version: number
  fields: string | null
  division: string | null
  withdrawn: number | null
  salt: Uint8Array
  digest: Uint8Array
}

export const changeDigest = (salt: Uint8Array, fields: string): Uint8Array => {
  const hasher = new Bun.CryptoHasher('sha256')
  hasher.update(salt)
  hasher.update(fields)
  return hasher.digest()
}

/** SHA-256 over the previous hash, the act's header, and each change's header with its digest. */
export function actHash(
  previous: Uint8Array,
  act: Omit<ActRow, 'hash'>,
  changes: Pick<ChangeRow, 'dataset' | 'record' | 'base' | 'version' | 'division' | 'withdrawn' | 'digest'>[],
): Uint8Array {
  const hasher = new Bun.CryptoHasher('sha256')
  hasher.update(previous)
  // Lists of texts, numbers and nulls: JSON.stringify has one spelling for these, the canonical one.
  hasher.update(
    JSON.stringify([
      act.seq,
      act.id,
      act.name,
      act.actor,
      act.by,
      act.at,
      act.written,
      act.cause,
      act.origin,
      act.clock,
      changes.map((each) => [
        each.dataset,
        each.record,
        each.base,
        each.version,
        each.division,
        each.withdrawn,
        hex(each.digest),
      ]),
    ]),
  )
  return hasher.digest()
}

export const firstHash = new Uint8Array(32)
export const hex = (bytes: Uint8Array) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')

export function toAct(row: ActRow, changes: ChangeRow[]): Act {
  return {
    id: row.id,
    seq: row.seq,
    name: row.name,
    actor: row.actor,
    by: row.by,
    at: row.at,
    origin: row.origin,
    ...(row.cause ? { cause: row.cause } : {}),
    ...(row.clock ? { clock: row.clock } : {}),
    changes: changes.map(toChange),
  }
}

function toChange(row: ChangeRow): Change {
  return {
    dataset: row.dataset,
    record: row.record,
    base: row.base,
    fields: row.fields === null ? {} : JSON.parse(row.fields),
    ...(row.division ? { division: row.division } : {}),
    ...(row.withdrawn ? { withdrawn: true } : {}),
    ...(row.fields === null ? { redacted: true as const } : {}),
  }
}

/** Acts after a diary position, oldest first. */
export function actsAfter(db: Database, after: number, limit: number): Act[] {
  const rows = db.query('select * from act where seq > ? order by seq limit ?').all(after, limit) as ActRow[]
  if (rows.length === 0) return []
  const changes = db
    .query('select * from change where seq between ? and ? order by cid')
    .all(rows[0]!.seq, rows.at(-1)!.seq) as ChangeRow[]
  const bySeq = Map.groupBy(changes, (each) => each.seq)
  return rows.map((row) => toAct(row, bySeq.get(row.seq) ?? []))
}

/** The acts that touched a record, oldest first, with all their changes. */
export function actsOf(db: Database, record: string): Act[] {
  const rows = db
    .query('select * from act where seq in (select seq from change where record = ?) order by seq')
    .all(record) as ActRow[]
  const changes = db.query('select * from change where seq = ? order by cid')
  return rows.map((row) => toAct(row, changes.all(row.seq) as ChangeRow[]))
}

/** Where the chain first breaks, or undefined when it holds to the end. Walks the whole diary in slices. */
export function chainFault(db: Database): { seq: number; reason: 'act' | 'values' } | undefined {
  let previous: Uint8Array = firstHash
  let seq = 0
  for (;;) {
    const rows = db.query('select * from act where seq > ? order by seq limit 5000').all(seq) as ActRow[]
    if (rows.length === 0) return undefined
    const changes = Map.groupBy(
      db
        .query('select * from change where seq between ? and ? order by cid')
        .all(rows[0]!.seq, rows.at(-1)!.seq) as ChangeRow[],
      (each) => each.seq,
    )
    for (const row of rows) {
      const mine = changes.get(row.seq) ?? []
      const tampered = mine.some(
        (each) => each.fields !== null && hex(changeDigest(each.salt, each.fields)) !== hex(each.digest),
      )
      if (tampered) return { seq: row.seq, reason: 'values' }
      if (hex(actHash(previous, row, mine)) !== hex(row.hash)) return { seq: row.seq, reason: 'act' }
      previous = row.hash
      seq = row.seq
    }
  }
}
