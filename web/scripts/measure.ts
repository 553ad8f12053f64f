// Distance along the clicks, and area once there are three: for a first idea, not for a contract.

import type { LatLng, Map as LeafletMap, LeafletMouseEvent } from 'leaflet'
import { areaOf } from '../../server/kernel/geo.ts'
import type { MapWords } from './ground.ts'
import L from './leaflet-global.ts'

let stop: (() => void) | undefined

export function measuring(map: LeafletMap, button: HTMLButtonElement, words: MapWords) {
  if (stop) return stop()
  const points: LatLng[] = []
  const line = L.polyline([], { color: '#7a1fa2', weight: 2, dashArray: '6 5' }).addTo(map)
  const label = L.popup({ closeButton: false, autoClose: false, closeOnClick: false, autoPan: false })
  const click = (event: LeafletMouseEvent) => {
    points.push(event.latlng)
    line.setLatLngs(points)
    label.setLatLng(event.latlng).setContent(extent(points, words)).openOn(map)
  }
  button.setAttribute('aria-pressed', 'true')
  map.getContainer().classList.add('leaflet-crosshair')
  map.on('click', click)
  stop = () => {
    map.off('click', click)
    line.remove()
    label.remove()
    button.setAttribute('aria-pressed', 'false')
    stop = undefined
  }
}

export function extent(points: LatLng[], words: MapWords): string {
  const length = points.slice(1).reduce((sum, point, i) => sum + point.distanceTo(points[i]!), 0)
  const parts = [`${words.length} ${lengthText(length, words)}`]
  if (points.length > 2) {
    const ring = [...points, points[0]!].map((each) => [each.lng, each.lat] as [number, number])
    parts.push(`${words.area} ${areaText(areaOf({ type: 'Polygon', coordinates: [ring] }), words)}`)
  }
  return parts.join(' · ')
}

export const lengthText = (metres: number, words: MapWords) =>
  metres < 1000
    ? `${Math.round(metres)} ${words.metres}`
    : `${(metres / 1000).toFixed(2)} ${words.kilometres}`

/** 1 mu = 2000/3 square metres. */
export const areaText = (square: number, words: MapWords) =>
  `${((square * 3) / 2000).toLocaleString('en-US', { maximumFractionDigits: 1 })} ${words.mu}`
