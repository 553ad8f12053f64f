// The tables of landed data in PostgreSQL, or in what speaks its protocol. Plain SQL that a server of the 9.2 family
// takes as well as a new one (docs/decisions/013): no ON CONFLICT, no IF NOT EXISTS on columns, no extension. Which
// tables and columns there are stands in the database itself (xianhe_dataset, xianhe_column), so that names never move.

import type { SQL, TransactionSQL } from 'bun'
import type { DatasetSpec } from '../../server/kernel/dataset.ts'
import type { CodeList } from '../../server/kernel/fields.ts'
import {
  type Cell,
  type Column,
  geometryName,
  literal,
  type ownColumns,
  plainText,
  quoted,
  sameColumns,
  tableNames,
  withColumns,
} from './columns.ts'
import { CopyInto } from './copy.ts'
import { TargetFault } from './portion.ts'

type Tx = SQL | TransactionSQL

export interface Table {
  dataset: string
  name: string
  view: string
  columns: Column[]
}

const types: Record<Cell, string> = {
  text: 'text',
  integer: 'bigint',
  // Areas and weights are added up: decimals stay decimals.
  decimal: 'numeric',
  date: 'date',
  time: 'timestamp with time zone',
  flag: 'boolean',
  texts: 'text[]',
  json: 'jsonb',
}

/** Which layout the tables have; a newer one is refused. */
const layout = 'xianhe-land/1'

const base: { table: string; sql: string[]; about: string; columns: Record<string, string> }[] = [
  {
    table: 'xianhe_meta',
    sql: ['create table xianhe_meta (name text primary key, value text)'],
    about: '县盒落库:格式与来源 | About what landed here',
    columns: {},
  },
  {
    table: 'xianhe_landed',
    sql: [
      `create table xianhe_landed (node text not null, seq bigint not null, manifest_sha256 text not null, landed_at timestamp with time zone not null,
        acts bigint not null, kind text not null, division text not null, from_seq bigint not null, to_seq bigint not null, records bigint not null, readings bigint not null, personal text not null,
        primary key (node, seq))`,
    ],
    about:
      '台账:已落库的数据包,与数据同一事务写入 | Ledger: packages that have landed, written with their data',
    columns: {
      node: '发送方节点 | sender',
      seq: '包号,从 1 起不间断 | number of the package, no gaps',
      manifest_sha256:
        '清单的 SHA-256;本机日志为末条哈希 | hash of manifest.json, or of the last diary entry',
      landed_at: '落库时间 | when it landed',
      acts: '其中的操作数 | acts inside',
      kind: 'package 数据包;diary 本机日志 | a package, or a stretch of the receiver’s own diary',
      personal: '个人信息如何落库:mask 遮盖,whole 原样 | how personal fields landed',
    },
  },
  {
    table: 'xianhe_act',
    sql: [
      `create table xianhe_act (id text primary key, name text not null, actor text not null, actor_name text, "at" timestamp with time zone, origin text not null,
        cause text, clock text, node text not null, "package" bigint not null, seq bigint not null)`,
      'create index xianhe_act_package on xianhe_act (node, "package")',
    ],
    about: '日志:每个操作一行,只增不改 | The diary: a row per act, only ever added',
    columns: {
      name: '操作名称 | what was done',
      actor_name: '经办人 | who did it',
      at: '办理时间 | when it was decided',
      origin: '操作产生的节点 | node it was born on',
      cause: '起因的操作 | act it follows from',
      clock: '设备时钟明显不准 | the decider’s clock was plainly wrong',
      node: '送来的节点 | node that sent it',
      package: '第几号包 | package it came in',
      seq: '在送来节点日志中的位置 | position in the sender’s diary',
    },
  },
  {
    table: 'xianhe_change',
    sql: [
      `create table xianhe_change (act text not null, n integer not null, dataset text not null, record text not null, base bigint not null, fields jsonb,
        division text, withdrawn boolean not null, redacted boolean not null, masked text[], primary key (act, n))`,
      'create index xianhe_change_record on xianhe_change (record)',
    ],
    about: '日志:每个操作改了什么 | The diary: what each act changed',
    columns: {
      n: '操作内的次序 | order within the act',
      base: '经办人看到的版本,0 为新建 | version the decider knew; 0 is a birth',
      fields: '字段→新值,null 为清空;被遮去时为空 | field → value, null empties; NULL once redacted',
      masked: '以遮盖值落库的字段 | fields whose value is a mask',
    },
  },
  {
    table: 'xianhe_reading',
    sql: [
      'create table xianhe_reading (node text not null, "day" date not null, sensor text not null, metric text not null, "at" timestamp with time zone not null, "value" double precision)',
      'create index xianhe_reading_day on xianhe_reading (node, "day")',
      'create index xianhe_reading_series on xianhe_reading (sensor, metric, "at")',
    ],
    about: '监测原值 | Readings as measured',
    columns: { sensor: '传感器 | sensor', metric: '指标 | metric', at: '时间 | when', value: '值 | value' },
  },
  {
    table: 'xianhe_reading_hour',
    sql: [
      `create table xianhe_reading_hour (node text not null, "day" date not null, sensor text not null, metric text not null, "at" timestamp with time zone not null,
        "avg" double precision, "min" double precision, "max" double precision, "count" bigint)`,
      'create index xianhe_reading_hour_day on xianhe_reading_hour (node, "day")',
      'create index xianhe_reading_hour_series on xianhe_reading_hour (sensor, metric, "at")',
    ],
    about: '监测小时值 | Readings by the hour',
    columns: { sensor: '传感器 | sensor', metric: '指标 | metric', at: '小时起点 | start of the hour' },
  },
  {
    table: 'xianhe_code',
    sql: [
      'create table xianhe_code (list text not null, code text not null, zh text not null, en text not null, parent text, valid_from text, valid_until text, primary key (list, code))',
    ],
    about: '代码表 | Code lists',
    columns: { list: '代码表名 | list', code: '代码 | code', zh: '中文 | Chinese', en: '英文 | English' },
  },
  {
    table: 'xianhe_dataset',
    sql: [
      'create table xianhe_dataset (dataset text primary key, table_name text not null, view_name text not null, version bigint not null, zh text not null, en text not null)',
    ],
    about: '数据集与表的对应 | Which dataset stands in which table',
    columns: {},
  },
  {
    table: 'xianhe_column',
    sql: [
      `create table xianhe_column (dataset text not null, n integer not null, name text not null, field text not null, kind text not null, cell text not null,
        zh text not null, en text not null, list text, refers_to text, sensitive text, former boolean not null, primary key (dataset, n))`,
    ],
    about: '字段与列的对应(数据字典) | Which field stands in which column (data dictionary)',
    columns: { former: '类型变更前的旧列,不再写入 | column of an earlier type, no longer written' },
  },
]

