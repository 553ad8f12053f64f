// What a device keeps outlives the program that wrote it, and whatever answers in the box's place.

import 'fake-indexeddb/auto'
import { afterEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { boxMark } from '../../server/http/box-mark.ts'
import type { ActRequest, Receipt } from '../../server/kernel/acts.ts'
import { dataset } from '../../server/kernel/dataset.ts'
import { decimal, division, text } from '../../server/kernel/fields.ts'
import { newId } from '../../server/kernel/ids.ts'
import type { Part } from '../../server/kernel/part.ts'
import { Registry } from '../../server/kernel/registry.ts'
import { type County, people, sampleCounty } from '../../tests/county.ts'
import { Device, StillLocked, type Welcome } from './device.ts'
import { Link } from './link.ts'
import { Outbox } from './outbox.ts'
import { Replica } from './replica.ts'
import { Shelf, type Waiting } from './shelf.ts'
import { newLock, seal } from './vault.ts'

const wells = (version: 1 | 2) =>
  dataset('water.well', {
    title: { zh: '机井', en: 'Well' },
    fields: {
      name: text({ zh: '名称', en: 'Name' }).key(),
      ...(version === 1
        ? { depth: decimal({ zh: '井深', en: 'Depth' }).optional() }
        : { metres: decimal({ zh: '井深(米)', en: 'Depth (m)' }).optional() }),
      town: division({ zh: '乡镇', en: 'Township' }),
    },
    keeper: 'county',
    offline: true,
    version,
    ...(version === 2 && {
      upcast: ({ depth, ...rest }: Record<string, unknown>) =>
        depth === undefined ? rest : { ...rest, metres: depth },
    }),
  })
const part = (version: 1 | 2): Part => ({
  name: 'water',
  title: { zh: '水利', en: 'Water' },
  datasets: [wells(version)],
  codes: [
    {
      name: 'division',
      title: { zh: '区划', en: 'Divisions' },
      codes: { '430981114': { zh: '草尾镇', en: 'Caowei' } },
    },
  ],
  grants: [
    { role: 'township-worker', read: ['*'], act: ['*'] },
    { role: 'department-clerk', read: ['*'], act: ['*'] },
  ],
})
const { wen } = people
const well = (more: Record<string, unknown> = {}) => ({
  name: '一号井',
  depth: 80,
  town: '430981114',
  ...more,
})

let open: County[] = []
afterEach(async () => {
  await Promise.all(open.map((each) => each.close()))
  open = []
})
function box(version: 1 | 2 = 1) {
  const county = sampleCounty({ modules: [part(version)] })
  open.push(county)
  return county
}

let made = 0
const { key } = await newLock('246810')
const node = 'node-of-the-box'
const welcomeOf = (actor = wen, token = 'xhd_1'): Welcome => ({
  device: newId(),
  token,
  actor: { ...actor, id: `${actor.id}-${made}`, name: actor.name },
  county: { zh: '沅江市', en: 'Yuanjiang' },
  node,
  declared: [],
})

type Sky = (path: string, init?: RequestInit) => Response | undefined | Promise<Response | undefined>
/** What a box answers over HTTP; `sky` may answer in its place. */
function answering(county: () => County, sky: { above?: Sky } = {}) {
  return async (path: string, init?: RequestInit): Promise<Response> => {
    const other = await sky.above?.(path, init)
    if (other) return other
    const headers = { [boxMark]: node }
    if (path.startsWith('/device/v1/replica'))
      return Response.json(
        county()
          .desk(wen)
          .changedSince(Number(new URL(path, 'http://box').searchParams.get('after')), 50),
        { headers },
      )
    const requests = await askedIn(init)
    if (!Array.isArray(requests)) return Response.json({ error: 'an array' }, { status: 400, headers })
    return Response.json(
      requests.map((request) => county().store.act(wen, request, { onOverlap: 'question' })),
      { headers },
    )
  }
}

/** The acts in a request, packed or not. */
async function askedIn(init?: RequestInit): Promise<ActRequest[]> {
  const bytes = new Uint8Array(await new Response(init?.body).arrayBuffer())
  const isPacked = new Headers(init?.headers).get('content-encoding') === 'gzip'
  return JSON.parse(new TextDecoder().decode(isPacked ? Bun.gunzipSync(bytes) : bytes))
}

async function phone(county: County, above?: Sky, changed = () => {}) {
  made++
  const sky = { above }
  const registry = new Registry([part(1)])
  const device = await Device.open(
    registry,
    answering(() => county, sky),
    changed,
  )
  const session = await device.enrol(welcomeOf(), '246810')
  return { device, session, sky, name: session.person.name }
}
const register = (desk: { act: (request: Omit<ActRequest, 'id'>) => Promise<Receipt> }, name: string) =>
  desk.act({ name: 'water.well.created', record: newId(), fields: well({ name }) })
const namesAt = (county: County) =>
  county.store.look
    .find('water.well', {})
    .map((each) => String(each.fields.name))
    .sort()

describe('a new version of the program', () => {
  test('reads acts kept before anything was stamped, and says them in today’s words here and at the box', async () => {
    made++
    const shelf = await Shelf.open(`unstamped-${made}`)
    const [id, record] = [newId(), newId()]
    const request = { id, name: 'water.well.created', record, fields: well() }
    const drafts = [{ dataset: 'water.well', record, kind: 'created', fields: well(), division: '430981114' }]
    // As the program of November 2026 wrote it: no format, no version.
    await shelf.put('outbox', {
      n: 7,
      id,
      records: [record],
      fate: 'waiting',
      tries: 0,
      sealed: await seal(key, { request, drafts }),
    })
    const outbox = await Outbox.load(shelf, key, new Registry([part(2)]))
    expect(outbox.entries[0]).toMatchObject({
      n: 7,
      request: { fields: { name: '一号井', metres: 80 }, spoken: 2 },
      drafts: [{ fields: { metres: 80 } }],
    })
    expect(outbox.entries[0]!.request.fields).not.toHaveProperty('depth')
  })

  test('an act sent by the old program to the upgraded box is understood, by the version it says', async () => {
    const county = box(2)
    const outbox = await Outbox.load(await Shelf.open(`old-${++made}`), key, new Registry([part(1)]))
    const record = newId()
    const { request } = await outbox.add(
      { id: newId(), name: 'water.well.created', record, fields: well() },
      [],
    )
    expect(request.spoken).toBe(1)
    expect(county.store.act(wen, request).outcome).toBe('accepted')
    expect(county.store.record(record)?.fields).toEqual({ name: '一号井', metres: 80, town: '430981114' })
  })

  test('rolled back again, keeps and counts what the newer one wrote, sends the rest, and lets nothing overtake it', async () => {
    const county = box()
    const { session } = await phone(county)
    const record = newId()
    await session.desk.act({ name: 'water.well.created', record, fields: well() })
    const [row] = await session.shelf.all<Waiting>('outbox')
    await session.shelf.put('outbox', { ...row!, format: 99 })
    const outbox = await Outbox.load(session.shelf, session.key, session.desk.registry)
    expect(outbox.unread).toEqual([{ id: row!.id, why: 'newer' }])
    expect(outbox.onlyHere).toBe(1)
    await outbox.add({ id: newId(), name: 'water.well.amended', record, base: 0, fields: { depth: 81 } }, [
      { dataset: 'water.well', record, kind: 'amended', fields: { depth: 81 } } as never,
    ])
    await outbox.add(
      { id: newId(), name: 'water.well.created', record: newId(), fields: well({ name: '二号井' }) },
      [],
    )
    expect(outbox.sendable(1e6).map((each) => each.request.fields?.name)).toEqual(['二号井'])
    await session.shelf.put('outbox', row!)
    const later = await Outbox.load(session.shelf, session.key, session.desk.registry)
    expect(later.sendable(1e6)).toHaveLength(3)
  })

  test('one damaged act is shown and can be let go; the device and all other acts work on', async () => {
    const county = box()
    const { device, session, name } = await phone(county)
    await register(session.desk, '坏了的井')
    await register(session.desk, '好的井')
    const [row] = await session.shelf.all<Waiting>('outbox')
    await session.shelf.put('outbox', { ...row!, sealed: { ...row!.sealed, data: new ArrayBuffer(40) } })
    await device.lock()
    const again = await device.unlock(name, '246810')
    if (typeof again !== 'object') throw new Error('still locked')
    expect(again.outbox.unread).toEqual([{ id: row!.id, why: 'damaged' }])
    await device.exchange()
    expect(namesAt(county)).toEqual(['好的井'])
    await again.outbox.discard(row!.id)
    expect(again.outbox.onlyHere).toBe(0)
    expect(await again.shelf.keys('outbox')).toEqual([])
  })

  test('two workers alive at once take no place from each other, and each act arrives once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ who: fc.nat(1), what: fc.constantFrom('add', 'add', 'send', 'look') }), {
          minLength: 2,
          maxLength: 30,
        }),
        async (steps) => {
          const county = box()
          const name = `two-workers-${++made}`
          const registry = new Registry([part(1)])
          const workers = await Promise.all(
            [0, 1].map(async () => {
              const shelf = await Shelf.open(name)
              const outbox = await Outbox.load(shelf, key, registry)
              const link = new Link(
                answering(() => county),
                await Replica.load(shelf, key, registry),
                outbox,
                { fate: 'unknown', seq: 0, imported: 0, clock: { skew: 0, last: 0 } },
              )
              return { outbox, link, shelf }
            }),
          )
          const wanted: string[] = []
          for (const { who, what } of steps) {
            const { outbox, link } = workers[who]!
            if (what === 'add') {
              const said = `井 ${wanted.length}`
              wanted.push(said)
              await outbox.add(
                { id: newId(), name: 'water.well.created', record: newId(), fields: well({ name: said }) },
                [],
              )
            } else if (what === 'send') await link.exchange()
            else await outbox.look()
          }
          for (const { link } of workers) expect((await link.exchange()).fate).toBe('up')
          expect(namesAt(county)).toEqual(wanted.sort())
          expect(await workers[0]!.shelf.keys('outbox')).toEqual([])
          for (const { shelf } of workers) shelf.close()
          await county.close()
          open = []
        },
      ),
      { numRuns: 40 },
    )
  }, 60_000)
})

