// The next version of the pages, as an upgrade brings it: this tree in a directory of its own, with a script, a style and a
// page changed, built there as any build is. Every changed asset has another address, so the worker is another too.

import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { run } from './box.ts'

const root = resolve(import.meta.dir, '../..')
const apart = new Set(['node_modules', '.git', 'dist', 'data', 'tests', 'bench'])

export interface NextVersion {
  /** To start a box with. */
  program: string[]
  remove(): void
}

/** Its pages say so: `<html data-version="next">` once their own script runs. */
export async function nextVersion(): Promise<NextVersion> {
  const place = mkdtempSync(join(tmpdir(), 'xianhe-next-'))
  cpSync(root, place, {
    recursive: true,
    filter: (from) => {
      const name = from.slice(root.length + 1)
      return !apart.has(name) && !name.startsWith('web/.gen')
    },
  })
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'))
  const change = async (file: string, more: string) => {
    const path = join(place, file)
    await Bun.write(path, (await Bun.file(path).text()) + more)
  }
  await change('web/scripts/app.ts', "\ndocument.documentElement.dataset.version = 'next'\n")
  await change('web/styles/tokens.css', '\n:root { --version: next; }\n')
  const built = await run([process.execPath], [join(place, 'web/build.ts')])
  if (built.code !== 0) throw new Error(`the next version could not be built: ${built.err}`)
  return {
    program: [process.execPath, join(place, 'xianhe.ts')],
    remove: () => rmSync(place, { recursive: true, force: true }),
  }
}
