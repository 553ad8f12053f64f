// One portion on its way into a lake: its files, each whole under its final name or not there at all.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { Glob } from 'bun'
import type { Act } from '../../server/kernel/acts.ts'
import { literal, sqlTime } from './columns.ts'
import { withDuckdb } from './duckdb.ts'
import { fileName, Lines, ndjson, parquet, settle, writeParquet } from './parquet.ts'
import type { Counts, Portion, Watch } from './portion.ts'
import { howMeasured, UnreadableReadings } from './readings.ts'
import type { Source } from './source.ts'

export class Pour {
  private readonly acts: Lines
  private readonly changes = new Map<string, Lines>()
  private readonly redactions: (ReturnType<Source['forgotten']>[number] & { dataset: string })[] = []
  private readonly seen = new Set<string>()

  constructor(
    private readonly lake: string,
    private readonly aside: string,
    private readonly portion: Portion,
    private readonly source: Source,
    private readonly watch: Watch,
  ) {
    this.acts = new Lines(join(aside, 'acts.ndjson'))
  }

  async all(): Promise<Counts> {
    let done = 0
    for await (const acts of this.portion.acts()) {
      this.watch.stop()
      for (const act of acts) this.note(act)
      for (const lines of [this.acts, ...this.changes.values()]) await lines.drain()
      done += acts.length
      this.watch.done(done, this.portion.count)
    }
    for (const lines of [this.acts, ...this.changes.values()]) await lines.end()
    const acts = this.acts.count > 0 ? await withDuckdb((connection) => this.settleActs(connection)) : 0
    const counts: Counts = { acts, records: 0, readings: 0, aside: [] }
    for (const day of this.portion.readings) {
      this.watch.stop()
      try {
        counts.readings += await this.settleDay(day)
      } catch (error) {
        if (!(error instanceof UnreadableReadings)) throw error
        counts.aside.push({ day: day.day, reason: error.message })
      }
    }
    return counts
  }

  private note(act: Act) {
    if (this.seen.has(act.id)) return
    this.seen.add(act.id)
    const { id, name, actor, by, origin, cause, clock, seq } = act
    const at = sqlTime(act.at)
    const { seq: number } = this.portion
    this.acts.add({ id, name, actor, actor_name: by, at, origin, cause, clock, package: number, seq })
    act.changes.forEach((change, n) => {
      const { dataset, record, base, division, masked } = change
      let lines = this.changes.get(dataset)
      if (!lines) {
        lines = new Lines(join(this.aside, `changes-${this.changes.size}.ndjson`))
        this.changes.set(dataset, lines)
      }
      lines.add({
        act: id,
        n,
        name,
        at,
        actor_name: by,
        origin,
        record,
        base,
        fields: change.redacted ? null : change.fields,
        division,
        withdrawn: change.withdrawn === true,
        redacted: change.redacted === true,
        masked,
        package: number,
      })
    })
    for (const each of this.source.forgotten(act))
      this.redactions.push({
        ...each,
        dataset: act.changes.find((change) => change.record === each.record)!.dataset,
      })
  }

  /** Acts that another sender brought already are left out. */
  private async settleActs(connection: DuckDBConnection): Promise<number> {
    const own = this.path('acts')
    await connection.run(`create table staged as select * from ${ndjson(this.acts.file, actColumns)}`)
    const others = this.files('acts').filter((file) => file !== own)
    if (others.length > 0)
      // Ids rise with time: most of the files are passed over by their statistics.
      await connection.run(
        `delete from staged where id in (select id from ${parquet(others)} where id between (select min(id) from staged) and (select max(id) from staged))`,
      )
    const [[n]] = (await connection.runAndReadAll('select count(*)::integer from staged')).getRows() as [
      [number],
    ]
    if (n > 0) await this.write(connection, 'select * from staged order by seq', own)
    for (const [dataset, lines] of this.changes) {
      const fresh = n === this.acts.count ? '' : 'where act in (select id from staged)'
      const made = `select * from ${ndjson(lines.file, changeColumns)} ${fresh}`
      const [[rows]] = (
        await connection.runAndReadAll(`select count(*)::integer from (${made})`)
      ).getRows() as [[number]]
      if (rows > 0) await this.write(connection, made, this.path(dataset))
    }
    await this.redact(connection)
    return n
  }

  /** What was forgotten at home is forgotten in every file that said it before. */
  private async redact(connection: DuckDBConnection) {
    for (const [dataset, redactions] of Map.groupBy(this.redactions, (each) => each.dataset)) {
      const files = this.files(dataset)
      if (files.length === 0) continue
      const hit = redactions
        .map(
          ({ record, fields, later }) =>
            `(record = ${literal(record)} and act not in (${later.map(literal).join(', ')}) and (${fields
              .map((name) => `json_extract_string(fields, ${literal(`$."${name}"`)}) is not null`)
              .join(' or ')}))`,
        )
        .join(' or ')
      const found = await connection.runAndReadAll(
        `select distinct filename from read_parquet([${files.map(literal).join(', ')}], filename = true, hive_partitioning = false, union_by_name = true) where ${hit}`,
      )
      for (const [file] of found.getRows() as [string][])
        await this.write(
          connection,
          `select * replace (case when ${hit} then null else fields end as fields, (redacted or (${hit})) as redacted) from ${parquet([file])}`,
          file,
        )
    }
  }

  private async settleDay(day: Portion['readings'][number]): Promise<number> {
    const made = join(this.aside, 'readings.parquet')
    await day.save(made)
    const how = await howMeasured(made)
    const rows = await withDuckdb(async (connection) => {
      const [[n]] = (
        await connection.runAndReadAll(`select count(*)::double from ${parquet([made])}`)
      ).getRows() as [[number]]
      return n
    })
    await settle(
      made,
      join(this.lake, 'readings', how, `node=${this.portion.node}`, `day=${day.day}.parquet`),
    )
    return rows
  }

  private path(folder: string): string {
    return join(this.lake, folder, `node=${this.portion.node}`, fileName(this.portion.seq, 'parquet'))
  }

  private files(folder: string): string[] {
    const at = join(this.lake, folder)
    if (!existsSync(at)) return []
    return [...new Glob('node=*/seq=*.parquet').scanSync({ cwd: at })].sort().map((file) => join(at, file))
  }

  private async write(connection: DuckDBConnection, select: string, to: string) {
    const made = join(this.aside, 'made.parquet')
    await writeParquet(connection, select, made)
    await settle(made, to)
  }
}

const actColumns = {
  id: 'VARCHAR',
  name: 'VARCHAR',
  actor: 'VARCHAR',
  actor_name: 'VARCHAR',
  at: 'TIMESTAMPTZ',
  origin: 'VARCHAR',
  cause: 'VARCHAR',
  clock: 'VARCHAR',
  package: 'BIGINT',
  seq: 'BIGINT',
}

const changeColumns = {
  act: 'VARCHAR',
  n: 'INTEGER',
  name: 'VARCHAR',
  at: 'TIMESTAMPTZ',
  actor_name: 'VARCHAR',
  origin: 'VARCHAR',
  record: 'VARCHAR',
  base: 'BIGINT',
  fields: 'JSON',
  division: 'VARCHAR',
  withdrawn: 'BOOLEAN',
  redacted: 'BOOLEAN',
  masked: 'VARCHAR[]',
  package: 'BIGINT',
}
