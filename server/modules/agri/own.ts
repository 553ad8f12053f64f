// A clerk of one operator writes only for that operator, whatever the township holds beside it.

import { rule } from '../../kernel/acts.ts'
import type { Dataset } from '../../kernel/dataset.ts'
import { refuse } from '../../kernel/refusal.ts'
import { batches, certificates, farmRecords, harvests, inspections, plots } from './dataset.ts'

const ownedBy = (dataset: Dataset<any>) =>
  rule(dataset, (record, context) => {
    const { entity } = context.actor
    const owner = (context.before ?? record).fields['entity']
    if (!entity || (owner === entity && record.fields['entity'] === entity)) return
    refuse(
      {
        zh: '这是别的经营主体的记录,您只能登记本单位的',
        en: 'This belongs to another operator; you record only for your own.',
      },
      { kind: 'access' },
    )
  })

export const ownRecords = [plots, batches, farmRecords, harvests, inspections, certificates].map(ownedBy)
