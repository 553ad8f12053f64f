// The box as a service of the machine: its own user, its directories, a systemd unit. An upgrade is tried on a copy of
// the data before anything is touched, keeps the old program, and goes back to it when the new one is not healthy.

import { Database } from 'bun:sqlite'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { refuse } from '../server/kernel/refusal.ts'
import { freePort } from './free-port.ts'
import { isCompiled } from './processes.ts'

export interface Places {
  program: string
  previous: string
  unit: string
  data: string
}

/** `root` is `/` on a real machine; a test stages elsewhere. */
export const places = (root: string): Places => ({
  program: join(root, 'usr/local/bin/xianhe'),
  previous: join(root, 'usr/local/lib/xianhe/previous'),
  unit: join(root, 'etc/systemd/system/xianhe.service'),
  data: join(root, 'var/lib/xianhe'),
})

const user = 'xianhe'

// No MemoryDenyWriteExecute: the runtime compiles as it goes. Sticks are mounted under the read-write paths: backups and
// packages go there. OOMPolicy keeps the parent when the kernel ends a child.
const unitText = ({ program, data }: Places) => `[Unit]
Description=Xianhe, the county in a box
Wants=network-online.target
After=network-online.target time-sync.target

[Service]
Type=exec
User=${user}
Environment=XIANHE_DATA=${data} XIANHE_LOG_TO=stderr
ExecStart=${program} serve
Restart=always
RestartSec=2
KillMode=mixed
TimeoutStopSec=30
LimitNOFILE=65536
OOMPolicy=continue
StateDirectory=xianhe
CacheDirectory=xianhe
AmbientCapabilities=CAP_NET_BIND_SERVICE
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=-/media -/mnt -/run/media
ProtectHome=read-only
PrivateTmp=yes
SystemCallFilter=@system-service

[Install]
WantedBy=multi-user.target
`

export async function install(at: Places, staged: boolean) {
  needRoot(staged)
  needBinary()
  if (existsSync(at.unit))
    refuse({
      zh: '已经安装过了。换新版本用 xianhe upgrade 文件。',
      en: 'It is installed already. For a new version use xianhe upgrade FILE.',
    })
  place(process.execPath, at.program)
  if (!staged && !(await succeeds('id', user)))
    await must('useradd', '--system', '--home-dir', at.data, '--shell', '/usr/sbin/nologin', user)
  mkdirSync(at.data, { recursive: true, mode: 0o750 })
  if (!staged) await must('chown', '-R', `${user}:`, at.data)
  mkdirSync(join(at.unit, '..'), { recursive: true })
  writeFileSync(at.unit, unitText(at))
  await must('systemctl', 'daemon-reload')
  await must('systemctl', 'enable', '--now', 'xianhe')
}

/** The program and the unit go; the data stays, and is named. */
export async function uninstall(at: Places, staged: boolean) {
  needRoot(staged)
  if (!existsSync(at.unit))
    refuse({ zh: '这台机器没有安装县盒服务。', en: 'The service is not installed on this machine.' })
  await must('systemctl', 'disable', '--now', 'xianhe')
  for (const path of [at.unit, at.program, at.previous]) rmSync(path, { force: true })
  await must('systemctl', 'daemon-reload')
}

export interface Upgraded {
  from: string
  to: string
}

export async function upgrade(
  at: Places,
  file: string,
  staged: boolean,
  patience = 60_000,
): Promise<Upgraded> {
  needRoot(staged)
  if (!existsSync(at.program))
    refuse({
      zh: '这台机器还没有安装县盒。请先运行 xianhe install。',
      en: 'The box is not installed here. Run xianhe install first.',
    })
  const [from, to] = [await versionOf(at.program), await versionOf(file)]
  await rehearse(file, at.data, patience)
  const kept = join(at.data, '.before-upgrade')
  await must('systemctl', 'stop', 'xianhe')
  keepDatabases(at.data, kept)
  mkdirSync(join(at.previous, '..'), { recursive: true })
  copyFileSync(at.program, at.previous)
  place(file, at.program)
  await must('systemctl', 'start', 'xianhe')
  if (await becomesHealthy(at, patience)) {
    rmSync(kept, { recursive: true })
    return { from, to }
  }
  await must('systemctl', 'stop', 'xianhe')
  place(at.previous, at.program)
  const returned = giveBackDatabases(at.data, kept)
  if (!staged) await must('chown', '-R', `${user}:`, at.data)
  await must('systemctl', 'start', 'xianhe')
  return refuse(
    returned
      ? {
          zh: `新版本 ${to} 没有正常运行,已退回 ${from}。日志: journalctl -u xianhe。`,
          en: `Version ${to} did not become healthy; the box is back on ${from}. See journalctl -u xianhe.`,
        }
      : {
          zh: `新版本 ${to} 没有正常运行,但已写入了新记录,数据未退回。程序已换回 ${from};若它打不开数据,请再运行 upgrade ${file}。`,
          en: `Version ${to} did not become healthy but had taken entries, so the data stays as it is. The program is ${from} again; if it cannot open the data, run upgrade ${file} once more.`,
        },
  )
}

