import type { Context } from 'hono'
import type { Child } from 'hono/jsx'
import { Button } from '../../../web/ui/button.tsx'
import { Block, Detail, type DetailAct, type Fact } from '../../../web/ui/detail.tsx'
import type { DiaryLine } from '../../../web/ui/diary.tsx'
import { MapView } from '../../../web/ui/map.tsx'
import { classes } from '../../../web/ui/props.ts'
import { LevelTag, Tag } from '../../../web/ui/tag.tsx'
import { page } from '../../http/layout.tsx'
import type { Env } from '../../http/module.ts'
import { stepPath } from '../../http/records/paths.ts'
import { diaryLines } from '../../http/records/sentences.ts'
import { type Reader, readerFor, Value } from '../../http/records/show.tsx'
import { refuse } from '../../kernel/refusal.ts'
import { type Say, timeText } from '../../kernel/words.ts'
import { ClockTag, StateTag } from './clock-tag.tsx'
import { type Case, type CaseFields, clocksOf } from './clocks.ts'
import { cases, categories, levels, limitUnits } from './dataset.ts'
import { escalations } from './escalate.ts'
import { withText } from './list-cases.tsx'
import { merged } from './merge.ts'
import { type Likeness, similarCases } from './similar.ts'

/** A case: how far it is, how long it has, what was said and done. */
export async function showCase(c: Context<Env>) {
  const { desk, t, lang, house } = c.var
  const record = await caseFrom(c)
  const { fields } = record
  const now = new Date().toISOString()
  const acts = await desk.history(cases, record.id)
  const reader = await readerFor(desk, { t, lang }, cases.spec, [
    fields,
    ...acts.flatMap((act) => act.changes.map((each) => each.fields)),
  ])
  const category = fields.category ? await desk.read(categories, fields.category) : undefined
  const early = fields.state === 'reported' || fields.state === 'filed'
  const [twins, parts] = await Promise.all([
    early ? likely(c, record, now) : Promise.resolve([]),
    desk.list(cases, { filter: { duplicateOf: record.id }, limit: 50 }),
  ])
  const fact = factsOf(c, reader, record)
  return page(
    c,
    {
      title: fields.title,
      here: 'cases',
      crumbs: [{ title: t({ zh: '事件', en: 'Cases' }), path: '/cases' }],
      ...(fields.place && { needs: ['map'] }),
    },
    <Detail
      t={t}
      title={fields.title}
      kind={fields.number}
      state={
        <>
          <StateTag t={t} state={fields.state!} />{' '}
          <LevelTag t={t} level={fields.level} title={t(levels[fields.level])} />
          {fields.escalated && <Tag tone="bad" icon="warn" title={t(escalations[fields.escalated]!)} />}
        </>
      }
      note={whereWith(c, fields)}
      lead={
        <>
          <Progress t={t} lang={lang} fields={fields} />
          <Clocks t={t} lang={lang} fields={fields} now={now} />
        </>
      }
      acts={actsOn(c, record)}
      facts={[
        ...fact('content'),
        ...fact('category', 'kind', 'channel', 'division', 'address', 'reporter', 'phone', 'alert', 'photos'),
        ...ruleOf(t, fields, category?.fields),
        ...fact('duplicateOf', 'refusal'),
      ]}
      groups={[
        {
          title: t({ zh: '派遣', en: 'Assignment' }),
          facts: fields.assignedAt
            ? [
                handlerFact(c, fields),
                ...fact(
                  'worker',
                  'instructions',
                  'returnReason',
                  'ruling',
                  'urging',
                  'pauseReason',
                  'pauseNote',
                  'extension',
                ),
              ]
            : [],
        },
        { title: t({ zh: '处理', en: 'Work' }), facts: fact('response', 'result', 'proofAddress', 'proof') },
        {
          title: t({ zh: '核查与回访', en: 'Check and call-back' }),
          facts: fact('checkNote', 'satisfaction', 'solved', 'callNote', 'closing'),
        },
      ].filter((group) => group.facts.length > 0)}
      map={
        fields.place && (
          <MapView
            t={t}
            title={fields.title}
            size="block"
            shapes={[{ id: record.id, geometry: fields.place, title: fields.title, level: fields.level }]}
          />
        )
      }
      history={told(diaryLines(reader, storySpec, acts, house))}
    >
      {twins.length > 0 && (
        <Block title={t({ zh: '疑似重复', en: 'Possibly the same' })} id="similar">
          <Likely c={c} twins={twins} into={record.id} />
        </Block>
      )}
      {parts.records.length > 0 && (
        <Block
          title={t({
            zh: `并入本案 ${parts.records.length} 件`,
            en: `${parts.records.length} merged into this`,
          })}
        >
          <ul class="related">
            {parts.records.map((each) => (
              <li>
                <a href={casePath(each.id)}>{each.fields.title}</a>{' '}
                <span class="hint">{timeText(each.fields.reportedAt, lang)}</span>
              </li>
            ))}
          </ul>
        </Block>
      )}
    </Detail>,
  )
}

