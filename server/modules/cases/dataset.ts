// What the county knows of a case (GB/T 30428: 案卷), from the first report to the answer of the caller. Cases are
// written by named acts only; the acts are in the files beside this one, one each.

import { dataset } from '../../kernel/dataset.ts'
import {
  choice,
  code,
  date,
  decimal,
  division,
  files,
  flag,
  geometry,
  integer,
  long,
  phone,
  ref,
  text,
  time,
} from '../../kernel/fields.ts'

/** Where a case stands. The order is the order of the process; the last three are ends. */
export const states = {
  reported: { zh: '待受理', en: 'Reported' },
  filed: { zh: '待派遣', en: 'To assign' },
  assigned: { zh: '待签收', en: 'To sign for' },
  handling: { zh: '处理中', en: 'In hand' },
  paused: { zh: '挂账', en: 'Paused' },
  returned: { zh: '退回待派', en: 'Returned' },
  arbitration: { zh: '待仲裁', en: 'In arbitration' },
  handled: { zh: '待核查', en: 'To check' },
  checked: { zh: '待回访结案', en: 'Checked' },
  closed: { zh: '已结案', en: 'Closed' },
  declined: { zh: '不予受理', en: 'Declined' },
  merged: { zh: '已并案', en: 'Merged' },
} as const

export type State = keyof typeof states
export const openStates: State[] = [
  'reported',
  'filed',
  'assigned',
  'handling',
  'paused',
  'returned',
  'arbitration',
  'handled',
  'checked',
]

/** 时限单位. Urgent hours run round the clock, working hours only while the offices are open. */
export const limitUnits = {
  'urgent-hour': { zh: '紧急工作时', en: 'urgent hours' },
  'working-hour': { zh: '工作时', en: 'working hours' },
  'working-day': { zh: '工作日', en: 'working days' },
  'natural-day': { zh: '自然日', en: 'calendar days' },
} as const
export type LimitUnit = keyof typeof limitUnits

export const channels = {
  patrol: { zh: '巡查上报', en: 'Patrol' },
  hotline: { zh: '12345 热线', en: 'Hotline 12345' },
  sensor: { zh: '感知告警', en: 'Sensor' },
  resident: { zh: '群众上门', en: 'Resident' },
  online: { zh: '网上留言', en: 'Online' },
  department: { zh: '部门移送', en: 'Department' },
  superior: { zh: '上级交办', en: 'From above' },
} as const

export const kinds = {
  event: { zh: '事件', en: 'Event' },
  component: { zh: '部件', en: 'Component' },
  hazard: { zh: '隐患', en: 'Hazard' },
  enquiry: { zh: '咨询', en: 'Enquiry' },
  help: { zh: '求助', en: 'Request' },
  complaint: { zh: '投诉', en: 'Complaint' },
  'tip-off': { zh: '举报', en: 'Tip-off' },
  suggestion: { zh: '建议', en: 'Suggestion' },
} as const

/** The same four colours as warnings have. */
export const levels = {
  blue: { zh: '一般', en: 'Ordinary' },
  yellow: { zh: '较急', en: 'Pressing' },
  orange: { zh: '紧急', en: 'Urgent' },
  red: { zh: '特急', en: 'Critical' },
} as const
export type Level = keyof typeof levels

export const pauseReasons = {
  season: { zh: '汛期、农时等季节原因无法施工', en: 'Season: flood or harvest' },
  ownership: { zh: '权属不清,正在协调', en: 'Ownership being settled' },
  approval: { zh: '等上级或其他部门审批', en: 'Waiting for approval' },
  materials: { zh: '等专用材料或设备', en: 'Waiting for parts' },
  caller: { zh: '等当事人补充材料', en: 'Waiting for the caller' },
} as const

