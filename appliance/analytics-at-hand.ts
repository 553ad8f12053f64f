import { Database } from 'bun:sqlite'
import type { Ask } from '../server/analytics/answer.ts'
import { type Analytics, analytics } from '../server/analytics/child.ts'
import type { Registry } from '../server/kernel/registry.ts'
import { countyDatasets } from '../server/modules/county-datasets/dataset.ts'
import { specFrom } from '../server/modules/county-datasets/own-field.ts'
import type { DataDirectory } from './data-directory.ts'
import type { OpenBox } from './open.ts'
import type { Settings } from './settings.ts'

/** The analytics room of this directory: what the child plays, and a verb for a moment when no box runs. */
export function openAnalytics(
  data: DataDirectory,
  settings: Settings,
  registry: Registry,
  hint: (topic: string, told?: unknown) => void = () => {},
): Promise<Analytics> {
  return analytics({
    coreFile: data.core,
    telemetryFile: data.telemetry,
    archiveDir: data.archive,
    derivedDir: data.derived,
    registry,
    memoryLimit: `${settings['analytics.memory']}MB`,
    threads: settings['analytics.threads'],
    hint,
    refresh: () => knowOwnRegisters(data.core, registry),
  })
}

/** Registers the county declared in the browser, read from the file: the child has no store. */
export function knowOwnRegisters(core: string, registry: Registry) {
  const db = new Database(core, { readonly: true })
  try {
    db.exec('pragma busy_timeout=2000')
    const rows = db
      .query('select body from record where dataset = ? and withdrawn = 0')
      .all(countyDatasets.name) as { body: string }[]
    for (const row of rows) registry.declare(specFrom(JSON.parse(row.body)))
  } finally {
    db.close()
  }
}

/** The running box's analytics child answers; without one, a room of our own does. */
export async function withAnalytics<T>(box: OpenBox, use: (ask: Ask) => Promise<T>): Promise<T> {
  if (box.live) return use(box.live.ask)
  const room = await openAnalytics(box.data, box.settings, box.registry)
  try {
    await room.settle()
    return await use((question) => room.answer(question as never))
  } finally {
    await room.stop()
  }
}
