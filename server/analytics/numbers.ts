// The numbers as pages read them, in the serve process. The file belongs to the analytics child: it may be missing,
// thrown away and made again at any moment, and a page still draws with the last it knew, or with none.

import { Database } from 'bun:sqlite'
import { statSync } from 'node:fs'
import type { Numbers } from '../http/services.ts'
import type { NumberRow } from '../kernel/measures.ts'
import type { Analyst } from './answer.ts'
import { numbersFile } from './publish.ts'

export interface OpenNumbers extends Numbers {
  close(): void
}

/** `ask` is the wire to the child; without it the records behind a number cannot be asked for. */
export function numbersIn(derivedDir: string, ask?: Analyst): OpenNumbers {
  return new NumbersReader(numbersFile(derivedDir), ask)
}

class NumbersReader implements OpenNumbers {
  private open: { db: Database; inode: number } | undefined

  constructor(
    private readonly file: string,
    private readonly analyst?: Analyst,
  ) {}

  behind(about: Parameters<Analyst['behind']>[0]) {
    if (!this.analyst) return Promise.reject(new Error('no analytics room to ask'))
    return this.analyst.behind(about)
  }

  fault(measure: string): string | undefined {
    return this.ask(
      (db) => db.query('select why from aside where measure = ?').get(measure) as { why: string } | null,
    )?.why
  }

  read(measure: string, division: string): NumberRow[] {
    return (
      this.ask((db) => {
        const told = toldIn(db)
        const rows = db
          .query(
            'select measure, division, key, value from number where measure = ? and division = ? order by key',
          )
          .all(measure, division)
        return (rows as Omit<NumberRow, 'asOf' | 'seq'>[]).map((row) => ({
          ...row,
          asOf: told?.at ?? '',
          seq: told?.seq ?? 0,
        }))
      }) ?? []
    )
  }

  asOf(): { at: string; seq: number } | undefined {
    return this.ask(toldIn)
  }

  close() {
    this.open?.db.close()
    this.open = undefined
  }

  private ask<T>(question: (db: Database) => T): T | undefined {
    try {
      const db = this.current()
      return db?.transaction(() => question(db))()
    } catch {
      // Replaced or damaged under our feet. Opened anew next time; the child repairs what is broken.
      this.close()
      return undefined
    }
  }

  private current(): Database | undefined {
    const stat = statSync(this.file, { throwIfNoEntry: false })
    if (this.open && this.open.inode !== stat?.ino) this.close()
    if (!stat) return undefined
    if (!this.open) {
      const db = new Database(this.file, { readonly: true })
      db.run('pragma busy_timeout = 200')
      this.open = { db, inode: stat.ino }
    }
    return this.open.db
  }
}

const toldIn = (db: Database) =>
  (db.query('select at, seq from told').get() as { at: string; seq: number } | null) ?? undefined
