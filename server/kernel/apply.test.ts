// What was decided elsewhere comes in by the same door. County and prefecture in one process, no wire between them.

import { afterEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type County, people, sampleCounty } from '../../tests/county.ts'
import type { Actor } from './access.ts'
import { rule } from './acts.ts'
import { dataset } from './dataset.ts'
import { chainFault } from './diary.ts'
import { date, decimal, division, text } from './fields.ts'
import { derivedId, newId } from './ids.ts'
import type { Part } from './part.ts'
import { questions } from './questions.ts'
import { refuse } from './refusal.ts'

const batches = dataset('agri.batch', {
  title: { zh: '批次', en: 'Batch' },
  fields: {
    code: text({ zh: '批次号', en: 'Code' }).key(),
    kilos: decimal({ zh: '数量', en: 'Quantity' }).min(0),
    sold: decimal({ zh: '已售', en: 'Sold' }).min(0).initial(0),
    day: date({ zh: '采收日期', en: 'Day' }).optional(),
    town: division({ zh: '乡镇', en: 'Township' }),
  },
  keeper: 'county',
})
const part: Part = {
  name: 'agri',
  title: { zh: '农业', en: 'Agriculture' },
  datasets: [batches],
  rules: [
    rule(batches, (batch) => {
      if (batch.fields.sold > batch.fields.kilos)
        refuse({ zh: '已售多于采收', en: 'More sold than harvested.' }, { field: 'sold' })
    }),
  ],
  codes: [
    {
      name: 'division',
      title: { zh: '区划', en: 'Divisions' },
      codes: {
        '4309': { zh: '益阳市', en: 'Yiyang' },
        '430981': { zh: '沅江市', en: 'Yuanjiang' },
        '430981114': { zh: '草尾镇', en: 'Caowei' },
      },
    },
  ],
  grants: [{ role: 'department-clerk', read: ['*'], act: ['*'] }],
}
const county = people.liu
const above = { ...people.liu, id: 'chen', name: '陈科长', division: '4309' }

let open: County[] = []
afterEach(async () => {
  await Promise.all(open.map((each) => each.close()))
  open = []
})

function twoTiers() {
  const box = sampleCounty({ modules: [part] })
  const prefecture = sampleCounty({ modules: [part], division: '4309' })
  box.store.knowNode(prefecture.store.node.id, '4309')
  prefecture.store.knowNode(box.store.node.id, '430981')
  open.push(box, prefecture)
  return { box, prefecture }
}

/** Everything born at `from`, as a package would carry it, into `to`. */
function carry(from: County, to: County, after = 0) {
  const authority = {
    division:
      from.store.node.division.length < to.store.node.division.length
        ? to.store.node.division
        : from.store.node.division,
    node: from.store.node.id,
  }
  return from.store
    .acts(after, 100_000)
    .filter((act) => act.origin === from.store.node.id)
    .map((act) =>
      to.store.apply(
        {
          ...act,
          changes: act.changes.map((change) => ({ ...change, knows: knownOf(from, act.seq, change.record) })),
        },
        authority,
      ),
    )
}

function knownOf(from: County, seq: number, record: string) {
  const before = from.store.history(record).filter((each) => each.seq < seq)
  return Object.fromEntries(before.map((each) => [each.origin, each.id]))
}

const register = (at: County, more: Record<string, unknown> = {}) => {
  const id = newId()
  expect(
    at.act(county, {
      name: 'agri.batch.created',
      record: id,
      fields: { code: `B-${id.slice(-6)}`, kilos: 320, town: '430981114', ...more },
    }).outcome,
  ).toBe('accepted')
  return id
}

