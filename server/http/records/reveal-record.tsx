// Personal values are shown whole to those who may, once they say why. The desk writes the look into the audit before it
// answers; the answer to a POST is drawn and never kept, so going back asks again.

import type { Context } from 'hono'
import { Form } from '../../../web/ui/form.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { labelOf } from '../../kernel/dataset.ts'
import { text } from '../../kernel/fields.ts'
import { Refusal } from '../../kernel/refusal.ts'
import { page } from '../layout.tsx'
import type { Env } from '../module.ts'
import { datasetFrom, placeOfDataset, recordFrom } from './paths.ts'
import { readForm } from './read-form.ts'
import { drawRecord } from './show-record.tsx'

const reason = text({ zh: '查看事由', en: 'Reason' })
  .hint(
    '写清为什么要看,如「核对补贴对象」;会记入审计',
    'Say why, such as "checking a subsidy"; it goes into the audit.',
  )
  .longest(100)

export async function askReason(c: Context<Env>, fault?: string) {
  const { t } = c.var
  const spec = datasetFrom(c)
  const record = await recordFrom(c, spec)
  const label = labelOf(spec, record.fields)
  const title = t({ zh: '查看完整信息', en: 'See in full' })
  return page(
    c,
    {
      title,
      here: placeOfDataset(c, spec.name),
      crumbs: [
        { title: t(spec.title), path: `/d/${spec.name}` },
        { title: label, path: `/d/${spec.name}/${record.id}` },
      ],
      ...(fault && { status: 422 }),
    },
    <>
      <PageHead title={title} note={label} />
      <Form
        t={t}
        action={`/d/${spec.name}/${record.id}/reveal`}
        csrf={c.var.csrf}
        sections={[{ fields: [{ name: 'reason', spec: reason.spec }] }]}
        submit={t({ zh: '查看', en: 'See' })}
        cancel={{ title: t({ zh: '不看了', en: 'Leave it' }), path: `/d/${spec.name}/${record.id}` }}
        faults={fault ? [{ field: 'reason', text: fault }] : []}
      />
    </>,
  )
}

export async function revealRecord(c: Context<Env>) {
  const spec = datasetFrom(c)
  const { values } = await readForm(c, { reason: reason.spec })
  try {
    const record = await c.var.desk.reveal(spec.name, c.req.param('id') ?? '', String(values.reason ?? ''))
    if (!record) return askReason(c)
    return drawRecord(c, spec, record, true)
  } catch (error) {
    if (error instanceof Refusal && error.kind === 'mend') return askReason(c, c.var.t(error.words))
    throw error
  }
}
