// Background Sync as browsers do it, with nothing simulated: the network goes, every page is closed, the worker is stopped,
// the network comes back, and the browser starts the worker again by itself.

import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { executablePath } from './browser.ts'
import type { Woken } from './wake.ts'

const apart = ['unshare', '--net']
/** A network of one's own needs root, or a system that lets everybody make one. */
const possible =
  executablePath !== undefined &&
  Bun.which('unshare') !== null &&
  Bun.which('ip') !== null &&
  Bun.spawnSync([...apart, 'ip', 'link', 'add', 'wifi0', 'type', 'veth', 'peer', 'name', 'mast0'])
    .exitCode === 0

test.skipIf(!possible)(
  'the network returns, no page is open, the worker was stopped: the browser wakes it, and what waited arrives once',
  async () => {
    const child = Bun.spawn([...apart, process.execPath, join(import.meta.dir, 'wake.ts')], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ])
    const last = out.trim().split('\n').at(-1) ?? ''
    if (!last.startsWith('{')) throw new Error(`the errand ended early: ${err || out}`)
    const woken = JSON.parse(last) as Woken
    expect(woken).toMatchObject({ before: 0, after: 3, pages: [] })
  },
  180_000,
)
