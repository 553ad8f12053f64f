// Landing in a directory of Parquet, for whatever reads Parquet. Files have their names from node and package number, are
// written aside and renamed, and the line in the ledger comes last: a portion whose line is missing is written again
// under the same names, so what has landed has landed once.
//
//   landed/node=…/seq=00000001.json     the ledger: a file per portion
//   acts/node=…/seq=00000001.parquet    the diary
//   agri.plot/node=…/seq=….parquet      what each act changed in a dataset
//   agri.plot/records.parquet           what its records say now
//   readings/raw/node=…/day=….parquet   readings as they came (or readings/hourly/…)
//   codes.parquet, catalogue.json, README.md

import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import {
  type Catalogue,
  type CatalogueTable,
  catalogueFormat,
  duckTypes,
  readme,
  tableOf,
} from './catalogue.ts'
import { rowOf, withColumns } from './columns.ts'
import { withDuckdb } from './duckdb.ts'
import { fileName, Lines, ndjson, settle, writeParquet } from './parquet.ts'
import { type Counts, type Landed, type Portion, TargetFault, type Watch } from './portion.ts'
import { Pour } from './pour.ts'
import type { Source } from './source.ts'

export interface LakeOptions {
  /** Takes the system's lock on an open file, or says that another holds it. Without it, only one land may run. */
  lock?: (descriptor: number) => boolean
  /** Told once when another land is at work here. */
  waiting?: () => void
}

export class LakeTarget {
  private constructor(
    /** The directory. */
    readonly name: string,
    private readonly aside: string,
    private readonly held: number,
    private catalogue: Catalogue,
  ) {}

  static async open(directory: string, source: Source, options: LakeOptions = {}): Promise<LakeTarget> {
    refuseForeign(directory)
    mkdirSync(directory, { recursive: true })
    const held = openSync(join(directory, '.lock'), 'a')
    try {
      for (let told = false; options.lock && !options.lock(held); told = true) {
        if (!told) options.waiting?.()
        await Bun.sleep(200)
      }
      for (const left of readdirSync(directory).filter((name) => name.startsWith('.landing-')))
        rmSync(join(directory, left), { recursive: true, force: true })
      const catalogue = readCatalogue(directory, source)
      const target = new LakeTarget(directory, mkdtempSync(join(directory, '.landing-')), held, catalogue)
      // From here on the directory is known as a lake, however early we are interrupted.
      if (catalogue.written === '') await target.placeCatalogue()
      return target
    } catch (error) {
      closeSync(held)
      throw error
    }
  }

