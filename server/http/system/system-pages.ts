import type { Doors } from '../doors.ts'
import type { App } from '../module.ts'
import { auditPage } from './audit.tsx'
import { conditionPage } from './condition.tsx'
import { linePages } from './line.tsx'
import { peoplePages } from './people.tsx'
import { tokenPages } from './tokens.tsx'

/** What only the box has: how it is, who may come in, who looked at what, and the line. */
export function systemPages(app: App, doors: Doors) {
  conditionPage(app)
  peoplePages(app, doors)
  tokenPages(app, doors)
  auditPage(app, doors)
  linePages(app)
}
