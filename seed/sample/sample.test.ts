import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  creditCodeFault,
  gs1Check,
  idNumberFault,
  orgCodeCheck,
  phoneFault,
} from '../../server/kernel/checks.ts'
import type { Rec } from '../../server/kernel/dataset.ts'
import { isGeometry } from '../../server/kernel/geo.ts'
import { useInTheWay, usesOn } from '../../server/modules/agri/safety.ts'
import { traceCodeFault } from '../../server/modules/agri/trace-code.ts'
import { dayOf, dayStart, takeSeals } from '../../server/telemetry/archive.ts'
import { closeTelemetry, openTelemetry } from '../../server/telemetry/open.ts'
import { type County, sampleCounty } from '../../tests/county.ts'
import divisions from '../codes/divisions.json' with { type: 'json' }
import { type Seeded, seed } from './index.ts'

const scale = 0.04
let county: County
let seeded: Seeded
const folder = mkdtempSync(join(tmpdir(), 'xianhe-sample-'))
const telemetry = openTelemetry(join(folder, 'telemetry.db')).db
const place = { db: telemetry, archiveDir: join(folder, 'archive') }
const rowsOf = (): number => telemetry.query<{ n: number }, []>('select count(*) as n from reading').get()!.n

beforeAll(async () => {
  county = sampleCounty()
  seeded = await seed({ store: county.store, scale, telemetry: place, days: 12 })
}, 60_000)
afterAll(async () => {
  closeTelemetry(telemetry)
  await county.close()
  rmSync(folder, { recursive: true })
})

const all = (dataset: string): Rec<any>[] => county.store.look.find(dataset, {}, 100_000)

describe('the sample county', () => {
  test('every number in it passes its check digit', () => {
    for (const { fields } of all('base.entity')) {
      expect(creditCodeFault(fields.code)).toBeUndefined()
      expect(orgCodeCheck(fields.code.slice(8, 16))).toBe(fields.code[16])
      expect(phoneFault(fields.phone)).toBeUndefined()
    }
    for (const { fields } of all('base.person')) {
      expect(idNumberFault(fields['id-number'])).toBeUndefined()
      expect(Number(fields['id-number'][16]) % 2 === 1 ? 'male' : 'female').toBe(fields.sex)
    }
    for (const { fields } of [...all('agri.plot')])
      expect(gs1Check(fields.code.slice(0, -1))).toBe(fields.code.at(-1))
    for (const { fields } of all('agri.product'))
      expect(gs1Check(fields.gtin.slice(0, -1))).toBe(fields.gtin.at(-1))
    for (const { fields } of all('agri.batch')) expect(traceCodeFault(fields.code)).toBeUndefined()
    expect(all('base.person').length).toBeGreaterThan(500)
  })

  test('nobody in it can be real: no county was ever given these ID prefixes, nor these telephones', () => {
    for (const { fields } of all('base.person')) {
      const county = Number(fields['id-number'].slice(0, 6))
      expect(county).toBeGreaterThan(430982)
      expect(county).toBeLessThan(431000)
      if (fields.phone) expect(fields.phone).toMatch(/^14[23]/)
    }
  })

  test('it uses the fourteen real townships and invents no village', () => {
    const towns = all('base.division').filter((each) => each.fields.level === 'township')
    expect(towns.length).toBe(14)
    for (const { fields } of towns)
      expect((divisions.codes as Record<string, { zh: string }>)[fields.code]!.zh).toBe(fields.name)
    for (const dataset of [
      'base.entity',
      'base.person',
      'agri.plot',
      'agri.batch',
      'cases.case',
      'sensing.sensor',
    ])
      for (const record of all(dataset)) expect(record.division.length).toBeLessThanOrEqual(9)
  })

  test('plots lie near the lake and are as large as they say', () => {
    for (const { fields } of all('agri.plot')) {
      expect(isGeometry(fields.shape, ['Polygon'])).toBe(true)
      const [lng, lat] = fields.shape.coordinates[0][0]
      expect(lng > 112.1 && lng < 113 && lat > 28.6 && lat < 29.3).toBe(true)
    }
  })

  test('no certificate says more than was harvested, and none stands inside a safety interval', () => {
    const { look } = county.store
    let papers = 0
    for (const batch of all('agri.batch')) {
      const kilos = (dataset: string, where: object) =>
        look
          .find(dataset, { batch: batch.id, ...where })
          .reduce((sum, each) => sum + Number(each.fields['quantity']), 0)
      expect(kilos('agri.certificate', { state: 'valid' })).toBeLessThanOrEqual(kilos('agri.harvest', {}))
      papers += look.find('agri.certificate', { batch: batch.id }).length
      const uses = usesOn(look, batch as never)
      for (const harvest of look.find('agri.harvest', { batch: batch.id }))
        expect(useInTheWay(uses, String(harvest.fields['on']))).toBeUndefined()
    }
    expect(papers).toBeGreaterThan(20)
  })

  test('the co-operative of the tour has work on its home page, and its clerk can log in for it', () => {
    const clerk = seeded.logins.find((each) => each.name === 'zhoumei')!
    expect(county.store.record(clerk.entity!)!.fields['name']).toBe('草尾镇芦香芦笋种植专业合作社')
    expect(
      county.store.look.find('agri.batch', { entity: clerk.entity, state: 'growing' }).length,
    ).toBeGreaterThan(0)
    expect(seeded.logins.map((each) => each.roles[0])).toEqual([
      'administrator',
      'department-clerk',
      'township-worker',
      'trace-clerk',
      'leader',
    ])
  })

  test('nothing lies in the future, and the newest acts are of these days', () => {
    const acts = county.store.acts(0, 100_000)
    const now = Date.now()
    expect(acts.every((act) => Date.parse(act.at) <= now && !act.clock)).toBe(true)
    expect(acts.some((act) => Date.parse(act.at) > now - 3 * 86_400_000)).toBe(true)
  })

  test('old days are in the archive with a note that fits, the last days are hot', () => {
    expect(takeSeals(telemetry, place.archiveDir)).toEqual({ taken: [], wrong: [] })
    const today = dayOf(Number(county.store.fact('sample.at')))
    const files = readdirSync(place.archiveDir)
      .filter((each) => each.endsWith('.parquet'))
      .sort()
    expect(files).toEqual(
      [12, 11, 10, 9].map((back) => `readings-${dayOf(dayStart(today) - back * 86_400_000 + 1)}.parquet`),
    )
    const hot = telemetry
      .query<{ first: number; last: number }, []>('select min(at) as first, max(at) as last from reading')
      .get()!
    expect(dayOf(hot.first)).toBe(dayOf(dayStart(today) - 8 * 86_400_000))
    expect(hot.last).toBeGreaterThan(Number(county.store.fact('sample.at')) - 11 * 60_000)
  })

  test('the same seed again changes nothing, also tomorrow', async () => {
    const before = county.store.seq
    const readings = rowsOf()
    const again = await seed({
      store: county.store,
      scale,
      telemetry: place,
      days: 12,
      now: Date.now() + 86_400_000,
    })
    expect(again.accepted).toBe(0)
    expect(again.repeated).toBe(seeded.accepted)
    expect(county.store.seq).toBe(before)
    expect(rowsOf()).toBe(readings)
  }, 60_000)
})
