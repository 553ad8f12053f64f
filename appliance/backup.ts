// A backup is one file with everything of the box that cannot be computed again, taken while it runs, sealed with a
// passphrase. It counts as one only after it was read back: opened, unpacked, checked and counted.

import { Database } from 'bun:sqlite'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { newId } from '../server/kernel/ids.ts'
import { refuse } from '../server/kernel/refusal.ts'
import { type DataDirectory, freeSpace } from './data-directory.ts'
import { opened, sealed } from './vault.ts'

/** First in the backup: what it is, and what must be found in it. */
export interface Contents {
  format: 'xianhe-backup/1'
  node: string
  division: string
  created: string
  version: string
  /** database → table → rows. */
  rows: Record<string, Record<string, number>>
}

export interface Proved extends Contents {
  file: string
  bytes: number
  entries: number
  seconds: number
  /** Attachments whose content no longer matches their hash: carried as they are, and named. */
  damaged: string[]
}

type Progress = (stage: 'copy' | 'write' | 'prove', done: number, of: number) => void

const databases = ['core.db', 'telemetry.db']

/** Writes the backup beside its final name, proves it, and only then gives it the name. */
export async function backUp(
  data: DataDirectory,
  to: string,
  passphrase: string,
  version: string,
  progress: Progress = () => {},
): Promise<Proved> {
  const started = performance.now()
  if (existsSync(to))
    refuse({
      zh: `${to} 已经存在。请换一个文件名,旧备份不会被覆盖。`,
      en: `${to} exists already. Choose another name; old backups are not overwritten.`,
    })
  const aside = join(data.cache, `backup-${process.pid}`)
  const partial = `${to}.partial`
  try {
    mkdirSync(aside, { recursive: true, mode: 0o700 })
    mkdirSync(dirname(to), { recursive: true })
    roomFor(data, aside)
    const copies = databases.filter((name) => existsSync(join(data.path, name)))
    // Readings first, decisions after: a reading's alert may be missing from a backup, never the other way round.
    for (const [n, name] of copies.toReversed().entries()) {
      copyDatabase(join(data.path, name), join(aside, name))
      progress('copy', n + 1, copies.length)
    }
    const contents = describe(aside, copies, version)
    const entries = [...copies.map((name) => ({ path: name, file: join(aside, name) })), ...looseFiles(data)]
    await write(partial, contents, entries, passphrase, (done) => progress('write', done, entries.length))
    rmSync(aside, { recursive: true })
    const proved = await prove(partial, passphrase, aside, contents, (done) =>
      progress('prove', done, entries.length),
    )
    renameSync(partial, to)
    const outcome = {
      ...contents,
      ...proved,
      file: to,
      bytes: statSync(to).size,
      seconds: (performance.now() - started) / 1000,
    }
    remember(data, outcome)
    return outcome
  } finally {
    rmSync(aside, { recursive: true, force: true })
    rmSync(partial, { force: true })
  }
}

/** Makes a new data directory from a backup. The copy gets a database id of its own, so that peers notice. */
export async function restore(
  file: string,
  passphrase: string,
  to: string,
  progress: (done: number) => void = () => {},
): Promise<Contents & { damaged: string[] }> {
  if (existsSync(to) && readdirSync(to).length > 0)
    refuse({
      zh: `${to} 不是空的,恢复不会覆盖已有数据。请用 --data 指向一个空目录。`,
      en: `${to} is not empty, and a restore never overwrites. Point --data at an empty directory.`,
    })
  const partial = `${to.replace(/\/+$/, '')}.partial-${process.pid}`
  try {
    mkdirSync(partial, { recursive: true, mode: 0o700 })
    const { contents, damaged } = await unpack(file, passphrase, partial, () => true, progress)
    check(partial, contents)
    becomeAnother(join(partial, 'core.db'))
    rmSync(to, { recursive: true, force: true })
    renameSync(partial, to)
    return { ...contents, damaged }
  } finally {
    rmSync(partial, { recursive: true, force: true })
  }
}