describe('setting a device up again', () => {
  test('carries what waits under the new PIN, and it arrives', async () => {
    const county = box()
    const { device, session } = await phone(county)
    await register(session.desk, '重新设置前')
    await device.enrol({ ...session.welcome, token: 'xhd_2' }, '135790')
    await device.exchange()
    expect(namesAt(county)).toEqual(['重新设置前'])
    await device.lock()
    expect(await device.unlock(session.person.name, '246810')).toBe(false)
    expect(await device.unlock(session.person.name, '135790')).toBeTypeOf('object')
  })

  test('locked under another PIN, it refuses rather than leave acts behind; under the old PIN it goes', async () => {
    const county = box()
    const { device, session, name } = await phone(county)
    await register(session.desk, '锁着的井')
    await device.lock()
    expect(await device.wouldOrphan(name, '135790')).toBe(true)
    expect(device.enrol(session.welcome, '135790')).rejects.toBeInstanceOf(StillLocked)
    expect(await device.wouldOrphan(name, '246810')).toBe(false)
    const again = await device.enrol(session.welcome, '246810')
    expect(again.outbox.onlyHere).toBe(1)
    await device.exchange()
    expect(namesAt(county)).toEqual(['锁着的井'])
  })
})

describe('signing out', () => {
  test('while the session is being opened leaves nobody signed in', async () => {
    const { device, session, name } = await phone(box())
    await device.lock()
    expect(await device.unlock(name, '246810')).toBeTypeOf('object')
    session.shelf.close()
    ;(await device.current())!.shelf.close()
    const [opened] = await Promise.all([device.current(), device.lock()])
    expect(opened).toBeUndefined()
    expect(await device.current()).toBeUndefined()
  })

  test('in the middle of a drain asks the box for nothing more, and the rest arrives after the PIN, each once', async () => {
    const county = box()
    const { device, session, sky, name } = await phone(county)
    const wanted = Array.from({ length: 300 }, (_, i) => `第 ${i} 口井,${'深'.repeat(60)}`)
    for (const each of wanted) await register(session.desk, each)
    let asked = 0
    sky.above = async () => {
      if (++asked === 2) await device.lock()
      return undefined
    }
    await device.exchange()
    expect(asked).toBe(2)
    sky.above = undefined
    expect(await device.unlock(name, '246810')).toBeTypeOf('object')
    await device.exchange()
    expect(namesAt(county)).toEqual(wanted.sort())
  })
})

