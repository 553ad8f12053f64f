// A finished day of readings becomes one Parquet file, which is the truth from then on (server/telemetry/archive.ts has
// the whole agreement). Sorted and compressed it takes about three bytes a reading. The note beside it is written last
// and only after the file was read back and synced: without a note nothing is ever deleted from telemetry.db.

import type { Database } from 'bun:sqlite'
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { archiveFile, type DayToSeal, dayRows, daysToSeal, type SealNote } from '../telemetry/archive.ts'
import { openTelemetryReader } from '../telemetry/open.ts'
import type { Lake } from './lake.ts'
import { literal } from './tables.ts'

export interface SealPlace {
  telemetryFile: string
  archiveDir: string
}

/** Seals every day that is due; answers the notes it wrote. Stops between days when asked to. */
export async function sealDays(
  lake: Lake,
  place: SealPlace,
  stopping: () => boolean = () => false,
  now = Date.now(),
): Promise<SealNote[]> {
  const notes: SealNote[] = []
  const db = openTelemetryReader(place.telemetryFile)
  if (!db) return notes
  mkdirSync(place.archiveDir, { recursive: true })
  try {
    for (const { day } of daysToSeal(db, now)) {
      if (stopping()) break
      const note = await sealDay(lake, db, place.archiveDir, day, now)
      if (note) notes.push(note)
    }
  } finally {
    db.close()
  }
  return notes
}

async function sealDay(
  lake: Lake,
  db: Database,
  archiveDir: string,
  day: string,
  now: number,
): Promise<SealNote | undefined> {
  // Which commit the copy holds and the copy itself come from one snapshot.
  db.run('begin')
  try {
    const due = daysToSeal(db, now).find((each) => each.day === day)
    if (!due || alreadyNoted(archiveDir, due)) return undefined
    await lake.gatherAside(
      'sealing',
      'sensor varchar, metric varchar, ms bigint, value double',
      dayRows(db, day),
      (row, put) => {
        put.appendVarchar(row.sensor)
        put.appendVarchar(row.metric)
        put.appendBigInt(BigInt(row.at))
        put.appendDouble(row.value)
      },
    )
    return await writeDay(lake, archiveDir, due)
  } finally {
    db.run('rollback')
    await lake.ask('drop table if exists sealing')
  }
}

/** The note is there but ingest has not read it yet. */
function alreadyNoted(archiveDir: string, due: DayToSeal): boolean {
  const note = join(archiveDir, noteFile(due.day))
  if (!existsSync(note)) return false
  return (JSON.parse(readFileSync(note, 'utf8')) as SealNote).through >= due.through
}

async function writeDay(lake: Lake, archiveDir: string, due: DayToSeal): Promise<SealNote> {
  const file = join(archiveDir, archiveFile(due.day))
  const fresh = join(archiveDir, `.${archiveFile(due.day)}.${process.pid}`)
  // The file's value stands when both have the same reading: it may already have been reported.
  const hot = 'select sensor, metric, cast(make_timestamp_ms(ms) as timestamp_ms) as "at", value from sealing'
  const rows = existsSync(file)
    ? `select sensor, metric, "at", value from read_parquet(${literal(file)}) union all
       select h.* from (${hot}) h anti join read_parquet(${literal(file)}) f on f.sensor = h.sensor and f.metric = h.metric and f."at" = h."at"`
    : hot
  try {
    await lake.ask(
      `copy (select sensor, metric, "at", value from (${rows}) order by sensor, metric, "at")
      to ${literal(fresh)} (format parquet, compression zstd, row_group_size 20480)`,
      {},
      600_000,
    )
    const [wrote] = await lake.ask<Sum>(sumOf(rows), {}, 600_000)
    const [reads] = await lake.ask<Sum>(sumOf(`select * from read_parquet(${literal(fresh)})`), {}, 600_000)
    if (wrote!.n !== reads!.n || wrote!.sum !== reads!.sum)
      throw new Error(
        `the file of ${due.day} does not read back as it was written: ${reads!.n} of ${wrote!.n} readings`,
      )
    sync(fresh)
    const note: SealNote = {
      day: due.day,
      file: archiveFile(due.day),
      ...fingerprint(fresh),
      rows: reads!.n,
      through: due.through,
    }
    renameSync(fresh, file)
    sync(dirname(file))
    writeNote(archiveDir, note)
    return note
  } finally {
    rmSync(fresh, { force: true })
  }
}

interface Sum {
  n: number
  sum: string
}
const sumOf = (rows: string) =>
  `select cast(count(*) as double) as n, cast(coalesce(bit_xor(hash(sensor, metric, epoch_ms("at"), value)), 0) as varchar) as sum from (${rows})`

function fingerprint(file: string): { sha256: string; bytes: number } {
  return {
    sha256: new Bun.CryptoHasher('sha256').update(readFileSync(file)).digest('hex'),
    bytes: statSync(file).size,
  }
}

const noteFile = (day: string) => `readings-${day}.json`

function writeNote(archiveDir: string, note: SealNote) {
  const fresh = join(archiveDir, `.${noteFile(note.day)}.${process.pid}`)
  writeFileSync(fresh, JSON.stringify(note))
  sync(fresh)
  renameSync(fresh, join(archiveDir, noteFile(note.day)))
  sync(archiveDir)
}

function sync(path: string) {
  const handle = openSync(path, 'r')
  fsyncSync(handle)
  closeSync(handle)
}