/** Backups this box proved, newest last. */
export function provedBackups(
  data: DataDirectory,
): { at: string; file: string; bytes: number; seconds: number }[] {
  const file = join(data.path, 'backups.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []
}

function remember(data: DataDirectory, proved: Proved) {
  const line = {
    at: new Date().toISOString(),
    file: proved.file,
    bytes: proved.bytes,
    seconds: Math.round(proved.seconds * 10) / 10,
  }
  const file = join(data.path, 'backups.json')
  writeFileSync(`${file}.new`, JSON.stringify([...provedBackups(data).slice(-29), line], null, 1))
  renameSync(`${file}.new`, file)
}

/** The copies and the restore drill need the databases once more on the same disk. */
function roomFor(data: DataDirectory, aside: string) {
  const needed =
    databases.reduce(
      (sum, name) => sum + (existsSync(join(data.path, name)) ? statSync(join(data.path, name)).size : 0),
      0,
    ) * 1.1
  const free = freeSpace(aside)
  if (free < needed)
    refuse({
      zh: `备份需要 ${Math.ceil(needed / 1e6)} MB 临时空间,磁盘只剩 ${Math.floor(free / 1e6)} MB。请先腾出空间。`,
      en: `A backup needs ${Math.ceil(needed / 1e6)} MB of room for a while and ${Math.floor(free / 1e6)} MB are left. Make room first.`,
    })
}

// From a process of its own, VACUUM INTO is a consistent picture while the box goes on writing.
function copyDatabase(from: string, to: string) {
  const db = new Database(from, { readonly: true })
  try {
    db.exec('pragma busy_timeout=10000')
    db.exec(`vacuum into '${to.replaceAll("'", "''")}'`)
  } finally {
    db.close()
  }
}

function describe(directory: string, copies: string[], version: string): Contents {
  const core = new Database(join(directory, 'core.db'), { readonly: true })
  const fact = (name: string) =>
    (core.query('select value from fact where name = ?').get(name) as { value: string }).value
  const contents: Contents = {
    format: 'xianhe-backup/1',
    node: fact('node'),
    division: fact('division'),
    created: new Date().toISOString(),
    version,
    rows: Object.fromEntries(copies.map((name) => [name, countRows(join(directory, name))])),
  }
  core.close()
  return contents
}

function countRows(file: string): Record<string, number> {
  const db = new Database(file, { readonly: true })
  const tables = db
    .query(
      "select name from sqlite_master where type = 'table' and sql not like 'CREATE VIRTUAL%' order by name",
    )
    .all() as { name: string }[]
  const rows = Object.fromEntries(
    tables.map(({ name }) => [
      name,
      (db.query(`select count(*) as n from "${name}"`).get() as { n: number }).n,
    ]),
  )
  db.close()
  return rows
}

interface Entry {
  path: string
  file: string
}

function looseFiles(data: DataDirectory): Entry[] {
  const under = (directory: string) =>
    existsSync(join(data.path, directory))
      ? (
          readdirSync(join(data.path, directory), { recursive: true, withFileTypes: true }) as {
            name: string
            parentPath: string
            isFile(): boolean
          }[]
        )
          .filter((each) => each.isFile() && !each.name.endsWith('.partial'))
          .map((each) => join(each.parentPath, each.name))
          .map((file) => ({ path: file.slice(data.path.length + 1), file }))
      : []
  const single = ['version', 'xianhe.toml']
    .filter((name) => existsSync(join(data.path, name)))
    .map((name) => ({ path: name, file: join(data.path, name) }))
  return [...single, ...['keys', 'files', 'archive'].flatMap(under)]
}

async function write(
  to: string,
  contents: Contents,
  entries: Entry[],
  passphrase: string,
  progress: (done: number) => void,
) {
  const compress = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } })
  await pipeline(
    Readable.from(stream(contents, entries, progress)),
    compress as unknown as Transform,
    (plain: AsyncIterable<Uint8Array>) => sealed(plain, passphrase),
    createWriteStream(to, { mode: 0o600 }),
  )
  const written = await open(to, 'r+')
  await written.sync()
  await written.close()
}

/** `contents` as one JSON line, then each file as a JSON line and its bytes, then a line that says it is the last. */
async function* stream(
  contents: Contents,
  entries: Entry[],
  progress: (done: number) => void,
): AsyncGenerator<Uint8Array> {
  const line = (value: unknown) => Buffer.from(`${JSON.stringify(value)}\n`)
  yield line(contents)
  let done = 0
  for (const { path, file } of entries) {
    // A file that vanished since it was listed (a sealed day written anew) was replaced by one that is listed or hot.
    if (!existsSync(file)) continue
    const handle = await open(file, 'r')
    try {
      const { size } = await handle.stat()
      yield line({ path, bytes: size })
      if (size > 0)
        yield* createReadStream('', {
          fd: handle.fd,
          autoClose: false,
          end: size - 1,
          highWaterMark: 1 << 20,
        })
    } finally {
      await handle.close()
    }
    progress(++done)
  }
  yield line({ end: done })
}

/** The restore drill: the file is opened as a restore would, and what comes out is checked and counted. */
async function prove(
  file: string,
  passphrase: string,
  aside: string,
  expected: Contents,
  progress: (done: number) => void,
) {
  mkdirSync(aside, { recursive: true, mode: 0o700 })
  const { contents, entries, damaged } = await unpack(
    file,
    passphrase,
    aside,
    (path) => databases.includes(path),
    progress,
  )
  if (JSON.stringify(contents) !== JSON.stringify(expected))
    throw new Error('the backup reads back differently')
  check(aside, contents)
  return { entries, damaged }
}

