import { expect, test } from 'bun:test'
import * as f from '../../server/kernel/fields.ts'
import { sayIn } from '../../server/kernel/words.ts'
import * as ui from './index.ts'

const t = sayIn('zh')
const draw = (markup: unknown) => String(markup)
const input = (spec: f.FieldSpec, more: Partial<ui.FormField> = {}) =>
  draw(<ui.FieldInput t={t} name="x" spec={spec} {...more} />)

test('what people typed is shown as text, never as markup', () => {
  const page = draw(
    ui.Page({
      t,
      lang: 'zh',
      title: '<script>alert(1)</script>',
      county: '沅江市',
      person: { name: '"><img src=x>' },
      csrf: 'c',
      children: '<b>',
    }),
  )
  expect(page).toStartWith('<!doctype html><html lang="zh-CN">')
  expect(page).not.toContain('<script>alert')
  expect(page).not.toContain('<img src=x>')
  expect(page).toContain('&lt;b&gt;')
})

test('data carried for a script cannot end its element', () => {
  const markup = draw(<ui.Json name="chart" data={{ name: '</script><script>alert(1)</script>' }} />)
  expect(markup.match(/<\/script>/g)).toHaveLength(1)
  expect(JSON.parse(/>(.*)<\/script>/s.exec(markup)![1]!)).toEqual({
    name: '</script><script>alert(1)</script>',
  })
})

