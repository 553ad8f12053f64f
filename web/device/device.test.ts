import 'fake-indexeddb/auto'
import { afterEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Actor } from '../../server/kernel/access.ts'
import type { ActRequest } from '../../server/kernel/acts.ts'
import { rule } from '../../server/kernel/acts.ts'
import { dataset } from '../../server/kernel/dataset.ts'
import { chainFault } from '../../server/kernel/diary.ts'
import { choice, date, decimal, division, text } from '../../server/kernel/fields.ts'
import { newId } from '../../server/kernel/ids.ts'
import type { Part } from '../../server/kernel/part.ts'
import { questions } from '../../server/kernel/questions.ts'
import { refuse } from '../../server/kernel/refusal.ts'
import { type County, people, sampleCounty } from '../../tests/county.ts'
import { believed, learned } from './clock.ts'
import { DeviceDesk } from './device-desk.ts'
import { Link } from './link.ts'
import { Outbox } from './outbox.ts'
import { Replica } from './replica.ts'
import { Shelf } from './shelf.ts'
import { newLock, openLock } from './vault.ts'

const plots = dataset('agri.plot', {
  title: { zh: '地块', en: 'Plot' },
  fields: {
    code: text({ zh: '编号', en: 'Code' }).key(),
    crop: choice(
      { zh: '作物', en: 'Crop' },
      { reed: { zh: '芦笋', en: 'Reed' }, rice: { zh: '水稻', en: 'Rice' } },
    )
      .filter()
      .optional(),
    area: decimal({ zh: '面积', en: 'Area' }).min(0).optional(),
    sown: date({ zh: '播种日期', en: 'Sown' }).optional(),
    soil: text({ zh: '土壤', en: 'Soil' }).optional(),
    water: text({ zh: '水源', en: 'Water' }).optional(),
    note: text({ zh: '备注', en: 'Note' }).optional(),
    town: division({ zh: '乡镇', en: 'Township' }),
  },
  keeper: 'county',
  offline: true,
})
const part: Part = {
  name: 'agri',
  title: { zh: '农业', en: 'Agriculture' },
  datasets: [plots],
  rules: [
    rule(plots, (plot) => {
      if ((plot.fields.area ?? 0) > 900)
        refuse(
          { zh: '面积超过 900 亩,请分块登记', en: 'More than 900 mu; register it in parts.' },
          { field: 'area' },
        )
    }),
  ],
  codes: [
    {
      name: 'division',
      title: { zh: '区划', en: 'Divisions' },
      codes: { '430981114': { zh: '草尾镇', en: 'Caowei' }, '430981107': { zh: '南嘴镇', en: 'Nanzui' } },
    },
  ],
  grants: [
    { role: 'township-worker', read: ['agri.*'], act: ['agri.*'] },
    { role: 'department-clerk', read: ['*'], act: ['*'] },
  ],
}
const { wen, cao, liu } = people

let open: County[] = []
afterEach(async () => {
  await Promise.all(open.map((each) => each.close()))
  open = []
})
function box() {
  const county = sampleCounty({ modules: [part] })
  open.push(county)
  return county
}

/** What may go wrong on the way: the request never arrives, or the answer never comes back. */
type Weather = 'fine' | 'lost' | 'answer lost' | 'twice'

interface Phone {
  desk: DeviceDesk
  outbox: Outbox
  replica: Replica
  link: Link
  weather: Weather
  exchange(weather?: Weather): Promise<string>
}

