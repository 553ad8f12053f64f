// Where a batch stands follows from what hangs on it; only being held and being closed are said by somebody.

import type { Look, Write } from '../../kernel/acts.ts'
import type { RecOf } from '../../kernel/dataset.ts'
import { refuse } from '../../kernel/refusal.ts'
import { batches, certificates, harvests, inspections } from './dataset.ts'

export type Batch = RecOf<typeof batches>
export type State = NonNullable<Batch['fields']['state']>

/** After a step: writes the state that now holds. */
export function settle(write: Write, batch: Batch) {
  const now = write.read(batches, batch.id)!
  if (now.fields.state === 'closed' || now.fields.state === 'held') return
  write.change(batches, batch.id, { state: stateOf(write, batch) })
}

export function stateOf(look: Look, batch: Batch): State {
  if (validCertificates(look, batch.id).length > 0) return 'certified'
  if (latestInspection(look, batch.id)?.fields.verdict === 'pass' && harvested(look, batch.id))
    return 'inspected'
  return harvested(look, batch.id) ? 'harvested' : 'growing'
}

/** Sets a batch apart: nothing of it may be certified until somebody responsible releases it. */
export function hold(write: Write, batch: Batch, why: string) {
  const earlier = write.read(batches, batch.id)!.fields.held
  write.change(batches, batch.id, {
    state: 'held',
    held: (earlier ? `${earlier};${why}` : why).slice(0, 200),
  })
}

export function mustBeOpen(batch: Batch) {
  if (batch.fields.state === 'closed')
    refuse({
      zh: '批次已结束,不能再登记;如需继续,请另开批次',
      en: 'The batch is closed; open another one to go on.',
    })
}

export const validCertificates = (look: Look, batch: string) =>
  look.find(certificates, { batch, state: 'valid' })

export const latestInspection = (look: Look, batch: string) =>
  look
    .find(inspections, { batch })
    .reduce<RecOf<typeof inspections> | undefined>(
      (last, each) => (!last || each.fields.on > last.fields.on ? each : last),
      undefined,
    )

const harvested = (look: Look, batch: string) => look.find(harvests, { batch }, 1).length > 0
