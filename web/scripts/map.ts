// Maps: the schematic county as the ground, themes above it, the list that follows the view, and drawing a place.

import './leaflet-global.ts'
import 'leaflet.markercluster'
import { carried, whenDrawn } from './drawn.ts'
import { editGeometry } from './geometry.ts'
import { showMap } from './show-map.ts'

whenDrawn('[data-map]', (place) => {
  const data = carried<Parameters<typeof showMap>[1]>(place, 'map')
  if (data) void showMap(place, data)
})
whenDrawn('[data-geometry]', (place) => {
  const data = carried<Parameters<typeof editGeometry>[1]>(place, 'geometry')
  if (data) void editGeometry(place, data)
})
