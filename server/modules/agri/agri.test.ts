import { afterEach, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type County, sampleCounty } from '../../../tests/county.ts'
import { gs1Check } from '../../kernel/checks.ts'
import { base } from '../base/index.ts'
import { batches, certificates, farmRecords, harvests, plots } from './dataset.ts'
import { dayWords } from './days.ts'
import { agri } from './index.ts'
import { reedScene } from './scene.ts'
import { traceCodeFault } from './trace-code.ts'

let county: County
afterEach(() => county.close())
const scene = (now?: () => number) => {
  county = sampleCounty({ modules: [base, agri], now })
  return reedScene(county.store)
}
const on = (day: string) => () => Date.parse(`${day}T02:00:00Z`)

describe('a batch from the plot to the certificate', () => {
  test('a reed-shoot batch is opened, sprayed, harvested, inspected and certified, and the diary tells it', () => {
    const s = scene()
    const id = s.batch()
    expect(s.spray(id, 30).outcome).toBe('accepted')
    expect(s.harvest(id, 5).outcome).toBe('accepted')
    expect(s.stateOf(id)).toBe('harvested')
    expect(
      s.step(id, 'inspected', {
        kind: 'rapid',
        sampled: s.day(4),
        on: s.day(4),
        items: '有机磷和氨基甲酸酯',
        value: 8.2,
        verdict: 'pass',
      }).outcome,
    ).toBe('accepted')
    expect(s.stateOf(id)).toBe('inspected')
    expect(s.certify(id, { basis: ['own-test'] }).outcome).toBe('accepted')
    expect(s.stateOf(id)).toBe('certified')
    expect(county.diary(id)).toEqual([
      'agri.batch.opened',
      'agri.batch.harvested',
      'agri.batch.inspected',
      'agri.batch.certified',
    ])
    const [certificate] = s.store.look.find(certificates, { batch: id })
    expect(certificate!.fields).toMatchObject({
      product: '沅江芦笋(鲜)',
      quantity: 320,
      origin: '湖南省益阳市沅江市草尾镇',
      issuer: '草尾镇芦香种植专业合作社',
      contact: '0737-2721234',
      issued: s.today,
      commitment: '未使用禁用农药、兽药及其他化合物；使用的常规农药、兽药残留不超标。',
      basis: ['own-test'],
      state: 'valid',
    })
    expect(certificate!.fields.number).toBe(`${s.store.look.read(batches, id)!.fields.code}-01`)
  })

  test('a plot drawn on the map measures itself and gets a number with a check digit', () => {
    const s = scene()
    const square = [
      [112.5, 29.0],
      [112.503, 29.0],
      [112.503, 29.002],
      [112.5, 29.002],
      [112.5, 29.0],
    ]
    const receipt = s.does(s.mei, 'agri.plot.registered', undefined, {
      name: '芦苇场西 1 号',
      crop: 'reed-shoot',
      shape: { type: 'Polygon', coordinates: [square] },
      division: '430981114',
    })
    expect(receipt.outcome).toBe('accepted')
    const plot = s.store.look.read(plots, receipt.record)!
    expect(plot.fields.area).toBeCloseTo(97.4, 0)
    expect(plot.fields.code).toMatch(/^4309811141\d{6}$/)
    expect(gs1Check(plot.fields.code.slice(0, -1))).toBe(plot.fields.code.at(-1)!)
    expect(plot.fields.entity).toBe(s.coop)
  })

  test('a fish cannot grow on a reed field', () => {
    const s = scene()
    const receipt = s.does(s.mei, 'agri.batch.opened', undefined, {
      product: s.fish,
      plot: s.plot,
      started: s.today,
    })
    expect(receipt).toMatchObject({ outcome: 'refused', field: 'plot' })
    expect(receipt.message!.zh).toContain('水产地块')
  })

  test('work on a batch of two plots is written for both', () => {
    const s = scene()
    const id = s.batch()
    expect(s.step(id, 'plot-added', { plot: s.plot2 }).outcome).toBe('accepted')
    s.spray(id, 30)
    expect(
      s.store.look
        .find(farmRecords, { batch: id })
        .map((each) => each.fields.plot)
        .sort(),
    ).toEqual([s.plot, s.plot2].sort())
  })
})

