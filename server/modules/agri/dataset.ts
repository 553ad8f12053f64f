import { dataset } from '../../kernel/dataset.ts'
import {
  choice,
  choices,
  code,
  date,
  decimal,
  division,
  files,
  flag,
  geometry,
  integer,
  long,
  ref,
  text,
} from '../../kernel/fields.ts'

const bureau = 'agriculture-bureau'

export const plots = dataset('agri.plot', {
  title: { zh: '地块', en: 'Plot' },
  fields: {
    code: text({ zh: '地块编号', en: 'Code' })
      .key()
      .longest(30)
      .hint('登记时自动编号;已有编号的照填', 'Given on registration; keep an existing one'),
    name: text({ zh: '名称', en: 'Name' })
      .longest(60)
      .hint('如:芦苇场东 3 号', 'For example: Reed field east 3'),
    entity: ref('base.entity', { zh: '经营主体', en: 'Operator' }),
    use: choice(
      { zh: '用途', en: 'Use' },
      {
        planting: { zh: '种植', en: 'Planting' },
        livestock: { zh: '畜禽', en: 'Livestock' },
        aquatic: { zh: '水产', en: 'Aquaculture' },
      },
    ).filter(),
    crop: code('crop', { zh: '主要品种', en: 'Main crop' }).filter().optional(),
    area: decimal({ zh: '面积', en: 'Area' }).unit('亩', 'mu').min(0),
    shape: geometry({ zh: '四至', en: 'Boundary' }, 'Polygon', 'Point').optional(),
    division: division({ zh: '所在乡镇', en: 'Township' }),
    note: long({ zh: '备注', en: 'Note' }).optional(),
  },
  keeper: 'township',
  offline: true,
  label: '{name}',
  columns: ['name', 'code', 'crop', 'area', 'use', 'entity', 'division'],
  catalogue: { share: 'conditional', open: 'after-masking', updates: 'monthly', steward: bureau },
})

export const products = dataset('agri.product', {
  title: { zh: '产品', en: 'Product' },
  fields: {
    code: text({ zh: '产品编号', en: 'Code' }).key().longest(30),
    name: text({ zh: '名称', en: 'Name' }).longest(60),
    crop: code('crop', { zh: '品种', en: 'Crop' }).filter(),
    category: choice(
      { zh: '合格证品类', en: 'Certificate category' },
      {
        vegetable: { zh: '蔬菜(含人工种植食用菌)', en: 'Vegetables and grown fungi' },
        fruit: { zh: '水果', en: 'Fruit' },
        tea: { zh: '茶鲜叶', en: 'Fresh tea leaf' },
        livestock: { zh: '畜禽', en: 'Livestock' },
        egg: { zh: '禽蛋', en: 'Eggs' },
        aquatic: { zh: '养殖水产品', en: 'Farmed aquatic products' },
        other: { zh: '其他(自愿开具)', en: 'Other (voluntary)' },
      },
    ).filter(),
    gtin: text({ zh: '商品条码', en: 'GTIN' })
      .matches('\\d{8}|\\d{12,14}')
      .filter()
      .optional()
      .hint('8、12、13 或 14 位数字,含校验位', '8, 12, 13 or 14 digits with the check digit'),
    'shelf-life': integer({ zh: '保质期', en: 'Shelf life' }).unit('天', 'days').min(0).optional(),
    standard: text({ zh: '执行标准', en: 'Standard' }).optional(),
    about: long({ zh: '产品介绍', en: 'About' }).optional(),
    photo: files({ zh: '照片', en: 'Photo' }).optional(),
  },
  keeper: 'county',
  offline: true,
  reach: 'below',
  label: '{name}',
  columns: ['code', 'name', 'crop', 'category', 'gtin'],
  catalogue: { share: 'unconditional', open: 'open', updates: 'irregular', steward: bureau },
})

