// What needs someone now, over all matters, the gravest first: alerts under way, cases past their deadline or not yet
// handed to anyone, batches held, sensors that have fallen silent. Read from the records themselves, not from numbers.

import { divisionText, readerFor, valueText } from '../../http/records/show.tsx'
import { labelOf, type Rec } from '../../kernel/dataset.ts'
import type { ListQuery } from '../../kernel/desk.ts'
import type { Words } from '../../kernel/words.ts'
import type { Viewer } from './figures.ts'

export type Level = 'blue' | 'yellow' | 'orange' | 'red'

export interface Matter {
  level: Level
  /** 红色预警, 超期, 待派遣, 隔离, 失联. */
  word: string
  title: string
  place: string
  /** Since when, ISO 8601. */
  since?: string
  who?: string
  path: string
}

export async function mattersFor(viewer: Viewer, now = Date.now()): Promise<Matter[]> {
  const found = await Promise.all([
    alerts(viewer),
    overdueCases(viewer, now),
    waitingCases(viewer),
    heldBatches(viewer),
    silentSensors(viewer, now),
  ])
  // Within a level the longest wait first; what has no beginning comes after what has one.
  return found
    .flat()
    .sort((a, b) => gravity[b.level] - gravity[a.level] || (a.since ?? '~').localeCompare(b.since ?? '~'))
}

/** Sensors in use, and those of them that were heard within three of their own intervals. */
export async function sensorsHeard(
  viewer: Viewer,
  now = Date.now(),
): Promise<{ working: Rec[]; silent: Rec[] }> {
  const working = await listOf(viewer, 'sensing.sensor', { filter: { state: 'working' }, limit: 1000 })
  const last = new Map<string, number>()
  for (const each of viewer.box.readings.latest())
    last.set(each.sensor, Math.max(last.get(each.sensor) ?? 0, each.at))
  const silent = working.filter(({ fields }) => {
    const patience = Math.max(3 * Number(fields['interval'] ?? 10), 15) * 60_000
    return now - (last.get(String(fields['code'])) ?? 0) > patience
  })
  return { working, silent }
}

async function alerts(viewer: Viewer): Promise<Matter[]> {
  const open = await listOf(viewer, 'sensing.alert', {
    filter: { state: ['open', 'confirmed'] },
    sort: '-raised',
    limit: most,
  })
  return open.map((record) => ({
    level: levelOf(record.fields['level']),
    word: choiceText(viewer, 'sensing.alert', 'level', record),
    title: labelOf(viewer.desk.registry.dataset('sensing.alert').spec, record.fields),
    place: placeText(viewer, record),
    since: record.fields['raised'] as string,
    who: choiceText(viewer, 'sensing.alert', 'state', record),
    path: `/d/sensing.alert/${record.id}`,
  }))
}

async function overdueCases(viewer: Viewer, now: number): Promise<Matter[]> {
  const query = {
    filter: { state: ['assigned', 'handling'], finishBy: { to: new Date(now).toISOString() } },
    sort: 'finishBy',
    limit: most,
  }
  return casesAs(
    viewer,
    await listOf(viewer, 'cases.case', query),
    'orange',
    { zh: '超期', en: 'Overdue' },
    'finishBy',
  )
}

async function waitingCases(viewer: Viewer): Promise<Matter[]> {
  const query = {
    filter: { state: ['reported', 'filed', 'returned', 'arbitration'] },
    sort: 'reportedAt',
    limit: most,
  }
  return casesAs(viewer, await listOf(viewer, 'cases.case', query), undefined, undefined, 'reportedAt')
}

async function casesAs(
  viewer: Viewer,
  records: Rec[],
  level: Level | undefined,
  word: Words | undefined,
  since: string,
): Promise<Matter[]> {
  if (records.length === 0) return []
  const { desk, t, lang } = viewer
  const { spec } = desk.registry.dataset('cases.case')
  const reader = await readerFor(desk, { t, lang }, spec, [])
  return records.map((record) => ({
    level: graver(level, levelOf(record.fields['level'])),
    word: word ? t(word) : choiceText(viewer, spec.name, 'state', record),
    title: String(record.fields['title'] ?? labelOf(spec, record.fields)),
    place: placeText(viewer, record),
    since: record.fields[since] as string | undefined,
    who:
      spec.fields['department'] && valueText(reader, spec.fields['department'], record.fields['department']),
    path: `/d/${spec.name}/${record.id}`,
  }))
}

async function heldBatches(viewer: Viewer): Promise<Matter[]> {
  const held = await listOf(viewer, 'agri.batch', { filter: { state: 'held' }, limit: most })
  return held.map((record) => ({
    level: 'yellow' as const,
    word: choiceText(viewer, 'agri.batch', 'state', record),
    title: viewer.t({
      zh: `批次 ${record.fields['code'] ?? ''} 已隔离,待处置`,
      en: `Batch ${record.fields['code'] ?? ''} is held`,
    }),
    place: placeText(viewer, record),
    path: `/d/agri.batch/${record.id}`,
  }))
}

async function silentSensors(viewer: Viewer, now: number): Promise<Matter[]> {
  const { working, silent } = await sensorsHeard(viewer, now)
  if (silent.length === 0) return []
  const { t } = viewer
  const word = t({ zh: '失联', en: 'Silent' })
  const path = '/d/sensing.sensor?filter[state]=working'
  // A whole network that is silent is one matter (a broker, a line, a card), not two hundred.
  if (silent.length > 3) {
    const title = t({
      zh: `${silent.length} 台监测设备没有数据(在用 ${working.length} 台)`,
      en: `${silent.length} of ${working.length} sensors send nothing`,
    })
    return [{ level: silent.length * 5 > working.length ? 'orange' : 'yellow', word, title, place: '', path }]
  }
  return silent.map((record) => ({
    level: 'yellow' as const,
    word,
    title: t({ zh: `${record.fields['name']} 没有数据`, en: `${record.fields['name']} sends nothing` }),
    place: placeText(viewer, record),
    who: record.fields['owner'] as string | undefined,
    path: `/d/sensing.sensor/${record.id}`,
  }))
}

/** Records of a dataset that may not be there: a county switches matters off, and people may not read all. */
async function listOf({ desk }: Viewer, dataset: string, query: ListQuery): Promise<Rec[]> {
  if (!desk.registry.datasets.has(dataset) || !desk.mayRead(dataset)) return []
  return (await desk.list(dataset, query)).records
}

const most = 200
const gravity: Record<Level, number> = { blue: 0, yellow: 1, orange: 2, red: 3 }
const levelOf = (value: unknown): Level => (Object.hasOwn(gravity, String(value)) ? (value as Level) : 'blue')
const graver = (a: Level | undefined, b: Level): Level => (a && gravity[a] > gravity[b] ? a : b)

const placeText = ({ desk, t }: Viewer, record: Rec) => divisionText(desk.registry, t, record.division)

function choiceText({ desk, t }: Viewer, dataset: string, field: string, record: Rec): string {
  const words = desk.registry.dataset(dataset).spec.fields[field]?.options?.[String(record.fields[field])]
  return words ? t(words) : ''
}
