// Where landing takes from: the books and the packages of a box, looked at from outside. core.db is opened read-only, so
// a box goes on working beside it. What was sent stands in the packages, and they are checked again; what the records
// say after merging stands in the box.

import { Database } from 'bun:sqlite'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Act } from '../../server/kernel/acts.ts'
import type { Dataset, DatasetSpec, Rec } from '../../server/kernel/dataset.ts'
import { type ActRow, type ChangeRow, hex, toAct } from '../../server/kernel/diary.ts'
import type { CodeList } from '../../server/kernel/fields.ts'
import { questions } from '../../server/kernel/questions.ts'
import { type RecordRow, toRec } from '../../server/kernel/records.ts'
import { refuse } from '../../server/kernel/refusal.ts'
import type { Registry } from '../../server/kernel/registry.ts'
import { readActs, readSchemas, Tally } from '../contents.ts'
import { dayOf, type Policy, packageName } from '../manifest.ts'
import { checkParts, type OpenPackage, openPackage } from '../open.ts'
import { refusePackage } from '../refused.ts'
import { checkSignature, type PublicKey } from '../seal.ts'
import { leaving } from '../slice.ts'
import { stream } from '../tar.ts'
import { listOf } from './columns.ts'
import type { Landed, Portion } from './portion.ts'

export interface SourceOptions {
  /** core.db. */
  core: string
  /** post/in, where packages lie that were applied. */
  packages: string
  /** The declarations of this program. */
  registry: Registry
  /** Declares what the county declared for itself; asked again before each round. */
  refresh?: () => void
  /** Files or directories with packages that are not in post/in any more. */
  besides?: string[]
  /** How personal fields land. Those declared `hide` never do. */
  personal?: Exclude<Policy['personal'], 'hide'>
}

export interface Sender {
  node: string
  name: string
  division: string
  /** The last package of it that was applied here. */
  last: number
}

export class Source {
  readonly personal: Exclude<Policy['personal'], 'hide'>
  private readonly db: Database
  private readonly foreign = new Set<Dataset>()
  private readonly travelled = new Map<string, DatasetSpec>()
  private readonly besides: Map<string, string>
  private readonly sql

  constructor(private readonly options: SourceOptions) {
    this.db = new Database(options.core, { readonly: true, strict: true })
    this.db.exec('pragma busy_timeout=5000')
    this.personal = options.personal ?? 'mask'
    this.besides = packagesAmong(options.besides ?? [])
    this.sql = prepare(this.db)
    this.refresh()
  }

  /** Declarations as they are now. */
  refresh() {
    this.options.refresh?.()
    const { registry } = this.options
    const rows = this.db.query('select spec from spoken where spec is not null order by version').all() as {
      spec: string
    }[]
    for (const { spec: text } of rows) {
      const spec = JSON.parse(text) as DatasetSpec
      const known = registry.datasets.get(spec.name)
      // What this program ships itself stands.
      if (known && !this.foreign.has(known)) continue
      registry.declare(spec)
      this.foreign.add(registry.datasets.get(spec.name)!)
    }
  }

  /** This box's own node id. */
  get node(): string {
    return this.fact('node')
  }
  get name(): string {
    return this.fact('name')
  }
  get division(): string {
    return this.fact('division')
  }
  /** Position of the newest diary entry. */
  get seq(): number {
    return (this.sql.lastSeq.get() as { seq: number | null }).seq ?? 0
  }

  /** Whoever sent us something that was applied. `which`: node id or the beginning of one, name, or division. */
  senders(which?: string): Sender[] {
    const all = this.sql.senders.all() as Sender[]
    if (which === undefined) return all
    const found = all.filter(
      (each) =>
        each.node === which ||
        each.name === which ||
        each.division === which ||
        (which.length >= 4 && each.node.startsWith(which)),
    )
    if (found.length !== 1)
      refuse(
        found.length === 0
          ? {
              zh: `没有收到过「${which}」的数据包。可选: ${all.map((each) => each.name).join('、') || '还没有任何发送方'}`,
              en: `No package of "${which}" was received. There are: ${all.map((each) => each.name).join(', ') || 'no senders yet'}.`,
            }
          : {
              zh: `「${which}」对应多个发送方,请写完整的节点编号`,
              en: `"${which}" means several senders; write the whole node id.`,
            },
        { kind: 'missing' },
      )
    return found
  }

