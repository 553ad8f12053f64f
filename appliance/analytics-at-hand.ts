import type { Question } from '../server/analytics/answer.ts'
import { type Analytics, analytics } from '../server/analytics/child.ts'
import type { Registry } from '../server/kernel/registry.ts'
import type { DataDirectory } from './data-directory.ts'
import type { OpenBox } from './open.ts'
import type { Settings } from './settings.ts'

export type Ask = (question: Question, waitMs?: number) => Promise<unknown>

/** The analytics room of this directory: what the child plays, and a verb for a moment when no box runs. */
export const openAnalytics = (
  data: DataDirectory,
  settings: Settings,
  registry: Registry,
  hint: (topic: string, told?: unknown) => void = () => {},
): Promise<Analytics> =>
  analytics({
    coreFile: data.core,
    telemetryFile: data.telemetry,
    archiveDir: data.archive,
    derivedDir: data.derived,
    registry,
    memoryLimit: `${settings['analytics.memory']}MB`,
    threads: settings['analytics.threads'],
    hint,
  })

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
