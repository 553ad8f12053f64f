import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Search } from '../../server/search/search.ts'
import { withAnalytics } from '../analytics-at-hand.ts'
import type { Call } from '../call.ts'
import type { OpenBox } from '../open.ts'

const parts = ['search', 'numbers', 'analytics', 'all'] as const

/** Throws what was computed away and makes it again; nothing decided or measured is touched. */
export async function rebuild(call: Call) {
  const part = (call.args[0] ?? 'all') as (typeof parts)[number]
  if (!parts.includes(part)) throw call.wrongUse({ zh: `不认识“${part}”。`, en: `"${part}" is unknown.` })
  const started = performance.now()
  if (part === 'search' || part === 'all') await rebuildSearch(call.open)
  // Numbers come out of the analytics tables: one is not made without the other.
  if (part !== 'search') await withAnalytics(call.open, (ask) => ask({ what: 'rebuild' }, 600_000))
  const seconds = (performance.now() - started) / 1000
  call.report({ part, seconds }, [
    call.t({
      zh: `已重建 ${part},用时 ${seconds.toFixed(1)} 秒。`,
      en: `Made ${part} again in ${seconds.toFixed(1)} s.`,
    }),
  ])
}

async function rebuildSearch(box: OpenBox) {
  if (box.live) return box.live.search.rebuild()
  for (const tail of ['', '-wal', '-shm']) rmSync(join(box.data.derived, `search.db${tail}`), { force: true })
  const search = new Search(box.store, join(box.data.derived, 'search.db')).start()
  await search.settle()
  await search.stop()
}
