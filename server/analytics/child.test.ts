import { Database } from 'bun:sqlite'
import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { core } from '../../migrations/core/index.ts'
import { migrate } from '../../migrations/migrate.ts'
import type { Actor } from '../kernel/access.ts'
import { BoxDesk } from '../kernel/box-desk.ts'
import { dataset } from '../kernel/dataset.ts'
import { text } from '../kernel/fields.ts'
import { newId } from '../kernel/ids.ts'
import { measure } from '../kernel/measures.ts'
import { Registry } from '../kernel/registry.ts'
import { Store } from '../kernel/store.ts'
import { type Analytics, analytics } from './child.ts'
import { numbersIn, type OpenNumbers } from './numbers.ts'
import { parquetBy } from './parquet.ts'
import { numbersFile } from './publish.ts'
import { part, plots, towns } from './scenes.ts'

// DuckDB beside a whole test run on an old mini-PC takes its time.
setDefaultTimeout(60_000)

test('a number counts what stands, in the county and in each township', async () => {
  const { register, settle, value } = await office()
  register('草-1', { township: towns.caowei, crop: 'reed', area: 12.3 })
  register('草-2', { township: towns.caowei, crop: 'rice', area: 0.1 })
  register('南-1', { township: towns.nanzui, crop: 'reed', area: 0.2 })
  await settle()
  expect(value('land.plots')).toBe(3)
  expect(value('land.plots', towns.caowei)).toBe(2)
  expect(value('land.plots', towns.qiongshu)).toBe(0)
  expect(value('land.reed')).toBe(2)
  expect(value('land.either')).toBe(3)
  expect(value('land.area')).toBe(12.6)
  expect(value('land.mean-area', towns.caowei)).toBe(6.2)
  expect(value('land.mean-area', towns.qiongshu)).toBeUndefined()
})

test('a number by a field has one row per value, and records without a value are not lost', async () => {
  const { register, settle, rows } = await office()
  register('草-1', { township: towns.caowei, crop: 'reed', area: 2, uses: ['seed', 'sale'] })
  register('草-2', { township: towns.caowei, area: 1.5, uses: ['sale'] })
  register('南-1', { township: towns.nanzui, crop: 'reed', area: 4 })
  await settle()
  expect(rows('land.area-by-crop')).toEqual({ '': 1.5, reed: 6 })
  expect(rows('land.area-by-crop', towns.nanzui)).toEqual({ reed: 4 })
  expect(rows('land.by-township')).toEqual({ [towns.caowei]: 2, [towns.nanzui]: 1 })
  expect(rows('land.by-use')).toEqual({ '': 1, sale: 2, seed: 1 })
})

test('a number over days has a row for each day, in the county’s time', async () => {
  const { register, find, settle, rows } = await office()
  register('草-1', { township: towns.caowei, crop: 'reed', sown: today() })
  // 23:59 of yesterday in the county is still yesterday, though it is today nowhere east of it.
  find('隐-1', { state: 'open', found: new Date(startOfToday() - 60_000).toISOString() })
  find('隐-2', { state: 'open', found: new Date(startOfToday() + 1).toISOString() })
  await settle()
  expect(Object.keys(rows('land.sown-by-day'))).toHaveLength(30)
  expect(rows('land.sown-by-day')[today()]).toBe(1)
  expect(rows('land.sown-by-day-and-crop')).toEqual({ [`${today()}|reed`]: 1 })
  expect(rows('safety.found-by-day')).toMatchObject({ [today(-1)]: 1, [today()]: 1, [today(-2)]: 0 })
})

test('amending moves a record from one number to the other, withdrawing takes it out', async () => {
  const { register, act, settle, value, rows } = await office()
  const id = register('草-1', { township: towns.caowei, crop: 'reed', area: 2 })
  register('草-2', { township: towns.caowei, crop: 'reed', area: 3 })
  await settle()
  act('land.plot.amended', id, { crop: 'rice', area: 2.5 })
  await settle()
  expect(rows('land.area-by-crop')).toEqual({ reed: 3, rice: 2.5 })
  act('land.plot.withdrawn', id)
  await settle()
  expect(rows('land.area-by-crop')).toEqual({ reed: 3 })
  expect(value('land.plots')).toBe(1)
})

