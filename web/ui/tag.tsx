import { Icon, type IconName } from './icon.tsx'
import { classes, type Level, type Say, type Tone } from './props.ts'

export interface TagProps {
  title: string
  tone?: Tone
  icon?: IconName
}

/** A state in one or two words. */
export function Tag({ title, tone = 'plain', icon }: TagProps) {
  return (
    <span class={classes('tag', `tag-${tone}`)}>
      {icon && <Icon name={icon} size="small" />}
      {title}
    </span>
  )
}

export const levelWords: Record<Level, { zh: string; en: string }> = {
  blue: { zh: '蓝色', en: 'Blue' },
  yellow: { zh: '黄色', en: 'Yellow' },
  orange: { zh: '橙色', en: 'Orange' },
  red: { zh: '红色', en: 'Red' },
}
const levelIcons: Record<Level, IconName> = { blue: 'info', yellow: 'clock', orange: 'warn', red: 'stop' }

/** One of the four warning levels: colour, icon and word together, never colour alone. */
export function LevelTag({ t, level, title }: { t: Say; level: Level; title?: string }) {
  return (
    <span class={`level level-${level}`}>
      <Icon name={levelIcons[level]} size="small" />
      {title ?? t(levelWords[level])}
    </span>
  )
}
