// Amending sends only what the person changed, with the version the form was drawn from. Two people who change different
// fields both succeed; the same field brings the three-way page, with everything typed still there.

import type { Context } from 'hono'
import { ConflictView } from '../../../web/ui/conflict.tsx'
import { Form } from '../../../web/ui/form.tsx'
import type { Fault } from '../../../web/ui/notice.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import type { DatasetSpec, Rec } from '../../kernel/dataset.ts'
import { newId } from '../../kernel/ids.ts'
import { Conflict, refuse } from '../../kernel/refusal.ts'
import { timeText } from '../../kernel/words.ts'
import { page } from '../layout.tsx'
import type { Env } from '../module.ts'
import { faultsOf, saidOf, sectionsOf, statusOf } from './fill-form.tsx'
import { datasetFrom, placeOfDataset, recordFrom } from './paths.ts'
import { changedFields, openingTexts, type Posted, readForm, readWas, type Typed } from './read-form.ts'
import { headingFor, headingOf, readerFor, valueText } from './show.tsx'

export async function amendRecord(c: Context<Env>) {
  const { spec, record } = await amendable(c)
  return draw(c, spec, record, record.fields, {
    act: newId(),
    base: record.version,
    was: openingTexts(spec.fields, record.fields, record.masked),
  })
}

export async function saveAmendedRecord(c: Context<Env>) {
  const { desk } = c.var
  const { spec, record } = await amendable(c)
  const typed = await readForm(c, spec.fields, record.fields)
  const was = readWas(typed.hidden('_was'))
  const base = Number(typed.hidden('_base')) || record.version
  const act = typed.hidden('_act') || newId()
  settleChoices(spec, typed, was, record)
  const fields = changedFields(spec.fields, typed, was)
  if (Object.keys(fields).length === 0) return c.redirect(`/d/${spec.name}/${record.id}?said=unchanged`, 303)
  try {
    const receipt = await desk.act(
      { id: act, name: `${spec.name}.amended`, record: record.id, base, fields },
      { onOverlap: 'conflict' },
    )
    if (receipt.outcome === 'refused')
      return draw(
        c,
        spec,
        record,
        { ...record.fields, ...typed.values },
        { act, base, was },
        faultsOf(receipt, c.var.t),
        statusOf(receipt),
      )
    return c.redirect(`/d/${spec.name}/${record.id}?said=${saidOf(receipt, 'amended')}`, 303)
  } catch (error) {
    if (error instanceof Conflict) return drawConflict(c, spec, record, typed, was, error)
    throw error
  }
}

async function amendable(c: Context<Env>): Promise<{ spec: DatasetSpec; record: Rec }> {
  const spec = datasetFrom(c)
  const record = await recordFrom(c, spec)
  if (!c.var.desk.may(`${spec.name}.amended`))
    refuse(
      { zh: `您的岗位不能修改「${spec.title.zh}」`, en: `Your role may not amend ${spec.title.en}.` },
      { kind: 'access' },
    )
  if (!record.division.startsWith(c.var.actor.division))
    refuse(
      {
        zh: '这条记录不属于您的辖区,只能查看',
        en: 'This record is outside your area; you may read it only.',
      },
      { kind: 'access' },
    )
  if (spec.closed || spec.append)
    refuse(
      {
        zh: `「${spec.title.zh}」不能直接修改,请通过业务操作更正`,
        en: `${spec.title.en} records are not amended directly; correct them by an act.`,
      },
      { kind: 'access' },
    )
  return { spec, record }
}

/** «Theirs» on the three-way page means: as it stands now, so it is no change of mine. */
function settleChoices(spec: DatasetSpec, typed: Typed, was: Record<string, string>, record: Rec) {
  const standing = openingTexts(spec.fields, record.fields, record.masked)
  for (const name of Object.keys(spec.fields)) {
    const choice = typed.hidden(`_keep.${name}`)
    if (choice !== 'mine' && choice !== 'theirs') continue
    if (choice === 'theirs') delete typed.values[name]
    else if (name in standing) was[name] = standing[name]!
  }
}

