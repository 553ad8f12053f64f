// Drawing the place of a record: a point, a line or an area. The text field under the map is the truth and what is sent;
// the map draws what it says and writes what is drawn. Works by keyboard through the text.

import type { LatLng, LayerGroup, LeafletMouseEvent, Marker } from 'leaflet'
import { areaOf, type Geometry, isGeometry, type Position } from '../../server/kernel/geo.ts'
import { ground, type MapWords } from './ground.ts'
import L from './leaflet-global.ts'
import { areaText, lengthText } from './measure.ts'

interface EditorData {
  shapes: Geometry['type'][]
  base: string
  words: MapWords
}

export async function editGeometry(place: HTMLElement, data: EditorData) {
  const { words, shapes } = data
  const text = place.querySelector<HTMLTextAreaElement>('[data-geometry-text]')!
  const canvas = place.querySelector<HTMLElement>('[data-map-canvas]')!
  const says = place.querySelector<HTMLElement>('[data-geometry-says]')!
  const tools = place.querySelector<HTMLElement>('[data-geometry-tools]')!
  canvas.hidden = false
  tools.hidden = false
  const { map, towns } = await ground(canvas, data.base, words)
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(canvas)
  // Double-click ends a line; it must not zoom as well.
  map.doubleClickZoom.disable()

  const drawing: LayerGroup = L.layerGroup().addTo(map)
  let shape: Geometry['type'] = shapes[0]!
  let points: LatLng[] = []
  let open = false
  /** Of a point that was taken by positioning, in metres. */
  let accuracy: number | undefined

  goToTown()
  read(true)

  for (const button of tools.querySelectorAll<HTMLButtonElement>('[data-draw]')) {
    button.addEventListener('click', () => begin(button.dataset.draw as Geometry['type']))
  }
  tools.querySelector('[data-draw-undo]')?.addEventListener('click', () => {
    points.pop()
    // A closed shape opens again at its last corner.
    open = shape !== 'Point' && points.length > 0
    if (!open) points = shape === 'Point' ? [] : points
    commit()
  })
  tools.querySelector('[data-draw-clear]')?.addEventListener('click', () => {
    points = []
    open = false
    commit()
    press(undefined)
  })
  tools.querySelector('[data-draw-here]')?.addEventListener('click', () => {
    navigator.geolocation?.getCurrentPosition(
      ({ coords }) => {
        const here = L.latLng(coords.latitude, coords.longitude)
        if (!open) begin(shapes.includes('Point') ? 'Point' : shapes[0]!)
        add(here, Math.round(coords.accuracy))
        map.setView(here, Math.max(map.getZoom(), 15), { animate: false })
      },
      () => {
        says.textContent = words.noPosition!
      },
      { enableHighAccuracy: true, timeout: 15_000 },
    )
    if (!navigator.geolocation) says.textContent = words.noPosition!
  })
  map.on('click', (event: LeafletMouseEvent) => {
    // Where only one shape is possible, the first click begins it.
    if (!open && points.length === 0 && shapes.length === 1) begin(shapes[0]!)
    if (open) add(event.latlng)
    else if (shape === 'Point' && points.length > 0) {
      points = [event.latlng]
      accuracy = undefined
      commit()
    }
  })
  map.on('dblclick', () => finish())
  canvas.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !open) return
    event.preventDefault()
    event.stopPropagation()
    finish()
  })
  text.addEventListener('change', () => read(true))
  text.form?.addEventListener('draft:filled', () => {
    goToTown()
    read(true)
  })
  text.form?.addEventListener('change', (event) => {
    if ((event.target as HTMLInputElement).name === 'division') goToTown()
  })

  /** Where nothing is drawn yet, the township named in the form is where people will look for their field. */
  function goToTown() {
    const chosen = text.form?.querySelector<HTMLInputElement>('[name=division]')?.value ?? ''
    const town = towns.get(chosen.slice(0, 9))
    if (town && points.length === 0 && !text.value.trim()) map.setView(town, 13, { animate: false })
  }

  function begin(wanted: Geometry['type']) {
    shape = wanted
    points = []
    open = true
    press(wanted)
    says.textContent =
      wanted === 'Point' ? words.clickPoint! : wanted === 'LineString' ? words.clickLine! : words.clickArea!
    paint()
  }

  function add(at: LatLng, within?: number) {
    const last = points.at(-1)
    // The second click of a double-click is the same corner.
    if (last && map.latLngToContainerPoint(last).distanceTo(map.latLngToContainerPoint(at)) < 4) return
    if (shape === 'Point') {
      points = [at]
      accuracy = within
      finish()
    } else {
      points.push(at)
      commit()
    }
  }

  function finish() {
    const least = shape === 'Point' ? 1 : shape === 'LineString' ? 2 : 3
    if (points.length < least) return
    open = false
    press(undefined)
    commit()
  }

  function press(wanted: Geometry['type'] | undefined) {
    for (const button of tools.querySelectorAll<HTMLButtonElement>('[data-draw]'))
      button.setAttribute('aria-pressed', String(button.dataset.draw === wanted))
  }

  /** From the drawing to the text. An unfinished area is already sent as far as it is one. */
  function commit() {
    const geometry = geometryOf(shape, points, accuracy)
    text.value = geometry ? JSON.stringify(geometry) : ''
    text.dispatchEvent(new Event('input', { bubbles: true }))
    paint()
    tell(geometry)
  }

  /** From the text to the drawing. */
  function read(move: boolean) {
    const given = text.value.trim()
    const geometry = given ? geometryFrom(given) : undefined
    if (given && !geometry) {
      says.textContent = words.unreadable!
      return
    }
    open = false
    accuracy = geometry?.type === 'Point' ? geometry.accuracy : undefined
    if (!geometry) points = []
    else {
      shape = geometry.type
      const all =
        geometry.type === 'Point'
          ? [geometry.coordinates]
          : geometry.type === 'LineString'
            ? geometry.coordinates
            : geometry.coordinates[0]!.slice(0, -1)
      points = all.map(([lng, lat]) => L.latLng(lat, lng))
      if (!given.startsWith('{')) text.value = JSON.stringify(geometry)
      if (move) map.fitBounds(L.latLngBounds(points).pad(0.6), { maxZoom: 15, animate: false })
    }
    paint()
    tell(geometry)
  }

  function tell(geometry: Geometry | undefined) {
    if (open) return
    if (!geometry) says.textContent = words.empty!
    else if (geometry.type === 'Polygon')
      says.textContent = `${words.drawn} · ${words.area} ${areaText(areaOf(geometry), words)}`
    else if (geometry.type === 'LineString')
      says.textContent = `${words.drawn} · ${words.length} ${lengthText(
        points.slice(1).reduce((sum, each, i) => sum + each.distanceTo(points[i]!), 0),
        words,
      )}`
    else
      says.textContent = `${words.drawn} · ${geometry.coordinates.map((each) => each.toFixed(5)).join(', ')}${geometry.accuracy ? ` · ±${geometry.accuracy} ${words.metres}` : ''}`
  }

  function paint() {
    drawing.clearLayers()
    const style = {
      color: '#1a5fb4',
      weight: 2.5,
      fillOpacity: 0.15,
      dashArray: open ? '6 5' : undefined,
      interactive: false,
    }
    if (shape === 'LineString' && points.length > 1) drawing.addLayer(L.polyline(points, style))
    if (shape === 'Polygon' && points.length > 1)
      drawing.addLayer(points.length > 2 ? L.polygon(points, style) : L.polyline(points, style))
    for (const [i, each] of points.entries()) drawing.addLayer(corner(each, i))
    if (!open && shape !== 'Point')
      for (const [i, each] of points.entries()) {
        const next = points[i + 1] ?? (shape === 'Polygon' ? points[0] : undefined)
        if (next && points.length > 1) drawing.addLayer(between(each, next, i))
      }
  }

  function corner(at: LatLng, i: number): Marker {
    const marker = handle(at, 'map-corner', 16)
    marker.on('drag', () => {
      points[i] = marker.getLatLng()
    })
    marker.on('dragend', () => {
      accuracy = undefined
      commit()
    })
    // The first corner closes an area, as people expect.
    marker.on('click', () => {
      if (open && i === 0 && points.length > 2) finish()
    })
    return marker
  }

  /** Dragging the middle of an edge makes a corner of it. */
  function between(a: LatLng, b: LatLng, i: number): Marker {
    const marker = handle(L.latLng((a.lat + b.lat) / 2, (a.lng + b.lng) / 2), 'map-corner map-corner-mid', 11)
    marker.on('dragend', () => {
      points.splice(i + 1, 0, marker.getLatLng())
      commit()
    })
    return marker
  }
}

