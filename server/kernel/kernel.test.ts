import { Database } from 'bun:sqlite'
import { afterEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { core } from '../../migrations/core/index.ts'
import { migrate, NewerDatabase } from '../../migrations/migrate.ts'
import { type County, people, sampleCounty } from '../../tests/county.ts'
import { rule, verb } from './acts.ts'
import { dataset } from './dataset.ts'
import { chainFault } from './diary.ts'
import { choice, date, decimal, division, geometry, idNumber, phone, ref, text } from './fields.ts'
import { derivedId, isId, newId } from './ids.ts'
import type { Part } from './part.ts'
import { questions } from './questions.ts'
import { Conflict, refuse } from './refusal.ts'
import { replay } from './replay.ts'

const plots = dataset('agri.plot', {
  title: { zh: '地块', en: 'Plot' },
  fields: {
    code: text({ zh: '地块编号', en: 'Code' }).key(),
    crop: choice(
      { zh: '作物', en: 'Crop' },
      { reed: { zh: '芦笋', en: 'Reed shoots' }, rice: { zh: '水稻', en: 'Rice' } },
    ).filter(),
    area: decimal({ zh: '面积', en: 'Area' }).unit('亩', 'mu').min(0),
    shape: geometry({ zh: '四至', en: 'Boundary' }, 'Polygon', 'Point').optional(),
    phone: phone({ zh: '联系电话', en: 'Phone' }).sensitive('mask').optional(),
    holder: idNumber({ zh: '承包人身份证号', en: 'Holder ID' }).sensitive('mask').optional(),
    note: text({ zh: '备注', en: 'Note' }).optional(),
    town: division({ zh: '乡镇', en: 'Township' }),
  },
  keeper: 'township',
  offline: true,
})

const harvests = dataset('agri.harvest', {
  title: { zh: '采收', en: 'Harvest' },
  fields: {
    plot: ref('agri.plot', { zh: '地块', en: 'Plot' }),
    kilos: decimal({ zh: '数量', en: 'Quantity' }).unit('公斤', 'kg').min(0),
    day: date({ zh: '采收日期', en: 'Day' }),
    town: division({ zh: '乡镇', en: 'Township' }),
  },
  keeper: 'township',
  append: true,
})

const harvested = verb('agri.plot.harvested', {
  on: plots,
  title: { zh: '记采收', en: 'Record harvest' },
  done: { zh: '登记了采收', en: 'recorded a harvest' },
  fields: { kilos: decimal({ zh: '数量', en: 'Quantity' }).min(0) },
  decide(write, plot, input) {
    if (plot.fields.area === 0)
      refuse({ zh: '地块面积为零,请先核对面积', en: 'The plot has no area; check it first.' })
    write.create(harvests, { plot: plot.id, kilos: input.kilos, day: write.today, town: plot.division })
    write.change(plots, plot.id, { note: `最近采收 ${input.kilos} 公斤` })
  },
})

const part: Part = {
  name: 'agri',
  title: { zh: '农业', en: 'Agriculture' },
  datasets: [plots, harvests],
  verbs: [harvested],
  rules: [
    rule(plots, (plot) => {
      if (plot.fields.crop === 'rice' && plot.fields.area > 500)
        refuse(
          {
            zh: '单块稻田不超过 500 亩,请分块登记',
            en: 'A rice plot has at most 500 mu; register it in parts.',
          },
          { field: 'area' },
        )
    }),
  ],
  codes: [
    {
      name: 'division',
      title: { zh: '区划', en: 'Divisions' },
      codes: {
        '430981': { zh: '沅江市', en: 'Yuanjiang' },
        '430981114': { zh: '草尾镇', en: 'Caowei' },
        '430981107': { zh: '南嘴镇', en: 'Nanzui' },
      },
    },
  ],
  roles: [],
  grants: [
    {
      role: 'township-worker',
      read: ['agri.*', 'kernel.question'],
      act: ['agri.*', 'kernel.question.answered'],
    },
    { role: 'department-clerk', read: ['*'], act: ['*'], may: ['personal'] },
    { role: 'leader', read: ['agri.*'] },
  ],
}

const { wen, cao, liu, leader } = people
let open: County[] = []
const county = (more: Parameters<typeof sampleCounty>[0] = {}) => {
  const made = sampleCounty({ modules: [part], ...more })
  open.push(made)
  return made
}
afterEach(async () => {
  await Promise.all(open.map((each) => each.close()))
  open = []
})

const reeds = (more: Record<string, unknown> = {}) => ({
  code: 'CW-001',
  crop: 'reed',
  area: 12.5,
  town: '430981114',
  ...more,
})
const square = {
  type: 'Polygon',
  coordinates: [
    [
      [112.36, 28.84],
      [112.37, 28.84],
      [112.37, 28.85],
      [112.36, 28.85],
      [112.36, 28.84],
    ],
  ],
}

function plotIn(here: County, more: Record<string, unknown> = {}) {
  const id = newId()
  const receipt = here.act(wen, { name: 'agri.plot.created', record: id, fields: reeds(more) })
  expect(receipt.outcome).toBe('accepted')
  return id
}

describe('an act', () => {
  test('a plot registered in Caowei says what was filled in, and so does the diary', async () => {
    const here = county()
    const id = plotIn(here, { shape: square })
    const plot = await here.desk(wen).read(plots, id)
    expect(plot?.fields).toMatchObject({ code: 'CW-001', crop: 'reed', area: 12.5 })
    expect(plot).toMatchObject({ version: 1, division: '430981114' })
    expect(here.diary(id)).toEqual(['agri.plot.created'])
    expect((await here.desk(wen).list(plots, { bbox: [112.365, 28.845, 112.4, 28.9] })).records).toHaveLength(
      1,
    )
    expect((await here.desk(wen).list(plots, { bbox: [112.4, 28.845, 112.5, 28.9] })).records).toHaveLength(0)
  })

  test('the same act sent twice has one effect and says so', () => {
    const here = county()
    const request = { id: newId(), name: 'agri.plot.created', record: newId(), fields: reeds() }
    expect(here.act(wen, request).outcome).toBe('accepted')
    expect(here.act(wen, request)).toMatchObject({ outcome: 'repeated', seq: 1 })
    expect(here.diary()).toEqual(['agri.plot.created'])
  })

  test('an act id that somebody else already used is a forgery and is refused', () => {
    const here = county()
    const request = { id: newId(), name: 'agri.plot.created', record: newId(), fields: reeds() }
    here.act(wen, request)
    expect(
      here.act(cao, { ...request, record: newId(), fields: reeds({ code: 'NZ-1', town: '430981107' }) }),
    ).toMatchObject({ outcome: 'refused', kind: 'access' })
    expect(here.act(wen, { id: 'not-a-uuid', name: 'agri.plot.created', fields: reeds() })).toMatchObject({
      outcome: 'refused',
    })
  })

  test('a verb that refuses half way leaves no trace of its first half', () => {
    const here = county()
    const id = plotIn(here, { area: 0 })
    expect(here.act(wen, { name: 'agri.plot.harvested', record: id, fields: { kilos: 320 } })).toMatchObject({
      outcome: 'refused',
      message: { zh: '地块面积为零,请先核对面积' },
    })
    expect(here.diary(id)).toEqual(['agri.plot.created'])
    expect(here.store.db.query('select count(*) as n from record').get()).toEqual({ n: 1 })
  })

  test('a verb changes several records in one diary entry, and a replay on another desk would give them the same ids', () => {
    const here = county()
    const id = plotIn(here)
    const act = newId()
    here.act(wen, { id: act, name: 'agri.plot.harvested', record: id, fields: { kilos: 320 } })
    const [, entry] = here.store.acts(0)
    expect(entry?.changes.map((change) => change.dataset)).toEqual(['agri.harvest', 'agri.plot'])
    expect(entry?.changes[0]?.record).toBe(derivedId(act, 0))
  })

  test('a promise returned from an act is a bug and rolls it back', () => {
    const lazy = verb('agri.plot.waited', {
      on: plots,
      title: { zh: '等', en: 'Wait' },
      done: { zh: '等了', en: 'waited' },
      fields: {},
      decide: (async () => {}) as never,
    })
    const here = county({
      modules: [{ ...part, verbs: [lazy], grants: [{ role: 'township-worker', act: ['*'] }] }],
    })
    const id = plotIn(here)
    expect(() => here.act(wen, { name: 'agri.plot.waited', record: id })).toThrow('promise')
    expect(here.diary()).toEqual(['agri.plot.created'])
  })

  test('an act inside a batch that is refused undoes only itself', () => {
    const here = county()
    here.store.batch(() => {
      here.act(wen, { name: 'agri.plot.created', record: newId(), fields: reeds() })
      expect(here.act(wen, { name: 'agri.plot.created', record: newId(), fields: reeds() })).toMatchObject({
        outcome: 'refused',
        field: 'code',
      })
      here.act(wen, { name: 'agri.plot.created', record: newId(), fields: reeds({ code: 'CW-002' }) })
    })
    expect(here.diary()).toHaveLength(2)
    expect(() =>
      here.store.batch(() => {
        here.act(wen, { name: 'agri.plot.created', record: newId(), fields: reeds({ code: 'CW-3' }) })
        throw new Error('power cut')
      }),
    ).toThrow('power cut')
    expect(here.store.seq).toBe(2)
    expect(chainFault(here.store.db)).toBeUndefined()
  })
})

describe('bad input gets a sentence', () => {
  const refused = (fields: Record<string, unknown>) => {
    const receipt = county().act(wen, { name: 'agri.plot.created', record: newId(), fields: reeds(fields) })
    expect(receipt.outcome).toBe('refused')
    return receipt
  }
  test('a wrong check digit in an ID number', () =>
    expect(refused({ holder: '430981199003071234' }).message?.zh).toContain('校验码不对'))
  test('a birth date that does not exist', () =>
    expect(refused({ holder: '430981199002301233' }).message?.zh).toContain('出生日期'))
  test('an area below zero', () => expect(refused({ area: -3 }).message?.zh).toBe('面积:不能小于 0'))
  test('an unknown field', () => expect(refused({ colour: 'red' }).field).toBe('colour'))
  test('a division outside the list', () =>
    expect(refused({ town: '430981999' }).message?.zh).toContain('不是已知的区划代码'))
  test('several faults come back together, each at its field', () =>
    expect(
      refused({ area: 'many', phone: '12', code: '' })
        .all?.map((each) => each.field)
        .sort(),
    ).toEqual(['area', 'code', 'phone']))
  test('a rule of the county', () =>
    expect(refused({ crop: 'rice', area: 501 })).toMatchObject({ field: 'area' }))
})

describe('scope and masks', () => {
  test('a township worker reaches neither into another township nor finds its records', async () => {
    const here = county()
    const id = plotIn(here)
    expect(await here.desk(cao).read(plots, id)).toBeUndefined()
    expect((await here.desk(cao).list(plots)).records).toHaveLength(0)
    expect(
      here.act(cao, { name: 'agri.plot.amended', record: id, base: 1, fields: { area: 99 } }),
    ).toMatchObject({ outcome: 'refused', kind: 'access' })
    expect(
      here.act(cao, { name: 'agri.plot.created', record: newId(), fields: reeds({ code: 'X' }) }),
    ).toMatchObject({ outcome: 'refused', kind: 'access' })
    expect(
      here.act(wen, { name: 'agri.plot.amended', record: id, base: 1, fields: { town: '430981107' } }),
    ).toMatchObject({ outcome: 'refused', kind: 'access' })
    expect((await here.desk(wen).list(plots)).records).toHaveLength(1)
  })

  test('a leader reads and may not write', () => {
    const here = county()
    expect(here.act(leader, { name: 'agri.plot.created', record: newId(), fields: reeds() })).toMatchObject({
      outcome: 'refused',
      kind: 'access',
    })
  })

  test('personal numbers are masked, and looking at them needs a permission, a reason, and is in the audit', async () => {
    const here = county()
    const id = plotIn(here, { phone: '13873712345', holder: '430981199003071233' })
    const seen = await here.desk(wen).read(plots, id)
    expect(seen?.fields.phone).toBe('138****2345')
    expect(seen?.fields.holder).toBe('4309**********1233')
    expect(seen?.masked).toEqual(['phone', 'holder'])
    expect(JSON.stringify(await here.desk(wen).history(plots, id))).not.toContain('13873712345')
    expect(here.desk(wen).reveal(plots, id, '电话回访')).rejects.toThrow()
    expect(here.desk(liu).reveal(plots, id, '')).rejects.toThrow()
    expect((await here.desk(liu).reveal(plots, id, '电话回访'))?.fields.phone).toBe('13873712345')
    expect(here.store.db.query('select actor, what, about, detail from audit').all()).toEqual([
      { actor: 'liujianguo', what: 'looked', about: `agri.plot/${id}`, detail: '电话回访' },
    ])
  })
})

describe('two people at once', () => {
  test('different fields merge by themselves', () => {
    const here = county()
    const id = plotIn(here)
    here.act(liu, { name: 'agri.plot.amended', record: id, base: 1, fields: { area: 13 } })
    expect(
      here.act(wen, { name: 'agri.plot.amended', record: id, base: 1, fields: { note: '靠近渠道' } }).outcome,
    ).toBe('accepted')
    expect(here.store.record(id)).toMatchObject({ version: 3, fields: { area: 13, note: '靠近渠道' } })
  })

  test('the same field in a form shows both versions and loses neither', () => {
    const here = county()
    const id = plotIn(here)
    here.act(liu, { name: 'agri.plot.amended', record: id, base: 1, fields: { area: 13 } })
    let caught: unknown
    try {
      here.act(
        wen,
        { name: 'agri.plot.amended', record: id, base: 1, fields: { area: 14 } },
        { onOverlap: 'conflict' },
      )
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(Conflict)
    expect((caught as Conflict).overlaps).toMatchObject([
      { field: 'area', base: 12.5, theirs: 13, mine: 14, by: { name: '刘建国' } },
    ])
    expect(here.diary(id)).toEqual(['agri.plot.created', 'agri.plot.amended'])
  })

  test('the same field from a phone becomes a question; answering it takes the other value, and answering is in the diary', async () => {
    const here = county()
    const id = plotIn(here)
    here.act(liu, { name: 'agri.plot.amended', record: id, base: 1, fields: { area: 13 } })
    const receipt = here.act(wen, {
      name: 'agri.plot.amended',
      record: id,
      base: 1,
      fields: { area: 14, note: '重新丈量' },
    })
    expect(receipt.outcome).toBe('question')
    expect(here.store.record(id)?.fields).toMatchObject({ area: 13, note: '重新丈量' })
    const [question] = (await here.desk(wen).list(questions, { filter: { state: 'open' } })).records
    expect(JSON.parse(question!.fields.values)).toEqual({ area: { base: 12.5, standing: 13, other: 14 } })
    expect(question!.fields).toMatchObject({ standingBy: '刘建国', otherBy: '文斌' })
    expect(
      here.act(wen, { name: 'kernel.question.answered', record: question!.id, fields: { take: 'other' } })
        .outcome,
    ).toBe('accepted')
    expect(here.store.record(id)?.fields.area).toBe(14)
  })

  test('an act whose predecessor has not arrived waits for it and is then done', () => {
    const here = county()
    const id = plotIn(here)
    const first = newId()
    const second = newId()
    expect(
      here.act(wen, {
        id: second,
        name: 'agri.plot.amended',
        record: id,
        base: 1,
        after: [first],
        fields: { area: 20 },
      }).outcome,
    ).toBe('held')
    expect(here.store.record(id)?.fields.area).toBe(12.5)
    expect(here.store.waiting().held).toMatchObject([{ id: second, name: 'agri.plot.amended', by: '文斌' }])
    here.act(wen, { id: first, name: 'agri.plot.amended', record: id, base: 1, fields: { area: 15 } })
    expect(here.store.record(id)?.fields.area).toBe(20)
    expect(here.store.waiting().held).toEqual([])
    expect(
      here.act(wen, {
        id: second,
        name: 'agri.plot.amended',
        record: id,
        base: 1,
        after: [first],
        fields: { area: 20 },
      }).outcome,
    ).toBe('repeated')
  })
})

describe('the diary', () => {
  function expectReplayed(here: County) {
    const copy = new Database(':memory:', { strict: true })
    migrate(copy, core)
    replay(here.store.db, copy, here.store.registry)
    for (const table of ['record', 'place_box'])
      expect(copy.query(`select * from ${table} order by rid`).all()).toEqual(
        here.store.db.query(`select * from ${table} order by rid`).all(),
      )
  }

  const work = fc.array(
    fc.record({
      who: fc.constantFrom(wen, liu),
      what: fc.constantFrom('create', 'amend', 'withdraw', 'harvest', 'redact'),
      pick: fc.nat(30),
      area: fc.double({ min: 0, max: 900, noNaN: true }),
      base: fc.nat(4),
      note: fc.string({ maxLength: 8 }),
    }),
    { maxLength: 40 },
  )
  test('replayed from nothing gives the records byte for byte, whatever was decided', () => {
    fc.assert(
      fc.property(work, (acts) => {
        const here = county()
        const ids: string[] = []
        for (const each of acts) {
          const id = ids[each.pick % Math.max(1, ids.length)]
          if (each.what === 'create' || !id) {
            const made = newId()
            const receipt = here.act(each.who, {
              name: 'agri.plot.created',
              record: made,
              fields: reeds({
                code: `CW-${ids.length}`,
                area: each.area,
                shape: each.pick % 2 ? square : undefined,
              }),
            })
            if (receipt.outcome === 'accepted') ids.push(made)
          } else if (each.what === 'amend')
            here.act(each.who, {
              name: 'agri.plot.amended',
              record: id,
              base: each.base,
              fields: { area: each.area, note: each.note || null },
            })
          else if (each.what === 'harvest')
            here.act(each.who, { name: 'agri.plot.harvested', record: id, fields: { kilos: each.area } })
          else if (each.what === 'redact') here.store.redact(liu, id, ['note', 'shape'], '本人要求')
          else here.act(each.who, { name: 'agri.plot.withdrawn', record: id })
        }
        expectReplayed(here)
        expect(chainFault(here.store.db)).toBeUndefined()
      }),
      { numRuns: 60 },
    )
  })

  test('a value changed behind the diary’s back breaks the chain at its entry', () => {
    const here = county()
    plotIn(here)
    plotIn(here, { code: 'CW-002' })
    here.store.db.exec(`update change set fields = replace(fields, '12.5', '99.5') where seq = 2`)
    expect(chainFault(here.store.db)).toEqual({ seq: 2, reason: 'values' })
    here.store.db.exec("update act set actor = 'nobody' where seq = 1")
    expect(chainFault(here.store.db)).toEqual({ seq: 1, reason: 'act' })
  })

  test('a redacted phone number is gone from record and diary, and the chain still holds', () => {
    const here = county()
    const id = plotIn(here, { phone: '13873712345' })
    expect(here.store.redact(liu, id, ['phone'], '本人要求删除')).toBe(1)
    expect(here.store.record(id)?.fields).toEqual(expect.objectContaining({ code: 'CW-001', area: 12.5 }))
    for (const table of ['record', 'change'])
      expect(JSON.stringify(here.store.db.query(`select * from ${table}`).all())).not.toContain('13873712345')
    expect(chainFault(here.store.db)).toBeUndefined()
    expect(here.store.history(id)[0]?.changes[0]).toMatchObject({ redacted: true, fields: {} })
  })

  test('a redacted number is gone from the question two people left about it and from an act that still waits, and cannot be guessed from a digest', () => {
    const here = county()
    const id = plotIn(here, { phone: '13873712345' })
    here.act(liu, { name: 'agri.plot.amended', record: id, base: 1, fields: { phone: '13873700001' } })
    const asked = here.store.act(
      wen,
      {
        id: newId(),
        name: 'agri.plot.amended',
        record: id,
        base: 1,
        fields: { phone: '13873700002', area: 13 },
      },
      { onOverlap: 'question' },
    )
    expect(asked.outcome).toBe('question')
    const waits = here.store.act(wen, {
      id: newId(),
      name: 'agri.plot.amended',
      record: id,
      base: 3,
      fields: { phone: '13873700003' },
      after: [newId()],
    })
    expect(waits.outcome).toBe('held')
    here.store.redact(liu, id, ['phone'], '本人要求删除')
    for (const table of ['record', 'change', 'held', 'mark'])
      expect(JSON.stringify(here.store.db.query(`select * from "${table}"`).all())).not.toMatch(/138737\d{5}/)
    expect(here.store.record(id)?.fields.area).toBe(13)
    const question = here.store.db
      .query("select body from record where dataset = 'kernel.question'")
      .get() as { body: string }
    expect(JSON.parse(question.body)).toMatchObject({ state: 'answered', values: '{}' })
    expect(
      here.store.db.query('select count(*) n from change where fields is null and length(salt) > 0').get(),
    ).toEqual({ n: 0 })
    expect(chainFault(here.store.db)).toBeUndefined()
    expectReplayed(here)
  })

  test('a box whose clock jumped back to 1970 goes on in order, and a phone set to 2099 is marked and not believed', () => {
    let now = Date.parse('2026-11-20T08:00:00Z')
    const here = county({ now: () => now })
    plotIn(here)
    now = 0
    const id = plotIn(here, { code: 'CW-002' })
    expect(here.store.history(id)[0]?.at).toBe('2026-11-20T08:00:00.000Z')
    here.act(wen, {
      name: 'agri.plot.amended',
      record: id,
      base: 1,
      at: '2099-01-01T00:00:00Z',
      fields: { area: 1 },
    })
    expect(here.store.history(id)[1]).toMatchObject({ clock: 'ahead', at: '2026-11-20T08:00:00.000Z' })
  })
})

describe('lists', () => {
  test('two characters find the plot, one character too, and characters that only meet across a gap do not', async () => {
    const here = county()
    plotIn(here, { code: 'CW-001', note: '南洞庭湖边,砂壤土' })
    plotIn(here, { code: 'CW-002', note: '洞庭南路口' })
    await here.settle()
    const find = async (q: string) =>
      (await here.desk(wen).list(plots, { q })).records.map((each) => each.fields.code)
    expect(await find('洞庭')).toEqual(['CW-002', 'CW-001'])
    expect(await find('南洞庭')).toEqual(['CW-001'])
    expect(await find('砂')).toEqual(['CW-001'])
    expect(await find('芦笋')).toEqual(['CW-002', 'CW-001'])
    expect(await find('cw-001')).toEqual(['CW-001'])
    expect((await here.desk(cao).search('洞庭')).length).toBe(0)
    expect((await here.desk(liu).search('洞庭')).map((hit) => hit.label)).toEqual(['CW-002', 'CW-001'])
  })

  test('paging by key visits every record once, in order, with filters and sorts, whatever is written meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 60 }),
        fc.constantFrom(undefined, 'area', '-area', 'note', '-note'),
        fc.integer({ min: 1, max: 7 }),
        async (areas, sort, limit) => {
          const here = county()
          for (const [i, area] of areas.entries())
            plotIn(here, { code: `P${i}`, area, ...(area % 3 ? { note: `n${area}` } : {}) })
          const seen: string[] = []
          let cursor: string | undefined
          do {
            const page: { records: { fields: { code: string } }[]; next?: string } = await here
              .desk(wen)
              .list(plots, { sort, limit, cursor })
            seen.push(...page.records.map((each) => each.fields.code))
            cursor = page.next
          } while (cursor)
          expect(seen.length).toBe(areas.length)
          expect(new Set(seen).size).toBe(areas.length)
          if (sort === 'area')
            expect(seen.map((code) => areas[Number(code.slice(1))]!)).toEqual(
              [...areas].sort((a, b) => a - b),
            )
        },
      ),
      { numRuns: 40 },
    )
  })

  test('filters combine, ranges bound, and a filter by what is no value finds nothing', async () => {
    const here = county()
    plotIn(here, { code: 'A', crop: 'reed', area: 5 })
    plotIn(here, { code: 'B', crop: 'rice', area: 15 })
    const codes = async (filter: Record<string, unknown>) =>
      (await here.desk(liu).list(plots, { filter })).records.map((each) => each.fields.code)
    expect(await codes({ crop: 'rice' })).toEqual(['B'])
    expect(await codes({ crop: ['rice', 'reed'] })).toEqual(['B', 'A'])
    expect(await codes({ area: { from: 10 } })).toEqual(['B'])
    expect(await codes({ crop: 'wheat' })).toEqual([])
    expect(await here.desk(liu).count(plots, { filter: { crop: 'reed' } })).toEqual({ n: 1, capped: false })
  })
})

test('a database of a newer version is not opened', () => {
  const db = new Database(':memory:')
  migrate(db, [...core, 'create table tomorrow(x)'])
  expect(() => migrate(db, core)).toThrow(NewerDatabase)
})

test('ids rise, derived ids repeat, and both are UUIDv7', () => {
  const ids = Array.from({ length: 2000 }, () => newId())
  expect([...ids].sort()).toEqual(ids)
  expect(ids.every(isId)).toBe(true)
  expect(derivedId(ids[0]!, 3)).toBe(derivedId(ids[0]!, 3))
  expect(isId(derivedId(ids[0]!, 3))).toBe(true)
  expect(new Set(Array.from({ length: 2000 }, (_, n) => derivedId(ids[0]!, n))).size).toBe(2000)
})
