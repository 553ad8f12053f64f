import { verb } from '../../kernel/acts.ts'
import { refuse } from '../../kernel/refusal.ts'
import { alertFields, alerts } from './dataset.ts'

const {
  title,
  level,
  sensor,
  threshold,
  kind,
  metric,
  value,
  limit,
  raised: since,
  place,
  division,
} = alertFields

/** The one gate where a reading becomes a decision. The box itself decides it: see server/telemetry/crossings.ts. */
export const raised = verb('sensing.alert.raised', {
  on: alerts,
  title: { zh: '发出预警', en: 'Raise an alert' },
  done: { zh: '发出了预警', en: 'raised an alert' },
  starts: true,
  fields: { title, level, sensor, threshold, kind, metric, value, limit, raised: since, place, division },
  decide(write, _, input) {
    onlyTheBox(write.actor.id)
    write.create(alerts, { ...input, state: 'open' })
  },
})

/** People confirm, dismiss and clear; that a limit was crossed is for sensors to say. */
export function onlyTheBox(actor: string) {
  if (actor !== 'system')
    refuse(
      {
        zh: '预警由监测数据越过阈值时自动发出;现场发现的险情请上报事件',
        en: 'Alerts come from readings that cross a threshold. Report what you saw yourself as a case.',
      },
      { kind: 'access' },
    )
}
