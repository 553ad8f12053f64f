// `npm run check`, what CI runs: format, lint, types, the lock file, then every test. The first thing that is wrong stops it.

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { buildAssets } from '../web/build.ts'

const root = resolve(import.meta.dir, '..')
const bin = (name: string) => join(root, 'node_modules', '.bin', name)

await buildAssets({ quiet: true })
needHostFreeLock()
await step('format and lint', [bin('biome'), 'check', '.'])
await step('types', [bin('tsc'), '--noEmit'])
await step('tests', [process.execPath, join(root, 'appliance', 'test-all.ts')])

/** Whoever clones this installs from their own registry, near or far: no host belongs in the lock file. */
function needHostFreeLock() {
  if (!/"https?:\/\//.test(readFileSync(join(root, 'bun.lock'), 'utf8'))) return
  console.error('bun.lock names a registry host. Restore it and add packages with the default registry.')
  process.exit(1)
}

async function step(name: string, command: string[]) {
  console.log(`— ${name}`)
  const done = Bun.spawn(command, { cwd: root, stdin: 'ignore', stdout: 'inherit', stderr: 'inherit' })
  const code = await done.exited
  if (code === 0) return
  console.error(`check stopped at: ${name}`)
  process.exit(code ?? 1)
}
