import { drawings } from './drawings.ts'

export type IconName = keyof typeof drawings

export interface IconProps {
  name: IconName
  /** Spoken name. Without it the icon is decoration, and the word beside it speaks. */
  label?: string
  size?: 'small' | 'large'
}

/** A drawing beside a word; colour and size come from the text around it. */
export function Icon({ name, label, size }: IconProps) {
  const spoken = label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': 'true' }
  return (
    // biome-ignore lint/a11y/noSvgWithoutTitle: a <title> would pop up over every icon; aria-label speaks, or the word beside it.
    <svg class={size ? `icon icon-${size}` : 'icon'} viewBox="0 0 24 24" focusable="false" {...spoken}>
      <path d={drawings[name]} />
    </svg>
  )
}

export const iconNames = Object.keys(drawings) as IconName[]
