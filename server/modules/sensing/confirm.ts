import { verb } from '../../kernel/acts.ts'
import { long } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { alerts } from './dataset.ts'

export const confirmed = verb('sensing.alert.confirmed', {
  on: alerts,
  title: { zh: '确认预警', en: 'Confirm' },
  done: { zh: '确认了预警', en: 'confirmed the alert' },
  main: true,
  fields: { remark: long({ zh: '处置说明', en: 'What is being done' }).optional() },
  when: (alert) => alert.fields.state === 'open',
  decide(write, alert, { remark }) {
    if (alert.fields.state !== 'open')
      refuse({
        zh: '这条预警已经有人处理过,请刷新后再看',
        en: 'Someone has dealt with this alert already; look again.',
      })
    write.change(alerts, alert.id, { state: 'confirmed', confirmed: write.at, ...(remark && { remark }) })
  },
})
