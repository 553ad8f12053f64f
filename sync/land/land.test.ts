// Landing, in PostgreSQL and in Parquet: what stands there is what the receiving box says, each act once, whatever
// came in between.

import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Glob } from 'bun'
import fc from 'fast-check'
import { dataset } from '../../server/kernel/dataset.ts'
import {
  choice,
  choices,
  date,
  decimal,
  division,
  flag,
  geometry,
  integer,
  text,
  time,
} from '../../server/kernel/fields.ts'
import { newId } from '../../server/kernel/ids.ts'
import { Registry } from '../../server/kernel/registry.ts'
import { setPolicy } from '../peers.ts'
import { packagesIn } from '../receive.ts'
import {
  agriculture,
  away,
  type Box,
  entities,
  harvests,
  join2,
  type openBox,
  openQuestions,
  plots,
  products,
  stage,
} from '../scene.ts'
import { literal } from './columns.ts'
import { withDuckdb } from './duckdb.ts'
import type { LandReport } from './land.ts'
import { Stopped, TargetFault } from './portion.ts'
import { carry, lakePlace, landAt, type Place, postgresPlace, standingAt } from './scene.ts'
import { postgresPrograms, type Server, startServer } from './server-for-tests.ts'

// A real server, real files and children: on a busy two-core box they take their time.
setDefaultTimeout(180_000)

const installed = postgresPrograms() !== undefined
let server: Server
beforeAll(async () => {
  if (installed) server = await startServer()
})
afterAll(async () => {
  if (installed) await server.stop()
})

const { open, removeLater, leave, clear } = stage()
afterEach(clear)

const idOf = (box: Box) => box.store.node.id
const twoTiers = (more: Partial<Parameters<typeof openBox>[0]> = {}) => {
  const county = open({ division: '430981', name: '沅江市', ...more })
  const prefecture = open({ division: '4309', name: '益阳市' })
  return { county, prefecture, ...join2(county, prefecture, { wire: false }) }
}
const lake = () => {
  const place = lakePlace()
  removeLater(place.directory)
  return place
}
const database = async () => postgresPlace(await server.newDatabase())

const places: [name: string, skip: boolean, make: () => Promise<Place>][] = [
  ['PostgreSQL', !installed, database],
  ['a Parquet lake', false, async () => lake()],
]

