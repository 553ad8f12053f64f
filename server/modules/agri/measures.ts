import { measure } from '../../kernel/measures.ts'
import { batches, certificates, farmRecords, harvests, inspections, plots } from './dataset.ts'

const kilograms = { zh: '公斤', en: 'kg' }

export const measures = [
  measure('agri.certificates-by-day', {
    title: { zh: '每日开具合格证', en: 'Certificates issued per day' },
    meaning: {
      zh: '按开具日期统计的有效承诺达标合格证张数,不含已作废的',
      en: 'Valid certificates of commitment by day of issue, without void ones',
    },
    unit: { zh: '张', en: 'certificates' },
    of: certificates,
    where: { state: 'valid' },
    over: { field: 'issued', days: 30 },
    chart: 'bar',
  }),
  measure('agri.certificates-by-township', {
    title: { zh: '各乡镇有效合格证', en: 'Valid certificates by township' },
    meaning: {
      zh: '各乡镇全部有效承诺达标合格证张数',
      en: 'All valid certificates of commitment by township',
    },
    unit: { zh: '张', en: 'certificates' },
    of: certificates,
    where: { state: 'valid' },
    by: 'township',
    chart: 'bar',
  }),
  measure('agri.certificates', {
    title: { zh: '有效合格证', en: 'Valid certificates' },
    meaning: { zh: '全部有效的承诺达标合格证张数', en: 'All valid certificates of commitment' },
    unit: { zh: '张', en: 'certificates' },
    of: certificates,
    where: { state: 'valid' },
    chart: 'number',
  }),
  measure('agri.batches-by-state', {
    title: { zh: '生产批次状态', en: 'Batches by state' },
    meaning: { zh: '各状态的生产批次个数', en: 'Number of batches in each state' },
    unit: { zh: '批', en: 'batches' },
    of: batches,
    by: 'state',
    chart: 'bar',
  }),
  measure('agri.batches-held', {
    title: { zh: '隔离批次', en: 'Held batches' },
    meaning: {
      zh: '因检测不合格、不到安全间隔期采收或使用禁限用投入品而隔离的批次',
      en: 'Batches held for a failed inspection, an early harvest or a forbidden input',
    },
    unit: { zh: '批', en: 'batches' },
    of: batches,
    where: { state: 'held' },
    chart: 'number',
  }),
  measure('agri.harvest-by-day', {
    title: { zh: '每日采收量', en: 'Harvest per day' },
    meaning: { zh: '按采收日期统计的采收(捕捞)重量', en: 'Weight harvested or caught, by day' },
    unit: kilograms,
    of: harvests,
    sum: 'quantity',
    over: { field: 'on', days: 90 },
    chart: 'line',
  }),
  measure('agri.harvest-by-township', {
    title: { zh: '各乡镇采收量', en: 'Harvest by township' },
    meaning: { zh: '各乡镇登记的全部采收(捕捞)重量', en: 'All weight harvested or caught, by township' },
    unit: kilograms,
    of: harvests,
    sum: 'quantity',
    by: 'township',
    chart: 'bar',
  }),
  measure('agri.inspections-by-verdict', {
    title: { zh: '检测结论', en: 'Inspections by verdict' },
    meaning: { zh: '全部检测按结论分的次数', en: 'All inspections by verdict' },
    unit: { zh: '次', en: 'inspections' },
    of: inspections,
    by: 'verdict',
    chart: 'bar',
  }),
  measure('agri.pass-rate', {
    title: { zh: '检测合格率', en: 'Pass rate' },
    meaning: { zh: '合格的检测次数占全部检测次数的百分比', en: 'Passed inspections out of all, in per cent' },
    unit: { zh: '%', en: '%' },
    query: `select 100.0 * avg(case when verdict = 'pass' then 1 else 0 end) as value from agri_inspection`,
    opens: '/d/agri.inspection',
    chart: 'number',
  }),
  measure('agri.plot-area-by-use', {
    title: { zh: '登记面积', en: 'Registered area' },
    meaning: { zh: '登记地块的面积,按用途分', en: 'Area of registered plots by use' },
    unit: { zh: '亩', en: 'mu' },
    of: plots,
    sum: 'area',
    by: 'use',
    chart: 'bar',
  }),
  measure('agri.farm-records-by-kind', {
    title: { zh: '农事记录', en: 'Farm records' },
    meaning: { zh: '全部农事记录按类别分的条数', en: 'All farm records by kind of work' },
    unit: { zh: '条', en: 'records' },
    of: farmRecords,
    by: 'kind',
    chart: 'bar',
  }),
]