/** The new program runs on a copy of the data, on ports of its own, before the real box feels anything. */
async function rehearse(file: string, data: string, patience: number) {
  const copy = mkdtempSync(join(tmpdir(), 'xianhe-rehearsal-'))
  try {
    for (const name of databases) {
      if (!existsSync(join(data, name))) continue
      const db = new Database(join(data, name), { readonly: true })
      db.exec(`pragma busy_timeout=10000; vacuum into '${join(copy, name).replaceAll("'", "''")}'`)
      db.close()
    }
    const [port, mqttPort] = [await freePort(), await freePort()]
    const trial = Bun.spawn(
      [
        file,
        'serve',
        '--data',
        copy,
        '--host',
        '127.0.0.1',
        '--mqtt-host',
        '127.0.0.1',
        '--port',
        String(port),
        '--mqtt-port',
        String(mqttPort),
        '--sync-every',
        '0',
        '--backup-to',
        '',
        '--broker',
        '',
        '--disk-reserve',
        '0',
      ],
      { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe', env: { PATH: process.env['PATH'] ?? '' } },
    )
    const said = new Response(trial.stderr as ReadableStream).text()
    const healthy = await isHealthy(
      port,
      patience,
      () => trial.exitCode !== null || trial.signalCode !== null,
    )
    trial.kill('SIGINT')
    await trial.exited
    if (!healthy) {
      const last = (await said).trim().split('\n').at(-1) ?? ''
      refuse({
        zh: `新版本在数据副本上没有正常运行,没有升级,原来的照常运行。最后一行: ${last}`,
        en: `The new version did not become healthy on a copy of the data; nothing was changed and the box runs as before. Its last line: ${last}`,
      })
    }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

const databases = ['core.db', 'telemetry.db']

function keepDatabases(data: string, kept: string) {
  rmSync(kept, { recursive: true, force: true })
  mkdirSync(kept, { mode: 0o700 })
  for (const name of databases) if (existsSync(join(data, name))) cpSync(join(data, name), join(kept, name))
}

/** Only when nothing was decided since: what was acknowledged is never taken back. */
function giveBackDatabases(data: string, kept: string): boolean {
  const seq = (file: string) => {
    const db = new Database(file, { readonly: true })
    const { last } = db.query('select coalesce(max(seq), 0) as last from act').get() as { last: number }
    db.close()
    return last
  }
  if (existsSync(join(kept, 'core.db')) && seq(join(kept, 'core.db')) !== seq(join(data, 'core.db')))
    return false
  for (const name of databases) {
    if (!existsSync(join(kept, name))) continue
    // Readings that came meanwhile stay in the newer file, beside; a device that was acknowledged will not send again.
    renameSync(join(data, name), join(data, `${name}.of-failed-upgrade`))
    for (const tail of ['-wal', '-shm']) rmSync(join(data, name + tail), { force: true })
    renameSync(join(kept, name), join(data, name))
  }
  rmSync(kept, { recursive: true })
  return true
}

async function versionOf(file: string): Promise<string> {
  if (!existsSync(file))
    refuse({ zh: `找不到 ${file}。请检查文件名。`, en: `There is no ${file}. Check the name.` })
  try {
    const asked = Bun.spawn([file, 'version', '--json'], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'ignore',
      env: {},
      timeout: 20_000,
    })
    const { version } = JSON.parse(await new Response(asked.stdout).text())
    if (typeof version === 'string') return version
  } catch {
    // Falls through to the sentence.
  }
  return refuse({
    zh: `${file} 不是能在这台机器上运行的县盒程序(注意 x64 与 arm64 之分,并需有执行权限)。`,
    en: `${file} is not a box program that runs on this machine (mind x64 and arm64, and that it is executable).`,
  })
}

async function becomesHealthy(at: Places, patience: number): Promise<boolean> {
  const settings = Bun.spawn([at.program, 'settings', '--json', '--data', at.data], {
    stdout: 'pipe',
    stderr: 'ignore',
  })
  const { settings: rows } = JSON.parse(await new Response(settings.stdout).text()) as {
    settings: { name: string; value: number }[]
  }
  return isHealthy(rows.find((row) => row.name === 'port')!.value, patience)
}

async function isHealthy(
  port: number,
  patience: number,
  ended: () => boolean = () => false,
): Promise<boolean> {
  const deadline = Date.now() + patience
  while (Date.now() < deadline && !ended()) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/healthz`)
      const { parts } = (await answer.json()) as { parts: Record<string, { state: string }> }
      if (answer.ok && Object.values(parts).every((part) => part.state === 'up')) return true
    } catch {
      // Not listening yet.
    }
    await Bun.sleep(100)
  }
  return false
}

/** Beside and then renamed: the running program's own file cannot be written, but it can be replaced. */
function place(from: string, to: string) {
  mkdirSync(join(to, '..'), { recursive: true })
  copyFileSync(from, `${to}.new`)
  Bun.spawnSync(['chmod', '755', `${to}.new`])
  renameSync(`${to}.new`, to)
}

function needRoot(staged: boolean) {
  if (!staged && process.getuid?.() !== 0) refuse({ zh: '请用 sudo 运行。', en: 'Run it with sudo.' })
  if (!staged && !existsSync('/run/systemd/system'))
    refuse({
      zh: '这台机器没有 systemd。请直接运行 xianhe serve。',
      en: 'This machine has no systemd. Run xianhe serve instead.',
    })
}

function needBinary() {
  if (!isCompiled())
    refuse({
      zh: '请用编译好的程序安装: npm run box,再运行 dist/xianhe install。',
      en: 'Install the compiled program: npm run box, then dist/xianhe install.',
    })
}

const succeeds = async (...command: string[]) =>
  (await Bun.spawn(command, { stdout: 'ignore', stderr: 'ignore' }).exited) === 0

async function must(...command: string[]) {
  const done = Bun.spawn(command, { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' })
  const said = (await new Response(done.stderr).text()).trim()
  if ((await done.exited) !== 0)
    refuse({ zh: `${command.join(' ')} 没有成功: ${said}`, en: `${command.join(' ')} failed: ${said}` })
}
