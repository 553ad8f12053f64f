import type { Waiting } from '../../http/module.ts'
import type { Desk } from '../../kernel/desk.ts'
import { type Say, timeText } from '../../kernel/words.ts'
import { alerts, levelNames } from './dataset.ts'

/** Alerts nobody has confirmed yet, the gravest first. */
export async function waiting(desk: Desk, t: Say): Promise<Waiting[]> {
  if (!desk.may('sensing.alert.confirmed')) return []
  const { records } = await desk.list(alerts, { filter: { state: 'open' }, sort: '-raised', limit: 20 })
  return records
    .sort((a, b) => levelNames.indexOf(b.fields.level) - levelNames.indexOf(a.fields.level))
    .map(({ id, fields }) => ({
      title: `${fields.title}(${timeText(fields.raised, desk.actor.lang)})`,
      path: `/d/sensing.alert/${id}`,
      button: t({ zh: '确认预警', en: 'Confirm' }),
      level: fields.level,
    }))
}