for (const [name, skip, make] of places)
  describe.skipIf(skip)(`in ${name}`, () => {
    test('what the county sent stands as the prefecture has it, and the same again changes nothing', async () => {
      const { county, prefecture } = twoTiers({ limits: { acts: 5 } })
      const farm = newId()
      county.act('base.entity.created', farm, { name: '共华水稻家庭农场', town: '430981114' })
      for (let i = 0; i < 12; i++) {
        const plot = county.register(`CW-${i}`, {
          owner: farm,
          phone: '13812345678',
          note: '临\t湖\\岸\n第二行',
        })
        if (i % 3 === 0) county.act('agri.plot.amended', plot, { area: i + 0.1, note: null }, { base: 1 })
        if (i % 5 === 0) county.act('agri.plot.withdrawn', plot, {}, { base: i % 3 === 0 ? 2 : 1 })
      }
      await carry(county, prefecture)
      const place = await make()
      const report = await landAt(place, prefecture)
      expect(report).toMatchObject({
        packages: 4,
        acts: 20,
        complete: true,
        senders: [{ name: '沅江市', landed: 4, received: 4 }],
      })
      expect(await place.records()).toEqual(standingAt(prefecture))
      expect(Object.keys(await place.records())).toHaveLength(13)
      const acts = prefecture.store.acts(0).map((act) => act.id)
      expect(await place.acts()).toEqual(acts.sort())
      const ledger = await place.ledger()
      expect(ledger.slice(0, 4)).toEqual([5, 5, 5, 5].map((n, i) => `${idOf(county)} ${i + 1} ${n}`))
      expect(await landAt(place, prefecture)).toMatchObject({
        packages: 0,
        acts: 0,
        records: 0,
        complete: true,
      })
      expect(await place.ledger()).toEqual(ledger)
      expect(await place.acts()).toEqual(acts)
    })

    test('a merge, its question and what the prefecture decided land as the prefecture has them', async () => {
      const { county, prefecture } = twoTiers()
      const plot = county.register('CW-001')
      await carry(county, prefecture)
      const place = await make()
      await landAt(place, prefecture)
      // Both change the crop without knowing of each other; the prefecture alone writes a note.
      county.act('agri.plot.amended', plot, { crop: 'rice' }, { base: 1 })
      prefecture.act('agri.plot.amended', plot, { crop: 'reed', note: '市级核实', area: 9 }, { base: 1 })
      county.act('agri.plot.amended', plot, { area: 7 }, { base: 2 })
      prefecture.act('agri.product.created', newId(), { name: '芦笋' })
      prefecture.act('office.drawer.created', newId(), { what: '本机的事' })
      await carry(county, prefecture)
      expect(openQuestions(prefecture)).toHaveLength(1)
      await landAt(place, prefecture)
      const standing = await place.records()
      expect(standing).toEqual(standingAt(prefecture))
      expect(
        Object.values(standing)
          .map((each) => each.dataset)
          .sort(),
      ).toEqual(['agri.plot', 'agri.product', 'kernel.question'])
      // The question is answered later, at the prefecture: no package says so.
      prefecture.act('kernel.question.answered', openQuestions(prefecture)[0]!.id, { take: 'other' })
      await landAt(place, prefecture)
      expect(await place.records()).toEqual(standingAt(prefecture))
      expect(new Set(await place.acts()).size).toBe((await place.acts()).length)
    })

    test('personal fields land as masks, hidden ones never, and whole ones when that is asked for', async () => {
      const { county, prefecture } = twoTiers()
      setPolicy(county.store, idOf(prefecture), { personal: 'whole' })
      const id = county.register('CW-001', { phone: '13812345678', holder: '430981199001011237' })
      await carry(county, prefecture)
      prefecture.act('agri.plot.amended', id, { holder: '430981199001011237' }, { base: 1 })
      const masked = await make()
      await landAt(masked, prefecture)
      expect((await masked.records())[id]!.fields.phone).toBe('138****5678')
      const whole = await make()
      await landAt(whole, prefecture, { source: { personal: 'whole' } })
      expect((await whole.records())[id]!.fields.phone).toBe('13812345678')
      for (const place of [masked, whole]) {
        expect((await place.records())[id]!.fields).not.toContainKey('holder')
        expect(JSON.stringify(await place.said('agri.plot', id))).not.toContain('199001011237')
      }
      expect(JSON.stringify(await masked.said('agri.plot', id))).not.toContain('13812345678')
    })

    test('what is redacted at home is blanked in every line that had landed', async () => {
      const { county, prefecture } = twoTiers()
      const id = county.register('CW-001', { note: '承包人联系方式见附件' })
      county.act('agri.plot.amended', id, { area: 3 }, { base: 1 })
      const other = county.register('CW-002', { note: '无关' })
      await carry(county, prefecture)
      const place = await make()
      await landAt(place, prefecture)
      expect(JSON.stringify(await place.said('agri.plot', id))).toContain('承包人')
      county.store.redact(county.clerk, id, ['note'], '本人要求')
      await carry(county, prefecture)
      await landAt(place, prefecture)
      const said = await place.said('agri.plot', id)
      expect(said.slice(0, 2)).toEqual([null, { area: 3 }])
      // The mark restates what stays.
      expect(said[2]).toMatchObject({ code: 'CW-001', area: 3, note: null })
      expect(JSON.stringify(await place.said('agri.plot', other))).toContain('无关')
      expect(await place.records()).toEqual(standingAt(prefecture))
    })

    test('what is said again after a redaction stands, and what an earlier redaction restated goes as well', async () => {
      const { county, prefecture } = twoTiers()
      const id = county.register('CW-001', { note: '一', phone: '13812345678' })
      await carry(county, prefecture)
      prefecture.act('agri.plot.amended', id, { note: '市级写的' }, { base: 1 })
      const place = await make()
      await landAt(place, prefecture)
      county.store.redact(county.clerk, id, ['note'], '本人要求')
      county.act('agri.plot.amended', id, { note: '二' }, { base: 2 })
      await carry(county, prefecture)
      county.store.redact(county.clerk, id, ['phone'], '本人要求')
      await carry(county, prefecture)
      prefecture.act('agri.plot.amended', id, { area: 4 }, { base: prefecture.store.record(id)!.version })
      await landAt(place, prefecture)
      const said = JSON.stringify(await place.said('agri.plot', id))
      expect(said).not.toMatch(/138\*|"一"|市级写的/)
      expect(said).toContain('二')
      expect(await place.records()).toEqual(standingAt(prefecture))
    })

    test('a missing package stops its sender with a sentence, not the others, and goes in when it is found', async () => {
      const { county, prefecture } = twoTiers({ limits: { acts: 1 } })
      const neighbour = open({ division: '430921', name: '南县' })
      join2(neighbour, prefecture, { wire: false })
      for (const code of ['CW-1', 'CW-2', 'CW-3']) county.register(code)
      neighbour.register('NX-1', { town: '430921' })
      await carry(county, prefecture)
      await carry(neighbour, prefecture)
      const second = packagesIn(prefecture.exchange, 'node = ? and seq = 2', [idOf(county)])[0]!
      const pocket = join(prefecture.data, 'pocket')
      mkdirSync(pocket)
      renameSync(join(prefecture.exchange.post.in, second.file), join(pocket, second.file))
      const place = await make()
      const report = await landAt(place, prefecture)
      expect(report.complete).toBe(false)
      expect(bySender(report)).toMatchObject({
        沅江市: { landed: 1, received: 3 },
        南县: { landed: 1, received: 1 },
      })
      const { stopped } = report.senders.find((each) => each.name === '沅江市')!
      expect(stopped!.zh).toStartWith('缺「沅江市」的第 2 号包')
      expect(stopped!.en).toContain(second.file)
      const found = await landAt(place, prefecture, { source: { besides: [pocket] } })
      expect(found).toMatchObject({ complete: true, packages: 2 })
      expect(await place.records()).toEqual(standingAt(prefecture))
    })

    test('one byte changed in a kept package, and it does not land', async () => {
      const { county, prefecture } = twoTiers({ limits: { acts: 1 } })
      county.register('CW-1')
      county.register('CW-2')
      await carry(county, prefecture)
      const file = join(prefecture.exchange.post.in, packagesIn(prefecture.exchange, 'seq = 2')[0]!.file)
      const whole = readFileSync(file)
      const damaged = Buffer.from(whole)
      damaged[damaged.indexOf('430981')]! ^= 1
      writeFileSync(file, damaged)
      const place = await make()
      const report = await landAt(place, prefecture)
      expect(report).toMatchObject({ packages: 1, complete: false })
      expect(report.senders[0]!.stopped!.zh).not.toBeEmpty()
      expect((await place.acts()).length).toBe(1)
      writeFileSync(file, whole)
      expect(await landAt(place, prefecture)).toMatchObject({ complete: true, packages: 1 })
    })

    test('only one sender when that is asked for; the rest lands later', async () => {
      const { county, prefecture } = twoTiers()
      const neighbour = open({ division: '430921', name: '南县' })
      join2(neighbour, prefecture, { wire: false })
      county.register('CW-1')
      neighbour.register('NX-1', { town: '430921' })
      prefecture.act('agri.product.created', newId(), { name: '芦笋' })
      await carry(county, prefecture)
      await carry(neighbour, prefecture)
      const place = await make()
      expect(await landAt(place, prefecture, { peer: '430921' })).toMatchObject({ packages: 1, acts: 1 })
      expect((await place.ledger()).map((line) => line.split(' ')[0])).toEqual([idOf(neighbour)])
      expect(await landAt(place, prefecture)).toMatchObject({ packages: 1, acts: 2 })
      expect(await place.records()).toEqual(standingAt(prefecture))
      expect(landAt(place, prefecture, { peer: '岳阳' })).rejects.toThrow('No package of "岳阳"')
    })

    test('readings are carried over, a day sent again replaces the day', async () => {
      let day = [31.2, 31.5]
      const readings = {
        days: async () => (day.length > 0 ? ['2026-07-01'] : []),
        write: (_day: string, _division: string, how: 'hourly' | 'raw', to: string) => measured(to, how, day),
      }
      const { county, prefecture } = twoTiers({ readings })
      setPolicy(county.store, idOf(prefecture), { readings: 'raw' })
      county.register('CW-1')
      await carry(county, prefecture)
      const place = await make()
      expect(await landAt(place, prefecture)).toMatchObject({ readings: 2, complete: true })
      expect(await readingsAt(place)).toEqual([
        ['WL-001', 'water-level', '2026-07-01T00:00:00.000Z', 31.2],
        ['WL-001', 'water-level', '2026-07-01T00:05:00.000Z', 31.5],
      ])
      day = [31.2, 31.5, 31.9]
      county.store.db.query(`delete from given where kind = 'day'`).run()
      county.register('CW-2')
      await carry(county, prefecture)
      expect(await landAt(place, prefecture)).toMatchObject({ readings: 3 })
      expect(await readingsAt(place)).toHaveLength(3)
    })

    test('readings by the hour land as such', async () => {
      const readings = {
        days: async () => ['2026-07-01'],
        write: async (_day: string, _division: string, _how: string, to: string) => {
          await withDuckdb((connection) =>
            connection.run(
              `copy (select 'WL-001' as sensor, 'water-level' as metric, timestamp '2026-07-01 08:00:00' as "at", 31.25::double as avg, 31::double as min, 31.5::double as max, 12::bigint as count)
               to ${literal(to)} (format parquet)`,
            ),
          )
          return true
        },
      }
      const { county, prefecture } = twoTiers({ readings })
      setPolicy(county.store, idOf(prefecture), { readings: 'hourly' })
      county.register('CW-1')
      await carry(county, prefecture)
      const place = await make()
      expect(await landAt(place, prefecture)).toMatchObject({ readings: 1, complete: true })
      const { ask } = place as ReturnType<typeof postgresPlace>
      const from =
        'directory' in place
          ? `read_parquet('${(place as ReturnType<typeof lakePlace>).directory}/readings/hourly/node=*/day=2026-07-01.parquet')`
          : 'xianhe_reading_hour'
      const [row] = await ask<Record<string, unknown>>(`select sensor, avg, min, max, count from ${from}`)
      expect({ ...row, count: Number(row!.count) } as unknown).toEqual({
        sensor: 'WL-001',
        avg: 31.25,
        min: 31,
        max: 31.5,
        count: 12,
      })
    })

    test('readings that cannot be read step aside with the reason, and their package lands', async () => {
      const readings = {
        days: async () => ['2026-07-01'],
        write: async (_day: string, _division: string, _how: string, to: string) => {
          writeFileSync(to, 'no parquet at all')
          return true
        },
      }
      const { county, prefecture } = twoTiers({ readings })
      setPolicy(county.store, idOf(prefecture), { readings: 'raw' })
      county.register('CW-1')
      await carry(county, prefecture)
      const place = await make()
      const report = await landAt(place, prefecture)
      expect(report).toMatchObject({ complete: true, acts: 1, readings: 0 })
      expect(report.aside).toMatchObject([{ sender: '沅江市', seq: 1, day: '2026-07-01' }])
      expect(await place.records()).toEqual(standingAt(prefecture))
    })

    test('a register the county made in the browser is called in SQL what people call it', async () => {
      const rounds = dataset('own.r0195f3aa', {
        title: { zh: '水库巡查', en: 'Reservoir rounds' },
        fields: {
          f1: text({ zh: '巡查人', en: 'Who' }).key(),
          f2: decimal({ zh: '水位', en: 'Level' }).unit('米', 'm'),
          division: division({ zh: '所在乡镇', en: 'Township' }),
        },
        keeper: 'township',
      })
      const county = open({
        division: '430981',
        name: '沅江市',
        parts: [agriculture([entities, plots, harvests, products, rounds])],
      })
      // The prefecture learns of it with the first package.
      const prefecture = open({ division: '4309', name: '益阳市' })
      join2(county, prefecture, { wire: false })
      county.act('own.r0195f3aa.created', newId(), { f1: '文斌', f2: 31.2, division: '430981114' })
      await carry(county, prefecture)
      const place = await make()
      expect(await landAt(place, prefecture)).toMatchObject({ complete: true, acts: 1 })
      expect(await place.records()).toEqual(standingAt(prefecture))
      const { ask } = place as ReturnType<typeof postgresPlace>
      const from =
        'directory' in place
          ? literal(join(String(place.directory), 'own.r0195f3aa', 'records.parquet'))
          : '水库巡查'
      expect(
        await ask<unknown>(`select 巡查人, 水位::double precision as 水位, division from ${from}`),
      ).toEqual([{ 巡查人: '文斌', 水位: 31.2, division: '430981114' }])
    })

    test('values no column takes, and text no database takes, are kept and stop nothing', async () => {
      const odd = dataset('county.odd', {
        title: { zh: '怪值', en: 'Odd' },
        fields: {
          name: text({ zh: '名称', en: 'Name' }).key(),
          day: date({ zh: '日期', en: 'Day' }).optional(),
          when: time({ zh: '时间', en: 'Time' }).optional(),
          n: integer({ zh: '数', en: 'Number' }).optional(),
          many: choices(
            { zh: '几项', en: 'Several' },
            { a: { zh: '甲', en: 'A' }, 'b"\\{': { zh: '乙', en: 'B' } },
          ).optional(),
          shape: geometry({ zh: '四至', en: 'Boundary' }).optional(),
          ok: flag({ zh: '是否', en: 'Whether' }).optional(),
          id: text({ zh: '编号', en: 'Id' }).optional(),
          standingBy: text({ zh: '由谁', en: 'By whom' }).optional(),
          town: division({ zh: '乡镇', en: 'Township' }),
        },
        keeper: 'county',
      })
      const parts = () => [agriculture([entities, plots, harvests, products, odd])]
      const county = open({ division: '430981', name: '沅江市', parts: parts() })
      const prefecture = open({ division: '4309', name: '益阳市', parts: parts() })
      join2(county, prefecture, { wire: false })
      const rows = [
        { name: 'a\0b', town: '430981114' },
        { name: 'half \ud800 pair', town: '430981114' },
        { name: 'quote \' " \\ \\N', town: '430981114', many: ['a', 'b"\\{'], ok: false },
        { name: '\\.', town: '430981114', when: '2026-03-05T09:12:00.123Z', day: '2024-02-29', n: -5 },
        { name: '形', town: '430981114', shape: { type: 'Point', coordinates: [112.35, 28.84] } },
        { name: '重名', town: '430981114', id: 'X-1', standingBy: '刘建国' },
      ]
      for (const row of rows) expect(county.act('county.odd.created', newId(), row).outcome).toBe('accepted')
      await carry(county, prefecture)
      const place = await make()
      expect(await landAt(place, prefecture, { source: { registry: new Registry(parts()) } })).toMatchObject({
        complete: true,
        acts: 6,
      })
      const expected = standingAt(prefecture)
      for (const record of Object.values(expected))
        record.fields.name = String(record.fields.name).replace('\0', '\ufffd').toWellFormed()
      expect(await place.records()).toEqual(expected)
    })

    test('a field of a newer declaration becomes a column, a changed type a column beside', async () => {
      const v1 = dataset('county.well', {
        title: { zh: '机井', en: 'Well' },
        fields: {
          code: text({ zh: '编号', en: 'Code' }).key(),
          depth: text({ zh: '井深', en: 'Depth' }),
          town: division({ zh: '乡镇', en: 'Township' }),
        },
        keeper: 'county',
      })
      const v2 = dataset('county.well', {
        version: 2,
        title: { zh: '机井', en: 'Well' },
        fields: {
          code: text({ zh: '编号', en: 'Code' }).key(),
          depth: decimal({ zh: '井深', en: 'Depth' }).unit('米', 'm'),
          pump: choice(
            { zh: '水泵', en: 'Pump' },
            { none: { zh: '无', en: 'None' }, electric: { zh: '电泵', en: 'Electric' } },
          ).optional(),
          town: division({ zh: '乡镇', en: 'Township' }),
        },
        keeper: 'county',
        upcast: (fields) => ({ ...fields, ...(fields.depth ? { depth: Number(fields.depth) } : {}) }),
      })
      const parts = (well: typeof v1 | typeof v2) => [
        agriculture([entities, plots, harvests, products, well as never]),
      ]
      let county = open({ division: '430981', name: '沅江市', parts: parts(v1) })
      let prefecture = open({ division: '4309', name: '益阳市', parts: parts(v1) })
      join2(county, prefecture, { wire: false })
      const old = newId()
      county.act('county.well.created', old, { code: 'J-1', depth: '31', town: '430981114' })
      await carry(county, prefecture)
      const place = await make()
      const landWith = (well: typeof v1 | typeof v2) =>
        landAt(place, prefecture, { source: { registry: new Registry(parts(well)) } })
      await landWith(v1)
      // The county is upgraded first: its new field is not in the prefecture's declaration yet.
      county = reopened(county, parts(v2))
      const young = newId()
      county.act('county.well.created', young, {
        code: 'J-2',
        depth: 45.5,
        pump: 'electric',
        town: '430981114',
      })
      await carry(county, prefecture)
      await landWith(v1)
      expect((await place.records())[young]!.fields).toMatchObject({ code: 'J-2', pump: 'electric' })
      // Then the prefecture; a later act touches the old record.
      prefecture = reopened(prefecture, parts(v2))
      county.act('county.well.amended', old, { depth: 33 }, { base: 1 })
      await carry(county, prefecture)
      await landWith(v2)
      expect(await place.records()).toEqual(standingAt(prefecture))
    })

    test('whatever happens in between, it ends as the receiver has it', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 45 }), async (steps) => {
          const county = open({ division: '430981', name: '沅江市', limits: { acts: 4 } })
          const neighbour = open({ division: '430921', name: '南县', limits: { acts: 3 } })
          const prefecture = open({ division: '4309', name: '益阳市', limits: { acts: 5 } })
          join2(county, prefecture, { wire: false })
          join2(neighbour, prefecture, { wire: false })
          const place = await make()
          let interrupted = 0
          for (const { what, pick, at } of steps) {
            const sender = pick % 3 === 0 ? neighbour : county
            const town = sender === county ? '430981114' : '430921'
            const plotsHere = sender.store.look.find('agri.plot', {})
            const plot = plotsHere[pick % Math.max(1, plotsHere.length)]
            const amend = (box: Box, fields: Record<string, unknown>) => {
              const here = plot && box.store.record(plot.id)
              if (here && !here.withdrawn)
                box.act('agri.plot.amended', here.id, fields, { base: here.version })
            }
            if (what === 'register')
              sender.register(`P-${newId()}`, { town, phone: '13812345678', area: pick / 8 })
            else if (what === 'harvest' && plot)
              sender.act('agri.harvest.created', newId(), {
                plot: plot.id,
                kilos: pick,
                day: '2026-07-01',
                town,
              })
            else if (what === 'amend') amend(sender, { area: pick + 0.5, note: `第 ${pick} 次` })
            else if (what === 'amend above') amend(prefecture, { area: pick, phone: '13987654321' })
            else if (what === 'withdraw' && plot)
              sender.act('agri.plot.withdrawn', plot.id, {}, { base: plot.version })
            else if (what === 'redact' && plot)
              sender.store.redact(sender.clerk, plot.id, ['note'], '本人要求')
            else if (what === 'answer') {
              const [question] = openQuestions(prefecture)
              if (question)
                prefecture.act('kernel.question.answered', question.id, {
                  take: pick % 2 ? 'other' : 'standing',
                })
            } else if (what === 'up') await carry(sender, prefecture)
            else if (what === 'down') await carry(prefecture, sender)
            else if (what === 'land') await landAt(place, prefecture)
            else if (what === 'land and stop') {
              let looks = 0
              const stop = () => {
                if (looks++ >= at) throw new Stopped()
              }
              await landAt(place, prefecture, { stop }).catch((error) => {
                if (!(error instanceof Stopped)) throw error
                interrupted++
              })
            }
          }
          const report = await landAt(place, prefecture)
          expect(report.complete).toBe(true)
          expect(await place.records()).toEqual(standingAt(prefecture))
          const acts = await place.acts()
          expect(new Set(acts).size).toBe(acts.length)
          for (const { dataset, record } of prefecture.store.db
            .query('select distinct dataset, record from change where fields is null')
            .all() as { dataset: string; record: string }[])
            expect((await place.said(dataset, record)).includes(null)).toBe(true)
          const ledger = (await place.ledger()).map((line) => line.split(' '))
          for (const lines of Map.groupBy(ledger, ([node]) => node).values())
            expect(lines.map(([, seq]) => Number(seq))).toEqual(lines.map((_, i) => i + 1))
          expect((await landAt(place, prefecture)).records).toBe(0)
          stops += interrupted
          for (const box of [county, neighbour, prefecture]) {
            box.close()
            away(box.data)
            leave(box)
          }
        }),
        { numRuns: 10, seed: 430981 },
      )
      expect(stops).toBeGreaterThan(0)
    })
  })

