// What may happen to the records on a device: a block written while it is read, two workers at once, no room, a disk that
// rots, an older program's blocks, a battery that dies half-way. Whatever it is, what waits to be sent is untouched.

import 'fake-indexeddb/auto'
import { afterEach, describe, expect, test } from 'bun:test'
import type { Rec } from '../../server/kernel/dataset.ts'
import { dataset } from '../../server/kernel/dataset.ts'
import { choice, decimal, division, phone, text } from '../../server/kernel/fields.ts'
import { newId } from '../../server/kernel/ids.ts'
import type { Part } from '../../server/kernel/part.ts'
import { Registry } from '../../server/kernel/registry.ts'
import { people } from '../../tests/county.ts'
import { Attachments } from './attachments.ts'
import { DeviceDesk } from './device-desk.ts'
import { Link } from './link.ts'
import { Outbox } from './outbox.ts'
import { Replica } from './replica.ts'
import { Full, Shelf } from './shelf.ts'
import { newLock } from './vault.ts'

const plots = dataset('agri.plot', {
  title: { zh: '地块', en: 'Plot' },
  fields: {
    code: text({ zh: '编号', en: 'Code' }).key(),
    use: choice(
      { zh: '用途', en: 'Use' },
      { rice: { zh: '种稻', en: 'Rice' }, fish: { zh: '养鱼', en: 'Fish' } },
    ).filter(),
    area: decimal({ zh: '面积', en: 'Area' }).optional(),
    phone: phone({ zh: '电话', en: 'Phone' }).sensitive('mask').optional(),
    note: text({ zh: '备注', en: 'Note' }).optional(),
    town: division({ zh: '乡镇', en: 'Township' }),
  },
  keeper: 'township',
  offline: true,
})
const part: Part = {
  name: 'agri',
  title: { zh: '农业', en: 'Agriculture' },
  datasets: [plots],
  codes: [
    {
      name: 'division',
      title: { zh: '区划', en: 'Divisions' },
      codes: { '430981114': { zh: '草尾镇', en: 'Caowei' } },
    },
  ],
  grants: [{ role: 'township-worker', read: ['agri.*'], act: ['agri.*'] }],
}
const registry = new Registry([part])
const { key } = await newLock('246810')
let made = 0
const open: Shelf[] = []
afterEach(() => {
  for (const shelf of open.splice(0)) shelf.close()
})

/** A box that remembers what it was told and answers like /device/v1/replica. */
function littleBox() {
  const records = new Map<string, Rec>()
  let seq = 0
  return {
    asked: [] as number[],
    put(id: string, fields: Record<string, unknown>) {
      seq++
      const known = records.get(id)
      records.set(id, {
        id,
        dataset: plots.name,
        version: (known?.version ?? 0) + 1,
        division: '430981114',
        fields: { town: '430981114', use: 'rice', ...known?.fields, ...fields },
        born: known?.born ?? seq,
        touched: seq,
      })
      return id
    },
    fill(n: number) {
      return Array.from({ length: n }, (_, i) =>
        this.put(newId(), { code: `P${i}`, use: i % 2 ? 'rice' : 'fish', area: i, note: `南洞庭第 ${i} 组` }),
      )
    },
    answer(after: number, limit = 1000) {
      this.asked.push(after)
      const changed = [...records.values()]
        .filter((each) => each.touched > after)
        .sort((a, b) => a.touched - b.touched)
      const some = changed.slice(0, limit)
      const more = changed.length > limit
      return { records: some, gone: [] as string[], seq: more ? some.at(-1)!.touched : seq, more }
    },
  }
}
type LittleBox = ReturnType<typeof littleBox>

