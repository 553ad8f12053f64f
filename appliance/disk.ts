// Before the disk is really full, entries are calmly refused: what was acknowledged stays whole, numbers and backups
// keep the room they need, and a person is told while something can still be done.

import type { PartHealth } from '../server/http/services.ts'
import type { Words } from '../server/kernel/words.ts'
import { freeSpace } from './data-directory.ts'

export interface DiskWatch {
  /** Why nothing new is taken now; undefined while there is room. */
  refusal(): Words | undefined
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
  const leftMib = () => Math.floor(left / 1048576)
  return {
    refusal: () =>
      state === 'up'
        ? undefined
        : {
            zh: `磁盘只剩 ${leftMib()} MB,暂停录入;已保存的数据都在。请管理员清理磁盘,腾出空间后自动恢复。`,
            en: `Only ${leftMib()} MB of disk are left, so nothing new is taken; all that was saved is safe. Ask the administrator to make room; the box then goes on by itself.`,
          },
    health: () => ({ state, since, detail: `${leftMib()} MB` }),
    stop: () => clearInterval(timer),
  }
}
