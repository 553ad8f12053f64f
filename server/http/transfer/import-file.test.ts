import { afterEach, expect, test } from 'bun:test'
import { people } from '../../../tests/county.ts'
import { creditCode, idNumber, type WebScene, webScene } from '../../../tests/web-scene.ts'
import type { Actor } from '../../kernel/access.ts'
import { newId } from '../../kernel/ids.ts'
import { audit } from '../../kernel/schema.ts'
import { csvLines, decodeText } from './csv.ts'
import { exportRecords, type Format } from './export-records.ts'
import { badRowsCsv, importFile } from './import-file.ts'
import { dayText, xlsxLines, xlsxStream } from './sheet.ts'
import { zipStream } from './zip.ts'

let scene: WebScene
let open: WebScene | undefined
afterEach(async () => {
  await open?.close()
  open = undefined
})

const caowei = '430981114'
const liu = { ...people.liu, roles: ['administrator'] } as Actor
const run = (name: string, bytes: Uint8Array, dataset = 'base.entity', actor: Actor = liu, how = {}) =>
  importFile(scene.county.store, actor, dataset, { name, bytes }, how)
const utf8 = (text: string) => new TextEncoder().encode(text)
const named = (n: number) =>
  scene.county.store.look.find('base.entity', { code: creditCode(n) })[0]?.fields as
    | Record<string, unknown>
    | undefined

test('a GB18030 CSV as Excel saves it is taken as such, with its title row and its sum', async () => {
  scene = open = await webScene()
  const text = [
    '沅江市 2026 年合作社名册,,,,,',
    '序号,统一社会信用代码,名称,类型,所在乡镇,联系电话,状态',
    `1,${creditCode(1)},"草尾镇""洞庭""芦笋合作社",农民专业合作社,草尾镇,0737-2721234,在业`,
    `2,${creditCode(2)},新湾虾稻家庭农场,家庭农场,${caowei},13873712345,在业`,
    '合计,2,,,,,',
    ',,,,,,',
  ].join('\r\n')
  const bytes = gb18030(text)
  expect(decodeText(bytes).encoding).toBe('GB18030')
  const report = await run('名册.csv', bytes)
  expect(report).toMatchObject({ state: 'done', rows: 2, created: 2, sums: 1, bad: [], unknown: ['序号'] })
  expect(named(1)).toMatchObject({
    name: '草尾镇"洞庭"芦笋合作社',
    kind: 'co-operative',
    division: caowei,
    phone: '0737-2721234',
    state: 'open',
  })
})

test('the same file again changes nothing, also after somebody mended a row by hand', async () => {
  scene = open = await webScene()
  const file = utf8(
    `统一社会信用代码,名称,类型,所在乡镇,状态\n${creditCode(1)},甲,企业,${caowei},在业\n${creditCode(2)},乙,企业,${caowei},在业\n`,
  )
  await run('a.csv', file)
  const [record] = scene.county.store.look.find('base.entity', { code: creditCode(1) })
  scene.county.act(liu, {
    name: 'base.entity.amended',
    record: record!.id,
    base: 1,
    fields: { name: '甲(更名)' },
  })
  const before = scene.county.store.seq
  const again = await run('a-copy.csv', file)
  expect(scene.county.store.seq).toBe(before)
  expect(again).toMatchObject({ state: 'done', created: 0, unchanged: 2 })
  expect(named(1)!.name).toBe('甲(更名)')
  // Another file with the same rows is compared field by field.
  const other = await run(
    'b.csv',
    utf8(`名称,统一社会信用代码,联系电话\n乙,${creditCode(2)},\n甲,${creditCode(1)},13873712345\n`),
  )
  expect(other).toMatchObject({ created: 0, amended: 1, unchanged: 1, bad: [] })
  expect(named(1)).toMatchObject({ name: '甲', phone: '13873712345', kind: 'firm' })
})

test('bad rows are listed with line, field and reason; good rows go in; mended rows go in later', async () => {
  scene = open = await webScene()
  const rows = [
    `${creditCode(1)},好的,企业,${caowei},在业,`,
    `93430981MA00000000,校验错,企业,${caowei},在业,`,
    `${creditCode(3)},没这个镇,企业,999999999,在业,`,
    `${creditCode(4)},两处错,公司,${caowei},在业,12345`,
  ]
  const head = '统一社会信用代码,名称,类型,所在乡镇,状态,联系电话'
  const report = await run('坏行.csv', utf8([head, ...rows].join('\n')))
  expect(report).toMatchObject({ created: 1, rows: 4 })
  expect(report.bad.map((each) => [each.line, each.field, each.column, each.value])).toEqual([
    [3, 'code', '统一社会信用代码', '93430981MA00000000'],
    [4, 'division', '所在乡镇', '999999999'],
    [5, 'kind', '类型', '公司'],
    [5, 'phone', '联系电话', '12345'],
  ])
  expect(report.bad[0]!.reason.zh).toContain('校验位不对')
  const csv = badRowsCsv(report)
  expect(csv.startsWith('\uFEFF行号,列,内容,原因\r\n3,统一社会信用代码,93430981MA00000000,')).toBe(true)

  // What was refused is tried again when the same file comes: here the register grew meanwhile.
  scene.county.store.registry.lists.get('division')!.codes['999999999'] = { zh: '新镇', en: 'New township' }
  const admin = { ...liu, division: '' }
  const first = await run('坏行.csv', utf8([head, ...rows].join('\n')), 'base.entity', admin)
  expect(first.created).toBe(1)
  expect(first.unchanged).toBe(1)
  delete scene.county.store.registry.lists.get('division')!.codes['999999999']
})

