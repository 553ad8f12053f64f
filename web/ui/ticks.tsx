import { Icon } from './icon.tsx'
import type { Say } from './props.ts'

/** How far an entry has come. `held` waits for a person; `refused` came back with a reason. */
export type Fate = 'device' | 'county' | 'prefecture' | 'held' | 'refused'

const words: Record<Fate, { zh: string; en: string }> = {
  device: { zh: '已存在本机,等待送达县里', en: 'Kept on this device, waiting to reach the county' },
  county: { zh: '县里已收到', en: 'The county has it' },
  prefecture: { zh: '市里已签收', en: 'The prefecture has signed for it' },
  held: { zh: '等待人工确认', en: 'Waits for a person' },
  refused: { zh: '未被接受', en: 'Not accepted' },
}

/** Beside the ticks where there is no room for the sentence: how far, in one word. */
const short: Partial<Record<Fate, { zh: string; en: string }>> = {
  device: { zh: '本机', en: 'here' },
  county: { zh: '县里', en: 'county' },
  prefecture: { zh: '市里', en: 'prefecture' },
}

/** Three ticks: on this device, at the county, received by the prefecture. */
export function Ticks({ t, fate, withWord }: { t: Say; fate: Fate; withWord?: boolean }) {
  const reached = fate === 'prefecture' ? 3 : fate === 'county' ? 2 : 1
  const word = t(words[fate])
  if (fate === 'held' || fate === 'refused')
    return (
      <span class={`ticks ticks-${fate}`} title={word}>
        <Icon name={fate === 'held' ? 'question' : 'undo'} size="small" label={withWord ? undefined : word} />
        {withWord && <span>{word}</span>}
      </span>
    )
  return (
    <span class="ticks" title={word}>
      <svg
        class="ticks-mark"
        viewBox="0 0 40 16"
        role={withWord ? undefined : 'img'}
        aria-label={withWord ? undefined : word}
        aria-hidden={withWord ? 'true' : undefined}
      >
        {[0, 1, 2].map((i) => (
          <path class={i < reached ? 'tick tick-on' : 'tick'} d={`M${2 + i * 12} 8.5l3.5 3.5 6.5-8`} />
        ))}
      </svg>
      <span aria-hidden={withWord ? undefined : 'true'}>{withWord ? word : t(short[fate]!)}</span>
    </span>
  )
}
