import { existsSync, readdirSync } from 'node:fs'
import { copyFile, rm } from 'node:fs/promises'
import type { Ask } from '../server/analytics/answer.ts'
import type { ReadingsSource } from '../sync/index.ts'
import type { DataDirectory } from './data-directory.ts'

/** Sealed days for packages. While the analytics child is down there are none: they stay owed, and acts go without them. */
export const readingsForPeers = (data: DataDirectory, ask: Ask, isUp: () => boolean): ReadingsSource => ({
  async days() {
    if (!isUp() || !existsSync(data.archive)) return []
    return readdirSync(data.archive)
      .map((name) => /^readings-(\d{4}-\d{2}-\d{2})\.parquet$/.exec(name)?.[1])
      .filter((day) => day !== undefined)
      .sort()
  },
  async write(day, division, how, to) {
    const made = (await ask({ what: 'readings-slice', day, division, how }, 120_000)) as
      | { file: string }
      | undefined
    if (!made) return false
    await copyFile(made.file, to)
    await rm(made.file)
    return true
  },
})
