// The compiled box as a county office has it: cold start to the first page (second run and later: DuckDB is unpacked),
// and what its three processes hold in memory when nobody uses them,
// everything computed. `bun bench/box.ts [seconds idle]`

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freePort, run, startBox } from '../tests/journeys/box.ts'
import { done, figure, machine, quantile } from './lines.ts'

const idleSeconds = Number(process.argv[2] ?? 30)
const source = resolve(import.meta.dir, '..')
const built = await run([process.execPath, join(source, 'appliance/box.ts')], [])
if (built.code !== 0) throw new Error(built.err)
const program = [join(source, 'dist', 'xianhe')]

machine()
// The first run unpacks DuckDB and computes everything once; it is not measured.
const data = mkdtempSync(join(tmpdir(), 'xianhe-bench-box-'))
const first = await startBox({ seed: true, data, program })
await first.allUp()
await first.cli('rebuild')
await first.stop()

const starts: number[] = []
for (let n = 0; n < 5; n++) starts.push(await coldStart())
figure(
  'cold start to first page',
  quantile(
    starts.sort((a, b) => a - b),
    0.5,
  ),
  'ms',
  { most: 1000 },
)

const box = await startBox({ data, program })
await box.allUp()
await fetch(`${box.url}/login`)
await Bun.sleep(idleSeconds * 1000)
const held = familyOf(box.pid).map((pid) => ({
  name: nameOf(pid),
  rss: memoryOf(pid, 'status', 'VmRSS'),
  pss: memoryOf(pid, 'smaps_rollup', 'Pss'),
}))
for (const each of held) figure(`idle ${each.name}, RSS`, each.rss, 'MB')
figure(
  'idle, three processes, RSS',
  held.reduce((sum, each) => sum + each.rss, 0),
  'MB',
  { most: 350 },
)
figure(
  'idle, three processes, shared pages once (PSS)',
  held.reduce((sum, each) => sum + each.pss, 0),
  'MB',
)
await box.stop()
rmSync(data, { recursive: true })
done()

async function coldStart(): Promise<number> {
  const [port, mqttPort] = [await freePort(), await freePort()]
  const began = performance.now()
  const child = Bun.spawn(
    [
      ...program,
      'serve',
      '--data',
      data,
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--mqtt-port',
      String(mqttPort),
    ],
    { stdout: 'ignore', stderr: 'ignore' },
  )
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/login`).catch(() => undefined)
    if (answer?.ok && (await answer.text()).includes('</html>')) break
    await Bun.sleep(2)
  }
  const took = performance.now() - began
  child.kill('SIGINT')
  await child.exited
  return took
}

function familyOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number)
  return [pid, ...children]
}

function nameOf(pid: number): string {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  return words[1] === 'role' ? words[2]! : words[1]!
}

/** Megabytes. */
function memoryOf(pid: number, file: string, line: string): number {
  const found = new RegExp(`^${line}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))
  return Number(found![1]) / 1024
}
