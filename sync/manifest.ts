// What a package says about itself. The members are public contract (docs/contracts.md, «Packages: xhp/1»).

import { canonical } from '../server/kernel/canonical.ts'
import { refusePackage } from './refused.ts'

export interface Manifest {
  format: 'xhp/1'
  /** The sender's node id and the division it speaks for. */
  node: string
  division: string
  /** The receiver's node id. */
  peer: string
  /** From 1, no gaps, per pair of nodes. */
  seq: number
  /** SHA-256 of the preceding package's manifest.json. */
  previous: string | null
  /** The time of the last act: the same slice gives the same bytes, whenever it is cut. */
  created: string
  /** The stretch of the sender's diary: how many of its acts are inside, and how many scope and policy left out. */
  acts: { from: number; to: number; count: number; omitted: number }
  datasets: Record<string, { created: number; amended: number; withdrawn: number }>
  policy: Policy
  parts: PartEntry[]
}

export interface PartEntry {
  path: string
  bytes: number
  sha256: string
  mediaType: string
}

/** What leaves for a peer. Stated in every package, so that the receiver knows what it does not see. */
export interface Policy {
  /** Dataset names, `*` may end one. */
  datasets: string[]
  /** Personal fields: `mask` sends 138****5678 and says so, `hide` leaves them out, `whole` sends them. Fields declared `hide` never leave. */
  personal: 'mask' | 'hide' | 'whole'
  /** Attachments that records refer to. */
  files: boolean
  readings: 'none' | 'hourly' | 'raw'
  /** A narrower division than the line itself implies. */
  scope?: string
}

export const defaultPolicy: Policy = { datasets: ['*'], personal: 'mask', files: true, readings: 'none' }

export const actsPath = 'acts.ndjson.zst'
export const mediaTypes = {
  json: 'application/json',
  acts: 'application/zstd',
  parquet: 'application/vnd.apache.parquet',
  file: 'application/octet-stream',
}

/** The file's name: `{node}-{peer}-{seq, 8 digits}.xhp`. */
export const packageName = (of: Pick<Manifest, 'node' | 'peer' | 'seq'>) =>
  `${of.node}-${of.peer}-${String(of.seq).padStart(8, '0')}.xhp`

export const manifestBytes = (manifest: Manifest): Uint8Array => new TextEncoder().encode(canonical(manifest))

/** Believes nothing: canonical spelling, every member of its kind, parts in their order under the only names allowed. */
export function parseManifest(bytes: Uint8Array): Manifest {
  const text = decoded(bytes)
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch {
    malformed('不是 JSON', 'it is not JSON')
  }
  if (canonical(given) !== text) malformed('不是规范写法(RFC 8785)', 'it is not in canonical form (RFC 8785)')
  const manifest = given as Manifest
  if (manifest?.format !== 'xhp/1')
    malformed(
      `格式「${manifest?.format}」不是 xhp/1,可能来自更新的版本`,
      `its format is ${JSON.stringify(manifest?.format)}, not "xhp/1"; it may come from a newer version`,
    )
  const wants: [string, boolean][] = [
    ['node', isNode(manifest.node)],
    ['division', /^\d{2,12}$/.test(manifest.division)],
    ['peer', isNode(manifest.peer)],
    ['seq', isCount(manifest.seq) && manifest.seq >= 1],
    ['previous', manifest.previous === null || isHash(manifest.previous)],
    ['created', typeof manifest.created === 'string' && !Number.isNaN(Date.parse(manifest.created))],
    [
      'acts',
      isObject(manifest.acts) &&
        [manifest.acts.from, manifest.acts.to, manifest.acts.count, manifest.acts.omitted].every(isCount),
    ],
    [
      'datasets',
      isObject(manifest.datasets) &&
        Object.values(manifest.datasets).every(
          (each) => isObject(each) && Object.values(each).every(isCount),
        ),
    ],
    ['policy', isObject(manifest.policy)],
    ['parts', Array.isArray(manifest.parts) && manifest.parts.every(isPart)],
  ]
  for (const [member, fine] of wants)
    if (!fine) malformed(`「${member}」不对`, `its member "${member}" is wrong`)
  const order = manifest.parts.map((part) => rank(part.path))
  const sorted = manifest.parts.every(
    (part, i) =>
      i === 0 ||
      order[i - 1]! < order[i]! ||
      (order[i - 1] === order[i] && manifest.parts[i - 1]!.path < part.path),
  )
  if (!sorted) malformed('各部分的次序不对或有重复', 'its parts are out of order or repeated')
  if (manifest.acts.count > 0 && !manifest.parts.some((part) => part.path === actsPath))
    malformed('缺少 acts.ndjson.zst', 'acts.ndjson.zst is missing')
  return manifest
}

/** `schemas/agri.plot@2.json` → agri.plot, 2. */
export function schemaOf(path: string): { dataset: string; version: number } | undefined {
  const match = /^schemas\/([a-z][\w.-]{0,180})@(\d{1,6})\.json$/.exec(path)
  return match ? { dataset: match[1]!, version: Number(match[2]) } : undefined
}
export const fileOf = (path: string): string | undefined => /^files\/([0-9a-f]{64})$/.exec(path)?.[1]
export const dayOf = (path: string): string | undefined =>
  /^readings\/(\d{4}-\d{2}-\d{2})\.parquet$/.exec(path)?.[1]

/** Places in the archive: schemas, acts, readings, files. */
function rank(path: string): number {
  if (schemaOf(path)) return 1
  if (path === actsPath) return 2
  if (dayOf(path)) return 3
  if (fileOf(path)) return 4
  return 0
}

function isPart(part: PartEntry): boolean {
  return (
    isObject(part) &&
    typeof part.path === 'string' &&
    rank(part.path) > 0 &&
    isCount(part.bytes) &&
    isHash(part.sha256) &&
    typeof part.mediaType === 'string' &&
    (fileOf(part.path) === undefined || fileOf(part.path) === part.sha256)
  )
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isHash = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
/** Node ids become file names: nothing that a path could mean. */
export const isNode = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9][\w-]{0,63}$/.test(value)

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return malformed('不是 UTF-8', 'it is not UTF-8')
  }
}

function malformed(zh: string, en: string): never {
  return refusePackage('format', `manifest.json 不符合 xhp/1:${zh}`, `manifest.json is not xhp/1: ${en}.`)
}
