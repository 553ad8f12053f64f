// A PostgreSQL server of the machine's own, for tests and bench: a cluster in a temporary directory, on loopback, gone
// afterwards. PostgreSQL refuses to run as root, so root lends it to the user postgres, or nobody.

import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Server {
  /** A database of its own for each scene. */
  newDatabase(): Promise<string>
  /** The server ends every other connection to this database; over when it returns. */
  dropConnections(url: string): void
  stop(): Promise<void>
}

/** Where `initdb` and `postgres` are, or undefined when PostgreSQL is not installed. */
export function postgresPrograms(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const found = versions
    .map((each) => join(debian, each, 'bin'))
    .find((each) => existsSync(join(each, 'initdb')))
  const beside = Bun.which('initdb')
  return found ?? (beside ? join(beside, '..') : undefined)
}

/** Starts a cluster; each is on a free port of its own. */
export async function startServer(): Promise<Server> {
  const programs = postgresPrograms()!
  const directory = mkdtempSync(join(tmpdir(), 'xianhe-postgres-'))
  const data = join(directory, 'data')
  const owner = process.getuid?.() === 0 ? lentTo() : undefined
  if (owner) chownSync(directory, owner.uid, owner.gid)
  const as = (command: string[]) =>
    owner
      ? ['setpriv', `--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups', ...command]
      : command
  const made = Bun.spawnSync(
    as([
      join(programs, 'initdb'),
      '-D',
      data,
      '-U',
      'xianhe',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
    ]),
    { cwd: directory, stdout: 'ignore', stderr: 'pipe' },
  )
  if (made.exitCode !== 0) throw new Error(`initdb: ${made.stderr.toString()}`)
  const port = freePort()
  const child = Bun.spawn(
    as([
      join(programs, 'postgres'),
      '-D',
      data,
      '-p',
      String(port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      `unix_socket_directories=${directory}`,
    ]),
    { cwd: directory, stdout: 'ignore', stderr: Bun.file(join(directory, 'log')) },
  )
  const at = (database: string) => `postgres://xianhe@127.0.0.1:${port}/${database}`
  await answers(at('postgres'), child)
  let databases = 0
  return {
    async newDatabase() {
      const name = `scene_${++databases}`
      const sql = new Bun.SQL(at('postgres'), { max: 1 })
      await sql.unsafe(`create database ${name}`)
      await sql.close()
      return at(name)
    },
    dropConnections(url) {
      const said = Bun.spawnSync([
        join(programs, 'psql'),
        '-qAt',
        '-c',
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
        url,
      ])
      if (said.exitCode !== 0) throw new Error(`psql: ${said.stderr.toString()}`)
    },
    async stop() {
      // Immediate shutdown: nobody needs this cluster any more.
      child.kill('SIGQUIT')
      await child.exited
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function lentTo(): { uid: number; gid: number } {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
  if (!user) throw new Error('there is neither a user postgres nor a user nobody to run PostgreSQL')
  return { uid: Number(user[2]), gid: Number(user[3]) }
}

function freePort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  const { port } = listener
  listener.stop(true)
  return port
}

/** Until it takes connections; a server that ended instead says why. */
async function answers(url: string, child: Bun.Subprocess) {
  const until = Date.now() + 60_000
  for (;;) {
    if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}`)
    const sql = new Bun.SQL(url, { max: 1, connectionTimeout: 5 })
    try {
      await sql.unsafe('select 1')
      return
    } catch (error) {
      if (Date.now() > until) throw error
      await Bun.sleep(50)
    } finally {
      await sql.close().catch(() => {})
    }
  }
}