async function device(box: LittleBox, name = `replica-${made++}`) {
  const shelf = await Shelf.open(name)
  open.push(shelf)
  const replica = await Replica.load(shelf, key, registry)
  const outbox = await Outbox.load(shelf, key, registry)
  const seq = (await shelf.get<number>('fact', 'seq')) ?? 0
  const link = new Link(
    async (path, init) => {
      if (!init?.method)
        return Response.json(box.answer(Number(new URL(path, 'http://box').searchParams.get('after'))))
      // What is entered waits all through these scenes.
      const acts = JSON.parse(String(init.body)) as { id: string }[]
      return Response.json(acts.map(({ id }) => ({ id, outcome: 'held' })))
    },
    replica,
    outbox,
    { fate: 'unknown', seq, imported: 0, clock: { skew: 0, last: 0 } },
  )
  const desk = new DeviceDesk(registry, people.wen, replica, outbox)
  return { name, shelf, replica, outbox, link, desk }
}
type Carried = Awaited<ReturnType<typeof device>>

const codes = async ({ desk }: Carried, query = {}) => {
  const seen: unknown[] = []
  let cursor: string | undefined
  do {
    const page = await desk.list(plots, { ...query, limit: 130, cursor })
    seen.push(...page.records.map((each) => each.fields.code))
    cursor = page.next
  } while (cursor)
  return seen
}
const newestFirst = (n: number) => Array.from({ length: n }, (_, i) => `P${n - 1 - i}`)

/** As a page would, while no line is there. */
const enter = (carried: Carried, code: string) =>
  carried.desk.act({
    name: 'agri.plot.created',
    record: newId(),
    fields: { code, use: 'rice', town: '430981114' },
  })

/** A bit falls over in what lies on the disk. */
async function rot({ shelf }: Carried, store: 'body' | 'gist', n: number) {
  const row = (await shelf.get<{ sealed: { data: ArrayBuffer } }>(store, [plots.name, n]))!
  const bytes = new Uint8Array(row.sealed.data.slice(0))
  bytes[100]! ^= 1
  await shelf.put(store, { ...row, sealed: { ...row.sealed, data: bytes.buffer } })
}

describe('while it is read', () => {
  test('a list that is asked while blocks are rewritten has each record once, and none of another block', async () => {
    const box = littleBox()
    const ids = box.fill(1300)
    const carried = await device(box)
    await carried.link.exchange()
    const letters = 'abcdefghijkl'
    for (let round = 0; round < letters.length; round++) {
      for (let i = round; i < ids.length; i += 9) box.put(ids[i]!, { note: `轮${letters[round]} ${i}` })
      // A worker that was ended in between has nothing in memory.
      const cold = await device(box, carried.name)
      const [, list, found] = await Promise.all([
        cold.link.exchange(),
        cold.desk.list(plots, { limit: 1000, sort: 'area' }),
        cold.desk.list(plots, { q: '南洞庭', limit: 1000 }),
      ])
      expect(list.records.map((each) => each.fields.code)).toEqual(newestFirst(1300).reverse().slice(0, 1000))
      for (const record of found.records) expect(ids).toContain(record.id)
      expect(new Set(found.records.map((each) => each.id)).size).toBe(found.records.length)
      const after = await cold.desk.list(plots, { q: `轮${letters[round]}`, limit: 1000 })
      expect(after.records.length).toBe(Math.ceil((1300 - round) / 9))
    }
  })

  test('two workers that take in the same news carry them once', async () => {
    const box = littleBox()
    box.fill(250)
    const one = await device(box)
    const two = await device(box, one.name)
    await Promise.all([one.link.exchange(), two.link.exchange()])
    box.fill(0)
    box.put(newId(), { code: 'P250' })
    await one.link.exchange()
    await two.link.exchange()
    for (const each of [one, two, await device(box, one.name)])
      expect(await codes(each)).toEqual(newestFirst(251))
  })

  test('a record amended long after its birth stands where it was born, on the page it belongs to', async () => {
    const box = littleBox()
    const ids = box.fill(400)
    box.put(ids[3]!, { note: '很久以后改的' })
    const carried = await device(box)
    await carried.link.exchange()
    expect(await codes(carried)).toEqual(newestFirst(400))
  })
})

