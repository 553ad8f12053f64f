import type { Context } from 'hono'
import { Button } from '../../../web/ui/button.tsx'
import { type Filter, FilterBar } from '../../../web/ui/filter.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { type Column, type Row, Table } from '../../../web/ui/table.tsx'
import { Tabs } from '../../../web/ui/tabs.tsx'
import { LevelTag } from '../../../web/ui/tag.tsx'
import { page } from '../../http/layout.tsx'
import type { Env } from '../../http/module.ts'
import { withParams } from '../../http/query.ts'
import { areaOptions } from '../../http/records/options.ts'
import type { Desk, ListQuery } from '../../kernel/desk.ts'
import { type Say, timeText } from '../../kernel/words.ts'
import { CaseClock, StateTag } from './clock-tag.tsx'
import type { Case } from './clocks.ts'
import { cases, channels, levels, openStates, type State, states } from './dataset.ts'
import { queriesFor, turnsOf, type View, views } from './queue.ts'
import { reported } from './report.ts'
import { pressing } from './waiting.ts'

/** 事件: my queue first, then what is late, what is open, everything. */
export async function listCases(c: Context<Env>) {
  const { desk, t } = c.var
  const url = new URL(c.req.url)
  const now = new Date().toISOString()
  const view = viewFrom(c, desk)
  const given = filterFrom(url)
  const found = await listed(desk, view, given, now)
  const tabs = await tabsOf(desk, t, now)
  return page(
    c,
    { title: t({ zh: '事件', en: 'Cases' }), here: 'cases', wide: true },
    <>
      <PageHead
        title={t({ zh: '事件', en: 'Cases' })}
        note={t({
          zh: '巡查、热线、感知告警和群众反映的事,从上报到回访结案。',
          en: 'What patrols, callers and sensors report, until the caller says it is solved.',
        })}
      >
        {desk.may(reported.name) && (
          <Button title={t(reported.title)} path="/cases/new" look="main" icon="plus" />
        )}
      </PageHead>
      <Tabs t={t} tabs={tabs} here={`/cases?view=${view}`} />
      <FilterBar
        t={t}
        action="/cases"
        q={given.q}
        searchHint={t({ zh: '搜案卷号、标题、内容、地点', en: 'Search number, title, content, address' })}
        filters={filtersOf(c, view, url)}
        hidden={{ view }}
        target="cases"
      />
      <div
        hx-get={`${url.pathname}${url.search}`}
        hx-trigger="live:cases.case from:body delay:800ms"
        hx-select="#cases"
        hx-target="#cases"
        hx-swap="outerHTML"
      />
      <Table
        t={t}
        id="cases"
        caption={t(views[view])}
        columns={columns(t)}
        rows={await rowsOf(desk, t, c.var.lang, found.records, now)}
        count={found.count}
        next={found.next && withParams(url, { cursor: found.next })}
        first={given.cursor ? withParams(url, { cursor: undefined }) : undefined}
        empty={emptyOf(t, view, desk)}
        acts={
          <Button
            title={t({ zh: '在地图上看', en: 'On the map' })}
            path="/map"
            icon="map"
            look="quiet"
            small
          />
        }
      />
    </>,
  )
}

function viewFrom(c: Context<Env>, desk: Desk): View {
  const asked = c.req.query('view')
  if (asked && Object.hasOwn(views, asked)) return asked as View
  return turnsOf(desk).length > 0 ? 'mine' : 'open'
}

interface Given {
  q?: string
  cursor?: string
  division?: string
  filter: Record<string, unknown>
}

function filterFrom(url: URL): Given {
  const filter: Record<string, unknown> = {}
  for (const name of ['state', 'level', 'channel', 'category', 'department']) {
    const value = url.searchParams.get(name)
    if (value) filter[name] = value
  }
  const one = (name: string) => url.searchParams.get(name)?.trim() || undefined
  return { q: one('q'), cursor: one('cursor'), division: one('division'), filter }
}

/** «Mine» is short and sorted by how it presses; the rest is paged by time. */
async function listed(desk: Desk, view: View, given: Given, now: string) {
  const queries = queriesFor(view, desk, now).map(
    (query): ListQuery => ({
      q: given.q,
      division: given.division,
      filter: narrowed(query.filter ?? {}, given.filter),
    }),
  )
  if (view !== 'mine' && view !== 'overdue') {
    const query = queries[0]!
    const [found, count] = await Promise.all([
      desk.list(cases, { ...query, cursor: given.cursor, limit: 50 }),
      desk.count(cases, query),
    ])
    return { records: found.records, count, next: found.next }
  }
  const pages = await Promise.all(queries.map((query) => desk.list(cases, { ...query, limit: 500 })))
  const records = pages.flatMap((each) => each.records).sort((a, b) => pressing(a, now) - pressing(b, now))
  return {
    records: records.slice(0, 200),
    count: { n: records.length, capped: pages.some((each) => each.next) },
    next: undefined,
  }
}