describe('the safety interval', () => {
  test('a harvest inside the interval is refused with the earliest day', () => {
    const s = scene(on('2026-06-10'))
    const id = s.batch(60, s.rice)
    s.spray(id, 7, s.chlorpyrifos) // 3 June
    const receipt = s.harvest(id, 0)
    expect(receipt.outcome).toBe('refused')
    expect(receipt.message!.zh).toStartWith('毒死蜱乳油 6月3日施用,安全间隔期 21 天,最早 6月24日可采收')
    expect(s.store.look.find(harvests, { batch: id })).toEqual([])
  })

  test('a harvest on the first possible day is accepted, one day before is not', () => {
    const s = scene(on('2026-06-24'))
    const id = s.batch(60, s.rice)
    s.spray(id, 21, s.chlorpyrifos) // 3 June
    expect(s.harvest(id, 1).outcome).toBe('refused')
    expect(s.harvest(id, 0).outcome).toBe('accepted')
  })

  test('a certificate inside the interval is refused with the earliest day, also when the harvest was admitted', () => {
    const s = scene(on('2026-06-10'))
    const id = s.batch(60, s.rice)
    s.spray(id, 7, s.chlorpyrifos)
    expect(s.harvest(id, 0, 500, { admitted: true }).outcome).toBe('accepted')
    expect(s.stateOf(id)).toBe('held')
    const held = s.certify(id)
    expect(held.outcome).toBe('refused')
    expect(held.message!.zh).toContain('最早 6月24日可采收')
    // Released by the bureau: the days still do not fit.
    expect(s.step(id, 'released', { reason: '已核实' }, s.liu).outcome).toBe('accepted')
    const again = s.certify(id)
    expect(again.outcome).toBe('refused')
    expect(again.message!.zh).toBe(
      '毒死蜱乳油 6月3日施用,安全间隔期 21 天,最早 6月24日可采收;本批 6月10日已采收,不到安全间隔期,不能开具合格证',
    )
  })

  test('a spray found out later still stops the certificate', () => {
    const s = scene()
    const id = s.batch()
    s.harvest(id, 5)
    s.spray(id, 8)
    expect(s.certify(id).message!.zh).toContain(`最早 ${dayWords(s.day(-2), s.today).zh}可采收`)
  })

  test('what was sprayed on the neighbour crop of the same plot counts', () => {
    const s = scene()
    const ricing = s.batch(90, s.rice)
    s.spray(ricing, 9) // 吡虫啉 waits 10 days on reed shoots
    const reed = s.batch(40)
    expect(s.harvest(reed, 0).message!.zh).toContain('吡虫啉乳油')
    expect(s.harvest(reed, 0).outcome).toBe('refused')
  })

  test('an interval nobody registered is not taken for safe', () => {
    const s = scene()
    const id = s.batch()
    s.spray(id, 50, s.unlisted)
    expect(s.harvest(id, 1).outcome).toBe('accepted')
    const receipt = s.certify(id)
    expect(receipt.outcome).toBe('refused')
    expect(receipt.message!.zh).toContain('安全间隔期没有登记,无法确认是否已过')
  })

  test('too many uses in a season are refused', () => {
    const s = scene()
    const id = s.batch()
    expect([s.spray(id, 50).outcome, s.spray(id, 40).outcome]).toEqual(['accepted', 'accepted'])
    expect(s.spray(id, 30).message!.zh).toContain('每季最多使用 2 次,本批已用 2 次')
  })
})

describe('what must not be used', () => {
  test('a banned substance is refused with its source; who used it all the same writes it down, and the batch is held', () => {
    const s = scene(on('2026-08-01'))
    const id = s.batch(60, s.rice)
    const receipt = s.spray(id, 3, s.methomyl)
    expect(receipt.message!.zh).toContain(
      '灭多威,自 2026-06-01 起禁止在该类作物上使用(农业农村部公告第 736 号)',
    )
    expect(s.spray(id, 3, s.methomyl, { admitted: true }).outcome).toBe('accepted')
    expect(s.stateOf(id)).toBe('held')
  })

  test('a ban holds from its day on and not before', () => {
    const s = scene(on('2026-06-05'))
    const id = s.batch(60, s.rice)
    expect(s.spray(id, 5, s.methomyl).outcome).toBe('accepted') // 31 May
    expect(s.spray(id, 4, s.methomyl).outcome).toBe('refused') // 1 June
  })

  test('a highly toxic pesticide never goes on vegetables, whatever the ban list says', () => {
    const s = scene(on('2026-05-20'))
    const id = s.batch(60)
    expect(s.spray(id, 3, s.methomyl).message!.zh).toContain('农药管理条例第三十四条')
  })

  test('a reed shoot is a vegetable: chlorpyrifos is refused on it and allowed on rice', () => {
    const s = scene()
    expect(s.spray(s.batch(60), 30, s.chlorpyrifos).outcome).toBe('refused')
    expect(s.spray(s.batch(60, s.rice), 30, s.chlorpyrifos).outcome).toBe('accepted')
  })
})