  async landed(node: string): Promise<Landed | undefined> {
    const folder = join(this.name, 'landed', `node=${node}`)
    const last = existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => /^seq=\d{8,}\.json$/.test(name))
          .sort((a, b) => a.length - b.length || (a < b ? -1 : 1))
          .at(-1)
      : undefined
    if (!last) return undefined
    const line = JSON.parse(readFileSync(join(folder, last), 'utf8')) as LedgerLine
    return { seq: line.seq, hash: line.manifest_sha256, to: line.to_seq }
  }

  async put(portion: Portion, source: Source, watch: Watch): Promise<Counts | undefined> {
    const last = await this.landed(portion.node)
    if (last && last.seq >= portion.seq) return undefined
    const pour = new Pour(this.name, this.aside, portion, source, watch)
    const counts = await pour.all()
    if (portion.kind === 'diary' && counts.acts === 0 && portion.to - portion.from < 5000) return undefined
    await this.remember(
      source,
      portion.schemas.map((each) => each.name),
    )
    const line: LedgerLine = {
      node: portion.node,
      seq: portion.seq,
      manifest_sha256: portion.hash,
      landed_at: new Date().toISOString(),
      acts: portion.kind === 'package' ? portion.count : counts.acts,
      kind: portion.kind,
      division: portion.division,
      from_seq: portion.from,
      to_seq: portion.to,
      readings: counts.readings,
      personal: source.personal,
    }
    await this.place(
      `landed/node=${portion.node}/${fileName(portion.seq, 'json')}`,
      `${JSON.stringify(line)}\n`,
    )
    return counts
  }

  /** What the records say now, for every dataset in which something happened since the last time. */
  async finish(source: Source): Promise<void> {
    await source.atOnce(async () => {
      const seq = source.seq
      const changed = new Set(source.datasetsSince(this.catalogue.position))
      const tables: CatalogueTable[] = []
      for (const spec of source.specs()) {
        const known = this.catalogue.tables.find((each) => each.dataset === spec.name)
        const { columns } = withColumns(spec, known?.columns ?? [])
        // The file is written whole: a column of an earlier type has nothing to keep.
        const table = tableOf(
          spec,
          columns.filter((each) => !each.former),
          known?.rows ?? 0,
        )
        const file = join(this.name, table.records)
        const grown = known !== undefined && JSON.stringify(known.columns) !== JSON.stringify(table.columns)
        if (changed.has(spec.name) || known?.behind || (existsSync(file) && grown))
          table.rows = await this.writeRecords(source, table)
        if (existsSync(file)) tables.push(table)
      }
      const codes = source.codeLists()
      const print = new Bun.CryptoHasher('sha256').update(JSON.stringify(codes)).digest('hex')
      if (print !== this.catalogue.codesSha256) await this.writeCodes(codes)
      this.catalogue = { ...this.catalogue, position: seq, tables, codesSha256: print }
    })
    await this.placeCatalogue()
    await this.place('README.md', readme(this.catalogue))
  }

  async close() {
    rmSync(this.aside, { recursive: true, force: true })
    closeSync(this.held)
  }

  /** What newly read declarations name, before the ledger says that they were read. */
  private async remember(source: Source, datasets: string[]) {
    let news = false
    for (const dataset of datasets) {
      const spec = source.specOf(dataset)
      if (!spec || spec.local) continue
      const at = this.catalogue.tables.findIndex((each) => each.dataset === dataset)
      const known = this.catalogue.tables[at]
      const { columns, added } = withColumns(spec, known?.columns ?? [])
      if (known && added.length === 0) continue
      const current = columns.filter((each) => !each.former)
      this.catalogue.tables.splice(at < 0 ? this.catalogue.tables.length : at, 1, {
        ...tableOf(spec, current, known?.rows ?? 0),
        behind: true,
      })
      news = true
    }
    if (news) await this.placeCatalogue()
  }

  private async writeRecords(source: Source, table: CatalogueTable): Promise<number> {
    const lines = new Lines(join(this.aside, 'records.ndjson'))
    for (const records of source.everyRecord(table.dataset)) {
      for (const record of records) {
        const row = rowOf(record, table.columns)
        const { id, version, division, withdrawn, more } = row
        const cells = Object.fromEntries(table.columns.map((column, n) => [column.name, row.cells[n]]))
        lines.add({ id, version, division, withdrawn, more, ...cells })
      }
      await lines.drain()
    }
    await lines.end()
    if (lines.count === 0 && !existsSync(join(this.name, table.records))) return 0
    const types = {
      id: 'VARCHAR',
      version: 'BIGINT',
      division: 'VARCHAR',
      withdrawn: 'BOOLEAN',
      more: 'JSON',
      ...Object.fromEntries(table.columns.map((column) => [column.name, duckTypes[column.cell]])),
    }
    const made = join(this.aside, 'records.parquet')
    await withDuckdb((connection) =>
      writeParquet(connection, `select * from ${ndjson(lines.file, types)} order by id`, made),
    )
    await settle(made, join(this.name, table.records))
    return lines.count
  }

  private async writeCodes(lists: ReturnType<Source['codeLists']>) {
    const lines = new Lines(join(this.aside, 'codes.ndjson'))
    for (const list of lists)
      for (const [code, { zh, en, parent, from, until }] of Object.entries(list.codes))
        lines.add({ list: list.name, code, zh, en, parent, valid_from: from, valid_until: until })
    await lines.end()
    const made = join(this.aside, 'codes.parquet')
    const types = Object.fromEntries(
      ['list', 'code', 'zh', 'en', 'parent', 'valid_from', 'valid_until'].map((name) => [name, 'VARCHAR']),
    )
    await withDuckdb((connection) =>
      writeParquet(connection, `select * from ${ndjson(lines.file, types)}`, made),
    )
    await settle(made, join(this.name, 'codes.parquet'))
  }

  private placeCatalogue() {
    this.catalogue.written = new Date().toISOString()
    return this.place('catalogue.json', `${JSON.stringify(this.catalogue, null, 1)}\n`)
  }

  private async place(path: string, text: string) {
    const made = join(this.aside, 'text')
    writeFileSync(made, text)
    await settle(made, join(this.name, path))
  }
}

interface LedgerLine {
  node: string
  seq: number
  manifest_sha256: string
  landed_at: string
  acts: number
  kind: Portion['kind']
  division: string
  from_seq: number
  to_seq: number
  readings: number
  personal: string
}

function refuseForeign(directory: string) {
  if (!existsSync(directory) || existsSync(join(directory, 'catalogue.json'))) return
  const strange = readdirSync(directory).filter((name) => name !== '.lock' && !name.startsWith('.landing-'))
  if (strange.length > 0)
    throw new TargetFault({
      zh: `${directory} 里已有别的文件(${strange[0]})。请指定一个空目录,或已经落过的目录`,
      en: `${directory} holds other files (${strange[0]}). Name an empty directory, or one that was landed in before.`,
    })
}

function readCatalogue(directory: string, source: Source): Catalogue {
  const file = join(directory, 'catalogue.json')
  const receiver = { node: source.node, name: source.name, division: source.division }
  if (!existsSync(file))
    return { format: catalogueFormat, receiver, written: '', position: 0, codesSha256: '', tables: [] }
  const catalogue = JSON.parse(readFileSync(file, 'utf8')) as Catalogue
  if (catalogue.format !== catalogueFormat)
    throw new TargetFault({
      zh: `这个目录的格式是 ${catalogue.format},本程序写 ${catalogueFormat}。请用相同版本的程序,或换一个空目录`,
      en: `This directory has the format ${catalogue.format}; this program writes ${catalogueFormat}. Use the program that made it, or an empty directory.`,
    })
  if (catalogue.receiver.node !== source.node)
    throw new TargetFault({
      zh: `这个目录里是「${catalogue.receiver.name}」落的数据,不是本机。请给本机另建一个目录`,
      en: `This directory holds what ${catalogue.receiver.name} landed, not this box. Make another for this one.`,
    })
  return catalogue
}
