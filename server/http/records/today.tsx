// 今日: what waits for this person, by when, with the one button that does it; then what changed since yesterday.

import type { Context } from 'hono'
import { Button } from '../../../web/ui/button.tsx'
import { Block } from '../../../web/ui/detail.tsx'
import { Diary, type DiaryLine } from '../../../web/ui/diary.tsx'
import { FilterBar } from '../../../web/ui/filter.tsx'
import { Empty, Notice } from '../../../web/ui/notice.tsx'
import { AllPlaces, PageHead } from '../../../web/ui/page.tsx'
import { Table } from '../../../web/ui/table.tsx'
import { LevelTag } from '../../../web/ui/tag.tsx'
import type { Act } from '../../kernel/acts.ts'
import { labelOf } from '../../kernel/dataset.ts'
import { answer, questions } from '../../kernel/questions.ts'
import { Refusal } from '../../kernel/refusal.ts'
import { countyDay, dateText, timeText } from '../../kernel/words.ts'
import { menuOf, page } from '../layout.tsx'
import type { Env, Waiting } from '../module.ts'
import { stepPath } from './paths.ts'
import { deed, head } from './sentences.ts'
import { headings } from './show.tsx'

export async function showToday(c: Context<Env>) {
  const { t, lang, actor } = c.var
  const [waiting, changed] = await Promise.all([waitingOf(c), changedOf(c)])
  const onlyHere = c.var.deviceLine?.waiting ?? 0
  return page(
    c,
    { title: t({ zh: '今日', en: 'Today' }), here: 'today' },
    <>
      <PageHead
        title={t({ zh: '今日', en: 'Today' })}
        note={`${dateText(countyDay(), lang)} · ${actor.name}`}
      />
      {onlyHere > 0 && (
        <Notice
          tone="warn"
          title={t({
            zh: `有 ${onlyHere} 条只在这台设备上`,
            en: `${onlyHere} entries live only on this device`,
          })}
        >
          <p>
            <a href="/field">{t({ zh: '看是哪几条', en: 'See which' })}</a>
          </p>
        </Notice>
      )}
      <Block
        title={t({ zh: `待办 ${waiting.length} 项`, en: `${waiting.length} waiting for you` })}
        id="waiting"
      >
        {waiting.length === 0 ? (
          <Empty text={t({ zh: '没有等您办的事', en: 'Nothing waits for you' })} icon="done" />
        ) : (
          <ul class="waiting">
            {waiting.map((each) => (
              <li class="waiting-one">
                <div>
                  {each.level && <LevelTag t={t} level={each.level} />}
                  <a href={each.path}>{each.title}</a>
                  {each.due && <p class={overdue(each.due) ? 'fault' : 'hint'}>{dueText(c, each.due)}</p>}
                </div>
                <Button title={each.button} path={each.path} look="main" small />
              </li>
            ))}
          </ul>
        )}
      </Block>
      <Starters c={c} />
      {changed.length > 0 && (
        <Diary t={t} title={t({ zh: '昨天以来', en: 'Since yesterday' })} lines={changed} />
      )}
    </>,
  )
}

/** What this person may begin, on the page where the day begins: only what field devices carry, or it would fail out there. */
function Starters({ c }: { c: Context<Env> }) {
  const { desk, t } = c.var
  const verbs = [...desk.registry.verbs.values()].filter(
    (verb) => verb.starts && verb.on.spec.offline && desk.may(verb.name),
  )
  if (verbs.length === 0) return null
  return (
    <Block title={t({ zh: '新登记', en: 'Enter something new' })} id="starters">
      <ul class="starters">
        {verbs.slice(0, 6).map((verb) => (
          <li>
            <Button title={t(verb.title)} path={stepPath(verb.on.name, verb.name)} icon="plus" />
          </li>
        ))}
      </ul>
    </Block>
  )
}

