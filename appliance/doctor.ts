// What may be wrong with a box, looked at from outside: read-only, beside a running box or without one. Each finding is
// a line with the cure, so that whoever stands in front of the machine knows what to do next.

import { Database } from 'bun:sqlite'
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { PartHealth } from '../server/http/services.ts'
import { chainFault } from '../server/kernel/diary.ts'
import { timeText, type Words } from '../server/kernel/words.ts'
import type { SealNote } from '../server/telemetry/archive.ts'
import { damagedFiles } from '../server/telemetry/open.ts'
import { isWholeKey, keyFiles } from '../sync/seal.ts'
import { provedBackups } from './backup.ts'
import { certificates } from './certificates/doctor.ts'
import { type DataDirectory, freeSpace } from './data-directory.ts'
import { askHealth } from './door.ts'
import { bad, type Finding, good, look } from './finding.ts'
import { landing } from './landings.ts'
import type { Settings } from './settings.ts'

type Check = (data: DataDirectory, settings: Settings) => Finding | Promise<Finding>

export async function examine(
  data: DataDirectory,
  settings: Settings,
  tell: (finding: Finding) => void,
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const check of checks) {
    const finding = await check(data, settings)
    findings.push(finding)
    tell(finding)
  }
  return findings
}

const runRestore: Words = {
  zh: '停止县盒,用 xianhe restore 把最近的备份恢复到新目录,并保留损坏的原件。',
  en: 'Stop the box, restore the latest backup into a new directory with xianhe restore, and keep the damaged one.',
}