export const satisfactions = {
  'very-good': { zh: '非常满意', en: 'Very satisfied' },
  good: { zh: '满意', en: 'Satisfied' },
  fair: { zh: '基本满意', en: 'Fairly satisfied' },
  poor: { zh: '不满意', en: 'Dissatisfied' },
} as const

/** What can be reported: when to file (立案标准), how long it may take, what counts as done (结案标准). */
export const categories = dataset('cases.category', {
  title: { zh: '事件类别', en: 'Case categories' },
  about: {
    zh: '立案标准、处置时限、结案标准和默认主办部门。时限由本地定,可以改;改了只影响以后派遣的案卷。',
    en: 'Filing rule, time limit, closing rule and default department. Local policy: changes affect cases assigned from then on.',
  },
  label: '{code} {name}',
  fields: {
    code: text({ zh: '类别代码', en: 'Code' })
      .key()
      .matches('[A-Z]?\\d{2}(-\\d{2,3})?')
      .hint(
        '字母加两位数字,或国标的大类-小类,如 A01、01-02',
        'A letter and two digits, or major-minor as in the standard: A01, 01-02',
      ),
    name: text({ zh: '类别名称', en: 'Name' }).longest(40),
    kind: choice({ zh: '性质', en: 'Kind' }, kinds).filter(),
    filing: long({ zh: '立案标准', en: 'Filing rule' }).optional(),
    limit: decimal({ zh: '处置时限', en: 'Time limit' }).min(0.5).max(365),
    unit: choice({ zh: '时限单位', en: 'Unit' }, limitUnits),
    closing: long({ zh: '结案标准', en: 'Closing rule' }).optional(),
    department: code('cases.unit', { zh: '默认主办部门', en: 'Default department' }).optional(),
    near: integer({ zh: '查重距离', en: 'Duplicates within' })
      .unit('米', 'm')
      .min(1)
      .max(5000)
      .initial(100)
      .hint(
        '这个距离内的同类案卷会提示为疑似重复',
        'Cases of this category within this distance are suggested as duplicates',
      ),
    metric: code('metric', { zh: '对应监测指标', en: 'Metric' })
      .optional()
      .filter()
      .hint(
        '这个指标的预警开出的案卷自动归到本类',
        'Cases opened by alerts of this metric get this category',
      ),
    verified: flag({ zh: '已与现行标准核对', en: 'Checked against the standard' }).optional(),
  },
  columns: ['code', 'name', 'kind', 'limit', 'unit', 'department', 'near', 'verified'],
  keeper: 'county',
  reach: 'below',
  offline: true,
  catalogue: { share: 'unconditional', open: 'open', updates: 'yearly', steward: 'city-administration' },
})

/** Days that are not what their weekday says: holidays, and weekends worked in exchange (调休). */
export const calendarDays = dataset('cases.calendar', {
  title: { zh: '节假日与调休', en: 'Working calendar' },
  about: {
    zh: '只登记与星期不一致的日子:放假的工作日、上班的周末。没有登记的日子周一至周五上班。每年国务院办公厅通知发布后补录下一年。',
    en: 'Only days that differ from their weekday: holidays, and weekends worked in exchange. Add next year once the State Council notice is out.',
  },
  label: '{day} {name}',
  fields: {
    day: date({ zh: '日期', en: 'Day' }).key(),
    kind: choice(
      { zh: '安排', en: 'Arrangement' },
      { off: { zh: '放假', en: 'Off' }, work: { zh: '上班', en: 'Work' } },
    ).filter(),
    name: text({ zh: '说明', en: 'Note' }).longest(40),
  },
  keeper: 'county',
  reach: 'below',
  offline: true,
  catalogue: { share: 'unconditional', open: 'open', updates: 'yearly', steward: 'government-office' },
})