describe('mass balance', () => {
  test('a certificate for more than was harvested is refused and says how much is left', () => {
    const s = scene()
    const id = s.batch()
    expect(s.certify(id).message!.zh).toContain('还没有采收记录')
    s.harvest(id, 5, 320)
    expect(s.certify(id, { quantity: 200 }).outcome).toBe('accepted')
    const receipt = s.certify(id, { quantity: 120.001 })
    expect(receipt).toMatchObject({ outcome: 'refused', field: 'quantity' })
    expect(receipt.message!.zh).toContain('共采收 320 公斤,已开具 200 公斤,最多还能开具 120 公斤')
    expect(s.certify(id).outcome).toBe('accepted')
    expect(s.store.look.find(certificates, { batch: id })[0]!.fields.quantity).toBe(120)
    expect(s.certify(id).message!.zh).toContain('全部开具合格证')
  })

  test('a voided certificate frees its quantity and stays readable for ever', () => {
    const s = scene()
    const id = s.batch()
    s.harvest(id, 5, 100)
    const first = s.certify(id)
    const paper = s.store.look.find(certificates, { batch: id })[0]!
    expect(first.outcome).toBe('accepted')
    expect(s.does(s.mei, 'agri.certificate.voided', paper.id, { reason: '数量写错' }).outcome).toBe(
      'accepted',
    )
    expect(s.stateOf(id)).toBe('harvested')
    expect(s.does(s.mei, 'agri.certificate.voided', paper.id, { reason: '再作废' }).outcome).toBe('refused')
    expect(s.certify(id, { quantity: 90 }).outcome).toBe('accepted')
    expect(
      s.store.look
        .find(certificates, { batch: id })
        .map((each) => [each.fields.number!.slice(-2), each.fields.state, each.fields.quantity]),
    ).toEqual([
      ['02', 'valid', 90],
      ['01', 'void', 100],
    ])
  })

  test('an issued certificate is not edited, not even by the box itself', () => {
    const s = scene()
    const id = s.batch()
    s.harvest(id, 5, 100)
    s.certify(id)
    const paper = s.store.look.find(certificates, { batch: id })[0]!
    expect(
      s.does(s.store.system, 'agri.certificate.amended', paper.id, { quantity: 999 }).message!.zh,
    ).toContain('不能修改')
    expect(s.does(s.store.system, 'agri.certificate.withdrawn', paper.id, {}).outcome).toBe('refused')
    expect(s.does(s.mei, 'agri.certificate.amended', paper.id, { quantity: 999 }).outcome).toBe('refused')
  })

  test('a harvest cannot be corrected below what is certified', () => {
    const s = scene()
    const id = s.batch()
    s.harvest(id, 5, 100)
    s.certify(id, { quantity: 80 })
    const taken = s.store.look.find(harvests, { batch: id })[0]!
    expect(
      s.does(s.mei, 'agri.harvest.corrected', taken.id, { quantity: 79, reason: '过磅单' }).message!.zh,
    ).toContain('请先作废多开的合格证')
    expect(
      s.does(s.mei, 'agri.harvest.corrected', taken.id, { quantity: 80, reason: '过磅单' }).outcome,
    ).toBe('accepted')
  })

  test('whatever is harvested, certified, corrected and voided in whatever order, never more is certified than harvested', () => {
    const s = scene()
    type Move = { kind: 'harvest' | 'certify' | 'void' | 'correct'; grams: number; pick: number }
    const move: fc.Arbitrary<Move> = fc.record({
      kind: fc.constantFrom('harvest', 'certify', 'void', 'correct'),
      grams: fc.integer({ min: 10, max: 300_000 }),
      pick: fc.nat(20),
    })
    let accepted = 0
    let refused = 0
    fc.assert(
      fc.property(fc.array(move, { minLength: 3, maxLength: 15 }), (moves) => {
        const id = s.batch()
        for (const { kind, grams, pick } of moves) {
          const papers = s.store.look.find(certificates, { batch: id })
          const taken = s.store.look.find(harvests, { batch: id })
          const kilos = grams / 1000
          const receipt =
            kind === 'harvest'
              ? s.harvest(id, 5, kilos)
              : kind === 'certify'
                ? s.certify(id, { quantity: kilos })
                : kind === 'void'
                  ? papers.length > 0 &&
                    s.does(s.mei, 'agri.certificate.voided', papers[pick % papers.length]!.id, {
                      reason: '试',
                    })
                  : taken.length > 0 &&
                    s.does(s.mei, 'agri.harvest.corrected', taken[pick % taken.length]!.id, {
                      quantity: kilos,
                      reason: '试',
                    })
          if (receipt) receipt.outcome === 'accepted' ? accepted++ : refused++
          const sum = (all: { fields: { quantity: number } }[]) =>
            all.reduce((total, each) => total + Math.round(each.fields.quantity * 1000), 0)
          const given = sum(s.store.look.find(certificates, { batch: id, state: 'valid' }))
          if (given > sum(s.store.look.find(harvests, { batch: id }))) return false
        }
        return true
      }),
      { numRuns: 60 },
    )
    // The property means nothing when everything is refused, or nothing.
    expect(accepted).toBeGreaterThan(50)
    expect(refused).toBeGreaterThan(20)
  })
})

