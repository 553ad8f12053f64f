import type { Look, Reaction } from '../../kernel/acts.ts'
import { derivedId } from '../../kernel/ids.ts'
import { type Alert, alerts } from '../sensing/dataset.ts'
import { categories } from './dataset.ts'
import { reported } from './report.ts'

/**
 * A warning opens a case: nobody has to be looking at the screen. The alert stands whatever becomes of the case: this
 * follows the diary and tries again. The case's act id comes from the alert, so that running twice, or dying between
 * the two, opens one case.
 */
export const openFromAlert: Reaction = {
  name: 'cases.open-from-alert',
  on: ['sensing.alert.raised'],
  run(act, system) {
    for (const { record, base } of act.changes.filter((each) => each.dataset === alerts.name)) {
      if (base !== 0) continue
      const alert = system.read(alerts, record)
      if (!alert || alert.withdrawn) continue
      const receipt = system.act({
        id: actOf(alert.id),
        name: reported.name,
        at: act.at,
        fields: caseOf(alert, system),
      })
      // A refusal is kept aside by the diary's follower, with this sentence, and tried again.
      if (receipt.outcome === 'refused') throw new Error(`${alert.fields.title}: ${receipt.message?.zh}`)
    }
  },
}

const actOf = (alert: string) => derivedId(alert, 'case')

/** The case that an alert opened: the first record of the act that reported it. */
export const caseIdOf = (alert: string) => derivedId(actOf(alert), 0)

function caseOf({ id, fields }: Alert, look: Look) {
  const [category] = fields.metric ? look.find(categories, { metric: fields.metric }, 1) : []
  return {
    title: fields.title.slice(0, 60),
    content: fields.title,
    level: fields.level,
    channel: 'sensor',
    kind: 'hazard',
    division: fields.division,
    place: fields.place,
    alert: id,
    category: category?.id,
  }
}
