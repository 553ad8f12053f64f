// A file of rows becomes acts, one a row, through the same door as a form: good rows go in, bad ones come back with line,
// field and reason. Act ids follow from the file's digest and the line, and how far we came is kept in the same commit
// as the rows, so that the same file again changes nothing, a stopped import goes on where it was, and a killed one too.

import { createHash } from 'node:crypto'
import type { Actor } from '../../kernel/access.ts'
import { type DatasetSpec, keyField, type Rec } from '../../kernel/dataset.ts'
import { maskValue } from '../../kernel/fields.ts'
import { derivedId } from '../../kernel/ids.ts'
import { Refusal, refuse } from '../../kernel/refusal.ts'
import type { Store } from '../../kernel/store.ts'
import type { Words } from '../../kernel/words.ts'
import { bom, csvText } from './csv.ts'
import { readRow, type Source } from './read-row.ts'
import { type Row, readTable } from './read-table.ts'
import type { Line } from './sheet.ts'

/** One fault of one row. */
export interface BadRow {
  line: number
  field?: string
  /** The column as the file calls it. */
  column?: string
  value?: string
  reason: Words
}

export interface ImportReport {
  dataset: string
  file: string
  sha256: string
  state: 'running' | 'stopped' | 'done'
  /** Last line that was dealt with. */
  line: number
  /** Rows with something in them, counted as they were read. */
  rows: number
  total?: number
  created: number
  amended: number
  unchanged: number
  /** 合计 and other sums, which are no records. */
  sums: number
  bad: BadRow[]
  /** Columns of the file that no field matches: nothing of them was imported. */
  unknown: string[]
  startedAt: string
  changedAt: string
}

export interface ImportHow {
  /** Called after each commit. */
  progress?: (report: ImportReport) => void
  /** Looked at between commits; what was committed stays, and the next call goes on. */
  stop?: () => boolean
}

/** How long one commit may keep the database, so that clerks beside a large import feel nothing. */
const commitMs = 20
const mostBad = 5000

export async function importFile(
  store: Store,
  actor: Actor,
  dataset: string,
  file: { name: string; bytes: Uint8Array },
  how: ImportHow = {},
): Promise<ImportReport> {
  const spec = datasetNamed(store, dataset)
  mustImport(store, actor, spec)
  const sha256 = createHash('sha256').update(file.bytes).digest('hex')
  const table = readTable(spec, file)
  const before = importReport(store, actor, dataset, sha256)
  const report: ImportReport = before ?? {
    dataset,
    file: file.name,
    sha256,
    state: 'running',
    line: 0,
    rows: 0,
    created: 0,
    amended: 0,
    unchanged: 0,
    sums: 0,
    bad: [],
    unknown: table.unknown,
    startedAt: new Date().toISOString(),
    changedAt: '',
  }
  // A finished import that comes again counts anew: what is in already reads as unchanged.
  const rerun = before?.state === 'done'
  if (rerun) Object.assign(report, { rows: 0, created: 0, amended: 0, unchanged: 0, sums: 0 })
  // Once more through the whole file, but only rows that were refused or never reached are tried.
  const again = new Map(Map.groupBy(report.bad, (each) => each.line))
  const reached = report.line
  report.bad = []
  report.state = 'running'
  report.total = table.total
  const job: Job = { store, actor, spec, table, sha256, references: new Map(), again, report }
  const lines = table.lines()
  for (let done = false; !done; ) {
    if (how.stop?.()) {
      report.state = 'stopped'
      keepReport(job)
      break
    }
    store.batch(() => {
      const until = performance.now() + commitMs
      while (performance.now() < until) {
        const next = lines.next()
        if (next.done) {
          done = true
          break
        }
        const line = next.value
        if (line.line <= reached && !again.has(line.line)) {
          if (rerun) countAgain(report, line)
          continue
        }
        again.delete(line.line)
        takeLine(job, line, line.line <= reached && !rerun)
        report.line = Math.max(report.line, line.line)
      }
      if (done) report.state = 'done'
      keepReport(job)
    })
    how.progress?.(report)
    // Clerks' requests come in between.
    await new Promise((go) => setImmediate(go))
  }
  return report
}

/** Rows that did not go in; each may have several faults. */
export const badRows = (report: ImportReport): number => new Set(report.bad.map((each) => each.line)).size

/** What is known of importing this very file before: for progress pages and for going on. */
export function importReport(
  store: Store,
  actor: Actor,
  dataset: string,
  sha256: string,
): ImportReport | undefined {
  const kept = store.fact(factName(dataset, sha256, actor))
  return kept ? (JSON.parse(kept) as ImportReport) : undefined
}

/** The refused rows with their reasons, to be mended in Excel and imported again. */
export function badRowsCsv(report: ImportReport, lang: 'zh' | 'en' = 'zh'): string {
  const heads = lang === 'zh' ? ['行号', '列', '内容', '原因'] : ['Line', 'Column', 'Value', 'Reason']
  return (
    bom +
    csvText(heads) +
    report.bad
      .map((each) =>
        csvText([String(each.line), each.column ?? each.field ?? '', each.value ?? '', each.reason[lang]]),
      )
      .join('')
  )
}

// ── one row ──────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Job extends Source {
  sha256: string
  /** Rows refused last time that were not looked at again yet. */
  again: Map<number, BadRow[]>
  report: ImportReport
}

const isEmpty = (line: Row) => !line.given && line.cells.every((cell) => !cell.text)
const isSum = (line: Line) =>
  /^(本页)?(合\s*计|总\s*计|小\s*计|共\s*计|累\s*计|total|subtotal)[::]?$/i.test(
    line.cells.find((cell) => cell.text)?.text ?? '',
  )

