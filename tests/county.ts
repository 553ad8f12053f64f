// A small county for tests: a store in memory with every module, five people, and ways to wait for what follows an act.

import { core } from '../migrations/core/index.ts'
import { migrate } from '../migrations/migrate.ts'
import type { Actor } from '../server/kernel/access.ts'
import type { ActRequest, Receipt } from '../server/kernel/acts.ts'
import { BoxDesk } from '../server/kernel/box-desk.ts'
import { newId } from '../server/kernel/ids.ts'
import type { Part } from '../server/kernel/part.ts'
import { Reactions } from '../server/kernel/reactions.ts'
import { Registry } from '../server/kernel/registry.ts'
import { Store } from '../server/kernel/store.ts'
import { modules } from '../server/modules/roll-call.ts'
import { Search } from '../server/search/search.ts'

export interface County {
  store: Store
  people: typeof people
  search: Search
  reactions: Reactions
  desk(actor: Actor): BoxDesk
  /** Decides as `actor`; the id is made unless given. */
  act(
    actor: Actor,
    request: Omit<ActRequest, 'id'> & { id?: string },
    how?: { onOverlap?: 'conflict' | 'question' },
  ): Receipt
  /** Act names in the diary, all or those that touched a record, oldest first. */
  diary(record?: string): string[]
  /** Done when reactions and search have caught up. */
  settle(): Promise<void>
  close(): Promise<void>
}

export const people = {
  admin: { id: 'admin', name: '系统管理员', roles: ['administrator'], division: '430981', lang: 'zh' },
  /** Department clerk at the county bureau. */
  liu: { id: 'liujianguo', name: '刘建国', roles: ['department-clerk'], division: '430981', lang: 'zh' },
  /** Township worker in 草尾镇. */
  wen: { id: 'wenbin', name: '文斌', roles: ['township-worker'], division: '430981114', lang: 'zh' },
  /** Township worker in 南嘴镇. */
  cao: { id: 'caoyan', name: '曹艳', roles: ['township-worker'], division: '430981107', lang: 'zh' },
  /** Traceability clerk of a co-operative. */
  mei: { id: 'zhoumei', name: '周梅', roles: ['trace-clerk'], division: '430981', lang: 'zh' },
  leader: { id: 'leader', name: '张县长', roles: ['leader'], division: '430981', lang: 'zh' },
} satisfies Record<string, Actor>

export function sampleCounty(
  options: { modules?: Part[]; file?: string; now?: () => number; division?: string } = {},
): County {
  const registry = new Registry(options.modules ?? modules)
  const store = new Store({
    file: options.file ?? ':memory:',
    registry,
    migrate: (db) => migrate(db, core),
    node: { division: options.division ?? '430981', name: '沅江市' },
    now: options.now,
  })
  const search = new Search(store, ':memory:').start()
  const reactions = new Reactions(store).start()
  const county: County = {
    store,
    people,
    search,
    reactions,
    desk: (actor) => new BoxDesk(store, actor, search),
    act: (actor, request, how) => store.act(actor, { id: newId(), ...request }, how),
    diary: (record) => (record ? store.history(record) : store.acts(0, 100_000)).map((act) => act.name),
    settle: async () => {
      await reactions.settle()
      await search.settle()
    },
    close: async () => {
      await reactions.stop()
      await search.stop()
      store.close()
    },
  }
  return county
}
