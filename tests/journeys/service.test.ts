// Installing and upgrading, on a machine played by a staged root and a systemctl of our own that does what the unit says.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { places } from '../../appliance/service.ts'
import { freePort, run, type Said } from './box.ts'

const source = resolve(import.meta.dir, '../..')
const root = mkdtempSync(join(tmpdir(), 'xianhe-service-'))
const at = places(root)
const binary = join(source, 'dist', 'xianhe')
const tools = join(root, 'tools')
let port: number

beforeAll(async () => {
  expect((await run([process.execPath, join(source, 'appliance/box.ts')], [])).code).toBe(0)
  mkdirSync(tools)
  // What systemd does with our unit, as far as an upgrade can tell.
  writeFileSync(
    join(tools, 'systemctl'),
    `#!/bin/bash
    unit=${at.unit}
    pid=${root}/pid
    case "$*" in
      daemon-reload) ;;
      "enable --now xianhe"|"start xianhe")
        export $(grep ^Environment= $unit | cut -d= -f2-)
        setsid $(grep ^ExecStart= $unit | cut -d= -f2-) </dev/null >>${root}/journal 2>&1 &
        echo $! > $pid ;;
      "stop xianhe"|"disable --now xianhe")
        p=$(cat $pid); kill -TERM $p 2>/dev/null; while kill -0 $p 2>/dev/null; do sleep 0.05; done ;;
      *) exit 1 ;;
    esac`,
  )
  chmodSync(join(tools, 'systemctl'), 0o755)
  port = await freePort()
  mkdirSync(at.data, { recursive: true })
  writeFileSync(
    join(at.data, 'xianhe.toml'),
    `port = ${port}\nhost = "127.0.0.1"\n[mqtt]\nport = ${await freePort()}\nhost = "127.0.0.1"\n`,
  )
}, 60_000)

afterAll(async () => {
  if (existsSync(at.unit)) await xianhe('uninstall')
  rmSync(root, { recursive: true })
})

const xianhe = (...words: string[]): Promise<Said> =>
  run([binary], [...words, '--root', root, '--lang', 'en'], { PATH: `${tools}:${process.env['PATH']}` })

async function healthy() {
  const deadline = Date.now() + 20_000
  while (Date.now() < deadline) {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined)
    const health = (await answer?.json()) as { parts: Record<string, { state: string }> } | undefined
    if (health && Object.values(health.parts).every((part) => part.state === 'up')) return true
    await Bun.sleep(50)
  }
  return false
}

/** A program that answers for its version and then does as told. */
function pretender(name: string, does: string) {
  const file = join(root, name)
  writeFileSync(
    file,
    `#!/bin/bash\nif [ "$1" = version ]; then echo '{"version":"9.9.9"}'; exit; fi\n${does}\n`,
  )
  chmodSync(file, 0o755)
  return file
}

test('installed, the box runs from its unit and keeps its data in its own place', async () => {
  const said = await xianhe('install')
  expect([said.code, said.err]).toEqual([0, ''])
  expect(await healthy()).toBe(true)
  expect(readFileSync(at.unit, 'utf8')).toContain('KillMode=mixed')
  expect(existsSync(join(at.data, 'core.db'))).toBe(true)
  expect((await xianhe('install')).err).toContain('installed already')
}, 60_000)

test('a new version that works takes over, and the old program is kept', async () => {
  const newer = pretender('newer', `exec ${binary} "$@"`)
  const said = await xianhe('upgrade', newer, '--json')
  expect([said.code, said.err]).toEqual([0, ''])
  expect(said.json().to).toBe('9.9.9')
  expect(await healthy()).toBe(true)
  expect(existsSync(at.previous)).toBe(true)
  expect(readFileSync(at.program, 'utf8').slice(0, 20)).toContain('#!/bin/bash')
}, 60_000)

test('one that falls on a copy of the data changes nothing', async () => {
  const before = readFileSync(join(root, 'pid'), 'utf8')
  const said = await xianhe('upgrade', pretender('falls', 'echo "no such CPU" >&2; exit 1'))
  expect(said.code).toBe(1)
  expect(said.err).toContain('nothing was changed')
  expect(said.err).toContain('no such CPU')
  expect(readFileSync(join(root, 'pid'), 'utf8')).toBe(before)
  expect(await healthy()).toBe(true)
}, 60_000)

test('one that only fails in earnest is followed by the old program on the old data', async () => {
  const fails = pretender(
    'fails',
    `case "$*" in *rehearsal*|settings*) exec ${binary} "$@";; *) exit 1;; esac`,
  )
  const said = await xianhe('upgrade', fails, '--patience', '15')
  expect([said.code, said.err]).toEqual([1, expect.stringContaining('the box is back on 9.9.9')])
  expect(await healthy()).toBe(true)
}, 90_000)

test('something that is no box is refused before anything else', async () => {
  expect((await xianhe('upgrade', '/bin/true')).err).toContain('is not a box program')
  expect((await xianhe('upgrade', join(root, 'nowhere'))).err).toContain('There is no')
})

test('uninstalled, program and unit are gone and the data stays', async () => {
  expect((await xianhe('uninstall')).code).toBe(0)
  expect([existsSync(at.unit), existsSync(at.program)]).toEqual([false, false])
  expect(existsSync(join(at.data, 'core.db'))).toBe(true)
}, 60_000)
