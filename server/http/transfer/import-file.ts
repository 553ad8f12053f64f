// A file of rows becomes acts, one a row, through the same door as a form: good rows go in, bad ones come back with line,
// field and reason. Act ids follow from the file's digest and the line, and how far we came is kept in the same commit
// as the rows, so that the same file again changes nothing, a stopped import goes on where it was, and a killed one too.

import { createHash } from 'node:crypto'
import type { Actor } from '../kernel/access.ts'
import { type DatasetSpec, keyField, labelOf, type Rec } from '../kernel/dataset.ts'
import { type FieldSpec, maskValue, parseField } from '../kernel/fields.ts'
import { derivedId, isId } from '../kernel/ids.ts'
import { Refusal, refuse } from '../kernel/refusal.ts'
import type { Store } from '../kernel/store.ts'
import type { Words } from '../kernel/words.ts'
import { bom, csvLines, csvText, decodeText } from './transfer/csv.ts'
import { type Cell, type Line, refuseOldWorkbook, xlsxLines } from './transfer/sheet.ts'

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

// ── reading the file ─────────────────────────────────────────────────────────────────────────────────────────────────

interface Table {
  /** Field for each column; undefined where nothing matches. */
  columns: (string | undefined)[]
  titles: string[]
  unknown: string[]
  total?: number
  lines: () => Iterator<Line & { given?: Given }>
}
/** NDJSON and GeoJSON rows carry values, not cells. */
type Given = { id?: string; fields: Record<string, unknown> }

const idColumn = '#id'

function readTable(spec: DatasetSpec, file: { name: string; bytes: Uint8Array }): Table {
  const { bytes } = file
  if (bytes.length === 0)
    refuse({ zh: '文件是空的,请检查后重新选择', en: 'The file is empty; choose another.' })
  if (bytes[0] === 0xd0 && bytes[1] === 0xcf) throw refuseOldWorkbook()
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return tableOf(spec, () => xlsxLines(bytes))
  if (/\.xlsx$/i.test(file.name)) return tableOf(spec, () => xlsxLines(bytes))
  const { text } = decodeText(bytes)
  const first = text.trimStart()[0]
  if (first === '{' || first === '[') return jsonTable(spec, text)
  return tableOf(spec, () => csvLines(text))
}

/** The header is the first of the first rows in which most cells name a field: titles and notes often stand above it. */
function tableOf(spec: DatasetSpec, lines: () => Iterator<Line>): Table {
  const names = namesOf(spec)
  const head: Line[] = []
  const reading = lines()
  for (let i = 0; i < 12; i++) {
    const next = reading.next()
    if (next.done) break
    head.push(next.value)
  }
  const header = head.find((line) => {
    const filled = line.cells.filter((cell) => cell.text)
    const known = filled.filter((cell) => names.has(plain(cell.text)))
    return known.length > 0 && known.length * 2 >= filled.length
  })
  if (!header) {
    const expected = Object.values(spec.fields)
      .filter((field) => field.set !== 'act')
      .slice(0, 8)
    refuse({
      zh: `没有找到表头。第一行应是列名,如:${expected.map((each) => each.label.zh).join('、')}`,
      en: `No header row was found. The first row should name the columns, such as ${expected.map((each) => each.label.en).join(', ')}.`,
    })
  }
  const titles = header.cells.map((cell) => cell.text)
  const columns = titles.map((title) => names.get(plain(title)))
  const key = keyField(spec)
  if (key && !columns.includes(key) && !columns.includes(idColumn)) {
    const missing = Object.entries(spec.fields).find(
      ([name, field]) => !field.optional && field.set !== 'act' && name === key,
    )
    if (missing)
      refuse({
        zh: `缺少「${missing[1].label.zh}」列:没有它认不出每一行是哪条记录`,
        en: `The column "${missing[1].label.en}" is missing: without it no row can be told from another.`,
      })
  }
  return {
    columns,
    titles,
    unknown: titles.filter((title, i) => title && !columns[i]),
    lines: function* () {
      const all = lines()
      for (let next = all.next(); !next.done; next = all.next())
        if (next.value.line > header.line) yield next.value
    },
  }
}

