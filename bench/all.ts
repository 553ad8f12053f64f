// `npm run bench`: every bench, one after the other, on an otherwise idle machine, and at the end one table of what must
// be reached. `npm run bench -- records puback` runs some of them. Exits with 1 when a limit was missed.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildAssets } from '../web/build.ts'
import type { Figure } from './lines.ts'

const wanted = process.argv.slice(2)
// A bench ends with `done()`; what has no such end is shared by benches.
const here = readdirSync(import.meta.dir)
  .filter((file) => /^ *done\(\)$/m.test(readFileSync(join(import.meta.dir, file), 'utf8')))
  .map((file) => file.replace(/\.ts$/, ''))
  .sort()
const unknown = wanted.filter((name) => !here.includes(name))
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}; there are ${here.join(', ')}.`)
  process.exit(2)
}
// None takes a third of this; one that hangs does not keep the others from being told.
const longest = 45 * 60_000

const began = { load: loadavg()[0]!, at: new Date() }
await buildAssets({ quiet: true })
const heard = mkdtempSync(join(tmpdir(), 'xianhe-bench-'))
const results: Result[] = []
for (const name of wanted.length > 0 ? wanted : here) results.push(await runBench(name))
tell(results)
rmSync(heard, { recursive: true })
process.exit(results.every(isFine) ? 0 : 1)

interface Result {
  name: string
  figures: Figure[]
  code: number
  seconds: number
}

async function runBench(name: string): Promise<Result> {
  console.log(`\n— ${name}`)
  const told = join(heard, `${name}.ndjson`)
  writeFileSync(told, '')
  const from = performance.now()
  const bench = Bun.spawn([process.execPath, join(import.meta.dir, `${name}.ts`)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: longest,
    env: { ...process.env, XIANHE_BENCH_TELLS: told },
  })
  const code = await bench.exited
  const figures = readFileSync(told, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Figure)
  return { name, figures, code, seconds: (performance.now() - from) / 1000 }
}

function isFine({ code }: Result) {
  return code === 0
}

function tell(results: Result[]) {
  const rows = results.flatMap(({ name, figures, code, seconds }) => {
    const limited = figures.filter((each) => each.limit !== '')
    const ended = code === 0 || limited.some((each) => each.missed)
    return [
      ...limited.map((each) => [
        each.missed ? 'SHORT' : 'ok',
        name,
        each.name,
        `${each.shown} ${each.unit}`,
        each.limit,
      ]),
      ...(ended ? [] : [['SHORT', name, `ended with an error after ${seconds.toFixed(0)} s`, '', '']]),
    ]
  })
  const widths = [0, 1, 2, 3].map((i) => Math.max(0, ...rows.map((row) => row[i]!.length)))
  const minutes = results.reduce((sum, each) => sum + each.seconds, 0) / 60
  console.log(`\n— what must be reached`)
  for (const [verdict, name, what, value, limit] of rows)
    console.log(
      `${verdict!.padEnd(widths[0]!)}  ${name!.padEnd(widths[1]!)}  ${what!.padEnd(widths[2]!)}  ${value!.padStart(widths[3]!)}  ${limit}`,
    )
  const short = rows.filter(([verdict]) => verdict === 'SHORT').length
  console.log(
    `\n${rows.length - short} ok, ${short} short, in ${minutes.toFixed(0)} min; ${cpus().length} × ${cpus()[0]?.model}, Bun ${Bun.version}, ${began.at.toISOString().slice(0, 10)}, load ${began.load.toFixed(1)} at the start`,
  )
}
