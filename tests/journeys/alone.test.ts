// The binary in an empty directory: no Bun, no Node, no node_modules, no environment.

import { afterAll, expect, test } from 'bun:test'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type RunningBox, run, startBox } from './box.ts'

const here = mkdtempSync(join(tmpdir(), 'xianhe-alone-'))
let box: RunningBox | undefined
afterAll(async () => {
  await box?.stop()
  rmSync(here, { recursive: true })
})

test('the compiled box seeds and serves from an empty directory with nothing else on the machine', async () => {
  const source = resolve(import.meta.dir, '../..')
  const built = await run([process.execPath, join(source, 'appliance/box.ts')], [])
  expect([built.code, built.err]).toEqual([0, ''])
  const binary = join(here, 'xianhe')
  copyFileSync(join(source, 'dist', 'xianhe'), binary)
  const nothing = { env: { PATH: '/nonexistent', HOME: here }, cwd: here }
  const alone = async (...words: string[]) => {
    const child = Bun.spawn([binary, ...words], { ...nothing, stdout: 'pipe', stderr: 'pipe' })
    return {
      out: await new Response(child.stdout).text(),
      err: await new Response(child.stderr).text(),
      code: await child.exited,
    }
  }
  const seeded = await alone('seed', '--scale', '0.05', '--data', 'county', '--json')
  expect([seeded.code, seeded.err]).toEqual([0, ''])
  expect(JSON.parse(seeded.out).accepted).toBeGreaterThan(1000)
  // DuckDB was unpacked beside the data: the readings of the sample county came through it.
  expect(readdirSync(join(here, 'county', '.cache'))).toHaveLength(1)
  expect(readdirSync(join(here, 'county', 'archive')).some((name) => name.endsWith('.parquet'))).toBe(true)

  mkdirSync(join(here, 'elsewhere'))
  box = await startBox({
    program: [binary],
    data: join(here, 'county'),
    env: { PATH: '/nonexistent', HOME: join(here, 'elsewhere') },
  })
  await box.allUp()
  const page = await (await fetch(`${box.url}/login`)).text()
  const script = /"(\/assets\/[\w-]+-[0-9a-f]{8,}\.(?:js|css))"/.exec(page)?.[1]
  expect((await fetch(box.url + script)).headers.get('cache-control')).toContain('immutable')
  expect((await box.cli('doctor', '--json')).code).toBe(0)
  expect(await box.stop()).toBe(0)
  box = undefined
  expect(existsSync(join(here, 'node_modules'))).toBe(false)
}, 120_000)