function jsonTable(spec: DatasetSpec, text: string): Table {
  const names = namesOf(spec)
  const wrong = (line: number) =>
    refuse({ zh: `第 ${line} 行不是有效的 JSON,请检查文件`, en: `Line ${line} is not valid JSON.` })
  let rows: { line: number; value: Record<string, unknown> }[] = []
  const whole = (() => {
    try {
      return JSON.parse(text) as unknown
    } catch {
      return undefined
    }
  })()
  if (whole && typeof whole === 'object' && 'features' in whole)
    rows = (whole as { features: Record<string, unknown>[] }).features.map((value, i) => ({
      line: i + 1,
      value,
    }))
  else if (Array.isArray(whole)) rows = whole.map((value, i) => ({ line: i + 1, value }))
  else
    rows = text.split(/\r?\n/).flatMap((each, i) => {
      if (!each.trim()) return []
      try {
        return [{ line: i + 1, value: JSON.parse(each) as Record<string, unknown> }]
      } catch {
        return wrong(i + 1)
      }
    })
  const given = ({
    line,
    value,
  }: {
    line: number
    value: Record<string, unknown>
  }): Line & { given: Given } => {
    const source = ((value.properties ?? value.fields ?? value) as Record<string, unknown>) ?? {}
    const fields: Record<string, unknown> = {}
    for (const [name, each] of Object.entries(source)) {
      const field = names.get(plain(name))
      if (field && field !== idColumn) fields[field] = each
    }
    if (value.geometry && spec.place) fields[spec.place] = value.geometry
    const id = [value.id, source.id].find(isId)
    return { line, cells: [], given: { ...(id && { id }), fields } }
  }
  return {
    columns: [],
    titles: [],
    unknown: [],
    total: rows.length,
    lines: () => rows.map(given)[Symbol.iterator](),
  }
}

/** A column may be called by its Chinese or English label, with or without unit, or by the field's name. */
function namesOf(spec: DatasetSpec): Map<string, string> {
  const names = new Map<string, string>([
    ['记录编号', idColumn],
    ['recordid', idColumn],
  ])
  for (const [name, field] of Object.entries(spec.fields)) {
    if (field.sensitive === 'hide') continue
    const words = [
      name,
      field.label.zh,
      field.label.en,
      ...(field.unit ? [`${field.label.zh}${field.unit.zh}`, `${field.label.en}${field.unit.en}`] : []),
    ]
    for (const each of words) if (!names.has(plain(each))) names.set(plain(each), name)
  }
  return names
}

const plain = (title: string): string =>
  title
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\s*()[\]【】::_/-]/g, '')

// ── one row ──────────────────────────────────────────────────────────────────────────────────────────────────────────

interface Job {
  store: Store
  actor: Actor
  spec: DatasetSpec
  table: Table
  sha256: string
  /** Text of a reference → record id, looked up once a file. */
  references: Map<string, string | undefined>
  /** Rows refused last time that were not looked at again yet. */
  again: Map<number, BadRow[]>
  report: ImportReport
}

const isEmpty = (line: Line & { given?: Given }) => !line.given && line.cells.every((cell) => !cell.text)
const isSum = (line: Line) =>
  /^(本页)?(合\s*计|总\s*计|小\s*计|共\s*计|累\s*计|total|subtotal)[::]?$/i.test(
    line.cells.find((cell) => cell.text)?.text ?? '',
  )

function countAgain(report: ImportReport, line: Line & { given?: Given }) {
  if (isEmpty(line)) return
  if (isSum(line)) report.sums++
  else {
    report.rows++
    report.unchanged++
  }
}

