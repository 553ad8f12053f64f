// What lands: portions, each whole or not at all. A package of a sender is one; so is a stretch of this box's own diary,
// which holds what was decided here about the same records.

import type { Act } from '../../server/kernel/acts.ts'
import type { DatasetSpec } from '../../server/kernel/dataset.ts'
import type { Words } from '../../server/kernel/words.ts'

/** How far a node has landed: the last line of the ledger for it. */
export interface Landed {
  seq: number
  /** SHA-256 of the package's manifest.json; of a stretch of this box's own diary, the hash of its last entry. */
  hash: string
  /** The node's diary position that was reached. */
  to: number
}

export interface Portion {
  kind: 'package' | 'diary'
  node: string
  /** From 1, no gaps, per node. */
  seq: number
  hash: string
  /** Hash of the portion before it; null for the first. */
  previous: string | null
  division: string
  /** The stretch of the node's diary, and how many acts of it are inside. */
  from: number
  to: number
  count: number
  /** Declarations that travelled along. */
  schemas: DatasetSpec[]
  /** Acts in diary order, in lots, personal fields as they may land. */
  acts(): AsyncIterable<Act[]>
  /** Ids of records that may have changed besides those the acts name: what a merge or a late act did to them here. */
  alsoTouched(): string[]
  /** Sealed days of readings, each a Parquet file that `save` writes to a path. */
  readings: { day: string; save(to: string): Promise<void> }[]
  close(): Promise<void>
}

/** Told as a portion goes in; `stop` is asked between lots, and what it throws undoes the portion. */
export interface Watch {
  done(acts: number, of: number): void
  stop(): void
}

export interface Counts {
  acts: number
  /** Record rows written. */
  records: number
  readings: number
  /** Days of readings that could not be read, and why: they step aside, the rest lands. */
  aside: { day: string; reason: string }[]
}

/** A stranger's database, disk or directory said no: nothing of the portion was kept. */
export class TargetFault extends Error {
  constructor(
    readonly words: Words,
    readonly cause?: unknown,
  ) {
    super(words.en)
    this.name = 'TargetFault'
  }
}

/** Ctrl-C between two lots. */
export class Stopped extends Error {
  readonly words: Words = {
    zh: '已停下。落完的包都在,再运行一次就接着落',
    en: 'Stopped. Packages that have landed stay; run again to go on.',
  }
}