const handle = (at: LatLng, className: string, size: number): Marker =>
  L.marker(at, { draggable: true, keyboard: false, icon: L.divIcon({ className, iconSize: [size, size] }) })

function geometryOf(shape: Geometry['type'], points: LatLng[], accuracy?: number): Geometry | undefined {
  // Seven decimals are a centimetre.
  const all = points.map((each): Position => [Number(each.lng.toFixed(7)), Number(each.lat.toFixed(7))])
  if (shape === 'Point')
    return all[0] && { type: 'Point', coordinates: all[0], ...(accuracy && { accuracy }) }
  if (shape === 'LineString') return all.length >= 2 ? { type: 'LineString', coordinates: all } : undefined
  return all.length >= 3 ? { type: 'Polygon', coordinates: [[...all, all[0]!]] } : undefined
}

function geometryFrom(given: string): Geometry | undefined {
  try {
    const value = JSON.parse(given)
    return isGeometry(value) ? value : undefined
  } catch {
    const [a, b] = given.split(/[,, ]+/).map(Number)
    if (!Number.isFinite(a) || !Number.isFinite(b)) return undefined
    const geometry = { type: 'Point', coordinates: a! > b! ? [a, b] : [b, a] }
    return isGeometry(geometry) ? geometry : undefined
  }
}
