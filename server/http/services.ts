// What box-only pages may ask beyond the desk. The appliance wires real parts in; tests wire small ones. Field pages
// never use these: they must run in a browser that has a desk and nothing else.

import type { DatasetSpec } from '../kernel/dataset.ts'
import type { FileRef } from '../kernel/fields.ts'
import type { NumberRow } from '../kernel/measures.ts'
import type { Store } from '../kernel/store.ts'

export interface Services {
  store: Store
  numbers: Numbers
  readings: Readings
  line: Line
  events: Events
  /** Attachments by SHA-256. `openFiles(dir)` in files.ts is the one on the box. */
  files: Files
  /** Writes records as Parquet, where DuckDB is at hand; exports offer it only then. */
  parquet?: (
    spec: DatasetSpec,
    records: AsyncIterable<Record<string, unknown>>,
  ) => Promise<ReadableStream<Uint8Array>>
  /** Each part of the box and how it is: the same object `/healthz` shows. */
  parts(): Record<string, PartHealth>
  version: string
  /** Seconds since the box started. */
  uptime(): number
  /** The secure door beside the plain one; absent when it is closed. */
  secure?: SecureDoor
}

/** What the joining page needs: the authority to hand over, and where the secure pages are. */
export interface SecureDoor {
  readonly port: number
  /** Where plain pages are, for the address a phone scans. */
  readonly plainPort: number
  readonly authority: { name: string; pem: string; der: Uint8Array; sha256: string; sha1: string }
  /** Whether the certificate is good for what stands in the address bar. */
  covers(host: string): boolean
  /** Addresses on the LAN, the likeliest first, and names that are answered there. */
  addresses(): string[]
}

export interface Files {
  /** The folder they lie in, by SHA-256. */
  readonly dir: string
  /** On disk and synced when it answers. */
  keep(file: File): Promise<FileRef>
  open(sha256: string): Promise<Blob | undefined>
  /** For a redaction: nothing mentions it any more. */
  forget(sha256: string): Promise<void>
}

export interface PartHealth {
  state: 'up' | 'down' | 'starting'
  /** Since when (ISO 8601) it is in this state. */
  since: string
  detail?: string
}

/** Computed values, read from `derived/numbers.db`. Missing file or child down: the last known values, or none. */
export interface Numbers {
  /** Rows of a measure for a division scope (county or township code). */
  read(measure: string, division: string): NumberRow[]
  /** When the analytics child last wrote, and the diary position it had read. */
  asOf(): { at: string; seq: number } | undefined
  /** The records behind one number, last touched first, for numbers no list filter can say. Rejects when the child is down. */
  behind?(about: {
    measure: string
    division: string
    key?: string
    limit?: number
    offset?: number
  }): Promise<{
    ids: string[]
    total: number
  }>
  /** Why a measure could not be computed, for the log and the administrator. */
  fault?(measure: string): string | undefined
}

export interface LatestReading {
  sensor: string
  metric: string
  at: number
  value: number
}

export interface SeriesQuery {
  sensor: string
  metric: string
  /** Epoch ms. */
  from: number
  to: number
  /** Bucket length in ms; raw when absent. */
  bucket?: number
}

export interface SeriesPoint {
  at: number
  /** Raw: `value`. Rolled up: `avg`, `min`, `max`, `count`. */
  value?: number
  avg?: number
  min?: number
  max?: number
  count?: number
}

/** Measured values: hot ones from telemetry.db, older ones from the archive through the analytics child. */
export interface Readings {
  latest(sensors?: string[]): LatestReading[]
  series(query: SeriesQuery): Promise<SeriesPoint[]>
  /** sensor → online or offline, and since when. */
  status(): Map<string, { online: boolean; at: number }>
  /** Unreadable payloads kept whole, newest first. */
  quarantine(
    limit: number,
  ): { id: number; at: number; client: string; topic: string; payload: Uint8Array; reason: string }[]
  /** Messages stored and quarantined since start, for counters on pages and /metrics. */
  counters(): { stored: number; quarantined: number; clients: number }
}

/** The line to the tier above, as the top bar shows it. */
export interface Line {
  state(): LineState
}
export interface LineState {
  /** Diary position up to which the tier above has said it imported everything. */
  importedTo?: number
  /** Undefined when no upper peer is registered. */
  peer?: string
  /** Acts not yet in a package, packages waiting, packages received but not imported. */
  waiting: number
  sent: number
  received: number
  imported: number
  /** Since when the line is down (ISO 8601), undefined when it answered last time. */
  downSince?: string
  /** Last time anything was confirmed. */
  confirmedAt?: string
}

/** Live pages: whoever publishes a topic wakes the pages that listen to it. Facts stay in files; these are hints. */
export interface Events {
  publish(topic: string, data?: unknown): void
  /** Returns the way to stop listening. */
  subscribe(listener: (topic: string, data: unknown) => void): () => void
}
