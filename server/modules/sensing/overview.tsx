import type { Context } from 'hono'
import { Button } from '../../../web/ui/button.tsx'
import { Sparkline } from '../../../web/ui/chart.tsx'
import { FilterBar } from '../../../web/ui/filter.tsx'
import { NumberCard, Numbers } from '../../../web/ui/number.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { Table } from '../../../web/ui/table.tsx'
import { LevelTag, Tag } from '../../../web/ui/tag.tsx'
import { page } from '../../http/layout.tsx'
import type { Env } from '../../http/module.ts'
import { readQuery } from '../../http/query.ts'
import type { LatestReading } from '../../http/services.ts'
import type { ListQuery } from '../../kernel/desk.ts'
import { numberText, timeText } from '../../kernel/words.ts'
import { courseOf } from './course.tsx'
import { type Alert, alerts, levelNames, metricOf, type Sensor, sensors } from './dataset.ts'
import { agoText, freshness, freshnessWords } from './freshness.ts'

const underWay = ['open', 'confirmed']

/** 感知: every sensor with its last value, its day and how fresh it is; what is not as it should be stands on top. */
export async function overview(c: Context<Env>) {
  const { desk, t, lang, box } = c.var
  const url = new URL(c.req.url)
  const now = Date.now()
  const asked = readQuery(sensors.spec, url.searchParams, desk.registry)
  const filter = { ...(asked.filter?.['state'] === undefined && { state: 'working' }), ...asked.filter }
  const [listed, working, open] = await Promise.all([
    desk.list(sensors, { ...asked, filter, limit: 50 }),
    everySensor(c),
    desk.list(alerts, { filter: { state: underWay }, limit: 1000 }),
  ])
  const latest = newest(box.readings.latest())
  const heard = working.map((sensor) =>
    freshness(latest.get(sensor.fields.code)?.[0]?.at, sensor.fields.interval, now),
  )
  const missing = heard.filter((each) => each !== 'fresh').length
  const gravest = gravestBySensor(open.records)
  const lastAt = Math.max(0, ...working.map((sensor) => latest.get(sensor.fields.code)?.[0]?.at ?? 0))
  const asOf = lastAt ? timeText(new Date(lastAt).toISOString(), lang) : undefined
  const counters = box.readings.counters()
  // Of the last week: what was looked at and mended should not stand here for ever.
  const unread = box.readings.quarantine(100).filter((each) => each.at > now - 7 * 86_400_000).length
  const part = box.parts()['ingest']
  const kinds = sensors.spec.fields['kind']!.options!
  return page(
    c,
    { title: t({ zh: '监测设备', en: 'Sensors' }), here: 'sensing' },
    <>
      <PageHead
        title={t({ zh: '感知', en: 'Sensing' })}
        note={
          part && part.state !== 'up'
            ? t({
                zh: `采集进程正在重启,数值停在 ${asOf ?? '—'}`,
                en: `The collector is restarting; values are of ${asOf ?? '—'}`,
              })
            : asOf && t({ zh: `最近一次监测 ${asOf}`, en: `Last reading ${asOf}` })
        }
      >
        <Button title={t({ zh: '预警阈值', en: 'Thresholds' })} path="/sensing/thresholds" />
        {desk.may('sensing.sensor.created') && (
          <Button
            title={t({ zh: '登记设备', en: 'Register a sensor' })}
            path="/d/sensing.sensor/new"
            icon="plus"
            look="main"
          />
        )}
      </PageHead>
      <div
        id="sensing-now"
        hx-get={`${url.pathname}${url.search}`}
        hx-select="#sensing-now"
        hx-trigger="live:readings from:body throttle:5s, live:sensing.alert from:body"
        hx-swap="outerHTML"
        hx-disinherit="*"
      >
        <Numbers>
          <NumberCard
            t={t}
            title={t({ zh: '未解除预警', en: 'Alerts under way' })}
            value={numberText(open.records.length)}
            path="/sensing/alerts"
            level={gravestOf(open.records)}
          />
          <NumberCard
            t={t}
            title={t({ zh: '在用设备', en: 'Sensors in use' })}
            value={numberText(working.length)}
            path="/d/sensing.sensor?filter[state]=working"
          />
          <NumberCard
            t={t}
            title={t({ zh: '迟报或失联', en: 'Late or silent' })}
            value={numberText(missing)}
            path="/sensing/silent"
            level={missing > 0 ? 'yellow' : undefined}
          />
          <NumberCard
            t={t}
            title={t({ zh: '本次启动以来入库', en: 'Stored since start' })}
            value={numberText(counters.stored)}
            unit={t({ zh: '个值', en: 'values' })}
          />
          {desk.registry.rights.may(desk.actor, 'quarantine') && (
            <NumberCard
              t={t}
              title={t({ zh: '读不懂的报文', en: 'Unreadable' })}
              value={unread >= 100 ? '100+' : numberText(unread)}
              path="/sensing/quarantine"
              level={unread > 0 ? 'yellow' : undefined}
            />
          )}
        </Numbers>
      </div>
      <FilterBar
        t={t}
        action="/sensing/sensors"
        q={asked.q}
        searchHint={t({ zh: '搜设备名称、编号、站点', en: 'Search name, code, station' })}
        filters={[
          {
            name: 'filter[kind]',
            title: t({ zh: '类别', en: 'Kind' }),
            kind: 'options',
            options: Object.entries(kinds).map(([value, words]) => ({ value, label: t(words) })),
            value: url.searchParams.get('filter[kind]') ?? undefined,
          },
          {
            name: 'filter[state]',
            title: t({ zh: '状态', en: 'State' }),
            kind: 'options',
            options: Object.entries(sensors.spec.fields['state']!.options!).map(([value, words]) => ({
              value,
              label: t(words),
            })),
            value: url.searchParams.get('filter[state]') ?? undefined,
          },
        ]}
      />
      <SensorTable
        c={c}
        records={await needyFirst(c, asked, listed.records, gravest)}
        latest={latest}
        gravest={gravest}
        now={now}
        next={listed.next && nextPage(url, listed.next)}
      />
    </>,
  )
}

