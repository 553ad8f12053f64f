// A map to look at: layers fetched for the view, clusters, popups with links, a list of what is in view.

import type { Feature, FeatureCollection, Geometry } from 'geojson'
import type { GeoJSON, LatLngBounds, Layer, LayerGroup, Map as LeafletMap, Marker } from 'leaflet'
import type { MapLayer, MapShape } from '../ui/map.tsx'
import { ground, type MapWords } from './ground.ts'
import { iconPath } from './icon-path.ts'
import L from './leaflet-global.ts'
import { measuring } from './measure.ts'

interface MapData {
  layers: MapLayer[]
  shapes: MapShape[]
  center?: [number, number]
  zoom?: number
  tools: boolean
  base: string
  words: MapWords
}
interface Properties {
  title?: string
  path?: string
  note?: string
  level?: keyof typeof rank
  kind?: string
  /** The box gathered so many records into this one point: too many to send each. */
  cluster?: number
}
type Found = { properties: Properties; layer: Layer; at: () => LatLngBounds }

/** On the wall a pin is seen from six metres. */
const scale = document.documentElement.classList.contains('wall') ? Math.max(1, window.innerWidth / 1500) : 1

const rank = { blue: 1, yellow: 2, orange: 3, red: 4 }
const colours: Record<string, string> = {
  act: '#1a5fb4',
  green: '#1e7b4d',
  water: '#2b7a8c',
  grey: '#66727e',
  blue: '#2f6fdd',
  yellow: '#d6a100',
  orange: '#e06a00',
  red: '#c8252c',
}

export async function showMap(place: HTMLElement, data: MapData) {
  const canvas = place.querySelector<HTMLElement>('[data-map-canvas]')!
  const { map, county } = await ground(canvas, data.base, data.words)
  const shown = new Map<string, Drawn>()
  // All points gather in one group: two themes at one place must not hide each other.
  const points = clusters()
  map.addLayer(points)
  const redrawList = () =>
    drawList(
      place,
      map,
      points,
      [...shown.values()].flatMap((each) => each.found),
      data.words,
    )

  if (data.shapes.length > 0) {
    const features: FeatureCollection<Geometry, Properties> = {
      type: 'FeatureCollection',
      features: data.shapes.map((each) => ({
        type: 'Feature',
        geometry: each.geometry as Geometry,
        properties: { title: each.title, path: each.path, note: each.note, level: each.level },
      })),
    }
    const own = draw(features, 'act', data.words)
    put(' own', own)
    const bounds = own.found.reduce((all, each) => all.extend(each.at()), L.latLngBounds([]))
    if (bounds.isValid()) map.fitBounds(bounds.pad(0.6), { maxZoom: 14, animate: false })
  }
  if (data.center) map.setView([data.center[1], data.center[0]], data.zoom ?? 12, { animate: false })

  for (const layer of data.layers) follow(layer)
  map.on('moveend', redrawList)
  redrawList()
  if (data.tools) tools(map, county, canvas, data.words)
  // A map drawn in a hidden step or block has no size until it is shown.
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(canvas)

  function put(name: string, fresh: Drawn) {
    take(name)
    shown.set(name, fresh)
    points.addLayers(fresh.markers)
    fresh.shapes.addTo(map)
  }

  function take(name: string) {
    const old = shown.get(name)
    if (!old) return
    points.removeLayers(old.markers)
    old.shapes.remove()
    shown.delete(name)
  }

  function follow(layer: MapLayer) {
    const box = place.querySelector<HTMLInputElement>(`[data-layer="${CSS.escape(layer.name)}"]`)
    const wanted = () => (box ? box.checked : Boolean(layer.on))
    let got: LatLngBounds | undefined
    /** Gathered squares belong to one zoom: closer in, each record stands for itself. */
    let gathered: number | undefined
    let asking: AbortController | undefined
    const load = async () => {
      if (!wanted()) return
      // A little more than the view, so that a small move asks for nothing.
      const bounds = map.getBounds().pad(0.35)
      asking?.abort()
      asking = new AbortController()
      const address = new URL(layer.path, window.location.href)
      address.searchParams.set(
        'bbox',
        [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()]
          .map((each) => each.toFixed(5))
          .join(','),
      )
      try {
        const answer = await fetch(address, {
          signal: asking.signal,
          headers: { accept: 'application/geo+json, application/json' },
        })
        if (!answer.ok) throw new Error(String(answer.status))
        const features = (await answer.json()) as FeatureCollection<Geometry, Properties> & {
          complete?: boolean
        }
        gathered = features.features.some((each) => each.properties.cluster) ? map.getZoom() : undefined
        const fresh = draw(features, layer.look ?? 'act', data.words)
        if (wanted()) put(layer.name, fresh)
        got = bounds
        redrawList()
      } catch (error) {
        if ((error as Error).name === 'AbortError') return
        says(place, data.words.failed!)
        window.setTimeout(load, 10_000)
      }
    }
    box?.addEventListener('change', () => {
      if (box.checked) void load()
      else {
        take(layer.name)
        got = undefined
        redrawList()
      }
    })
    map.on('moveend', () => {
      if (!got?.contains(map.getBounds()) || (gathered !== undefined && gathered !== map.getZoom()))
        void load()
    })
    if (layer.live) document.body.addEventListener(`live:${layer.live}`, () => void load())
    void load()
  }
}

