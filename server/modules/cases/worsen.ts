import { type Reaction, verb } from '../../kernel/acts.ts'
import { choice, text } from '../../kernel/fields.ts'
import { derivedId } from '../../kernel/ids.ts'
import { refuse } from '../../kernel/refusal.ts'
import { alerts } from '../sensing/dataset.ts'
import { soonerClocks } from './clocks.ts'
import { cases, type Level, levels, type State } from './dataset.ts'
import { caseIdOf } from './open-from-alert.ts'

const over: State[] = ['closed', 'declined', 'merged']
const gravity = Object.keys(levels) as Level[]

/** 险情加重: the water rose on while people were on their way. A falling level changes nothing: people decide when it is over. */
export const worsened = verb('cases.case.worsened', {
  on: cases,
  title: { zh: '险情加重', en: 'It got worse' },
  done: { zh: '因险情加重提高了紧急程度', en: 'raised the urgency: it got worse' },
  fields: {
    level: choice({ zh: '紧急程度', en: 'Urgency' }, levels),
    title: text({ zh: '标题', en: 'Title' }).longest(60),
  },
  when: () => false,
  decide(write, record, { level, title }) {
    if (write.actor.id !== 'system')
      refuse(
        {
          zh: '这一步随监测数据自动发生;要提高紧急程度请在立案时选定或催办',
          en: 'This follows the readings by itself. Choose the urgency when filing, or urge.',
        },
        { kind: 'access' },
      )
    write.change(cases, record.id, { level, title, ...soonerClocks(write, record, level) })
  },
})

/** A warning that rises to a graver level takes its case along: new title, shorter promises, once each. */
export const followAlert: Reaction = {
  name: 'cases.follow-alert',
  on: ['sensing.alert.stepped'],
  run(act, system) {
    for (const change of act.changes.filter((each) => each.dataset === alerts.name)) {
      const level = change.fields.level as Level | undefined
      const record = level && system.read(cases, caseIdOf(change.record))
      if (!record || record.withdrawn || over.includes(record.fields.state as State)) continue
      if (gravity.indexOf(level) <= gravity.indexOf(record.fields.level as Level)) continue
      const receipt = system.act({
        id: derivedId(act.id, `worsened ${record.id}`),
        name: worsened.name,
        record: record.id,
        at: act.at,
        fields: { level, title: String(change.fields.title ?? record.fields.title).slice(0, 60) },
      })
      if (receipt.outcome === 'refused') throw new Error(`${record.fields.title}: ${receipt.message?.zh}`)
    }
  },
}
