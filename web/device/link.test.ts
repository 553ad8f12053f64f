import 'fake-indexeddb/auto'
import { expect, test } from 'bun:test'
import { Registry } from '../../server/kernel/registry.ts'
import { Link, type LinkState } from './link.ts'
import { Outbox } from './outbox.ts'
import { Replica } from './replica.ts'
import { Shelf } from './shelf.ts'
import { newLock } from './vault.ts'

test('a line on which a thousand records never arrive in time is asked for fewer, until it gets on', async () => {
  const shelf = await Shelf.open('thin')
  const { key } = await newLock('246810')
  const registry = new Registry([])
  const asked: number[] = []
  const state: LinkState = { fate: 'unknown', seq: 0, imported: 0, clock: { skew: 0, last: 0 } }
  const link = new Link(
    async (path) => {
      const [after, limit] = ['after', 'limit'].map((each) =>
        Number(new URL(path, 'http://box').searchParams.get(each)),
      ) as [number, number]
      asked.push(limit)
      if (limit > 70) throw new TypeError('the answer took too long')
      return Response.json({ records: [], gone: [], seq: after + limit, more: after + limit < 100 })
    },
    await Replica.load(shelf, key, registry),
    await Outbox.load(shelf, key, registry),
    state,
  )
  expect((await link.exchange()).fate).toBe('down')
  expect((await link.exchange()).fate).toBe('down')
  const between = state.seq
  expect((await link.exchange()).fate).toBe('up')
  expect(between).toBe(62)
  expect(state.seq).toBeGreaterThanOrEqual(100)
  expect(asked[0]).toBe(250)
  shelf.close()
})