function countAgain(report: ImportReport, line: Row) {
  if (isEmpty(line)) return
  if (isSum(line)) report.sums++
  else {
    report.rows++
    report.unchanged++
  }
}

function takeLine(job: Job, line: Row, seenBefore: boolean) {
  const { report, store, actor, spec } = job
  if (isEmpty(line)) return
  if (isSum(line)) {
    if (!seenBefore) report.sums++
    return
  }
  if (!seenBefore) report.rows++
  try {
    const { id, fields } = readRow(job, line)
    const act = derivedId(job.sha256, `${spec.name}/${line.line}/${actor.id}`)
    const existing = existingRecord(job, id, fields)
    if (existing) {
      const changed = Object.fromEntries(
        Object.entries(fields).filter(([name, value]) => !sameValue(value, existing.fields[name])),
      )
      if (Object.keys(changed).length === 0) {
        report.unchanged++
        return
      }
      if (spec.append)
        refuse({
          zh: '这条已登记过,内容不同;只能追加的台账不能修改,请另记一条更正',
          en: 'Already registered with other content; this register can only be added to.',
        })
      settle(
        job,
        line,
        store.act(actor, {
          id: act,
          name: `${spec.name}.amended`,
          record: existing.id,
          base: existing.version,
          fields: changed,
        }),
        'amended',
      )
      return
    }
    settle(
      job,
      line,
      store.act(actor, {
        id: act,
        name: `${spec.name}.created`,
        record: id ?? derivedId(job.sha256, `record/${spec.name}/${line.line}/${actor.id}`),
        fields,
      }),
      'created',
    )
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    for (const each of error.all) bad(job, line, each.field, each.words)
  }
}

function settle(
  job: Job,
  line: Line,
  receipt: { outcome: string; message?: Words; field?: string; all?: { field?: string; words: Words }[] },
  done: 'created' | 'amended',
) {
  if (receipt.outcome === 'refused') {
    for (const each of receipt.all?.length
      ? receipt.all
      : [{ field: receipt.field, words: receipt.message! }])
      bad(job, line, each.field, each.words)
  } else if (receipt.outcome === 'repeated') job.report.unchanged++
  else job.report[done]++
}

function bad(job: Job, line: Line, field: string | undefined, reason: Words) {
  const { report, table } = job
  if (report.bad.length >= mostBad)
    throw new Refusal({
      zh: `有问题的行超过 ${mostBad} 条,已停止。请检查是不是选错了台账或表头`,
      en: `More than ${mostBad} rows are wrong; stopped. Check the register and the header.`,
    })
  const column = field ? table.columns.indexOf(field) : -1
  report.bad.push({
    line: line.line,
    ...(field && { field }),
    ...(column >= 0 && { column: table.titles[column], value: line.cells[column]?.text ?? '' }),
    reason,
  })
}

function existingRecord(
  { store, spec }: Job,
  id: string | undefined,
  fields: Record<string, unknown>,
): Rec | undefined {
  if (id) {
    const byId = store.record(id)
    if (byId && byId.dataset === spec.name && !byId.withdrawn) return dropMasks(spec, fields, byId)
  }
  const key = keyField(spec)
  const value = key && fields[key]
  if (!key || value === undefined) return undefined
  const found = store.look.find(spec.name, { [key]: value }, 1)[0] as Rec | undefined
  return found && dropMasks(spec, fields, found)
}

/** An export shows masks; importing it again must not write the stars over the numbers. */
function dropMasks(spec: DatasetSpec, fields: Record<string, unknown>, existing: Rec): Rec {
  for (const [name, value] of Object.entries(fields)) {
    const field = spec.fields[name]!
    if (field.sensitive === 'mask' && value === maskValue(field, existing.fields[name])) delete fields[name]
  }
  return existing
}

const sameValue = (a: unknown, b: unknown): boolean =>
  (a ?? null) === (b ?? null) || JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : value && typeof value === 'object'
      ? Object.fromEntries(
          Object.entries(value)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([k, v]) => [k, sorted(v)]),
        )
      : (value ?? null)

// ── rights and memory ────────────────────────────────────────────────────────────────────────────────────────────────

function datasetNamed(store: Store, name: string): DatasetSpec {
  const found = store.registry.datasets.get(name)
  if (!found)
    refuse({ zh: `没有名为「${name}」的台账`, en: `There is no dataset "${name}".` }, { kind: 'missing' })
  return found.spec
}

function mustImport(store: Store, actor: Actor, spec: DatasetSpec) {
  if (
    !store.registry.rights.may(actor, 'import') ||
    !store.registry.rights.mayAct(actor, `${spec.name}.created`)
  )
    refuse(
      {
        zh: `您的岗位不能导入「${spec.title.zh}」,需要时请联系管理员开通`,
        en: `Your role may not import ${spec.title.en}; ask an administrator.`,
      },
      { kind: 'access' },
    )
  if (spec.closed && actor.id !== 'system')
    refuse(
      {
        zh: `「${spec.title.zh}」由业务操作产生,不能导入`,
        en: `${spec.title.en} records come from acts and cannot be imported.`,
      },
      { kind: 'access' },
    )
}

const factName = (dataset: string, sha256: string, actor: Actor) => `import/${dataset}/${sha256}/${actor.id}`

function keepReport({ store, actor, report, again }: Job) {
  report.changedAt = new Date().toISOString()
  // What was refused before and not looked at again stays on the list, whenever this stops.
  const bad = [...report.bad, ...[...again.values()].flat()]
  store.setFact(factName(report.dataset, report.sha256, actor), JSON.stringify({ ...report, bad }))
}
