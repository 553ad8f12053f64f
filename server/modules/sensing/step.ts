import { verb } from '../../kernel/acts.ts'
import { time } from '../../kernel/fields.ts'
import { alertFields, alerts } from './dataset.ts'
import { onlyTheBox } from './raise.ts'

const { level, value, limit, title } = alertFields

/** The water rose on to the next level, or fell back by one without being over. */
export const stepped = verb('sensing.alert.stepped', {
  on: alerts,
  title: { zh: '调整预警级别', en: 'Change the level' },
  done: { zh: '随监测值调整了预警级别', en: 'changed the level with the readings' },
  fields: { title, level, value, limit, at: time({ zh: '时间', en: 'At' }) },
  when: () => false,
  decide(write, alert, { at: _at, ...now }) {
    onlyTheBox(write.actor.id)
    // What a person called a false alarm stays one until it is over.
    if (alert.fields.state === 'dismissed' || alert.fields.state === 'cleared') return
    const graver = ranks.indexOf(now.level) > ranks.indexOf(alert.fields.level)
    // A graver level is news: whoever confirmed the milder one is asked again.
    write.change(alerts, alert.id, {
      ...now,
      ...(graver && alert.fields.state === 'confirmed' && { state: 'open' }),
    })
  },
})

const ranks = ['blue', 'yellow', 'orange', 'red']