let made = 0
const { key } = await newLock('246810')
async function phone(county: County, actor: Actor, name = `test-${made++}`): Promise<Phone> {
  const shelf = await Shelf.open(name)
  const [replica, outbox] = [
    await Replica.load(shelf, key, county.store.registry),
    await Outbox.load(shelf, key),
  ]
  const seq = (await shelf.get<number>('fact', 'seq')) ?? 0
  const boxDesk = county.desk(actor)
  const answer = (path: string, init?: RequestInit): Response => {
    if (path.startsWith('/device/v1/replica'))
      return Response.json(
        boxDesk.changedSince(Number(new URL(path, 'http://box').searchParams.get('after')), 50),
      )
    const requests = JSON.parse(String(init?.body)) as ActRequest[]
    return Response.json(
      requests.map((request) => ({ ...county.store.act(actor, request, { onOverlap: 'question' }) })),
    )
  }
  const self: Phone = {
    outbox,
    replica,
    weather: 'fine',
    desk: new DeviceDesk(county.store.registry, actor, replica, outbox),
    link: new Link(
      async (path, init) => {
        if (self.weather === 'lost') throw new TypeError('fetch failed')
        const response = answer(path, init)
        if (self.weather === 'answer lost') throw new TypeError('fetch failed')
        return self.weather === 'twice' ? answer(path, init) : response
      },
      replica,
      outbox,
      { fate: 'unknown', seq, imported: 0, clock: { skew: 0, last: 0 } },
    ),
    exchange: async (weather = 'fine') => {
      self.weather = weather
      return (await self.link.exchange()).fate
    },
  }
  return self
}

const plot = (more: Record<string, unknown> = {}) => ({
  code: 'CW-1',
  crop: 'reed',
  area: 12,
  town: '430981114',
  ...more,
})
const codesOn = async (desk: DeviceDesk) => (await desk.list(plots)).records.map((each) => each.fields.code)

