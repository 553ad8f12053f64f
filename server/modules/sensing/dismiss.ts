import { verb } from '../../kernel/acts.ts'
import { long } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { alerts } from './dataset.ts'

export const dismissed = verb('sensing.alert.dismissed', {
  on: alerts,
  title: { zh: '判为误报', en: 'False alarm' },
  done: { zh: '判为误报', en: 'called it a false alarm' },
  fields: {
    remark: long({ zh: '误报原因', en: 'Why it is a false alarm' }).hint(
      '如:水草缠住浮子',
      'for example: weed on the float',
    ),
  },
  when: (alert) => alert.fields.state === 'open' || alert.fields.state === 'confirmed',
  decide(write, alert, { remark }) {
    if (alert.fields.state !== 'open' && alert.fields.state !== 'confirmed')
      refuse({ zh: '这条预警已经结束,不用再判', en: 'This alert has ended; there is nothing to dismiss.' })
    write.change(alerts, alert.id, { state: 'dismissed', remark })
  },
})