interface Clusters extends LayerGroup {
  addLayers(markers: Marker[]): void
  removeLayers(markers: Marker[]): void
  zoomToShowLayer(marker: Marker, then: () => void): void
}
interface Drawn {
  markers: Marker[]
  shapes: GeoJSON
  found: Found[]
}

/** A cluster takes the colour of its most urgent member. */
function clusters(): Clusters {
  return (L as unknown as { markerClusterGroup(options: object): Clusters }).markerClusterGroup({
    showCoverageOnHover: false,
    maxClusterRadius: 52 * scale,
    animate: false,
    iconCreateFunction: (cluster: { getAllChildMarkers(): Marker[] }) => {
      const members = cluster.getAllChildMarkers().map((each) => each.options as Member)
      const worst = members.reduce<Level | undefined>(
        (top, { level }) => (level && rank[level] > (top ? rank[top] : 0) ? level : top),
        undefined,
      )
      return clusterIcon(
        members.reduce((sum, each) => sum + (each.n ?? 1), 0),
        worst,
      )
    },
  })
}

type Level = keyof typeof rank
interface Member {
  level?: Level
  n?: number
}

function clusterIcon(n: number, level: Level | undefined) {
  const size = (n > 999 ? 50 : n > 99 ? 42 : 34) * scale
  return L.divIcon({
    className: `map-cluster${level ? ` map-cluster-${level}` : ''}`,
    html: n > 99_999 ? `${Math.round(n / 10_000)}万` : String(n),
    iconSize: [size, size],
  })
}

function draw(features: FeatureCollection<Geometry, Properties>, look: string, words: MapWords): Drawn {
  const found: Found[] = []
  const markers: Marker[] = []
  const shapes: GeoJSON = L.geoJSON(undefined, {
    style: (each) => {
      const colour = colours[(each?.properties as Properties | undefined)?.level ?? look] ?? colours.act!
      return { color: colour, weight: 2, fillColor: colour, fillOpacity: 0.16 }
    },
  })
  for (const feature of features.features) {
    if (!feature.geometry) continue
    const { properties } = feature
    const popup = () => popupOf(properties, words)
    if (feature.geometry.type === 'Point') {
      const [lng, lat] = feature.geometry.coordinates as [number, number]
      const marker = L.marker([lat, lng], {
        icon: properties.cluster
          ? clusterIcon(properties.cluster, properties.level)
          : L.divIcon({
              className: `map-pin map-pin-${properties.level ?? look}`,
              html: iconPath(properties.level ? 'warn' : properties.kind),
              iconSize: [26 * scale, 26 * scale],
            }),
        title: properties.title,
        alt: properties.title,
        keyboard: true,
        level: properties.level,
        n: properties.cluster,
      } as L.MarkerOptions)
      if (properties.cluster) marker.on('click', () => closer(marker))
      else marker.bindPopup(popup)
      markers.push(marker)
      found.push({ properties, layer: marker, at: () => L.latLngBounds([marker.getLatLng()]) })
    } else {
      const [one] = L.geoJSON(feature as Feature, { style: shapes.options.style }).getLayers() as (Layer & {
        getBounds(): LatLngBounds
      })[]
      if (!one) continue
      one.bindPopup(popup)
      shapes.addLayer(one)
      found.push({ properties, layer: one, at: () => one.getBounds() })
    }
  }
  return { markers, shapes, found }
}