describe('a package’s acts', () => {
  test('give the prefecture the same records, keep who decided and where, and change nothing the second time', () => {
    const { box, prefecture } = twoTiers()
    const id = register(box)
    box.act(county, { name: 'agri.batch.amended', record: id, base: 1, fields: { sold: 100 } })
    expect(carry(box, prefecture).map((each) => each.outcome)).toEqual(['accepted', 'accepted'])
    expect(prefecture.store.record(id)?.fields).toEqual(box.store.record(id)!.fields)
    expect(prefecture.store.history(id)[0]).toMatchObject({ by: '刘建国', origin: box.store.node.id })
    const seq = prefecture.store.seq
    expect(carry(box, prefecture).map((each) => each.outcome)).toEqual(['repeated', 'repeated'])
    expect(prefecture.store.seq).toBe(seq)
    expect(chainFault(prefecture.store.db)).toBeUndefined()
  })

  test('are refused outside the sender’s division, for unknown datasets, wrong values and records that never came', () => {
    const { box, prefecture } = twoTiers()
    register(box)
    const [act] = box.store.acts(0)
    const sent = (change: object, authority = '430981') =>
      prefecture.store.apply(
        { ...act!, id: newId(), changes: [{ ...act!.changes[0]!, record: newId(), ...change }] },
        { division: authority, node: box.store.node.id },
      )
    expect(sent({}, '430922')).toMatchObject({ outcome: 'refused', kind: 'access' })
    expect(sent({ dataset: 'agri.unknown' })).toMatchObject({ outcome: 'refused' })
    expect(sent({ fields: { ...act!.changes[0]!.fields, kilos: -5 } })).toMatchObject({
      outcome: 'refused',
      field: 'kilos',
    })
    expect(sent({ division: undefined })).toMatchObject({ outcome: 'refused', kind: 'missing' })
    expect(prefecture.store.seq).toBe(0)
  })
})

describe('both tiers changed the same record without knowing', () => {
  test('different fields merge, and both ends say the same', () => {
    const { box, prefecture } = twoTiers()
    const id = register(box)
    carry(box, prefecture)
    box.act(county, { name: 'agri.batch.amended', record: id, base: 1, fields: { sold: 50 } })
    prefecture.act(above, { name: 'agri.batch.amended', record: id, base: 1, fields: { day: '2026-03-05' } })
    carry(box, prefecture)
    carry(prefecture, box)
    expect(prefecture.store.record(id)?.fields).toEqual(box.store.record(id)!.fields)
    expect(box.store.record(id)?.fields).toMatchObject({ sold: 50, day: '2026-03-05' })
  })

  test('the same field: the keeper’s side stands at both ends, the other value is one question', () => {
    const { box, prefecture } = twoTiers()
    const id = register(box)
    carry(box, prefecture)
    box.act(county, { name: 'agri.batch.amended', record: id, base: 1, fields: { kilos: 300 } })
    prefecture.act(above, { name: 'agri.batch.amended', record: id, base: 1, fields: { kilos: 280 } })
    expect(carry(box, prefecture).at(-1)?.outcome).toBe('question')
    carry(prefecture, box)
    for (const end of [box, prefecture]) {
      expect(end.store.record(id)?.fields.kilos).toBe(300)
      const [question] = end.store.look.find(questions, { record: id })
      expect(JSON.parse(question!.fields.values as string).kilos).toMatchObject({ standing: 300, other: 280 })
      expect(end.store.look.find(questions, { record: id })).toHaveLength(1)
    }
  })

  test('both wrote the same day, and one of them another one after it: both ends say the same in the end', () => {
    const { box, prefecture } = twoTiers()
    const id = register(box)
    carry(box, prefecture)
    const amend = (at: County, who: Actor, day: string) =>
      at.act(who, {
        name: 'agri.batch.amended',
        record: id,
        base: at.store.record(id)!.version,
        fields: { day },
      })
    amend(prefecture, above, '2026-03-05')
    amend(box, county, '2026-03-05')
    amend(prefecture, above, '2026-03-02')
    carry(box, prefecture)
    carry(prefecture, box)
    expect(box.store.record(id)?.fields.day).toBe('2026-03-05')
    expect(prefecture.store.record(id)?.fields.day).toBe('2026-03-05')
    expect(JSON.stringify(box.store.look.find(questions, { record: id }))).toContain('2026-03-02')
  })

  test('rules run again after a merge: each side was right alone, together a person is asked', () => {
    const { box, prefecture } = twoTiers()
    const id = register(box, { kilos: 320 })
    carry(box, prefecture)
    box.act(county, { name: 'agri.batch.amended', record: id, base: 1, fields: { sold: 300 } })
    prefecture.act(above, { name: 'agri.batch.amended', record: id, base: 1, fields: { kilos: 200 } })
    expect(carry(prefecture, box).at(-1)?.outcome).toBe('question')
    expect(box.store.look.find(questions, { record: id })[0]?.fields.reason).toBe('已售多于采收')
  })

  test('whatever both ends write, once everything was carried both ways the records agree and no value is lost', () => {
    const step = fc.record({
      end: fc.boolean(),
      field: fc.constantFrom('kilos', 'sold', 'day'),
      n: fc.integer({ min: 1, max: 99 }),
    })
    fc.assert(
      fc.property(
        fc.array(fc.oneof(step, fc.constantFrom('up' as const, 'down' as const)), { maxLength: 25 }),
        (steps) => {
          const { box, prefecture } = twoTiers()
          const id = register(box, { kilos: 1000 })
          carry(box, prefecture)
          const written: { field: string; value: unknown }[] = []
          for (const each of steps) {
            if (each === 'up') carry(box, prefecture)
            else if (each === 'down') carry(prefecture, box)
            else {
              const end = each.end ? box : prefecture
              const value =
                each.field === 'day'
                  ? `2026-03-${String((each.n % 28) + 1).padStart(2, '0')}`
                  : each.field === 'kilos'
                    ? 1000 + each.n
                    : each.n
              const receipt = end.act(each.end ? county : above, {
                name: 'agri.batch.amended',
                record: id,
                base: end.store.record(id)!.version,
                fields: { [each.field]: value },
              })
              if (receipt.outcome === 'accepted') written.push({ field: each.field, value })
            }
          }
          carry(box, prefecture)
          carry(prefecture, box)
          expect(prefecture.store.record(id)!.fields).toEqual(box.store.record(id)!.fields)
          // Every value somebody wrote stands, or is in the diary of an end that had written it, or waits in a question.
          const kept = JSON.stringify([
            box.store.history(id),
            prefecture.store.history(id),
            box.store.look.find(questions, { record: id }),
            prefecture.store.look.find(questions, { record: id }),
          ])
          for (const { value } of written) expect(kept).toContain(JSON.stringify(value))
        },
      ),
      { numRuns: Number(process.env.XIANHE_HISTORIES ?? 150) },
    )
  })
})

