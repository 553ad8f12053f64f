import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { provedBackups } from './backup.ts'
import { keepBackups, tidy } from './daily-backup.ts'
import { openLog } from './logs.ts'
import { openBox } from './open.ts'
import { settle } from './settings.ts'

const root = mkdtempSync(join(tmpdir(), 'xianhe-daily-'))
afterAll(() => rmSync(root, { recursive: true }))

test('a box that was never backed up does it at once, beside its work, and not twice a day', async () => {
  const stick = join(root, 'stick')
  mkdirSync(stick)
  const secret = join(root, 'passphrase')
  writeFileSync(secret, 'long enough\n')
  const settings = settle({ data: join(root, 'data'), 'backup-to': stick, 'backup-passphrase': secret }, {})
  const box = openBox(settings)
  const told = Promise.withResolvers<string>()
  const log = Object.assign(
    (_level: string, say: string) => told.resolve(say),
    openLog({ level: 'error' }),
  ) as ReturnType<typeof openLog>
  const stop = keepBackups(box.data, settings, log)
  expect(await told.promise).toBe('the daily backup is proved')
  stop()
  expect(readdirSync(stick)).toHaveLength(1)
  expect(provedBackups(box.data)).toHaveLength(1)
  box.close()
})

test('only the newest are kept, and nobody else’s files are touched', () => {
  const stick = join(root, 'full-stick')
  mkdirSync(stick)
  for (let n = 1; n <= 5; n++) {
    const name = join(stick, `xianhe-2026010${n}T000000.xhb`)
    writeFileSync(name, '')
    utimesSync(name, n, n)
  }
  writeFileSync(join(stick, '年报.xlsx'), '')
  tidy(stick, 2)
  expect(readdirSync(stick).sort()).toEqual([
    'xianhe-20260104T000000.xhb',
    'xianhe-20260105T000000.xhb',
    '年报.xlsx',
  ])
})
