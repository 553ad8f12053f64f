// Coordinate frames that people's data come in. The county stores one: CGCS2000, equal to WGS 84 at metre level. Phones
// and web maps hand out GCJ-02 (shifted by some 500 m here) and BD-09 (shifted once more): an import says which it is,
// and the points are brought home here. Nothing is ever shifted without its frame being named.

import type { Geometry, Position } from '../../kernel/geo.ts'
import type { Words } from '../../kernel/words.ts'

export type Frame = 'cgcs2000' | 'gcj02' | 'bd09'

export const frames: Record<Frame, Words> = {
  cgcs2000: { zh: 'CGCS2000 / WGS 84(测绘、GPS、北斗)', en: 'CGCS2000 / WGS 84 (survey, GPS, BeiDou)' },
  gcj02: { zh: 'GCJ-02(高德、腾讯、微信)', en: 'GCJ-02 (Amap, Tencent, WeChat)' },
  bd09: { zh: 'BD-09(百度)', en: 'BD-09 (Baidu)' },
}

/** A geometry in the county's own frame. */
export function toCounty<G extends Geometry>(geometry: G, from: Frame): G {
  if (from === 'cgcs2000') return geometry
  const home = (point: Position): Position => gcjToWgs(from === 'bd09' ? bdToGcj(point) : point)
  return moved(geometry, home)
}

/** A geometry as a web map in another frame wants it: for showing, never for storing. */
export function fromCounty<G extends Geometry>(geometry: G, to: Frame): G {
  if (to === 'cgcs2000') return geometry
  return moved(geometry, (point) => (to === 'bd09' ? gcjToBd(wgsToGcj(point)) : wgsToGcj(point)))
}

export function wgsToGcj([lng, lat]: Position): Position {
  if (!inChina(lng, lat)) return [lng, lat]
  const [dlng, dlat] = shiftAt(lng, lat)
  return [lng + dlng, lat + dlat]
}

/** By iteration, to a hundredth of a millimetre: the one-step inverse is off by a metre. */
export function gcjToWgs([lng, lat]: Position): Position {
  if (!inChina(lng, lat)) return [lng, lat]
  let home: Position = [lng, lat]
  for (let round = 0; round < 10; round++) {
    const [x, y] = wgsToGcj(home)
    const [dx, dy] = [x - lng, y - lat]
    home = [home[0] - dx, home[1] - dy]
    if (Math.abs(dx) < 1e-10 && Math.abs(dy) < 1e-10) break
  }
  return home
}

export function gcjToBd([x, y]: Position): Position {
  const z = Math.hypot(x, y) + 2e-5 * Math.sin(y * k)
  const theta = Math.atan2(y, x) + 3e-6 * Math.cos(x * k)
  return [z * Math.cos(theta) + 0.0065, z * Math.sin(theta) + 0.006]
}

export function bdToGcj([lng, lat]: Position): Position {
  const [x, y] = [lng - 0.0065, lat - 0.006]
  const z = Math.hypot(x, y) - 2e-5 * Math.sin(y * k)
  const theta = Math.atan2(y, x) - 3e-6 * Math.cos(x * k)
  return [z * Math.cos(theta), z * Math.sin(theta)]
}

const k = (Math.PI * 3000) / 180
// Krasovsky ellipsoid, as the published transformation uses it.
const a = 6378245
const ee = 0.006693421622965943

const inChina = (lng: number, lat: number) =>
  lng >= 72.004 && lng <= 137.8347 && lat >= 0.8293 && lat <= 55.8271

function shiftAt(lng: number, lat: number): [number, number] {
  const [x, y] = [lng - 105, lat - 35]
  const { sin, abs, sqrt, PI } = Math
  const wave = ((20 * sin(6 * PI * x) + 20 * sin(2 * PI * x)) * 2) / 3
  const north =
    -100 +
    2 * x +
    3 * y +
    0.2 * y * y +
    0.1 * x * y +
    0.2 * sqrt(abs(x)) +
    wave +
    ((20 * sin(PI * y) + 40 * sin((PI * y) / 3)) * 2) / 3 +
    ((160 * sin((PI * y) / 12) + 320 * sin((PI * y) / 30)) * 2) / 3
  const east =
    300 +
    x +
    2 * y +
    0.1 * x * x +
    0.1 * x * y +
    0.1 * sqrt(abs(x)) +
    wave +
    ((20 * sin(PI * x) + 40 * sin((PI * x) / 3)) * 2) / 3 +
    ((150 * sin((PI * x) / 12) + 300 * sin((PI * x) / 30)) * 2) / 3
  const rad = (lat * PI) / 180
  const m = 1 - ee * sin(rad) ** 2
  const dlat = (north * 180) / (((a * (1 - ee)) / (m * sqrt(m))) * PI)
  const dlng = (east * 180) / ((a / sqrt(m)) * Math.cos(rad) * PI)
  return [dlng, dlat]
}

function moved<G extends Geometry>(geometry: G, move: (point: Position) => Position): G {
  const walk = (each: unknown): unknown =>
    Array.isArray(each) && typeof each[0] === 'number'
      ? move([each[0], each[1] as number])
      : (each as unknown[]).map(walk)
  return { ...geometry, coordinates: walk(geometry.coordinates) } as G
}
