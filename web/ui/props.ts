// What several pieces have in common. Pieces take props and draw markup; they know of no query, session or clock.

import type { Child } from 'hono/jsx'
import type { Lang, Say } from '../../server/kernel/words.ts'

export type { Child, Lang, Say }

/** The four warning levels everyone in the county knows, most urgent last. */
export type Level = 'blue' | 'yellow' | 'orange' | 'red'

/** How a state feels at a glance; the word beside it carries the meaning. */
export type Tone = 'plain' | 'info' | 'good' | 'warn' | 'bad'

export interface Link {
  title: string
  path: string
}

/** One thing to choose. `group` puts options under a heading, `note` stands small behind the label. */
export interface Option {
  value: string
  label: string
  group?: string
  note?: string
}

/** Class names, the false ones left out. */
export const classes = (...names: (string | false | undefined | null)[]): string | undefined =>
  names.filter(Boolean).join(' ') || undefined