describe('somebody else answers', () => {
  const page = () => new Response('<html>请登录无线网络</html>', { headers: { 'content-type': 'text/html' } })
  const others: [string, Sky][] = [
    ['a portal with 200 and a page', page],
    ['a portal with 200 and JSON', () => Response.json([])],
    [
      'another box, which knows no such device',
      () => new Response('{}', { status: 401, headers: { [boxMark]: 'another' } }),
    ],
    ['a proxy that says «gone»', () => new Response('gone', { status: 410 })],
    ['a proxy that says «bad request»', () => new Response('no', { status: 400 })],
    ['our box, wholly unwell', () => new Response('', { status: 500, headers: { [boxMark]: node } })],
    ['our box, busy', () => new Response('', { status: 503, headers: { [boxMark]: node } })],
    [
      'our box, which asks for patience',
      () => new Response('', { status: 429, headers: { [boxMark]: node } }),
    ],
  ]
  for (const [who, sky] of others)
    test(`${who}: nothing is wiped, refused or taken for arrived, and all arrives afterwards`, async () => {
      const county = box()
      const { device, session, sky: weather } = await phone(county)
      const wanted = ['甲井', '乙井', '丙井']
      for (const each of wanted) await register(session.desk, each)
      weather.above = sky
      for (let again = 0; again < 3; again++) await device.exchange()
      expect((await device.current())?.outbox.entries.map((each) => each.fate)).toEqual(
        Array(3).fill('waiting'),
      )
      expect(session.link.state.fate).toBe('down')
      weather.above = undefined
      await device.exchange()
      expect(namesAt(county)).toEqual(wanted.sort())
      expect(session.outbox.onlyHere).toBe(0)
    })

  test('our box says the token is revoked: everything of the person is wiped', async () => {
    const { device, session, sky, name } = await phone(box())
    await register(session.desk, '丢了的手机')
    sky.above = () => Response.json({ error: 'revoked' }, { status: 410, headers: { [boxMark]: node } })
    await device.exchange()
    expect(await device.current()).toBeUndefined()
    expect((await device.people()).some((each) => each.name === name)).toBe(false)
    expect((await indexedDB.databases()).map((each) => each.name)).not.toContain(`xianhe-${name}`)
  })

  test('our box does not know the token: signed out, nothing lost', async () => {
    const { device, session, sky } = await phone(box())
    await register(session.desk, '还在的井')
    sky.above = () => new Response('{}', { status: 401, headers: { [boxMark]: node } })
    await device.exchange()
    expect(session.link.state.fate).toBe('signed-out')
    expect(session.outbox.onlyHere).toBe(1)
  })
})

