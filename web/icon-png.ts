// The icon as pixels, from the same icon.svg, without a browser or a native library: the drawing is one square and a few
// strokes of one width, so the distance of a pixel to the nearest stroke says how white it is.

import { crc32, deflateSync } from 'node:zlib'

type Point = [number, number]

export function iconPng(svg: string, size: number, { whole = false } = {}): Uint8Array {
  const ground = colour(/<rect[^>]*fill="(#[0-9a-f]{6})"/i.exec(svg)![1]!)
  const corner = whole ? 0 : Number(/<rect[^>]*rx="([\d.]+)"/.exec(svg)![1])
  const box = Number(/viewBox="0 0 ([\d.]+)/.exec(svg)![1])
  const half = Number(/stroke-width="([\d.]+)"/.exec(svg)![1]) / 2
  const strokes = [...svg.matchAll(/<path d="([^"]+)"/g)].flatMap((each) => linesOf(each[1]!))
  // A shape cut out by the phone leaves the inner four fifths.
  const [scale, middle] = [whole ? 0.8 : 1, box / 2]
  const pixel = box / size
  const rows = Buffer.alloc(size * (size * 4 + 1))
  for (let row = 0, at = 0; row < size; row++) {
    rows[at++] = 0
    for (let column = 0; column < size; column++) {
      const [x, y] = [(column + 0.5) * pixel, (row + 0.5) * pixel]
      const drawn: Point = [middle + (x - middle) / scale, middle + (y - middle) / scale]
      const nearest = Math.sqrt(strokes.reduce((least, line) => Math.min(least, far(drawn, line)), Infinity))
      const white = within(half - nearest, pixel / scale)
      for (const part of ground) rows[at++] = Math.round(part + (255 - part) * white)
      rows[at++] = Math.round(255 * within(-outside(x, y, box, corner), pixel))
    }
  }
  return pngOf(rows, size)
}

/** 0 outside, 1 inside, and the share of the pixel at the edge. */
const within = (depth: number, pixel: number) => Math.min(1, Math.max(0, depth / pixel + 0.5))

/** How far outside the rounded square; negative inside. */
function outside(x: number, y: number, box: number, corner: number): number {
  const reach = (at: number) => Math.abs(at - box / 2) - (box / 2 - corner)
  const [dx, dy] = [reach(x), reach(y)]
  return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - corner
}

/** Squared distance of a point to a line. */
function far([x, y]: Point, [[ax, ay], [bx, by]]: [Point, Point]): number {
  const [dx, dy] = [bx - ax, by - ay]
  const along = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)))
  return (x - ax - along * dx) ** 2 + (y - ay - along * dy) ** 2
}

/** The commands our icon uses; another one is a bug to notice at build time. */
function linesOf(path: string): [Point, Point][] {
  const lines: [Point, Point][] = []
  let [at, start, bend]: [Point, Point, Point | undefined] = [[0, 0], [0, 0], undefined]
  const go = (to: Point) => {
    lines.push([at, to])
    at = to
  }
  for (const [, command, text] of path.matchAll(/([a-zA-Z])([^a-zA-Z]*)/g)) {
    const n = (text!.match(/-?\d*\.?\d+/g) ?? []).map(Number)
    const from = (i: number): Point => [at[0] + n[i]!, at[1] + n[i + 1]!]
    if (command === 'M') at = start = [n[0]!, n[1]!]
    else if (command === 'h') go([at[0] + n[0]!, at[1]])
    else if (command === 'v') go([at[0], at[1] + n[0]!])
    else if (command === 'H') go([n[0]!, at[1]])
    else if (command === 'V') go([at[0], n[0]!])
    else if (command === 'z') go(start)
    else if (command === 'c') curve(from(0), from(2), from(4))
    else if (command === 's') curve(bend ? [2 * at[0] - bend[0], 2 * at[1] - bend[1]] : at, from(0), from(2))
    else throw new Error(`icon.svg uses ${command}, which icon-png.ts cannot draw yet`)
  }
  return lines

  function curve(one: Point, two: Point, end: Point) {
    const begin = at
    for (let i = 1; i <= 16; i++) {
      const [t, u] = [i / 16, 1 - i / 16]
      const mix = (k: 0 | 1) =>
        u ** 3 * begin[k] + 3 * u * u * t * one[k] + 3 * u * t * t * two[k] + t ** 3 * end[k]
      go([mix(0), mix(1)])
    }
    bend = two
  }
}

function pngOf(rows: Buffer, size: number): Uint8Array {
  const chunk = (kind: string, content: Buffer) => {
    const body = Buffer.concat([Buffer.from(kind, 'ascii'), content])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(content.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(size, 0)
  head.writeUInt32BE(size, 4)
  head.set([8, 6], 8)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const colour = (hex: string) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16))
