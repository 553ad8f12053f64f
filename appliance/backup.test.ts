import { Database } from 'bun:sqlite'
import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Refusal } from '../server/kernel/refusal.ts'
import { backUp, provedBackups, restore } from './backup.ts'
import { dataDirectory } from './data-directory.ts'
import { type OpenBox, openBox } from './open.ts'
import { settle } from './settings.ts'

const root = mkdtempSync(join(tmpdir(), 'xianhe-backup-'))
afterAll(() => rmSync(root, { recursive: true }))
const passphrase = '南洞庭 湿地'

function box(name: string): OpenBox {
  const opened = openBox(settle({ data: join(root, name), division: '430981' }, {}))
  for (let n = 0; n < 500; n++) opened.store.setFact(`line ${n}`, 'x'.repeat(2000))
  const photo = new Uint8Array(300_000).fill(7)
  const hash = new Bun.CryptoHasher('sha256').update(photo).digest('hex')
  writeFileSync(join(opened.data.files, hash), photo)
  writeFileSync(join(opened.data.path, 'xianhe.toml'), 'port = 9100\n')
  return opened
}
const sentence = (does: Promise<unknown>) =>
  does.then(
    () => 'done',
    (error) => (error instanceof Refusal ? error.words.en : Promise.reject(error)),
  )

test('a backup of a box at work restores to the same records, keys, files and settings, as another database', async () => {
  const opened = box('alive')
  const file = join(root, 'alive.xhb')
  const proved = await backUp(opened.data, file, passphrase, '0.0.1')
  expect(proved.rows['core.db']!['fact']).toBeGreaterThan(500)
  expect(provedBackups(opened.data).map((each) => each.file)).toEqual([file])
  const node = opened.store.node
  opened.close()

  const copy = join(root, 'copy')
  await restore(file, passphrase, copy)
  const again = openBox(settle({ data: copy }, {}))
  expect(again.store.node.id).toBe(node.id)
  expect(again.store.node.database).not.toBe(node.database)
  expect(again.store.fact('line 499')).toBe('x'.repeat(2000))
  expect(again.exchange.seals.publicKeys).toEqual(opened.exchange.seals.publicKeys)
  expect(again.settings.port).toBe(9100)
  expect(readdirSync(join(copy, 'files'))).toEqual(readdirSync(opened.data.files))
  again.close()
})

test('a restore never overwrites, and a wrong passphrase leaves nothing behind', async () => {
  const opened = box('kept')
  const file = join(root, 'kept.xhb')
  await backUp(opened.data, file, passphrase, '0.0.1')
  opened.close()
  expect(await sentence(restore(file, passphrase, opened.data.path))).toContain('never overwrites')
  const target = join(root, 'guessed')
  expect(await sentence(restore(file, 'guess', target))).toContain('passphrase is wrong')
  expect(existsSync(target)).toBe(false)
  expect(readdirSync(root).filter((name) => name.includes('partial'))).toEqual([])
  expect(await sentence(backUp(opened.data, file, passphrase, '0.0.1'))).toContain('exists already')
})

test('an attachment that rotted on the disk is named, and does not keep the rest from being saved', async () => {
  const opened = box('rotten')
  const rotten = readdirSync(opened.data.files)[0]!
  writeFileSync(join(opened.data.files, rotten), 'not what it was')
  const file = join(root, 'rotten.xhb')
  expect((await backUp(opened.data, file, passphrase, '0.0.1')).damaged).toEqual([`files/${rotten}`])
  opened.close()
  expect((await restore(file, passphrase, join(root, 'rotten-copy'))).damaged).toEqual([`files/${rotten}`])
})

test('writing goes on during the backup, and the backup is of one moment', async () => {
  const path = join(root, 'busy')
  mkdirSync(path)
  const writer = new Database(join(path, 'core.db'))
  writer.exec(
    'pragma journal_mode=wal; create table fact(name text, value text); create table session(x); create table a(n); create table b(n)',
  )
  writer.exec("insert into fact values('node', 'n'), ('database', 'd'), ('division', '430981')")
  let writing = true
  const clerk = (async () => {
    for (let n = 0; writing; n++) {
      writer.transaction(() => {
        writer.query('insert into a values(?)').run(n)
        writer.query('insert into b values(?)').run(n)
      })()
      await new Promise((resume) => setImmediate(resume))
    }
  })()
  const proved = await backUp(dataDirectory(path), join(root, 'busy.xhb'), passphrase, '0.0.1')
  writing = false
  await clerk
  expect(proved.rows['core.db']!['a']).toBe(proved.rows['core.db']!['b']!)
  expect(readFileSync(join(root, 'busy.xhb')).subarray(0, 14).toString()).toBe('xianhe-vault/1')
})