describe('when the disk rots', () => {
  test('a block that cannot be read is let go, said, and had again from the box; the rest and the outbox stay', async () => {
    const box = littleBox()
    box.fill(650)
    const carried = await device(box)
    await carried.link.exchange()
    await enter(carried, 'HERE')
    await rot(carried, 'body', 1)
    const cold = await device(box, carried.name)
    expect((await codes(cold)).length).toBe(1 + 650 - 200)
    expect(cold.replica.whole).toBe(false)
    expect(cold.outbox.onlyHere).toBe(1)
    // Ended before the line was back: it is not forgotten.
    const again = await device(box, carried.name)
    expect(again.replica.whole).toBe(false)
    box.asked = []
    await again.link.exchange()
    expect(box.asked[0]).toBe(200)
    expect(again.replica.whole).toBe(true)
    expect(await codes(again)).toEqual(['HERE', ...newestFirst(650)])
    expect(await codes(await device(box, carried.name))).toEqual(['HERE', ...newestFirst(650)])
  })

  test('a block that the disk has lost takes no other with it', async () => {
    const box = littleBox()
    box.fill(650)
    const carried = await device(box)
    await carried.link.exchange()
    const cold = await device(box, carried.name)
    const { get, many } = cold.shelf
    const lost = (): Promise<any> =>
      Promise.reject(new DOMException('Failed to read large IndexedDB value', 'DataError'))
    const isLost = (store: string, at: unknown) => store === 'body' && (at as unknown[])[1] === 2
    cold.shelf.many = (store, keys) =>
      keys.some((at) => isLost(store, at)) ? lost() : many.call(cold.shelf, store, keys)
    cold.shelf.get = (store, at) => (isLost(store, at) ? lost() : get.call(cold.shelf, store, at))
    expect((await codes(cold)).length).toBe(450)
    expect(cold.replica.whole).toBe(false)
  })

  test('when the list of blocks itself is damaged, the records start again from the box and the outbox does not', async () => {
    const box = littleBox()
    box.fill(450)
    const carried = await device(box)
    await carried.link.exchange()
    await enter(carried, 'HERE')
    await carried.shelf.put('head', { dataset: plots.name, n: 1 })
    const cold = await device(box, carried.name)
    expect(cold.outbox.onlyHere).toBe(1)
    expect(cold.replica.whole).toBe(false)
    expect(await codes(cold)).toEqual(['HERE'])
    await cold.link.exchange()
    expect(await codes(cold)).toEqual(['HERE', ...newestFirst(450)])
    expect(cold.replica.whole).toBe(true)
  })

  test('two pages that meet the same lost block while news come in leave nothing empty behind', async () => {
    const box = littleBox()
    const ids = box.fill(650)
    const carried = await device(box)
    await carried.link.exchange()
    await rot(carried, 'body', 3)
    await rot(carried, 'gist', 3)
    const cold = await device(box, carried.name)
    box.put(ids[640]!, { note: '新的' })
    await Promise.all([
      cold.desk.list(plots, { limit: 1000 }),
      cold.link.exchange(),
      cold.desk.list(plots, { q: '南洞庭', limit: 1000 }),
      cold.desk.read(plots, ids[645]!),
    ])
    await cold.link.exchange()
    expect(await codes(cold)).toEqual(newestFirst(650))
    expect(await codes(await device(box, carried.name))).toEqual(newestFirst(650))
    expect(cold.replica.whole).toBe(true)
  })

  test('a gist that cannot be read is made again from its block, with no box in reach', async () => {
    const box = littleBox()
    box.fill(450)
    const carried = await device(box)
    await carried.link.exchange()
    await rot(carried, 'gist', 1)
    await carried.shelf.remove('gist', [plots.name, 0])
    const cold = await device(box, carried.name)
    expect(await codes(cold)).toEqual(newestFirst(450))
    expect(await codes(cold, { filter: { use: 'fish' } })).toHaveLength(225)
    expect(cold.replica.whole).toBe(true)
  })

  test('taking in news over a block that cannot be read has the block again too', async () => {
    const box = littleBox()
    const ids = box.fill(450)
    const carried = await device(box)
    await carried.link.exchange()
    await rot(carried, 'body', 0)
    box.put(ids[5]!, { note: '新的' })
    const cold = await device(box, carried.name)
    await cold.link.exchange()
    await cold.link.exchange()
    expect(await codes(cold)).toEqual(newestFirst(450))
    expect(cold.replica.whole).toBe(true)
  })
})

