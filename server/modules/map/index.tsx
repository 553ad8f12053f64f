import type { Module } from '../../http/module.ts'
import { layerOf, showMap } from './one-map.tsx'

/** 一张图: everything that has a place, of every matter, on one map. */
export const map: Module = {
  name: 'map',
  title: { zh: '一张图', en: 'One map' },
  menu: [{ place: 'map', title: { zh: '一张图', en: 'One map' }, path: '/map' }],
  pages(app) {
    app.get('/map', showMap)
    app.get('/map/layers/:dataset', layerOf)
  },
}
