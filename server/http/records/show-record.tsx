import type { Context } from 'hono'
import type { Child } from 'hono/jsx'
import { Block, Detail, type DetailAct, type Fact } from '../../../web/ui/detail.tsx'
import { Diary } from '../../../web/ui/diary.tsx'
import { MapView } from '../../../web/ui/map.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { Tag } from '../../../web/ui/tag.tsx'
import type { DatasetSpec, Rec } from '../../kernel/dataset.ts'
import type { FieldSpec } from '../../kernel/fields.ts'
import type { Geometry } from '../../kernel/geo.ts'
import { questions } from '../../kernel/questions.ts'
import { page } from '../layout.tsx'
import type { Env } from '../module.ts'
import { datasetFrom, placeOfDataset, recordFrom, stepPath } from './paths.ts'
import { questionBlock } from './question-block.tsx'
import { diaryLines } from './sentences.ts'
import {
  divisionText,
  headingOf,
  numberBeside,
  pageReader,
  type Reader,
  stateField,
  Value,
  valueText,
} from './show.tsx'

/** A record: what it says, the next step, where it is, what belongs to it, what happened. */
export async function showRecord(c: Context<Env>) {
  const spec = datasetFrom(c)
  return drawRecord(c, spec, await recordFrom(c, spec))
}

/** Also draws a record whole, once its reader has said why. */
export async function drawRecord(c: Context<Env>, spec: DatasetSpec, record: Rec, whole = false) {
  const { desk, t, lang, house } = c.var
  const acts = await desk.history(spec.name, record.id)
  const reader = await pageReader(desk, { t, lang }, spec, [
    record.fields,
    ...acts.flatMap((act) => act.changes.map((each) => each.fields)),
  ])
  const title = headingOf(reader, spec, record.fields) || t(spec.title)
  const state = stateField(spec)
  const shape = spec.place ? (record.fields[spec.place] as Geometry | undefined) : undefined
  const [leads, blocks, related] = await Promise.all([
    drawn(c, spec, record, 'leads'),
    drawn(c, spec, record, 'blocks'),
    relatedOf(c, spec, record),
  ])
  return page(
    c,
    {
      title,
      here: placeOfDataset(c, spec.name),
      crumbs: [{ title: t(spec.title), path: `/d/${spec.name}` }],
      ...(shape && { needs: ['map'] }),
    },
    <Detail
      t={t}
      title={title}
      kind={[t(spec.title), numberBeside(spec, record.fields)].filter(Boolean).join(' ')}
      lead={
        spec.name === questions.name
          ? ([...leads, await questionBlock(c, record)] as Child)
          : (leads as Child)
      }
      state={
        <>
          {state && record.fields[state] !== undefined && (
            <Tag title={valueText(reader, spec.fields[state]!, record.fields[state])} tone="info" />
          )}
          {record.withdrawn && <Tag title={t({ zh: '已作废', en: 'Withdrawn' })} />}
        </>
      }
      note={divisionText(desk.registry, t, record.division)}
      fate={desk.fate(record)}
      acts={actsOn(c, spec, record)}
      facts={factsOf(c, reader, spec, record, whole)}
      map={
        shape && (
          <MapView t={t} title={title} size="block" shapes={[{ id: record.id, geometry: shape, title }]} />
        )
      }
      withdrawn={record.withdrawn}
      history={diaryLines(reader, spec, acts.slice(-20), house)}
    >
      {blocks as Child}
      {related.length > 0 && (
        <Block title={t({ zh: '相关记录', en: 'Related records' })}>
          <ul class="related">
            {related.map((each) => (
              <li>
                <a href={each.path}>{each.title}</a> <span class="count">{each.count}</span>
              </li>
            ))}
          </ul>
        </Block>
      )}
      {acts.length > 20 && (
        <p>
          <a href={`/d/${spec.name}/${record.id}/history`}>
            {t({ zh: `查看全部 ${acts.length} 条经过`, en: `All ${acts.length} entries of its history` })}
          </a>
        </p>
      )}
    </Detail>,
  )
}

export async function showHistory(c: Context<Env>) {
  const { desk, t, lang, house } = c.var
  const spec = datasetFrom(c)
  const record = await recordFrom(c, spec)
  const acts = await desk.history(spec.name, record.id)
  const reader = await pageReader(desk, { t, lang }, spec, [
    record.fields,
    ...acts.flatMap((act) => act.changes.map((each) => each.fields)),
  ])
  const label = headingOf(reader, spec, record.fields)
  return page(
    c,
    {
      title: t({ zh: '经过', en: 'History' }),
      here: placeOfDataset(c, spec.name),
      crumbs: [
        { title: t(spec.title), path: `/d/${spec.name}` },
        { title: label, path: `/d/${spec.name}/${record.id}` },
      ],
    },
    <>
      <PageHead title={label} note={t(spec.title)} />
      <Diary t={t} lines={diaryLines(reader, spec, acts, house)} />
    </>,
  )
}

