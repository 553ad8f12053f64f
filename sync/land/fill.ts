// One portion on its way into PostgreSQL, inside the transaction that its line in the ledger closes.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TransactionSQL } from 'bun'
import type { Act } from '../../server/kernel/acts.ts'
import { literal, plainJson, plainText, quoted, rowOf, sqlTime } from './columns.ts'
import { arrayText, CopyInto, cellText } from './copy.ts'
import type { Counts, Portion, Watch } from './portion.ts'
import { readingLines, UnreadableReadings } from './readings.ts'
import type { Source } from './source.ts'
import type { Table, Tables } from './tables.ts'

export class Filling {
  /** Records whose row may be behind. */
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