/** What every matter has waiting, most urgent first; a matter in trouble does not take the page with it. */
export async function waitingOf(c: Context<Env>): Promise<Waiting[]> {
  const { desk, t, house } = c.var
  const asked = await Promise.allSettled([
    openQuestions(c),
    house.waiting?.(desk, t) ?? Promise.resolve([]),
    ...house.modules.map((each) => each.waiting?.(desk, t) ?? Promise.resolve([])),
  ])
  // Nothing to do and something amiss look the same on the page: the log knows which.
  for (const each of asked)
    if (each.status === 'rejected' && !(each.reason instanceof Refusal))
      console.error(
        JSON.stringify({ event: 'waiting-failed', error: String(each.reason?.stack ?? each.reason) }),
      )
  const all = asked.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
  const rank = (each: Waiting) => ['red', 'orange', 'yellow', 'blue'].indexOf(each.level ?? 'blue')
  return all.sort((a, b) => rank(a) - rank(b) || (a.due ?? '9999').localeCompare(b.due ?? '9999'))
}

/** Two people decided about the same field, and this person may say which value stands. */
async function openQuestions(c: Context<Env>): Promise<Waiting[]> {
  const { desk, t } = c.var
  if (!desk.may(answer.name) || !desk.mayRead(questions)) return []
  const { records } = await desk.list(questions, { filter: { state: 'open' }, limit: 20 })
  return records
    .filter((each) => desk.mayRead(each.fields.dataset))
    .map((each) => ({
      title: t({
        zh: `${each.fields.title}:两处填的不一样`,
        en: `${each.fields.title}: two values for one field`,
      }),
      path: `/d/${questions.name}/${each.id}`,
      button: t({ zh: '选定', en: 'Choose' }),
      level: 'yellow',
    }))
}

/** One line for what one person did in a row: an import of sixty rows is one thing that happened. */
async function changedOf(c: Context<Env>): Promise<DiaryLine[]> {
  const { desk, t, lang, house } = c.var
  const acts = (await c.var.recent?.(new Date(Date.now() - 86_400_000).toISOString(), 300)) ?? []
  const runs: Act[][] = []
  for (const act of acts) {
    const run = runs.at(-1)
    if (run && run[0]!.name === act.name && run[0]!.actor === act.actor) run.push(act)
    else runs.push([act])
  }
  const shown = runs.slice(0, 12)
  // The oldest run may go on beyond what was read.
  const open = acts.length === 300 ? runs.at(-1) : undefined
  const labels = await desk.labels(
    shown.flatMap((run) => run[0]!.changes.slice(0, 1).map((change) => change.record)),
  )
  for (const { spec } of desk.registry.datasets.values()) {
    if (!spec.heading) continue
    const ids = shown.flatMap((run) =>
      run[0]!.changes.slice(0, 1).flatMap((each) => (each.dataset === spec.name ? [each.record] : [])),
    )
    for (const [id, name] of await headings(desk, { t, lang }, spec, ids)) labels.set(id, name)
  }
  return shown.map((run) => {
    const [act] = run as [Act]
    const change = act.changes[0]!
    const spec = desk.registry.datasets.get(change.dataset)?.spec
    const label = labels.get(change.record) ?? (spec ? labelOf(spec, change.fields) : '')
    return {
      ...head(act, lang, t, house),
      did: (
        <>
          {t(deed(desk.registry, act, spec))}{' '}
          {label && <a href={`/d/${change.dataset}/${change.record}`}>{label}</a>}
          {run.length > 1 &&
            t({
              zh: ` 等 ${run.length} 条${run === open ? '以上' : ''}`,
              en: ` and ${run.length - 1}${run === open ? '+' : ''} more`,
            })}
        </>
      ),
    }
  })
}

const overdue = (due: string) => Date.parse(due) < Date.now()

function dueText(c: Context<Env>, due: string): string {
  const { t, lang } = c.var
  const when = due.length === 10 ? dateText(due, lang) : timeText(due, lang)
  return overdue(due)
    ? t({ zh: `已超期(应于 ${when} 前办结)`, en: `Overdue (was due ${when})` })
    : t({ zh: `${when} 前办`, en: `Due ${when}` })
}

