import { defineConfig } from 'drizzle-kit'

// `bun drizzle-kit generate --config migrations/core.config.ts --name what-is-new`
export default defineConfig({
  dialect: 'sqlite',
  schema: ['./server/kernel/schema.ts', './sync/schema.ts'],
  out: './migrations/core',
})