/** Inputs whose use must be recorded: pesticides, and drugs for fish and livestock. */
export const pesticides = dataset('agri.pesticide', {
  title: { zh: '农药和渔药', en: 'Pesticides and drugs' },
  fields: {
    code: text({ zh: '登记证号', en: 'Registration' }).key().longest(30),
    name: text({ zh: '名称', en: 'Name' }).longest(60),
    kind: choice(
      { zh: '类别', en: 'Kind' },
      {
        insecticide: { zh: '杀虫剂', en: 'Insecticide' },
        fungicide: { zh: '杀菌剂', en: 'Fungicide' },
        herbicide: { zh: '除草剂', en: 'Herbicide' },
        regulator: { zh: '植物生长调节剂', en: 'Growth regulator' },
        'aquatic-drug': { zh: '渔药', en: 'Aquatic drug' },
        'animal-drug': { zh: '兽药', en: 'Veterinary drug' },
      },
    ).filter(),
    substances: text({ zh: '有效成分', en: 'Active substances' }).hint(
      '多种成分用顿号分开:阿维菌素、毒死蜱',
      'Separate several with 、',
    ),
    form: text({ zh: '含量和剂型', en: 'Strength and form' }).optional(),
    toxicity: choice(
      { zh: '毒性', en: 'Toxicity' },
      {
        slight: { zh: '微毒', en: 'Slight' },
        low: { zh: '低毒', en: 'Low' },
        medium: { zh: '中等毒', en: 'Moderate' },
        high: { zh: '高毒', en: 'High' },
        extreme: { zh: '剧毒', en: 'Extreme' },
      },
    ).filter(),
    maker: text({ zh: '生产企业', en: 'Maker' }).optional(),
    'licence-until': date({ zh: '登记有效期至', en: 'Registered until' }).optional(),
    source: text({ zh: '来源', en: 'Source' }).optional(),
  },
  keeper: 'county',
  offline: true,
  reach: 'below',
  label: '{name}',
  columns: ['code', 'name', 'kind', 'substances', 'toxicity'],
  catalogue: { share: 'unconditional', open: 'open', updates: 'irregular', steward: bureau },
})

/** How long to wait between the last use and the harvest, per pesticide and crop, as the label says. */
export const intervals = dataset('agri.interval', {
  title: { zh: '安全间隔期(休药期)', en: 'Safety interval' },
  fields: {
    pesticide: ref('agri.pesticide', { zh: '农药或渔药', en: 'Pesticide or drug' }),
    crop: code('crop', { zh: '品种', en: 'Crop' }).filter(),
    days: integer({ zh: '间隔', en: 'Interval' }).unit('天', 'days').min(0).max(365),
    'most-uses': integer({ zh: '每季最多使用', en: 'Most uses per season' })
      .unit('次', 'times')
      .min(1)
      .optional(),
    source: text({ zh: '来源', en: 'Source' }).optional(),
  },
  keeper: 'county',
  offline: true,
  reach: 'below',
  label: '{crop} {days}',
  columns: ['pesticide', 'crop', 'days', 'most-uses', 'source'],
  catalogue: { share: 'unconditional', open: 'open', updates: 'irregular', steward: bureau },
})

/** Bans in slices of time: law as data, because the list grows every other year. One record per substance name. */
export const bans = dataset('agri.ban', {
  title: { zh: '禁限用规定', en: 'Ban' },
  fields: {
    substance: text({ zh: '成分', en: 'Substance' }).filter(),
    scope: choices(
      { zh: '禁用范围', en: 'Banned on' },
      {
        all: { zh: '全部', en: 'Everything' },
        vegetable: { zh: '蔬菜', en: 'Vegetables' },
        fruit: { zh: '瓜果', en: 'Fruit' },
        tea: { zh: '茶叶', en: 'Tea' },
        fungus: { zh: '菌类', en: 'Fungi' },
        herb: { zh: '中草药材', en: 'Herbs' },
        'aquatic-plant': { zh: '水生植物', en: 'Aquatic plants' },
        grain: { zh: '粮食', en: 'Grain' },
        oil: { zh: '油料', en: 'Oil crops' },
        aquatic: { zh: '水产养殖', en: 'Aquaculture' },
        livestock: { zh: '畜禽', en: 'Livestock' },
      },
    ),
    from: date({ zh: '起', en: 'From' })
      .optional()
      .hint('长期禁用的可不填', 'Leave empty for long-standing bans'),
    until: date({ zh: '止', en: 'Until' }).optional(),
    source: text({ zh: '依据', en: 'Source' }),
    grade: choice(
      { zh: '核对情况', en: 'Checked' },
      {
        verified: { zh: '已对照原文', en: 'Against the norm' },
        secondary: { zh: '据转载', en: 'Secondary source' },
        memory: { zh: '待核对', en: 'To be checked' },
      },
    ).filter(),
  },
  keeper: 'province',
  offline: true,
  reach: 'below',
  label: '{substance}',
  columns: ['substance', 'scope', 'from', 'source', 'grade'],
  catalogue: { share: 'unconditional', open: 'open', updates: 'irregular', steward: bureau },
})