test('a photo that cannot be read holds up neither the line nor the others', async () => {
  const carried = await device(littleBox())
  const photos = new Attachments(carried.shelf, key)
  const bad = await photos.keep(new File(['一张芦苇的照片'], 'reed.bin'))
  const good = await photos.keep(new File(['一张稻田的照片'], 'rice.bin'))
  const row = (await carried.shelf.get<{ sealed: { iv: Uint8Array; data: ArrayBuffer } }>(
    'file',
    bad.sha256,
  ))!
  const bytes = new Uint8Array(row.sealed.data.slice(0))
  bytes[3]! ^= 1
  await carried.shelf.put('file', { ...row, sealed: { ...row.sealed, data: bytes.buffer } }, bad.sha256)
  const whole = async () => new Response(null, { headers: { 'upload-complete': '?1' } })
  expect(await photos.send(whole, bad.sha256)).toBe(false)
  expect(await photos.send(whole, good.sha256)).toBe(true)
  expect([...photos.damaged]).toEqual([bad.sha256])
  expect(await photos.open(bad.sha256)).toBeUndefined()
  expect(await photos.waiting()).toEqual([bad.sha256])
})

test('blocks of an earlier version, without a gist and without births, are put in form when they are asked about', async () => {
  const box = littleBox()
  box.fill(450)
  const carried = await device(box)
  await carried.link.exchange()
  for (const { dataset, n, ids } of await carried.shelf.all<{ dataset: string; n: number; ids: string }>(
    'head',
  )) {
    await carried.shelf.put('head', { dataset, n, ids: ids.split(' ') })
    await carried.shelf.remove('gist', [dataset, n])
  }
  await carried.shelf.remove('fact', 'turn')
  const cold = await device(box, carried.name)
  expect(cold.replica.size().records).toBe(450)
  expect(await codes(cold)).toEqual(newestFirst(450))
  expect(await codes(cold, { q: '第 44' })).toHaveLength(11)
  expect((await carried.shelf.all('gist')).length).toBe(3)
})

test('switched off while taking in more than fits one transaction, it goes on from before', async () => {
  const box = littleBox()
  box.fill(8000)
  const carried = await device(box)
  const together = carried.shelf.together.bind(carried.shelf)
  let writes = 0
  // Within one answer of a thousand births are five blocks; many amended ones are more than one transaction writes.
  await carried.link.exchange()
  for (const record of box.answer(0, 100_000).records.filter((_, i) => i % 100 === 0))
    box.put(record.id, { area: 7 })
  carried.shelf.together = (names, mode, work) => {
    if (mode === 'readwrite' && ++writes > 1) return Promise.reject(new Error('the battery died'))
    return together(names, mode, work)
  }
  await carried.link.exchange()
  const cold = await device(box, carried.name)
  expect(await cold.shelf.get('fact', 'seq')).toBe(8000)
  await cold.link.exchange()
  expect(await codes(cold, { filter: { area: '7' } })).toHaveLength(81)
  expect(await codes(cold)).toEqual(newestFirst(8000))
})