function takeLine(job: Job, line: Line & { given?: Given }, seenBefore: boolean) {
  const { report, store, actor, spec } = job
  if (isEmpty(line)) return
  if (isSum(line)) {
    if (!seenBefore) report.sums++
    return
  }
  if (!seenBefore) report.rows++
  try {
    const { id, fields } = line.given ? givenFields(job, line.given) : cellFields(job, line.cells)
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

/** Cells as stored values, the way a form reads them; what Excel already spoiled is named as such. */
function cellFields(job: Job, cells: Cell[]): Given {
  const { spec, table } = job
  const reading = new Reading()
  let id: string | undefined
  for (const [i, name] of table.columns.entries()) {
    const cell = cells[i]
    if (!name || !cell?.text) continue
    if (name === idColumn) {
      if (isId(cell.text)) id = cell.text
      continue
    }
    const field = spec.fields[name]!
    if (field.set === 'act') continue
    reading.take(name, () => cellValue(job, name, field, cell))
  }
  return { ...(id && { id }), fields: reading.fields() }
}

function givenFields(job: Job, given: Given): Given {
  const reading = new Reading()
  for (const [name, raw] of Object.entries(given.fields)) {
    const field = job.spec.fields[name]!
    if (field.set === 'act' || raw === null || raw === undefined || raw === '') continue
    reading.take(name, () =>
      typeof raw === 'string' ? cellValue(job, name, field, { text: raw }) : parsed(job, name, field, raw),
    )
  }
  return { ...(given.id && { id: given.id }), fields: reading.fields() }
}

/** Reads a whole row before it complains: someone who mends a file wants every fault of a row at once. */
class Reading {
  private readonly values: Record<string, unknown> = {}
  private readonly faults: Refusal['all'] = []
  take(name: string, read: () => unknown) {
    try {
      this.values[name] = read()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.faults.push(...error.all)
    }
  }
  fields(): Record<string, unknown> {
    const [first] = this.faults
    if (first) throw new Refusal(first.words, { field: first.field, all: this.faults })
    return this.values
  }
}

function cellValue(job: Job, name: string, field: FieldSpec, cell: Cell): unknown {
  let text = cell.text
  const digits = ['text', 'long', 'id-number', 'credit-code', 'phone', 'code', 'division', 'ref'].includes(
    field.kind,
  )
  if (cell.number && digits && text.replace('-', '').length > 15)
    refuse(
      {
        zh: `「${field.label.zh}」在 Excel 里是数字格式,15 位以后的数字已经丢失。请把这一列设成文本,重新填写后再导入`,
        en: `"${field.label.en}" is stored as a number in Excel, which forgets digits after the 15th. Format the column as text, fill it in again and import.`,
      },
      { field: name },
    )
  // Excel hands out days as numbers when the column was never told that it holds dates.
  if (cell.number && field.kind === 'date' && /^\d{5}$/.test(text)) text = serialDay(Number(text))
  if ((field.kind === 'text' || field.kind === 'long') && /^'[=+\-@]/.test(text)) text = text.slice(1)
  if (field.kind === 'ref') return referenceMeant(job, name, field, text)
  if (field.kind === 'division') return divisionMeant(job, text)
  return parsed(job, name, field, text)
}

function parsed(job: Job, name: string, field: FieldSpec, raw: unknown): unknown {
  const result = parseField(field, raw, job.store.registry)
  if ('fault' in result) {
    // A mask that came out with an export says nothing about the value behind it.
    if (field.sensitive && /\*/.test(String(raw))) return raw
    throw new Refusal(result.fault, { field: name })
  }
  return result.value
}

const serialDay = (serial: number) =>
  new Date(Math.round((serial - 25_569) * 86_400) * 1000).toISOString().slice(0, 10)

/** By id, by key, or by a label that only one record within reach carries. */
function referenceMeant(job: Job, name: string, field: FieldSpec, text: string): string {
  if (isId(text)) return text
  const cached = `${field.to}\u0000${text}`
  if (!job.references.has(cached)) job.references.set(cached, findReference(job, field.to!, text))
  const found = job.references.get(cached)
  if (!found)
    throw new Refusal(
      {
        zh: `${field.label.zh}:找不到「${text}」,请先登记,或改填它的编号`,
        en: `${field.label.en}: "${text}" cannot be found; register it first, or give its number.`,
      },
      { field: name },
    )
  return found
}

function findReference(job: Job, dataset: string, text: string): string | undefined {
  const { store, actor } = job
  const spec = store.registry.datasets.get(dataset)?.spec
  if (!spec) return undefined
  const reachable = (records: Rec[]) =>
    records.filter(
      (each) => each.division.startsWith(actor.division) || actor.division.startsWith(each.division),
    )
  const key = keyField(spec)
  const byKey = key ? reachable(store.look.find(dataset, { [key]: text }, 5) as Rec[]) : []
  if (byKey.length === 1) return byKey[0]!.id
  const named = /^\{([\w-]+)\}$/.exec(spec.label ?? '')?.[1]
  if (!named || !spec.fields[named]) return undefined
  const byName = reachable(store.look.find(dataset, { [named]: text }, 5) as Rec[]).filter(
    (each) => labelOf(spec, each.fields) === text,
  )
  return byName.length === 1 ? byName[0]!.id : undefined
}

/** A code, or the name as people write it, when it is the only one of that name within the importer's area. */
function divisionMeant(job: Job, text: string): string {
  if (/^\d+$/.test(text)) return text
  const codes = job.store.registry.codes('division')?.codes ?? {}
  const found = Object.keys(codes).filter(
    (code) => code.startsWith(job.actor.division) && (codes[code]!.zh === text || codes[code]!.en === text),
  )
  return found.length === 1 ? found[0]! : text
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