test('a condition and a whole query are computed for every township too', async () => {
  const { find, settle, value } = await office()
  find('隐-1', { state: 'open', due: '2026-01-01T00:00:00Z', township: towns.caowei })
  find('隐-2', { state: 'open', due: '2999-01-01T00:00:00Z', township: towns.caowei })
  find('隐-3', { state: 'closed', township: towns.nanzui })
  await settle()
  expect(value('safety.overdue')).toBe(1)
  expect(value('safety.overdue', towns.nanzui)).toBe(0)
  expect(value('safety.closed-rate')).toBe(33.3)
  expect(value('safety.closed-rate', towns.nanzui)).toBe(100)
  expect(value('safety.closed-rate', towns.qiongshu)).toBeUndefined()
})

test('a query that says the division of its rows is added up per scope', async () => {
  const { register, find, settle, value } = await office()
  register('草-1', { township: towns.caowei })
  find('隐-1', { state: 'open', township: towns.caowei })
  find('隐-2', { state: 'open', township: towns.caowei })
  await settle()
  expect(value('safety.dangers-on-plots')).toBe(2)
  expect(value('safety.dangers-on-plots', towns.caowei)).toBe(2)
})

test('every number equals the list behind it, whatever was registered', async () => {
  const { register, act, settle, county, room, store } = await office()
  const random = dice(7)
  const ids: string[] = []
  for (let i = 0; i < 300; i++) {
    ids.push(
      register(`块-${i}`, {
        township: Object.values(towns)[random(3)],
        ...(random(4) ? { crop: ['reed', 'rice'][random(2)] } : {}),
        ...(random(3) ? { organic: random(2) === 1 } : {}),
        ...(random(2) ? { sown: today(-random(40)) } : {}),
      }),
    )
    if (random(5) === 0) act('land.plot.withdrawn', ids[random(ids.length)]!, undefined, 'may be refused')
    if (random(3) === 0)
      act(
        'land.plot.amended',
        ids[random(ids.length)]!,
        { crop: ['reed', 'rice'][random(2)] },
        'may be refused',
      )
  }
  await settle()
  const desk = new BoxDesk(store, leader)
  for (const each of part.measures!.filter((one) => one.of === plots && !one.sum && !one.average)) {
    for (const division of [county, ...Object.values(towns)]) {
      for (const row of numbers!.read(each.name, division)) {
        const { ids, total } = await room.answer({
          what: 'behind',
          measure: each.name,
          division,
          key: row.key,
          limit: 1000,
        })
        expect(`${each.name} ${division} ${row.key}: ${total}`).toBe(
          `${each.name} ${division} ${row.key}: ${row.value}`,
        )
        for (const id of ids.slice(0, 3)) expect(await desk.read(plots, id)).toBeDefined()
        if (each.over || each.by === 'uses') continue
        // What a filter can say, the ordinary list says with the same count.
        const filter = { ...each.where, ...(each.by === 'crop' && row.key ? { crop: row.key } : {}) }
        if (each.by && each.by !== 'township' && row.key === '') continue
        const area = each.by === 'township' ? row.key : division
        expect((await desk.count(plots, { filter, division: area })).n).toBe(row.value)
      }
    }
  }
})

test('removing derived while the box is stopped changes no number', async () => {
  const { register, find, act, settle, restart, everything, derived } = await office()
  for (let i = 0; i < 40; i++)
    register(`块-${i}`, { township: Object.values(towns)[i % 3], crop: i % 2 ? 'reed' : 'rice', area: i / 7 })
  for (let i = 0; i < 20; i++) find(`隐-${i}`, { state: i % 3 ? 'open' : 'closed', due: today(i - 10) })
  act('land.plot.withdrawn', register('误', { township: towns.caowei }))
  await settle()
  const before = everything()
  expect(before.length).toBeGreaterThan(100)
  await restart(() => rmSync(derived, { recursive: true }))
  await settle()
  expect(everything()).toEqual(before)
})

test('a restart goes on where it stopped and counts nothing twice', async () => {
  const { register, settle, restart, value, everything } = await office()
  register('草-1', { township: towns.caowei, area: 1 })
  await settle()
  const before = everything()
  await restart()
  await settle()
  expect(everything()).toEqual(before)
  register('草-2', { township: towns.caowei, area: 1 })
  await restart()
  await settle()
  expect(value('land.plots')).toBe(2)
})

test('a damaged analytics file is thrown away and made again', async () => {
  const { register, settle, restart, value, derived } = await office()
  for (let i = 0; i < 200; i++) register(`块-${i}`, { township: towns.caowei })
  await settle()
  await restart(() => {
    const file = join(derived, 'analytics.duckdb')
    writeFileSync(
      file,
      readFileSync(file).map((byte, i) => (i > 100 && i % 1000 < 300 ? byte ^ 0xff : byte)),
    )
  })
  await settle()
  expect(value('land.plots')).toBe(200)
  register('新', { township: towns.caowei })
  await settle()
  expect(value('land.plots')).toBe(201)
})

