// Every piece with the sample county's people and places, to look at while building: `bun web/gallery.tsx --port 21100`.
// For development only; the box never serves it.

import { Hono } from 'hono'
import { html } from 'hono/html'
import * as f from '../server/kernel/fields.ts'
import { sayIn } from '../server/kernel/words.ts'
import { assetText, assetUrl, serveAsset } from './assets.ts'
import { qrSvg } from './qr.ts'
import * as ui from './ui/index.ts'

ui.useAssets(assetUrl)

const t = sayIn('zh')
const townships = [
  '琼湖街道',
  '胭脂湖街道',
  '四季红镇',
  '泗湖山镇',
  '南嘴镇',
  '新湾镇',
  '茶盘洲镇',
  '南大膳镇',
  '黄茅洲镇',
  '草尾镇',
  '阳罗洲镇',
  '共华镇',
  '南洞庭湿地保护与发展事务中心',
  '漉湖湿地保护与发展事务中心',
]
const codes = [
  '006',
  '008',
  '102',
  '105',
  '107',
  '108',
  '110',
  '112',
  '113',
  '114',
  '115',
  '116',
  '401',
  '402',
]
const places: [number, number][] = [
  [112.359, 28.842],
  [112.376, 28.744],
  [112.638, 29.131],
  [112.592, 28.968],
  [112.309, 28.931],
  [112.308, 28.798],
  [112.769, 28.968],
  [112.719, 29.061],
  [112.553, 29.041],
  [112.381, 29.031],
  [112.446, 29.131],
  [112.591, 28.928],
  [112.548, 28.841],
  [112.861, 29.032],
]
const people = ['周梅', '刘建军', '陈晓红', '欧阳志远', '王磊']
const crops = ['芦笋(芦苇笋)', '小龙虾', '早稻', '晚稻', '南洞庭大闸蟹', '黄桃', '蔬菜', '银鱼']

const menu: ui.MenuPlace[] = [
  { place: 'today', title: '今日', path: '/', count: 4 },
  { place: 'map', title: '地图', path: '/map' },
  {
    place: 'trace',
    title: '溯源',
    path: '/list',
    entries: [
      { title: '批次', path: '/list' },
      { title: '地块', path: '/detail' },
      { title: '合格证', path: '/print' },
      { title: '检测报告', path: '/empty' },
      { title: '经营主体', path: '/form' },
    ],
  },
  {
    place: 'sensing',
    title: '感知',
    path: '/charts',
    entries: [
      { title: '监测点', path: '/charts' },
      { title: '预警', path: '/pieces' },
    ],
  },
  { place: 'cases', title: '事件', path: '/pieces', count: 12 },
  { place: 'registers', title: '台账', path: '/steps' },
  { place: 'numbers', title: '指标', path: '/numbers' },
  { place: 'sync', title: '与上级同步', path: '/sync' },
  { place: 'system', title: '系统', path: '/system' },
]

const office = (
  title: string,
  here: ui.Place,
  path: string,
  children: unknown,
  more: Partial<ui.PageProps> = {},
) =>
  ui.Page({
    t,
    lang: 'zh',
    title,
    county: '沅江市',
    person: { name: '周梅', role: '农产品质量安全监管 · 沅江市农业农村局' },
    menu,
    here,
    path,
    line: { waiting: 0, sent: 12, received: 12, imported: 12, asOf: '09:40' },
    csrf: 'gallery',
    children: children as ui.Child,
    ...more,
  })

