import { defineConfig } from 'drizzle-kit'

// `bun drizzle-kit generate --config migrations/telemetry.config.ts --name what-is-new`
// drizzle-kit has no word for WITHOUT ROWID: add it by hand to a new table that is marked so in the schema.
export default defineConfig({
  dialect: 'sqlite',
  schema: ['./server/telemetry/schema.ts'],
  out: './migrations/telemetry',
})