describe.skipIf(!installed)('a database says no', () => {
  test('the sentence says what to do, and no password is shown', async () => {
    const { county, prefecture } = twoTiers()
    county.register('CW-1')
    await carry(county, prefecture)
    const url = new URL(await server.newDatabase())
    url.password = 'geheim-2026'
    const fault = async (change: (url: URL) => void) => {
      const other = new URL(url)
      change(other)
      const error = await landAt(postgresPlace(other.href), prefecture).catch((each) => each)
      expect(error).toBeInstanceOf(TargetFault)
      expect(error.words.zh + error.words.en).not.toContain('geheim')
      return error.words.zh as string
    }
    expect(await fault((each) => (each.pathname = '/nirgends'))).toContain('createdb -E UTF8')
    expect(await fault((each) => (each.username = 'niemand'))).toContain('不接受这个用户或口令')
    const free = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    free.stop(true)
    expect(await fault((each) => (each.port = String(free.port)))).toContain('连不上数据库')
    const report = await landAt(postgresPlace(url.href), prefecture)
    expect(report.to).not.toContain('geheim')
    expect(report.to).toContain('xianhe@127.0.0.1')
  })

  test('a database with tables of another program, or of another box, is left alone', async () => {
    const { county, prefecture } = twoTiers()
    county.register('CW-1')
    await carry(county, prefecture)
    const strange = await database()
    await strange.ask('create table agri_plot (mine text)')
    const refused = await landAt(strange, prefecture).catch((each) => each)
    expect(refused.words.zh).toContain('别的程序建的同名表')
    expect(await strange.ask('select * from agri_plot')).toEqual([])
    const place = await database()
    await landAt(place, prefecture)
    const other = await landAt(place, county).catch((each) => each)
    expect(other.words.zh).toContain('「益阳市」')
  })

  test('labels stand in comments, in the dictionary, and beside each code', async () => {
    const { county, prefecture } = twoTiers()
    const id = county.register('CW-1')
    const gone = county.register('CW-2')
    county.act('agri.plot.withdrawn', gone, {}, { base: 1 })
    await carry(county, prefecture)
    const place = await database()
    await landAt(place, prefecture)
    expect(
      await place.ask(
        `select col_description('agri_plot'::regclass, attnum) as about, format_type(atttypid, null) as type from pg_attribute where attrelid = 'agri_plot'::regclass and attname in ('area', 'photos') order by attname`,
      ),
    ).toEqual([
      { about: '面积(亩) | Area (mu)', type: 'numeric' },
      { about: '照片 | Photos', type: 'jsonb' },
    ])
    expect(await place.ask(`select obj_description('agri_plot'::regclass) as about`)).toEqual([
      { about: '地块 | Plot (agri.plot)' },
    ])
    expect(
      await place.ask('select id, crop, crop_label, town, town_label, division_label from agri_plot_labels'),
    ).toEqual([
      {
        id,
        crop: 'reed',
        crop_label: '芦笋',
        town: '430981114',
        town_label: '草尾镇',
        division_label: '草尾镇',
      },
    ])
    expect(
      await place.ask(
        `select name, kind, zh from xianhe_column where field = 'owner' and dataset = 'agri.plot'`,
      ),
    ).toEqual([{ name: 'owner', kind: 'ref', zh: '经营主体' }])
  })
})