/** The view's own condition, and what the person picked within it: both must hold. */
function narrowed(view: Record<string, unknown>, picked: Record<string, unknown>): Record<string, unknown> {
  const state = picked.state as State | undefined
  const allowed = view.state as State[] | undefined
  if (state && allowed && !allowed.includes(state)) return { ...view, ...picked, state: ['none'] }
  return { ...view, ...picked }
}

async function tabsOf(desk: Desk, t: Say, now: string) {
  const shown = (Object.keys(views) as View[]).filter((view) => view !== 'mine' || turnsOf(desk).length > 0)
  return Promise.all(
    shown.map(async (view) => {
      const counted = ['mine', 'overdue', 'open'].includes(view)
      const counts = counted
        ? await Promise.all(queriesFor(view, desk, now).map((query) => desk.count(cases, query, 9999)))
        : []
      return {
        title: t(views[view]),
        path: `/cases?view=${view}`,
        ...(counted && { count: counts.reduce((sum, each) => sum + each.n, 0) }),
      }
    }),
  )
}

function filtersOf(c: Context<Env>, view: View, url: URL): Filter[] {
  const { desk, t, actor } = c.var
  const options = (words: Record<string, { zh: string; en: string }>) =>
    Object.entries(words).map(([value, title]) => ({ value, label: t(title) }))
  const value = (name: string) => url.searchParams.get(name) ?? undefined
  const areas = areaOptions(desk.registry, actor, t)
  const open = Object.fromEntries(
    Object.entries(states).filter(([state]) => view === 'all' || openStates.includes(state as State)),
  )
  return [
    {
      name: 'level',
      title: t({ zh: '紧急程度', en: 'Urgency' }),
      kind: 'options',
      options: options(levels),
      value: value('level'),
    },
    ...(areas.length > 1
      ? [
          {
            name: 'division',
            title: t({ zh: '乡镇', en: 'Township' }),
            kind: 'options' as const,
            options: areas,
            value: value('division'),
          },
        ]
      : []),
    ...(view === 'overdue'
      ? []
      : [
          {
            name: 'state',
            title: t({ zh: '环节', en: 'Step' }),
            kind: 'options' as const,
            options: options(open),
            value: value('state'),
          },
        ]),
    {
      name: 'channel',
      title: t({ zh: '来源', en: 'Channel' }),
      kind: 'options',
      options: options(channels),
      value: value('channel'),
    },
  ]
}

const columns = (t: Say): Column[] => [
  { title: t({ zh: '事件', en: 'Case' }) },
  { title: t({ zh: '紧急程度', en: 'Urgency' }), kind: 'tight' },
  { title: t({ zh: '环节', en: 'Step' }), kind: 'tight' },
  { title: t({ zh: '时限', en: 'Clock' }), kind: 'tight' },
  { title: t({ zh: '承办', en: 'With' }) },
  { title: t({ zh: '类别', en: 'Category' }), wide: true },
  { title: t({ zh: '上报', en: 'Reported' }), kind: 'time', wide: true },
]

async function rowsOf(desk: Desk, t: Say, lang: 'zh' | 'en', records: Case[], now: string): Promise<Row[]> {
  const labels = await desk.labels(records.flatMap((each) => each.fields.category ?? []))
  return records.map(({ id, fields }) => ({
    id,
    path: `/d/${cases.name}/${id}`,
    level: fields.level === 'blue' ? undefined : fields.level,
    faded: ['closed', 'declined', 'merged'].includes(fields.state!),
    cells: [
      fields.title,
      <LevelTag t={t} level={fields.level} title={t(levels[fields.level])} />,
      <StateTag t={t} state={fields.state!} />,
      <CaseClock t={t} fields={fields} now={now} />,
      withText(desk, t, fields),
      // 「A03 沟渠堵塞」: the name is what people look for.
      fields.category ? (
        (labels.get(fields.category) ?? '').replace(/^\S+ /, '')
      ) : (
        <span class="nothing">—</span>
      ),
      timeText(fields.reportedAt, lang),
    ],
  }))
}

/** Who has it: the township, or the bureau. */
export function withText(desk: Desk, t: Say, fields: Case['fields']): string {
  const town = desk.registry.division(fields.division.slice(0, 9)) ?? desk.registry.division(fields.division)
  const place = town ? t(town) : fields.division
  if (fields.handler !== 'department' || !fields.department) return place
  const bureau = desk.registry.codes('cases.unit')?.codes[fields.department]
  return bureau ? t(bureau) : fields.department
}

function emptyOf(t: Say, view: View, desk: Desk) {
  if (view === 'mine') return { text: t({ zh: '没有等您办的案卷', en: 'No case waits for you' }) }
  if (view === 'overdue') return { text: t({ zh: '没有超期的案卷', en: 'No case is overdue' }) }
  return {
    text: t({ zh: '没有符合条件的案卷', en: 'No case matches' }),
    ...(desk.may(reported.name) && { act: { title: t(reported.title), path: '/cases/new' } }),
  }
}
