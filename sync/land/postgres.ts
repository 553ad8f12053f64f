// Landing in PostgreSQL, or in what speaks its protocol. A portion and its line in the ledger are one transaction:
// killed at any moment, or run twice at once, what has landed has landed once.

import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { SQL, type TransactionSQL } from 'bun'
import type { Act } from '../../server/kernel/acts.ts'
import { literal, plainJson, plainText, quoted, rowOf, sqlTime } from './columns.ts'
import { arrayText, CopyInto, cellText } from './copy.ts'
import { type Counts, type Landed, type Portion, Stopped, TargetFault, type Watch } from './portion.ts'
import { readingLines, UnreadableReadings } from './readings.ts'
import type { Source } from './source.ts'
import { prepareTables, type Table, Tables, writeCodes } from './tables.ts'

export class PostgresTarget {
  private constructor(
    private readonly sql: SQL,
    /** As reports name it: without the password. */
    readonly name: string,
    /** A directory for Parquet on its way out of a package; made when it is needed. */
    private readonly aside: string,
  ) {}

  /** Connects, and makes the tables that are not there yet. */
  static async open(url: string, source: Source, aside: string): Promise<PostgresTarget> {
    const sql = new SQL(url, {
      // A password on the command line can be read by everybody on the machine: libpq's variable does as well.
      ...(new URL(url).password === '' && process.env['PGPASSWORD']
        ? { password: process.env['PGPASSWORD'] }
        : {}),
      max: 1,
      idleTimeout: 0,
      maxLifetime: 0,
      connectionTimeout: 15,
      onnotice: () => {},
    } as SQL.Options)
    const target = new PostgresTarget(sql, withoutPassword(url), aside)
    try {
      await target.alone(async (tx) => {
        await prepareTables(tx, source)
        await writeCodes(tx, source.codeLists())
      })
      return target
    } catch (error) {
      await target.close()
      throw error
    }
  }

  landed(node: string): Promise<Landed | undefined> {
    return this.asked(() => lastOf(this.sql, node))
  }

  /** Lands one portion. Undefined when another land was faster. */
  put(portion: Portion, source: Source, watch: Watch): Promise<Counts | undefined> {
    return this.alone(async (tx) => {
      const last = await lastOf(tx, portion.node)
      if (last && last.seq >= portion.seq) return undefined
      if ((last?.hash ?? null) !== portion.previous || (last?.seq ?? 0) + 1 !== portion.seq)
        throw new Error(`portion ${portion.seq} of ${portion.node} does not follow what has landed`)
      const filling = new Filling(tx, await Tables.read(tx), source, watch)
      return await filling.fill(portion, this.aside)
    })
  }

  /** What may have changed beside the packages. */
  async finish(source: Source) {
    await this.alone((tx) => writeCodes(tx, source.codeLists()))
  }

  async close() {
    await this.sql.close({ timeout: 0 }).catch(() => {})
    rmSync(this.aside, { recursive: true, force: true })
  }

  /** One at a time on this database: whoever comes second waits here and then sees what the first one did. */
  private alone<T>(work: (tx: TransactionSQL) => Promise<T>): Promise<T> {
    return this.asked(() =>
      this.sql.begin(async (tx) => {
        await tx.unsafe(`select pg_advisory_xact_lock(${lockNumber})`)
        return await work(tx)
      }),
    )
  }

  private async asked<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw explained(error, this.name)
    }
  }
}

// «xhland» as a number: no other program on the server is likely to have chosen it.
const lockNumber = 0x78686c616e64

async function lastOf(sql: SQL | TransactionSQL, node: string): Promise<Landed | undefined> {
  const [row] = (await sql.unsafe(
    'select seq, manifest_sha256, to_seq from xianhe_landed where node = $1 order by seq desc limit 1',
    [node],
  )) as { seq: string; manifest_sha256: string; to_seq: string }[]
  return row ? { seq: Number(row.seq), hash: row.manifest_sha256, to: Number(row.to_seq) } : undefined
}

/** One portion going in. */
class Filling {
  /** Records by dataset whose row may be behind. */
  private readonly behind = new Set<string>()
  /** Those whose row is written again even when its version is the box's. */
  private readonly anyway = new Set<string>()
  private readonly acts: CopyInto
  private readonly changes: CopyInto
  private readonly redactions: ReturnType<Source['forgotten']> = []

  constructor(
    private readonly tx: TransactionSQL,
    private readonly tables: Tables,
    private readonly source: Source,
    private readonly watch: Watch,
  ) {
    this.acts = new CopyInto(
      tx,
      'xianhe_act (id, name, actor, actor_name, "at", origin, cause, clock, node, "package", seq)',
    )
    this.changes = new CopyInto(
      tx,
      'xianhe_change (act, n, dataset, record, base, fields, division, withdrawn, redacted, masked)',
    )
  }

