// Inside the compiled binary only: DuckDB's two native files are unpacked once and loaded from the disk, because the
// system's loader cannot read them out of another file.

import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export function load(addon: string, library: string, name: string): unknown {
  const directory = join(process.env['CACHE_DIRECTORY'] ?? process.env['XIANHE_CACHE'] ?? '.cache', name)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  unpack(library, join(directory, 'libduckdb.so'))
  unpack(addon, join(directory, 'duckdb.node'))
  const loaded = { exports: {} }
  process.dlopen(loaded, join(directory, 'duckdb.node'))
  return loaded.exports
}

/** Whole or not at all: several processes may unpack at once, and the power may go in the middle. */
function unpack(from: string, to: string) {
  if (existsSync(to) && statSync(to).size === Bun.file(from).size) return
  const aside = `${to}.${process.pid}`
  writeFileSync(aside, readFileSync(from), { mode: 0o700 })
  renameSync(aside, to)
}