describe('a drain', () => {
  test('that finds nobody again is no news: pages are told when something has changed, and not else', async () => {
    let told = 0
    const { device, session, sky } = await phone(box(), undefined, () => told++)
    await register(session.desk, '甲井')
    sky.above = () => Promise.reject(new TypeError('fetch failed'))
    await device.exchange()
    told = 0
    for (let again = 0; again < 5; again++) await device.exchange()
    expect(told).toBe(0)
    sky.above = undefined
    await device.exchange()
    expect(told).toBe(1)
  })

  test('an act at which the box itself fails holds up no other, and arrives once the box is mended', async () => {
    const county = box()
    const { device, session, sky } = await phone(county)
    for (const each of ['甲井', '毒井', '丙井']) await register(session.desk, each)
    sky.above = (_, init) =>
      String(init?.body ?? '').includes('毒井')
        ? new Response('', { status: 500, headers: { [boxMark]: node } })
        : undefined
    await device.exchange()
    expect(namesAt(county)).toEqual(['丙井', '甲井'])
    expect(session.outbox.entries.map((each) => each.fate)).toEqual(['waiting'])
    sky.above = undefined
    await device.exchange()
    expect(namesAt(county)).toEqual(['丙井', '毒井', '甲井'])
  })

  test('an act the box cannot read returns to its person, and only that one', async () => {
    const county = box()
    const { device, session, sky } = await phone(county)
    for (const each of ['甲井', '怪井', '丙井']) await register(session.desk, each)
    sky.above = (_, init) =>
      String(init?.body ?? '').includes('怪井')
        ? Response.json({ error: '看不懂' }, { status: 400, headers: { [boxMark]: node } })
        : undefined
    await device.exchange()
    expect(namesAt(county)).toEqual(['丙井', '甲井'])
    expect(session.outbox.entries).toMatchObject([
      { fate: 'refused', request: { fields: { name: '怪井' } }, refusal: { zh: '县里读不懂这一条:看不懂' } },
    ])
  })

  test('stops when its time is up and goes on with the next, each act once: a thousand in slices of two requests', async () => {
    const county = box()
    const { device, session, sky } = await phone(county)
    const wanted = Array.from({ length: 1000 }, (_, i) => `井 ${i}`)
    for (const each of wanted) await register(session.desk, each)
    let asked = 0
    let slices = 0
    sky.above = () => {
      asked++
      return undefined
    }
    const before = () => session.outbox.entries.length
    while (before() > 0) {
      const end = asked + 2
      await device.exchange(() => asked >= end)
      slices++
      if (before() > 0) expect(session.link.state.unfinished).toBe(true)
    }
    expect(slices).toBeGreaterThan(1)
    expect(namesAt(county)).toEqual(wanted.sort())
  }, 60_000)

  test('words go before pictures: an act without a photo does not wait for one', async () => {
    const county = box()
    const { device, session, sky } = await phone(county)
    const photo = await session.attachments.keep(new File([new Uint8Array(300_000)], '井.bin'))
    const order: string[] = []
    sky.above = async (path, init) => {
      const file = /files\/([0-9a-f]+)/.exec(path)?.[1]
      if (!file) {
        if (init?.method === 'POST')
          order.push(...(await askedIn(init)).map((each) => String(each.fields?.name)))
        return undefined
      }
      order.push(init!.method!)
      const headers = {
        [boxMark]: node,
        'upload-offset': '0',
        'upload-complete': init!.method === 'PATCH' ? '?1' : '?0',
      }
      return new Response(null, { status: 204, headers })
    }
    const fields = (name: string) => ({
      id: newId(),
      name: 'water.well.created',
      record: newId(),
      fields: well({ name }),
    })
    const withPhoto = fields('有照片')
    const { outbox } = session
    const draftOf = (request: ActRequest) => [
      { dataset: 'water.well', record: request.record!, kind: 'created', fields: request.fields! } as never,
    ]
    const asked = { ...withPhoto, fields: { ...withPhoto.fields, picture: photo } }
    await outbox.add(asked, draftOf(asked))
    const follower = {
      id: newId(),
      name: 'water.well.amended',
      record: asked.record,
      fields: { name: '跟着照片的' },
    }
    await outbox.add(follower, draftOf(follower))
    const plain = fields('没照片')
    await outbox.add(plain, draftOf(plain))
    await device.exchange()
    expect(order).toEqual(['没照片', 'HEAD', 'PATCH', '有照片', '跟着照片的'])
  })
})