const extensions = '/usr/share/postgresql'
const withPostgis =
  installed &&
  existsSync(extensions) &&
  !new Glob('*/extension/postgis.control').scanSync({ cwd: extensions }).next().done
test.skipIf(!withPostgis)(
  'where PostGIS is at home, a shape stands as a geometry beside its GeoJSON, and a broken one stops nothing',
  async () => {
    const pond = dataset('county.pond', {
      title: { zh: '鱼塘', en: 'Pond' },
      fields: {
        code: text({ zh: '编号', en: 'Code' }).key(),
        shape: geometry({ zh: '四至', en: 'Boundary' }, 'Polygon'),
        town: division({ zh: '乡镇', en: 'Township' }),
      },
      keeper: 'county',
    })
    const parts = () => [agriculture([entities, plots, harvests, products, pond])]
    const county = open({ division: '430981', name: '沅江市', parts: parts() })
    const prefecture = open({ division: '4309', name: '益阳市', parts: parts() })
    join2(county, prefecture, { wire: false })
    const ring = [
      [112.35, 28.84],
      [112.36, 28.84],
      [112.36, 28.85],
      [112.35, 28.84],
    ]
    county.act('county.pond.created', newId(), {
      code: 'T-1',
      town: '430981114',
      shape: { type: 'Polygon', coordinates: [ring] },
    })
    await carry(county, prefecture)
    const place = await database()
    await place.ask('create extension postgis')
    await landAt(place, prefecture, { source: { registry: new Registry(parts()) } })
    expect(
      await place.ask('select ST_AsText(shape_geom) as shape, ST_SRID(shape_geom) as srid from county_pond'),
    ).toEqual([{ shape: 'POLYGON((112.35 28.84,112.36 28.84,112.36 28.85,112.35 28.84))', srid: 4490 }])
    expect(await place.ask(`select xianhe_geometry('{"type":"Polygon","coordinates":7}') as none`)).toEqual([
      { none: null },
    ])
  },
)