/** On the first page of everything, the sensors under alert come first. */
async function needyFirst(
  c: Context<Env>,
  asked: ListQuery,
  records: Sensor[],
  gravest: Map<string, Alert['fields']['level']>,
): Promise<Sensor[]> {
  if (asked.cursor || asked.q || asked.filter || asked.division) return records
  const ids = [...gravest]
    .sort((a, b) => levelNames.indexOf(b[1]) - levelNames.indexOf(a[1]))
    .map(([id]) => id)
  const needy = await Promise.all(ids.slice(0, 20).map((id) => c.var.desk.read(sensors, id)))
  return [...needy.filter((each) => each !== undefined), ...records.filter((each) => !gravest.has(each.id))]
}

/** The ones someone should visit: late, silent, never heard. */
export async function silent(c: Context<Env>) {
  const { desk, t, box } = c.var
  const now = Date.now()
  const latest = newest(box.readings.latest())
  const open = await desk.list(alerts, { filter: { state: underWay }, limit: 1000 })
  const quiet = (await everySensor(c))
    .filter(
      (sensor) => freshness(latest.get(sensor.fields.code)?.[0]?.at, sensor.fields.interval, now) !== 'fresh',
    )
    .sort((a, b) => (latest.get(a.fields.code)?.[0]?.at ?? 0) - (latest.get(b.fields.code)?.[0]?.at ?? 0))
  return page(
    c,
    {
      title: t({ zh: '迟报与失联设备', en: 'Late and silent sensors' }),
      here: 'sensing',
      crumbs: [{ title: t({ zh: '感知', en: 'Sensing' }), path: '/sensing/sensors' }],
    },
    <>
      <PageHead
        title={t({ zh: '迟报与失联设备', en: 'Late and silent sensors' })}
        note={t({
          zh: '在用设备中,超过三个报送间隔没有新数据的;最久的排在最前。',
          en: 'Sensors in use that have missed three reports or more, the longest silence first.',
        })}
      />
      <SensorTable
        c={c}
        records={quiet.slice(0, 200)}
        latest={latest}
        gravest={gravestBySensor(open.records)}
        now={now}
      />
    </>,
  )
}

