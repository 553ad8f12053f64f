import type { Context } from 'hono'
import { Chart } from '../../../web/ui/chart.tsx'
import { MapView } from '../../../web/ui/map.tsx'
import { BigScreen, WallBlock, WallMatters, WallNumber } from '../../../web/ui/screen.tsx'
import type { Env } from '../../http/module.ts'
import { divisionText } from '../../http/records/show.tsx'
import { numberText, timeText } from '../../kernel/words.ts'
import { areaOf, viewerOf } from './area.ts'
import { type Figure, freshness, learnLabels, numberOf, type Viewer } from './figures.ts'
import { chartsFor, named } from './leader.tsx'
import { type Matter, mattersFor, sensorsHeard } from './matters.ts'
import { dayBack } from './opens.ts'

/** 大屏: the operations room's wall. Only what the records say; when that is old, it says so. */
export async function showWall(c: Context<Env>) {
  const viewer = viewerOf(c)
  const division = areaOf(c)
  const { t, lang, desk } = viewer
  const { asOf, old } = freshness(viewer)
  const [matters, heard] = await Promise.all([mattersFor(viewer), sensorsHeard(viewer)])
  const charts = chartsFor(viewer, division, { mostBars: 8 })
  await learnLabels(
    viewer,
    charts.flatMap((each) => each.figures),
  )
  const chart = (name: string) => {
    const found = charts.find((each) => each.name === name)
    return (
      found && (
        <WallBlock title={found.props.title} note={found.props.unit}>
          <Chart
            {...found.props}
            title=""
            unit={undefined}
            asOf={undefined}
            meaning={undefined}
            csv={undefined}
          />
        </WallBlock>
      )
    )
  }
  c.header('cache-control', 'no-store')
  return c.html(
    BigScreen({
      t,
      lang,
      title: t({
        zh: `${divisionText(desk.registry, t, division)}综合运行`,
        en: `${divisionText(desk.registry, t, division)} operations`,
      }),
      now: timeText(new Date().toISOString(), lang),
      asOf,
      stale: old,
      again: `/screen?division=${division}`,
      topics: ['numbers', 'sensing.alert', 'cases.case', 'parts'],
      needs: mapIsThere(viewer) ? ['map', 'chart'] : ['chart'],
      head: (
        <Headline
          viewer={viewer}
          division={division}
          matters={matters}
          silent={heard.silent.length}
          working={heard.working.length}
        />
      ),
      left: (
        <>
          <WallBlock title={t({ zh: '需要处理', en: 'Needs someone' })} grow>
            <WallMatters
              t={t}
              perPage={6}
              none={t({ zh: '现在没有等人处理的事', en: 'Nothing is waiting for anyone' })}
              matters={matters.map((each) => ({
                title: each.title,
                place: each.place,
                since: ageText(viewer, each.since),
                who: each.who,
                level: each.level,
                word: each.word,
              }))}
            />
          </WallBlock>
          {chart('cases.flow')}
        </>
      ),
      middle: mapIsThere(viewer) ? (
        <WallBlock title={t({ zh: '位置', en: 'Where' })}>
          <MapView
            t={t}
            title={t({ zh: '预警与案卷', en: 'Alerts and cases' })}
            layers={mapLayers
              .filter((each) => desk.registry.datasets.has(each) && desk.mayRead(each))
              .map((name) => ({
                name,
                title: t(desk.registry.dataset(name).spec.title),
                path: `/map/layers/${name}`,
                on: true,
                live: name,
              }))}
          />
        </WallBlock>
      ) : (
        chart('sensing.alerts-per-day')
      ),
      right: (
        <>
          {chart('cases.open-by-township')}
          {mapIsThere(viewer) && chart('sensing.alerts-per-day')}
          {chart('agri.certificates-by-day')}
        </>
      ),
    }) as unknown as string,
  )
}

const mapLayers = ['sensing.alert', 'cases.case']
const mapIsThere = ({ house }: Viewer) => house.modules.some((each) => each.name === 'map')

/** From six metres «31 天» says more than a date. */
function ageText({ t }: Viewer, since: string | undefined, now = Date.now()): string {
  if (!since) return ''
  const minutes = Math.max(0, Math.floor((now - Date.parse(since)) / 60_000))
  if (minutes < 60) return t({ zh: `${minutes} 分钟`, en: `${minutes} min` })
  if (minutes < 48 * 60)
    return t({ zh: `${Math.floor(minutes / 60)} 小时`, en: `${Math.floor(minutes / 60)} h` })
  return t({ zh: `${Math.floor(minutes / 1440)} 天`, en: `${Math.floor(minutes / 1440)} days` })
}

interface HeadlineProps {
  viewer: Viewer
  division: string
  matters: Matter[]
  silent: number
  working: number
}

function Headline({ viewer, division, matters, silent, working }: HeadlineProps) {
  const { t } = viewer
  const [openAlerts] = named(viewer, division, ['sensing.alerts-open'])
  const [openCases] = named(viewer, division, ['cases.open'])
  const [overdue] = named(viewer, division, ['cases.overdue'])
  const [onTime] = named(viewer, division, ['cases.on-time-rate'])
  const [certificates] = named(viewer, division, ['agri.certificates-by-day'])
  const gravest = matters.find((each) => each.path.startsWith('/d/sensing.alert'))?.level
  return (
    <>
      {openAlerts && (
        <Head viewer={viewer} figure={openAlerts} level={numberOf(openAlerts) ? gravest : undefined} />
      )}
      {openCases && <Head viewer={viewer} figure={openCases} />}
      {overdue && <Head viewer={viewer} figure={overdue} level={numberOf(overdue) ? 'orange' : undefined} />}
      {onTime && <Head viewer={viewer} figure={onTime} />}
      {certificates && (
        <WallNumber
          title={t({ zh: '今日开具合格证', en: 'Certificates today' })}
          value={numberText(certificates.rows.find((row) => row.key === dayBack(0))?.value ?? 0)}
          unit={certificates.measure.unit && t(certificates.measure.unit)}
        />
      )}
      {working > 0 && (
        <WallNumber
          title={t({ zh: '监测设备失联', en: 'Sensors silent' })}
          value={numberText(silent)}
          unit={t({ zh: `/ ${working} 台`, en: `of ${working}` })}
          level={silent > 0 ? 'yellow' : undefined}
        />
      )}
    </>
  )
}

function Head({ viewer, figure, level }: { viewer: Viewer; figure: Figure; level?: Matter['level'] }) {
  const { t } = viewer
  const value = numberOf(figure)
  return (
    <WallNumber
      title={t(figure.measure.title)}
      value={value === undefined ? '—' : numberText(value)}
      unit={figure.measure.unit && t(figure.measure.unit)}
      level={level}
    />
  )
}
