import type { Context } from 'hono'
import { Button } from '../../../web/ui/button.tsx'
import { ErrorSummary, Notice } from '../../../web/ui/notice.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import type { DatasetSpec, Rec } from '../../kernel/dataset.ts'
import { derivedId, newId } from '../../kernel/ids.ts'
import { refuse } from '../../kernel/refusal.ts'
import { page } from '../layout.tsx'
import type { Env } from '../module.ts'
import { faultsOf, saidOf, statusOf } from './fill-form.tsx'
import { datasetFrom, placeOfDataset, recordFrom } from './paths.ts'
import { readForm } from './read-form.ts'
import { headingFor } from './show.tsx'

export async function askWithdraw(c: Context<Env>) {
  const spec = withdrawable(c)
  return draw(c, spec, await recordFrom(c, spec), [])
}

export async function withdrawRecord(c: Context<Env>) {
  const spec = withdrawable(c)
  const record = await recordFrom(c, spec)
  // Pressed twice, or withdrawn by someone else meanwhile: it is as the person wants it.
  if (record.withdrawn) return c.redirect(`/d/${spec.name}/${record.id}`, 303)
  const { hidden } = await readForm(c, {})
  const receipt = await c.var.desk.act({
    id: hidden('_act') || newId(),
    name: `${spec.name}.withdrawn`,
    record: record.id,
    base: record.version,
  })
  if (receipt.outcome === 'refused')
    return draw(c, spec, record, faultsOf(receipt, c.var.t), statusOf(receipt))
  return c.redirect(`/d/${spec.name}/${record.id}?said=${saidOf(receipt, 'withdrawn')}`, 303)
}

/** The ticked records of a list, each its own act: what is refused says why, the rest is done. */
export async function doToMany(c: Context<Env>) {
  const { desk, t } = c.var
  const spec = datasetFrom(c)
  const verb = c.req.param('verb') ?? ''
  const posted = await c.req.parseBody({ all: true })
  const ids = (Array.isArray(posted.id) ? posted.id : [posted.id]).filter(
    (each): each is string => typeof each === 'string',
  )
  const labels = await desk.labels(ids)
  const wave = newId()
  const refused: { label: string; text: string }[] = []
  let done = 0
  for (const id of ids.slice(0, 1000)) {
    const record = await desk.read(spec.name, id)
    if (!record || record.withdrawn) continue
    const receipt = await desk.act({
      id: derivedId(wave, id),
      name: `${spec.name}.${verb}`,
      record: id,
      base: record.version,
    })
    if (receipt.outcome === 'refused')
      refused.push({ label: labels.get(id) ?? id, text: receipt.message ? t(receipt.message) : '' })
    else done++
  }
  const title = t({ zh: `已办 ${done} 条`, en: `${done} done` })
  return page(
    c,
    {
      title,
      here: placeOfDataset(c, spec.name),
      crumbs: [{ title: t(spec.title), path: `/d/${spec.name}` }],
    },
    <>
      <h1>{ids.length === 0 ? t({ zh: '没有选中记录', en: 'Nothing was ticked' }) : title}</h1>
      {refused.length > 0 && (
        <Notice
          tone="warn"
          title={t({ zh: `${refused.length} 条没有办成`, en: `${refused.length} were not done` })}
        >
          <ul>
            {refused.map((each) => (
              <li>
                {each.label}:{each.text}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      <p>
        <Button title={t({ zh: '回到列表', en: 'Back to the list' })} path={`/d/${spec.name}`} look="main" />
      </p>
    </>,
  )
}

function withdrawable(c: Context<Env>): DatasetSpec {
  const spec = datasetFrom(c)
  if (!c.var.desk.may(`${spec.name}.withdrawn`))
    refuse(
      { zh: `您的岗位不能作废「${spec.title.zh}」`, en: `Your role may not withdraw ${spec.title.en}.` },
      { kind: 'access' },
    )
  return spec
}

async function draw(
  c: Context<Env>,
  spec: DatasetSpec,
  record: Rec,
  faults: { text: string }[],
  status?: 403 | 422,
) {
  const { t } = c.var
  const label = await headingFor(c.var, spec, record)
  const back = `/d/${spec.name}/${record.id}`
  const title = t({ zh: `作废 ${label}`, en: `Withdraw ${label}` })
  return page(
    c,
    {
      title,
      here: placeOfDataset(c, spec.name),
      crumbs: [
        { title: t(spec.title), path: `/d/${spec.name}` },
        { title: label, path: back },
      ],
      ...(status && { status }),
      task: true,
    },
    <form class="form plain-form" method="post" action={`${back}/withdraw`}>
      <input type="hidden" name="_csrf" value={c.var.csrf} />
      <input type="hidden" name="_act" value={newId()} />
      <PageHead title={title} />
      <ErrorSummary t={t} faults={faults} />
      <Notice tone="warn">
        {t({
          zh: '作废后不再出现在列表和统计里;记录和经过不会删除,仍可按编号查到。',
          en: 'It no longer appears in lists and numbers. Nothing is deleted: the record and its history can still be found.',
        })}
      </Notice>
      <div class="form-acts">
        <Button title={t({ zh: '确认作废', en: 'Withdraw' })} look="danger" />
        <Button title={t({ zh: '不作废', en: 'Keep it' })} path={back} look="quiet" />
      </div>
    </form>,
  )
}
