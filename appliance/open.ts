// Opening a box's directory for work: the lock, the declarations, core.db brought up to date, the node's seal. `serve`
// does it for its life, a verb of the command line for a moment when no box runs.

import { core } from '../migrations/core/index.ts'
import { migrate, NewerDatabase } from '../migrations/migrate.ts'
import type { Ask } from '../server/analytics/answer.ts'
import type { Actor } from '../server/kernel/access.ts'
import { refuse } from '../server/kernel/refusal.ts'
import { Registry } from '../server/kernel/registry.ts'
import { Store } from '../server/kernel/store.ts'
import { modules } from '../server/modules/roll-call.ts'
import type { Search } from '../server/search/search.ts'
import { type Exchange, type ExchangeOptions, openExchange } from '../sync/exchange.ts'
import { type DataDirectory, own, refuseDisk } from './data-directory.ts'
import type { Settings } from './settings.ts'

export interface OpenBox {
  data: DataDirectory
  settings: Settings
  registry: Registry
  store: Store
  /** Keys, packages and peers. */
  exchange: Exchange
  /** What only a running box has: verbs that come through the side door use it. */
  live?: { search: Search; ask: Ask }
  close(): void
}

export function openBox(
  settings: Settings,
  sync: Pick<ExchangeOptions, 'readings' | 'onChange' | 'onFault' | 'address'> = {},
): OpenBox {
  const data = own(settings.data)
  try {
    const registry = new Registry(modules)
    const store = new Store({
      file: data.core,
      registry,
      migrate: (db) => migrate(db, core),
      node: { division: settings.division, name: settings.name },
    })
    for (const module of modules) module.atStart?.(store)
    const exchange = openExchange({ store, data: data.path, ...sync })
    return {
      data,
      settings,
      registry,
      store,
      exchange,
      close() {
        store.close()
        data.release()
      },
    }
  } catch (error) {
    data.release()
    if (error instanceof NewerDatabase) {
      refuse({
        zh: `${data.core} 由更新版本的县盒写成(第 ${error.has} 步,本程序到第 ${error.knows} 步)。请用新版本的程序打开;数据未动。`,
        en: `${data.core} was written by a newer box (step ${error.has}, this program knows ${error.knows}). Open it with the newer program; nothing was touched.`,
      })
    }
    return refuseDisk(data.path, error)
  }
}

/** Whoever may run verbs on this machine may do what an administrator may; the diary says that it was done here. */
export const consoleActor = (store: Store): Actor => ({
  id: 'console',
  name: '命令行',
  roles: ['administrator'],
  division: store.node.division,
  lang: 'zh',
})
