import type { Context } from 'hono'
import { Button } from '../../../web/ui/button.tsx'
import { Chart, Charts } from '../../../web/ui/chart.tsx'
import { Block } from '../../../web/ui/detail.tsx'
import { Numbers } from '../../../web/ui/number.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { Table } from '../../../web/ui/table.tsx'
import { LevelTag } from '../../../web/ui/tag.tsx'
import { page } from '../../http/layout.tsx'
import type { Env } from '../../http/module.ts'
import { divisionText } from '../../http/records/show.tsx'
import { timeText } from '../../kernel/words.ts'
import { areaOf, viewerOf } from './area.ts'
import {
  chartOf,
  chartTogether,
  type Figure,
  figureNamed,
  freshness,
  learnLabels,
  type Viewer,
} from './figures.ts'
import { mattersFor } from './matters.ts'
import { FigureCard } from './numbers-page.tsx'

/** 领导一屏: how the county stands, what needs someone, and the way to each record. */
export async function showLeader(c: Context<Env>) {
  const viewer = viewerOf(c)
  const division = areaOf(c)
  const { t, lang, desk } = viewer
  const { asOf, old } = freshness(viewer)
  const area = divisionText(desk.registry, t, division)
  const cards = named(viewer, division, headline)
  const charts = chartsFor(viewer, division)
  await learnLabels(viewer, [...cards, ...charts.flatMap((each) => each.figures)])
  const matters = await mattersFor(viewer)
  const again = `/leader?division=${division}`
  const from = Math.max(0, Math.trunc(Number(c.req.query('from'))) || 0)
  return page(
    c,
    { title: t({ zh: '领导一屏', en: 'At a glance' }), here: 'numbers', needs: ['chart'], wide: true },
    <>
      <PageHead
        title={t({ zh: `${area}运行情况`, en: `${area} at a glance` })}
        note={old ?? t({ zh: `截至 ${asOf}`, en: `As of ${asOf}` })}
      >
        <Button title={t({ zh: '大屏', en: 'Big screen' })} path="/screen" icon="expand" />
      </PageHead>
      <div
        id="leader"
        hx-get={from ? `${again}&from=${from}` : again}
        hx-trigger={`live:numbers from:body delay:300ms, live:numbers from:body throttle:2s, every 60s`}
        hx-select="#leader"
        hx-swap="outerHTML"
      >
        <Numbers>
          {cards.map((each) => (
            <FigureCard viewer={viewer} figure={each} />
          ))}
        </Numbers>
        <Block title={t({ zh: '需要处理', en: 'Needs someone' })}>
          <Table
            t={t}
            id="matters"
            caption={t({ zh: '需要处理', en: 'Needs someone' })}
            columns={[
              { title: t({ zh: '情形', en: 'What' }), kind: 'tight' },
              { title: t({ zh: '事项', en: 'Matter' }) },
              { title: t({ zh: '地点', en: 'Where' }) },
              { title: t({ zh: '起始', en: 'Since' }), kind: 'time' },
              { title: t({ zh: '承办', en: 'With' }), wide: true },
            ]}
            rows={matters.slice(from, from + shown).map((each, i) => ({
              id: String(i),
              path: each.path,
              cells: [
                <LevelTag t={t} level={each.level} title={each.word} />,
                each.title,
                each.place,
                timeText(each.since, lang),
                each.who ?? '',
              ],
            }))}
            count={{ n: matters.length }}
            next={from + shown < matters.length ? `${again}&from=${from + shown}` : undefined}
            first={from > 0 ? again : undefined}
            empty={{ text: t({ zh: '现在没有等人处理的事', en: 'Nothing is waiting for anyone' }) }}
          />
        </Block>
        <Block title={t({ zh: '走势', en: 'Course' })}>
          <Charts>
            {charts.map((each) => (
              <Chart {...each.props} />
            ))}
          </Charts>
        </Block>
      </div>
    </>,
  )
}

/** What a leader asks first; a matter that is switched off or closed to the person is left out. */
export const headline = [
  'sensing.alerts-open',
  'cases.open',
  'cases.overdue',
  'cases.on-time-rate',
  'cases.solve-rate',
  'agri.certificates',
  'agri.batches-held',
  'agri.pass-rate',
]

/** The charts of the leader's page and the wall. */
export function chartsFor(viewer: Viewer, division: string, { mostBars }: { mostBars?: number } = {}) {
  const { t } = viewer
  const flow = [
    { name: 'cases.reported-per-day', words: { zh: '新增', en: 'reported' } },
    { name: 'cases.closed-per-day', words: { zh: '结案', en: 'closed' } },
  ].flatMap(({ name, words }) =>
    named(viewer, division, [name]).map((figure) => ({ figure, name: t(words) })),
  )
  const together = chartTogether(
    viewer,
    t({ zh: '案卷每日新增与结案', en: 'Cases reported and closed per day' }),
    flow,
  )
  const single = named(viewer, division, [
    'sensing.alerts-per-day',
    'cases.open-by-township',
    'agri.certificates-by-day',
    'agri.harvest-by-township',
  ])
  return [
    ...(together ? [{ name: 'cases.flow', figures: flow.map((each) => each.figure), props: together }] : []),
    ...single.map((figure) => ({
      name: figure.measure.name,
      figures: [figure],
      props: chartOf(viewer, figure, { mostBars }),
    })),
  ]
}

export const named = (viewer: Viewer, division: string, names: string[]): Figure[] =>
  names.flatMap((name) => figureNamed(viewer, name, division) ?? [])

const shown = 12
