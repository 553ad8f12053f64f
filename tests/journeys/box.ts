// A real box for journeys: the processes, ports and files of a county office, in a directory of its own.
//
//   const box = await startBox({ seed: true })
//   await box.cli('device', 'add', 'SW-001')
//   … box.url, box.mqttPort …
//   await box.stop()

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freePort } from '../../appliance/free-port.ts'
import { sampleLogins } from '../../seed/sample/logins.ts'

const root = resolve(import.meta.dir, '../..')

export interface BoxOptions {
  /** Begin with the sample county; made once and copied. */
  seed?: boolean
  /** A directory to go on with, kept at the end. */
  data?: string
  /** Flags for `serve`: `['--division', '4309']`. */
  flags?: string[]
  env?: Record<string, string>
  /** The program: from source, or a compiled binary. */
  program?: string[]
  /** With secure pages on a port of their own. */
  https?: boolean
}

export interface Said {
  code: number
  out: string
  err: string
  /** What `--json` printed. */
  json<T = any>(): T
}

export interface RunningBox {
  url: string
  port: number
  httpsPort?: number
  mqttPort: number
  data: string
  pid: number
  /** The administrator of a box without the sample county. */
  firstLogin?: { name: string; password: string }
  /** Runs a verb beside the box, on its data. */
  cli(...words: string[]): Promise<Said>
  /** `/healthz` as it is now. */
  health(): Promise<{
    status: string
    node: string
    parts: Record<string, { state: string; detail?: string }>
  }>
  /** Done when every part is up. */
  allUp(): Promise<void>
  /** What the box wrote to stderr: JSON lines. */
  log(): string
  /** Ctrl-C. Answers with the exit status. */
  stop(): Promise<number>
  /** Ctrl-C, to be started again: what it has is kept. */
  leave(): Promise<void>
  /** kill -9. */
  kill(): Promise<void>
  /** After `leave` or `kill`: the same directory, the same ports; as another version when a program is given. */
  again(program?: string[]): Promise<RunningBox>
}

export async function startBox(options: BoxOptions = {}): Promise<RunningBox> {
  // `XIANHE_PROGRAM=/some/where/xianhe bun test tests/journeys/day.test.ts`: the same journeys on a compiled box.
  const compiled = process.env.XIANHE_PROGRAM
  const program = options.program ?? (compiled ? [compiled] : [process.execPath, join(root, 'xianhe.ts')])
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'xianhe-box-'))
  if (options.seed && !existsSync(join(data, 'core.db')))
    cpSync(await seededDirectory(), data, { recursive: true })
  const [port, mqttPort] = [await freePort(), await freePort()]
  const httpsPort = options.https ? await freePort() : undefined
  return begin({ ...options, program, data, port, httpsPort, mqttPort, keep: options.data !== undefined })
}

export { freePort }

export const loginOf = (name: string) => sampleLogins.find((login) => login.name === name)!

interface Plan extends BoxOptions {
  program: string[]
  data: string
  port: number
  httpsPort?: number
  mqttPort: number
  keep: boolean
}

