// Plots and hidden dangers of the sample county, few enough to count by hand: for the tests of this room and its bench.

import { dataset } from '../kernel/dataset.ts'
import {
  choice,
  choices,
  date,
  decimal,
  division,
  flag,
  geometry,
  phone,
  text,
  time,
} from '../kernel/fields.ts'
import { type Measure, measure } from '../kernel/measures.ts'
import type { Part } from '../kernel/part.ts'

export const plots = dataset('land.plot', {
  title: { zh: '地块', en: 'Plot' },
  fields: {
    code: text({ zh: '地块编号', en: 'Code' }).key(),
    township: division({ zh: '所在乡镇', en: 'Township' }),
    crop: choice(
      { zh: '作物', en: 'Crop' },
      { reed: { zh: '芦笋', en: 'Reed' }, rice: { zh: '水稻', en: 'Rice' } },
    )
      .filter()
      .optional(),
    uses: choices(
      { zh: '用途', en: 'Uses' },
      { seed: { zh: '留种', en: 'Seed' }, sale: { zh: '销售', en: 'Sale' } },
    ).optional(),
    area: decimal({ zh: '面积', en: 'Area' }).unit('亩', 'mu').min(0).optional(),
    sown: date({ zh: '播种日期', en: 'Sown' }).optional(),
    organic: flag({ zh: '有机', en: 'Organic' }).optional(),
    shape: geometry({ zh: '四至', en: 'Boundary' }).optional(),
    phone: phone({ zh: '电话', en: 'Phone' }).sensitive('mask').optional(),
  },
  keeper: 'township',
  division: 'township',
})

export const dangers = dataset('safety.danger', {
  title: { zh: '隐患', en: 'Hidden danger' },
  fields: {
    code: text({ zh: '编号', en: 'Code' }).key(),
    township: division({ zh: '所在乡镇', en: 'Township' }),
    state: choice(
      { zh: '状态', en: 'State' },
      { open: { zh: '未整改', en: 'Open' }, closed: { zh: '已整改', en: 'Closed' } },
    ).filter(),
    found: time({ zh: '发现时间', en: 'Found' }),
    due: time({ zh: '整改期限', en: 'Due' }).optional(),
  },
  keeper: 'township',
  division: 'township',
})

const words = (zh: string) => ({ zh, en: zh })
const about = (zh: string) => ({ title: words(zh), meaning: words(zh) })

export const measures: Measure[] = [
  measure('land.plots', { ...about('地块数'), of: plots, chart: 'number' }),
  measure('land.reed', { ...about('芦笋地块数'), of: plots, where: { crop: 'reed' } }),
  measure('land.either', { ...about('有作物的地块数'), of: plots, where: { crop: ['reed', 'rice'] } }),
  measure('land.area', { ...about('面积合计'), of: plots, sum: 'area' }),
  measure('land.mean-area', { ...about('平均面积'), of: plots, average: 'area' }),
  measure('land.area-by-crop', { ...about('各作物面积'), of: plots, sum: 'area', by: 'crop' }),
  measure('land.by-township', { ...about('各乡镇地块'), of: plots, by: 'township' }),
  measure('land.by-use', { ...about('各用途地块'), of: plots, by: 'uses' }),
  measure('land.organic', { ...about('有机地块'), of: plots, where: { organic: true } }),
  measure('land.sown-by-day', { ...about('每日播种'), of: plots, over: { field: 'sown', days: 30 } }),
  measure('land.sown-by-day-and-crop', {
    ...about('每日播种(按作物)'),
    of: plots,
    by: 'crop',
    over: { field: 'sown', days: 30 },
  }),
  measure('safety.open', { ...about('未整改隐患'), of: dangers, where: { state: 'open' } }),
  measure('safety.overdue', {
    ...about('超期隐患'),
    of: dangers,
    where: { state: 'open' },
    condition: 'due < now() -- 过了期限',
  }),
  measure('safety.found-by-day', { ...about('每日发现'), of: dangers, over: { field: 'found', days: 7 } }),
  measure('safety.closed-rate', {
    ...about('整改率'),
    query: `select round(100.0 * count(*) filter (where state = 'closed') / count(*), 1) as value from safety_danger having count(*) > 0`,
  }),
  measure('safety.dangers-on-plots', {
    ...about('各乡镇隐患(自带乡镇)'),
    query: `select township as division, count(*) as value from safety_danger group by 1`,
  }),
]

export const towns = { caowei: '430981114', nanzui: '430981107', qiongshu: '430981100' }

export const part: Part = {
  name: 'scenes',
  title: words('测试'),
  datasets: [plots, dangers],
  measures,
  codes: [
    {
      name: 'division',
      title: words('行政区划'),
      codes: {
        '430981': words('沅江市'),
        [towns.caowei]: words('草尾镇'),
        [towns.nanzui]: words('南嘴镇'),
        [towns.qiongshu]: words('琼湖街道'),
      },
    },
  ],
  roles: [{ name: 'leader', title: words('领导') }],
  grants: [{ role: 'leader', read: ['*'], act: ['*'] }],
}
