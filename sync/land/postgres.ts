// Landing in PostgreSQL, or in what speaks its protocol. A portion and its line in the ledger are one transaction:
// killed at any moment, or run twice at once, what has landed has landed once.

import { rmSync } from 'node:fs'
import { SQL, type TransactionSQL } from 'bun'
import { Filling } from './fill.ts'
import { prepareTables, writeCodes } from './layout.ts'
import type { Counts, Landed, Portion, Watch } from './portion.ts'
import { explained, withoutPassword } from './server-faults.ts'
import type { Source } from './source.ts'
import { Tables } from './tables.ts'

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