async function begin(plan: Plan): Promise<RunningBox> {
  const { program, data, port, httpsPort, mqttPort } = plan
  const env = { ...withoutOurs(process.env), ...plan.env }
  const ports = [
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--mqtt-host',
    '127.0.0.1',
    '--mqtt-port',
    String(mqttPort),
    '--https-port',
    httpsPort === undefined ? 'off' : String(httpsPort),
    '--mqtt-tls-port',
    'off',
    '--mdns',
    'off',
  ]
  const child = Bun.spawn([...program, 'serve', '--json', '--data', data, ...ports, ...(plan.flags ?? [])], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    env,
  })
  let logged = ''
  const logging = (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of child.stderr) logged += decoder.decode(chunk, { stream: true })
  })()
  const greeting = await firstLine(child.stdout)
  if (greeting === undefined) {
    await logging
    throw new Error(`the box did not start: ${logged}`)
  }
  const { firstLogin } = JSON.parse(greeting)
  const url = `http://127.0.0.1:${port}`
  const health = async () => (await fetch(`${url}/healthz`)).json() as ReturnType<RunningBox['health']>
  const gone = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    const code = await child.exited
    await logging
    return code
  }
  const clear = () => {
    if (!plan.keep) rmSync(data, { recursive: true, force: true })
  }
  let leaving = true
  return {
    url,
    port,
    httpsPort,
    mqttPort,
    data,
    pid: child.pid,
    firstLogin,
    cli: (...words) => run(program, [...words, '--data', data], env),
    health,
    async allUp() {
      const deadline = Date.now() + 20_000
      for (;;) {
        const { parts } = await health()
        if (Object.values(parts).every((part) => part.state === 'up')) return
        if (Date.now() > deadline) throw new Error(`not up: ${JSON.stringify(parts)}\n${logged}`)
        await Bun.sleep(20)
      }
    },
    log: () => logged,
    async stop() {
      const code = await gone('SIGINT')
      if (leaving) clear()
      return code
    },
    async leave() {
      leaving = false
      await gone('SIGINT')
    },
    async kill() {
      leaving = false
      await gone('SIGKILL')
    },
    again: (other = program) => begin({ ...plan, program: other }),
  }
}

/** Runs the program once and answers with what it said. */
export async function run(
  program: string[],
  words: string[],
  env: Record<string, string | undefined> = process.env,
): Promise<Said> {
  const child = Bun.spawn([...program, ...words], { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe', env })
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return {
    code,
    out,
    err,
    json() {
      try {
        return JSON.parse(out)
      } catch {
        throw new Error(`no JSON: ${out}${err}`)
      }
    },
  }
}

/** The program's first line; undefined when it ended without one. The rest is read and let go, so that it never waits. */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string | undefined> {
  const reader = stream
    .pipeThrough(new TextDecoderStream() as never)
    .getReader() as ReadableStreamDefaultReader<string>
  let text = ''
  while (!text.includes('\n')) {
    const { value, done } = await reader.read()
    if (done) return undefined
    text += value
  }
  void (async () => {
    while (!(await reader.read()).done);
  })()
  return text.slice(0, text.indexOf('\n'))
}

const withoutOurs = (env: Record<string, string | undefined>) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('XIANHE_')))

/** The sample county, seeded once for all journeys of a run: by what it is made of, so that a change seeds anew. */
async function seededDirectory(): Promise<string> {
  const shelf = join(tmpdir(), 'xianhe-seeded')
  const place = join(shelf, fingerprint())
  if (existsSync(join(place, 'core.db'))) return place
  mkdirSync(shelf, { recursive: true })
  const making = mkdtempSync(join(shelf, 'making-'))
  const seeded = await run(
    [process.execPath, join(root, 'xianhe.ts')],
    ['seed', '--data', making],
    withoutOurs(process.env),
  )
  if (seeded.code !== 0) throw new Error(`the sample county could not be seeded: ${seeded.err}`)
  for (const old of readdirSync(shelf))
    if (!old.startsWith('making-')) rmSync(join(shelf, old), { recursive: true, force: true })
  // Another run may have been first; its county is the same.
  if (existsSync(place)) rmSync(making, { recursive: true })
  else renameSync(making, place)
  return place
}

function fingerprint(): string {
  const hasher = new Bun.CryptoHasher('sha256')
  const files = ['seed', 'migrations', 'server/kernel', 'server/modules', 'server/telemetry'].flatMap(
    (folder) =>
      [...new Bun.Glob('**/*.{ts,tsx,json,sql}').scanSync({ cwd: join(root, folder) })]
        .sort()
        .map((name) => join(root, folder, name)),
  )
  for (const file of files) {
    const { size, mtimeMs } = statSync(file)
    hasher.update(`${file} ${size} ${mtimeMs}\n`)
  }
  // The county moves with the calendar: a new day is a new county.
  return `${new Date().toISOString().slice(0, 10)}-${hasher.digest('hex').slice(0, 16)}`
}