const app = new Hono()
app.use(async (c, next) => {
  await next()
  c.header(
    'content-security-policy',
    "default-src 'self'; script-src 'self'; style-src 'self' 'nonce-gallery'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  )
})
app.use('/assets/*', async (c, next) => (await serveAsset(c.req.raw)) ?? next())

app.get('/', (c) =>
  c.html(
    office(
      '今日',
      'today',
      '/',
      <>
        <ui.PageHead title="今日" note="11月21日 星期六 · 周梅" />
        <ui.Numbers>
          <ui.NumberCard
            t={t}
            title="待我处理"
            value="4"
            unit="件"
            asOf="09:40"
            path="/list"
            level="orange"
          />
          <ui.NumberCard
            t={t}
            title="本月开具合格证"
            value="1,204"
            unit="张"
            asOf="09:40"
            path="/list"
            change="比上月 +86"
            trend={[40, 42, 38, 51, 47, null, 55, 61, 58, 66]}
          />
          <ui.NumberCard
            t={t}
            title="在线监测点"
            value="186"
            unit="/ 200"
            asOf="09:40"
            path="/charts"
            stale="14 个离线"
          />
          <ui.NumberCard
            t={t}
            title="沅江站水位"
            value="31.24"
            unit="米"
            asOf="09:35"
            path="/charts"
            trend={[30.8, 30.9, 31.0, 31.0, 31.1, 31.2, 31.24]}
          />
        </ui.Numbers>
        <ui.Block title="等你来办" more={<a href="/list">全部 4 件</a>}>
          <ui.Table
            t={t}
            caption="等你来办"
            columns={[
              { title: '事项' },
              { title: '乡镇(街道)' },
              { title: '办理时限', kind: 'time' },
              { title: '', kind: 'tight' },
            ]}
            rows={[
              {
                id: '1',
                path: '/detail',
                level: 'orange',
                cells: [
                  '草尾镇泵站水位超警戒,派人核实',
                  '草尾镇',
                  '今天 11:00',
                  <ui.Button title="派给乡镇" path="/form" small look="main" />,
                ],
              },
              {
                id: '2',
                path: '/detail',
                cells: [
                  '芦笋批次 YJ-2026-0318 采收登记待审核',
                  '南洞庭湿地保护与发展事务中心',
                  '今天 17:00',
                  <ui.Button title="审核" path="/form" small />,
                ],
              },
              {
                id: '3',
                path: '/detail',
                cells: [
                  '王家湾合作社安全间隔期不足,退回补正',
                  '泗湖山镇',
                  '11月23日',
                  <ui.Button title="退回补正" path="/form" small />,
                ],
              },
              {
                id: '4',
                path: '/detail',
                cells: [
                  '两人改了同一地块面积,等你定',
                  '共华镇',
                  '11月25日',
                  <ui.Button title="选定" path="/conflict" small />,
                ],
              },
            ]}
            empty={{ text: '' }}
            id="waiting"
          />
        </ui.Block>
        <ui.Block title="昨天以来">
          <ui.Diary
            t={t}
            title=""
            lines={[
              {
                by: '刘建军',
                when: '11月21日 08:52',
                did: '登记了采收 320 公斤',
                from: '草尾镇',
                fate: 'county',
              },
              {
                by: '陈晓红',
                when: '11月20日 17:31',
                did: '签发了合格证 43098120260318001',
                fate: 'prefecture',
              },
              {
                by: '欧阳志远',
                when: '11月20日 16:02',
                did: '改了地块',
                fate: 'device',
                changes: [
                  { label: '面积(亩)', before: '12', after: '12.5' },
                  { label: '作物', before: '早稻', after: '芦笋(芦苇笋)' },
                ],
              },
            ]}
          />
        </ui.Block>
      </>,
    ),
  ),
)

const listPage = (rows: ui.Row[], q = '') =>
  office(
    '批次',
    'trace',
    '/list',
    <>
      <ui.PageHead title="批次" note="从地块到合格证,一批一码">
        <ui.Button title="导入" path="/form" icon="upload" />
        <ui.Button title="登记批次" path="/form" look="main" icon="plus" />
      </ui.PageHead>
      <ui.FilterBar
        t={t}
        action={q === 'none' ? '/empty' : '/list'}
        q={q}
        searchHint="搜编号、主体、作物"
        filters={[
          {
            name: 'division',
            title: '乡镇(街道)',
            kind: 'options',
            options: townships.map((label, i) => ({ value: `430981${codes[i]}`, label })),
          },
          {
            name: 'state',
            title: '状态',
            kind: 'options',
            options: [
              { value: 'growing', label: '生长中' },
              { value: 'harvested', label: '已采收' },
              { value: 'issued', label: '已开证' },
            ],
            value: 'issued',
          },
          {
            name: 'crop',
            title: '作物',
            kind: 'options',
            options: crops.map((label) => ({ value: label, label })),
          },
          { name: 'day', title: '采收日期', kind: 'date-range' },
          { name: 'weight', title: '数量(公斤)', kind: 'number-range' },
        ]}
      />
      <ui.Table
        t={t}
        caption="批次"
        columns={[
          { title: '批次编号', kind: 'code' },
          { title: '作物' },
          { title: '经营主体' },
          { title: '乡镇(街道)' },
          { title: '数量', unit: '公斤', kind: 'number', sort: { path: '/list?sort=weight', now: 'down' } },
          { title: '采收日期', kind: 'time', sort: { path: '/list?sort=day' } },
          { title: '状态', kind: 'tight' },
          { title: '去向', kind: 'tight', wide: true },
        ]}
        rows={rows}
        count={{ n: rows.length ? 1204 : 0 }}
        next={rows.length ? '/list?cursor=x' : undefined}
        bulk={[
          { title: '批量打印标签', action: '/print' },
          { title: '作废', action: '/list', danger: true },
        ]}
        csrf="gallery"
        acts={<ui.Button title="导出" path="/list.csv" icon="download" small />}
        empty={{
          text: '没有符合条件的批次。换个条件,或登记第一批。',
          act: { title: '登记批次', path: '/form' },
        }}
      />
    </>,
    { wide: true },
  )

app.get('/list', (c) =>
  c.html(
    listPage(
      Array.from({ length: 50 }, (_, i) => ({
        id: `b${i}`,
        path: '/detail',
        faded: i === 6,
        cells: [
          `YJ-2026-${String(1204 - i).padStart(4, '0')}`,
          crops[i % crops.length],
          ['沅江市泗湖山镇王家湾芦笋种植专业合作社', '湖南南洞庭水产有限公司', '周建国家庭农场'][i % 3],
          townships[(i * 5) % 14],
          (((i * 7919) % 9000) + 120.5).toLocaleString('en-US'),
          `2026-11-${String(20 - (i % 20)).padStart(2, '0')}`,
          <ui.Tag
            title={['已开证', '已采收', '生长中', '已作废'][i === 6 ? 3 : i % 3]!}
            tone={(['good', 'info', 'plain', 'bad'] as const)[i === 6 ? 3 : i % 3]}
          />,
          <ui.Ticks t={t} fate={(['prefecture', 'county', 'device'] as const)[i % 3]!} />,
        ],
      })),
      c.req.query('q') ?? '',
    ),
  ),
)
app.get('/empty', (c) => c.html(listPage([], 'none')))

const options = townships.map((label, i) => ({
  value: `430981${codes[i]}`,
  label,
  note: `430981${codes[i]}`,
}))
const specs = {
  code: f
    .text({ zh: '地块编号', en: 'Code' })
    .key()
    .hint('乡镇代码加四位流水号,如 114-0031', 'Township code and four digits').spec,
  division: f.division({ zh: '乡镇(街道)', en: 'Township' }).spec,
  crop: f.code('crop', { zh: '作物', en: 'Crop' }).spec,
  area: f.decimal({ zh: '面积', en: 'Area' }).unit('亩', 'mu').min(0).max(5000).spec,
  owner: f.ref('base.entity', { zh: '经营主体', en: 'Operator' }).spec,
  phone: f.phone({ zh: '联系电话', en: 'Phone' }).sensitive('mask').spec,
  id: f.idNumber({ zh: '负责人身份证号', en: 'ID number' }).optional().spec,
  credit: f.creditCode({ zh: '统一社会信用代码', en: 'Credit code' }).optional().spec,
  water: f.choice(
    { zh: '灌溉方式', en: 'Watering' },
    {
      lake: { zh: '湖水提灌', en: 'Lake' },
      well: { zh: '井灌', en: 'Well' },
      rain: { zh: '靠天', en: 'Rain' },
    },
  ).spec,
  marks: f
    .choices(
      { zh: '认证', en: 'Marks' },
      {
        green: { zh: '绿色食品', en: 'Green' },
        organic: { zh: '有机产品', en: 'Organic' },
        gi: { zh: '地理标志', en: 'GI' },
      },
    )
    .optional().spec,
  flood: f.flag({ zh: '在蓄洪垸内', en: 'In flood storage' }).spec,
  since: f.date({ zh: '承包起始日期', en: 'Since' }).spec,
  seen: f.time({ zh: '现场核查时间', en: 'Seen at' }).optional().spec,
  shape: f.geometry({ zh: '四至', en: 'Boundary' }, 'Polygon').spec,
  note: f.long({ zh: '备注', en: 'Note' }).optional().spec,
  photos: f.files({ zh: '现场照片', en: 'Photos' }).optional().spec,
}
const ring: [number, number][] = [
  [112.371, 29.021],
  [112.389, 29.023],
  [112.391, 29.037],
  [112.374, 29.036],
  [112.371, 29.021],
]
const field = (name: keyof typeof specs, more: Partial<ui.FormField> = {}): ui.FormField => ({
  name,
  spec: specs[name],
  ...more,
})

app.get('/form', (c) =>
  c.html(
    office(
      '登记地块',
      'trace',
      '/form',
      <>
        <ui.PageHead title="登记地块" />
        <ui.Form
          t={t}
          action="/form"
          csrf="gallery"
          submit="保存"
          cancel={{ title: '不保存,返回', path: '/list' }}
          draft="agri.plot/new"
          more={<ui.Button title="保存并再登记一块" name="_next" value="another" />}
          faults={
            c.req.query('wrong')
              ? [
                  { field: 'area', text: '面积:不能大于 5000' },
                  { field: 'owner', text: '经营主体:找不到「王家」,请先登记或从列表选' },
                ]
              : []
          }
          sections={[
            {
              fields: [
                field('code', { value: '114-0031' }),
                field('division', { options, value: '430981114' }),
                field('crop', { options: crops.map((label) => ({ value: label, label })) }),
                field('area', { value: c.req.query('wrong') ? '51200' : '' }),
                field('owner', {
                  picked: c.req.query('wrong') ? '王家' : undefined,
                  picks: [
                    { value: 'e1', label: '王家湾芦笋合作社', note: '上次选的' },
                    { value: 'e2', label: '周建国家庭农场', note: '附近' },
                  ],
                }),
                field('phone', { mask: '138****5678' }),
                field('id'),
                field('credit'),
                field('water', { value: 'lake' }),
                field('marks', { value: ['green'] }),
                field('flood'),
                field('since'),
                field('seen'),
                field('shape', {
                  value: c.req.query('drawn') ? { type: 'Polygon', coordinates: [ring] } : undefined,
                }),
                field('note'),
                field('photos', {
                  value: [
                    { sha256: 'a'.repeat(64), name: '地头界桩.jpg', type: 'image/jpeg', bytes: 820_000 },
                  ],
                }),
              ],
            },
          ]}
        />
      </>,
      {
        needs: ['map'],
        crumbs: [
          { title: '溯源', path: '/list' },
          { title: '地块', path: '/list' },
        ],
      },
    ),
  ),
)
app.post('/form', (c) => c.redirect(c.req.query('fail') ? '/form?wrong=1' : '/saved'))
app.get('/saved', (c) =>
  c.html(
    office('地块', 'trace', '/list', <ui.PageHead title="地块 114-0031" />, {
      flash: { tone: 'good', text: '已保存,县里收到。' },
    }),
  ),
)

app.get('/steps', (c) =>
  c.html(
    office(
      '申报',
      'registers',
      '/steps',
      <>
        <ui.PageHead title="产地准出申报" />
        <ui.Form
          t={t}
          action="/form"
          csrf="gallery"
          submit="提交申报"
          stepwise
          draft="steps"
          sections={[
            {
              title: '主体',
              hint: '合作社、企业、家庭农场都从名录里选。',
              fields: [field('owner'), field('credit')],
            },
            {
              title: '产品',
              fields: [
                field('crop', { options: crops.map((label) => ({ value: label, label })) }),
                field('area'),
              ],
            },
            { title: '地块', fields: [field('shape'), field('note')] },
          ]}
        />
      </>,
      { needs: ['map'] },
    ),
  ),
)

const facts: ui.Fact[] = [
  { label: '地块编号', value: '114-0031', kind: 'code' },
  { label: '乡镇(街道)', value: '草尾镇' },
  { label: '作物', value: '芦笋(芦苇笋)' },
  { label: '面积', value: '12.5', unit: '亩', kind: 'number' },
  { label: '经营主体', value: <a href="/detail">沅江市泗湖山镇王家湾芦笋种植专业合作社</a> },
  { label: '联系电话', value: '138****5678', masked: true, reveal: '/reveal' },
  { label: '灌溉方式', value: '湖水提灌' },
  { label: '认证', value: '绿色食品、地理标志' },
  { label: '承包起始日期', value: '2021年3月5日' },
  { label: '现场核查时间', value: '' },
  { label: '备注', value: '东边与大通湖农场相邻,界桩两处,雨季排水走北沟。', wide: true },
]
app.get('/detail', (c) =>
  c.html(
    office(
      '114-0031 芦笋',
      'trace',
      '/list',
      <ui.Detail
        t={t}
        kind="地块"
        title="114-0031 王家湾东垸"
        state={<ui.Tag title="在产" tone="good" />}
        fate="county"
        note="草尾镇管理,最近改动 11月20日 16:02 ·"
        acts={[
          { title: '登记采收', path: '/form', main: true },
          { title: '登记投入品', path: '/form' },
          { title: '安排检测', path: '/form' },
          { title: '修改', path: '/form', icon: 'edit' },
          { title: '打印标签', path: '/print', icon: 'print' },
          { title: '撤销', path: '/form', danger: true, icon: 'trash' },
        ]}
        facts={facts}
        groups={[
          {
            title: '检测',
            facts: [
              { label: '最近一次', value: '2026年11月18日' },
              { label: '结论', value: <ui.Tag title="合格" tone="good" /> },
            ],
          },
        ]}
        map={
          <ui.MapView
            t={t}
            title="地块位置"
            shapes={[
              {
                geometry: { type: 'Polygon', coordinates: [ring] },
                title: '114-0031 王家湾东垸',
                note: '12.5 亩',
              },
            ]}
          />
        }
        history={[
          { by: '周梅', when: '11月20日 16:02', did: '登记了采收 320 公斤', fate: 'county' },
          {
            by: '刘建军',
            when: '11月18日 10:20',
            did: '改了地块',
            from: '草尾镇',
            fate: 'prefecture',
            changes: [
              { label: '面积(亩)', before: '12', after: '12.5' },
              { label: '备注', before: '', after: '雨季排水走北沟' },
            ],
          },
          { by: '县盒', when: '3月5日 09:12', did: '从「地块台账.xlsx」导入', fate: 'prefecture' },
        ]}
      />,
      {
        needs: ['map'],
        crumbs: [
          { title: '溯源', path: '/list' },
          { title: '地块', path: '/list' },
        ],
        flash: { tone: 'good', text: '采收已登记,县里收到。' },
      },
    ),
  ),
)

app.get('/map', (c) =>
  c.html(
    office(
      '地图',
      'map',
      '/map',
      <>
        <ui.PageHead title="地图" />
        <ui.MapView
          t={t}
          title="全县一张图"
          size="page"
          list
          tools
          layers={[
            {
              name: 'alerts',
              title: '预警',
              path: '/map/layers/alerts.geojson',
              count: 6,
              on: true,
              look: 'orange',
            },
            {
              name: 'sensors',
              title: '监测点',
              path: '/map/layers/sensors.geojson',
              count: 200,
              on: true,
              look: 'water',
            },
            { name: 'plots', title: '地块', path: '/map/layers/plots.geojson', count: 412, look: 'green' },
            { name: 'cases', title: '在办事件', path: '/map/layers/cases.geojson', count: 12, on: true },
          ]}
        />
      </>,
      { needs: ['map'], wide: true },
    ),
  ),
)
app.get('/map/layers/:name', (c) => {
  const name = c.req.param('name').split('.')[0]!
  const [w, s, e, n] = (c.req.query('bbox') ?? '112,28,113,30').split(',').map(Number)
  const counts: Record<string, number> = { alerts: 6, sensors: 200, plots: 80, cases: 12 }
  let seed = name.length * 7919
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647
  const features = Array.from({ length: counts[name] ?? 0 }, (_, i) => {
    const [lng, lat] = places[Math.floor(random() * 14)]!
    const at: [number, number] = [lng + (random() - 0.5) * 0.08, lat + (random() - 0.5) * 0.06]
    const town = townships[places.findIndex((p) => p[0] === lng)]!
    const properties = {
      title:
        name === 'alerts'
          ? `${town}水位超警戒`
          : name === 'cases'
            ? `${town}沟渠堵塞`
            : `${town}${name === 'plots' ? '地块' : '监测点'} ${i + 1}`,
      path: '/detail',
      note: name === 'alerts' ? `31.${i}0 米,11月21日 09:3${i}` : town,
      level: name === 'alerts' ? ['blue', 'yellow', 'orange', 'red'][i % 4] : undefined,
      kind: { sensors: 'water', cases: 'cases', plots: 'trace' }[name],
    }
    const d = 0.004
    const geometry =
      name === 'plots'
        ? {
            type: 'Polygon',
            coordinates: [[at, [at[0] + d, at[1]], [at[0] + d, at[1] + d], [at[0], at[1] + d], at]],
          }
        : { type: 'Point', coordinates: at }
    return { type: 'Feature', properties, geometry, at }
  }).filter(({ at }) => at[0] >= w! && at[0] <= e! && at[1] >= s! && at[1] <= n!)
  return c.json({ type: 'FeatureCollection', features })
})

const hour = 3_600_000
const start = Date.UTC(2026, 10, 18, 16)
const level = Array.from({ length: 72 }, (_, i) =>
  i > 30 && i < 37 ? null : Number((30.4 + i * 0.013 + Math.sin(i / 5) * 0.12).toFixed(2)),
)
const charts = () => (
  <ui.Charts>
    <ui.Chart
      t={t}
      title="沅江站水位"
      unit="米"
      asOf="09:40"
      meaning="每小时平均。空白处是没有收到读数。"
      time
      x={level.map((_, i) => start + i * hour)}
      series={[{ name: '水位', values: level }]}
      marks={[{ title: '警戒', value: 31.2, level: 'orange' }]}
      csv="/x.csv"
    />
    <ui.Chart
      t={t}
      title="两站水位"
      unit="米"
      asOf="09:40"
      time
      x={level.map((_, i) => start + i * hour)}
      series={[
        { name: '沅江站', values: level },
        { name: '南嘴站', values: level.map((v) => (v === null ? null : v + 0.35)) },
      ]}
      csv="/x.csv"
    />
    <ui.Chart
      t={t}
      title="本月合格证"
      unit="张"
      asOf="09:40"
      look="bar"
      x={townships}
      series={[{ name: '合格证', values: townships.map((_, i) => 140 - i * 9) }]}
      csv="/x.csv"
      tall
    />
    <ui.Chart
      t={t}
      title="事件办理"
      unit="件"
      asOf="09:40"
      look="stack"
      x={['5月', '6月', '7月', '8月', '9月', '10月', '11月']}
      series={[
        { name: '按时办结', values: [42, 51, 63, 58, 47, 52, 31] },
        { name: '超时办结', values: [3, 5, 9, 6, 2, 4, 1] },
        { name: '在办', values: [0, 0, 0, 0, 1, 2, 12] },
      ]}
      csv="/x.csv"
      tall
    />
    <ui.Chart
      t={t}
      title="南大膳雨量"
      unit="毫米"
      look="bar"
      x={[]}
      series={[{ name: '雨量', values: [] }]}
    />
  </ui.Charts>
)
app.get('/charts', (c) =>
  c.html(
    office(
      '监测点',
      'sensing',
      '/charts',
      <>
        <ui.PageHead title="沅江站" note="水位 · 琼湖街道" />
        <ui.Tabs
          t={t}
          here="/charts"
          tabs={[
            { title: '曲线', path: '/charts' },
            { title: '读数', path: '/list', count: 4320 },
            { title: '设备', path: '/detail' },
          ]}
        />
        {charts()}
      </>,
      { needs: ['chart'], wide: true },
    ),
  ),
)

app.get('/pieces', (c) =>
  c.html(
    office(
      '各式部件',
      'cases',
      '/pieces',
      <>
        <ui.PageHead title="各式部件" note="只在开发时看" />
        <ui.Block title="按钮">
          <ui.ActionBar end={<ui.Button title="导出" icon="download" />}>
            <ui.Button title="保存并签发" look="main" />
            <ui.Button title="派给乡镇" />
            <ui.Button title="退回补正" look="danger" />
            <ui.Button title="先不办" look="quiet" />
            <ui.Button title="签发" blocked="还差一份检测报告" />
            <ui.More title="更多">
              <ui.Button title="打印" look="quiet" icon="print" />
              <ui.Button title="撤销" look="danger" icon="trash" />
            </ui.More>
          </ui.ActionBar>
        </ui.Block>
        <ui.Block title="级别与状态">
          <ui.ActionBar>
            {(['blue', 'yellow', 'orange', 'red'] as const).map((each) => (
              <ui.LevelTag t={t} level={each} />
            ))}
            {(['plain', 'info', 'good', 'warn', 'bad'] as const).map((each, i) => (
              <ui.Tag tone={each} title={['待核查', '办理中', '已办结', '将到期', '已超时'][i]!} />
            ))}
            {(['device', 'county', 'prefecture', 'held', 'refused'] as const).map((fate) => (
              <ui.Ticks t={t} fate={fate} withWord />
            ))}
          </ui.ActionBar>
        </ui.Block>
        <ui.Block title="说明">
          <ui.Notice tone="info">本机时间比县里快 6 分钟,已按县里的时间记。</ui.Notice>
          <p />
          <ui.Notice tone="good" live>
            已保存,县里收到。
          </ui.Notice>
          <p />
          <ui.Notice tone="warn" title="分析进程 09:12 起没有更新">
            数字停在 09:12,登记和查询不受影响。
          </ui.Notice>
          <p />
          <ui.Notice tone="bad" title="这一步没有做成">
            编号 A3F9 已记下,填的内容还在。稍后再试,或把编号告诉系统管理员。
          </ui.Notice>
        </ui.Block>
        <ui.Block title="进度">
          <ui.Progress
            t={t}
            title="导入 地块台账.xlsx"
            done={12000}
            total={41000}
            text="已读 12,000 行,剩约 2 分钟;停下后可以接着来。"
            stop={{ path: '/x', csrf: 'g' }}
          />
        </ui.Block>
        <ui.Block title="线路">
          <div class="top">
            <span />
            <span />
            <div class="top-end">
              <ui.LineState t={t} waiting={3} sent={1} received={1} imported={1} asOf="09:40" />
            </div>
          </div>
        </ui.Block>
        <ui.Block title="图标">
          <ui.ActionBar>
            {ui.iconNames.map((name) => (
              <ui.Icon name={name} />
            ))}
          </ui.ActionBar>
        </ui.Block>
      </>,
      { line: { waiting: 3, sent: 1, received: 1, imported: 1, asOf: '09:40', downSince: '09:12' } },
    ),
  ),
)
app.get('/line', (c) =>
  c.html(<ui.LineState t={t} waiting={0} sent={1} received={1} imported={1} asOf="09:41" />),
)

app.get('/conflict', (c) =>
  c.html(
    office(
      '两人改了同一处',
      'trace',
      '/list',
      <ui.ConflictView
        t={t}
        title="地块 114-0031"
        action="/form"
        csrf="g"
        version={4}
        carried={[['area', '12.5']]}
        back={{ title: '先不保存,返回地块', path: '/detail' }}
        clashes={[
          {
            field: 'area',
            label: '面积(亩)',
            base: '12',
            theirs: '12.8',
            mine: '12.5',
            by: '刘建军',
            when: '11月21日 09:31',
          },
          {
            field: 'crop',
            label: '作物',
            base: '早稻',
            theirs: '晚稻',
            mine: '芦笋(芦苇笋)',
            by: '刘建军',
            when: '11月21日 09:31',
          },
        ]}
      />,
    ),
  ),
)

app.get('/public', async (c) => {
  const css = c.req.query('inline') ? { text: await assetText('public.css'), nonce: 'gallery' } : undefined
  return c.html(
    ui.PublicPage({
      t,
      lang: 'zh',
      county: '沅江市',
      title: '南洞庭芦笋',
      about: '沅江市草尾镇产,2026年11月采收,检测合格。',
      otherLang: '/public?lang=en',
      inlineCss: css,
      children: (
        <>
          <ui.OpenHero
            title="南洞庭芦笋"
            note="2026年11月18日采收 · 批次 YJ-2026-1204"
            state={
              <div class="open-state">
                <ui.Icon name="done" />
                <div>
                  承诺达标合格证有效<small>开具于 2026年11月20日,编号 43098120260318001</small>
                </div>
              </div>
            }
          />
          <ui.OpenPart
            title="产地"
            facts={[
              { label: '地方', value: '湖南省沅江市草尾镇' },
              { label: '地块', value: '王家湾东垸,12.5 亩' },
            ]}
          />
          <ui.OpenPart
            title="生产者"
            facts={[
              { label: '主体', value: '沅江市泗湖山镇王家湾芦笋种植专业合作社' },
              { label: '认证', value: '绿色食品、地理标志' },
            ]}
          />
          <ui.OpenPart
            title="检测"
            facts={[
              { label: '结论', value: <span class="tag tag-good">合格</span> },
              { label: '机构', value: '沅江市农产品质量安全检验检测中心' },
              { label: '日期', value: '2026年11月18日' },
            ]}
          />
          <ui.OpenPart title="一路走来">
            <ui.OpenSteps
              steps={[
                { title: '移栽', when: '9月2日' },
                { title: '施用有机肥', when: '9月20日', note: '安全间隔期已满足' },
                { title: '采收 320 公斤', when: '11月18日' },
                { title: '开具合格证', when: '11月20日' },
              ]}
            />
          </ui.OpenPart>
        </>
      ),
    }),
  )
})

app.get('/print', (c) =>
  c.html(
    ui.PrintPage({
      t,
      lang: 'zh',
      title: '承诺达标合格证',
      paper: 'a5',
      back: '/detail',
      children: (
        <ui.Sheet>
          <h1>承诺达标合格证</h1>
          <ui.SheetFacts
            facts={[
              { label: '产品名称', value: '芦笋(芦苇笋)' },
              { label: '数量', value: '320 公斤' },
              { label: '产地', value: '湖南省沅江市草尾镇王家湾' },
              { label: '生产主体', value: '沅江市泗湖山镇王家湾芦笋种植专业合作社' },
              { label: '联系方式', value: '138****5678' },
              { label: '开具日期', value: '2026年11月20日' },
            ]}
          />
          <p>承诺:未使用禁用农药、兽药及其他化合物;使用的常规农药、兽药残留不超标。</p>
          <p>依据:☑ 质量安全控制符合要求 ☐ 自行检测合格 ☑ 委托检测合格</p>
          <div class="sheet-qr">
            {html`${qrSvg('https://192.168.1.8/t/4309812026031800112', { title: '溯源码' })}`}
            <p class="sheet-note">
              扫码看这批产品的产地、生产者和检测。
              <br />
              编号 43098120260318001
            </p>
          </div>
          <ui.SheetSign places={['承诺主体签字(盖章)', '开具人']} />
        </ui.Sheet>
      ),
    }),
  ),
)
app.get('/label', (c) =>
  c.html(
    ui.PrintPage({
      t,
      lang: 'zh',
      title: '标签',
      paper: 'label-60x40',
      back: '/detail',
      children: [1, 2].map((n) => (
        <ui.Sheet label>
          {qrSvg(`https://192.168.1.8/t/430981202603180011${n}`, { title: '溯源码' })}
          <div>
            <strong>南洞庭芦笋</strong>
            批次 YJ-2026-1204
            <br />
            产地 沅江市草尾镇
            <br />
            采收 2026年11月18日
            <br />
            承诺达标合格证
          </div>
        </ui.Sheet>
      )),
    }),
  ),
)

app.get('/wall', (c) =>
  c.html(
    ui.BigScreen({
      t,
      lang: 'zh',
      title: '沅江市综合运行',
      now: '11月21日 周六 09:40',
      asOf: '09:40',
      stale: c.req.query('stale') ? '监测数据停在 08:52,登记数据截至 09:40' : undefined,
      again: '/wall',
      needs: ['map', 'chart'],
      head: (
        <>
          <ui.WallNumber title="沅江站水位" value="31.24" unit="米" note="警戒 31.20 米" level="orange" />
          <ui.WallNumber title="在办事件" value="12" unit="件" note="超时 1 件" />
          <ui.WallNumber title="生效预警" value="6" unit="条" note="红 1 · 橙 2" level="red" />
          <ui.WallNumber title="本月合格证" value="1,204" unit="张" note="比上月 +86" />
          <ui.WallNumber title="在线监测点" value="186" unit="/ 200" />
        </>
      ),
      left: (
        <>
          <ui.WallBlock title="沅江站水位" note="米 · 72 小时">
            <ui.Chart
              t={t}
              title=""
              unit="米"
              time
              x={level.map((_, i) => start + i * hour)}
              series={[{ name: '水位', values: level }]}
              marks={[{ title: '警戒', value: 31.2, level: 'orange' }]}
            />
          </ui.WallBlock>
          <ui.WallBlock title="各乡镇合格证" note="张 · 本月">
            <ui.Chart
              t={t}
              title=""
              unit="张"
              look="bar"
              x={townships.slice(0, 8)}
              series={[{ name: '合格证', values: townships.slice(0, 8).map((_, i) => 140 - i * 9) }]}
            />
          </ui.WallBlock>
        </>
      ),
      middle: (
        <ui.WallBlock title="全县" grow>
          <ui.MapView
            t={t}
            title="全县"
            layers={[
              { name: 'alerts', title: '预警', path: '/map/layers/alerts.geojson', on: true, look: 'orange' },
              {
                name: 'sensors',
                title: '监测点',
                path: '/map/layers/sensors.geojson',
                on: true,
                look: 'water',
              },
            ]}
          />
        </ui.WallBlock>
      ),
      right: (
        <>
          <ui.WallBlock title="需要有人去办" grow>
            <ui.WallMatters
              t={t}
              perPage={6}
              none="没有等人去办的事"
              matters={Array.from({ length: 14 }, (_, i) => ({
                title: ['泵站水位超警戒,派人核实', '沟渠堵塞', '电排站停电', '水质溶氧偏低'][i % 4]!,
                place: townships[i],
                since: `已 ${i + 1} 小时`,
                who: people[i % 5],
                level: (['red', 'orange', 'orange', 'yellow', 'blue'] as const)[Math.min(i, 4)],
                word: ['红色', '橙色', '橙色', '黄色', '蓝色'][Math.min(i, 4)],
              }))}
            />
          </ui.WallBlock>
          <ui.WallBlock title="事件办理" note="件 · 近 7 个月">
            <ui.Chart
              t={t}
              title=""
              unit="件"
              look="stack"
              x={['5月', '6月', '7月', '8月', '9月', '10月', '11月']}
              series={[
                { name: '按时', values: [42, 51, 63, 58, 47, 52, 31] },
                { name: '超时', values: [3, 5, 9, 6, 2, 4, 1] },
              ]}
            />
          </ui.WallBlock>
        </>
      ),
    }),
  ),
)

app.get('/pick/*', (c) => {
  const q = c.req.query('q') ?? ''
  const all = [
    '沅江市泗湖山镇王家湾芦笋种植专业合作社',
    '湖南南洞庭水产有限公司',
    '周建国家庭农场',
    '草尾镇新民村股份经济合作社',
  ].map((label, i) => ({ value: `e${i + 1}`, label, note: townships[i] }))
  return c.html(<ui.PickOptions t={t} options={all.filter((each) => each.label.includes(q))} />)
})
app.get('/login', (c) =>
  c.html(
    ui.Page({
      t,
      lang: 'zh',
      title: '登录',
      county: '沅江市',
      children: (
        <>
          <ui.PageHead title="登录" />
          <ui.Form
            t={t}
            action="/login"
            csrf="g"
            submit="登录"
            sections={[{ fields: [{ name: 'name', spec: f.text({ zh: '用户名', en: 'Name' }).spec }] }]}
          />
        </>
      ),
    }),
  ),
)

export const gallery = app

if (import.meta.main) {
  const port = Number(process.argv[process.argv.indexOf('--port') + 1]) || 21100
  Bun.serve({ port, hostname: '127.0.0.1', fetch: app.fetch, idleTimeout: 60 })
  console.log(`http://127.0.0.1:${port}/`)
}