/** Office hours, from a day on: counties change them with the season. */
export const officeHours = dataset('cases.hours', {
  title: { zh: '办公时间', en: 'Office hours' },
  about: {
    zh: '从某日起执行的上下班时间。没有登记时按 8:00–12:00、14:30–17:30 计算。',
    en: 'Office hours in force from a day on. Without any, 8:00–12:00 and 14:30–17:30 count.',
  },
  label: '{since}',
  fields: {
    since: date({ zh: '起用日期', en: 'In force from' }).key(),
    opens: clock({ zh: '上午上班', en: 'Opens' }),
    noon: clock({ zh: '上午下班', en: 'Noon break' }),
    resumes: clock({ zh: '下午上班', en: 'Resumes' }),
    closes: clock({ zh: '下午下班', en: 'Closes' }),
  },
  keeper: 'county',
  reach: 'below',
  offline: true,
  catalogue: { share: 'unconditional', open: 'open', updates: 'irregular', steward: 'government-office' },
})

// Each filter is an index that every save pays for: here are those that people narrow by and the clock looks at.
export const cases = dataset('cases.case', {
  title: { zh: '事件案卷', en: 'Cases' },
  about: {
    zh: '巡查、热线、感知告警和群众反映的事,从上报到回访结案的全过程。',
    en: 'What patrols, callers and sensors report, from the first word to the answer of the caller.',
  },
  label: '{number} {title}',
  heading: '{title}',
  fields: {
    number: text({ zh: '案卷号', en: 'Number' }).key().setByAct(),
    title: text({ zh: '标题', en: 'Title' }).longest(60),
    state: choice({ zh: '状态', en: 'State' }, states).filter().setByAct(),
    level: choice({ zh: '紧急程度', en: 'Urgency' }, levels).filter().initial('blue'),
    channel: choice({ zh: '来源', en: 'Channel' }, channels).filter(),
    kind: choice({ zh: '性质', en: 'Kind' }, kinds),
    category: ref('cases.category', { zh: '类别', en: 'Category' }).optional(),
    content: long({ zh: '反映内容', en: 'What was reported' }),
    division: division({ zh: '所属乡镇(街道)', en: 'Township' }),
    address: text({ zh: '地点描述', en: 'Address' }).longest(120).optional(),
    place: geometry({ zh: '地点', en: 'Place' }, 'Point').optional(),
    photos: files({ zh: '现场照片', en: 'Photos' }).pictures().optional(),
    reporter: text({ zh: '反映人', en: 'Reporter' }).longest(40).sensitive('mask').optional(),
    phone: phone({ zh: '联系电话', en: 'Phone' }).sensitive('mask').optional(),
    alert: ref('sensing.alert', { zh: '来源告警', en: 'Alert' }).optional(),

    handler: choice(
      { zh: '承办方', en: 'Handler' },
      { township: { zh: '乡镇(街道)', en: 'Township' }, department: { zh: '县直部门', en: 'Department' } },
    ).setByAct(),
    department: code('cases.unit', { zh: '承办部门', en: 'Department' }).filter().setByAct(),
    instructions: long({ zh: '派遣意见', en: 'Instructions' }).setByAct(),
    worker: text({ zh: '经办人', en: 'Worker' }).longest(40).setByAct(),

    limit: decimal({ zh: '处置时限', en: 'Time limit' }).setByAct().group('clock'),
    unit: choice({ zh: '时限单位', en: 'Unit' }, limitUnits).setByAct().group('clock'),
    signBy: time({ zh: '签收期限', en: 'Sign by' }).setByAct().group('clock'),
    respondBy: time({ zh: '首次联系期限', en: 'First response by' }).setByAct().group('clock'),
    finishBy: time({ zh: '办结期限', en: 'Finish by' }).filter().setByAct().group('clock'),

    reportedAt: time({ zh: '上报时间', en: 'Reported at' }).filter().setByAct(),
    filedAt: time({ zh: '立案时间', en: 'Filed at' }).setByAct(),
    assignedAt: time({ zh: '派遣时间', en: 'Assigned at' }).setByAct(),
    signedAt: time({ zh: '签收时间', en: 'Signed for at' }).setByAct(),
    respondedAt: time({ zh: '首次联系时间', en: 'First response at' }).setByAct(),
    handledAt: time({ zh: '处理完成时间', en: 'Handled at' }).setByAct(),
    checkedAt: time({ zh: '核查时间', en: 'Checked at' }).setByAct(),
    calledAt: time({ zh: '回访时间', en: 'Called back at' }).setByAct(),
    closedAt: time({ zh: '结案时间', en: 'Closed at' }).setByAct(),

    pausedAt: time({ zh: '挂账时间', en: 'Paused at' }).setByAct().group('pause'),
    pauseReason: choice({ zh: '挂账原因', en: 'Pause reason' }, pauseReasons).setByAct().group('pause'),
    pauseNote: long({ zh: '挂账说明', en: 'Pause note' }).setByAct().group('pause'),
    minutesLeft: integer({ zh: '挂账时剩余时限', en: 'Left when paused' })
      .unit('分钟', 'min')
      .setByAct()
      .group('pause'),
    extendedAt: time({ zh: '延期时间', en: 'Extended at' }).setByAct(),
    extension: long({ zh: '延期理由', en: 'Reason for extension' }).setByAct(),

    response: long({ zh: '联系或到场情况', en: 'First response' }).setByAct(),
    result: long({ zh: '处理结果', en: 'Result' }).setByAct(),
    proof: files({ zh: '处理后照片', en: 'Proof photos' }).pictures().setByAct(),
    proofAddress: text({ zh: '处理地点', en: 'Where it was done' }).longest(120).setByAct(),
    handledBy: text({ zh: '处理人账号', en: 'Handled by' }).setByAct(),
    onTime: flag({ zh: '按时办结', en: 'On time' }).setByAct(),
    respondedOnTime: flag({ zh: '按时响应', en: 'Responded on time' }).setByAct(),

    returns: integer({ zh: '退回次数', en: 'Returns' }).setByAct(),
    returnReason: long({ zh: '退回理由', en: 'Reason for return' }).setByAct(),
    ruling: long({ zh: '仲裁意见', en: 'Ruling' }).setByAct(),
    failures: integer({ zh: '核查不通过次数', en: 'Failed checks' }).setByAct(),
    checkNote: long({ zh: '核查意见', en: 'Check note' }).setByAct(),
    calls: integer({ zh: '回访次数', en: 'Calls' }).setByAct(),
    satisfaction: choice({ zh: '满意度', en: 'Satisfaction' }, satisfactions).filter().setByAct(),
    solved: flag({ zh: '群众认为已解决', en: 'Solved, says the caller' }).setByAct(),
    callNote: long({ zh: '回访记录', en: 'Call note' }).setByAct(),
    closing: long({ zh: '结案意见', en: 'Closing note' }).setByAct(),
    reopened: integer({ zh: '重办次数', en: 'Times reopened' }).setByAct(),
    urged: integer({ zh: '催办次数', en: 'Times urged' }).setByAct(),
    urging: long({ zh: '最近催办', en: 'Latest urging' }).setByAct(),
    escalated: integer({ zh: '升级督办', en: 'Escalation step' }).setByAct(),
    refusal: long({ zh: '不予受理理由', en: 'Reason for declining' }).setByAct(),
    duplicateOf: ref('cases.case', { zh: '并入案卷', en: 'Merged into' }).setByAct(),
  },
  columns: ['number', 'title', 'level', 'state', 'division', 'category', 'finishBy', 'channel'],
  keeper: 'county',
  offline: true,
  closed: true,
  catalogue: { share: 'conditional', open: 'after-masking', updates: 'live', steward: 'city-administration' },
})

function clock(label: { zh: string; en: string }) {
  return text(label).matches('([01]\\d|2[0-3]):[0-5]\\d').hint('写成 08:30', 'Write 08:30')
}