describe('news that come in several answers', () => {
  test('are written once when they come quickly', async () => {
    const box = littleBox()
    const ids = box.fill(3000)
    const carried = await device(box)
    await carried.link.exchange()
    const turns = () => carried.shelf.get<number>('fact', 'turn')
    expect(await turns()).toBe(1)
    // Every block has some of them.
    for (let i = 0; i < ids.length; i += 2) box.put(ids[i]!, { note: '核对过' })
    box.asked = []
    await carried.link.exchange()
    expect(box.asked.length).toBeGreaterThan(1)
    expect(await turns()).toBe(2)
    expect(await codes(carried)).toEqual(newestFirst(3000))
    expect(await codes(carried, { q: '核对过' })).toHaveLength(1500)
  })

  test('are kept as far as they came when the line ends between two', async () => {
    const box = littleBox()
    box.fill(3000)
    const carried = await device(box)
    const { answer } = box
    box.answer = (after, limit) => {
      if (after > 0) throw new TypeError('fetch failed')
      return answer.call(box, after, limit)
    }
    expect((await carried.link.exchange()).fate).toBe('down')
    expect(carried.replica.size().records).toBeGreaterThan(0)
    box.answer = answer
    await carried.link.exchange()
    expect(await codes(carried)).toEqual(newestFirst(3000))
  })

  test('say the last word of a record: it left and came back, it came and left', async () => {
    const box = littleBox()
    const ids = box.fill(40)
    const carried = await device(box)
    await carried.link.exchange()
    const { answer } = box
    box.answer = (after, limit) => {
      const said = answer.call(box, 0, 100_000).records
      const [left, back] = [ids[5]!, ids[6]!]
      const came = (id: string) => ({ ...said.find((each) => each.id === id)!, version: 2 })
      if (after === 40) return { records: [came(left)], gone: [back], seq: 41, more: true }
      if (after === 41) return { records: [came(back)], gone: [left], seq: 42, more: false }
      return { ...answer.call(box, after, limit), seq: 42 }
    }
    await carried.link.exchange()
    expect(carried.replica.has(ids[5]!)).toBe(false)
    expect((await carried.replica.read(ids[6]!))?.version).toBe(2)
  })
})

describe('when there is no room', () => {
  const noRoom = ({ shelf }: Carried, store: string) => {
    const together = shelf.together.bind(shelf)
    shelf.together = (names, mode, work) =>
      together(names, mode, async (at) => {
        if (mode === 'readwrite' && (names as string[]).includes(store))
          throw new DOMException('no room', 'QuotaExceededError')
        return work(at)
      })
  }

  test('news find no room: the line is up and says so, what was carried is still here, what waits is too', async () => {
    const box = littleBox()
    box.fill(300)
    const carried = await device(box)
    await carried.link.exchange()
    await enter(carried, 'HERE')
    box.put(newId(), { code: 'P300' })
    noRoom(carried, 'body')
    await carried.replica
      .take(box.answer(300).records, [], { seq: 301 })
      .catch((error) => expect(error).toBeInstanceOf(Full))
    expect(await codes(carried)).toEqual(['HERE', ...newestFirst(300)])
    const cold = await device(box, carried.name)
    expect(cold.outbox.onlyHere).toBe(1)
    expect(await cold.shelf.get('fact', 'seq')).toBe(300)
    expect(await codes(cold)).toEqual(['HERE', ...newestFirst(300)])
  })

  test('the line says full, not down, and mends itself once there is room', async () => {
    const box = littleBox()
    box.fill(3)
    const carried = await device(box)
    const { together } = carried.shelf
    noRoom(carried, 'body')
    expect(await carried.link.exchange()).toMatchObject({ fate: 'up', full: true })
    carried.shelf.together = together
    expect(await carried.link.exchange()).toMatchObject({ fate: 'up', full: false })
    expect(await codes(carried)).toEqual(newestFirst(3))
  })

  test('an entry that finds no room is refused with a sentence, and its form stays filled', async () => {
    const carried = await device(littleBox())
    noRoom(carried, 'outbox')
    const receipt = await enter(carried, 'HERE')
    expect(receipt.outcome).toBe('refused')
    expect(receipt.message?.zh).toContain('存储满了')
    expect(carried.outbox.entries).toHaveLength(0)
  })
})

test('nothing readable lies on the disk: not a name, not a number, in blocks, gists and heads', async () => {
  const box = littleBox()
  box.put(newId(), { code: 'XH-2025-0042', note: '承包户张秀英', phone: '138****1037' })
  const carried = await device(box)
  await carried.link.exchange()
  const said = (thing: unknown): string =>
    thing instanceof ArrayBuffer
      ? new TextDecoder().decode(thing)
      : typeof thing === 'object' && thing !== null
        ? Object.values(thing).map(said).join(' ')
        : String(thing)
  for (const store of ['head', 'body', 'gist', 'fact'] as const) {
    const rows = await carried.shelf.all(store)
    expect([store, rows.length > 0]).toEqual([store, true])
    for (const row of rows) expect(said(row)).not.toMatch(/张秀英|承包|0042|1037|430981114/)
  }
})