test('a truncated or spoiled workbook is refused with one clear sentence and changes nothing', async () => {
  scene = open = await webScene()
  const whole = await bytesOf(
    xlsxStream(
      '主体',
      [
        { title: '统一社会信用代码' },
        { title: '名称' },
        { title: '类型' },
        { title: '所在乡镇' },
        { title: '状态' },
      ],
      rowsOf([[creditCode(1), '甲', '企业', caowei, '在业']]),
    ),
  )
  for (const cut of [10, 100, Math.floor(whole.length / 2), whole.length - 30, whole.length - 1])
    expect(run('断.xlsx', whole.slice(0, cut))).rejects.toThrow(/incomplete or damaged/)
  const spoiled = whole.slice()
  spoiled[60] = spoiled[60]! ^ 0xff
  expect(run('坏.xlsx', spoiled)).rejects.toThrow(/incomplete or damaged/)
  expect(run('旧.xls', new Uint8Array([0xd0, 0xcf, 0x11, 0xe0, 0, 0]))).rejects.toThrow(/old xls/)
  expect(run('空.csv', new Uint8Array())).rejects.toThrow(/empty/)
  expect(run('别的.csv', utf8('a,b\n1,2\n'))).rejects.toThrow(/header/)
  expect(scene.county.store.seq).toBe(0)
  expect(await run('好.xlsx', whole)).toMatchObject({ created: 1 })
})

test('a workbook as Excel writes it: shared and rich strings, dates, merged cells, codes kept, long numbers named as lost', async () => {
  scene = open = await webScene()
  const strings = [
    '统一社会信用代码',
    '名称',
    '类型',
    '所在乡镇',
    '状态',
    creditCode(1),
    creditCode(2),
    '企业',
    '在业',
    '乙',
  ]
  const sheet = `<worksheet><sheetData>
    <row r="1">${['0', '1', '2', '3', '4'].map((i, c) => `<c r="${'ABCDE'[c]}1" t="s"><v>${i}</v></c>`).join('')}</row>
    <row r="2"><c r="A2" t="s"><v>5</v></c><c r="B2" t="inlineStr"><is><r><t>甲 </t></r><r><t xml:space="preserve">&amp; 子</t></r><rPh><t>jia</t></rPh></is></c><c r="C2" t="s"><v>7</v></c><c r="D2"><v>430981114</v></c><c r="E2" t="s"><v>8</v></c></row>
    <row r="3"><c r="A3" t="s"><v>6</v></c><c r="B3" t="s"><v>9</v></c><c r="E3" t="s"><v>8</v></c></row>
    <row r="4"><c r="A4"><v>9.3430981E+17</v></c><c r="B4" t="s"><v>9</v></c></row>
  </sheetData><mergeCells count="2"><mergeCell ref="C2:C3"/><mergeCell ref="D2:D3"/></mergeCells></worksheet>`
  const file = await workbook(sheet, strings)
  const report = await run('名册.xlsx', file)
  expect(report).toMatchObject({ created: 2 })
  expect(named(1)).toMatchObject({ name: '甲 & 子', division: '430981114' })
  expect(named(2)).toMatchObject({ name: '乙', kind: 'firm', division: '430981114' })
  expect(report.bad.map((each) => [each.line, each.field])).toEqual([[4, 'code']])
  expect(report.bad[0]!.reason.zh).toContain('设成文本')
  expect([dayText(45_000), dayText(45_000.5), dayText(61)]).toEqual([
    '2023-03-15',
    '2023-03-15 12:00',
    '1900-03-01',
  ])
})

test('ID numbers and codes with leading zeros come through untouched', async () => {
  scene = open = await webScene()
  const rows = [[idNumber(1), '周梅', '女', '007', caowei]]
  const file = await bytesOf(
    xlsxStream(
      '人口',
      ['身份证号', '姓名', '性别', '户号', '所在乡镇(街道)'].map((title) => ({ title })),
      rowsOf(rows),
    ),
  )
  expect(await run('人口.xlsx', file, 'base.person')).toMatchObject({ created: 1, bad: [] })
  expect(scene.county.store.look.find('base.person', { 'id-number': idNumber(1) })[0]!.fields).toMatchObject({
    household: '007',
  })
})