const reserved = new Set(base.map((each) => each.table))

/** Makes what is missing, and refuses a database that belongs to another box or a newer layout. Under the lock. */
export async function prepareTables(tx: Tx, receiver: { node: string; name: string }) {
  const there = new Set(
    (
      (await tx.unsafe(
        `select table_name as name from information_schema.tables where table_schema = current_schema() and table_name like 'xianhe%'`,
      )) as { name: string }[]
    ).map((row) => row.name),
  )
  for (const each of base) {
    if (there.has(each.table)) continue
    for (const statement of each.sql) await tx.unsafe(statement)
    await tx.unsafe(`comment on table ${each.table} is ${literal(each.about)}`)
    for (const [column, about] of Object.entries(each.columns))
      await tx.unsafe(`comment on column ${each.table}.${quoted(column)} is ${literal(about)}`)
  }
  const meta = await readMeta(tx)
  if (!meta.has('receiver')) {
    await setMeta(tx, 'layout', layout)
    await setMeta(tx, 'receiver', receiver.node)
    await setMeta(tx, 'receiver_name', receiver.name)
    return
  }
  if (meta.get('layout') !== layout)
    throw new TargetFault({
      zh: `这个库的格式是 ${meta.get('layout')},本程序写 ${layout}。请用相同版本的程序,或换一个空库`,
      en: `This database has the layout ${meta.get('layout')}; this program writes ${layout}. Use the program that made it, or an empty database.`,
    })
  if (meta.get('receiver') !== receiver.node)
    throw new TargetFault({
      zh: `这个库里是「${meta.get('receiver_name')}」(${meta.get('receiver')})落的数据,不是本机。请给本机另建一个库`,
      en: `This database holds what ${meta.get('receiver_name')} (${meta.get('receiver')}) landed, not this box. Make another database for this one.`,
    })
}

/** The tables of datasets, as the database knows them and as declarations want them. Read anew in each transaction. */
export class Tables {
  private constructor(
    private readonly tx: Tx,
    private readonly tables: Map<string, Table & { version: number }>,
    private readonly taken: Set<string>,
    private readonly withPostgis: boolean,
  ) {}

