import type { Context } from 'hono'
import { Again, Form } from '../../../web/ui/form.tsx'
import type { Fault } from '../../../web/ui/notice.tsx'
import { Notice } from '../../../web/ui/notice.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import type { Verb } from '../../kernel/acts.ts'
import type { DatasetSpec, Rec } from '../../kernel/dataset.ts'
import { newId } from '../../kernel/ids.ts'
import { refuse } from '../../kernel/refusal.ts'
import { page } from '../layout.tsx'
import type { Env, Offer } from '../module.ts'
import { faultsOf, saidOf, sectionsOf, statusOf } from './fill-form.tsx'
import { datasetFrom, placeOfDataset, recordFrom, stepPath } from './paths.ts'
import { readForm, type Specs } from './read-form.ts'
import { headingFor } from './show.tsx'

/** The form of a declared step: what it asks, and the button that does it. */
export async function askStep(c: Context<Env>) {
  const { spec, verb, record } = await step(c)
  const given = Object.fromEntries(
    [...new URL(c.req.url).searchParams].filter(([name]) => name in verb.fields),
  )
  const offer = await offerOf(c, verb, record)
  const values = {
    ...initial(verb),
    ...(verb.suggest?.(record, c.var.actor) ?? {}),
    ...offer.values,
    ...given,
  }
  return draw(c, spec, verb, record, values, { act: newId(), base: record?.version }, offer)
}

export async function doStep(c: Context<Env>) {
  const { spec, verb, record } = await step(c)
  const typed = await readForm(c, specsOf(verb))
  const act = typed.hidden('_act') || newId()
  const base = Number(typed.hidden('_base')) || undefined
  const receipt = await c.var.desk.act({
    id: act,
    name: verb.name,
    ...(record && { record: record.id }),
    ...(base && { base }),
    fields: typed.values,
  })
  if (receipt.outcome === 'refused')
    return draw(
      c,
      spec,
      verb,
      record,
      typed.values,
      { act, base },
      await offerOf(c, verb, record),
      faultsOf(receipt, c.var.t),
      statusOf(receipt),
    )
  const then = receipt.record ?? record?.id
  const said = saidOf(receipt, verb.name)
  return c.redirect(then ? `/d/${spec.name}/${then}?said=${said}` : `/d/${spec.name}?said=${said}`, 303)
}

async function step(c: Context<Env>): Promise<{ spec: DatasetSpec; verb: Verb; record?: Rec }> {
  const spec = datasetFrom(c)
  const verb = c.var.desk.registry.verbs.get(`${spec.name}.${c.req.param('verb')}`)
  if (!verb)
    refuse(
      { zh: '没有这个操作,请从记录页重新进入', en: 'There is no such step; start again from the record.' },
      { kind: 'missing' },
    )
  if (!c.var.desk.may(verb.name))
    refuse(
      { zh: `您的岗位不能办理「${verb.title.zh}」`, en: `Your role may not do "${verb.title.en}".` },
      { kind: 'access' },
    )
  if (verb.starts) return { spec, verb }
  return { spec, verb, record: await recordFrom(c, spec) }
}

/** What the modules know that this form need not ask again. */
async function offerOf(c: Context<Env>, verb: Verb, record: Rec | undefined): Promise<Offer> {
  const { desk, t, lang, house } = c.var
  const drawers = house.modules.map((each) => each.offers?.[verb.name]).filter((each) => each !== undefined)
  const offers = await Promise.all(drawers.map((offer) => offer({ desk, t, lang, record })))
  return Object.assign({}, ...offers)
}

const specsOf = (verb: Verb): Specs =>
  Object.fromEntries(Object.entries(verb.fields).map(([name, field]) => [name, field.spec]))
const initial = (verb: Verb) =>
  Object.fromEntries(
    Object.entries(verb.fields).flatMap(([name, field]) =>
      field.spec.initial === undefined ? [] : [[name, field.spec.initial]],
    ),
  )

async function draw(
  c: Context<Env>,
  spec: DatasetSpec,
  verb: Verb,
  record: Rec | undefined,
  values: Record<string, unknown>,
  carried: { act: string; base?: number },
  offer: Offer,
  faults: Fault[] = [],
  status?: 403 | 422,
) {
  const { t } = c.var
  const all = specsOf(verb)
  // Nobody is asked whether a rule was broken before it was: only when a refusal names the question.
  const named = (words: string) => faults.some((fault) => fault.text.includes(words))
  const specs = Object.fromEntries(
    Object.entries(all).filter(([name, field]) => !field.late || values[name] || named(t(field.label))),
  )
  const label = record && (await headingFor(c.var, spec, record))
  const path = stepPath(spec.name, verb.name, record?.id)
  const title = t(verb.title)
  const back = record ? `/d/${spec.name}/${record.id}` : `/d/${spec.name}`
  const hasMap = Object.values(specs).some((field) => field.kind === 'geometry')
  return page(
    c,
    {
      title,
      here: placeOfDataset(c, spec.name),
      crumbs: [
        { title: t(spec.title), path: `/d/${spec.name}` },
        ...(label ? [{ title: label, path: back }] : []),
      ],
      ...(hasMap && { needs: ['map'] }),
      ...(status && { status }),
      task: true,
    },
    <>
      <PageHead title={title} note={label} />
      {Object.keys(specs).length === 0 && (
        <Notice tone="info">
          {t({
            zh: '这一步不用填写内容,确认后立即生效。',
            en: 'Nothing to fill in: it takes effect when you confirm.',
          })}
        </Notice>
      )}
      <Form
        t={t}
        action={path}
        csrf={c.var.csrf}
        sections={await sectionsOf(c, specs, values, { of: spec, picks: offer.picks })}
        submit={title}
        cancel={{ title: t({ zh: '取消', en: 'Cancel' }), path: back }}
        faults={faults}
        hidden={{ _act: carried.act, _base: carried.base }}
        draft={`${verb.name}/${record?.id ?? 'new'}`}
      >
        {faults.length === 0 && <Again t={t} path={path} again={offer.again} />}
      </Form>
    </>,
  )
}
