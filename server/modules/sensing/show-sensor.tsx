import type { Context } from 'hono'
import { assetUrl } from '../../../web/ui/asset-url.ts'
import { Charts } from '../../../web/ui/chart.tsx'
import { Block, Facts } from '../../../web/ui/detail.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { Tabs } from '../../../web/ui/tabs.tsx'
import { LevelTag } from '../../../web/ui/tag.tsx'
import { page } from '../../http/layout.tsx'
import type { Env, Module } from '../../http/module.ts'
import type { Services } from '../../http/services.ts'
import type { Desk } from '../../kernel/desk.ts'
import { refuse } from '../../kernel/refusal.ts'
import { numberText, timeText } from '../../kernel/words.ts'
import { CourseChart, courseOf, isSpan, type Span, spans } from './course.tsx'
import { type Alert, metricOf, type Sensor, sensors, type Threshold, thresholds } from './dataset.ts'
import { agoText } from './freshness.ts'
import { sentenceOf } from './sentence.ts'

type Drawn = NonNullable<Module['blocks']>[string]

/** The courses of a sensor over a day, a week, a month, a quarter. */
export async function showCourses(c: Context<Env>) {
  const { t, lang, box, desk } = c.var
  const sensor = await sensorFrom(c)
  const asked = c.req.query('span')
  const span: Span = isSpan(asked) ? asked : 'day'
  const base = `/sensing/sensors/${sensor.id}`
  return page(
    c,
    {
      title: t({ zh: '监测曲线', en: 'Courses' }),
      here: 'sensing',
      needs: ['chart'],
      crumbs: [
        { title: t({ zh: '感知', en: 'Sensing' }), path: '/sensing/sensors' },
        { title: sensor.fields.name, path: `/d/sensing.sensor/${sensor.id}` },
      ],
    },
    <>
      <PageHead title={`${sensor.fields.name} ${sensor.fields.code}`} />
      <Tabs
        t={t}
        here={`${base}?span=${span}`}
        tabs={Object.entries(spans).map(([name, words]) => ({
          title: t(words),
          path: `${base}?span=${name}`,
        }))}
      />
      <Courses t={t} lang={lang} box={box} desk={desk} sensor={sensor} span={span} />
    </>,
  )
}

/** The readings behind a figure, as people open them in a spreadsheet: BOM, county time, every reading and not its mean. */
export async function readingsCsv(c: Context<Env>) {
  const { box, t } = c.var
  const sensor = await sensorFrom(c)
  const metric = c.req.query('metric') ?? ''
  const asked = c.req.query('span')
  const { ms } = spans[isSpan(asked) ? asked : 'day']
  const to = Date.now()
  const known = metricOf(metric)
  const points = await box.readings.series({ sensor: sensor.fields.code, metric, from: to - ms, to })
  const head = `${t({ zh: '时间', en: 'Time' })},${t(known)}${t(known.unit) ? `(${t(known.unit)})` : ''}`
  const lines = points.map(
    (point) =>
      `${new Date(point.at + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')},${point.value ?? point.avg}`,
  )
  return c.body(`\uFEFF${[head, ...lines].join('\r\n')}\r\n`, 200, {
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': `attachment; filename="${encodeURIComponent(`${sensor.fields.code}-${metric}`)}.csv"`,
  })
}

