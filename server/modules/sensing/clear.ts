import { verb } from '../../kernel/acts.ts'
import { long, time } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { alerts } from './dataset.ts'

/** Over: the value went back below its margin, or a person on the spot says so. */
export const cleared = verb('sensing.alert.cleared', {
  on: alerts,
  title: { zh: '解除预警', en: 'Clear' },
  done: { zh: '解除了预警', en: 'cleared the alert' },
  fields: {
    remark: long({ zh: '解除依据', en: 'Why it is over' })
      .optional()
      .hint('现场核实情况、谁核实的', 'what was found on the spot, and by whom'),
    at: time({ zh: '解除时间', en: 'Over at' }).optional().hint('不填就是现在', 'now, when left empty'),
  },
  when: (alert) => alert.fields.state === 'open' || alert.fields.state === 'confirmed',
  decide(write, alert, { remark, at }) {
    const system = write.actor.id === 'system'
    const { state } = alert.fields
    if (state === 'cleared') {
      if (system) return
      refuse({ zh: '这条预警已经解除', en: 'This alert is over already.' })
    }
    if (!system && !remark)
      refuse({ zh: '请写明解除依据', en: 'Say why the alert is over.' }, { field: 'remark' })
    if (!system && at && (at < alert.fields.raised || at > write.at))
      refuse(
        {
          zh: '解除时间应在发生时间之后、现在之前',
          en: 'The alert was over after it was raised, and not in the future.',
        },
        { field: 'at' },
      )
    write.change(alerts, alert.id, {
      cleared: at || write.at,
      ...(state !== 'dismissed' && { state: 'cleared' as const }),
      ...(remark && { remark }),
    })
  },
})
