// Exports as Parquet. The serve process knows what the person may see and writes exactly that, a line per record; the
// child, which has DuckDB, makes the file of it. Both files are gone when the download ends.

import { once } from 'node:events'
import { createWriteStream, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Services } from '../http/services.ts'
import type { Question } from './answer.ts'
import { exportsIn } from './lake.ts'

export function parquetBy(
  derivedDir: string,
  ask: (question: Question, waitMs?: number) => Promise<unknown>,
): NonNullable<Services['parquet']> {
  return async (spec, records) => {
    mkdirSync(exportsIn(derivedDir), { recursive: true })
    const lines = join(exportsIn(derivedDir), `${Bun.randomUUIDv7()}.ndjson`)
    const file = lines.replace(/\.ndjson$/, '.parquet')
    try {
      await writeLines(lines, records)
      await ask({ what: 'parquet', spec, lines }, 120_000)
      return Bun.file(file)
        .stream()
        .pipeThrough(new TransformStream({ flush: () => rmSync(file, { force: true }) }))
    } catch (fault) {
      rmSync(file, { force: true })
      throw fault
    } finally {
      rmSync(lines, { force: true })
    }
  }
}

async function writeLines(file: string, records: AsyncIterable<Record<string, unknown>>) {
  const out = createWriteStream(file)
  for await (const record of records) {
    if (!out.write(`${JSON.stringify(record)}\n`)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
}