/** One production batch: a product of one operator from one or several plots, followed under one trace code. */
export const batches = dataset('agri.batch', {
  title: { zh: '生产批次', en: 'Batch' },
  fields: {
    code: text({ zh: '溯源码', en: 'Trace code' }).key().longest(20).setByAct(),
    product: ref('agri.product', { zh: '产品', en: 'Product' }),
    crop: code('crop', { zh: '品种', en: 'Crop' }).filter(),
    plot: ref('agri.plot', { zh: '地块', en: 'Plot' }),
    entity: ref('base.entity', { zh: '经营主体', en: 'Operator' }),
    division: division({ zh: '所在乡镇', en: 'Township' }),
    started: date({ zh: '播种(投放)日期', en: 'Sown or stocked' }),
    expected: decimal({ zh: '预计产量', en: 'Expected yield' }).unit('公斤', 'kg').min(0).optional(),
    state: choice(
      { zh: '状态', en: 'State' },
      {
        growing: { zh: '种养中', en: 'Growing' },
        harvested: { zh: '已采收', en: 'Harvested' },
        inspected: { zh: '检测合格', en: 'Passed inspection' },
        certified: { zh: '已发证', en: 'Certified' },
        held: { zh: '隔离', en: 'Held' },
        closed: { zh: '已结束', en: 'Closed' },
      },
    )
      .filter()
      .setByAct(),
    /** Why it is held: an early harvest, a failed inspection, a forbidden input. */
    held: text({ zh: '隔离原因', en: 'Held because' }).setByAct(),
    note: long({ zh: '备注', en: 'Note' }).optional(),
  },
  keeper: 'county',
  offline: true,
  closed: true,
  label: '{code}',
  heading: '{product} · {plot}',
  columns: ['product', 'plot', 'state', 'started', 'code', 'entity', 'division'],
  catalogue: { share: 'conditional', open: 'after-masking', updates: 'daily', steward: bureau },
})

/** Further plots of a batch, beyond its first. */
export const batchPlots = dataset('agri.batch-plot', {
  title: { zh: '批次地块', en: 'Plot of a batch' },
  fields: {
    batch: ref('agri.batch', { zh: '批次', en: 'Batch' }),
    plot: ref('agri.plot', { zh: '地块', en: 'Plot' }),
    division: division({ zh: '所在乡镇', en: 'Township' }),
  },
  keeper: 'county',
  offline: true,
  append: true,
  closed: true,
  label: '{batch}',
  heading: '{batch} · {plot}',
})

/** Work of which so much was used. */
const measured = ['pesticide', 'fertiliser', 'sowing', 'stocking', 'feeding', 'other']

/** What a clerk says of one piece of work: asked by the verb, kept in the record. */
export const farmWork = {
  kind: choice(
    { zh: '农事', en: 'Work' },
    {
      pesticide: { zh: '用药', en: 'Pesticide or drug' },
      fertiliser: { zh: '施肥', en: 'Fertiliser' },
      sowing: { zh: '播种移栽', en: 'Sowing' },
      stocking: { zh: '投苗', en: 'Stocking' },
      feeding: { zh: '投喂', en: 'Feeding' },
      watering: { zh: '灌排水', en: 'Watering' },
      weeding: { zh: '除草清塘', en: 'Weeding' },
      other: { zh: '其他', en: 'Other' },
    },
  ).filter(),
  on: date({ zh: '日期', en: 'Date' }).filter(),
  pesticide: ref('agri.pesticide', { zh: '农药或渔药', en: 'Pesticide or drug' })
    .optional()
    .must('kind', 'pesticide'),
  input: text({ zh: '投入品名称', en: 'Input' })
    .optional()
    .only('kind', 'fertiliser', 'sowing', 'stocking', 'feeding', 'other'),
  maker: text({ zh: '投入品生产企业', en: 'Maker of the input' })
    .optional()
    .only('kind', 'fertiliser', 'sowing', 'stocking', 'feeding', 'other'),
  dose: decimal({ zh: '用量', en: 'Dose' })
    .min(0)
    .optional()
    .only('kind', ...measured),
  'dose-unit': choice(
    { zh: '用量单位', en: 'Dose unit' },
    {
      'g-mu': { zh: '克/亩', en: 'g per mu' },
      'ml-mu': { zh: '毫升/亩', en: 'ml per mu' },
      'kg-mu': { zh: '公斤/亩', en: 'kg per mu' },
      kg: { zh: '公斤', en: 'kg' },
      litre: { zh: '升', en: 'l' },
    },
  )
    .optional()
    .only('kind', ...measured),
  target: text({ zh: '防治对象', en: 'Target' }).optional().only('kind', 'pesticide'),
  operator: text({ zh: '操作人', en: 'Done by' }).sensitive('mask').optional(),
  photos: files({ zh: '照片', en: 'Photos' }).pictures().optional(),
  note: long({ zh: '备注', en: 'Note' }).optional(),
}