test('a damaged numbers file is thrown away and made again, and the reader follows to the new one', async () => {
  const { register, settle, restart, value, derived } = await office()
  register('草-1', { township: towns.caowei })
  await settle()
  expect(value('land.plots')).toBe(1)
  await restart(() =>
    writeFileSync(numbersFile(derived), 'not a database at all, and longer than a header'.repeat(50)),
  )
  await settle()
  expect(value('land.plots')).toBe(1)
})

test('a process that died while opening its file finds it thrown away', async () => {
  const { register, settle, restart, value, derived } = await office()
  register('草-1', { township: towns.caowei })
  await settle()
  await restart(() => writeFileSync(join(derived, 'analytics.opening'), '1'))
  await settle()
  expect(value('land.plots')).toBe(1)
})

test('a core.db restored from an earlier day is another diary: nothing of the old one stays', async () => {
  const { register, settle, restart, value, store, dir } = await office()
  register('草-1', { township: towns.caowei })
  await settle()
  store.db.exec(`vacuum into '${join(dir, 'backup.db')}'`)
  register('草-2', { township: towns.caowei })
  register('草-3', { township: towns.caowei })
  await settle()
  expect(value('land.plots')).toBe(3)
  await restart(() => {
    store.close()
    for (const end of ['-wal', '-shm']) rmSync(join(dir, `core.db${end}`), { force: true })
    cpSync(join(dir, 'backup.db'), join(dir, 'core.db'))
  })
  await settle()
  expect(value('land.plots')).toBe(1)
})

test('a dataset declared while the box runs gets its table, and an added field its column', async () => {
  const wells = dataset('county.well', {
    title: { zh: '水井', en: 'Well' },
    fields: { code: text({ zh: '编号', en: 'Code' }).key() },
    keeper: 'county',
  })
  const { settle, store, room, registry } = await office()
  await settle()
  registry.declare(wells.spec)
  store.prepareDataset(wells.spec)
  const add = (fields: Record<string, unknown>) =>
    store.act(leader, { id: newId(), name: 'county.well.created', record: newId(), fields })
  expect(add({ code: '井-1' }).outcome).toBe('accepted')
  await settle()
  expect((await room.answer({ what: 'export', dataset: 'county.well' })).rows).toBe(1)
  registry.declare({
    ...wells.spec,
    fields: {
      ...wells.spec.fields,
      depth: { kind: 'decimal', label: { zh: '井深', en: 'Depth' }, optional: true },
    },
  })
  expect(add({ code: '井-2', depth: 12 }).outcome).toBe('accepted')
  await settle()
  const { file, rows } = await room.answer({ what: 'export', dataset: 'county.well' })
  expect(rows).toBe(2)
  expect(readFileSync(file).subarray(0, 4).toString()).toBe('PAR1')
})

test('personal fields are in no derived file', async () => {
  const { register, settle, room, derived } = await office()
  register('草-1', { township: towns.caowei, phone: '13907371234' })
  await settle()
  const { file } = await room.answer({ what: 'export', dataset: 'land.plot' })
  await room.stop()
  for (const each of [file, join(derived, 'analytics.duckdb'), numbersFile(derived)]) {
    expect(readFileSync(each).includes('13907371234')).toBe(false)
  }
})

test('an export as Parquet holds what the person may see, and nothing stays behind', async () => {
  const { settle, room, derived } = await office()
  await settle()
  const parquet = parquetBy(derived, (question) => room.answer(question as never))
  async function* records() {
    yield {
      id: newId(),
      division: towns.caowei,
      code: '草-1',
      area: 12.5,
      phone: '139****1234',
      uses: ['sale'],
    }
    yield { id: newId(), division: towns.nanzui, code: '南-1', organic: true }
  }
  const bytes = Buffer.from(await new Response(await parquet(plots.spec, records())).arrayBuffer())
  expect(bytes.subarray(0, 4).toString()).toBe('PAR1')
  expect(bytes.subarray(-4).toString()).toBe('PAR1')
  expect(readdirSync(join(derived, 'exports'))).toEqual([])
})