describe('a phone at the lake edge', () => {
  test('registers, amends and shows a plot without the box, and the box has it once the line is there', async () => {
    const county = box()
    const wens = await phone(county, wen)
    const id = newId()
    expect(await wens.desk.act({ name: 'agri.plot.created', record: id, fields: plot() })).toMatchObject({
      outcome: 'accepted',
    })
    expect(
      await wens.desk.act({ name: 'agri.plot.amended', record: id, base: 0, fields: { area: 13 } }),
    ).toMatchObject({ outcome: 'accepted' })
    expect((await wens.desk.read(plots, id))?.fields).toMatchObject({ code: 'CW-1', area: 13 })
    expect(await codesOn(wens.desk)).toEqual(['CW-1'])
    expect(wens.outbox.onlyHere).toBe(2)
    expect(await wens.exchange('lost')).toBe('down')
    expect(wens.outbox.onlyHere).toBe(2)
    expect(await wens.exchange()).toBe('up')
    expect(county.diary(id)).toEqual(['agri.plot.created', 'agri.plot.amended'])
    expect(wens.outbox.entries).toHaveLength(0)
    expect((await wens.desk.read(plots, id))?.version).toBe(2)
  })

  test('an answer lost on the way back means the same act again, done once', async () => {
    const county = box()
    const wens = await phone(county, wen)
    await wens.desk.act({ name: 'agri.plot.created', record: newId(), fields: plot() })
    expect(await wens.exchange('answer lost')).toBe('down')
    expect(county.diary()).toHaveLength(1)
    expect(wens.outbox.onlyHere).toBe(1)
    await wens.exchange('twice')
    expect(county.diary()).toHaveLength(1)
    expect(wens.outbox.entries).toHaveLength(0)
  })

  test('a battery that dies keeps every entry that was shown as kept', async () => {
    const county = box()
    const wens = await phone(county, wen, 'same-phone')
    for (const code of ['A', 'B', 'C'])
      await wens.desk.act({ name: 'agri.plot.created', record: newId(), fields: plot({ code }) })
    const again = await phone(county, wen, 'same-phone')
    expect(await codesOn(again.desk)).toEqual(['C', 'B', 'A'])
    await again.exchange()
    expect(county.diary()).toHaveLength(3)
  })

  test('the same checks and rules refuse on the phone, at once and with the same sentence', async () => {
    const county = box()
    const wens = await phone(county, wen)
    for (const fields of [
      plot({ area: -1 }),
      plot({ area: 901 }),
      plot({ town: '430981107' }),
      plot({ code: '' }),
    ]) {
      const there = await wens.desk.act({ name: 'agri.plot.created', record: newId(), fields })
      const here = county.act(wen, { name: 'agri.plot.created', record: newId(), fields })
      expect(there).toMatchObject({ outcome: 'refused', message: here.message })
      expect(there.field).toBe(here.field)
    }
    expect(wens.outbox.entries).toHaveLength(0)
  })

  test('an act the box refuses comes back with the sentence and what was filled in; the rest goes on; mended, it arrives', async () => {
    const county = box()
    county.act(liu, { name: 'agri.plot.created', record: newId(), fields: plot({ code: 'TAKEN' }) })
    const wens = await phone(county, wen)
    const poisoned = newId()
    const id = newId()
    await wens.desk.act({
      id: poisoned,
      name: 'agri.plot.created',
      record: id,
      fields: plot({ code: 'TAKEN' }),
    })
    await wens.desk.act({ name: 'agri.plot.amended', record: id, base: 0, fields: { note: '跟在后面' } })
    await wens.desk.act({ name: 'agri.plot.created', record: newId(), fields: plot({ code: 'FREE' }) })
    await wens.exchange()
    expect(county.store.look.find(plots, { code: 'FREE' })).toHaveLength(1)
    expect(wens.outbox.find(poisoned)).toMatchObject({
      fate: 'refused',
      field: 'code',
      request: { fields: { code: 'TAKEN' } },
    })
    expect(wens.outbox.onlyHere).toBe(2)
    await wens.desk.act({
      id: poisoned,
      name: 'agri.plot.created',
      record: id,
      fields: plot({ code: 'MENDED' }),
    })
    await wens.exchange()
    expect(county.store.record(id)?.fields).toMatchObject({ code: 'MENDED', note: '跟在后面' })
    expect(wens.outbox.entries).toHaveLength(0)
  })

  test('discarding a refused act lets what followed it go on', async () => {
    const county = box()
    const id = newId()
    county.act(liu, { name: 'agri.plot.created', record: id, fields: plot() })
    county.act(liu, { name: 'agri.plot.created', record: newId(), fields: plot({ code: 'TAKEN' }) })
    const wens = await phone(county, wen)
    await wens.exchange()
    const bad = newId()
    // The phone has not seen TAKEN's owner change since; make it believe the code is free.
    county.act(liu, { name: 'agri.plot.created', record: newId(), fields: plot({ code: 'NEW' }) })
    await wens.desk.act({ id: bad, name: 'agri.plot.amended', record: id, base: 1, fields: { code: 'NEW' } })
    await wens.desk.act({ name: 'agri.plot.amended', record: id, base: 1, fields: { soil: '砂壤' } })
    await wens.exchange()
    expect(wens.outbox.find(bad)?.fate).toBe('refused')
    await wens.outbox.discard(bad)
    await wens.exchange()
    expect(county.store.record(id)?.fields).toMatchObject({ code: 'CW-1', soil: '砂壤' })
  })

  test('a record that moves to another township leaves the phone, one that is withdrawn too', async () => {
    const county = box()
    const [moves, ends, stays] = [newId(), newId(), newId()]
    for (const [i, id] of [moves, ends, stays].entries())
      county.act(liu, { name: 'agri.plot.created', record: id, fields: plot({ code: `P${i}` }) })
    const wens = await phone(county, wen)
    const caos = await phone(county, cao)
    await wens.exchange()
    expect(await codesOn(wens.desk)).toEqual(['P2', 'P1', 'P0'])
    county.act(liu, { name: 'agri.plot.amended', record: moves, fields: { town: '430981107' } })
    county.act(liu, { name: 'agri.plot.withdrawn', record: ends })
    await wens.exchange()
    await caos.exchange()
    expect(await codesOn(wens.desk)).toEqual(['P2'])
    expect(await codesOn(caos.desk)).toEqual(['P0'])
  })

  test('what lies on the device is sealed: no name stands in it, and only the PIN opens the lock', async () => {
    const county = box()
    const wens = await phone(county, wen, 'sealed-phone')
    county.act(liu, { name: 'agri.plot.created', record: newId(), fields: plot({ note: '承包户张秀英' }) })
    await wens.exchange()
    await wens.desk.act({
      name: 'agri.plot.created',
      record: newId(),
      fields: plot({ code: 'X', note: '联系人李建国' }),
    })
    const shelf = await Shelf.open('sealed-phone')
    const bytes = [
      ...(await shelf.all<{ sealed: { data: ArrayBuffer } }>('body')),
      ...(await shelf.all<{ sealed: { data: ArrayBuffer } }>('outbox')),
    ]
    expect(bytes.length).toBe(2)
    for (const { sealed } of bytes)
      expect(new TextDecoder().decode(sealed.data)).not.toMatch(/张秀英|李建国|agri|note/)
    const { lock } = await newLock('1357')
    expect(await openLock(lock, '1357')).toBeDefined()
    expect(await openLock(lock, '1358')).toBeUndefined()
  })
})

