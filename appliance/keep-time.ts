import type { Module } from '../server/http/module.ts'
import type { Desk } from '../server/kernel/desk.ts'

export interface Timekeeping {
  modules: Pick<Module, 'name' | 'timePasses'>[]
  /** The box's own. */
  desk: Desk
  report: (matter: string, error: unknown) => void
  /** Minutes are what deadlines are written in. */
  everyMs?: number
  now?: () => number
}

/** Lets every matter see what the clock has brought about, now and each minute. Answers how to stop. */
export function keepTime({
  modules,
  desk,
  report,
  everyMs = 60_000,
  now = Date.now,
}: Timekeeping): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  let busy = false
  const look = async () => {
    for (const { name, timePasses } of modules) {
      try {
        await timePasses?.(desk, new Date(now()).toISOString())
      } catch (error) {
        // One matter in trouble does not stop the clock for the others; it is looked at again in a minute.
        report(name, error)
      }
    }
  }
  const tick = () => {
    // After a long sleep of the machine there is one round to catch up with, not fifty.
    if (busy) return
    busy = true
    running = look().finally(() => {
      busy = false
    })
  }
  tick()
  const timer = setInterval(tick, everyMs)
  return async () => {
    clearInterval(timer)
    await running
  }
}