async function draw(
  c: Context<Env>,
  spec: DatasetSpec,
  record: Rec,
  values: Record<string, unknown>,
  carried: { act: string; base: number; was: Record<string, string> },
  faults: Fault[] = [],
  status?: 403 | 422,
) {
  const { t } = c.var
  const label = await headingFor(c.var, spec, record)
  const title = t({ zh: `修改${spec.title.zh}`, en: `Amend ${spec.title.en.toLowerCase()}` })
  const masks = Object.fromEntries((record.masked ?? []).map((name) => [name, record.fields[name]]))
  const hasMap = Object.values(spec.fields).some((field) => field.kind === 'geometry')
  return page(
    c,
    {
      title,
      here: placeOfDataset(c, spec.name),
      crumbs: [
        { title: t(spec.title), path: `/d/${spec.name}` },
        { title: label, path: `/d/${spec.name}/${record.id}` },
      ],
      ...(hasMap && { needs: ['map'] }),
      ...(status && { status }),
      task: true,
    },
    <>
      <PageHead title={title} note={label} />
      <Form
        t={t}
        action={`/d/${spec.name}/${record.id}/amend`}
        csrf={c.var.csrf}
        sections={await sectionsOf(c, spec.fields, values, { masks, of: spec })}
        submit={t({ zh: '保存修改', en: 'Save changes' })}
        cancel={{ title: t({ zh: '取消', en: 'Cancel' }), path: `/d/${spec.name}/${record.id}` }}
        faults={faults}
        hidden={{ _act: carried.act, _base: carried.base, _was: JSON.stringify(carried.was) }}
        draft={`${spec.name}/${record.id}/amend`}
      />
    </>,
  )
}

async function drawConflict(
  c: Context<Env>,
  spec: DatasetSpec,
  record: Rec,
  typed: Typed,
  was: Record<string, string>,
  conflict: Conflict,
) {
  const { t, desk, lang } = c.var
  const sides = conflict.overlaps.flatMap((each) =>
    [each.base, each.theirs, each.mine].map((value) => ({ [each.field]: value })),
  )
  const reader = await readerFor(desk, { t, lang }, spec, [record.fields, ...sides])
  const text = (field: string, value: unknown) => {
    if (record.masked?.includes(field)) return t({ zh: '(已遮蔽)', en: '(masked)' })
    const said = valueText(reader, spec.fields[field]!, value)
    const { unit } = spec.fields[field]!
    return said && unit ? `${said} ${t(unit)}` : said
  }
  const title = t({
    zh: `${headingOf(reader, spec, record.fields)}:有人刚改过`,
    en: `${headingOf(reader, spec, record.fields)}: changed meanwhile`,
  })
  return page(
    c,
    {
      title,
      status: 409,
      kind: 'error',
      task: true,
      here: placeOfDataset(c, spec.name),
      crumbs: [{ title: t(spec.title), path: `/d/${spec.name}` }],
    },
    <ConflictView
      t={t}
      title={title}
      clashes={conflict.overlaps.map((each) => ({
        field: each.field,
        label: t(spec.fields[each.field]?.label ?? { zh: each.field, en: each.field }),
        base: text(each.field, each.base),
        theirs: text(each.field, each.theirs),
        mine: text(each.field, each.mine),
        by: each.by.name,
        when: timeText(each.by.at, lang),
      }))}
      action={`/d/${spec.name}/${record.id}/amend`}
      csrf={c.var.csrf}
      carried={carriedOf(typed, was)}
      version={record.version}
      back={{ title: t({ zh: '放弃我的修改', en: 'Drop my changes' }), path: `/d/${spec.name}/${record.id}` }}
    />,
  )
}

/** The whole form goes along. Files were kept when they arrived: from here on they are known by their digest. */
function carriedOf(typed: Typed, was: Record<string, string>): [string, string][] {
  const carried = Object.entries(typed.posted as Posted).flatMap(([name, given]) =>
    /^_(csrf|base|was|act|keep\.)/.test(name)
      ? []
      : (Array.isArray(given) ? given : [given])
          .filter((each): each is string => typeof each === 'string')
          .map((each): [string, string] => [name, each]),
  )
  return [...carried, ['_was', JSON.stringify(was)], ['_act', newId()]]
}
