import { verb } from '../../kernel/acts.ts'
import { text } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { batches } from './dataset.ts'
import { mustBeOpen, stateOf } from './state.ts'

export const closeBatch = verb('agri.batch.closed', {
  on: batches,
  title: { zh: '结束批次', en: 'Close the batch' },
  done: { zh: '结束了批次', en: 'closed the batch' },
  fields: {
    outcome: text({ zh: '处置情况', en: 'Outcome' })
      .longest(100)
      .optional()
      .hint(
        '没有开具合格证就结束的,写明去向,如:自食、销毁',
        'When nothing was certified, say what became of it',
      ),
  },
  when: (batch) => batch.fields.state !== 'closed',
  decide(write, batch, input) {
    mustBeOpen(batch)
    const sold = stateOf(write, batch) === 'certified' && batch.fields.state !== 'held'
    if (!sold && !input.outcome)
      refuse(
        {
          zh: '本批没有开具合格证,请写明处置情况后再结束',
          en: 'Nothing of this batch was certified; say what became of it.',
        },
        { field: 'outcome' },
      )
    const note = input.outcome
      ? `${batch.fields.note ? `${batch.fields.note};` : ''}处置:${input.outcome}`
      : batch.fields.note
    write.change(batches, batch.id, { state: 'closed', note })
  },
})

/** The bureau looked into it: a re-test passed, or the early part was destroyed. Safety rules still stand at issue. */
export const releaseBatch = verb('agri.batch.released', {
  on: batches,
  title: { zh: '解除隔离', en: 'Release' },
  done: { zh: '解除了隔离', en: 'released the batch' },
  fields: {
    reason: text({ zh: '解除依据', en: 'Grounds' })
      .longest(100)
      .hint('如:复检合格,报告 2026-0312', 'For example: passed re-test, report 2026-0312'),
  },
  when: (batch) => batch.fields.state === 'held',
  decide(write, batch, input) {
    if (batch.fields.state !== 'held') refuse({ zh: '本批没有被隔离', en: 'The batch is not held.' })
    if (write.actor.entity)
      refuse(
        { zh: '解除隔离由农业农村部门办理', en: 'Releasing a batch is for the agriculture bureau.' },
        { kind: 'access' },
      )
    write.change(batches, batch.id, {
      state: stateOf(write, batch),
      held: undefined,
      note: `${batch.fields.note ? `${batch.fields.note};` : ''}解除隔离:${input.reason}`,
    })
  },
})