let stops = 0
const step = fc.record({
  what: fc.oneof(
    ...(
      [
        ['register', 5],
        ['harvest', 2],
        ['amend', 4],
        ['amend above', 3],
        ['withdraw', 1],
        ['redact', 1],
        ['answer', 1],
        ['up', 4],
        ['down', 1],
        ['land', 1],
        ['land and stop', 3],
      ] as const
    ).map(([what, weight]) => ({ arbitrary: fc.constant(what), weight })),
  ),
  pick: fc.nat(63),
  /** How many times a land asks whether to stop before it is told to. */
  at: fc.nat(30),
})

const bySender = (report: LandReport) => Object.fromEntries(report.senders.map((each) => [each.name, each]))

/** The same box after an upgrade: other declarations, the same directory. */
function reopened(box: Box, parts: Parameters<typeof openBox>[0]['parts']): Box {
  leave(box)
  const { division, name } = box.store.node
  const { data } = box
  box.close()
  return open({ division, name, data, parts, limits: box.exchange.limits })
}

async function measured(to: string, how: 'hourly' | 'raw', values: number[]): Promise<boolean> {
  const rows = values.map(
    (value, i) =>
      `('WL-001', 'water-level', timestamp '2026-07-01 00:00:00' + interval ${i * 5} minute, ${value}::double)`,
  )
  expect(how).toBe('raw')
  await withDuckdb((connection) =>
    connection.run(
      `copy (select * from (values ${rows.join(', ')}) as v(sensor, metric, "at", value)) to ${literal(to)} (format parquet)`,
    ),
  )
  return true
}

async function readingsAt(place: Place): Promise<unknown[]> {
  const { ask } = place as ReturnType<typeof postgresPlace> | ReturnType<typeof lakePlace>
  const from =
    'directory' in place
      ? `read_parquet('${(place as ReturnType<typeof lakePlace>).directory}/readings/raw/node=*/day=2026-07-01.parquet')`
      : 'xianhe_reading'
  const rows = await ask<{ sensor: string; metric: string; at: string | Date; value: number }>(
    `select sensor, metric, "at", value from ${from} order by "at"`,
  )
  return rows.map(({ sensor, metric, at, value }) => [
    sensor,
    metric,
    new Date(typeof at === 'string' ? `${at.replace(' ', 'T')}Z` : at).toISOString(),
    value,
  ])
}
