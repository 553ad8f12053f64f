// What the assessment of cases counts. The three rates (响应、解决、满意) come from clocks and from the caller's own
// words at the call-back; nobody types them in.

import { type Measure, measure } from '../../kernel/measures.ts'
import { cases, openStates } from './dataset.ts'

const percent = { zh: '%', en: '%' }
const pieces = { zh: '件', en: 'cases' }
const running = ['assigned', 'handling']
const within = (field: string, days: number) => `${field} >= now() - interval ${days} days`
const overdue = `state in ('assigned', 'handling') and finishBy < now()`
// Merged and declined cases were never worked on; they do not count for or against anyone.
const rate = (good: string, counted: string, by = '') =>
  `select ${by ? `${by} as key, ` : ''}round(100.0 * count(*) filter (where ${good}) / count(*), 1) as value from cases_case where ${counted}${by ? ' group by 1' : ''} having count(*) > 0`

const recently = within('handledAt', 30)
const called = `${within('calledAt', 90)} and solved is not null`

export const measures: Measure[] = [
  measure('cases.open', {
    title: { zh: '在办案卷', en: 'Open cases' },
    meaning: {
      zh: '现在还没有结案的案卷数,不含不予受理和已并案的。',
      en: 'Cases not closed yet; declined and merged ones are left out.',
    },
    unit: pieces,
    of: cases,
    where: { state: openStates },
    chart: 'number',
  }),
  measure('cases.open-by-state', {
    title: { zh: '在办案卷(按环节)', en: 'Open cases by step' },
    meaning: {
      zh: '没有结案的案卷,按所处环节分别计数。',
      en: 'Cases not closed yet, counted by the step they are at.',
    },
    unit: pieces,
    of: cases,
    where: { state: openStates },
    by: 'state',
    chart: 'bar',
  }),
  measure('cases.open-by-township', {
    title: { zh: '在办案卷(按乡镇)', en: 'Open cases by township' },
    meaning: {
      zh: '没有结案的案卷,按所属乡镇(街道)分别计数。',
      en: 'Cases not closed yet, counted by township.',
    },
    unit: pieces,
    of: cases,
    where: { state: openStates },
    by: 'township',
    chart: 'bar',
  }),
  measure('cases.open-by-level', {
    title: { zh: '在办案卷(按紧急程度)', en: 'Open cases by urgency' },
    meaning: { zh: '没有结案的案卷,按紧急程度分别计数。', en: 'Cases not closed yet, counted by urgency.' },
    unit: pieces,
    of: cases,
    where: { state: openStates },
    by: 'level',
    chart: 'bar',
  }),
  measure('cases.overdue', {
    title: { zh: '超期案卷', en: 'Overdue cases' },
    meaning: {
      zh: '待签收和处理中、已过办结期限的案卷数;挂账停表的不算。',
      en: 'Cases to sign for or in hand whose deadline has passed; paused ones do not count.',
    },
    unit: pieces,
    of: cases,
    where: { state: running },
    condition: 'finishBy < now()',
    opens: '/cases?view=overdue',
    chart: 'number',
  }),
  measure('cases.overdue-by-township', {
    title: { zh: '超期案卷(按乡镇)', en: 'Overdue cases by township' },
    meaning: {
      zh: '待签收和处理中、已过办结期限的案卷,按乡镇(街道)分别计数。',
      en: 'Cases past their deadline, counted by township.',
    },
    unit: pieces,
    query: `select left(division, 9) as key, count(*) as value from cases_case where ${overdue} group by 1`,
    opens: '/cases?view=overdue',
    chart: 'bar',
  }),
  measure('cases.reported-per-day', {
    title: { zh: '每日新增案卷', en: 'New cases per day' },
    meaning: {
      zh: '近 30 天每天上报的案卷数,含后来并案和不予受理的。',
      en: 'Cases reported on each of the last 30 days, merged and declined ones included.',
    },
    unit: pieces,
    of: cases,
    over: { field: 'reportedAt', days: 30 },
    chart: 'line',
  }),
  measure('cases.closed-per-day', {
    title: { zh: '每日结案', en: 'Cases closed per day' },
    meaning: {
      zh: '近 30 天每天核查、回访后结案的案卷数。',
      en: 'Cases closed after check and call-back on each of the last 30 days.',
    },
    unit: pieces,
    of: cases,
    where: { state: 'closed' },
    over: { field: 'closedAt', days: 30 },
    chart: 'line',
  }),
  measure('cases.by-channel', {
    title: { zh: '案卷来源', en: 'Cases by channel' },
    meaning: {
      zh: '近 30 天上报的案卷,按来源分别计数。',
      en: 'Cases of the last 30 days, counted by channel.',
    },
    unit: pieces,
    query: `select channel as key, count(*) as value from cases_case where ${within('reportedAt', 30)} group by 1`,
    opens: '/cases?view=all',
    chart: 'bar',
  }),
  measure('cases.on-time-rate', {
    title: { zh: '按时办结率', en: 'Finished on time' },
    meaning: {
      zh: '近 30 天处理完成的案卷中,在办结期限内完成的占比。',
      en: 'Of the cases finished in the last 30 days, how many were within their deadline.',
    },
    unit: percent,
    query: rate('onTime', recently),
    opens: '/cases?view=done',
    chart: 'number',
  }),
  measure('cases.on-time-rate-by-township', {
    title: { zh: '按时办结率(按乡镇)', en: 'Finished on time by township' },
    meaning: {
      zh: '近 30 天由乡镇(街道)处理完成的案卷中,在办结期限内完成的占比。',
      en: 'Of the cases finished by townships in the last 30 days, how many were within their deadline.',
    },
    unit: percent,
    query: rate('onTime', `${recently} and handler = 'township'`, 'left(division, 9)'),
    opens: '/cases?view=done',
    chart: 'bar',
  }),
  measure('cases.response-rate', {
    title: { zh: '响应率', en: 'Response rate' },
    meaning: {
      zh: '近 30 天首次联系期限已到或已联系的案卷中,按时联系的占比。',
      en: 'Of the cases whose first response was due in the last 30 days, how many got it in time.',
    },
    unit: percent,
    query: rate(
      'respondedOnTime',
      `${within('respondBy', 30)} and (respondBy < now() or respondedAt is not null)`,
    ),
    opens: '/cases?view=all',
    chart: 'number',
  }),
  measure('cases.solve-rate', {
    title: { zh: '解决率', en: 'Solved' },
    meaning: {
      zh: '近 90 天回访接通的案卷中,群众认为已解决的占比。',
      en: 'Of the callers reached in the last 90 days, how many consider it solved.',
    },
    unit: percent,
    query: rate('solved', called),
    opens: '/cases?view=answered',
    chart: 'number',
  }),
  measure('cases.satisfaction-rate', {
    title: { zh: '满意率', en: 'Satisfied' },
    meaning: {
      zh: '近 90 天回访接通的案卷中,群众答「非常满意」「满意」「基本满意」的占比。',
      en: 'Of the callers reached in the last 90 days, how many were very, simply or fairly satisfied.',
    },
    unit: percent,
    query: rate("satisfaction <> 'poor'", `${called} and satisfaction is not null`),
    opens: '/cases?view=answered',
    chart: 'number',
  }),
  measure('cases.satisfaction-by-township', {
    title: { zh: '满意率(按乡镇)', en: 'Satisfied by township' },
    meaning: {
      zh: '近 90 天回访接通的案卷中,答基本满意及以上的占比,按乡镇(街道)。',
      en: 'Of the callers reached in the last 90 days, how many were satisfied, by township.',
    },
    unit: percent,
    query: rate("satisfaction <> 'poor'", `${called} and satisfaction is not null`, 'left(division, 9)'),
    opens: '/cases?view=answered',
    chart: 'bar',
  }),
  measure('cases.days-to-finish', {
    title: { zh: '平均办理时长', en: 'Average days to finish' },
    meaning: {
      zh: '近 30 天处理完成的案卷,从上报到处理完成的平均天数。',
      en: 'Average days from report to result, for cases finished in the last 30 days.',
    },
    unit: { zh: '天', en: 'days' },
    query: `select round(avg(epoch(handledAt) - epoch(reportedAt)) / 86400, 1) as value from cases_case where ${recently} having count(*) > 0`,
    opens: '/cases?view=done',
    chart: 'number',
  }),
  measure('cases.reopened', {
    title: { zh: '重办案卷', en: 'Reopened cases' },
    meaning: {
      zh: '没有结案、因回访不满意或再次反映而重办的案卷数。',
      en: 'Open cases that came back after a bad answer or a new complaint.',
    },
    unit: pieces,
    of: cases,
    where: { state: openStates },
    condition: 'reopened > 0',
    chart: 'number',
  }),
]