describe('reactions', () => {
  test('a reaction that fails steps aside, the rest flows, and it is done once when it can be', async () => {
    let broken = true
    const follow = dataset('agri.note', {
      title: { zh: '记事', en: 'Note' },
      fields: { about: text({ zh: '关于', en: 'About' }) },
      keeper: 'county',
    })
    const reacting: Part = {
      ...part,
      datasets: [batches, follow],
      reactions: [
        {
          name: 'agri.note-every-batch',
          on: ['agri.batch.created'],
          run: (act, system) => {
            const { code } = act.changes[0]!.fields
            if (broken && code === 'B-2') throw new Error('类别缺失')
            system.act({
              id: derivedId(act.id, 'note'),
              name: 'agri.note.created',
              record: derivedId(act.id, 'note record'),
              fields: { about: code },
            })
          },
        },
      ],
    }
    const here = sampleCounty({ modules: [reacting] })
    open.push(here)
    for (const code of ['B-1', 'B-2', 'B-3'])
      here.act(county, {
        name: 'agri.batch.created',
        record: newId(),
        fields: { code, kilos: 1, town: '430981114' },
      })
    await here.settle()
    const noted = () =>
      here.store.look
        .find(follow, {})
        .map((each) => each.fields.about)
        .sort()
    expect(noted()).toEqual(['B-1', 'B-3'])
    expect(here.store.db.query('select reason from aside').all()).toEqual([{ reason: '类别缺失' }])
    broken = false
    await here.reactions.retryAside()
    await here.reactions.retryAside()
    expect(noted()).toEqual(['B-1', 'B-2', 'B-3'])
    expect(here.store.db.query('select * from aside').all()).toEqual([])
    expect(here.diary().filter((name) => name === 'agri.note.created')).toHaveLength(3)
    expect(here.store.acts(0).find((act) => act.name === 'agri.note.created')?.cause).toBe(
      here.store.acts(0)[0]!.id,
    )
  })
})