describe('a phone whose clock is wrong', () => {
  const told = Date.parse('2026-11-20T08:00:00Z')
  test('wakes in 1970 and goes on from what the box said last', () =>
    expect(believed({ skew: 0, last: told }, 5000)).toEqual({ at: told, wrong: 'behind' }))
  test('lives in 2099 and is not believed', () =>
    expect(believed({ skew: 0, last: told }, Date.parse('2099-01-01'))).toEqual({ at: told, wrong: 'ahead' }))
  test('is a day slow, which the box’s answer tells', () => {
    const slow = told - 86_400_000
    expect(believed(learned(new Date(told).toUTCString(), slow)!, slow + 60_000)).toEqual({
      at: told + 60_000,
      wrong: 'behind',
    })
  })
  test('was away for a month and is right', () =>
    expect(believed({ skew: 0, last: told }, told + 30 * 86_400_000)).toEqual({ at: told + 30 * 86_400_000 }))

  test('set to 2099, it loses nothing: the entry arrives, dated by the box', async () => {
    const county = box()
    const shelf = await Shelf.open('phone-2099')
    const [replica, outbox] = [
      await Replica.load(shelf, key, county.store.registry),
      await Outbox.load(shelf, key),
    ]
    const desk = new DeviceDesk(county.store.registry, wen, replica, outbox, undefined, undefined, () =>
      Date.parse('2099-01-01'),
    )
    await desk.act({ name: 'agri.plot.created', record: newId(), fields: plot() })
    const receipt = county.store.act(wen, outbox.entries[0]!.request)
    expect(receipt.outcome).toBe('accepted')
    expect(county.store.acts(0)[0]).toMatchObject({ clock: 'ahead' })
  })
})

describe('lists on the device', () => {
  test('answer as the box’s do: filters, ranges, words, sorts, pages', async () => {
    const county = box()
    const wens = await phone(county, wen)
    county.store.batch(() => {
      for (let i = 0; i < 450; i++)
        county.act(liu, {
          name: 'agri.plot.created',
          record: newId(),
          fields: plot({
            code: `P${i}`,
            crop: i % 3 ? 'reed' : 'rice',
            area: i % 50,
            ...(i % 4 && { note: `南洞庭第 ${i % 7} 组` }),
          }),
        })
    })
    await county.settle()
    await wens.exchange()
    const queries = [
      {},
      { filter: { crop: 'rice' } },
      { filter: { crop: ['rice', 'reed'], area: { from: 10, to: 20 } } },
      { q: '南洞庭' },
      { q: '洞庭 3' },
      { sort: 'area' },
      { sort: '-note' },
      { filter: { crop: '水稻' } },
      { filter: { crop: 'wheat' } },
    ]
    const whole = async (desk: Pick<DeviceDesk, 'list'>, query: object) => {
      const seen: unknown[] = []
      let cursor: string | undefined
      do {
        const page = await desk.list(plots, { ...query, limit: 37, cursor })
        seen.push(...page.records.map((each) => each.fields.code))
        cursor = page.next
      } while (cursor)
      return seen
    }
    for (const query of queries)
      expect([query, await whole(wens.desk, query)]).toEqual([query, await whole(county.desk(wen), query)])
  })
})