  static async read(tx: Tx): Promise<Tables> {
    const datasets = (await tx.unsafe('select * from xianhe_dataset')) as DatasetRow[]
    const columns = Map.groupBy(
      (await tx.unsafe('select * from xianhe_column order by dataset, n')) as ColumnRow[],
      (row) => row.dataset,
    )
    const taken = new Set(reserved)
    const tables = new Map<string, Table & { version: number }>()
    for (const row of datasets) {
      taken.add(row.table_name).add(row.view_name)
      tables.set(row.dataset, {
        dataset: row.dataset,
        name: row.table_name,
        view: row.view_name,
        version: Number(row.version),
        columns: (columns.get(row.dataset) ?? []).map(toColumn),
      })
    }
    const postgis = await tx.unsafe(`select 1 from pg_extension where extname = 'postgis'`)
    return new Tables(tx, tables, taken, postgis.length > 0)
  }

  get(dataset: string): Table | undefined {
    return this.tables.get(dataset)
  }

  /**
   * The table of a dataset, made or grown as the declaration says. `refill`: rows that stand there already must be
   * written again, because a column came for what they have; those with something in `more`, or all of them.
   */
  async ensure(spec: DatasetSpec): Promise<{ table: Table; refill: 'none' | 'more' | 'all' }> {
    const known = this.tables.get(spec.name)
    const { columns, added } = withColumns(spec, known?.columns ?? [])
    if (!known) return { table: await this.make(spec, columns), refill: 'none' }
    if (sameColumns(columns, known.columns)) return { table: known, refill: 'none' }
    for (const column of added) {
      await this.tx.unsafe(
        `alter table ${quoted(known.name)} add column ${quoted(column.name)} ${types[column.cell]}`,
      )
      await this.shape(known.name, column)
    }
    // A view can only grow behind; a column that was plain and is coded now grows in the middle.
    if (known.columns.some((each, n) => Boolean(each.list) !== Boolean(columns[n]!.list)))
      await this.tx.unsafe(`drop view if exists ${quoted(known.view)}`)
    await this.write(spec, known, columns)
    const changed = columns.some((each, n) => each.former && !known.columns[n]?.former)
    known.columns = columns
    return { table: known, refill: changed ? 'all' : added.length > 0 ? 'more' : 'none' }
  }

  private async make(spec: DatasetSpec, columns: Column[]): Promise<Table> {
    const { name, view } = tableNames(spec, this.taken)
    const definitions = [
      '"id" text primary key',
      '"version" bigint not null',
      '"division" text not null',
      '"withdrawn" boolean not null',
      '"more" jsonb',
      ...columns.map((column) => `${quoted(column.name)} ${types[column.cell]}`),
    ]
    await this.tx.unsafe(`create table ${quoted(name)} (${definitions.join(', ')})`)
    await this.tx.unsafe(`create index on ${quoted(name)} ("division")`)
    for (const column of columns) {
      if (column.kind === 'ref')
        await this.tx.unsafe(`create index on ${quoted(name)} (${quoted(column.name)})`)
      await this.shape(name, column)
    }
    const about: Record<(typeof ownColumns)[number], string> = {
      id: '记录编号 | record id',
      version: '版本 | version',
      division: '所属区划代码 | administrative division it belongs to',
      withdrawn: '已作废 | withdrawn',
      more: '没有对应列的内容 | what no column takes',
    }
    for (const [column, words] of Object.entries(about))
      await this.tx.unsafe(`comment on column ${quoted(name)}.${quoted(column)} is ${literal(words)}`)
    const table = { dataset: spec.name, name, view, version: spec.version, columns }
    this.tables.set(spec.name, table)
    await this.write(spec, table, columns)
    return table
  }

  /** Comments, dictionary and the view with labels, after the columns are there. */
  private async write(spec: DatasetSpec, table: Table, columns: Column[]) {
    const { tx } = this
    const words = (text: { zh: string; en: string }) => `${text.zh} | ${text.en}`
    await tx.unsafe(
      `comment on table ${quoted(table.name)} is ${literal(plainText(`${words(spec.title)} (${spec.name})`))}`,
    )
    for (const column of columns) {
      const former = column.former ? { zh: '(旧)', en: ' (former)' } : { zh: '', en: '' }
      const text = words({
        zh: `${column.label.zh}${former.zh}`,
        en: `${column.label.en}${former.en}`,
      })
      await tx.unsafe(
        `comment on column ${quoted(table.name)}.${quoted(column.name)} is ${literal(plainText(text))}`,
      )
    }
    await tx.unsafe(`delete from xianhe_dataset where dataset = ${literal(spec.name)}`)
    await tx.unsafe(`delete from xianhe_column where dataset = ${literal(spec.name)}`)
    await tx.unsafe(
      `insert into xianhe_dataset (dataset, table_name, view_name, version, zh, en) values (${[spec.name, table.name, table.view].map(literal).join(', ')}, ${spec.version}, ${literal(plainText(spec.title.zh))}, ${literal(plainText(spec.title.en))})`,
    )
    const dictionary = new CopyInto(
      tx as TransactionSQL,
      'xianhe_column (dataset, n, name, field, kind, cell, zh, en, list, refers_to, sensitive, former)',
    )
    columns.forEach((column, n) => {
      dictionary.add([
        spec.name,
        String(n),
        column.name,
        column.field,
        column.kind,
        column.cell,
        plainText(column.label.zh),
        plainText(column.label.en),
        column.list ?? null,
        column.to ?? null,
        column.sensitive ?? null,
        String(column.former === true),
      ])
    })
    await dictionary.flush()
    await tx.unsafe(labelView(table, columns))
  }

