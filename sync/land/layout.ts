// The tables that every database landed in has, whatever datasets came: ledger, diary, readings, code lists, dictionary.

import type { SQL, TransactionSQL } from 'bun'
import type { CodeList } from '../../server/kernel/fields.ts'
import { literal, plainText, quoted } from './columns.ts'
import { CopyInto } from './copy.ts'
import { TargetFault } from './portion.ts'

export type Tx = SQL | TransactionSQL

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

/** Names no dataset may take. */
export const reserved = new Set(base.map((each) => each.table))

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
