// Acknowledged means durable: a box killed at any moment has every act it answered for, whole, in an unbroken diary.

import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { core } from '../../migrations/core/index.ts'
import { migrate } from '../../migrations/migrate.ts'
import { chainFault } from '../../server/kernel/diary.ts'
import { Registry } from '../../server/kernel/registry.ts'
import { replay } from '../../server/kernel/replay.ts'
import { modules } from '../../server/modules/roll-call.ts'

// `XIANHE_KILLS=200 bun test tests/faults` for the long run.
const kills = Number(process.env.XIANHE_KILLS ?? 12)

test(`killed with -9 in the middle of writing ${kills} times, the box lost no act it had acknowledged`, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'xianhe-faults-'))
  const file = join(dir, 'core.db')
  const acknowledged = new Set<string>()
  for (let run = 0; run < kills; run++) {
    const scribe = Bun.spawn([process.execPath, join(import.meta.dir, 'scribe.ts'), file], {
      stdout: 'pipe',
      stderr: 'inherit',
    })
    const until = 5 + ((run * 37) % 60)
    let heard = ''
    let lines = 0
    for await (const chunk of scribe.stdout) {
      heard += new TextDecoder().decode(chunk)
      lines += chunk.filter((byte) => byte === 10).length
      if (lines >= until) scribe.kill('SIGKILL')
    }
    await scribe.exited
    // The last line may be cut off by the kill; what was written whole was acknowledged.
    for (const id of heard.split('\n').slice(0, -1)) acknowledged.add(id)
  }
  const db = new Database(file, { strict: true })
  const kept = new Set((db.query('select id from act').all() as { id: string }[]).map((row) => row.id))
  expect([...acknowledged].filter((id) => !kept.has(id))).toEqual([])
  expect(acknowledged.size).toBeGreaterThan(kills * 4)
  expect(chainFault(db)).toBeUndefined()
  const copy = new Database(':memory:', { strict: true })
  migrate(copy, core)
  replay(db, copy, new Registry(modules))
  const dump = (from: Database) => from.query('select * from record order by rid').all()
  expect(dump(copy)).toEqual(dump(db))
  expect(db.query('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' })
  db.close()
  rmSync(dir, { recursive: true })
}, 600_000)
