// What the lines and schemas of a package say, read strictly. The same reading serves verify and receive.

import type { Act } from '../server/kernel/acts.ts'
import type { DatasetSpec } from '../server/kernel/dataset.ts'
import { isId } from '../server/kernel/ids.ts'
import { readLines } from './lines.ts'
import { actsPath, type Manifest, schemaOf } from './manifest.ts'
import type { OpenPackage } from './open.ts'
import { refusePackage } from './refused.ts'
import { readPart } from './tar.ts'

/** Acts in diary order, in lots as they come off the disk. */
export async function* readActs(opened: OpenPackage): AsyncGenerator<Act[]> {
  const part = opened.parts.get(actsPath)
  if (!part) return
  let n = 0
  for await (const lines of readLines(opened.archive, part)) {
    n += lines.length
    // Checked as they come: a small part must not unpack into a full disk of lines.
    if (n > opened.manifest.acts.count) wrongCount(n, opened.manifest)
    yield lines.map((line, i) => parseAct(line, n - lines.length + i + 1))
  }
  if (n !== opened.manifest.acts.count) wrongCount(n, opened.manifest)
}

/** The acts agree with what the manifest counts; answers with the counts. */
export class Tally {
  readonly datasets: Manifest['datasets'] = {}
  private last = 0
  acts = 0

  add(act: Act) {
    if (act.seq <= this.last)
      refusePackage('format', `操作 ${act.id} 的次序不对`, `Act ${act.id} is out of diary order.`)
    this.last = act.seq
    this.acts++
    for (const change of act.changes) {
      const counts = (this.datasets[change.dataset] ??= { created: 0, amended: 0, withdrawn: 0 })
      counts[kindOf(change)]++
    }
  }

  /** Refuses when the manifest promised something else. */
  matches(manifest: Manifest) {
    const names = new Set([...Object.keys(manifest.datasets), ...Object.keys(this.datasets)])
    for (const name of names) {
      for (const kind of ['created', 'amended', 'withdrawn'] as const) {
        const [said, found] = [manifest.datasets[name]?.[kind] ?? 0, this.datasets[name]?.[kind] ?? 0]
        if (said !== found)
          refusePackage(
            'format',
            `清单说「${name}」有 ${said} 条 ${kind},实有 ${found} 条`,
            `The manifest counts ${said} ${kind} in ${name}; there are ${found}.`,
          )
      }
    }
  }
}

export const kindOf = (change: { base: number; withdrawn?: boolean }) =>
  change.withdrawn ? 'withdrawn' : change.base === 0 ? 'created' : 'amended'

/** Dataset declarations carried along, checked: their names end up in SQL and page addresses. */
export async function readSchemas(opened: OpenPackage): Promise<DatasetSpec[]> {
  const specs: DatasetSpec[] = []
  for (const [path, placed] of opened.parts) {
    const named = schemaOf(path)
    if (!named) continue
    if (placed.bytes > 1 << 20) refusePackage('format', `「${path}」过大`, `${path} is too large.`)
    const text = new TextDecoder().decode(await readPart(opened.archive, placed))
    let spec: DatasetSpec | undefined
    try {
      spec = JSON.parse(text)
    } catch {
      // Said below.
    }
    if (!spec || !isSpec(spec) || spec.name !== named.dataset || spec.version !== named.version)
      refusePackage(
        'format',
        `「${path}」不是有效的数据集结构说明`,
        `${path} is not a valid dataset declaration.`,
      )
    specs.push(spec!)
  }
  return specs
}

export function parseAct(line: string, number: number): Act {
  let act: Act | undefined
  try {
    act = JSON.parse(line)
  } catch {
    // Said below.
  }
  const fine =
    act &&
    isId(act.id) &&
    Number.isSafeInteger(act.seq) &&
    isText(act.name, 200) &&
    isText(act.actor, 200) &&
    isText(act.at, 40) &&
    !Number.isNaN(Date.parse(act.at)) &&
    isText(act.origin, 64) &&
    Array.isArray(act.changes) &&
    act.changes.length > 0 &&
    act.changes.every(
      (change) =>
        isText(change?.dataset, 200) &&
        isText(change.record, 64) &&
        Number.isSafeInteger(change.base) &&
        change.base >= 0 &&
        typeof change.fields === 'object' &&
        change.fields !== null &&
        Object.keys(change.fields).every(isName) &&
        (change.division === undefined || /^\d{2,12}$/.test(change.division)),
    )
  if (!fine)
    refusePackage(
      'format',
      `acts.ndjson.zst 第 ${number} 行读不懂`,
      `Line ${number} of acts.ndjson.zst cannot be read.`,
    )
  return act!
}

const fieldKinds = new Set([
  'text',
  'long',
  'integer',
  'decimal',
  'date',
  'time',
  'flag',
  'choice',
  'choices',
  'code',
  'ref',
  'division',
  'geometry',
  'phone',
  'id-number',
  'credit-code',
  'files',
])

function isSpec(spec: DatasetSpec): boolean {
  return (
    typeof spec === 'object' &&
    /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$/.test(spec.name ?? '') &&
    Number.isSafeInteger(spec.version) &&
    isWords(spec.title) &&
    ['village', 'township', 'county', 'prefecture', 'province'].includes(spec.keeper) &&
    typeof spec.fields === 'object' &&
    spec.fields !== null &&
    Object.entries(spec.fields).every(
      ([name, field]) =>
        isName(name) &&
        fieldKinds.has(field?.kind) &&
        isWords(field.label) &&
        (field.options === undefined || Object.values(field.options).every(isWords)) &&
        (field.kind !== 'choice' || field.options !== undefined),
    ) &&
    [spec.division, spec.place].every((name) => name === undefined || Object.hasOwn(spec.fields, name)) &&
    (spec.label === undefined || isText(spec.label, 200)) &&
    (spec.columns === undefined || spec.columns.every((name) => Object.hasOwn(spec.fields, name)))
  )
}

const isText = (value: unknown, longest: number): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= longest
const isName = (name: string) => /^[A-Za-z][\w-]{0,63}$/.test(name)
const isWords = (words: unknown) =>
  typeof words === 'object' &&
  words !== null &&
  typeof (words as { zh: unknown }).zh === 'string' &&
  typeof (words as { en: unknown }).en === 'string'

function wrongCount(n: number, manifest: Manifest): never {
  refusePackage(
    'format',
    `清单说有 ${manifest.acts.count} 个操作,实际不是(读到 ${n} 个)`,
    `The manifest counts ${manifest.acts.count} acts; ${n} were read.`,
  )
}
