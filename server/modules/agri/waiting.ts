import type { Waiting } from '../../http/module.ts'
import type { Desk } from '../../kernel/desk.ts'
import { countyDay, type Say } from '../../kernel/words.ts'
import { batches } from './dataset.ts'
import { gather } from './gather.ts'
import { nextStep } from './next-step.ts'
import type { Batch } from './state.ts'

/** For 今日: a trace clerk's own next steps; for the bureau, what is held and waits for its word. */
export async function waiting(desk: Desk, t: Say): Promise<Waiting[]> {
  if (!desk.mayRead(batches)) return []
  const { actor } = desk
  if (actor.entity) return ofOperator(desk, t, actor.entity)
  return desk.may('agri.batch.released') ? heldOnes(desk, t) : []
}

async function ofOperator(desk: Desk, t: Say, entity: string): Promise<Waiting[]> {
  const { records } = await desk.list(batches, {
    filter: { entity, state: ['held', 'inspected', 'harvested', 'growing'] },
    limit: 40,
  })
  const mine = records as Batch[]
  const [look, names] = await Promise.all([
    gather(desk, mine),
    desk.labels(mine.flatMap((each) => [each.fields.product, each.fields.plot])),
  ])
  const today = countyDay()
  return mine.flatMap((batch): Waiting[] => {
    const step = nextStep(look, batch, today)
    // What only grows waits for nobody; the day the interval ends does.
    if (batch.fields.state === 'growing' && step.from !== today) return []
    const what = `${names.get(batch.fields.product) ?? ''} · ${names.get(batch.fields.plot) ?? ''}`
    if (!step.button)
      return [
        {
          title: `${what}:${t(step.note)}`,
          path: `/d/agri.batch/${batch.id}`,
          button: t({ zh: '查看', en: 'Look' }),
          level: batch.fields.state === 'held' ? 'red' : 'yellow',
        },
      ]
    return [{ title: `${what}:${t(step.note)}`, path: step.path!, button: t(step.button) }]
  })
}

async function heldOnes(desk: Desk, t: Say): Promise<Waiting[]> {
  const { records } = await desk.list(batches, { filter: { state: 'held' }, limit: 8 })
  const names = await desk.labels(records.flatMap((each) => [each.fields.product, each.fields.entity]))
  return records.map((batch) => ({
    title: t({
      zh: `${names.get(batch.fields.entity) ?? ''} ${names.get(batch.fields.product) ?? ''} 已隔离:${batch.fields.held ?? ''}`,
      en: `${names.get(batch.fields.product) ?? ''} of ${names.get(batch.fields.entity) ?? ''} is held: ${batch.fields.held ?? ''}`,
    }),
    path: `/d/agri.batch/${batch.id}`,
    button: t({ zh: '核查处置', en: 'Look into it' }),
    level: 'orange' as const,
  }))
}
