import { classes, Icon } from '../../../web/ui/index.ts'
import type { Say } from '../../kernel/words.ts'
import type { State } from './state.ts'

const steps = [
  { zh: '开批次', en: 'Open' },
  { zh: '记农事', en: 'Farm work' },
  { zh: '采收', en: 'Harvest' },
  { zh: '检测', en: 'Inspect' },
  { zh: '合格证', en: 'Certify' },
  { zh: '结束', en: 'Close' },
]

/** The six steps of a batch, and which are behind it. Inspection may be left out; then its mark stays empty. */
export function Way({
  t,
  state,
  worked,
  tested,
}: {
  t: Say
  state: State
  worked: boolean
  tested: boolean
}) {
  const at = { growing: 2, harvested: 3, inspected: 4, certified: 5, held: 3, closed: 6 }[state]
  const done = (i: number) => (i === 1 ? worked : i === 3 ? tested : i < at)
  return (
    <ol class="way" aria-label={t({ zh: '批次进度', en: 'Progress of the batch' })}>
      {steps.map((step, i) => (
        <li
          class={classes('way-step', done(i) && 'way-done', i === at && state !== 'held' && 'way-here')}
          aria-current={i === at ? 'step' : undefined}
        >
          <span class="way-mark">
            {done(i) ? <Icon name="check" size="small" label={t({ zh: '已办', en: 'done' })} /> : i + 1}
          </span>
          <span>{t(step)}</span>
        </li>
      ))}
    </ol>
  )
}