export const harvestWork = {
  on: date({ zh: '采收日期', en: 'Harvested on' }).filter(),
  quantity: decimal({ zh: '数量', en: 'Quantity' }).unit('公斤', 'kg').min(0.01).max(1_000_000),
  operator: text({ zh: '采收人', en: 'Done by' }).sensitive('mask').optional(),
  note: long({ zh: '备注', en: 'Note' }).optional(),
}

export const testing = {
  kind: choice(
    { zh: '方式', en: 'Kind' },
    {
      rapid: { zh: '自行快检', en: 'Own rapid test' },
      own: { zh: '自行定量检测', en: 'Own laboratory' },
      commissioned: { zh: '委托检测', en: 'Commissioned laboratory' },
      supervised: { zh: '监督抽查', en: 'Supervised sampling' },
      monitoring: { zh: '风险监测', en: 'Risk monitoring' },
    },
  ).filter(),
  sampled: date({ zh: '抽样日期', en: 'Sampled on' }),
  on: date({ zh: '报告日期', en: 'Reported on' }).filter(),
  items: text({ zh: '检测项目', en: 'Items' }).longest(200),
  value: decimal({ zh: '酶抑制率', en: 'Enzyme inhibition' })
    .unit('%', '%')
    .min(0)
    .max(100)
    .optional()
    .only('kind', 'rapid'),
  method: text({ zh: '方法标准', en: 'Method' }).optional(),
  lab: text({ zh: '检测机构', en: 'Laboratory' })
    .optional()
    .only('kind', 'commissioned', 'supervised', 'monitoring'),
  report: text({ zh: '报告编号', en: 'Report' })
    .optional()
    .only('kind', 'own', 'commissioned', 'supervised', 'monitoring'),
  verdict: choice(
    { zh: '结论', en: 'Verdict' },
    { pass: { zh: '合格', en: 'Pass' }, fail: { zh: '不合格', en: 'Fail' } },
  ).filter(),
  files: files({ zh: '报告附件', en: 'Files' }).optional(),
}

/** Compulsory production record (农产品质量安全法 第27条, 农药管理条例 第36条): kept two years at least. */
export const farmRecords = dataset('agri.farm-record', {
  title: { zh: '农事记录', en: 'Farm record' },
  fields: {
    batch: ref('agri.batch', { zh: '批次', en: 'Batch' }),
    plot: ref('agri.plot', { zh: '地块', en: 'Plot' }),
    entity: ref('base.entity', { zh: '经营主体', en: 'Operator' }),
    division: division({ zh: '所在乡镇', en: 'Township' }),
    ...farmWork,
  },
  keeper: 'township',
  offline: true,
  closed: true,
  label: '{kind} {on}',
  heading: '{kind} · {on}',
  columns: ['on', 'kind', 'pesticide', 'input', 'dose', 'dose-unit', 'batch', 'plot', 'entity'],
  catalogue: { share: 'conditional', open: 'closed', updates: 'daily', steward: bureau },
})

