// Geometry as GeoJSON (RFC 7946), longitude first, one frame: CGCS2000 geographic (EPSG:4490), equal to WGS 84 at metre level.

export type Position = [number, number]
export type Geometry =
  /** `accuracy`: metres, as the positioning said (a foreign member, RFC 7946 6.1); absent when picked on the map. */
  | { type: 'Point'; coordinates: Position; accuracy?: number }
  | { type: 'LineString'; coordinates: Position[] }
  | { type: 'Polygon'; coordinates: Position[][] }

/** `[west, south, east, north]` in degrees. */
export type Box = [number, number, number, number]

export function positions(geometry: Geometry): Position[] {
  if (geometry.type === 'Point') return [geometry.coordinates]
  if (geometry.type === 'LineString') return geometry.coordinates
  return geometry.coordinates.flat()
}

export function bounds(geometry: Geometry): Box {
  const all = positions(geometry)
  const [lng, lat] = [all.map((each) => each[0]), all.map((each) => each[1])]
  return [Math.min(...lng), Math.min(...lat), Math.max(...lng), Math.max(...lat)]
}

export function isGeometry(
  value: unknown,
  kinds: readonly Geometry['type'][] = ['Point', 'LineString', 'Polygon'],
): value is Geometry {
  const geometry = value as Geometry | null
  if (
    !geometry ||
    typeof geometry !== 'object' ||
    !kinds.includes(geometry.type) ||
    !Array.isArray(geometry.coordinates)
  )
    return false
  try {
    const all = positions(geometry)
    if (all.length === 0 || !all.every(isPosition)) return false
    if (geometry.type === 'LineString') return all.length >= 2
    if (geometry.type === 'Polygon')
      return geometry.coordinates.every((ring) => ring.length >= 4 && String(ring[0]) === String(ring.at(-1)))
    return true
  } catch {
    return false
  }
}

const isPosition = (p: unknown): boolean =>
  Array.isArray(p) &&
  p.length >= 2 &&
  Number.isFinite(p[0]) &&
  Number.isFinite(p[1]) &&
  Math.abs(p[0]) <= 180 &&
  Math.abs(p[1]) <= 90

/** Area in square metres on the sphere (exact for the sphere of radius 6,371,008.8 m; within 0.5 % of the ellipsoid). */
export function areaOf(geometry: Geometry): number {
  if (geometry.type !== 'Polygon') return 0
  const rad = Math.PI / 180
  const ring = (points: Position[]) => {
    let sum = 0
    for (let i = 0; i + 1 < points.length; i++) {
      const [a, b] = [points[i]!, points[i + 1]!]
      sum += (b[0] - a[0]) * rad * (2 + Math.sin(a[1] * rad) + Math.sin(b[1] * rad))
    }
    return Math.abs((sum * 6371008.8 ** 2) / 2)
  }
  const [outer, ...holes] = geometry.coordinates.map(ring)
  return (outer ?? 0) - holes.reduce((total, each) => total + each, 0)
}
