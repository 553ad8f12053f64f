// A sealed day of readings as it leaves for a peer: the sensors of one division, whole or by the hour.

import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Registry } from '../kernel/registry.ts'
import { sensors } from '../modules/sensing/dataset.ts'
import { archiveFile } from '../telemetry/archive.ts'
import { exportsIn, type Lake } from './lake.ts'
import { literal, own, quoted, tableOf } from './tables.ts'

export interface SliceQuestion {
  what: 'readings-slice'
  day: string
  division: string
  how: 'hourly' | 'raw'
}

/** Answers with the file, which whoever asked takes away; undefined when the division measured nothing that day. */
export async function readingsSlice(
  lake: Lake,
  place: { archiveDir: string; derivedDir: string; registry: Registry },
  about: SliceQuestion,
): Promise<{ file: string; bytes: number } | undefined> {
  const archived = join(place.archiveDir, archiveFile(about.day))
  if (!existsSync(archived)) return undefined
  const spec = place.registry.dataset(sensors.name).spec
  const ours = `select "code" from main.${quoted(tableOf(spec.name))} where starts_with(${own(spec, 'division')}, ${literal(about.division)})`
  const chosen = `from read_parquet(${literal(archived)}) where sensor in (${ours})`
  const [found] = await lake.ask<{ n: number }>(`select cast(count(*) as double) as n ${chosen}`)
  if (!found || found.n === 0) return undefined
  const rows =
    about.how === 'raw'
      ? `select sensor, metric, "at", value ${chosen} order by sensor, metric, "at"`
      : `select sensor, metric, time_bucket(interval 1 hour, "at") as "at", avg(value) as avg, min(value) as min, max(value) as max, count(*) as count
         ${chosen} group by all order by sensor, metric, "at"`
  const file = join(exportsIn(place.derivedDir), `slice-${Bun.randomUUIDv7()}.parquet`)
  await lake.ask(
    `copy (${rows}) to ${literal(file)} (format parquet, compression zstd, row_group_size 20480)`,
    {},
    110_000,
  )
  return { file, bytes: statSync(file).size }
}
