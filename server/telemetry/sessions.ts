// What the broker must remember across a restart (subscriptions and queues of lasting sessions, retained messages,
// wills, unfinished QoS 2 handshakes), kept by aedes-persistence-level. It asks for a «level» store; this is one over
// telemetry.db, and its writes ride in the spool's commits.

import type { Database } from 'bun:sqlite'
// @ts-expect-error: the package has no types; what it needs of us is written out below.
import levelPersistence from 'aedes-persistence-level'
import type { Spool } from './spool.ts'

type Operation = { type: 'put'; key: string; value: Uint8Array } | { type: 'del'; key: string }
type Range = { gte: string; lt: string }

export function sessions(db: Database, spool: Spool) {
  const get = db.query<{ value: Uint8Array }, [string]>('select value from mqtt where key = ?')
  const put = db.query('insert or replace into mqtt (key, value) values (?, ?)')
  const del = db.query('delete from mqtt where key = ?')
  const range = db.query<{ value: Uint8Array }, [string, string]>(
    'select value from mqtt where key >= ? and key < ? order by key',
  )
  const some = db.query('select 1 from mqtt where key >= ? and key < ? limit 1')
  const clear = db.query('delete from mqtt where key >= ? and key < ?')

  const write = (operations: Operation[]) =>
    spool.also(() => {
      for (const each of operations) each.type === 'put' ? put.run(each.key, each.value) : del.run(each.key)
    })

  return levelPersistence({
    async get(key: string) {
      const row = get.get(key)
      return row ? Buffer.from(row.value) : undefined
    },
    put: (key: string, value: Uint8Array) => write([{ type: 'put', key, value }]),
    del: (key: string) => write([{ type: 'del', key }]),
    // Each connection with a clean session asks for this, and almost always there is nothing to clear.
    clear: ({ gte, lt }: Range) =>
      some.get(gte, lt) ? spool.also(() => void clear.run(gte, lt)) : Promise.resolve(),
    async *values({ gte, lt }: Range) {
      for (const { value } of range.all(gte, lt)) yield Buffer.from(value)
    },
    batch(operations?: Operation[]) {
      if (operations) return write(operations)
      const list: Operation[] = []
      const chain = {
        put(key: string, value: Uint8Array) {
          list.push({ type: 'put', key, value })
          return chain
        },
        del(key: string) {
          list.push({ type: 'del', key })
          return chain
        },
        write: () => write(list),
      }
      return chain
    },
    close: async () => {},
  })
}