function factsOf(c: Context<Env>, reader: Reader, spec: DatasetSpec, record: Rec, whole: boolean): Fact[] {
  const { t } = c.var
  const shown = stateField(spec)
  // A question is told above, in words; what is left of it are the names that programs know things by.
  const told = spec.name === questions.name ? ['reason', 'taken', 'answeredBy', 'division'] : undefined
  return Object.entries(spec.fields)
    .filter(
      ([name, field]) =>
        field.sensitive !== 'hide' &&
        !isForPrograms(field, record.fields[name]) &&
        name !== shown &&
        (!told || (told.includes(name) && record.fields[name] !== undefined)) &&
        !neverAsked(field, record.fields, name) &&
        (field.set !== 'act' || record.fields[name] !== undefined),
    )
    .map(([name, field]) => {
      const value = record.fields[name]
      const masked = !whole && (record.masked ?? []).includes(name)
      return {
        label: t(field.label),
        value:
          value === undefined ? undefined : (
            <Value reader={reader} spec={spec} name={name} value={value} record={record.id} />
          ),
        ...(field.unit && value !== undefined && { unit: t(field.unit) }),
        ...((field.kind === 'long' || field.kind === 'files') && { wide: true }),
        ...(field.key && { kind: 'code' as const }),
        ...(masked && { masked: true }),
        ...(masked && mayReveal(c) && { reveal: `/d/${spec.name}/${record.id}/reveal` }),
      }
    })
}

/** The dose of a weeding: not a gap, a question that nobody asked. */
const neverAsked = (field: FieldSpec, fields: Record<string, unknown>, name: string) =>
  field.only !== undefined &&
  fields[name] === undefined &&
  !field.only.values.includes(String(fields[field.only.field]))

/** JSON in a text field is read by a block of its own, not by people. */
const isForPrograms = (field: FieldSpec, value: unknown) =>
  field.kind === 'long' && typeof value === 'string' && /^[[{]/.test(value)

const mayReveal = (c: Context<Env>) => c.var.desk.registry.rights.may(c.var.actor, 'personal')

/** The next step first, then the others, then amending and withdrawing. */
function actsOn(c: Context<Env>, spec: DatasetSpec, record: Rec): DetailAct[] {
  const { desk, t, actor } = c.var
  const forget: DetailAct[] = desk.registry.rights.may(actor, 'redact')
    ? [
        {
          title: t({ zh: '抹除内容', en: 'Remove for good' }),
          path: `/d/${spec.name}/${record.id}/redact`,
          danger: true,
        },
      ]
    : []
  if (record.withdrawn || !record.division.startsWith(actor.division)) return forget
  // A question has its buttons under the values.
  const verbs = spec.name === questions.name ? [] : desk.verbs(spec.name, record)
  const main = verbs.find((each) => each.main)
  const acts: DetailAct[] = verbs.map((each) => ({
    title: t(each.title),
    path: stepPath(spec.name, each.name, record.id),
    main: each === main,
  }))
  if (spec.closed || spec.append) return [...acts, ...forget]
  if (desk.may(`${spec.name}.amended`))
    acts.push({
      title: t({ zh: '修改', en: 'Amend' }),
      path: `/d/${spec.name}/${record.id}/amend`,
      icon: 'edit',
    })
  if (desk.may(`${spec.name}.withdrawn`))
    acts.push({
      title: t({ zh: '作废', en: 'Withdraw' }),
      path: `/d/${spec.name}/${record.id}/withdraw`,
      icon: 'trash',
      danger: true,
    })
  return [...acts, ...forget]
}

async function drawn(
  c: Context<Env>,
  spec: DatasetSpec,
  record: Rec,
  where: 'leads' | 'blocks',
): Promise<unknown[]> {
  const { desk, t, lang, house, box } = c.var
  const drawers = house.modules.map((each) => each[where]?.[spec.name]).filter((each) => each !== undefined)
  return Promise.all(drawers.map((draw) => draw({ desk, t, lang, box, record })))
}

/** Datasets that point at this one, and how many of their records point at this record. */
async function relatedOf(c: Context<Env>, spec: DatasetSpec, record: Rec) {
  const { desk, t, box } = c.var
  // On a device only what it carries can be counted.
  const pointing = [...desk.registry.datasets.values()]
    .filter((each) => desk.mayRead(each) && (box || each.spec.offline))
    .flatMap((each) =>
      Object.entries(each.spec.fields).flatMap(([name, field]) =>
        field.kind === 'ref' && field.to === spec.name ? [{ other: each.spec, name }] : [],
      ),
    )
  const counted = await Promise.all(
    pointing.map(async ({ other, name }) => {
      const { n, capped } = await desk.count(other.name, { filter: { [name]: record.id } }, 999)
      return {
        n,
        title: t(other.title),
        count: capped ? `${n}+` : String(n),
        path: `/d/${other.name}?filter[${name}]=${record.id}`,
      }
    }),
  )
  return counted.filter((each) => each.n > 0)
}
