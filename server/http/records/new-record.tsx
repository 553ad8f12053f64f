import type { Context } from 'hono'
import { Button } from '../../../web/ui/button.tsx'
import { Form } from '../../../web/ui/form.tsx'
import type { Fault } from '../../../web/ui/notice.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import type { DatasetSpec } from '../../kernel/dataset.ts'
import { newId } from '../../kernel/ids.ts'
import { refuse } from '../../kernel/refusal.ts'
import { countyDay } from '../../kernel/words.ts'
import { page } from '../layout.tsx'
import type { Env } from '../module.ts'
import { faultsOf, saidOf, sectionsOf, statusOf } from './fill-form.tsx'
import { datasetFrom, placeOfDataset } from './paths.ts'
import { readForm } from './read-form.ts'

export async function newRecord(c: Context<Env>) {
  const spec = writable(c)
  // A link may fill in what it knows: the plot of a new batch, the point that was clicked on the map.
  const given = Object.fromEntries(
    [...new URL(c.req.url).searchParams].filter(([name]) => name in spec.fields),
  )
  return draw(c, spec, { ...opening(c, spec), ...given }, { act: newId(), record: newId() })
}

export async function saveNewRecord(c: Context<Env>) {
  const { desk } = c.var
  const spec = writable(c)
  const typed = await readForm(c, spec.fields)
  // Made when the form was drawn: sending it twice, from a slow line or by a double click, has one effect.
  const ids = { act: typed.hidden('_act') || newId(), record: typed.hidden('_record') || newId() }
  const receipt = await desk.act({
    id: ids.act,
    name: `${spec.name}.created`,
    record: ids.record,
    fields: typed.values,
  })
  if (receipt.outcome === 'refused')
    return draw(c, spec, typed.values, ids, faultsOf(receipt, c.var.t), statusOf(receipt))
  if (typed.hidden('_next') === 'another')
    return c.redirect(`/d/${spec.name}/new?said=${saidOf(receipt, 'created')}`, 303)
  return c.redirect(`/d/${spec.name}/${ids.record}?said=${saidOf(receipt, 'created')}`, 303)
}

function writable(c: Context<Env>): DatasetSpec {
  const spec = datasetFrom(c)
  if (spec.closed)
    refuse(
      {
        zh: `「${spec.title.zh}」由业务操作产生,不能直接登记`,
        en: `${spec.title.en} records come from acts and are not entered directly.`,
      },
      { kind: 'access' },
    )
  if (!c.var.desk.may(`${spec.name}.created`))
    refuse(
      { zh: `您的岗位不能登记「${spec.title.zh}」`, en: `Your role may not register ${spec.title.en}.` },
      { kind: 'access' },
    )
  return spec
}

/** What a blank form already knows: declared initial values, the person's own area, today. */
function opening(c: Context<Env>, spec: DatasetSpec): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(spec.fields)) {
    if (field.initial !== undefined) values[name] = field.initial
    else if (field.kind === 'division' && c.var.actor.division.length >= 9)
      values[name] = c.var.actor.division
    else if (field.kind === 'date' && !field.optional) values[name] = countyDay()
  }
  return values
}

async function draw(
  c: Context<Env>,
  spec: DatasetSpec,
  values: Record<string, unknown>,
  ids: { act: string; record: string },
  faults: Fault[] = [],
  status?: 403 | 422,
) {
  const { t } = c.var
  const title = t({ zh: `登记${spec.title.zh}`, en: `New ${spec.title.en.toLowerCase()}` })
  const hasMap = Object.values(spec.fields).some((field) => field.kind === 'geometry')
  return page(
    c,
    {
      title,
      here: placeOfDataset(c, spec.name),
      crumbs: [{ title: t(spec.title), path: `/d/${spec.name}` }],
      ...(hasMap && { needs: ['map'] }),
      ...(status && { status }),
      task: true,
    },
    <>
      <PageHead title={title} />
      <Form
        t={t}
        action={`/d/${spec.name}`}
        csrf={c.var.csrf}
        sections={await sectionsOf(c, spec.fields, values, { of: spec })}
        submit={t({ zh: '保存', en: 'Save' })}
        cancel={{ title: t({ zh: '取消', en: 'Cancel' }), path: `/d/${spec.name}` }}
        faults={faults}
        hidden={{ _act: ids.act, _record: ids.record }}
        draft={`${spec.name}/new`}
        more={
          <Button
            title={t({ zh: '保存并再登记一条', en: 'Save and enter another' })}
            name="_next"
            value="another"
          />
        }
      />
    </>,
  )
}