export function showMenu(c: Context<Env>) {
  const { t, desk, house } = c.var
  return page(
    c,
    { title: t({ zh: '全部功能', en: 'All places' }) },
    <>
      <PageHead title={t({ zh: '全部功能', en: 'All places' })} />
      <AllPlaces menu={menuOf(desk, house, t)} />
    </>,
  )
}

/** 台账: every dataset this person may read, under the matter it belongs to. */
export function showRegisters(c: Context<Env>) {
  const { t, desk, house } = c.var
  const known = new Set<string>()
  const groups = house.modules.map((each) => {
    const specs = (each.datasets ?? [])
      .map((dataset) => dataset.spec)
      .filter((spec) => desk.mayRead(spec.name))
    for (const spec of specs) known.add(spec.name)
    return { title: t(each.title), specs }
  })
  const own = [...desk.registry.datasets.values()]
    .map((each) => each.spec)
    .filter((spec) => !known.has(spec.name) && !spec.name.startsWith('kernel.') && desk.mayRead(spec.name))
  if (own.length > 0) groups.push({ title: t({ zh: '本县自建', en: 'The county’s own' }), specs: own })
  return page(
    c,
    { title: t({ zh: '台账', en: 'Registers' }), here: 'registers' },
    <>
      <PageHead title={t({ zh: '台账', en: 'Registers' })} />
      {groups
        .filter((group) => group.specs.length > 0)
        .map((group) => (
          <Block title={group.title}>
            <ul class="registers">
              {group.specs.map((spec) => (
                <li>
                  <a href={`/d/${spec.name}`}>{t(spec.title)}</a>
                  {spec.about && <p class="hint">{t(spec.about)}</p>}
                </li>
              ))}
            </ul>
          </Block>
        ))}
    </>,
  )
}

/** One search over everything the person may read. */
export async function searchAll(c: Context<Env>) {
  const { t, lang, desk } = c.var
  const q = (c.req.query('q') ?? '').trim()
  const hits = q ? await desk.search(q, 50) : []
  const names = new Map<string, string>()
  for (const { spec } of desk.registry.datasets.values()) {
    if (!spec.heading) continue
    const ids = hits.filter((hit) => hit.record.dataset === spec.name).map((hit) => hit.record.id)
    for (const [id, name] of await headings(desk, { t, lang }, spec, ids)) names.set(id, name)
  }
  return page(
    c,
    { title: t({ zh: `搜索 ${q}`, en: `Search ${q}` }) },
    <>
      <PageHead
        title={
          q ? t({ zh: `与「${q}」有关的记录`, en: `Records with "${q}"` }) : t({ zh: '搜索', en: 'Search' })
        }
      />
      <FilterBar
        t={t}
        action="/search"
        q={q}
        searchHint={t({ zh: '名称、编号、电话', en: 'Name, number or telephone' })}
        filters={[]}
      />
      <Table
        t={t}
        caption={t({ zh: '搜索结果', en: 'Results' })}
        columns={[
          { title: t({ zh: '名称', en: 'Name' }) },
          { title: t({ zh: '编号', en: 'Number' }), kind: 'code' },
          { title: t({ zh: '台账', en: 'Register' }), kind: 'tight' },
        ]}
        rows={hits.map((hit) => ({
          id: hit.record.id,
          path: `/d/${hit.record.dataset}/${hit.record.id}`,
          cells: [
            names.get(hit.record.id) ?? hit.label,
            names.has(hit.record.id) ? hit.label : '',
            t(desk.registry.dataset(hit.record.dataset).spec.title),
          ],
        }))}
        empty={{
          text: q
            ? t({ zh: '没有找到,换个词试试;两个字就能搜', en: 'Nothing found; try other words' })
            : t({ zh: '在上方输入要找的名称、编号或电话,两个字就能搜', en: 'Type a name or number above' }),
        }}
      />
    </>,
  )
}