describe('inspections', () => {
  test('a passed test as basis needs a passed test of that kind, of that batch, not younger than the certificate', () => {
    const s = scene()
    const id = s.batch()
    s.harvest(id, 5)
    expect(s.certify(id, { basis: ['own-test'] }).message!.zh).toContain('没有对应的合格检测')
    s.step(id, 'inspected', {
      kind: 'rapid',
      sampled: s.day(1),
      on: s.day(1),
      items: '农药残留',
      verdict: 'pass',
    })
    expect(s.certify(id, { basis: ['commissioned-test'] }).outcome).toBe('refused')
    const early = s.certify(id, { basis: ['own-test'], issued: s.day(2) })
    expect(early.message!.zh).toContain(`最早只能开 ${dayWords(s.day(1), s.today).zh}`)
    expect(s.certify(id, { basis: ['own-test'] }).outcome).toBe('accepted')
  })

  test('a failed inspection holds the batch and voids its certificates in the same act', () => {
    const s = scene()
    const id = s.batch()
    s.harvest(id, 5)
    s.certify(id)
    s.does(s.liu, 'agri.batch.inspected', id, {
      kind: 'supervised',
      sampled: s.day(1),
      on: s.today,
      items: '克百威',
      verdict: 'fail',
    })
    expect(s.stateOf(id)).toBe('held')
    expect(s.store.look.find(certificates, { batch: id })[0]!.fields).toMatchObject({
      state: 'void',
      'voided-on': s.today,
    })
    expect(s.certify(id).message!.zh).toContain('本批已隔离')
  })

  test('an operator does not record supervised sampling', () => {
    const s = scene()
    expect(
      s.step(s.batch(), 'inspected', {
        kind: 'supervised',
        sampled: s.day(1),
        on: s.today,
        items: '克百威',
        verdict: 'pass',
      }).message!.zh,
    ).toContain('由农业农村部门登记')
  })
})

describe('who may write', () => {
  test('a clerk of one operator writes only for that operator', () => {
    const s = scene()
    const id = s.batch()
    const stranger = { ...s.mei, id: 'other', entity: s.other }
    expect(s.step(id, 'harvested', { on: s.day(1), quantity: 10 }, stranger)).toMatchObject({
      outcome: 'refused',
      kind: 'access',
    })
    expect(s.step(id, 'released', { reason: '自行解除' })).toMatchObject({
      outcome: 'refused',
      kind: 'access',
    })
  })

  test('a township worker does not reach into another township', () => {
    const s = scene()
    const id = s.batch()
    expect(s.step(id, 'harvested', { on: s.day(1), quantity: 10 }, county.people.wen).outcome).toBe(
      'accepted',
    )
    expect(s.step(id, 'harvested', { on: s.day(1), quantity: 10 }, county.people.cao)).toMatchObject({
      outcome: 'refused',
      kind: 'access',
    })
  })

  test('a closed batch takes nothing more, and says what became of it', () => {
    const s = scene()
    const id = s.batch()
    expect(s.step(id, 'closed', {}).message!.zh).toContain('写明处置情况')
    expect(s.step(id, 'closed', { outcome: '自食' }).outcome).toBe('accepted')
    expect(s.harvest(id, 1).message!.zh).toContain('批次已结束')
  })
})

test('trace codes carry a check digit that finds a mistyped digit', () => {
  const s = scene()
  const code = s.store.look.read(batches, s.batch())!.fields.code!
  expect(code).toMatch(/^430981114\d{11}$/)
  expect(traceCodeFault(code)).toBeUndefined()
  const wrong = code.slice(0, 12) + ((Number(code[12]) + 1) % 10) + code.slice(13)
  expect(traceCodeFault(wrong)!.zh).toContain('可能有一位输错')
})

test('two batches of one day on one plot get two codes', () => {
  const s = scene()
  const codes = Array.from({ length: 30 }, () => s.store.look.read(batches, s.batch(10))!.fields.code)
  expect(new Set(codes).size).toBe(30)
})

test('a bar code with a mistyped digit is refused', () => {
  const s = scene()
  const fields = { code: 'CP090', name: '样品', crop: 'rice', category: 'other', gtin: '6901234567893' }
  expect(s.does(s.liu, 'agri.product.created', undefined, fields)).toMatchObject({
    outcome: 'refused',
    field: 'gtin',
  })
  expect(s.does(s.liu, 'agri.product.created', undefined, { ...fields, gtin: '6901234567892' }).outcome).toBe(
    'accepted',
  )
})
