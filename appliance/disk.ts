// Before the disk is really full, entries are calmly refused: what was acknowledged stays whole, numbers and backups
// keep the room they need, and a person is told while something can still be done.

import { Hono } from 'hono'
import type { PartHealth } from '../server/http/services.ts'
import { freeSpace } from './data-directory.ts'

export interface DiskWatch {
  /** Nothing new is taken now. */
  full(): boolean
  health(): PartHealth
  stop(): void
}

const lookEvery = 5_000

export function watchDisk(
  path: string,
  reserveMib: number,
  onChange: () => void,
  free = freeSpace,
): DiskWatch {
  let state: PartHealth['state'] = 'up'
  let since = new Date().toISOString()
  let left = free(path)
  const look = () => {
    left = free(path)
    const now = left < reserveMib * 1048576 ? 'down' : 'up'
    if (now === state) return
    state = now
    since = new Date().toISOString()
    onChange()
  }
  look()
  const timer = setInterval(look, lookEvery)
  return {
    full: () => state === 'down',
    health: () => ({ state, since, detail: `${Math.floor(left / 1048576)} MB` }),
    stop: () => clearInterval(timer),
  }
}

/** Before every page: while the disk is full nothing is sent in, except to come and go. Pages answer as for a full disk. */
export function refuseWhenFull(disk: DiskWatch): Hono {
  const guard = new Hono()
  guard.use('*', async (c, next) => {
    const looking = ['GET', 'HEAD', 'OPTIONS'].includes(c.req.method)
    if (!looking && disk.full() && !['/login', '/logout'].includes(c.req.path))
      throw Object.assign(new Error('the disk reserve is reached'), { code: 'ENOSPC' })
    await next()
  })
  return guard
}
