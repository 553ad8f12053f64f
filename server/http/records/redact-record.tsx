// A person asks that what the county wrote about them be removed (PIPL art. 47). Only the box can: its diary is where the
// values stand. What was chosen is gone for good, so the page says so, asks why, and the audit keeps who did it.

import type { Context } from 'hono'
import { Form } from '../../../web/ui/form.tsx'
import { Notice } from '../../../web/ui/notice.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { type DatasetSpec, labelOf, type Rec } from '../../kernel/dataset.ts'
import { choices, type FileRef, text } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import type { Words } from '../../kernel/words.ts'
import { page } from '../layout.tsx'
import type { App, Env } from '../module.ts'
import { datasetFrom, placeOfDataset, recordFrom } from './paths.ts'
import { readForm } from './read-form.ts'

const reason = text({ zh: '抹除事由', en: 'Reason' })
  .hint(
    '写清依据,如「本人书面要求删除电话」;会记入审计',
    'Say on what ground, such as "asked in writing"; it goes into the audit.',
  )
  .longest(100)

export function redactPages(app: App) {
  app.get('/d/:dataset/:id/redact', async (c) => {
    const { spec, record } = await redactable(c)
    return draw(c, spec, record, {}, [])
  })
  app.post('/d/:dataset/:id/redact', redactRecord)
}

async function redactRecord(c: Context<Env>) {
  const { store, files } = c.var.box
  const { spec, record } = await redactable(c)
  const offered = offeredIn(spec, record)
  const { values } = await readForm(c, { fields: fieldOf(offered).spec, reason: reason.spec })
  const wanted = (values.fields as string[] | undefined)?.filter((name) => name in offered) ?? []
  const why = String(values.reason ?? '').trim()
  const faults = [
    ...(wanted.length === 0
      ? [{ field: 'fields', text: c.var.t({ zh: '请勾选要抹除的内容', en: 'Tick what is to be removed.' }) }]
      : []),
    ...(why.length < 2
      ? [{ field: 'reason', text: c.var.t({ zh: '请写明抹除的依据', en: 'Say on what ground.' }) }]
      : []),
  ]
  if (faults.length > 0) return draw(c, spec, record, values, faults)
  const attached = wanted.flatMap((name) =>
    spec.fields[name]!.kind === 'files' ? ((record.fields[name] as FileRef[] | undefined) ?? []) : [],
  )
  store.redact(c.var.actor, record.id, wanted, why)
  const mentions = store.db.query('select 1 from record where instr(body, ?) limit 1')
  for (const { sha256 } of attached) if (!mentions.get(sha256)) await files.forget(sha256)
  return c.redirect(`/d/${spec.name}/${record.id}?said=redacted`, 303)
}

async function redactable(c: Context<Env>): Promise<{ spec: DatasetSpec; record: Rec }> {
  const spec = datasetFrom(c)
  if (!c.var.desk.registry.rights.may(c.var.actor, 'redact'))
    refuse(
      {
        zh: '抹除内容只能由系统管理员办理,请联系县信息办',
        en: 'Only an administrator may remove values for good; ask the county IT office.',
      },
      { kind: 'access' },
    )
  return { spec, record: await recordFrom(c, spec) }
}

/** What was typed about somebody. Codes, states and places in the tree are the county's own and stay. */
function offeredIn(spec: DatasetSpec, record: Rec): Record<string, Words> {
  const typed = new Set(['text', 'long', 'phone', 'id-number', 'credit-code', 'date', 'geometry', 'files'])
  return Object.fromEntries(
    Object.entries(spec.fields)
      .filter(
        ([name, field]) =>
          record.fields[name] !== undefined &&
          field.set !== 'act' &&
          (field.sensitive || (typed.has(field.kind) && !field.key)),
      )
      .map(([name, field]) => [name, field.label]),
  )
}

const fieldOf = (offered: Record<string, Words>) =>
  choices({ zh: '抹除哪些内容', en: 'What is removed' }, offered)

function draw(
  c: Context<Env>,
  spec: DatasetSpec,
  record: Rec,
  values: Record<string, unknown>,
  faults: { field: string; text: string }[],
) {
  const { t } = c.var
  const label = labelOf(spec, record.fields)
  const back = `/d/${spec.name}/${record.id}`
  const title = t({ zh: '抹除内容', en: 'Remove for good' })
  return page(
    c,
    {
      title,
      here: placeOfDataset(c, spec.name),
      crumbs: [
        { title: t(spec.title), path: `/d/${spec.name}` },
        { title: label, path: back },
      ],
      ...(faults.length > 0 && { status: 422 }),
    },
    <>
      <PageHead title={title} note={label} />
      <Notice tone="warn" title={t({ zh: '抹除后不能恢复', en: 'This cannot be undone' })}>
        {t({
          zh: '选中的内容会从记录、全部经过、待办和附件里清除,并随下一个数据包通知上级;早先的备份、收发过的数据包和已经导出的文件里仍有,请另行处理。记录的其余内容不变,经过里会留下“抹除了部分内容”的一行。',
          en: 'What you tick goes from the record, all of its history, what waits and its files, and the tier above is told with the next package. Earlier backups, packages sent or received and exported files still hold it: see to them separately. The rest stays, and the history keeps a line that says something was removed.',
        })}
      </Notice>
      <Form
        t={t}
        action={`${back}/redact`}
        csrf={c.var.csrf}
        sections={[
          {
            fields: [
              { name: 'fields', spec: fieldOf(offeredIn(spec, record)).spec, value: values.fields },
              { name: 'reason', spec: reason.spec, value: values.reason },
            ],
          },
        ]}
        submit={t({ zh: '抹除', en: 'Remove for good' })}
        cancel={{ title: t({ zh: '不抹除', en: 'Keep it' }), path: back }}
        faults={faults}
      />
    </>,
  )
}
