// The few icons that scripts draw on the map, from the same set as the pages'. Unknown names become a dot.

import { drawings } from '../ui/drawings.ts'

export function iconPath(name: string | undefined): string {
  const d = name && name in drawings ? drawings[name as keyof typeof drawings] : undefined
  return d ? `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="${d}"/></svg>` : ''
}