/** Under the facts of a sensor: how it stands now, its day, what is watched, and how it connects. */
export const sensorBlock: Drawn = async ({ desk, t, lang, box, record }) => {
  if (!box) return null
  const sensor = record as unknown as Sensor
  const { code } = sensor.fields
  const now = Date.now()
  const latest = box.readings.latest([code])
  const status = box.readings.status().get(code)
  const watched = await thresholdsOf(desk, sensor.id)
  return (
    <>
      <div
        id="sensor-now"
        hx-get={`/d/sensing.sensor/${sensor.id}`}
        hx-select="#sensor-now"
        hx-trigger="live:readings from:body throttle:2s, live:readings from:body delay:2s"
        hx-swap="outerHTML"
        hx-disinherit="*"
      >
        <Block title={t({ zh: '现在', en: 'Now' })}>
          <Facts
            t={t}
            facts={[
              ...latest.map((each) => {
                const known = metricOf(each.metric)
                return {
                  label: t(known),
                  value: `${numberText(each.value, known.digits)} ${t(known.unit)}(${agoText(each.at, now, lang)})`,
                }
              }),
              ...(status
                ? [
                    {
                      label: t({ zh: '连接', en: 'Line' }),
                      value: `${t(status.online ? { zh: '在线', en: 'online' } : { zh: '离线', en: 'offline' })},${timeText(new Date(status.at).toISOString(), lang)}`,
                    },
                  ]
                : []),
            ]}
          />
          {latest.length === 0 && (
            <p class="hint">
              {t({
                zh: '还没有收到这台设备的数据。接入方法见下。',
                en: 'Nothing was heard of this sensor yet. How to connect it stands below.',
              })}
            </p>
          )}
        </Block>
      </div>
      <Block
        title={t({ zh: '近 24 小时', en: 'Last 24 hours' })}
        more={
          <a href={`/sensing/sensors/${sensor.id}?span=week`}>
            {t({ zh: '看 7 天、30 天、90 天', en: '7, 30, 90 days' })}
          </a>
        }
      >
        <Courses t={t} lang={lang} box={box} desk={desk} sensor={sensor} span="day" />
        <script src={assetUrl('chart.js')} defer />
      </Block>
      <Block title={t({ zh: '预警阈值', en: 'Thresholds' })}>
        <Sentences t={t} thresholds={watched} />
      </Block>
      <Block title={t({ zh: '接入', en: 'Connecting it' })}>
        <Facts
          t={t}
          facts={[
            { label: t({ zh: 'MQTT 用户名', en: 'MQTT user name' }), value: code, kind: 'code' },
            { label: t({ zh: '主题', en: 'Topic' }), value: `xh/v1/${code}/readings`, kind: 'code' },
            {
              label: t({ zh: '报文', en: 'Payload' }),
              value: `{"at": "${new Date(now).toISOString()}", "values": {"${sensor.fields.metrics[0]}": 0}}`,
              kind: 'code',
              wide: true,
            },
            {
              label: t({ zh: '口令', en: 'Token' }),
              value: t({
                zh: `在本机运行 xianhe device add ${code},口令只显示一次`,
                en: `Run xianhe device add ${code} on the box; the token is shown once`,
              }),
              wide: true,
            },
          ]}
        />
      </Block>
    </>
  )
}

/** Under a threshold: what it says, and how the value stood to it this week. */
export const thresholdBlock: Drawn = async ({ desk, t, lang, box, record }) => {
  const threshold = record as unknown as Threshold
  const sensor = await desk.read(sensors, threshold.fields.sensor)
  const { metric } = threshold.fields
  return (
    <>
      <Block title={t({ zh: '含义', en: 'What it says' })}>
        <p class="sentence">
          {sensor?.fields.name}:{t(sentenceOf(threshold.fields))}
        </p>
      </Block>
      {box && sensor && metric && (
        <Block title={t({ zh: '近 7 天', en: 'Last 7 days' })}>
          <CourseChart
            t={t}
            lang={lang}
            metric={metric}
            thresholds={[threshold.fields]}
            course={
              await courseOf(box.readings, {
                sensor: sensor.fields.code,
                metric,
                from: Date.now() - spans.week.ms,
                to: Date.now(),
                interval: sensor.fields.interval,
              })
            }
          />
          <script src={assetUrl('chart.js')} defer />
        </Block>
      )}
    </>
  )
}