  /** What a dataset looks like to this box, with fields that only its sender declares behind our own. */
  specOf(dataset: string): DatasetSpec | undefined {
    const ours = this.options.registry.datasets.get(dataset)?.spec
    const theirs = this.travelled.get(dataset)
    if (!ours || !theirs) return ours ?? theirs
    return { ...ours, fields: { ...ours.fields, ...without(theirs.fields, ours.fields) } }
  }

  /** Datasets that may land, as far as they are known. */
  specs(): DatasetSpec[] {
    const names = new Set([...this.options.registry.datasets.keys(), ...this.travelled.keys()])
    return [...names]
      .map((name) => this.specOf(name)!)
      .filter((spec) => !spec.local)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Code lists that explain coded columns: those of the county, and a list for each choice. */
  codeLists(): CodeList[] {
    const lists = [...this.options.registry.lists.values()]
    for (const spec of this.specs())
      for (const [name, field] of Object.entries(spec.fields))
        if (field.options)
          lists.push({ name: listOf(spec.name, name, field)!, title: field.label, codes: field.options })
    return lists.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /**
   * The package that follows on what has landed of a sender, opened and checked: its signature, its parts, and that it
   * follows the one before. Undefined when there is none yet; refuses when one between is missing.
   */
  async nextPackage(sender: Sender, last: Landed | undefined): Promise<Portion | undefined> {
    const seq = (last?.seq ?? 0) + 1
    const row = this.sql.received.get(sender.node, seq) as { file: string; manifest_sha256: string } | null
    if (!row) return sender.last > seq ? this.missing(sender, seq) : undefined
    const file = [join(this.options.packages, row.file), this.besides.get(basename(row.file))].find(
      (each) => each !== undefined && existsSync(each),
    )
    if (!file) return this.missing(sender, seq, row.file)
    const opened = await openPackage(file)
    try {
      const keys = JSON.parse((this.sql.keys.get(sender.node) as { keys: string } | null)?.keys ?? '[]')
      checkSignature(opened.manifestBytes, opened.signature, keys as PublicKey[])
      await checkParts(opened)
      const { manifest, manifestSha256 } = opened
      if (manifestSha256 !== row.manifest_sha256 || manifest.node !== sender.node || manifest.seq !== seq)
        refusePackage(
          'previous',
          `${basename(file)} 不是本机收下的第 ${seq} 号包:文件被换过`,
          `${basename(file)} is not the package ${seq} that was applied here: the file was replaced.`,
        )
      if (manifest.previous !== (last?.hash ?? null))
        refusePackage(
          'previous',
          `第 ${seq} 号包接的不是已落库的第 ${seq - 1} 号:目标里是另一段历史,请换一个空的数据库或目录`,
          `Package ${seq} does not follow the package ${seq - 1} that has landed: the target holds another history; use an empty database or directory.`,
        )
      return await this.packagePortion(opened)
    } catch (error) {
      await opened.close()
      throw error
    }
  }

  /** The stretch of this box's own diary behind what has landed of it; undefined when there is nothing new. */
  nextDiary(last: Landed | undefined, longest = 20_000): Portion | undefined {
    if (last) this.checkDiary(last)
    const from = (last?.to ?? 0) + 1
    const to = Math.min(this.seq, from + longest - 1)
    if (to < from) return undefined
    const node = this.node
    const { n } = this.sql.ownActs.get(node, from, to) as { n: number }
    const self = this
    return {
      kind: 'diary',
      node,
      seq: (last?.seq ?? 0) + 1,
      hash: this.hashAt(to)!,
      previous: last?.hash ?? null,
      division: this.division,
      from,
      to,
      count: n,
      schemas: [],
      async *acts() {
        for (let at = from; at <= to; at += lotOfActs)
          yield self.ownActs(at, Math.min(to, at + lotOfActs - 1))
      },
      alsoTouched: () =>
        (this.sql.touchedBetween.all(from, to) as { record: string }[]).map((row) => row.record),
      readings: [],
      close: async () => {},
    }
  }

  /** What records say now, as they may land: local datasets do not, personal fields read as the policy says. */
  records(ids: string[]): Rec[] {
    const rows = this.sql.records.all(JSON.stringify(ids)) as RecordRow[]
    return rows.flatMap((row) => this.landing(toRec(row)) ?? [])
  }

  /** Every record of a dataset, in lots, as one moment has them. */
  *everyRecord(dataset: string, lot = 2000): Generator<Rec[]> {
    let after = 0
    for (;;) {
      const rows = this.sql.recordsOf.all(dataset, after, lot) as RecordRow[]
      if (rows.length === 0) return
      after = rows.at(-1)!.rid
      yield rows.flatMap((row) => this.landing(toRec(row)) ?? [])
    }
  }

  /**
   * What an act forgot, if it is a redaction: of which record, which fields, and the acts that spoke of it later, whose
   * words stand. A question asked about forgotten values has forgotten them too.
   */
  forgotten(act: Act): { record: string; fields: string[]; later: string[] }[] {
    if (!act.name.endsWith('.redacted')) return []
    return act.changes
      .map(({ dataset, record, fields }) => ({
        record,
        fields:
          dataset === questions.name
            ? ['values']
            : Object.keys(fields).filter((name) => fields[name] === null),
        later: [act.id, ...(this.sql.actsSince.all(record, act.id) as { id: string }[]).map((row) => row.id)],
      }))
      .filter((each) => each.fields.length > 0)
  }

  /** Ids of every record of a dataset. */
  idsOf(dataset: string): string[] {
    return (this.sql.idsOf.all(dataset) as { id: string }[]).map((row) => row.id)
  }

  /** Datasets with a change behind a diary position. */
  datasetsSince(seq: number): string[] {
    return (this.sql.datasetsSince.all(seq) as { dataset: string }[]).map((row) => row.dataset)
  }

  /** Several looks that see the same moment. */
  async atOnce<T>(look: () => Promise<T>): Promise<T> {
    this.db.exec('begin')
    try {
      return await look()
    } finally {
      this.db.exec('commit')
    }
  }

  close() {
    this.db.close()
  }

  // --- packages ---------------------------------------------------------------------------------------------------

  private async packagePortion(opened: OpenPackage): Promise<Portion> {
    const { manifest, manifestSha256 } = opened
    const schemas = await readSchemas(opened)
    for (const spec of schemas) {
      const known = this.travelled.get(spec.name)
      if (!known || known.version <= spec.version)
        this.travelled.set(spec.name, {
          ...spec,
          fields: { ...spec.fields, ...without(known?.fields ?? {}, spec.fields) },
        })
    }
    const self = this
    return {
      kind: 'package',
      node: manifest.node,
      seq: manifest.seq,
      hash: manifestSha256,
      previous: manifest.previous,
      division: manifest.division,
      from: manifest.acts.from,
      to: manifest.acts.to,
      count: manifest.acts.count,
      schemas,
      async *acts() {
        const tally = new Tally()
        for await (const lot of readActs(opened)) {
          for (const act of lot) tally.add(act)
          for (let at = 0; at < lot.length; at += lotOfActs)
            yield lot.slice(at, at + lotOfActs).map((act) => self.shaded(act))
        }
        tally.matches(manifest)
      },
      alsoTouched: () => [],
      readings: [...opened.parts].flatMap(([path, placed]) => {
        const day = dayOf(path)
        if (!day) return []
        return [{ day, save: (to: string) => saveTo(to, stream(opened.archive, placed)) }]
      }),
      close: () => opened.close(),
    }
  }

  private missing(sender: Sender, seq: number, file?: string): never {
    const name = file ?? packageName({ node: sender.node, peer: this.node, seq })
    return refuse(
      {
        zh: `缺「${sender.name}」的第 ${seq} 号包(${name} 不在 post/in 里)。请找回这个文件,或让对方再给一次,然后运行 xianhe land --to … 文件或目录`,
        en: `Package ${seq} of ${sender.name} is missing (${name} is not in post/in). Find the file, or have the sender give it again, then run xianhe land --to … FILE or DIR.`,
      },
      { kind: 'missing' },
    )
  }

  // --- the own diary ----------------------------------------------------------------------------------------------

  private checkDiary(last: Landed) {
    if (this.hashAt(last.to) === last.hash) return
    refuse(
      {
        zh: `目标里有本机日志到第 ${last.to} 条的内容,本机却不是这样:本机从更早的备份恢复过。请落到一个空的数据库或目录`,
        en: `The target holds this box's diary up to entry ${last.to}, and the box has it otherwise: it was restored from an earlier backup. Land into an empty database or directory.`,
      },
      { kind: 'missing' },
    )
  }

  private hashAt(seq: number): string | undefined {
    const row = this.sql.hashAt.get(seq) as { hash: Uint8Array } | null
    return row ? hex(row.hash) : undefined
  }

  private ownActs(from: number, to: number): Act[] {
    const rows = this.sql.actsOfNode.all(this.node, from, to) as ActRow[]
    const changes = Map.groupBy(this.sql.changesBetween.all(from, to) as ChangeRow[], (each) => each.seq)
    return rows
      .map((row) => toAct(row, changes.get(row.seq) ?? []))
      .map((act) => ({
        ...act,
        changes: act.changes.filter((change) => !this.specOf(change.dataset)?.local),
      }))
      .filter((act) => act.changes.length > 0)
      .map((act) => this.shaded(act))
  }

  // --- what may land ----------------------------------------------------------------------------------------------

  private landing(record: Rec): Rec | undefined {
    const spec = this.specOf(record.dataset)
    if (!spec || spec.local) return undefined
    const { fields } = leaving(spec, record.fields, this.personal, (name) => this.specOf(name) ?? null)
    return { ...record, fields }
  }

  private shaded(act: Act): Act {
    return {
      ...act,
      changes: act.changes.map((change) => {
        const spec = this.specOf(change.dataset)
        if (!spec) return change
        const { fields, masked } = leaving(
          spec,
          change.fields,
          this.personal,
          (name) => this.specOf(name) ?? null,
        )
        const all = [...new Set([...(change.masked ?? []), ...masked])].sort()
        return { ...change, fields, ...(all.length > 0 ? { masked: all } : {}) }
      }),
    }
  }

  private fact(name: string): string {
    return (this.sql.fact.get(name) as { value: string }).value
  }
}

// As many acts as a COPY, a page of lines or a look for known ids takes comfortably at once.
const lotOfActs = 2000

const without = <T>(fields: Record<string, T>, known: Record<string, unknown>): Record<string, T> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !Object.hasOwn(known, name)))

