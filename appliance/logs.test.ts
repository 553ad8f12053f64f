import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLog } from './logs.ts'

const root = mkdtempSync(join(tmpdir(), 'xianhe-logs-'))
afterAll(() => rmSync(root, { recursive: true }))
const lines = (directory: string, file = 'box.jsonl') =>
  readFileSync(join(directory, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

test('each line is one object, with the error whole and quieter levels left out', () => {
  const directory = join(root, 'plain')
  const log = openLog({ level: 'info', directory })
  log('debug', 'not wanted')
  log.room('sync')('error', 'the line broke', { error: new Error('no route'), peer: '4309' })
  log.close()
  const [only, ...rest] = lines(directory)
  expect(rest).toEqual([])
  expect(only).toMatchObject({
    level: 'error',
    room: 'sync',
    say: 'the line broke',
    peer: '4309',
    error: { message: 'no route' },
  })
})

test("a child's own line is kept as it is, a stray word is wrapped", () => {
  const directory = join(root, 'children')
  const log = openLog({ level: 'info', directory })
  const own = JSON.stringify({ at: '2026-01-01T00:00:00.000Z', level: 'info', room: 'ingest', say: 'ready' })
  log.line('ingest', own)
  log.line('ingest', 'Segmentation fault')
  log.line('ingest', '')
  log.close()
  const [first, second, ...rest] = lines(directory)
  expect(JSON.stringify(first)).toBe(own)
  expect(second).toMatchObject({ level: 'warn', room: 'ingest', say: 'Segmentation fault' })
  expect(rest).toEqual([])
})

test('old files are put aside, and no more of them are kept than asked', () => {
  const directory = join(root, 'rotation')
  const log = openLog({ level: 'info', directory, rotateAt: 300, keep: 3 })
  for (let n = 0; n < 40; n++) log('info', `line ${n}`)
  log.close()
  expect(readdirSync(directory).sort()).toEqual(['box.jsonl', 'box.jsonl.1', 'box.jsonl.2'])
  const kept = ['box.jsonl.2', 'box.jsonl.1', 'box.jsonl'].flatMap((file) =>
    lines(directory, file).map((line) => line.say),
  )
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, n) => `line ${40 - kept.length + n}`))
})
