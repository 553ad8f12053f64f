// One directory holds everything of a box. One process at a time owns it: the lock is the system's own (flock), so a
// killed box leaves nothing to clean up, and two boxes can never write the same files.

import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  statfsSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { refuse } from '../server/kernel/refusal.ts'
import { lockFile } from './libc.ts'

// Rises when an older program could no longer read what a newer one wrote.
const layout = 1

export interface DataDirectory {
  readonly path: string
  /** Decided: acts and records. */
  readonly core: string
  /** Measured: readings of the last weeks. */
  readonly telemetry: string
  /** Attachments by SHA-256. */
  readonly files: string
  /** Sealed readings. */
  readonly archive: string
  /** Computed: delete at will. */
  readonly derived: string
  readonly keys: string
  /** Packages in transit. */
  readonly post: string
  readonly logs: string
  /** Unpacked native parts. */
  readonly cache: string
  /** Where verbs of the command line reach the running box; keys/ lets only its owner in. */
  readonly door: string
}

export const dataDirectory = (path: string): DataDirectory => ({
  path,
  core: join(path, 'core.db'),
  telemetry: join(path, 'telemetry.db'),
  files: join(path, 'files'),
  archive: join(path, 'archive'),
  derived: join(path, 'derived'),
  keys: join(path, 'keys'),
  post: join(path, 'post'),
  logs: join(path, 'logs'),
  cache: join(path, '.cache'),
  door: join(path, 'keys', 'door.sock'),
})

export const isSettled = (path: string) => existsSync(join(path, 'core.db'))

/** Makes what is missing and takes the lock. Refuses a directory in use, or one written by a newer version. */
export function own(path: string): DataDirectory & { release(): void } {
  const data = dataDirectory(path)
  checkLayout(data)
  try {
    for (const each of [data.path, data.files, data.archive, data.derived, data.post, data.logs]) {
      mkdirSync(each, { recursive: true })
    }
    mkdirSync(data.keys, { recursive: true, mode: 0o700 })
  } catch (error) {
    refuseDisk(path, error)
  }
  const lock = openSync(join(path, 'lock'), 'a+')
  if (!lockFile(lock)) {
    const holder = readFileSync(join(path, 'lock'), 'utf8').trim()
    closeSync(lock)
    refuse(
      {
        zh: `数据目录 ${path} 正被另一个县盒使用(进程 ${holder})。请先停止它,或用 --data 选另一个目录。`,
        en: `The data directory ${path} is in use by another box (process ${holder}). Stop that one, or choose another with --data.`,
      },
      { field: 'lock' },
    )
  }
  ftruncateSync(lock)
  writeSync(lock, `${process.pid}\n`)
  writeLayout(data)
  return { ...data, release: () => closeSync(lock) }
}

/** The directory as it is, for verbs that only look. Refuses one that is not there. */
export function visit(path: string): DataDirectory {
  const data = dataDirectory(path)
  checkLayout(data)
  if (!isSettled(path)) {
    refuse({
      zh: `${path} 里还没有县盒的数据。请先运行 xianhe seed(样例县)或 xianhe serve,或用 --data 指向数据目录。`,
      en: `There is no box in ${path} yet. Run xianhe seed (sample county) or xianhe serve first, or point --data at one.`,
    })
  }
  return data
}

/** Free bytes where the data lives. */
export function freeSpace(path: string): number {
  const disk = statfsSync(path)
  return disk.bavail * disk.bsize
}

export function refuseDisk(path: string, error: unknown): never {
  const code = (error as { code?: string }).code
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return refuse({
      zh: `${path} 所在的磁盘已满。请腾出空间(xianhe doctor 会指出哪里),再运行。`,
      en: `The disk of ${path} is full. Make room (xianhe doctor shows where), then run again.`,
    })
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return refuse({
      zh: `不能写入 ${path}。请换一个用户运行,或用 --data 选另一个目录。`,
      en: `${path} cannot be written. Run as another user, or choose another directory with --data.`,
    })
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return refuse({
      zh: `${path} 不是目录。请用 --data 选一个目录。`,
      en: `${path} is not a directory. Choose one with --data.`,
    })
  }
  throw error
}

function checkLayout(data: DataDirectory) {
  const file = join(data.path, 'version')
  if (!existsSync(file)) return
  const found = Number.parseInt(readFileSync(file, 'utf8'), 10)
  if (!(found <= layout)) {
    refuse({
      zh: `${data.path} 由更新版本的县盒写成(格式 ${found},本程序到 ${layout})。请用新版本的程序打开;数据未动。`,
      en: `${data.path} was written by a newer box (format ${found}, this program knows up to ${layout}). Open it with the newer program; nothing was touched.`,
    })
  }
}

function writeLayout(data: DataDirectory) {
  const file = join(data.path, 'version')
  if (existsSync(file)) return
  const descriptor = openSync(file, 'w')
  writeSync(descriptor, `${layout}\n`)
  closeSync(descriptor)
}