function packagesAmong(paths: string[]): Map<string, string> {
  const files = paths.flatMap((path) =>
    statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path],
  )
  return new Map(files.filter((file) => file.endsWith('.xhp')).map((file) => [basename(file), file]))
}

async function saveTo(path: string, chunks: AsyncIterable<Uint8Array>) {
  const out = await open(path, 'w', 0o600)
  try {
    for await (const chunk of chunks) await out.write(chunk)
    await out.sync()
  } finally {
    await out.close()
  }
}

function prepare(db: Database) {
  const q = (sql: string) => db.query(sql)
  return {
    fact: q('select value from fact where name = ?'),
    lastSeq: q('select max(seq) as seq from act'),
    hashAt: q('select hash from act where seq = ?'),
    senders: q(
      `select i.node, coalesce(p.name, i.node) as name, coalesce(p.division, '') as division, max(i.seq) as last
       from package_in i left join peer p on p.node = i.node where i.state = 'applied' group by i.node order by division, i.node`,
    ),
    keys: q('select keys from peer where node = ?'),
    received: q(
      `select file, manifest_sha256 from package_in where node = ? and seq = ? and state = 'applied'`,
    ),
    ownActs: q('select count(*) as n from act where origin = ? and seq between ? and ?'),
    actsOfNode: q('select * from act where origin = ? and seq between ? and ? order by seq'),
    changesBetween: q('select * from change where seq between ? and ? order by cid'),
    touchedBetween: q('select distinct record from change where seq between ? and ?'),
    datasetsSince: q('select distinct dataset from change where seq > ?'),
    records: q('select * from record where id in (select value from json_each(?))'),
    recordsOf: q('select * from record where dataset = ? and rid > ? order by rid limit ?'),
    actsSince: q(
      'select a.id from change c join act a on a.seq = c.seq where c.record = ?1 and c.seq > (select seq from act where id = ?2)',
    ),
    idsOf: q('select id from record where dataset = ?'),
  }
}
