// What lies under every map: the county as drawn by hand, labelled as such. A county with tiles puts them over it.

import type { FeatureCollection, LineString, Point, Polygon } from 'geojson'
import type { Map as LeafletMap } from 'leaflet'
import L from './leaflet-global.ts'

interface BaseMap {
  boundary: FeatureCollection<Polygon, { name: string }>
  water: FeatureCollection<Polygon | LineString, { name: string; kind: string }>
  roads: FeatureCollection<LineString, { name: string; kind: string }>
  townships: FeatureCollection<Point, { name: string; code: string }>
}

export interface MapWords {
  [name: string]: string
}

const asked = new Map<string, Promise<BaseMap>>()

/** Leaflet on a canvas with the ground drawn; resolves with the county's bounds and where each township lies, by its code. */
export async function ground(canvas: HTMLElement, base: string, words: MapWords) {
  const map = L.map(canvas, {
    zoomControl: false,
    attributionControl: false,
    minZoom: 8,
    maxZoom: 19,
    zoomSnap: 0.25,
    wheelPxPerZoomLevel: 90,
  })
  L.control.zoom({ zoomInTitle: words.zoomIn, zoomOutTitle: words.zoomOut }).addTo(map)
  L.control.scale({ imperial: false }).addTo(map)
  L.control.attribution({ prefix: false }).addAttribution(words.schematic!).addTo(map)
  for (const [name, z] of [
    ['ground', 200],
    ['ground-water', 210],
    ['ground-roads', 220],
    ['names', 450],
  ] as const) {
    map.createPane(name).style.zIndex = String(z)
    map.getPane(name)!.style.pointerEvents = 'none'
  }
  if (!asked.has(base))
    asked.set(
      base,
      fetch(base).then((answer) => answer.json() as Promise<BaseMap>),
    )
  const themes = await asked.get(base)!
  const colours = document.documentElement.classList.contains('wall')
    ? { land: '#1a344f', edge: '#5b7fa6', water: '#0d2740', river: '#2f5f8f', road: '#35516f' }
    : { land: '#fbfaf6', edge: '#8a97a5', water: '#cfe3ea', river: '#a9cfdb', road: '#dcd3c2' }
  const boundary = L.geoJSON(themes.boundary, {
    pane: 'ground',
    interactive: false,
    style: { color: colours.edge, weight: 1.5, fillColor: colours.land, fillOpacity: 1 },
  }).addTo(map)
  L.geoJSON(themes.water, {
    pane: 'ground-water',
    interactive: false,
    style: (each) =>
      each?.geometry.type === 'Polygon'
        ? { stroke: false, fillColor: colours.water, fillOpacity: 1 }
        : { color: colours.river, weight: 3 },
  }).addTo(map)
  L.geoJSON(themes.roads, {
    pane: 'ground-roads',
    interactive: false,
    style: (each) => ({ color: colours.road, weight: each?.properties.kind === 'main' ? 2.5 : 1.5 }),
  }).addTo(map)
  const county = boundary.getBounds()
  map.fitBounds(county, { padding: [6, 6], animate: false })
  names(map, themes)
  const towns = new Map(
    themes.townships.features.map(({ geometry, properties }) => {
      const [lng, lat] = geometry.coordinates
      return [properties.code, L.latLng(lat!, lng!)]
    }),
  )
  return { map, county, towns }
}

/** Names as tooltips, fewer of them while the county is small on the screen: none may lie on another. */
function names(map: LeafletMap, themes: BaseMap) {
  const marks = [
    ...themes.townships.features.map((each) => ({
      at: each.geometry.coordinates,
      name: each.properties.name.replace('湿地保护与发展事务中心', '湿地'),
      look: 'map-name',
    })),
    ...themes.water.features
      .filter((each) => each.properties.kind === 'lake')
      .map((each) => ({
        at: middle(each.geometry.coordinates[0] as number[][]),
        name: each.properties.name,
        look: 'map-name map-water',
      })),
  ].map(({ at, name, look }) =>
    L.tooltip({
      permanent: true,
      direction: 'center',
      className: look,
      pane: 'names',
      interactive: false,
    })
      .setLatLng([at[1]!, at[0]!])
      .setContent(name),
  )
  const arrange = () => {
    const taken: { x: number; y: number; w: number }[] = []
    for (const mark of marks) {
      const at = map.latLngToContainerPoint(mark.getLatLng()!)
      const w = String(mark.getContent()).length * 13
      const free = taken.every(
        (each) => Math.abs(each.x - at.x) > (each.w + w) / 2 || Math.abs(each.y - at.y) > 18,
      )
      if (free) taken.push({ x: at.x, y: at.y, w })
      if (free && !map.hasLayer(mark)) mark.addTo(map)
      if (!free && map.hasLayer(mark)) mark.remove()
    }
  }
  map.on('zoomend resize', arrange)
  arrange()
}

function middle(ring: number[][]): [number, number] {
  const [lng, lat] = [ring.map((p) => p[0]!), ring.map((p) => p[1]!)]
  return [(Math.min(...lng) + Math.max(...lng)) / 2, (Math.min(...lat) + Math.max(...lat)) / 2]
}