test('no piece writes a style attribute or an inline handler: the strict CSP would drop them', () => {
  const everything = [
    ui.Page({
      t,
      lang: 'zh',
      title: '今日',
      county: '沅江市',
      person: { name: '周梅' },
      line: { waiting: 3, sent: 0, received: 0, imported: 0 },
      menu: [],
      csrf: 'c',
      needs: ['map', 'chart'],
      children: (
        <ui.MapView t={t} title="全县" list tools layers={[{ name: 'a', title: '预警', path: '/a' }]} />
      ),
    }),
    ui.BigScreen({
      t,
      lang: 'zh',
      title: '沅江市',
      now: '09:40',
      again: '/wall',
      head: <ui.WallNumber title="水位" value="31.2" />,
    }),
    ui.PrintPage({
      t,
      lang: 'zh',
      title: '合格证',
      paper: 'a5',
      back: '/',
      children: <ui.Sheet>x</ui.Sheet>,
    }),
    ui.PublicPage({ t, lang: 'zh', title: '芦笋', county: '沅江市' }),
    <ui.Chart t={t} title="水位" x={[1, 2]} time series={[{ name: '水位', values: [1, 2] }]} />,
  ].map(draw)
  for (const page of everything) {
    expect(page).not.toMatch(/\sstyle="/)
    expect(page).not.toMatch(/\son[a-z]+="/)
    expect(page).not.toMatch(/<script(?![^>]*(?:src=|application\/json))/)
  }
})

test('a field has its label, its unit inside, its hint, and says when it may be left empty', () => {
  const area = f
    .decimal({ zh: '面积', en: 'Area' })
    .unit('亩', 'mu')
    .min(0)
    .hint('按合同面积填', 'As in the contract')
  const required = input(area.spec)
  expect(required).toContain('<label for="f-x">面积</label>')
  expect(required).toContain('>亩<')
  expect(required).toContain('aria-describedby="f-x-hint"')
  expect(required).toContain('aria-required="true"')
  expect(required).not.toContain('选填')
  expect(input(area.optional().spec)).toContain('选填')
})

test('a fault stands at its field and is tied to the input', () => {
  const markup = input(f.text({ zh: '名称', en: 'Name' }).spec, {
    value: '王家',
    faults: ['名称:最多 2 个字'],
  })
  expect(markup).toContain('aria-invalid="true"')
  expect(markup).toContain('aria-describedby="f-x-fault"')
  expect(markup).toContain('名称:最多 2 个字')
  expect(markup).toContain('value="王家"')
})

test('a masked number is a hint in the field and not its value, so that saving keeps it', () => {
  const markup = input(f.phone({ zh: '电话', en: 'Phone' }).sensitive('mask').spec, { mask: '138****5678' })
  expect(markup).toContain('placeholder="138****5678(不填则不变)"')
  expect(markup).toContain('value=""')
  expect(markup).toContain('data-nodraft')
})

test('up to five choices are all in sight, more fold into a list', () => {
  const options = (n: number) =>
    Object.fromEntries(Array.from({ length: n }, (_, i) => [`o${i}`, { zh: `第${i}项`, en: `${i}` }]))
  const few = input(f.choice({ zh: '方式', en: 'Way' }, options(5)).spec, { value: 'o2' })
  expect(few.match(/type="radio"/g)).toHaveLength(5)
  expect(few).toMatch(/value="o2" checked/)
  expect(few).toContain('<fieldset')
  expect(input(f.choice({ zh: '方式', en: 'Way' }, options(6)).spec)).toContain('<select')
})

test('a retired code stays chosen until someone changes it', () => {
  const markup = input(f.code('crop', { zh: '作物', en: 'Crop' }).spec, {
    value: 'OLD',
    options: [{ value: 'rice', label: '水稻' }],
  })
  expect(markup).toContain('value="OLD"')
})

test('a moment is edited on the county clock, whatever zone the server keeps', () => {
  expect(input(f.time({ zh: '时间', en: 'At' }).spec, { value: '2026-03-05T01:12:00.000Z' })).toContain(
    'value="2026-03-05T09:12"',
  )
})

test('every kind of field draws', () => {
  const words = { zh: '某', en: 'Some' }
  const all = [
    f.text,
    f.long,
    f.integer,
    f.decimal,
    f.date,
    f.time,
    f.flag,
    f.phone,
    f.idNumber,
    f.creditCode,
    f.division,
    f.geometry,
    f.files,
  ].map((make) => make(words).spec)
  for (const spec of [...all, f.ref('base.entity', words).spec, f.code('crop', words).spec])
    expect(input(spec)).toContain('name="x"')
})

test('a form with faults lists them on top, each leading to its field, and loses nothing', () => {
  const markup = draw(
    <ui.Form
      t={t}
      action="/agri/plots"
      csrf="token"
      submit="保存"
      faults={[{ field: 'area', text: '面积:不能大于 5000' }]}
      hidden={{ _base: 4, _gone: undefined }}
      sections={[
        { fields: [{ name: 'area', spec: f.decimal({ zh: '面积', en: 'Area' }).spec, value: '51200' }] },
      ]}
    />,
  )
  expect(markup).toContain('<a href="#f-area">面积:不能大于 5000</a>')
  expect(markup).toContain('name="_csrf" value="token"')
  expect(markup).toContain('name="_base" value="4"')
  expect(markup).not.toContain('_gone')
  expect(markup).toContain('value="51200"')
  expect(markup).not.toContain('multipart')
})

test('a table puts units in the header, the link in the first cell, and a sentence where rows are missing', () => {
  const columns: ui.Column[] = [{ title: '编号' }, { title: '数量', unit: '公斤', kind: 'number' }]
  const markup = draw(
    <ui.Table
      t={t}
      caption="批次"
      columns={columns}
      rows={[{ id: '1', path: '/b/1', cells: ['B-1', '320'] }]}
      count={{ n: 1204 }}
      next="/b?cursor=x"
      empty={{ text: '' }}
    />,
  )
  expect(markup).toContain('<span class="th-unit">公斤</span>')
  expect(markup).toContain('<a href="/b/1">B-1</a>')
  expect(markup).toContain('共 1,204 条')
  expect(markup).toContain('href="/b?cursor=x"')
  expect(markup).toContain('data-label="数量(公斤)"')
  const none = draw(
    <ui.Table
      t={t}
      caption="批次"
      columns={columns}
      rows={[]}
      empty={{ text: '还没有批次。', act: { title: '登记批次', path: '/b/new' } }}
    />,
  )
  expect(none).toContain('还没有批次。')
  expect(none).toContain('href="/b/new"')
  expect(none).not.toContain('<table')
})

test('the line never claims more than it knows', () => {
  const says = (more: Partial<ui.LineProps>) =>
    draw(<ui.LineState t={t} waiting={0} sent={5} received={5} imported={5} {...more} />)
  expect(says({ asOf: '09:40' })).toContain('已与市里同步 · 09:40')
  expect(says({ place: 'device' })).toContain('已与县里同步')
  expect(says({ waiting: 3 })).toContain('本机有 3 条待发')
  expect(says({ sent: 6 })).toContain('市里未取')
  expect(says({ imported: 4 })).toContain('市里已收到,未入库')
  expect(says({ waiting: 3, downSince: '09:12' })).toContain('09:12 起断线,3 条待发')
  expect(says({ alone: true })).toContain('未接上级')
})

test('ticks speak: what three little marks mean is said in words', () => {
  expect(draw(<ui.Ticks t={t} fate="county" />)).toContain('aria-label="县里已收到"')
  expect(draw(<ui.Ticks t={t} fate="county" />).match(/tick-on/g)).toHaveLength(2)
  expect(draw(<ui.Ticks t={t} fate="refused" withWord />)).toContain('未被接受')
})

test('a warning level is never colour alone', () => {
  const markup = draw(<ui.LevelTag t={t} level="orange" />)
  expect(markup).toContain('橙色')
  expect(markup).toContain('<svg')
})

test('a gap in a series stays a gap, in the table and in the sparkline', () => {
  const markup = draw(
    <ui.Chart
      t={t}
      title="水位"
      unit="米"
      x={['一', '二', '三']}
      series={[{ name: '沅江站', values: [31.2, null, 31.4] }]}
      csv="/x.csv"
    />,
  )
  expect(markup).toContain('"values":[31.2,null,31.4]')
  expect(markup).toContain('<td class="col-number">—</td>')
  expect(markup).toContain('href="/x.csv"')
  expect(
    draw(<ui.Sparkline label="水位" values={[1, 2, null, 2, 3]} />).match(/d="(M[^"]*M[^"]*)"/),
  ).not.toBeNull()
})

test('a conflict shows both values and carries everything the person typed', () => {
  const markup = draw(
    <ui.ConflictView
      t={t}
      title="地块"
      action="/p/1"
      csrf="c"
      version={4}
      carried={[
        ['area', '12.5'],
        ['marks', 'a'],
        ['marks', 'b'],
      ]}
      back={{ title: '返回', path: '/p/1' }}
      clashes={[
        {
          field: 'area',
          label: '面积',
          base: '12',
          theirs: '12.8',
          mine: '12.5',
          by: '刘建军',
          when: '09:31',
        },
      ]}
    />,
  )
  for (const part of ['12.8', '12.5', '刘建军 于 09:31 改为', 'name="_keep.area"', 'name="_base" value="4"'])
    expect(markup).toContain(part)
  expect(markup.match(/name="marks"/g)).toHaveLength(2)
})

test('the phone bar has at most five targets', () => {
  const menu = ui.places.map(({ place, title, path }) => ({ place, title: title.zh, path }))
  const page = draw(
    ui.Page({
      t,
      lang: 'zh',
      title: '今日',
      county: '沅江市',
      person: { name: '周梅' },
      menu,
      here: 'today',
      csrf: 'c',
    }),
  )
  const bar = /<nav class="bottom".*?<\/nav>/s.exec(page)![0]
  expect(bar.match(/<a /g)).toHaveLength(5)
  expect(bar).toContain('href="/menu"')
})

test('English is a full translation: no Chinese words of ours remain on the page', () => {
  const en = sayIn('en')
  const page = draw(
    ui.Page({
      t: en,
      lang: 'en',
      title: 'Plots',
      county: 'Yuanjiang',
      person: { name: 'Zhou Mei' },
      line: { waiting: 1, sent: 0, received: 0, imported: 0 },
      csrf: 'c',
      children: (
        <>
          <ui.FilterBar t={en} action="/p" filters={[{ name: 'a', title: 'A', kind: 'date-range' }]} q="x" />
          <ui.Table
            t={en}
            caption="Plots"
            columns={[{ title: 'Code', sort: { path: '/s' } }]}
            rows={[{ id: '1', cells: ['1'] }]}
            bulk={[{ title: 'Print', action: '/x' }]}
            count={{ n: 3 }}
            next="/n"
            first="/f"
            empty={{ text: '' }}
          />
          <ui.Form
            t={en}
            action="/p"
            csrf="c"
            submit="Save"
            faults={[{ text: 'Wrong' }]}
            sections={[
              {
                fields: [
                  { name: 'g', spec: f.geometry({ zh: '四至', en: 'Boundary' }).optional().spec },
                  { name: 'r', spec: f.ref('x', { zh: '主体', en: 'Operator' }).spec },
                ],
              },
            ]}
          />
          <ui.Diary
            t={en}
            lines={[
              {
                by: 'Zhou Mei',
                when: '5 Mar 09:12',
                did: 'harvested',
                from: 'Caowei',
                fate: 'county',
                changes: [{ label: 'Area', before: '', after: '1' }],
              },
            ]}
          />
        </>
      ),
    }),
  ).replace('中文', '')
  expect(page.match(/[一-鿿]+/g)).toBeNull()
})
