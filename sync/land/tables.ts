// The tables of landed data in PostgreSQL, or in what speaks its protocol. Plain SQL that a server of the 9.2 family
// takes as well as a new one (docs/decisions/013): no ON CONFLICT, no IF NOT EXISTS on columns, no extension. Which
// tables and columns there are stands in the database itself (xianhe_dataset, xianhe_column), so that names never move.

import type { TransactionSQL } from 'bun'
import type { DatasetSpec } from '../../server/kernel/dataset.ts'
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
import { reserved, type Tx } from './layout.ts'

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