test('a measure that cannot be computed steps aside with its module’s name, and the others go on', async () => {
  const wrong = measure('wrong.query', {
    title: { zh: '错', en: 'Wrong' },
    meaning: { zh: '错', en: 'Wrong' },
    query: 'select nothing as value from nowhere',
  })
  const field = measure('wrong.field', {
    title: { zh: '错', en: 'Wrong' },
    meaning: { zh: '错', en: 'Wrong' },
    of: plots,
    where: { colour: 1 },
  })
  const { register, settle, value, told } = await office([
    part,
    { name: 'careless', title: { zh: '错', en: 'Wrong' }, measures: [wrong, field] },
  ])
  register('草-1', { township: towns.caowei })
  await settle()
  expect(value('land.plots')).toBe(1)
  const trouble = told.filter(([name]) => name === 'trouble').map(([, data]) => (data as { why: string }).why)
  expect(trouble.find((why) => why.includes('wrong.query'))).toContain(
    'module careless, measure wrong.query:',
  )
  expect(trouble.find((why) => why.includes('wrong.field'))).toContain(
    '`where` names colour, which is not a field of land.plot',
  )
})

test('a hint names the measures that changed and nothing else', async () => {
  const { register, find, settle, told } = await office()
  register('草-1', { township: towns.caowei })
  await settle()
  told.length = 0
  find('隐-1', { state: 'open' })
  await settle()
  const named = told
    .filter(([name]) => name === 'numbers')
    .flatMap(([, data]) => (data as { measures: string[] }).measures)
  expect(named).toContain('safety.open')
  expect(named).not.toContain('land.plots')
})

test('without a file there are no numbers, and the page is not hurt', () => {
  const none = numbersIn('/nowhere/at/all')
  expect(none.read('land.plots', '430981')).toEqual([])
  expect(none.asOf()).toBeUndefined()
})

const leader: Actor = { id: 'leader', name: '张县长', roles: ['leader'], division: '430981', lang: 'zh' }
const county = '430981'
const today = (days = 0) =>
  new Date(Date.now() + 8 * 3_600_000 + days * 86_400_000).toISOString().slice(0, 10)
const startOfToday = () => Date.parse(`${today()}T00:00:00+08:00`)

function dice(seed: number) {
  let state = seed
  return (sides: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 8) % sides
  }
}

let close: (() => Promise<void>) | undefined
let numbers: OpenNumbers | undefined
afterEach(async () => {
  await close?.()
  close = undefined
})

/** A box with this room only: the store as serve holds it, the room on the same files. */
async function office(parts = [part]) {
  const dir = mkdtempSync(join(tmpdir(), 'xianhe-analytics-'))
  const registry = new Registry(parts)
  const openStore = () =>
    new Store({
      file: join(dir, 'core.db'),
      registry,
      migrate: (db: Database) => migrate(db, core),
      node: { division: county, name: '沅江市' },
    })
  const store = openStore()
  const derived = join(dir, 'derived')
  const told: [string, unknown][] = []
  const begin = () =>
    analytics({
      coreFile: join(dir, 'core.db'),
      telemetryFile: join(dir, 'telemetry.db'),
      archiveDir: join(dir, 'archive'),
      derivedDir: derived,
      registry,
      memoryLimit: '128MB',
      threads: 1,
      hint: (name, data) => told.push([name, data]),
    })
  const box: { room: Analytics } = { room: await begin() }
  const reader = numbersIn(derived)
  numbers = reader
  close = async () => {
    await box.room.stop()
    reader.close()
    rmSync(dir, { recursive: true, force: true })
  }
  function act(name: string, record: string, fields?: Record<string, unknown>, how?: 'may be refused') {
    const receipt = store.act(leader, { id: newId(), name, record, fields })
    if (!how) expect(receipt).toMatchObject({ outcome: 'accepted' })
    return record
  }
  return {
    dir,
    derived,
    store,
    registry,
    county,
    told,
    act,
    get room() {
      return box.room
    },
    register: (code: string, fields: Record<string, unknown>) =>
      act('land.plot.created', newId(), { code, ...fields }),
    find: (code: string, fields: Record<string, unknown>) =>
      act('safety.danger.created', newId(), {
        code,
        township: towns.caowei,
        found: new Date().toISOString(),
        ...fields,
      }),
    settle: () => box.room.settle(),
    async restart(between: () => void = () => {}) {
      await box.room.stop()
      between()
      box.room = await begin()
    },
    value: (name: string, division = county) => reader.read(name, division)[0]?.value,
    rows: (name: string, division = county) =>
      Object.fromEntries(reader.read(name, division).map((row) => [row.key, row.value])),
    everything() {
      const db = new Database(numbersFile(derived), { readonly: true })
      const all = db.query('select * from number order by 1, 2, 3').all()
      db.close()
      return all
    },
  }
}