describe('a PIN', () => {
  test('a phone that lived in 2099 for an hour is not locked for a lifetime', async () => {
    const { device, name } = await phone(box())
    const real = Date.now
    Date.now = () => real() + 73 * 365 * 86_400_000
    try {
      for (let miss = 0; miss < 5; miss++) expect(await device.unlock(name, '000000')).toBe(false)
      expect(await device.unlock(name, '246810')).toBe(30)
    } finally {
      Date.now = real
    }
    const wait = await device.unlock(name, '246810')
    expect(wait).toBeLessThanOrEqual(30)
  }, 30_000)

  test('guesses made at the same moment count, each', async () => {
    const { device, name } = await phone(box())
    await Promise.all(Array.from({ length: 6 }, () => device.unlock(name, '000000')))
    expect(await device.unlock(name, '246810')).toBeTypeOf('number')
  }, 30_000)
})

describe('what a device goes by', () => {
  test('another role brings another replica; a restored box is told again what it may have forgotten', async () => {
    const county = box()
    const before = newId()
    county.act(wen, { name: 'water.well.created', record: before, fields: well({ name: '原有的井' }) })
    const { device, session, sky } = await phone(county)
    let hello = { actor: session.welcome.actor, declared: [], database: 'first', standing: 'one' }
    let asked = 0
    sky.above = async (path) => {
      const headers = { [boxMark]: node }
      if (path === '/device/v1/hello') return Response.json(hello, { headers })
      if (!path.startsWith('/device/v1/replica')) return undefined
      const after = Number(new URL(path, 'http://box').searchParams.get('after'))
      if (after === 0) asked++
      const changed = county.desk(wen).changedSince(after, 50)
      return Response.json({ ...changed, standing: hello.standing }, { headers })
    }
    await device.exchange()
    await device.exchange()
    expect(asked).toBe(1)
    hello = { ...hello, standing: 'two', actor: { ...hello.actor, roles: ['department-clerk'] } }
    await device.exchange()
    const now = (await device.current())!
    expect(now.desk.actor.roles).toEqual(['department-clerk'])
    expect((await now.desk.list('water.well')).records).toHaveLength(1)
    expect(asked).toBe(2)

    // Arrived, and then the box is a copy from before it arrived.
    await register(now.desk, '备份以后的井')
    const [entry] = now.outbox.entries
    await now.outbox.answered({ id: entry!.id, outcome: 'accepted', seq: 99 })
    hello = { ...hello, standing: 'three', database: 'second' }
    await device.exchange()
    expect(namesAt(county)).toEqual(['原有的井', '备份以后的井'].sort())
    await device.exchange()
    expect((await device.current())!.outbox.entries).toHaveLength(0)
  })
})