test('an import that is stopped goes on where it was', async () => {
  scene = open = await webScene()
  const lines = Array.from(
    { length: 3000 },
    (_, i) => `${creditCode(i)},合作社 ${i},农民专业合作社,${caowei},在业`,
  )
  const file = utf8(['统一社会信用代码,名称,类型,所在乡镇,状态', ...lines].join('\n'))
  let commits = 0
  const stopped = await run('大.csv', file, 'base.entity', liu, { stop: () => commits++ >= 2 })
  expect(stopped.state).toBe('stopped')
  expect(stopped.created).toBeGreaterThan(0)
  expect(stopped.created).toBeLessThan(3000)
  expect(scene.county.store.seq).toBe(stopped.created)
  const seen: number[] = []
  const done = await run('大.csv', file, 'base.entity', liu, {
    progress: (report: { created: number }) => seen.push(report.created),
  })
  expect(done).toMatchObject({ state: 'done', created: 3000, rows: 3000, bad: [] })
  expect(scene.county.store.seq).toBe(3000)
  expect(seen.length).toBeGreaterThan(1)
})

test('a township worker’s file reaches no other township', async () => {
  scene = open = await webScene()
  const wen: Actor = { ...people.wen, roles: ['administrator'] }
  const report = await run(
    'x.csv',
    utf8(
      `统一社会信用代码,名称,类型,所在乡镇,状态\n${creditCode(1)},甲,企业,430981107,在业\n${creditCode(2)},乙,企业,${caowei},在业\n`,
    ),
    'base.entity',
    wen,
  )
  expect(report).toMatchObject({ created: 1 })
  expect(report.bad).toHaveLength(1)
  expect(run('x.csv', utf8('名称\n甲\n'), 'base.entity', people.leader)).rejects.toThrow(/may not import/)
})

test('what is exported comes in again unchanged, whatever the format', async () => {
  scene = open = await webScene()
  for (let i = 0; i < 40; i++)
    scene.plot(caowei, {
      name: i === 3 ? '=1+1' : `地块 ${i}, "东"`,
      area: 12.5 + i,
      shape: { type: 'Point', coordinates: [112.3, 28.8 + i / 1000] },
    })
  const person = newId()
  scene.county.act(scene.county.store.system, {
    name: 'base.person.created',
    record: person,
    fields: { 'id-number': idNumber(1), name: '周梅', sex: 'female', phone: '13900001234', division: caowei },
  })
  const desk = scene.county.desk(people.admin)
  const before = scene.county.store.seq
  for (const format of ['csv', 'xlsx', 'ndjson', 'geojson'] as Format[]) {
    const made = await exportRecords(desk, 'agri.plot', format)
    expect(made.name).toMatch(new RegExp(`^地块-\\d{4}-\\d{2}-\\d{2}\\.${format}$`))
    const report = await run(
      made.name,
      new Uint8Array(await new Response(made.stream).arrayBuffer()),
      'agri.plot',
      people.admin,
    )
    expect({ format, bad: report.bad, unchanged: report.unchanged }).toEqual({
      format,
      bad: [],
      unchanged: 40,
    })
  }
  const people2 = await exportRecords(desk, 'base.person', 'csv')
  const text = await new Response(people2.stream).text()
  expect(text).not.toContain('13900001234')
  expect((await run('人口.csv', utf8(text), 'base.person', people.admin)).bad).toEqual([])
  expect(scene.county.store.record(person)!.fields.phone).toBe('13900001234')
  expect(scene.county.store.seq).toBe(before)
  const plots = await new Response((await exportRecords(desk, 'agri.plot', 'csv')).stream).text()
  expect(plots).toContain("'=1+1")
})

