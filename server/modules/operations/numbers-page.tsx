import type { Context } from 'hono'
import { Button } from '../../../web/ui/button.tsx'
import { Chart, Charts } from '../../../web/ui/chart.tsx'
import { Block, Facts } from '../../../web/ui/detail.tsx'
import { Icon } from '../../../web/ui/icon.tsx'
import { Empty } from '../../../web/ui/notice.tsx'
import { NumberCard, Numbers } from '../../../web/ui/number.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { page } from '../../http/layout.tsx'
import type { Env } from '../../http/module.ts'
import { divisionText } from '../../http/records/show.tsx'
import { refuse } from '../../kernel/refusal.ts'
import { numberText } from '../../kernel/words.ts'
import { areaOf, areasOf, viewerOf } from './area.ts'
import {
  chartOf,
  type Figure,
  figurePath,
  figuresByModule,
  freshness,
  learnLabels,
  numberOf,
  type Viewer,
} from './figures.ts'
import { measurePath } from './opens.ts'

/** 指标: every number the county has agreed on, by matter; each opens to its records. */
export async function showNumbers(c: Context<Env>) {
  const viewer = viewerOf(c)
  const division = areaOf(c)
  const { t } = viewer
  const parts = figuresByModule(viewer, division)
  await learnLabels(
    viewer,
    parts.flatMap((each) => each.figures),
  )
  const areas = areasOf(c)
  return page(
    c,
    { title: t({ zh: '指标', en: 'Numbers' }), here: 'numbers', needs: ['chart'], wide: true },
    <>
      <PageHead
        title={t({ zh: '指标', en: 'Numbers' })}
        note={<AsOf viewer={viewer} division={division} />}
      />
      {areas.length > 0 && (
        <form
          class="filters"
          method="get"
          action="/numbers"
          hx-get="/numbers"
          hx-trigger="change"
          hx-target="#main"
          hx-select="#main"
          hx-swap="outerHTML"
          hx-push-url="true"
        >
          <label class="filter">
            <span>{t({ zh: '范围', en: 'Area' })}</span>
            <div class="select">
              <select name="division">
                <option value="">{divisionText(viewer.desk.registry, t, c.var.actor.division)}</option>
                {areas.map((each) => (
                  <option value={each.value} selected={each.value === division}>
                    {each.label}
                  </option>
                ))}
              </select>
              <Icon name="down" />
            </div>
          </label>
          <Button title={t({ zh: '查看', en: 'Show' })} more={{ 'data-noscript': '' }} />
        </form>
      )}
      <div id="numbers">
        {parts.length === 0 && (
          <Empty
            text={t({ zh: '您能看的业务里还没有指标', en: 'The matters you may see have no numbers yet' })}
          />
        )}
        {parts.map((each) => (
          <Part
            viewer={viewer}
            division={division}
            name={each.name}
            title={each.title}
            figures={each.figures}
          />
        ))}
      </div>
    </>,
  )
}

/** One matter's numbers, asked for again when something was counted: 204 while it still shows what is true. */
export async function showPart(c: Context<Env>) {
  const viewer = viewerOf(c)
  const division = areaOf(c)
  const part = figuresByModule(viewer, division).find((each) => each.name === c.req.param('module'))
  if (!part)
    refuse(
      { zh: '没有这组指标,请刷新页面', en: 'There is no such group of numbers; reload the page.' },
      { kind: 'missing' },
    )
  if (c.req.query('known') === digestOf(viewer, part.figures)) return c.body(null, 204)
  await learnLabels(viewer, part.figures)
  return c.html(
    <Part viewer={viewer} division={division} name={part.name} title={part.title} figures={part.figures} />,
  )
}

export function showAsOf(c: Context<Env>) {
  const viewer = viewerOf(c)
  return c.html(<AsOf viewer={viewer} division={areaOf(c)} />)
}

function AsOf({ viewer, division }: { viewer: Viewer; division: string }) {
  const { t, desk } = viewer
  const { asOf, old } = freshness(viewer)
  const area = divisionText(desk.registry, t, division)
  return (
    <span
      hx-get={`/numbers/as-of?division=${division}`}
      hx-trigger="live:numbers from:body delay:500ms, live:numbers from:body throttle:3s, every 30s"
      hx-swap="outerHTML"
    >
      {old ? (
        <strong class="number-stale">{old}</strong>
      ) : (
        t({ zh: `${area},截至 ${asOf}`, en: `${area}, as of ${asOf}` })
      )}
    </span>
  )
}

interface PartProps {
  viewer: Viewer
  division: string
  name: string
  title: string
  figures: Figure[]
}

function Part({ viewer, division, name, title, figures }: PartProps) {
  const { t } = viewer
  const again = `/numbers/part/${name}?division=${division}&known=${digestOf(viewer, figures)}`
  const charts = figures.filter((each) => !each.single)
  return (
    <section
      id={`part-${name}`}
      hx-get={again}
      hx-trigger="live:numbers from:body delay:300ms, live:numbers from:body throttle:3s, every 60s"
      hx-swap="outerHTML"
    >
      <Block title={title}>
        <Numbers>
          {figures
            .filter((each) => each.single)
            .map((each) => (
              <FigureCard viewer={viewer} figure={each} />
            ))}
        </Numbers>
        {charts.length > 0 && (
          <Charts>
            {charts.map((each) => (
              <FigureChart viewer={viewer} figure={each} />
            ))}
          </Charts>
        )}
        <details class="chart-table">
          <summary>{t({ zh: '这些数字怎么算', en: 'How these are counted' })}</summary>
          <Facts
            t={t}
            facts={figures.map(({ measure }) => ({
              label: t(measure.title),
              value: (
                <>
                  {t(measure.meaning)}{' '}
                  <a href={`${measurePath(measure.name)}?division=${division}`}>
                    {t({ zh: '口径与明细', en: 'Definition and records' })}
                  </a>
                </>
              ),
            }))}
          />
        </details>
      </Block>
    </section>
  )
}

export function FigureCard({ viewer, figure }: { viewer: Viewer; figure: Figure }) {
  const { t } = viewer
  const { asOf, old } = freshness(viewer)
  const value = numberOf(figure)
  return (
    <NumberCard
      t={t}
      title={t(figure.measure.title)}
      meaning={t(figure.measure.meaning)}
      value={value === undefined ? '' : numberText(value)}
      unit={figure.measure.unit && t(figure.measure.unit)}
      asOf={asOf}
      path={figurePath(figure)}
      stale={
        figure.faulty
          ? t(faultyWords)
          : old && t({ zh: `停在 ${asOf ?? '—'}`, en: `stands at ${asOf ?? '—'}` })
      }
    />
  )
}

export function FigureChart({ viewer, figure }: { viewer: Viewer; figure: Figure }) {
  const faulty = figure.faulty ? `${viewer.t(faultyWords)}。` : ''
  return <Chart {...chartOf(viewer, figure)} meaning={`${faulty}${viewer.t(figure.measure.meaning)}`} />
}

const faultyWords = {
  zh: '这个指标现在算不出来,原因已记入运行日志',
  en: 'This number cannot be computed now; the reason is in the log.',
}

/** Changes exactly when a value, or whether it is old, changes. */
function digestOf(viewer: Viewer, figures: Figure[]): string {
  const text = JSON.stringify([
    freshness(viewer).old !== undefined,
    figures.map((each) => [each.faulty, each.rows.map((row) => [row.key, row.value])]),
  ])
  return Bun.hash.xxHash32(text).toString(36)
}
