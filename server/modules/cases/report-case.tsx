import type { Context } from 'hono'
import type { FormField } from '../../../web/ui/field.tsx'
import { Form } from '../../../web/ui/form.tsx'
import { type Fault, Notice } from '../../../web/ui/notice.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { page } from '../../http/layout.tsx'
import type { Env } from '../../http/module.ts'
import { faultsOf, saidOf, sectionsOf } from '../../http/records/fill-form.tsx'
import { readForm, type Specs } from '../../http/records/read-form.ts'
import { parseField } from '../../kernel/fields.ts'
import type { Position } from '../../kernel/geo.ts'
import { newId } from '../../kernel/ids.ts'
import { refuse } from '../../kernel/refusal.ts'
import { cases } from './dataset.ts'
import { reported } from './report.ts'
import { casePath, Likely } from './show-case.tsx'
import { similarCases } from './similar.ts'

const specs: Specs = Object.fromEntries(
  Object.entries(reported.fields).map(([name, field]) => [name, field.spec]),
)

/** What, where, who said so: in the order people tell it. */
export async function askReport(c: Context<Env>) {
  mayReport(c)
  const url = new URL(c.req.url)
  // A link may fill in what it knows: the point clicked on the map, the alert looked at.
  const given = Object.fromEntries([...url.searchParams].filter(([name]) => name in specs))
  return draw(c, { ...reported.suggest?.(undefined, c.var.actor), ...given }, newId())
}

export async function saveReport(c: Context<Env>) {
  mayReport(c)
  const typed = await readForm(c, specs)
  const act = typed.hidden('_act') || newId()
  const receipt = await c.var.desk.act({ id: act, name: reported.name, fields: typed.values })
  if (receipt.outcome === 'refused') return draw(c, typed.values, act, faultsOf(receipt, c.var.t))
  return c.redirect(
    receipt.record ? `${casePath(receipt.record)}?said=${saidOf(receipt, reported.name)}` : '/cases',
    303,
  )
}

/** While someone types: is it here already? Draws only the block. */
export async function similarTo(c: Context<Env>) {
  const { desk, t } = c.var
  const typed = await readForm(c, specs)
  const value = (name: string) => {
    const parsed = parseField(specs[name]!, typed.values[name], desk.registry)
    return 'value' in parsed ? parsed.value : undefined
  }
  const place = value('place') as { type: string; coordinates: Position } | undefined
  const twins = await similarCases(
    desk,
    {
      content: value('content') as string | undefined,
      category: value('category') as string | undefined,
      place: place?.type === 'Point' ? place.coordinates : undefined,
      phone: value('phone') as string | undefined,
    },
    new Date().toISOString(),
  )
  if (twins.length === 0) return c.body('')
  return c.html(
    <Notice
      tone="warn"
      title={t({
        zh: `可能已经有人报过(${twins.length} 件)`,
        en: `Possibly reported already (${twins.length})`,
      })}
    >
      <Likely c={c} twins={twins} />
      <p class="hint">
        {t({
          zh: '是同一件就打开它补充;不是就继续填。',
          en: 'If it is the same, open it and add to it; if not, go on.',
        })}
      </p>
    </Notice>,
  )
}

function mayReport(c: Context<Env>) {
  if (!c.var.desk.may(reported.name))
    refuse(
      {
        zh: '您的岗位不能上报事件,需要时请联系管理员开通',
        en: 'Your role may not report cases. Ask an administrator if you need it.',
      },
      { kind: 'access' },
    )
}

async function draw(c: Context<Env>, values: Record<string, unknown>, act: string, faults: Fault[] = []) {
  const { t, desk } = c.var
  const [drawn] = await sectionsOf(c, specs, values)
  const picks = await usualCategories(c)
  const field = (...names: string[]): FormField[] =>
    names.map((name) => {
      const found = drawn!.fields.find((each) => each.name === name)!
      // These always have a value: «不填» would only be one more thing to read.
      if (['level', 'channel', 'kind'].includes(name))
        return { ...found, spec: { ...found.spec, optional: undefined } }
      return name === 'category' && !found.picked ? { ...found, picks } : found
    })
  return page(
    c,
    {
      title: t(reported.title),
      here: 'cases',
      needs: ['map'],
      crumbs: [{ title: t({ zh: '事件', en: 'Cases' }), path: '/cases' }],
      ...(faults.length > 0 && { status: 422 }),
      task: true,
    },
    <>
      <PageHead title={t(reported.title)} />
      <div
        hx-post="/cases/similar"
        hx-include="#main form"
        hx-trigger="change from:#main form delay:400ms, keyup from:#f-content delay:700ms"
        hx-target="#similar"
        hx-swap="innerHTML"
      />
      <Form
        t={t}
        action="/cases/new"
        csrf={c.var.csrf}
        sections={[
          { title: t({ zh: '什么事', en: 'What' }), fields: field('content', 'category', 'level', 'photos') },
          { title: t({ zh: '在哪里', en: 'Where' }), fields: field('place', 'division', 'address') },
          {
            title: t({ zh: '谁反映的', en: 'Who says so' }),
            fields: field('channel', 'kind', 'reporter', 'phone'),
          },
        ]}
        submit={t(reported.title)}
        cancel={{ title: t({ zh: '取消', en: 'Cancel' }), path: '/cases' }}
        faults={faults}
        hidden={{ _act: act, ...(typeof values.alert === 'string' && { alert: values.alert }) }}
        draft={`${reported.name}/new`}
      >
        <div id="similar" role="status" aria-live="polite">
          {desk.place === 'device' && (
            <p class="hint">
              {t({
                zh: '离线时只能在本机已有的案卷里查重。',
                en: 'Out of reach, only the cases on this device are compared.',
              })}
            </p>
          )}
        </div>
      </Form>
    </>,
  )
}

/** The categories this county reports most lately: most entries repeat last week's. */
async function usualCategories(c: Context<Env>) {
  const { desk } = c.var
  const recent = await desk.list(cases, { limit: 200 })
  const tally = new Map<string, number>()
  for (const { fields } of recent.records)
    if (fields.category) tally.set(fields.category, (tally.get(fields.category) ?? 0) + 1)
  const top = [...tally]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 8)
    .map(([id]) => id)
  const labels = await desk.labels(top)
  return top.flatMap((id) =>
    labels.has(id) ? [{ value: id, label: labels.get(id)!.replace(/^\S+ /, '') }] : [],
  )
}
