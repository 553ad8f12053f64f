import { afterEach, beforeEach, expect, test } from 'bun:test'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { telemetry } from '../../migrations/telemetry/index.ts'
import { Refusal } from '../kernel/refusal.ts'
import { closeTelemetry, damagedFiles, openTelemetry, openTelemetryReader, telemetryId } from './open.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'xianhe-open-'))
  file = join(folder, 'telemetry.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a new file is written through, page by page, and keeps its id', () => {
  const { db } = openTelemetry(file)
  expect(db.query('pragma page_size').get()).toEqual({ page_size: 8192 })
  expect(db.query('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' })
  expect(db.query('pragma synchronous').get()).toEqual({ synchronous: 2 })
  const id = telemetryId(db)
  closeTelemetry(db)
  const again = openTelemetry(file)
  expect(telemetryId(again.db)).toBe(id)
  expect(again.putAside).toBeUndefined()
  closeTelemetry(again.db)
})

test('a file of a newer version is refused and left as it is', () => {
  const { db } = openTelemetry(file)
  db.run(`pragma user_version = ${telemetry.length + 1}`)
  closeTelemetry(db)
  const before = readFileSync(file)
  expect(() => openTelemetry(file)).toThrow(Refusal)
  expect(() => openTelemetry(file)).toThrow('Run the newer xianhe')
  expect(readFileSync(file)).toEqual(before)
})

test('a file that is no database is put aside whole, and a new one begins with another id', () => {
  writeFileSync(file, 'this was a database once')
  const { db, putAside } = openTelemetry(file)
  expect(readFileSync(putAside!, 'utf8')).toBe('this was a database once')
  expect(damagedFiles(file)).toEqual([putAside!])
  expect(db.query('select count(*) as n from reading').get()).toEqual({ n: 0 })
  closeTelemetry(db)
})

test('pages overwritten by a dying disk are found at the next start', () => {
  const { db } = openTelemetry(file)
  db.run(`insert into series values (1, 'WL-001', 'water-level')`)
  db.run(
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) insert into reading select 1, i, i from n`,
  )
  const id = telemetryId(db)
  db.run('pragma wal_checkpoint(truncate)')
  db.close()
  const handle = openSync(file, 'r+')
  writeSync(handle, Buffer.alloc(3 * 8192, 0x5a), 0, 3 * 8192, 30 * 8192)
  closeSync(handle)
  const again = openTelemetry(file)
  expect(again.putAside).toBeDefined()
  expect(telemetryId(again.db)).not.toBe(id)
  closeTelemetry(again.db)
})

test('a reader waits for the file to be made and never makes it', () => {
  expect(openTelemetryReader(file)).toBeUndefined()
  expect(readdirSync(folder)).toEqual([])
  closeTelemetry(openTelemetry(file).db)
  const reader = openTelemetryReader(file)!
  expect(() => reader.run('delete from reading')).toThrow()
  reader.close()
})

test('the migrations in the binary are the ones drizzle-kit journalled', async () => {
  const root = join(import.meta.dir, '../../migrations/telemetry')
  const journal = await Bun.file(join(root, 'meta/_journal.json')).json()
  const files = await Promise.all(
    journal.entries.map((entry: { tag: string }) => Bun.file(join(root, `${entry.tag}.sql`)).text()),
  )
  expect(telemetry).toEqual(files)
})
