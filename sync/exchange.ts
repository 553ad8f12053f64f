// What sync holds open: the store, the seals, and the directory where packages lie. Everything else here is a function
// that takes this.
//
// post/            local: never part of a backup's promise, never read by another room
//   out/           packages we cut, waiting or sent
//   in/            packages that were applied
//   inbox/         half-received uploads
//   refused/       packages turned away, kept for a person to look at
//   receipts/      receipts that wait for a stick

import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Dataset, DatasetSpec } from '../server/kernel/dataset.ts'
import type { Store } from '../server/kernel/store.ts'
import { openSeals, type Seals } from './seal.ts'
import { defaultLimits, type Limits } from './slice.ts'

/** Measured values for packages, from the archive: the analytics child makes the files, sync only carries them. */
export interface ReadingsSource {
  /** Days that are sealed (`YYYY-MM-DD`), oldest first. */
  days(): Promise<string[]>
  /** Writes the day's readings of a division as Parquet to `to`; false when there are none. Same day, same bytes. */
  write(day: string, division: string, how: 'hourly' | 'raw', to: string): Promise<boolean>
}

export interface ExchangeOptions {
  store: Store
  /** The box's data directory: keys/, post/ and files/ live in it. */
  data: string
  readings?: ReadingsSource
  limits?: Partial<Limits>
  /** Called after something changed that pages show. */
  onChange?: () => void
  /** Told what went wrong where nobody waits for an answer. */
  onFault?: (error: unknown) => void
  /** How a peer is called; tests pass their own. */
  fetch?: (request: Request) => Promise<Response>
  /** The address others reach this box at, for its card. */
  address?: () => string | undefined
}

export interface Exchange {
  readonly store: Store
  readonly seals: Seals
  readonly files: string
  /** Where a peer's readings of a day are kept: measured elsewhere, never mixed with our own. */
  readingsPath(node: string, day: string): string
  readonly post: { out: string; in: string; inbox: string; refused: string; receipts: string }
  readonly readings?: ReadingsSource
  readonly limits: Limits
  readonly fetch: (request: Request) => Promise<Response>
  readonly address: () => string | undefined
  changed(): void
  fault(error: unknown): void
  /** One at a time: two cuts, or two receives, of the same line would tread on each other. */
  alone<T>(what: string, work: () => Promise<T>): Promise<T>
}

export function openExchange(options: ExchangeOptions): Exchange {
  const at = (...names: string[]) => {
    const path = join(options.data, ...names)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return path
  }
  const queues = new Map<string, Promise<unknown>>()
  const exchange: Exchange = {
    store: options.store,
    seals: openSeals(at('keys')),
    files: at('files'),
    readingsPath: (node, day) => join(at('archive', 'peers', node), `${day}.parquet`),
    post: {
      out: at('post', 'out'),
      in: at('post', 'in'),
      inbox: at('post', 'inbox'),
      refused: at('post', 'refused'),
      receipts: at('post', 'receipts'),
    },
    readings: options.readings,
    limits: { ...defaultLimits, ...options.limits },
    fetch: options.fetch ?? ((request) => fetch(request)),
    address: options.address ?? (() => undefined),
    changed: options.onChange ?? (() => {}),
    fault: options.onFault ?? ((error) => console.error(error)),
    alone(what, work) {
      const turn = (queues.get(what) ?? Promise.resolve()).then(work, work)
      queues.set(
        what,
        turn.catch(() => {}),
      )
      return turn
    },
  }
  noteVersions(exchange.store)
  declareForeign(exchange.store)
  ofStore.set(exchange.store, exchange)
  return exchange
}

/** The exchange of an open store: pages know the store and nothing of sync. */
export const exchangeOf = (store: Store): Exchange | undefined => ofStore.get(store)
const ofStore = new WeakMap<Store, Exchange>()

/** From which diary position this box speaks a dataset in its present version: older lines are upcast when they leave. */
function noteVersions(store: Store) {
  const known = store.db.query(`select max(version) as version from spoken where node = '' and dataset = ?`)
  const note = store.db.query(`insert into spoken(node, dataset, version, since) values('', ?, ?, ?)`)
  for (const { spec } of store.registry.datasets.values()) {
    const { version } = known.get(spec.name) as { version: number | null }
    if (version === null) note.run(spec.name, spec.version, 0)
    else if (version < spec.version) note.run(spec.name, spec.version, store.seq + 1)
  }
}

/** Datasets that came with packages, declared again after a restart. What this box ships itself stands. */
function declareForeign(store: Store) {
  const rows = store.db.query(`select spec from spoken where spec is not null order by version`).all() as {
    spec: string
  }[]
  for (const row of rows) learn(store, JSON.parse(row.spec))
}

/** A peer's dataset that this box does not ship gets generic pages. Answers whether it was news. */
export function learn(store: Store, spec: DatasetSpec): boolean {
  const known = store.registry.datasets.get(spec.name)
  if (known && (known.spec.version >= spec.version || !learnt.has(known))) return false
  store.registry.declare(spec)
  store.prepareDataset(spec)
  learnt.add(store.registry.datasets.get(spec.name)!)
  return true
}
const learnt = new WeakSet<Dataset>()

/** Whole and on disk under its final name, or not there at all. */
export async function settleFile(from: string, to: string) {
  await rename(from, to)
  const directory = openSync(dirname(to), 'r')
  fsyncSync(directory)
  closeSync(directory)
}