async function SensorTable({
  c,
  records,
  latest,
  gravest,
  now,
  next,
}: {
  c: Context<Env>
  records: Sensor[]
  latest: Map<string, LatestReading[]>
  gravest: Map<string, Alert['fields']['level']>
  now: number
  next?: string
}) {
  const { t, lang, desk, box } = c.var
  const status = box.readings.status()
  const rows = await Promise.all(
    records.map(async (sensor) => {
      const { code, name, interval, division, state } = sensor.fields
      const main = sensor.fields.metrics[0]!
      const mine = latest.get(code) ?? []
      const level = gravest.get(sensor.id)
      const how = freshness(mine[0]?.at, interval, now)
      const course = mine.length
        ? await courseOf(box.readings, {
            sensor: code,
            metric: main,
            from: now - 86_400_000,
            to: now,
            interval: Math.max(interval, 30),
          })
        : undefined
      const town = desk.registry.division(division.slice(0, 9))
      return {
        id: sensor.id,
        path: `/d/sensing.sensor/${sensor.id}`,
        level,
        faded: state !== 'working',
        cells: [
          name,
          code,
          town ? t(town) : division,
          <span class="values">
            {sensor.fields.metrics.map((metric) => {
              const reading = mine.find((each) => each.metric === metric)
              const known = metricOf(metric)
              return reading ? (
                <span class="value">
                  {t(known)} <b>{numberText(reading.value, known.digits)}</b>
                  {t(known.unit) && ` ${t(known.unit)}`}
                </span>
              ) : null
            })}
          </span>,
          course ? <Sparkline values={course.values} label={`${name} ${t(metricOf(main))}`} /> : '',
          level ? (
            <LevelTag t={t} level={level} />
          ) : (
            <Tag
              title={t(
                state === 'working' ? freshnessWords[how] : sensors.spec.fields['state']!.options![state]!,
              )}
              tone={state === 'working' ? freshnessWords[how].tone : 'plain'}
            />
          ),
          mine[0]
            ? agoText(mine[0].at, now, lang)
            : status.get(code)?.online
              ? t({ zh: '已连接', en: 'connected' })
              : '—',
        ],
      }
    }),
  )
  return (
    <Table
      t={t}
      caption={t({ zh: '监测设备', en: 'Sensors' })}
      columns={[
        { title: t({ zh: '设备', en: 'Sensor' }) },
        { title: t({ zh: '编号', en: 'Code' }), kind: 'code', wide: true },
        { title: t({ zh: '乡镇(街道)', en: 'Township' }) },
        { title: t({ zh: '最近值', en: 'Last values' }) },
        { title: t({ zh: '近 24 小时', en: 'Last 24 hours' }), kind: 'tight' },
        { title: t({ zh: '情况', en: 'State' }), kind: 'tight' },
        { title: t({ zh: '更新', en: 'Heard' }), kind: 'time' },
      ]}
      rows={rows}
      next={next}
      empty={{
        text: t({ zh: '没有符合条件的设备', en: 'No sensor fits' }),
        act: desk.may('sensing.sensor.created')
          ? { title: t({ zh: '登记设备', en: 'Register a sensor' }), path: '/d/sensing.sensor/new' }
          : undefined,
      }}
    />
  )
}

async function everySensor(c: Context<Env>): Promise<Sensor[]> {
  const found: Sensor[] = []
  let cursor: string | undefined
  do {
    const part = await c.var.desk.list(sensors, { filter: { state: 'working' }, limit: 1000, cursor })
    found.push(...part.records)
    cursor = part.next
  } while (cursor)
  return found
}

/** Sensor code → its readings, newest first. */
function newest(all: LatestReading[]): Map<string, LatestReading[]> {
  const bySensor = new Map<string, LatestReading[]>()
  for (const each of all.sort((a, b) => b.at - a.at)) {
    const mine = bySensor.get(each.sensor)
    if (mine) mine.push(each)
    else bySensor.set(each.sensor, [each])
  }
  return bySensor
}

function gravestBySensor(open: Alert[]): Map<string, Alert['fields']['level']> {
  const found = new Map<string, Alert['fields']['level']>()
  for (const { fields } of open) {
    const known = found.get(fields.sensor)
    if (!known || levelNames.indexOf(fields.level) > levelNames.indexOf(known))
      found.set(fields.sensor, fields.level)
  }
  return found
}

const gravestOf = (open: Alert[]) =>
  levelNames.findLast((level) => open.some((each) => each.fields.level === level))

function nextPage(url: URL, cursor: string): string {
  const params = new URLSearchParams(url.search)
  params.set('cursor', cursor)
  return `${url.pathname}?${params}`
}
