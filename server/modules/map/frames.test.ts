import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Position } from '../../kernel/geo.ts'
import { bdToGcj, fromCounty, gcjToBd, gcjToWgs, toCounty, wgsToGcj } from './frames.ts'

const near = ([x, y]: Position, [ex, ey]: Position, digits = 12) => {
  expect(x).toBeCloseTo(ex, digits)
  expect(y).toBeCloseTo(ey, digits)
}

test('the published vectors come out', () => {
  near(wgsToGcj([116.404, 39.915]), [116.41024449916938, 39.91640428150164])
  near(gcjToBd([116.404, 39.915]), [116.41036949371029, 39.92133699351021])
  near(bdToGcj([116.404, 39.915]), [116.39762729119315, 39.90865673957631])
  near(wgsToGcj([112.35954, 28.84174]), [112.36528041635033, 28.83877061958462])
  near(gcjToBd(wgsToGcj([112.35954, 28.84174])), [112.37185984906176, 28.844533239551815])
})

test('a point from Amap lands where the GPS stood, not a metre beside it', () => {
  const gps: Position = [112.35954, 28.84174]
  near(gcjToWgs(wgsToGcj(gps)), gps, 9)
  // The usual one-step inverse would be this far off:
  const [x, y] = wgsToGcj(gps)
  const [fx, fy] = wgsToGcj([x, y])
  expect(Math.hypot(2 * x - fx - gps[0], 2 * y - fy - gps[1])).toBeGreaterThan(1e-6)
})

test('anywhere in China, there and back is within a millimetre', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 75, max: 134, noNaN: true }),
      fc.double({ min: 18, max: 53, noNaN: true }),
      (lng, lat) => {
        near(gcjToWgs(wgsToGcj([lng, lat])), [lng, lat], 8)
        const there = fromCounty({ type: 'Point', coordinates: [lng, lat] }, 'bd09')
        const back = toCounty(there, 'bd09').coordinates
        // Baidu’s own inverse is an approximation: a few centimetres.
        expect(Math.hypot(back[0] - lng, back[1] - lat)).toBeLessThan(2e-6)
      },
    ),
    { seed: 430981 },
  )
})

test('outside China nothing is shifted', () => {
  expect(wgsToGcj([139.7, 35.7])).toEqual([139.7, 35.7])
  expect(gcjToWgs([139.7, 35.7])).toEqual([139.7, 35.7])
})

test('a plot keeps its shape and its first corner stays its last', () => {
  const plot = {
    type: 'Polygon' as const,
    coordinates: [
      [
        [112.36, 28.84],
        [112.37, 28.84],
        [112.37, 28.85],
        [112.36, 28.84],
      ] as Position[],
    ],
  }
  const moved = toCounty(plot, 'gcj02')
  expect(moved.coordinates[0]).toHaveLength(4)
  expect(moved.coordinates[0]![0]).toEqual(moved.coordinates[0]![3]!)
  expect(toCounty(plot, 'cgcs2000')).toBe(plot)
})