export const harvests = dataset('agri.harvest', {
  title: { zh: '采收(捕捞)', en: 'Harvest' },
  fields: {
    batch: ref('agri.batch', { zh: '批次', en: 'Batch' }),
    entity: ref('base.entity', { zh: '经营主体', en: 'Operator' }),
    division: division({ zh: '所在乡镇', en: 'Township' }),
    ...harvestWork,
    /** Taken before the safety interval had passed, and written down all the same. */
    early: flag({ zh: '早于安全间隔期', en: 'Within the safety interval' }).setByAct(),
  },
  keeper: 'township',
  offline: true,
  closed: true,
  label: '{on}',
  heading: '{on} · {quantity}',
  columns: ['on', 'quantity', 'batch', 'entity', 'division', 'early'],
  catalogue: { share: 'conditional', open: 'after-masking', updates: 'daily', steward: bureau },
})

export const inspections = dataset('agri.inspection', {
  title: { zh: '检测', en: 'Inspection' },
  fields: {
    number: text({ zh: '样品编号', en: 'Sample' }).key().longest(40),
    batch: ref('agri.batch', { zh: '批次', en: 'Batch' }),
    entity: ref('base.entity', { zh: '经营主体', en: 'Operator' }),
    division: division({ zh: '所在乡镇', en: 'Township' }),
    ...testing,
  },
  keeper: 'county',
  offline: true,
  append: true,
  closed: true,
  label: '{number}',
  heading: '{kind} · {on}',
  columns: ['number', 'on', 'kind', 'items', 'verdict', 'batch', 'entity', 'division'],
  catalogue: { share: 'unconditional', open: 'open', updates: 'daily', steward: bureau },
})

/** 承诺达标合格证. What it says never changes after issue; it can only be declared void, with a reason. */
export const certificates = dataset('agri.certificate', {
  title: { zh: '承诺达标合格证', en: 'Certificate' },
  about: {
    zh: '农业农村部令 2025 年第 4 号,2026 年 2 月 1 日起施行',
    en: 'Order 4/2025 of the Ministry of Agriculture and Rural Affairs, in force 1 February 2026',
  },
  fields: {
    number: text({ zh: '合格证编号', en: 'Number' }).key().longest(30).setByAct(),
    batch: ref('agri.batch', { zh: '批次', en: 'Batch' }),
    entity: ref('base.entity', { zh: '承诺主体', en: 'Issuer' }),
    division: division({ zh: '所在乡镇', en: 'Township' }),
    style: choice(
      { zh: '样式', en: 'Style' },
      {
        producer: { zh: '生产者', en: 'Producer' },
        purchaser: { zh: '收购者', en: 'Purchaser' },
      },
    ).filter(),
    product: text({ zh: '产品名称', en: 'Product' }),
    quantity: decimal({ zh: '数量(重量)', en: 'Quantity' }).unit('公斤', 'kg').min(0.01),
    origin: text({ zh: '产地', en: 'Origin' }),
    issuer: text({ zh: '承诺主体名称', en: 'Issuer’s name' }),
    contact: text({ zh: '联系方式', en: 'Contact' }),
    issued: date({ zh: '开具日期', en: 'Issued on' }).filter(),
    commitment: long({ zh: '承诺内容', en: 'Commitment' }),
    basis: choices(
      { zh: '承诺依据', en: 'Basis' },
      {
        control: { zh: '质量安全控制符合要求', en: 'Quality control meets the requirements' },
        'own-test': { zh: '自行检测合格', en: 'Passed own test' },
        'commissioned-test': { zh: '委托检测合格', en: 'Passed commissioned test' },
      },
    ),
    inspection: ref('agri.inspection', { zh: '检测报告', en: 'Inspection' }).optional(),
    state: choice(
      { zh: '状态', en: 'State' },
      { valid: { zh: '有效', en: 'Valid' }, void: { zh: '已作废', en: 'Void' } },
    ).filter(),
    'void-reason': text({ zh: '作废原因', en: 'Void because' }).setByAct(),
    'voided-on': date({ zh: '作废日期', en: 'Voided on' }).setByAct(),
  },
  keeper: 'county',
  offline: true,
  closed: true,
  label: '{number}',
  heading: '{product} · {quantity}',
  columns: ['number', 'issued', 'product', 'quantity', 'issuer', 'division', 'state'],
  catalogue: { share: 'unconditional', open: 'after-masking', updates: 'live', steward: bureau },
})
