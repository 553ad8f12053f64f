// Once a day, a proved backup to the directory the settings name: in a process of its own, so that a clerk's save never
// waits for it. A stick that is not plugged in is no error worth a night's sleep; a week without a backup is (doctor).

import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { provedBackups } from './backup.ts'
import type { DataDirectory } from './data-directory.ts'
import type { Log } from './logs.ts'
import { thisProgram } from './processes.ts'
import type { Settings } from './settings.ts'

const lookEvery = 10 * 60_000
const day = 24 * 3_600_000

/** Returns the way to stop. */
export function keepBackups(
  data: DataDirectory,
  settings: Settings,
  log: Log,
  every = lookEvery,
): () => void {
  if (!settings['backup.to']) return () => {}
  let running: Bun.Subprocess | undefined
  const look = async () => {
    if (running || !isDue(data) || !existsSync(settings['backup.to'])) return
    running = Bun.spawn(
      [
        ...thisProgram(),
        'backup',
        '--to',
        settings['backup.to'],
        '--data',
        data.path,
        '--backup-passphrase',
        settings['backup.passphrase'],
        '--json',
      ],
      { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' },
    )
    const said = await new Response(running.stderr as ReadableStream).text()
    const code = await running.exited
    running = undefined
    if (code === 0) tidy(settings['backup.to'], settings['backup.keep'])
    log(
      code === 0 ? 'info' : 'error',
      code === 0 ? 'the daily backup is proved' : 'the daily backup failed',
      { to: settings['backup.to'], ...(said && { said: said.trim() }) },
    )
  }
  const timer = setInterval(() => void look(), every)
  void look()
  return () => {
    clearInterval(timer)
    running?.kill()
  }
}

const isDue = (data: DataDirectory) => {
  const last = provedBackups(data).at(-1)
  return !last || Date.now() - Date.parse(last.at) > day
}

/** Our own files only, the oldest first. */
export function tidy(directory: string, keep: number) {
  const ours = readdirSync(directory)
    .filter((name) => /^xianhe-\d{8}T\d{6}\.xhb$/.test(name))
    .sort((a, b) => statSync(join(directory, a)).mtimeMs - statSync(join(directory, b)).mtimeMs)
  for (const name of ours.slice(0, Math.max(0, ours.length - keep))) rmSync(join(directory, name))
}
