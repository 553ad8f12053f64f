import type { Database } from 'bun:sqlite'

/** The file was written by a newer version: opening it would lose what that version knows. */
export class NewerDatabase extends Error {
  readonly has: number
  readonly knows: number
  constructor(has: number, knows: number) {
    super(`database has ${has} migrations, this version knows ${knows}`)
    this.name = 'NewerDatabase'
    this.has = has
    this.knows = knows
  }
}

/** Brings a database to this version, each step in its own transaction; `user_version` counts the steps taken. */
export function migrate(db: Database, steps: readonly string[]): void {
  const has = (db.query('pragma user_version').get() as { user_version: number }).user_version
  if (has > steps.length) throw new NewerDatabase(has, steps.length)
  for (let step = has; step < steps.length; step++) {
    db.transaction(() => {
      for (const statement of steps[step]!.split('--> statement-breakpoint')) db.exec(statement)
      db.exec(`pragma user_version = ${step + 1}`)
    }).immediate()
  }
}