/** Two steps in quarters what a gathered square holds, twice over. */
function closer(marker: Marker) {
  const map = (marker as unknown as { _map?: LeafletMap })._map
  map?.setView(marker.getLatLng(), map.getZoom() + 2, { animate: false })
}

function popupOf({ title, note, path }: Properties, words: MapWords): HTMLElement {
  const inside = document.createElement('div')
  const name = document.createElement('strong')
  name.textContent = title ?? ''
  inside.append(name)
  if (note) inside.append(Object.assign(document.createElement('p'), { textContent: note }))
  if (path) inside.append(Object.assign(document.createElement('a'), { href: path, textContent: words.open }))
  return inside
}

/** The list beside the map: what is in view, most urgent first, worked by keyboard as any list of buttons. */
function drawList(place: HTMLElement, map: LeafletMap, points: Clusters, all: Found[], words: MapWords) {
  const list = place.querySelector<HTMLElement>('[data-map-list]')
  const count = place.querySelector<HTMLElement>('[data-map-count]')
  if (!list || !count) return
  const view = map.getBounds()
  const inView = all
    .filter((each) => view.intersects(each.at()))
    .sort((a, b) => (rank[b.properties.level!] ?? 0) - (rank[a.properties.level!] ?? 0))
  const n = inView.reduce((sum, each) => sum + (each.properties.cluster ?? 1), 0)
  count.textContent = n === 0 ? words.none! : words.inView!.replace('{n}', n.toLocaleString('en-US'))
  list.replaceChildren(
    ...inView.slice(0, 100).map((each) => {
      const item = document.createElement('li')
      const button = document.createElement('button')
      button.type = 'button'
      button.append(
        each.properties.title ?? '',
        Object.assign(document.createElement('small'), { textContent: each.properties.note ?? '' }),
      )
      button.addEventListener('click', () => {
        const into = each.properties.cluster ? map.getZoom() + 2 : Math.max(map.getZoom(), 14)
        map.setView(each.at().getCenter(), into, { animate: false })
        if (each.properties.cluster) return
        // An alert and its case stand at the same place: the heap is spread before one of them can speak.
        if (points.hasLayer(each.layer))
          points.zoomToShowLayer(each.layer as Marker, () => each.layer.openPopup())
        else each.layer.openPopup()
      })
      item.append(button)
      return item
    }),
  )
}

function says(place: HTMLElement, text: string) {
  const count = place.querySelector<HTMLElement>('[data-map-count]')
  if (count) count.textContent = text
}

function tools(map: LeafletMap, county: LatLngBounds, canvas: HTMLElement, words: MapWords) {
  const Bar = L.Control.extend({
    onAdd: () => {
      const bar = L.DomUtil.create('div', 'leaflet-bar map-tools')
      const add = (icon: string, title: string, act: (button: HTMLButtonElement) => void) => {
        const button = document.createElement('button')
        button.type = 'button'
        button.title = title
        button.setAttribute('aria-label', title)
        button.innerHTML = iconPath(icon)
        button.addEventListener('click', () => act(button))
        bar.append(button)
      }
      add('expand', words.whole!, () => map.fitBounds(county, { animate: false }))
      add('locate', words.locate!, () => map.locate({ setView: true, maxZoom: 15, enableHighAccuracy: true }))
      add('ruler', words.measure!, (button) => measuring(map, button, words))
      add('print', words.print!, () => window.print())
      L.DomEvent.disableClickPropagation(bar)
      return bar
    },
  })
  new Bar({ position: 'topleft' }).addTo(map)
  const here = L.circle([0, 0], { radius: 1, color: colours.act, weight: 1, fillOpacity: 0.12 })
  map.on('locationfound', (event) => here.setLatLng(event.latlng).setRadius(event.accuracy).addTo(map))
  map.on('locationerror', () =>
    L.popup().setLatLng(map.getCenter()).setContent(words.noPosition!).openOn(map),
  )
  canvas.tabIndex = 0
}
