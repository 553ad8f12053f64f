import type { Context } from 'hono'
import { MapView } from '../../../web/ui/map.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { page } from '../../http/layout.tsx'
import type { Env } from '../../http/module.ts'
import { labelOf, type Rec } from '../../kernel/dataset.ts'
import type { Box, Geometry } from '../../kernel/geo.ts'
import { refuse } from '../../kernel/refusal.ts'
import { type Layer, layersFor } from './layers.ts'
import { Points } from './points.ts'

/** More than this and the browser of a nine-year-old PC begins to stutter: the box gathers them first. */
const most = 2000

/** One page for everything with a place: layers on the left, the map, the list that follows the view. */
export async function showMap(c: Context<Env>) {
  const { desk, t, house } = c.var
  const at = pointFrom(c.req.query('at'))
  const layers = await Promise.all(
    layersFor(desk, house.modules).map(async (layer) => ({
      name: layer.spec.name,
      title: t(layer.spec.title),
      path: `/map/layers/${layer.spec.name}`,
      count: await countOf(c, layer),
      on: layer.on,
      look: layer.look,
      live: layer.live,
    })),
  )
  return page(
    c,
    { title: t({ zh: '一张图', en: 'One map' }), here: 'map', needs: ['map'], wide: true },
    <>
      <PageHead
        title={t({ zh: '一张图', en: 'One map' })}
        note={t({
          zh: '有位置的台账都在这里;只画您辖区内、您能看的。点开一处可进详情。',
          en: 'Every register with a place; only what lies in your area and you may see. Click a place to open it.',
        })}
      />
      <MapView
        t={t}
        title={t({ zh: '全县一张图', en: 'The county on one map' })}
        size="page"
        list
        tools
        layers={layers.filter((each) => each.count > 0 || each.on)}
        center={at}
        zoom={at && 15}
      />
    </>,
  )
}

/** A layer's part of the view as GeoJSON: each record, or how many stand in each square when there are too many. */
export async function layerOf(c: Context<Env>) {
  const { desk, house, box, t } = c.var
  const name = c.req.param('dataset') ?? ''
  const layer = layersFor(desk, house.modules).find((each) => each.spec.name === name)
  if (!layer)
    refuse(
      { zh: '没有这个图层,请刷新地图', en: 'There is no such layer; reload the map.' },
      { kind: 'missing' },
    )
  const view = boxFrom(c.req.query('bbox'))
  const crowded = box && (await pointsOf(c, layer).count(desk.actor, view)) > most
  const features = crowded ? await gathered(c, layer, view ?? whole) : await each(c, layer, view)
  const crowd = crowded ? t({ zh: '缩小范围可看到每一处', en: 'Zoom in to see each one' }) : undefined
  return c.body(JSON.stringify({ type: 'FeatureCollection', features, ...(crowd && { note: crowd }) }), 200, {
    'content-type': 'application/geo+json; charset=utf-8',
    'cache-control': 'no-store',
  })
}

async function countOf(c: Context<Env>, layer: Layer): Promise<number> {
  const { desk, box } = c.var
  if (box) return pointsOf(c, layer).count(desk.actor)
  return (await desk.count(layer.spec.name, { filter: layer.where })).n
}

async function each(c: Context<Env>, layer: Layer, bbox?: Box) {
  const { desk } = c.var
  const records: Rec[] = []
  let cursor: string | undefined
  do {
    const page = await desk.list(layer.spec.name, { filter: layer.where, bbox, cursor, limit: 1000 })
    records.push(...page.records)
    cursor = page.next
  } while (cursor && records.length < most)
  const division = (record: Rec) => desk.registry.division(record.division.slice(0, 9))
  return records.flatMap((record) => {
    const geometry = record.fields[layer.spec.place!] as Geometry | undefined
    if (!geometry) return []
    const { t } = c.var
    const state = layer.spec.fields['state']?.options?.[String(record.fields['state'])]
    const town = division(record)
    return [
      {
        type: 'Feature',
        id: record.id,
        geometry,
        properties: {
          // On a map the name says enough; numbers are for lists.
          title: String(record.fields['title'] ?? labelOf(layer.spec, record.fields)),
          path: `/d/${layer.spec.name}/${record.id}`,
          note: [state && t(state), town && t(town)].filter(Boolean).join(' · '),
          level: levelOf(record),
          kind: layer.kind,
        },
      },
    ]
  })
}

/** About sixteen squares across the view, each with its count and the gravest level in it. */
async function gathered(c: Context<Env>, layer: Layer, view: Box) {
  const { t, desk } = c.var
  const cell = Math.max(...roundCells.filter((each) => each <= (view[2] - view[0]) / 16), roundCells.at(-1)!)
  const squares = await pointsOf(c, layer).clusters(desk.actor, view, cell)
  return squares.map(({ n, x, y, level }) => ({
    type: 'Feature',
    geometry: { type: 'Point', coordinates: [round(x), round(y)] },
    properties: {
      cluster: n,
      title: t({ zh: `${n} 处`, en: `${n} here` }),
      note: t(layer.spec.title),
      level,
      kind: layer.kind,
    },
  }))
}

// Halves of halves, so that squares of one zoom nest in those of the next.
const roundCells = Array.from({ length: 20 }, (_, i) => 1.28 / 2 ** i)
const round = (degrees: number) => Math.round(degrees * 1e6) / 1e6
const whole: Box = [-180, -90, 180, 90]

const levelOf = (record: Rec) => {
  const level = record.fields['level']
  return ['blue', 'yellow', 'orange', 'red'].includes(String(level)) ? level : undefined
}

// One index per box and dataset; the store is the key, so that a test's county does not see another's.
const held = new WeakMap<object, Map<string, Points>>()
function pointsOf(c: Context<Env>, layer: Layer): Points {
  const { store } = c.var.box
  const mine = held.get(store) ?? new Map<string, Points>()
  held.set(store, mine)
  const found = mine.get(layer.spec.name) ?? new Points(store, layer.spec, layer.where)
  mine.set(layer.spec.name, found)
  return found
}

function boxFrom(text: string | undefined): Box | undefined {
  const numbers = (text ?? '').split(',').map(Number)
  if (numbers.length !== 4 || !numbers.every(Number.isFinite)) return undefined
  return numbers as Box
}

/** `?at=112.36,28.84`: where a link wants the map to open. */
function pointFrom(text: string | undefined): [number, number] | undefined {
  const [lng, lat] = (text ?? '').split(',').map(Number)
  return text && Number.isFinite(lng) && Number.isFinite(lat) ? [lng!, lat!] : undefined
}
