// `npm test`: everything, in the order of what breaks first, and one closing line that tells the truth. Rooms run
// together in one process; what starts real processes, browsers or brokers runs file by file, so that no test waits for
// another's load. Paths after `--` run only those.

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { postgresPrograms } from '../sync/land/server-for-tests.ts'
import { buildAssets } from '../web/build.ts'

const root = resolve(import.meta.dir, '..')

interface Tally {
  pass: number
  fail: number
  skip: number
}

// Beside the code they test, but no company for others.
const startsProcesses = [
  'appliance/processes.test.ts',
  'appliance/daily-backup.test.ts',
  'appliance/landings.test.ts',
  'sync/land/land.test.ts',
  'sync/land/kill.test.ts',
]

await installPackages()
await buildAssets({ quiet: true })
const asked = process.argv.slice(2)
const { together, alone } = asked.length > 0 ? { together: asked, alone: [] } : testFiles()
const tally: Tally = { pass: 0, fail: 0, skip: 0 }
const fallen: string[] = []
for (const files of [together, ...alone.map((file) => [file])]) {
  if (files.length === 0) continue
  const result = await run(files)
  tally.pass += result.pass
  tally.fail += result.fail
  tally.skip += result.skip
  if (result.fail > 0) fallen.push(files.length === 1 ? files[0]! : 'the rooms together')
}
if (fallen.length > 0) console.log(`failures in: ${fallen.join(', ')}`)
console.log(`${tally.pass} passed, ${tally.fail} failed${tally.skip > 0 ? `, ${tally.skip} skipped` : ''}`)
process.exit(tally.fail > 0 ? 1 : 0)

/** What tests of the whole box need of the machine. Without them those tests are skipped by name. */
async function installPackages() {
  const program = (name: string) => Bun.which(name) !== null || existsSync(`/usr/sbin/${name}`)
  const needed: [there: boolean, packages: string[]][] = [
    [program('chromium'), ['chromium', 'fonts-noto-cjk']],
    [program('mosquitto'), ['mosquitto', 'mosquitto-clients']],
    // Debian keeps the server's programs out of the path, one directory a version.
    [postgresPrograms() !== undefined, ['postgresql']],
    [program('certutil'), ['libnss3-tools']],
  ]
  const missing = needed.filter(([there]) => !there).flatMap(([, packages]) => packages)
  if (missing.length === 0) return
  if (process.getuid?.() !== 0 || !Bun.which('apt-get')) {
    console.log(`not installed, and only root could: ${missing.join(', ')}; tests that need them are skipped`)
    return
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const command of [
    ['apt-get', 'update', '-q'],
    ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...missing],
  ]) {
    const done = Bun.spawn(command, { env, stdout: 'ignore', stderr: 'inherit' })
    if ((await done.exited) !== 0) {
      console.log(
        `${command.slice(0, 2).join(' ')} failed: tests that need ${missing.join(', ')} are skipped`,
      )
      return
    }
  }
}

function testFiles(): { together: string[]; alone: string[] } {
  const files = [...new Bun.Glob('**/*.test.{ts,tsx}').scanSync({ cwd: root })]
    .filter((file) => !/(^|\/)(node_modules|dist|data)\//.test(file))
    .sort()
  const heavy = (file: string) =>
    /^tests\/.+\//.test(file) || startsProcesses.some((each) => file.endsWith(each))
  return {
    together: files.filter((file) => !heavy(file)).map((file) => `./${file}`),
    alone: files.filter(heavy).map((file) => `./${file}`),
  }
}

async function run(files: string[]): Promise<Tally> {
  const child = Bun.spawn([process.execPath, 'test', '--timeout', '60000', ...files], {
    cwd: root,
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'pipe',
  })
  const decoder = new TextDecoder()
  let tail = ''
  for await (const chunk of child.stderr) {
    process.stderr.write(chunk)
    tail = (tail + decoder.decode(chunk, { stream: true })).slice(-4000)
  }
  const code = await child.exited
  const plain = Bun.stripANSI(tail)
  const count = (word: string) => Number(new RegExp(`^\\s*(\\d+) ${word}$`, 'm').exec(plain)?.[1] ?? 0)
  const fail = count('fail')
  // A run that ended before it could count has failed too.
  return {
    pass: count('pass'),
    fail: code !== 0 && fail === 0 ? 1 : fail,
    skip: count('skip') + count('todo'),
  }
}
