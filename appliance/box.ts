// `npm run box`: one file that is the whole box. `-- --target linux-arm64` builds for that machine instead.
//
// DuckDB is a native part: two files that travel inside the binary and are unpacked beside the data when first needed
// (appliance/duckdb-inside.ts). Bindings of other machines are never asked for, so nothing of them is embedded.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { BunPlugin } from 'bun'
import { buildAssets } from '../web/build.ts'

const root = resolve(import.meta.dir, '..')
const targets = ['linux-x64', 'linux-arm64'] as const
type Target = (typeof targets)[number]

await build(askedTarget())

async function build(target: Target) {
  const here = `${process.platform}-${process.arch}`
  const outfile = join(root, 'dist', target === here ? 'xianhe' : `xianhe-${target}`)
  await buildAssets({ quiet: true })
  const bindings = await bindingsFor(target)
  // An old mini-PC may lack AVX2; the baseline build runs on every 64-bit machine of the last fifteen years.
  const compileTarget = target === 'linux-x64' ? 'bun-linux-x64-baseline' : 'bun-linux-arm64'
  const started = Date.now()
  const result = await Bun.build({
    entrypoints: [join(root, 'xianhe.ts')],
    compile: { target: compileTarget, outfile } as never,
    minify: true,
    sourcemap: 'none',
    plugins: [duckdbInside(target, bindings)],
  })
  for (const message of result.logs) console.error(message)
  if (!result.success) process.exit(1)
  const size = Bun.file(outfile).size
  console.log(
    `${outfile}  ${(size / 1e6).toFixed(1)} MB  ${target}  ${((Date.now() - started) / 1000).toFixed(1)} s`,
  )
}

function askedTarget(): Target {
  const words = process.argv.slice(2)
  const said = words.includes('--target')
    ? words[words.indexOf('--target') + 1]
    : words.find((word) => word.startsWith('--target='))?.slice(9)
  const wanted = said ?? `${process.platform}-${process.arch}`
  const target = targets.find((each) => each === wanted)
  if (!target) {
    console.error(`There is no target ${wanted}; choose one of ${targets.join(', ')}.`)
    process.exit(2)
  }
  return target
}

interface Bindings {
  directory: string
  version: string
}

/** DuckDB's native files for a machine: installed already when it is this one, fetched by the ordinary client when not. */
async function bindingsFor(target: Target): Promise<Bindings> {
  const name = `@duckdb/node-bindings-${target}`
  const version = (
    JSON.parse(readFileSync(join(root, 'node_modules/@duckdb/node-bindings/package.json'), 'utf8')) as {
      version: string
    }
  ).version
  const installed = join(root, 'node_modules', name)
  if (existsSync(join(installed, 'duckdb.node'))) return { directory: installed, version }
  const aside = join(tmpdir(), `xianhe-bindings-${target}-${version}`)
  const fetched = join(aside, 'node_modules', name)
  if (!existsSync(join(fetched, 'duckdb.node'))) {
    rmSync(aside, { recursive: true, force: true })
    mkdirSync(aside, { recursive: true })
    writeFileSync(
      join(aside, 'package.json'),
      JSON.stringify({ name: 'bindings', dependencies: { [name]: version } }),
    )
    const [os, cpu] = target.split('-') as [string, string]
    const install = Bun.spawn([process.execPath, 'install', '--os', os, '--cpu', cpu], {
      cwd: aside,
      stdout: 'ignore',
      stderr: 'inherit',
    })
    if ((await install.exited) !== 0) process.exit(1)
  }
  return { directory: fetched, version }
}

function duckdbInside(target: Target, bindings: Bindings): BunPlugin {
  return {
    name: 'duckdb-inside',
    setup(build) {
      build.onResolve({ filter: /^@duckdb\/node-bindings$/ }, () => ({
        path: 'duckdb-inside',
        namespace: 'inside',
      }))
      build.onLoad({ filter: /.*/, namespace: 'inside' }, () => ({
        loader: 'js',
        resolveDir: root,
        contents: `
          import addon from ${JSON.stringify(join(bindings.directory, 'duckdb.node'))} with { type: 'file' }
          import library from ${JSON.stringify(join(bindings.directory, 'libduckdb.so'))} with { type: 'file' }
          import { load } from ${JSON.stringify(join(root, 'appliance/duckdb-inside.ts'))}
          module.exports = load(addon, library, ${JSON.stringify(`duckdb-${bindings.version}-${target}`)})`,
      }))
    },
  }
}
