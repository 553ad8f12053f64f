// `npm run bench`: every bench, one after the other, on an otherwise idle machine. `npm run bench -- records puback`
// runs some of them. Exits with 1 when a limit was missed.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { buildAssets } from '../web/build.ts'

const wanted = process.argv.slice(2)
const here = readdirSync(import.meta.dir)
  .map((name) => name.replace(/\.ts$/, ''))
  .filter((name) => name !== 'all' && name !== 'lines')
const unknown = wanted.filter((name) => !here.includes(name))
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}; there are ${here.join(', ')}.`)
  process.exit(2)
}
await buildAssets({ quiet: true })
let missed = false
const table: string[] = []
for (const name of wanted.length > 0 ? wanted : here) {
  console.log(`\n— ${name}`)
  const bench = Bun.spawn([process.execPath, join(import.meta.dir, `${name}.ts`)], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  let said = ''
  const decoder = new TextDecoder()
  for await (const chunk of bench.stdout) {
    process.stdout.write(chunk)
    said += decoder.decode(chunk, { stream: true })
  }
  table.push(...said.split('\n').filter((line) => / must be [≤≥] /.test(line)))
  if ((await bench.exited) !== 0) {
    missed = true
    if (!said.includes('MISSED')) table.push(`MISSED ${name} ended with an error`)
  }
}
console.log(`\n— what must be reached\n${table.join('\n')}`)
process.exit(missed ? 1 : 0)