describe('fourteen days of two phones, an office PC and the box', () => {
  const runs = Number(process.env.XIANHE_HISTORIES ?? 400)
  const fields = ['area', 'sown', 'soil', 'water', 'note'] as const
  const edit = fc.record({
    who: fc.constantFrom('wen', 'cai', 'office'),
    what: fc.constantFrom('create', 'amend', 'amend', 'amend', 'amend'),
    pick: fc.nat(40),
    field: fc.constantFrom(...fields),
    n: fc.nat(800),
  })
  const line = fc.record({
    who: fc.constantFrom('wen', 'cai'),
    weather: fc.constantFrom<Weather>('fine', 'lost', 'answer lost', 'twice'),
  })

  test('no value is lost silently, all desks say the same in the end, and 95 in 100 entries merge without a person', async () => {
    let entries = 0
    let asked = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 4, arbitrary: edit }, { weight: 1, arbitrary: line }), {
          minLength: 5,
          maxLength: 45,
        }),
        async (days) => {
          const county = box()
          // Two township colleagues: same area, two phones.
          const cai: Actor = { ...wen, id: 'cailan', name: '蔡兰' }
          const phones = { wen: await phone(county, wen), cai: await phone(county, cai) }
          const ids = Array.from({ length: 12 }, () => newId())
          for (const [i, id] of ids.entries())
            county.act(liu, { name: 'agri.plot.created', record: id, fields: plot({ code: `S${i}` }) })
          for (const each of Object.values(phones)) await each.exchange()
          const written: unknown[] = []
          let n = 0
          for (const step of days) {
            if ('weather' in step) {
              await phones[step.who].exchange(step.weather)
              continue
            }
            // Every value is its own, so that finding it again proves it was kept.
            const value =
              step.field === 'area'
                ? ++n / 16
                : step.field === 'sown'
                  ? `2026-${String((n++ % 12) + 1).padStart(2, '0')}-${String((step.n % 28) + 1).padStart(2, '0')}`
                  : `${step.field}-${++n}`
            const record = step.what === 'create' ? newId() : ids[step.pick % ids.length]!
            const fieldsOf =
              step.what === 'create'
                ? plot({ code: `N${record.slice(-8)}`, [step.field]: value })
                : { [step.field]: value }
            const name = `agri.plot.${step.what === 'create' ? 'created' : 'amended'}`
            if (step.who === 'office') {
              const base = county.store.record(record)?.version
              if (county.act(liu, { name, record, base, fields: fieldsOf }).outcome === 'accepted')
                written.push(value)
            } else {
              const { desk } = phones[step.who]
              const base = step.what === 'amend' ? (await desk.read(plots, record))?.version : undefined
              if (base === undefined && step.what === 'amend') continue
              const receipt = await desk.act({ name, record, base, fields: fieldsOf })
              expect(receipt.outcome).toBe('accepted')
              written.push(value)
            }
            entries++
            if (step.what === 'create') ids.push(record)
          }
          for (let round = 0; round < 2; round++)
            for (const each of Object.values(phones)) expect(await each.exchange()).toBe('up')
          for (const each of Object.values(phones)) expect(each.outbox.entries).toHaveLength(0)
          const truth = (await county.desk(wen).list(plots, { limit: 1000 })).records
          for (const each of Object.values(phones))
            expect((await each.desk.list(plots, { limit: 1000 })).records).toEqual(truth)
          const left = county.store.look.find(questions, {})
          asked += left.length
          const kept = JSON.stringify([
            county.store.acts(0, 10_000),
            left.map((each) => JSON.parse(each.fields.values as string)),
          ])
          for (const value of written) expect(kept).toContain(JSON.stringify(value))
          expect(chainFault(county.store.db)).toBeUndefined()
          expect(county.store.db.query('select count(*) as n from held').get()).toEqual({ n: 0 })
          await county.close()
          open = []
        },
      ),
      { numRuns: runs },
    )
    expect(asked / entries).toBeLessThan(0.05)
  }, 900_000)
})
