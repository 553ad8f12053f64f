import type { IconName } from '../../../web/ui/icon.tsx'
import type { Say, Tone } from '../../../web/ui/props.ts'
import { Tag } from '../../../web/ui/tag.tsx'
import { type CaseFields, type Clock, clockNow, leftWords } from './clocks.ts'
import { type State, states } from './dataset.ts'

const manner: Record<Clock['state'], { tone: Tone; icon: IconName }> = {
  running: { tone: 'plain', icon: 'clock' },
  soon: { tone: 'warn', icon: 'clock' },
  over: { tone: 'bad', icon: 'warn' },
  kept: { tone: 'good', icon: 'check' },
  'kept-late': { tone: 'warn', icon: 'check' },
  paused: { tone: 'plain', icon: 'minus' },
  void: { tone: 'plain', icon: 'minus' },
}

/** 还剩 3 小时, 已超 2 天: colour, icon and word together. */
export function ClockTag({ t, clock, named }: { t: Say; clock: Clock; named?: boolean }) {
  const { tone, icon } = manner[clock.state]
  const words = leftWords(clock)
  return <Tag tone={tone} icon={icon} title={named ? `${t(clock.title)} ${t(words)}` : t(words)} />
}

/** The promise that matters now; for a finished case, whether it was kept. */
export function CaseClock({ t, fields, now }: { t: Say; fields: CaseFields; now: string }) {
  const clock = clockNow(fields, now)
  if (clock) return <ClockTag t={t} clock={clock} named={clock.name !== 'finish'} />
  if (fields.handledAt && fields.finishBy)
    return (
      <Tag
        tone={fields.onTime ? 'good' : 'warn'}
        icon="check"
        title={fields.onTime ? t({ zh: '按时办结', en: 'On time' }) : t({ zh: '超期办结', en: 'Late' })}
      />
    )
  return <span class="nothing">—</span>
}

const tones: Record<State, Tone> = {
  reported: 'warn',
  filed: 'info',
  assigned: 'info',
  handling: 'info',
  paused: 'plain',
  returned: 'warn',
  arbitration: 'bad',
  handled: 'info',
  checked: 'info',
  closed: 'good',
  declined: 'plain',
  merged: 'plain',
}

export function StateTag({ t, state }: { t: Say; state: State }) {
  return <Tag title={t(states[state])} tone={tones[state]} />
}