const checks: Check[] = [
  function settingsKnown(data, settings) {
    const about = { zh: '设置', en: 'settings' }
    const names = settings.unknown.join(', ')
    return names
      ? look(
          about,
          { zh: `xianhe.toml 里有不认识的设置: ${names}`, en: `xianhe.toml has unknown settings: ${names}` },
          {
            zh: '改正拼写或删去(xianhe settings 列出全部)。',
            en: 'Correct or remove them (xianhe settings lists all).',
          },
        )
      : good(about, { zh: join(data.path, 'xianhe.toml'), en: join(data.path, 'xianhe.toml') })
  },

  function disk(data, settings) {
    const about = { zh: '磁盘', en: 'disk' }
    const left = Math.floor(freeSpace(data.path) / 1048576)
    const says = { zh: `剩余 ${left} MB`, en: `${left} MB left` }
    const cure = {
      zh: '清理旧备份与日志,或换更大的磁盘。',
      en: 'Remove old backups and logs, or use a larger disk.',
    }
    if (left < settings['disk.reserve'])
      return bad(about, { zh: `${says.zh},已暂停录入`, en: `${says.en}: entries are refused` }, cure)
    return left < settings['disk.reserve'] * 4 ? look(about, says, cure) : good(about, says)
  },

  function clock(data) {
    const about = { zh: '时钟', en: 'clock' }
    const newest = readCore(
      data,
      (db) =>
        (db.query('select written from act order by seq desc limit 1').get() as { written: string } | null)
          ?.written,
    )
    const now = new Date().toISOString()
    const cure = {
      zh: '校准时钟(timedatectl);主板电池可能没电了。',
      en: 'Set the clock (timedatectl); the battery on the board may be empty.',
    }
    if (now < '2026')
      return bad(
        about,
        { zh: `时钟停在 ${now.slice(0, 10)}`, en: `the clock says ${now.slice(0, 10)}` },
        cure,
      )
    if (newest && Date.parse(newest) - Date.now() > 60_000)
      return bad(
        about,
        { zh: `时钟比最新的记录(${newest})还早`, en: `the clock is behind the newest entry (${newest})` },
        cure,
      )
    return good(about, { zh: timeText(now, 'zh'), en: timeText(now, 'en') })
  },

  (data) => database(data.core, { zh: '业务库 core.db', en: 'core.db' }, runRestore),

  function diary(data) {
    const about = { zh: '日志链', en: 'diary chain' }
    return readCore(data, (db) => {
      const fault = chainFault(db)
      const { n } = db.query('select count(*) as n from act').get() as { n: number }
      return fault
        ? bad(
            about,
            { zh: `第 ${fault.seq} 条被改动过`, en: `entry ${fault.seq} was altered` },
            {
              zh: '保留现场,与备份和上级收到的数据包核对。',
              en: 'Keep everything as it is and compare with a backup and with what the peers received.',
            },
          )
        : good(about, { zh: `${n} 条,从头到尾连贯`, en: `${n} entries, whole from the first to the last` })
    })
  },

  function asides(data) {
    const about = { zh: '搁置的事项', en: 'things set aside' }
    const rows = readCore(
      data,
      (db) =>
        db.query('select follower, reason from aside order by at desc').all() as {
          follower: string
          reason: string
        }[],
    )
    return rows.length === 0
      ? good(about, { zh: '没有', en: 'none' })
      : look(
          about,
          {
            zh: `${rows.length} 件,最近: ${rows[0]!.reason}`,
            en: `${rows.length}, the latest: ${rows[0]!.reason}`,
          },
          {
            zh: '程序会自己重试;一直不好的,在“系统”页查看原因。',
            en: 'They are tried again by themselves; for those that stay, see the System page.',
          },
        )
  },

  async function files(data) {
    const about = { zh: '附件', en: 'attachments' }
    const damaged: string[] = []
    let count = 0
    for (const file of filesUnder(data.files)) {
      if (!/^[0-9a-f]{64}$/.test(basename(file))) continue
      count++
      if ((await hashOf(file)) !== basename(file)) damaged.push(basename(file).slice(0, 12))
    }
    return damaged.length > 0
      ? bad(
          about,
          {
            zh: `${damaged.length} 个损坏: ${damaged.slice(0, 5).join(', ')}`,
            en: `${damaged.length} damaged: ${damaged.slice(0, 5).join(', ')}`,
          },
          {
            zh: '从备份里取回同名文件;检查磁盘。',
            en: 'Take the files of the same name from a backup; check the disk.',
          },
        )
      : good(about, { zh: `${count} 个,内容与哈希相符`, en: `${count}, each matches its hash` })
  },

  (data) =>
    database(
      data.telemetry,
      { zh: '监测库 telemetry.db', en: 'telemetry.db' },
      {
        zh: '重启县盒:损坏的库会被移到一旁并新建;再用备份核对。',
        en: 'Restart the box: the damaged file is put aside and a new one begins; then compare with a backup.',
      },
    ),

  function putAside(data) {
    const about = { zh: '移到一旁的监测库', en: 'telemetry put aside' }
    const found = damagedFiles(data.telemetry)
    return found.length === 0
      ? good(about, { zh: '没有', en: 'none' })
      : bad(
          about,
          { zh: found.join(', '), en: found.join(', ') },
          { zh: '与备份核对后移走该文件。', en: 'Compare it with a backup, then move the file away.' },
        )
  },

  async function archive(data) {
    const about = { zh: '封存的读数', en: 'sealed readings' }
    const wrong: string[] = []
    const notes = existsSync(data.archive)
      ? readdirSync(data.archive).filter((name) => name.endsWith('.json'))
      : []
    for (const name of notes) {
      const note = JSON.parse(readFileSync(join(data.archive, name), 'utf8')) as SealNote
      const file = join(data.archive, note.file)
      if (!existsSync(file) || (await hashOf(file)) !== note.sha256) wrong.push(note.file)
    }
    return wrong.length > 0
      ? bad(
          about,
          {
            zh: `${wrong.length} 天与封存时不同: ${wrong.slice(0, 5).join(', ')}`,
            en: `${wrong.length} days differ from what was sealed: ${wrong.slice(0, 5).join(', ')}`,
          },
          {
            zh: '从备份里取回 archive 中的同名文件。',
            en: 'Take the files of the same name in archive/ from a backup.',
          },
        )
      : good(about, {
          zh: `${notes.length} 天,与封存时相同`,
          en: `${notes.length} days, as they were sealed`,
        })
  },

  function keys(data) {
    const about = { zh: '密钥', en: 'keys' }
    const there = keyFiles.filter((name) => existsSync(join(data.keys, name)))
    const missing = keyFiles.filter((name) => !there.includes(name))
    const broken = there.filter((name) => !isWholeKey(data.keys, name))
    if (broken.length > 0)
      return bad(
        about,
        { zh: `${broken.join('、')} 已损坏`, en: `${broken.join(', ')}: damaged` },
        {
          zh: '从备份里取回 keys 中的同名文件。',
          en: 'Take the file of the same name in keys/ from a backup.',
        },
      )
    const open = there.filter((name) => statSync(join(data.keys, name)).mode & 0o077)
    if (open.length > 0)
      return bad(
        about,
        { zh: `别的用户也能读 ${open.join('、')}`, en: `other users can read ${open.join(', ')}` },
        {
          zh: `运行 chmod 600 ${open.map((name) => join(data.keys, name)).join(' ')}`,
          en: `Run chmod 600 ${open.map((name) => join(data.keys, name)).join(' ')}`,
        },
      )
    if (missing.length > 0)
      return look(
        about,
        { zh: `还没有 ${missing.join('、')}`, en: `no ${missing.join(', ')} yet` },
        {
          zh: '运行一次 xianhe serve 会自动生成;若曾有过,请从备份恢复。',
          en: 'xianhe serve makes one; if there was one, restore it from a backup.',
        },
      )
    return good(about, { zh: '只有本用户可读', en: 'readable by this user only' })
  },

  (data, settings) => certificates(data, settings),

  async function children(data) {
    const about = { zh: '进程', en: 'processes' }
    const health = (await askHealth(data)) as { parts: Record<string, PartHealth> } | undefined
    if (!health)
      return look(
        about,
        { zh: '县盒没有运行', en: 'the box is not running' },
        {
          zh: '运行 xianhe serve,或 systemctl start xianhe。',
          en: 'Run xianhe serve, or systemctl start xianhe.',
        },
      )
    const down = Object.entries(health.parts).filter(([, part]) => part.state === 'down')
    return down.length > 0
      ? bad(
          about,
          {
            zh: down
              .map(([name, part]) => `${name} 自 ${timeText(part.since, 'zh')} 停着: ${part.detail ?? ''}`)
              .join(';'),
            en: down
              .map(([name, part]) => `${name} down since ${timeText(part.since, 'en')}: ${part.detail ?? ''}`)
              .join('; '),
          },
          {
            zh: '县盒会自己重启它;一直不好的,看 data/logs/box.jsonl。',
            en: 'The box starts it again by itself; if it stays down, read data/logs/box.jsonl.',
          },
        )
      : good(about, {
          zh: `${Object.keys(health.parts).join('、')} 正常`,
          en: `${Object.keys(health.parts).join(', ')} are up`,
        })
  },

  function peers(data) {
    const about = { zh: '上下级', en: 'peers' }
    const rows = readCore(
      data,
      (db) =>
        db.query('select name, down_since, note from peer where disabled = 0').all() as {
          name: string
          down_since: string | null
          note: string | null
        }[],
    )
    const noted = rows.find((row) => row.note)
    if (noted) {
      const note = JSON.parse(noted.note!) as Words
      return bad(about, note, {
        zh: '与对方核对后,在“同步”页确认。',
        en: 'Ask them, then confirm on the Sync page.',
      })
    }
    const down = rows.filter((row) => row.down_since)
    if (down.length > 0)
      return look(
        about,
        {
          zh: down.map((row) => `${row.name} 自 ${timeText(row.down_since!, 'zh')} 不通`).join(';'),
          en: down
            .map((row) => `${row.name} out of reach since ${timeText(row.down_since!, 'en')}`)
            .join('; '),
        },
        {
          zh: '检查网线和对方地址;急用可改走 U 盘: xianhe package --for 对方 --to 目录。',
          en: 'Check the cable and their address; a stick works too: xianhe package --for PEER --to DIR.',
        },
      )
    return good(about, { zh: `${rows.length} 个`, en: `${rows.length} registered` })
  },

  (data) => landing(data),

  function backups(data) {
    const about = { zh: '备份', en: 'backups' }
    const last = provedBackups(data).at(-1)
    const cure = {
      zh: '插上 U 盘,运行 xianhe backup --to 目录。',
      en: 'Insert a stick and run xianhe backup --to DIRECTORY.',
    }
    if (!last) return look(about, { zh: '还没有验证过的备份', en: 'no proved backup yet' }, cure)
    const says = {
      zh: `最近一次验证过的备份: ${timeText(last.at, 'zh')}(${last.file})`,
      en: `last proved backup: ${timeText(last.at, 'en')} (${last.file})`,
    }
    return Date.now() - Date.parse(last.at) > 7 * 86_400_000 ? look(about, says, cure) : good(about, says)
  },
]

