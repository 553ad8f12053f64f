// What stands in a lake, said twice: catalogue.json for programs, README.md for whoever opens the directory.

import type { DatasetSpec } from '../../server/kernel/dataset.ts'
import type { Words } from '../../server/kernel/words.ts'
import type { Cell, Column } from './columns.ts'

export const catalogueFormat = 'xianhe-lake/1'

export interface Catalogue {
  format: string
  /** The box whose records these are. */
  receiver: { node: string; name: string; division: string }
  written: string
  /** Position in the receiver's diary that the records show. */
  position: number
  codesSha256: string
  tables: CatalogueTable[]
}

export interface CatalogueTable {
  dataset: string
  title: Words
  about?: Words
  version: number
  /** Paths within the lake; `*` stands for nodes and package numbers. */
  records: string
  changes: string
  rows: number
  /** Its records wait to be written at the end of a land. */
  behind?: true
  /** The record's own columns (id, version, division, withdrawn, more) come before these. */
  columns: (Column & { type: string })[]
}

/** Column types as DuckDB writes them; JSON is text that says so. */
export const duckTypes: Record<Cell, string> = {
  text: 'VARCHAR',
  integer: 'BIGINT',
  decimal: 'DOUBLE',
  date: 'DATE',
  time: 'TIMESTAMPTZ',
  flag: 'BOOLEAN',
  texts: 'VARCHAR[]',
  json: 'JSON',
}

export const tableOf = (spec: DatasetSpec, columns: Column[], rows: number): CatalogueTable => ({
  dataset: spec.name,
  title: spec.title,
  ...(spec.about && { about: spec.about }),
  version: spec.version,
  records: `${spec.name}/records.parquet`,
  changes: `${spec.name}/node=*/seq=*.parquet`,
  rows,
  columns: columns.map((column) => ({ ...column, type: duckTypes[column.cell] })),
})

export const readme = (
  catalogue: Catalogue,
): string => `# ${catalogue.receiver.name}:县盒落库目录 / what Xianhe landed here

由「${catalogue.receiver.name}」(${catalogue.receiver.node})用 \`xianhe land --to 目录\` 写成。再运行一次就接着落,已落的不会重复。
Written by ${catalogue.receiver.name} with \`xianhe land --to DIR\`. Run it again to go on; nothing lands twice.

| 在哪里 / where | 是什么 / what |
|---|---|
| \`数据集/records.parquet\` | 每个数据集现在的记录,作废的 \`withdrawn\` 为真;\`more\` 是没有对应列的内容 / records as they are now; \`more\` holds what no column takes |
| \`数据集/node=…/seq=….parquet\` | 每个操作改了什么,按发送方和包号 / what each act changed, by sender and package |
| \`acts/node=…/seq=….parquet\` | 操作:谁、何时、做了什么 / acts: who, when, what |
| \`readings/raw\`, \`readings/hourly\` | 监测数据,原值或小时值,一天一个文件,时间为 UTC / readings, a file a day, times in UTC |
| \`codes.parquet\` | 代码表:代码对应的中文、英文 / code lists |
| \`landed/node=…/seq=….json\` | 台账:落过哪些包,清单的 SHA-256 / the ledger |
| \`catalogue.json\` | 数据字典:每一列的中文、英文、类型、代码表 / the data dictionary |

## 数据集 / datasets

| 目录 / directory | 名称 / title | 记录 / records |
|---|---|---|
${catalogue.tables.map((table) => `| \`${table.dataset}\` | ${cell(table.title.zh)} / ${cell(table.title.en)} | ${table.rows} |`).join('\n')}

## 例 / examples (DuckDB)

\`\`\`sql
select p.*, c.zh from 'agri.plot/records.parquet' p left join 'codes.parquet' c on c.list = 'crop' and c.code = p.crop where not p.withdrawn;
select * from read_parquet('agri.plot/node=*/seq=*.parquet', hive_partitioning = true) order by at;
select node, max(seq) from read_json('landed/node=*/seq=*.json') group by node;
\`\`\`
`

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
