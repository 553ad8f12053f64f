import type { Module } from '../../http/module.ts'
import type { Grant } from '../../kernel/access.ts'
import { cleared } from './clear.ts'
import { confirmed } from './confirm.ts'
import { alerts, metricList, sensors, thresholds } from './dataset.ts'
import { dismissed } from './dismiss.ts'
import { measures } from './measures.ts'
import { raised } from './raise.ts'
import { putBack, retired, takenOut } from './repair.ts'
import { decodingMakesSense, thresholdMakesSense } from './rules.ts'
import { stepped } from './step.ts'

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
}
