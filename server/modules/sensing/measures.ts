import { type Measure, measure } from '../../kernel/measures.ts'
import { alerts, sensors } from './dataset.ts'

const running = ['open', 'confirmed']

export const measures: Measure[] = [
  measure('sensing.alerts-open', {
    title: { zh: '未解除预警', en: 'Alerts under way' },
    meaning: {
      zh: '待确认和已确认、尚未解除的预警数。',
      en: 'Alerts that are open or confirmed and not over yet.',
    },
    unit: { zh: '条', en: '' },
    of: alerts,
    where: { state: running },
    chart: 'number',
  }),
  measure('sensing.alerts-by-level', {
    title: { zh: '未解除预警(按级别)', en: 'Alerts under way by level' },
    meaning: { zh: '尚未解除的预警,按红橙黄蓝四级分别计数。', en: 'Alerts not over yet, by level.' },
    unit: { zh: '条', en: '' },
    of: alerts,
    where: { state: running },
    by: 'level',
    chart: 'bar',
  }),
  measure('sensing.alerts-by-township', {
    title: { zh: '未解除预警(按乡镇)', en: 'Alerts under way by township' },
    meaning: { zh: '尚未解除的预警,按所在乡镇(街道)分别计数。', en: 'Alerts not over yet, by township.' },
    unit: { zh: '条', en: '' },
    of: alerts,
    where: { state: running },
    by: 'township',
    chart: 'bar',
  }),
  measure('sensing.alerts-per-day', {
    title: { zh: '每日预警', en: 'Alerts per day' },
    meaning: {
      zh: '近 30 天每天发出的预警数,不含判为误报的。',
      en: 'Alerts raised per day over the last 30 days, false alarms left out.',
    },
    unit: { zh: '条', en: '' },
    of: alerts,
    where: { state: ['open', 'confirmed', 'cleared'] },
    over: { field: 'raised', days: 30 },
    chart: 'bar',
  }),
  measure('sensing.sensors-working', {
    title: { zh: '在用监测设备', en: 'Sensors in use' },
    meaning: { zh: '状态为在用的监测设备数。', en: 'Sensors whose state is working.' },
    unit: { zh: '台', en: '' },
    of: sensors,
    where: { state: 'working' },
    chart: 'number',
  }),
  measure('sensing.sensors-heard', {
    title: { zh: '24 小时内有数据的设备', en: 'Sensors heard within 24 hours' },
    meaning: {
      zh: '在用设备中,最近 24 小时内至少有一个监测值的台数。',
      en: 'Sensors in use with at least one reading within the last 24 hours.',
    },
    unit: { zh: '台', en: '' },
    of: sensors,
    where: { state: 'working' },
    condition: 'code in (select sensor from latest where "at" > now() - interval 24 hours)',
    chart: 'number',
  }),
  measure('sensing.readings-per-day', {
    title: { zh: '每日监测值', en: 'Readings per day' },
    meaning: {
      zh: '近 7 天每天入库的监测值个数(按监测时间)。',
      en: 'Readings stored per day over the last 7 days, by their own time.',
    },
    unit: { zh: '个', en: '' },
    query: `select strftime(hour, '%Y-%m-%d') as key, sum(readings) as value from hours where cast(hour as date) > current_date - 7 group by 1`,
    opens: '/sensing',
    chart: 'line',
  }),
]