export async function caseFrom(c: Context<Env>): Promise<Case> {
  const record = await c.var.desk.read(cases, c.req.param('id') ?? '')
  if (!record)
    refuse(
      {
        zh: '找不到这件案卷,它可能不在您的辖区',
        en: 'This case cannot be found; it may be outside your area.',
      },
      { kind: 'missing' },
    )
  return record
}

export const casePath = (id: string) => `/d/${cases.name}/${id}`

// What the diary of a case tells: words and decisions. Moments and counters stand in the clocks above, and «空 → …» tells
// nobody anything.
const story = [
  'category',
  'level',
  'division',
  'handler',
  'department',
  'instructions',
  'finishBy',
  'worker',
  'response',
  'result',
  'proofAddress',
  'proof',
  'returnReason',
  'ruling',
  'pauseReason',
  'pauseNote',
  'extension',
  'urging',
  'checkNote',
  'satisfaction',
  'solved',
  'callNote',
  'closing',
  'refusal',
  'duplicateOf',
  'escalated',
]
const storySpec = {
  ...cases.spec,
  fields: Object.fromEntries(Object.entries(cases.spec.fields).filter(([name]) => story.includes(name))),
}

const told = (lines: DiaryLine[]): DiaryLine[] =>
  lines.map((line) => ({
    ...line,
    changes: line.changes
      ?.filter((each) => each.after)
      .map(({ before, ...each }) => (before ? { ...each, before } : each)),
  }))

/** The seven stations, with when each was passed. */
function Progress({ t, lang, fields }: { t: Say; lang: 'zh' | 'en'; fields: CaseFields }) {
  const stations: { title: { zh: string; en: string }; at?: string }[] = [
    { title: { zh: '上报', en: 'Reported' }, at: fields.reportedAt },
    { title: { zh: '立案', en: 'Filed' }, at: fields.filedAt },
    {
      title: { zh: '派遣', en: 'Assigned' },
      at: fields.state === 'returned' || fields.state === 'arbitration' ? undefined : fields.assignedAt,
    },
    { title: { zh: '签收', en: 'Signed for' }, at: fields.signedAt },
    { title: { zh: '处理', en: 'Handled' }, at: fields.handledAt },
    { title: { zh: '核查', en: 'Checked' }, at: fields.checkedAt },
    { title: { zh: '结案', en: 'Closed' }, at: fields.state === 'closed' ? fields.closedAt : undefined },
  ]
  if (fields.state === 'declined' || fields.state === 'merged') return null
  const here = stations.findIndex((each) => !each.at)
  return (
    <ol class="steps" aria-label={t({ zh: '办理进度', en: 'Progress' })}>
      {stations.map((each, i) => (
        <li
          class={classes('step', (here < 0 || i < here) && 'step-done', i === here && 'step-here')}
          aria-current={i === here ? 'step' : undefined}
        >
          <span class="step-number">{i + 1}</span>
          <span>
            {t(each.title)}
            {(here < 0 || i < here) && each.at && <small class="hint"> {shortTime(each.at, lang)}</small>}
          </span>
        </li>
      ))}
    </ol>
  )
}

function Clocks({ t, lang, fields, now }: { t: Say; lang: 'zh' | 'en'; fields: CaseFields; now: string }) {
  const clocks = clocksOf(fields, now).filter((each) => each.state !== 'void')
  if (clocks.length === 0) return null
  return (
    <ul class="clocks">
      {clocks.map((clock) => (
        <li>
          <ClockTag t={t} clock={clock} named />{' '}
          <span class="hint">
            {clock.doneAt
              ? t({
                  zh: `${shortTime(clock.doneAt, lang)} 完成,期限 ${shortTime(clock.by, lang)}`,
                  en: `done ${shortTime(clock.doneAt, lang)}, due ${shortTime(clock.by, lang)}`,
                })
              : t({ zh: `期限 ${shortTime(clock.by, lang)}`, en: `due ${shortTime(clock.by, lang)}` })}
            {clock.name === 'finish' &&
              fields.limit &&
              fields.unit &&
              t({
                zh: `(${fields.limit} 个${limitUnits[fields.unit].zh})`,
                en: ` (${fields.limit} ${limitUnits[fields.unit].en})`,
              })}
          </span>
        </li>
      ))}
    </ul>
  )
}

