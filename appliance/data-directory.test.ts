import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Refusal } from '../server/kernel/refusal.ts'
import { own, visit } from './data-directory.ts'

const root = mkdtempSync(join(tmpdir(), 'xianhe-directory-'))
afterAll(() => rmSync(root, { recursive: true }))

test('two boxes cannot share a directory, and a killed one leaves no lock behind', async () => {
  const path = join(root, 'shared')
  const holder = Bun.spawn(
    [
      process.execPath,
      '-e',
      `(await import(${JSON.stringify(join(import.meta.dir, 'data-directory.ts'))})).own(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1000)`,
    ],
    { stdout: 'pipe' },
  )
  await holder.stdout.getReader().read()
  expect(refusalOf(() => own(path)).words.en).toContain(`in use by another box (process ${holder.pid})`)
  holder.kill('SIGKILL')
  await holder.exited
  own(path).release()
})

test('a directory of a newer version is refused and left alone', () => {
  const path = join(root, 'newer')
  own(path).release()
  writeFileSync(join(path, 'version'), '99\n')
  expect(refusalOf(() => own(path)).words.en).toContain('written by a newer box (format 99')
  expect(refusalOf(() => visit(path)).words.zh).toContain('数据未动')
})

test('looking at a directory without a box says how to make one, and makes nothing', () => {
  const path = join(root, 'nowhere')
  expect(refusalOf(() => visit(path)).words.en).toContain('Run xianhe seed')
  expect(existsSync(path)).toBe(false)
})

test('a file in the place of the directory is refused in a sentence', () => {
  const path = join(root, 'file')
  writeFileSync(path, '')
  expect(refusalOf(() => own(path)).words.en).toContain('is not a directory')
})

function refusalOf(does: () => unknown): Refusal {
  try {
    does()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error('nothing was refused')
}