  /** Where PostGIS is at home, a geometry beside the GeoJSON, kept by the database itself. EPSG:4490 is CGCS2000. */
  private async shape(table: string, column: Column) {
    if (!this.withPostgis || column.kind !== 'geometry') return
    await this.tx.unsafe(
      `create or replace function xianhe_geometry(given jsonb) returns geometry as $$ begin return ST_SetSRID(ST_GeomFromGeoJSON(given::text), 4490); exception when others then return null; end $$ language plpgsql immutable strict`,
    )
    const geometry = geometryName(column)
    await this.tx.unsafe(
      `alter table ${quoted(table)} add column ${quoted(geometry)} geometry(Geometry, 4490) generated always as (xianhe_geometry(${quoted(column.name)})) stored`,
    )
    await this.tx.unsafe(`create index on ${quoted(table)} using gist (${quoted(geometry)})`)
  }
}

/** Records that stand, each code with its Chinese label beside it. Columns only ever come behind, so it can be replaced. */
function labelView(table: Table, columns: Column[]): string {
  const label = (list: string, column: string) =>
    `(select c.zh from xianhe_code c where c.list = ${literal(list)} and c.code = t.${quoted(column)})`
  const shown = [
    't."id"',
    't."version"',
    't."division"',
    `${label('division', 'division')} as "division_label"`,
    ...columns.flatMap((column) => {
      const plain = `t.${quoted(column.name)}`
      if (!column.list) return [plain]
      const words =
        column.cell === 'texts'
          ? `(select string_agg(c.zh, '、') from xianhe_code c where c.list = ${literal(column.list)} and c.code = any (t.${quoted(column.name)}))`
          : label(column.list, column.name)
      return [plain, `${words} as ${quoted(`${column.name}_label`)}`]
    }),
  ]
  return `create or replace view ${quoted(table.view)} as select ${shown.join(', ')} from ${quoted(table.name)} t where not t."withdrawn"`
}

/** Code lists, written again when they are not what they were. */
export async function writeCodes(tx: Tx, lists: CodeList[]) {
  const print = new Bun.CryptoHasher('sha256').update(JSON.stringify(lists)).digest('hex')
  if ((await readMeta(tx)).get('codes') === print) return
  await tx.unsafe('delete from xianhe_code')
  const copy = new CopyInto(
    tx as TransactionSQL,
    'xianhe_code (list, code, zh, en, parent, valid_from, valid_until)',
  )
  for (const list of lists)
    for (const [code, words] of Object.entries(list.codes)) {
      copy.add([
        list.name,
        plainText(code),
        plainText(words.zh),
        plainText(words.en),
        words.parent ?? null,
        words.from ?? null,
        words.until ?? null,
      ])
      if (copy.full) await copy.flush()
    }
  await copy.flush()
  await setMeta(tx, 'codes', print)
}

async function readMeta(tx: Tx): Promise<Map<string, string>> {
  const rows = (await tx.unsafe('select name, value from xianhe_meta')) as { name: string; value: string }[]
  return new Map(rows.map((row) => [row.name, row.value]))
}

async function setMeta(tx: Tx, name: string, value: string) {
  await tx.unsafe(`delete from xianhe_meta where name = ${literal(name)}`)
  await tx.unsafe(`insert into xianhe_meta (name, value) values (${literal(name)}, ${literal(value)})`)
}

interface DatasetRow {
  dataset: string
  table_name: string
  view_name: string
  version: string
}

interface ColumnRow {
  dataset: string
  name: string
  field: string
  kind: Column['kind']
  cell: Cell
  zh: string
  en: string
  list: string | null
  refers_to: string | null
  sensitive: Column['sensitive'] | null
  former: boolean
}

function toColumn(row: ColumnRow): Column {
  return {
    name: row.name,
    field: row.field,
    cell: row.cell,
    kind: row.kind,
    label: { zh: row.zh, en: row.en },
    list: row.list ?? undefined,
    to: row.refers_to ?? undefined,
    sensitive: row.sensitive ?? undefined,
    ...(row.former ? { former: true as const } : {}),
  }
}