/** Databases whole, rows as many as were written. */
function check(directory: string, contents: Contents) {
  for (const [name, rows] of Object.entries(contents.rows)) {
    const db = new Database(join(directory, name), { readonly: true })
    const answer = (db.query('pragma integrity_check').get() as { integrity_check: string }).integrity_check
    db.close()
    const found = countRows(join(directory, name))
    if (answer === 'ok' && JSON.stringify(found) === JSON.stringify(rows)) continue
    refuse({
      zh: `备份里的 ${name} 与写入时不一致(${answer})。请检查磁盘,再备份一次。`,
      en: `${name} in the backup is not what was written (${answer}). Check the disk and back up again.`,
    })
  }
}

async function unpack(
  file: string,
  passphrase: string,
  to: string,
  wanted: (path: string) => boolean,
  progress: (done: number) => void,
) {
  const reader = new Unpacker(to, wanted, progress)
  await pipeline(
    createReadStream(file, { highWaterMark: 1 << 20 }),
    (cipher: AsyncIterable<Uint8Array>) => opened(cipher, passphrase),
    createZstdDecompress() as unknown as Transform,
    async (plain: AsyncIterable<Uint8Array>) => {
      for await (const bytes of plain) await reader.take(bytes as Buffer)
    },
  )
  return reader.finish(basename(file))
}

class Unpacker {
  private contents?: Contents
  private held = Buffer.alloc(0)
  private left = 0
  private out?: Awaited<ReturnType<typeof open>>
  private hasher?: Bun.CryptoHasher
  private current = ''
  private entries = 0
  private readonly damaged: string[] = []
  private ended = false

  constructor(
    private readonly to: string,
    private readonly wanted: (path: string) => boolean,
    private readonly progress: (done: number) => void,
  ) {}

  async take(bytes: Buffer) {
    let rest = this.held.length > 0 ? Buffer.concat([this.held, bytes]) : bytes
    this.held = Buffer.alloc(0)
    while (rest.length > 0) {
      if (this.left > 0) {
        const part = rest.subarray(0, this.left)
        await this.out?.write(part)
        this.hasher?.update(part)
        this.left -= part.length
        rest = rest.subarray(part.length)
        if (this.left === 0) await this.fileDone()
        continue
      }
      const end = rest.indexOf(10)
      if (end < 0) {
        this.held = Buffer.from(rest)
        return
      }
      await this.line(JSON.parse(rest.subarray(0, end).toString()))
      rest = rest.subarray(end + 1)
    }
  }

  finish(name: string): { contents: Contents; entries: number; damaged: string[] } {
    if (!this.contents || !this.ended)
      refuse({ zh: `${name} 不完整。请换一份备份。`, en: `${name} is not complete. Take another backup.` })
    return { contents: this.contents!, entries: this.entries, damaged: this.damaged }
  }

  private async line(said: Contents | { path: string; bytes: number } | { end: number }) {
    if ('format' in said) {
      if (said.format !== 'xianhe-backup/1')
        refuse({
          zh: `备份格式 ${said.format} 由更新的版本写成。请用新版本恢复。`,
          en: `The backup has format ${said.format}, of a newer version. Restore it with that.`,
        })
      this.contents = said
    } else if ('path' in said) {
      if (said.path.startsWith('/') || said.path.split('/').includes('..'))
        throw new Error(`a backup never holds ${said.path}`)
      this.current = said.path
      this.left = said.bytes
      if (this.wanted(said.path)) {
        const file = join(this.to, said.path)
        mkdirSync(dirname(file), { recursive: true, mode: said.path.startsWith('keys/') ? 0o700 : 0o755 })
        this.out = await open(file, 'wx', said.path.startsWith('keys/') ? 0o600 : 0o644)
      }
      if (said.path.startsWith('files/')) this.hasher = new Bun.CryptoHasher('sha256')
      if (said.bytes === 0) await this.fileDone()
    } else {
      this.ended = said.end === this.entries
    }
  }

  private async fileDone() {
    await this.out?.sync()
    await this.out?.close()
    const found = this.hasher?.digest('hex')
    if (found && basename(this.current) !== found) this.damaged.push(this.current)
    this.out = undefined
    this.hasher = undefined
    this.progress(++this.entries)
  }
}

/** A restored database is another one than the peers knew: they must not take its diary for a continuation. */
function becomeAnother(core: string) {
  const db = new Database(core)
  db.query("update fact set value = ? where name = 'database'").run(newId())
  // Whoever holds an old cookie logs in again.
  db.exec('delete from session')
  db.close()
}
