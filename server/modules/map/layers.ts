// A layer is a dataset with a place that this person may read: declared once, drawn by itself. What needs someone now
// (open alerts, open cases) is told apart from what merely stands there.

import type { IconName } from '../../../web/ui/icon.tsx'
import type { MapLayer } from '../../../web/ui/map.tsx'
import type { Module } from '../../http/module.ts'
import type { DatasetSpec } from '../../kernel/dataset.ts'
import type { Desk } from '../../kernel/desk.ts'

export interface Layer {
  spec: DatasetSpec
  /** The matter it belongs to. */
  theme: { zh: string; en: string }
  where: Record<string, string[]>
  look?: MapLayer['look']
  kind?: IconName
  live?: string
  on: boolean
}

interface Manner {
  where?: Record<string, string[]>
  look?: MapLayer['look']
  kind?: IconName
  on?: boolean
}

// By name, so that a county without the matter loses nothing but the line.
const manners: Record<string, Manner> = {
  'cases.case': {
    where: {
      state: [
        'reported',
        'filed',
        'assigned',
        'handling',
        'paused',
        'returned',
        'arbitration',
        'handled',
        'checked',
      ],
    },
    look: 'blue',
    kind: 'cases',
    on: true,
  },
  'sensing.alert': { where: { state: ['open', 'confirmed'] }, look: 'orange', kind: 'warn', on: true },
  'sensing.sensor': { look: 'water', kind: 'sensing', on: true },
  'agri.plot': { look: 'green', kind: 'trace' },
  'base.entity': { look: 'act', kind: 'building' },
  'base.division': { look: 'grey', kind: 'place' },
}

/** Layers by theme, in the order of the modules; what needs someone first. */
export function layersFor(desk: Desk, modules: Module[]): Layer[] {
  const owner = new Map(
    modules.flatMap((each) => (each.datasets ?? []).map((dataset) => [dataset.name, each.title] as const)),
  )
  const layers = [...desk.registry.datasets.values()]
    .map((each) => each.spec)
    .filter((spec) => spec.place && !spec.fields[spec.place]!.sensitive && desk.mayRead(spec.name))
    .map((spec): Layer => {
      const { where = {}, on = false, look, kind } = manners[spec.name] ?? {}
      return { spec, theme: owner.get(spec.name) ?? ownTheme, where, on, look, kind, live: spec.name }
    })
  const rank = (layer: Layer) => Object.keys(manners).indexOf(layer.spec.name)
  return layers.sort((a, b) => (rank(a) < 0 ? 99 : rank(a)) - (rank(b) < 0 ? 99 : rank(b)))
}

const ownTheme = { zh: '本县自建', en: 'The county’s own' }