function database(file: string, about: Words, cure: Words): Finding {
  if (!existsSync(file)) return good(about, { zh: '还没有', en: 'not there yet' })
  const db = new Database(file, { readonly: true })
  try {
    db.exec('pragma busy_timeout=5000')
    const answer = (db.query('pragma quick_check(1)').get() as { quick_check: string }).quick_check
    const size = `${Math.ceil(statSync(file).size / 1e6)} MB`
    return answer === 'ok'
      ? good(about, { zh: `完好,${size}`, en: `sound, ${size}` })
      : bad(about, { zh: answer, en: answer }, cure)
  } catch (error) {
    const says = (error as Error).message
    return bad(about, { zh: `打不开: ${says}`, en: `cannot be read: ${says}` }, cure)
  } finally {
    db.close()
  }
}

function readCore<T>(data: DataDirectory, read: (db: Database) => T): T {
  const db = new Database(data.core, { readonly: true })
  try {
    db.exec('pragma busy_timeout=5000')
    return read(db)
  } finally {
    db.close()
  }
}

const filesUnder = (directory: string): string[] =>
  existsSync(directory)
    ? readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((each) => each.isFile())
        .map((each) => join(each.parentPath, each.name))
    : []

async function hashOf(file: string): Promise<string> {
  const hasher = new Bun.CryptoHasher('sha256')
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }))
    hasher.update(chunk as Uint8Array)
  return hasher.digest('hex')
}