  async fill(portion: Portion, aside: string): Promise<Counts | undefined> {
    for (const spec of portion.schemas) await this.table(spec.name)
    let done = 0
    for await (const acts of portion.acts()) {
      this.watch.stop()
      await this.putActs(acts, portion)
      done += acts.length
      this.watch.done(done, portion.count)
    }
    await this.acts.flush()
    await this.changes.flush()
    for (const id of portion.alsoTouched()) this.behind.add(id)
    const records = await this.putRecords()
    await this.redact()
    const counts: Counts = { acts: this.acts.rows, records, readings: 0, aside: [] }
    for (const day of portion.readings) {
      this.watch.stop()
      try {
        counts.readings += await this.putReadings(portion.node, day, aside)
      } catch (error) {
        if (!(error instanceof UnreadableReadings)) throw error
        counts.aside.push({ day: day.day, reason: error.message })
      }
    }
    // A long diary in which nothing of ours happened is worth a line, so that it is not read again; a short one is not.
    if (portion.kind === 'diary' && counts.acts + counts.records === 0 && portion.to - portion.from < 5000)
      return undefined
    await this.tx.unsafe(
      `insert into xianhe_landed (node, seq, manifest_sha256, landed_at, acts, kind, division, from_seq, to_seq, records, readings, personal)
       values ($1, $2, $3, current_timestamp, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        portion.node,
        portion.seq,
        portion.hash,
        portion.kind === 'package' ? portion.count : counts.acts,
        portion.kind,
        portion.division,
        portion.from,
        portion.to,
        counts.records,
        counts.readings,
        this.source.personal,
      ],
    )
    return counts
  }

  private async putActs(acts: Act[], portion: Portion) {
    // The same act may come along two lines, and twice within a careless package.
    const known = new Set(
      (
        (await this.tx.unsafe('select id from xianhe_act where id = any($1::text[])', [
          arrayText(acts.map((act) => act.id)),
        ])) as { id: string }[]
      ).map((row) => row.id),
    )
    for (const act of acts) {
      for (const change of act.changes) this.behind.add(change.record)
      if (known.has(act.id)) continue
      known.add(act.id)
      this.acts.add([
        act.id,
        plainText(act.name),
        plainText(act.actor),
        act.by === undefined ? null : plainText(act.by),
        sqlTime(act.at),
        plainText(act.origin),
        act.cause ?? null,
        act.clock ?? null,
        portion.node,
        String(portion.seq),
        String(act.seq),
      ])
      act.changes.forEach((change, n) => {
        this.changes.add([
          act.id,
          String(n),
          plainText(change.dataset),
          plainText(change.record),
          String(change.base),
          change.redacted ? null : plainJson(change.fields),
          change.division ?? null,
          String(change.withdrawn === true),
          String(change.redacted === true),
          change.masked ? arrayText(change.masked) : null,
        ])
      })
      this.redactions.push(...this.source.forgotten(act))
    }
    // Acts are looked up by the next lot: they must be in the table by then.
    await this.acts.flush()
    if (this.changes.full) await this.changes.flush()
  }

  /** Rows as the box has them now. A row of the same version is left alone. */
  private async putRecords(): Promise<number> {
    let written = 0
    const ids = [...this.behind]
    while (ids.length > 0) {
      this.watch.stop()
      const found = this.source.records(ids.splice(0, lotOfRecords))
      for (const [dataset, records] of Map.groupBy(found, (each) => each.dataset)) {
        // A table that had to grow names more rows to write: they queue up behind.
        const table = await this.table(dataset, ids)
        if (!table) continue
        const standing = new Map(
          (
            (await this.tx.unsafe(
              `select "id", "version" from ${quoted(table.name)} where "id" = any($1::text[])`,
              [arrayText(records.map((each) => each.id))],
            )) as { id: string; version: string }[]
          ).map((row) => [row.id, Number(row.version)]),
        )
        const news = records.filter(
          (each) => standing.get(each.id) !== each.version || this.anyway.has(each.id),
        )
        const replaced = news.filter((each) => standing.has(each.id)).map((each) => each.id)
        if (replaced.length > 0)
          await this.tx.unsafe(`delete from ${quoted(table.name)} where "id" = any($1::text[])`, [
            arrayText(replaced),
          ])
        const current = table.columns.filter((each) => !each.former)
        const columns = [
          'id',
          'version',
          'division',
          'withdrawn',
          'more',
          ...current.map((each) => each.name),
        ]
        const copy = new CopyInto(this.tx, `${quoted(table.name)} (${columns.map(quoted).join(', ')})`)
        for (const record of news) {
          const row = rowOf(record, current)
          copy.add([
            row.id,
            String(row.version),
            row.division,
            String(row.withdrawn),
            row.more ? plainJson(row.more) : null,
            ...current.map((column, n) => cellText(column.cell, row.cells[n])),
          ])
          if (copy.full) await copy.flush()
        }
        await copy.flush()
        written += news.length
      }
    }
    return written
  }

  /** The table for a dataset's records. Ids of rows that must be written again join `queue`. */
  private async table(dataset: string, queue?: string[]): Promise<Table | undefined> {
    const spec = this.source.specOf(dataset)
    if (!spec || spec.local) return undefined
    const { table, refill } = await this.tables.ensure(spec)
    if (refill === 'none') return table
    const ids =
      refill === 'all'
        ? this.source.idsOf(dataset)
        : (
            (await this.tx.unsafe(`select "id" from ${quoted(table.name)} where "more" is not null`)) as {
              id: string
            }[]
          ).map((row) => row.id)
    for (const id of ids) {
      this.anyway.add(id)
      if (queue) queue.push(id)
      else this.behind.add(id)
    }
    return table
  }

  /** What was forgotten at home is forgotten here too, in every line of the diary that said it before. */
  private async redact() {
    for (const { record, fields, later } of this.redactions)
      await this.tx.unsafe(
        `update xianhe_change set fields = null, redacted = true where record = $1 and not (act = any($2::text[]))
         and (${fields.map((name) => `fields ->> ${literal(name)} is not null`).join(' or ')})`,
        [record, arrayText(later)],
      )
  }

  /** A day comes whole: what stood for it is replaced. */
  private async putReadings(node: string, day: Portion['readings'][number], aside: string): Promise<number> {
    mkdirSync(aside, { recursive: true })
    const file = join(aside, 'readings.parquet')
    await day.save(file)
    const { how, lots } = await readingLines(file, node, day.day)
    const table = how === 'raw' ? 'xianhe_reading' : 'xianhe_reading_hour'
    await this.tx.unsafe(`delete from ${table} where node = $1 and "day" = $2::date`, [node, day.day])
    const copy = new CopyInto(
      this.tx,
      `${table} (node, "day", sensor, metric, "at", ${how === 'raw' ? '"value"' : '"avg", "min", "max", "count"'})`,
    )
    for (const lines of lots) {
      this.watch.stop()
      copy.addLines(lines)
      if (copy.full) await copy.flush()
    }
    await copy.flush()
    return copy.rows
  }
}

// Rows wide as a register's, with their shapes: about a megabyte.
const lotOfRecords = 2000

/** An address as a report may show it. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z]+:\/\/[^:@/]*):[^@]*@/i, '$1@')
}

interface ServerFault {
  code?: string
  errno?: string
  message?: string
  detail?: string
}

/** What a database says no with, as a sentence that says what to do. */
function explained(error: unknown, name: string): unknown {
  if (error instanceof TargetFault || error instanceof Stopped) return error
  const { code = '', errno = '', message = '', detail = '' } = error as ServerFault
  if (!code.startsWith('ERR_POSTGRES')) return error
  const said = `${message}${detail ? ` ${detail}` : ''}`.trim()
  const fault = (zh: string, en: string) => new TargetFault({ zh, en }, error)
  if (code === 'ERR_POSTGRES_CONNECTION_REFUSED' || code === 'ERR_POSTGRES_CONNECTION_TIMEOUT')
    return fault(
      `连不上数据库 ${name}:请检查地址、端口,以及数据库是否已启动`,
      `The database ${name} does not answer: check address and port, and that it is running.`,
    )
  if (/CONNECTION_CLOSED|LIFETIME|IDLE_TIMEOUT/.test(code) || errno.startsWith('57P'))
    return fault(
      `与数据库的连接断了(${said || code})。已落的都在,再运行一次就接着落`,
      `The connection to the database broke (${said || code}). What has landed stays; run again to go on.`,
    )
  if (errno.startsWith('28') || /AUTH|PASSWORD|SASL/.test(code))
    return fault(
      `数据库不接受这个用户或口令(${said})。地址写成 postgres://用户:口令@主机:端口/库名`,
      `The database does not accept this user or password (${said}). Write postgres://user:password@host:port/database.`,
    )
  if (errno === '3D000')
    return fault(
      `没有这个数据库(${said})。请先建库(编码 UTF8):createdb -E UTF8 库名`,
      `There is no such database (${said}). Make it first, in UTF8: createdb -E UTF8 NAME.`,
    )
  if (errno === '42501')
    return fault(
      `数据库用户权限不够(${said})。请授权建表:grant create, usage on schema public to 用户`,
      `The database user may not do this (${said}). Let it make tables: grant create, usage on schema public to USER.`,
    )
  if (errno === '42P07')
    return fault(
      `库里已有别的程序建的同名表(${said})。请换一个空库`,
      `Another program made a table of that name (${said}). Use an empty database.`,
    )
  if (errno === '53100' || errno === '53200')
    return fault(
      `数据库服务器空间不够(${said})。腾出空间后再运行`,
      `The database server is out of room (${said}). Make room and run again.`,
    )
  if (errno === '2BP01')
    return fault(
      `另有视图依赖县盒的标签视图(${said})。请先删去那个视图,落完再建`,
      `A view of yours depends on a label view (${said}). Drop it, land, and make it again.`,
    )
  return fault(
    `数据库拒绝了(${said || code})。这一个包没有落,其他的都在`,
    `The database refused (${said || code}). This package did not land; everything before it did.`,
  )
}