test('in the browser: choose a file, see what came of it, download the refused rows; the export keeps the filter and is audited', async () => {
  scene = open = await webScene()
  const admin = await scene.by(people.admin)
  const file = new File(
    [
      gb18030(
        `统一社会信用代码,名称,类型,所在乡镇,状态\r\n${creditCode(1)},草尾芦笋,企业,草尾镇,在业\r\n123,错,企业,草尾镇,在业\r\n`,
      ),
    ],
    '名册.csv',
  )
  const begun = await admin.post('/d/base.entity/import', { file })
  expect(begun.status).toBe(303)
  const path = begun.headers.get('location')!
  const page = await (await admin.get(path)).text()
  expect(page).toContain('新登记 1 行')
  expect(page).toContain('未导入 1 行')
  const refused = await admin.get(`${path}/bad.csv`)
  expect(refused.headers.get('content-disposition')).toContain(encodeURIComponent('未导入的行'))
  expect(await refused.text()).toContain('3,统一社会信用代码,123,')
  const broken = await admin.post('/d/base.entity/import', {
    file: new File([new Uint8Array([0x50, 0x4b, 3, 4, 1, 2, 3])], '断.xlsx'),
  })
  expect([broken.status, (await broken.text()).includes('不完整或已损坏')]).toEqual([422, true])
  expect((await admin.post('/d/base.entity/import', {})).status).toBe(422)

  const out = await admin.get('/d/base.entity/export/csv?filter[kind]=firm&cursor=abc')
  expect((await out.text()).split('\r\n').filter(Boolean)).toHaveLength(2)
  expect(
    scene.db
      .select()
      .from(audit)
      .all()
      .filter((row) => row.what === 'exported'),
  ).toMatchObject([
    { actor: 'admin', about: 'base.entity', detail: expect.stringContaining('filter[kind]=firm') },
  ])
  expect((await (await scene.by(people.mei)).get('/d/base.entity/export/csv')).status).toBe(403)
  expect((await (await scene.by(people.leader)).get('/d/base.entity/import')).status).toBe(403)
})

test('quotes, commas, line ends and other separators inside CSV are read as written', () => {
  const cells = (text: string) =>
    [...csvLines(text)].map((line) => [line.line, ...line.cells.map((cell) => cell.text)])
  expect(cells('a,b\r\n"x,""y""\n第二行",2\n\n3,4')).toEqual([
    [1, 'a', 'b'],
    [2, 'x,"y"\n第二行', '2'],
    [4, ''],
    [5, '3', '4'],
  ])
  expect(cells('a;b\n1;2')).toEqual([
    [1, 'a', 'b'],
    [2, '1', '2'],
  ])
  expect(cells('a\tb\n"未完')).toEqual([
    [1, 'a', 'b'],
    [2, '未完'],
  ])
})

test('a million rows need no million rows of memory on their way out', async () => {
  const chunks: number[] = []
  const rows = (async function* () {
    for (let i = 0; i < 120_000; i++) yield [`编号 ${i}`, i]
  })()
  for await (const chunk of xlsxStream('表', [{ title: '编号' }, { title: '数', number: true }], rows))
    chunks.push(chunk.length)
  expect(chunks.length).toBeGreaterThan(20)
  expect(Math.max(...chunks)).toBeLessThan(1_000_000)
})

// ── files as other programs make them ────────────────────────────────────────────────────────────────────────────────

async function workbook(sheet: string, strings: string[]): Promise<Uint8Array> {
  return bytesOf(
    zipStream([
      {
        name: 'xl/workbook.xml',
        content:
          '<workbook><sheets><sheet name="隐藏" sheetId="1" state="hidden" r:id="rId9"/><sheet name="名册" sheetId="2" r:id="rId1"/></sheets></workbook>',
      },
      {
        name: 'xl/_rels/workbook.xml.rels',
        content: '<Relationships><Relationship Id="rId1" Target="worksheets/sheet7.xml"/></Relationships>',
      },
      {
        name: 'xl/sharedStrings.xml',
        content: `<sst>${strings.map((each) => `<si><t>${each}</t></si>`).join('')}</sst>`,
      },
      { name: 'xl/worksheets/sheet7.xml', content: sheet },
    ]),
  )
}

async function bytesOf(chunks: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return new Uint8Array(Buffer.concat(all))
}

async function* rowsOf(rows: (string | number)[][]) {
  yield* rows
}

/** The runtime decodes GB18030 and does not encode it: turn its own table round. */
function gb18030(text: string): Uint8Array<ArrayBuffer> {
  const decoder = new TextDecoder('gb18030')
  const table = new Map<string, [number, number]>()
  for (let a = 0x81; a <= 0xfe; a++)
    for (let b = 0x40; b <= 0xfe; b++)
      if (b !== 0x7f) table.set(decoder.decode(new Uint8Array([a, b])), [a, b])
  return new Uint8Array(
    [...text].flatMap((char) => (char.charCodeAt(0) < 0x80 ? [char.charCodeAt(0)] : (table.get(char) ?? []))),
  )
}

test('the reader of workbooks sees what its writer wrote', async () => {
  const bytes = await bytesOf(
    xlsxStream(
      '表',
      [{ title: '甲' }, { title: '乙', number: true }],
      rowsOf([
        ['<&">\u0001 007', 3.25],
        ['', 0],
      ]),
    ),
  )
  expect([...xlsxLines(bytes)].map((line) => line.cells.map((cell) => cell.text))).toEqual([
    ['甲', '乙'],
    ['<&"> 007', '3.25'],
    ['', '0'],
  ])
})