/** Under an alert: the hours around it, and the threshold it came from. */
export const alertBlock: Drawn = async ({ desk, t, lang, box, record }) => {
  const { fields } = record as unknown as Alert
  // A device carries no thresholds, and says the level alone.
  const [sensor, threshold] = await Promise.all([
    desk.read(sensors, fields.sensor),
    box && fields.threshold ? desk.read(thresholds, fields.threshold) : undefined,
  ])
  const raised = Date.parse(fields.raised)
  const from = raised - 12 * 3_600_000
  const to = Math.min(Date.now(), fields.cleared ? Date.parse(fields.cleared) + 6 * 3_600_000 : Date.now())
  return (
    <Block
      title={t({ zh: '监测值', en: 'Readings' })}
      more={sensor && <a href={`/d/sensing.sensor/${sensor.id}`}>{sensor.fields.name}</a>}
    >
      <p>
        <LevelTag t={t} level={fields.level} /> {threshold && t(sentenceOf(threshold.fields))}
      </p>
      {box && sensor && fields.metric && (
        <>
          <CourseChart
            t={t}
            lang={lang}
            metric={fields.metric}
            thresholds={threshold ? [threshold.fields] : []}
            course={
              await courseOf(box.readings, {
                sensor: sensor.fields.code,
                metric: fields.metric,
                from: Math.max(from, to - spans.month.ms),
                to,
                interval: sensor.fields.interval,
              })
            }
            more={{ id: `alert-${record.id}`, live: 'readings', again: `/d/sensing.alert/${record.id}` }}
          />
          <script src={assetUrl('chart.js')} defer />
        </>
      )}
    </Block>
  )
}

interface CoursesProps {
  t: Env['Variables']['t']
  lang: Env['Variables']['lang']
  box: Services
  desk: Desk
  sensor: Sensor
  span: Span
}

async function Courses({ t, lang, box, desk, sensor, span }: CoursesProps) {
  const to = Date.now()
  const watched = (await thresholdsOf(desk, sensor.id)).map((each) => each.fields)
  const courses = await Promise.all(
    sensor.fields.metrics.map(async (metric) => ({
      metric,
      course: await courseOf(box.readings, {
        sensor: sensor.fields.code,
        metric,
        from: to - spans[span].ms,
        to,
        interval: sensor.fields.interval,
      }),
    })),
  )
  return (
    <Charts>
      {courses.map(({ metric, course }) => (
        <CourseChart
          t={t}
          lang={lang}
          metric={metric}
          course={course}
          thresholds={watched}
          more={{
            id: `course-${metric}`,
            csv: `/sensing/sensors/${sensor.id}/readings.csv?metric=${encodeURIComponent(metric)}&span=${span}`,
            // A quarter does not move by one reading.
            ...((span === 'day' || span === 'week') && {
              live: 'readings',
              again: `/sensing/sensors/${sensor.id}?span=${span}`,
            }),
          }}
        />
      ))}
    </Charts>
  )
}

export function Sentences({ t, thresholds }: { t: Env['Variables']['t']; thresholds: Threshold[] }) {
  if (thresholds.length === 0)
    return (
      <p class="hint">
        {t({ zh: '没有设阈值:数值再高也不会发预警。', en: 'No threshold is set: no value raises an alert.' })}
      </p>
    )
  return (
    <ul class="sentences">
      {thresholds.map((each) => (
        <li>
          <a href={`/d/sensing.threshold/${each.id}`}>{t(sentenceOf(each.fields))}</a>
          {each.fields.state === 'off' && `(${t({ zh: '停用', en: 'off' })})`}
        </li>
      ))}
    </ul>
  )
}

const thresholdsOf = async (desk: Desk, sensor: string): Promise<Threshold[]> =>
  desk.mayRead(thresholds) ? (await desk.list(thresholds, { filter: { sensor }, limit: 100 })).records : []

async function sensorFrom(c: Context<Env>): Promise<Sensor> {
  const sensor = await c.var.desk.read(sensors, c.req.param('id') ?? '')
  if (!sensor)
    refuse(
      {
        zh: '找不到这台设备,它可能不在您的辖区',
        en: 'This sensor cannot be found; it may be outside your area.',
      },
      { kind: 'missing' },
    )
  return sensor
}
