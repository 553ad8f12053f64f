import type { Module } from '../../http/module.ts'
import type { Grant } from '../../kernel/access.ts'
import { cleared } from './clear.ts'
import { confirmed } from './confirm.ts'
import { alerts, metricList, sensors, thresholds } from './dataset.ts'
import { dismissed } from './dismiss.ts'
import { measures } from './measures.ts'
import { overview, silent } from './overview.tsx'
import { raised } from './raise.ts'
import { putBack, retired, takenOut } from './repair.ts'
import { decodingMakesSense, thresholdMakesSense } from './rules.ts'
import { alertBlock, readingsCsv, sensorBlock, showCourses, thresholdBlock } from './show-sensor.tsx'
import { stepped } from './step.ts'
import { waiting } from './waiting.ts'
import { showAlerts, showQuarantine, showThresholds } from './watch-pages.tsx'

const reads = ['sensing.sensor', 'sensing.threshold', 'sensing.alert']

const grants: Grant[] = [
  {
    role: 'department-clerk',
    read: reads,
    act: ['sensing.sensor.*', 'sensing.threshold.*', confirmed.name, dismissed.name, cleared.name],
    may: ['quarantine'],
  },
  {
    role: 'township-worker',
    read: reads,
    act: [takenOut.name, putBack.name, confirmed.name, dismissed.name, cleared.name],
  },
  { role: 'leader', read: reads, act: [confirmed.name] },
]

/** What sensors measure, when it matters, and who has seen it. */
export const sensing: Module = {
  name: 'sensing',
  title: { zh: '感知', en: 'Sensing' },
  datasets: [sensors, thresholds, alerts],
  verbs: [raised, stepped, confirmed, dismissed, cleared, takenOut, putBack, retired],
  rules: [thresholdMakesSense, decodingMakesSense],
  measures,
  codes: [metricList],
  grants,
  menu: [
    {
      place: 'sensing',
      title: { zh: '监测设备', en: 'Sensors' },
      path: '/sensing/sensors',
      needs: 'read:sensing.sensor',
    },
    {
      place: 'sensing',
      title: { zh: '预警', en: 'Alerts' },
      path: '/sensing/alerts',
      needs: 'read:sensing.alert',
    },
    {
      place: 'sensing',
      title: { zh: '预警阈值', en: 'Thresholds' },
      path: '/sensing/thresholds',
      needs: 'read:sensing.threshold',
    },
    {
      place: 'sensing',
      title: { zh: '读不懂的报文', en: 'Unreadable payloads' },
      path: '/sensing/quarantine',
      needs: 'may:quarantine',
    },
  ],
  pages(app) {
    app.get('/sensing', (c) => c.redirect('/sensing/sensors'))
    app.get('/sensing/sensors', overview)
    app.get('/sensing/silent', silent)
    app.get('/sensing/alerts', showAlerts)
    app.get('/sensing/thresholds', showThresholds)
    app.get('/sensing/quarantine', showQuarantine)
    app.get('/sensing/sensors/:id', showCourses)
    app.get('/sensing/sensors/:id/readings.csv', readingsCsv)
  },
  waiting,
  blocks: {
    'sensing.sensor': sensorBlock,
    'sensing.threshold': thresholdBlock,
    'sensing.alert': alertBlock,
  },
  mayReadSensor: async (desk, code) =>
    desk.mayRead(sensors) && (await desk.list(sensors, { filter: { code }, limit: 1 })).records.length > 0,
}
