import { dataset } from '../../kernel/dataset.ts'
import {
  choice,
  choices,
  creditCode,
  date,
  division,
  geometry,
  idNumber,
  long,
  phone,
  text,
} from '../../kernel/fields.ts'

/**
 * Administrative divisions as records, so that a county can add its own villages and keep retired codes with their
 * successors: the 2015 mergers still stand in older papers. Names on pages come from the code list `division`.
 */
export const divisions = dataset('base.division', {
  title: { zh: '行政区划', en: 'Division' },
  about: {
    zh: '省、市、县、乡镇、村的代码与名称,含撤并沿革',
    en: 'Codes and names from province to village, with mergers',
  },
  fields: {
    code: division({ zh: '区划代码', en: 'Code' })
      .key()
      .hint(
        '2、4、6、9 或 12 位数字,村级代码以统计局公布为准',
        '2, 4, 6, 9 or 12 digits; village codes as published by the statistics bureau',
      ),
    name: text({ zh: '名称', en: 'Name' }).longest(60),
    level: choice(
      { zh: '级别', en: 'Level' },
      {
        province: { zh: '省级', en: 'Province' },
        prefecture: { zh: '市级', en: 'Prefecture' },
        county: { zh: '县级', en: 'County' },
        township: { zh: '乡级', en: 'Township' },
        village: { zh: '村级', en: 'Village' },
      },
    ).filter(),
    parent: text({ zh: '上级代码', en: 'Parent' }).filter().optional(),
    from: date({ zh: '启用日期', en: 'Valid from' }).optional(),
    until: date({ zh: '停用日期', en: 'Valid until' }).optional(),
    successor: text({ zh: '并入(代码)', en: 'Merged into' }).optional(),
    centre: geometry({ zh: '驻地', en: 'Seat' }, 'Point').optional(),
    source: text({ zh: '来源', en: 'Source' }).optional(),
  },
  keeper: 'county',
  offline: true,
  reach: 'below',
  label: '{name}',
  columns: ['code', 'name', 'level', 'parent', 'until', 'successor'],
  catalogue: { share: 'unconditional', open: 'open', updates: 'yearly', steward: 'civil-affairs-bureau' },
})

/** Legal entities and other organisations: the 法人 base register as far as the county needs it. */
export const entities = dataset('base.entity', {
  title: { zh: '法人和经营主体', en: 'Entity' },
  about: {
    zh: '企业、合作社、家庭农场、村集体和单位',
    en: 'Firms, co-operatives, family farms, collectives and agencies',
  },
  fields: {
    code: creditCode({ zh: '统一社会信用代码', en: 'Credit code' })
      .key()
      .hint('营业执照上的 18 位代码', 'The 18 characters on the licence'),
    name: text({ zh: '名称', en: 'Name' }).longest(100),
    kind: choice(
      { zh: '类型', en: 'Kind' },
      {
        firm: { zh: '企业', en: 'Firm' },
        'co-operative': { zh: '农民专业合作社', en: 'Farmers’ co-operative' },
        'family-farm': { zh: '家庭农场', en: 'Family farm' },
        individual: { zh: '个体工商户', en: 'Individual business' },
        collective: { zh: '村集体经济组织', en: 'Village collective' },
        agency: { zh: '机关单位', en: 'Agency' },
        institution: { zh: '事业单位', en: 'Public institution' },
        association: { zh: '社会组织', en: 'Association' },
      },
    ).filter(),
    trade: choices(
      { zh: '农产品业务', en: 'Farm trade' },
      {
        producer: { zh: '生产', en: 'Producer' },
        purchaser: { zh: '收购', en: 'Purchaser' },
        dealer: { zh: '农资经营', en: 'Input dealer' },
      },
    ).optional(),
    'subject-code': text({ zh: '主体码', en: 'Subject code' })
      .optional()
      .hint(
        '国家追溯平台发给的主体码,照原样填',
        'As given by the national traceability platform, character by character',
      ),
    head: text({ zh: '负责人', en: 'Head' }).sensitive('mask').optional(),
    phone: phone({ zh: '联系电话', en: 'Phone' }).sensitive('mask').optional(),
    division: division({ zh: '所在乡镇', en: 'Township' }),
    address: text({ zh: '地址', en: 'Address' }).longest(120).optional(),
    place: geometry({ zh: '位置', en: 'Place' }, 'Point').optional(),
    state: choice(
      { zh: '状态', en: 'State' },
      {
        open: { zh: '在业', en: 'In business' },
        paused: { zh: '停业', en: 'Paused' },
        gone: { zh: '注销', en: 'Dissolved' },
      },
    )
      .filter()
      .initial('open'),
    note: long({ zh: '备注', en: 'Note' }).optional(),
  },
  keeper: 'county',
  offline: true,
  label: '{name}',
  columns: ['name', 'kind', 'code', 'division', 'phone', 'state'],
  catalogue: {
    share: 'conditional',
    open: 'after-masking',
    updates: 'daily',
    steward: 'market-regulation-bureau',
  },
})

/** Residents. The ID number and the telephone are shown masked unless a permission and a reason say otherwise. */
export const people = dataset('base.person', {
  title: { zh: '人口', en: 'Person' },
  fields: {
    'id-number': idNumber({ zh: '身份证号', en: 'ID number' }).key().sensitive('mask'),
    name: text({ zh: '姓名', en: 'Name' }).longest(50),
    sex: choice(
      { zh: '性别', en: 'Sex' },
      { male: { zh: '男', en: 'Male' }, female: { zh: '女', en: 'Female' } },
    ).filter(),
    household: text({ zh: '户号', en: 'Household' }).filter().optional(),
    relation: choice(
      { zh: '与户主关系', en: 'Relation to head' },
      {
        head: { zh: '户主', en: 'Head' },
        spouse: { zh: '配偶', en: 'Spouse' },
        child: { zh: '子女', en: 'Child' },
        parent: { zh: '父母', en: 'Parent' },
        other: { zh: '其他', en: 'Other' },
      },
    ).optional(),
    phone: phone({ zh: '手机', en: 'Mobile' }).sensitive('mask').optional(),
    division: division({ zh: '所在乡镇(街道)', en: 'Township' }),
    address: text({ zh: '住址', en: 'Address' }).longest(120).sensitive('mask').optional(),
    note: long({ zh: '备注', en: 'Note' }).optional(),
  },
  keeper: 'township',
  label: '{name}',
  columns: ['name', 'sex', 'id-number', 'household', 'phone', 'division'],
  catalogue: { share: 'conditional', open: 'closed', updates: 'daily', steward: 'public-security-bureau' },
})