/** Without the year: the line under the title has it. */
const shortTime = (iso: string, lang: 'zh' | 'en') => timeText(iso, lang, new Date(iso))

/** Facts that say something, in the order given. */
function factsOf(c: Context<Env>, reader: Reader, record: Case) {
  const { t, desk } = c.var
  const spec = cases.spec
  const mayReveal = desk.registry.rights.may(c.var.actor, 'personal')
  return (...names: (keyof CaseFields & string)[]): Fact[] =>
    names.flatMap((name) => {
      const value = record.fields[name]
      if (value === undefined) return []
      const field = spec.fields[name]!
      const masked = (record.masked ?? []).includes(name)
      return [
        {
          label: t(field.label),
          value: (
            <Value reader={reader} spec={spec} name={name} value={value} record={record.id} />
          ) as Child,
          ...((field.kind === 'long' || field.kind === 'files') && { wide: true }),
          ...(masked && { masked: true }),
          ...(masked && mayReveal && { reveal: `${casePath(record.id)}/reveal` }),
        },
      ]
    })
}

/** The rule in front of whoever has to apply it now. */
function ruleOf(
  t: Say,
  fields: CaseFields,
  category: { filing?: string; closing?: string } | undefined,
): Fact[] {
  if (fields.state === 'reported' && category?.filing)
    return [{ label: t({ zh: '立案标准', en: 'Filing rule' }), value: category.filing, wide: true }]
  if (['assigned', 'handling', 'handled', 'checked'].includes(fields.state!) && category?.closing)
    return [{ label: t({ zh: '结案标准', en: 'Closing rule' }), value: category.closing, wide: true }]
  return []
}

function handlerFact(c: Context<Env>, fields: CaseFields): Fact {
  const { t, desk } = c.var
  return { label: t({ zh: '承办单位', en: 'With' }), value: withText(desk, t, fields) }
}

function whereWith(c: Context<Env>, fields: CaseFields): string {
  const { t, desk, lang } = c.var
  const town = desk.registry.division(fields.division.slice(0, 9))
  return [
    town && t(town),
    t({
      zh: `${timeText(fields.reportedAt, lang)} 上报`,
      en: `reported ${timeText(fields.reportedAt, lang)}`,
    }),
  ]
    .filter(Boolean)
    .join(' · ')
}

function actsOn(c: Context<Env>, record: Case): DetailAct[] {
  const { desk, t } = c.var
  const verbs = desk.verbs(cases, record)
  const main = verbs.find((each) => each.main)
  return [
    ...verbs.map((each) => ({
      title: t(each.title),
      path: stepPath(cases.name, each.name, record.id),
      main: each === main,
    })),
    {
      title: t({ zh: '打印工单', en: 'Print the order' }),
      path: `/cases/${record.id}/order`,
      icon: 'print' as const,
    },
  ]
}

async function likely(c: Context<Env>, record: Case, now: string): Promise<Likeness[]> {
  const { content, category, place } = record.fields
  const found = await similarCases(
    c.var.desk,
    { content, category, place: place?.type === 'Point' ? place.coordinates : undefined },
    now,
    6,
  )
  return found.filter((each) => each.record.id !== record.id && each.record.fields.state !== 'merged')
}

/** What is probably the same matter; with `into`, the way to merge. */
export function Likely({ c, twins, into }: { c: Context<Env>; twins: Likeness[]; into?: string }) {
  const { t, lang, desk } = c.var
  return (
    <ul class="related">
      {twins.map(({ record, metres, alike }) => (
        <li class="related-case">
          <a href={casePath(record.id)}>{record.fields.title}</a>{' '}
          <StateTag t={t} state={record.fields.state!} />{' '}
          <span class="hint">
            {[
              metres !== undefined && t({ zh: `相距 ${metres} 米`, en: `${metres} m away` }),
              alike >= 0.2 && t({ zh: '内容相近', en: 'similar words' }),
              timeText(record.fields.reportedAt, lang),
            ]
              .filter(Boolean)
              .join(' · ')}
          </span>{' '}
          {into && desk.may(merged.name) && (
            <Button
              title={t({ zh: '并入这一件', en: 'Merge into it' })}
              path={`${stepPath(cases.name, merged.name, into)}?into=${record.id}`}
              small
            />
          )}
        </li>
      ))}
    </ul>
  )
}
