import type { Module } from '../../http/module.ts'
import type { Grant } from '../../kernel/access.ts'
import { arbitrated } from './arbitrate.ts'
import { assigned } from './assign.ts'
import { calledBack } from './call-back.ts'
import { checked } from './check.ts'
import { closed } from './close.ts'
import { calendarDays, cases, categories, officeHours } from './dataset.ts'
import { declined } from './decline.ts'
import { escalateDue, escalated } from './escalate.ts'
import { extended } from './extend.ts'
import { filed } from './file.ts'
import { handled } from './handle.ts'
import { listCases } from './list-cases.tsx'
import { measures } from './measures.ts'
import { merged } from './merge.ts'
import { openFromAlert } from './open-from-alert.ts'
import { printOrder } from './order.tsx'
import { paused } from './pause.ts'
import { reopened } from './reopen.ts'
import { reported } from './report.ts'
import { askReport, saveReport, similarTo } from './report-case.tsx'
import { responded } from './respond.ts'
import { resumed } from './resume.ts'
import { returned } from './return.ts'
import { closedWasChecked, workHasSomeone } from './rules.ts'
import { showCase } from './show-case.tsx'
import { signed } from './sign.ts'
import { units } from './units.ts'
import { urged } from './urge.ts'
import { waiting } from './waiting.ts'
import { followAlert, worsened } from './worsen.ts'

const everyoneReads = ['cases.case', 'cases.category', 'cases.calendar', 'cases.hours']

const grants: Grant[] = [
  {
    role: 'department-clerk',
    read: everyoneReads,
    act: ['cases.case.*', 'cases.category.*', 'cases.calendar.*', 'cases.hours.*'],
  },
  {
    role: 'township-worker',
    read: everyoneReads,
    act: [reported.name, signed.name, responded.name, handled.name, returned.name],
  },
  {
    role: 'leader',
    read: everyoneReads,
    act: [reported.name, urged.name, arbitrated.name, checked.name],
  },
]

/** What patrols, callers and sensors report, until the caller says it is solved. */
export const casework: Module = {
  name: 'cases',
  title: { zh: '事件', en: 'Cases' },
  datasets: [cases, categories, calendarDays, officeHours],
  verbs: [
    reported,
    filed,
    declined,
    merged,
    assigned,
    signed,
    responded,
    handled,
    returned,
    arbitrated,
    checked,
    calledBack,
    closed,
    reopened,
    extended,
    paused,
    resumed,
    urged,
    escalated,
    worsened,
  ],
  rules: [closedWasChecked, workHasSomeone],
  reactions: [openFromAlert, followAlert],
  measures,
  codes: [units],
  grants,
  menu: [
    { place: 'cases', title: { zh: '事件', en: 'Cases' }, path: '/cases', needs: `read:${cases.name}` },
    {
      place: 'cases',
      title: { zh: '案卷台账', en: 'All cases' },
      path: `/d/${cases.name}`,
      needs: 'may:export',
    },
    {
      place: 'cases',
      title: { zh: '事件类别', en: 'Categories' },
      path: `/d/${categories.name}`,
      needs: `act:${categories.name}.amended`,
    },
    {
      place: 'cases',
      title: { zh: '节假日与调休', en: 'Working calendar' },
      path: `/d/${calendarDays.name}`,
      needs: `act:${calendarDays.name}.created`,
    },
    {
      place: 'cases',
      title: { zh: '办公时间', en: 'Office hours' },
      path: `/d/${officeHours.name}`,
      needs: `act:${officeHours.name}.created`,
    },
  ],
  fieldPages(app) {
    app.get('/cases', listCases)
    app.get('/cases/new', askReport)
    app.post('/cases/new', saveReport)
    app.post('/cases/similar', similarTo)
    app.get('/cases/:id/order', printOrder)
    app.get(`/d/${cases.name}/:id{[0-9a-f-]{36}}`, showCase)
    app.get(`/d/${cases.name}/do/reported`, (c) => c.redirect('/cases/new', 302))
  },
  waiting,
  timePasses: escalateDue,
}
