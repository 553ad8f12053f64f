import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { decoders } from './decoders.ts'

const arrived = Date.parse('2026-03-05T09:12:00+08:00')

// A payload as the specification writes it down, made here by hand.
const varint = (value: number | bigint): number[] => {
  const out: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128)
  return [...out, Number(rest)]
}
const bytes = (field: number, content: number[]) => [
  ...varint((field << 3) | 2),
  ...varint(content.length),
  ...content,
]
const number = (field: number, value: number | bigint) => [...varint(field << 3), ...varint(value)]
const text = (field: number, value: string) => bytes(field, [...new TextEncoder().encode(value)])
const float = (field: number, value: number) => [
  ...varint((field << 3) | 5),
  ...new Uint8Array(new Float32Array([value]).buffer),
]
const double = (field: number, value: number) => [
  ...varint((field << 3) | 1),
  ...new Uint8Array(new Float64Array([value]).buffer),
]
const payload = (...metrics: number[][]) =>
  Buffer.from([...number(1, arrived - 1000), ...metrics.flatMap((each) => bytes(2, each)), ...number(3, 0)])

function reader(decoding?: string) {
  const decode = decoders.sparkplug!(decoding)
  return (body: Uint8Array, kind = 'DDATA') => {
    const said: [string, number, number][] = []
    const fault = decode(
      body as Buffer,
      `spBv1.0/yuanjiang/${kind}/edge/gauge`,
      arrived,
      (metric, at, value) => said.push([metric, at, value]),
    )
    return { said, why: fault?.reason.zh }
  }
}

test('a birth names its metrics, and data speak by number afterwards', () => {
  const read = reader()
  const birth = payload(
    [...text(1, 'Level/Upstream'), ...number(2, 7), ...number(4, 10), ...double(13, 31.25)],
    [
      ...text(1, 'Temp'),
      ...number(2, 8),
      ...number(3, arrived - 5),
      ...number(4, 3),
      ...number(10, 0xffff_fffe),
    ],
    [...text(1, 'Node Control/Rebirth'), ...number(4, 11), ...number(14, 0)],
    [...text(1, 'bdSeq'), ...number(4, 4), ...number(11, 3)],
  )
  expect(read(payload([...number(2, 7), ...float(12, 31.5)])).why).toContain('别名 7')
  expect(read(birth, 'DBIRTH').said).toEqual([
    ['Level-Upstream', arrived - 1000, 31.25],
    ['Temp', arrived - 5, -2],
  ])
  expect(read(payload([...number(2, 7), ...float(12, 31.5)], [...number(2, 8), ...number(7, 1)]))).toEqual({
    said: [['Level-Upstream', arrived - 1000, 31.5]],
    why: undefined,
  })
  expect(read(payload(), 'DDEATH')).toEqual({ said: [], why: undefined })
})

test('a list of what to keep gives our names, by theirs or by number, and the rest is left', () => {
  const read = reader('{"values": {"water-level": "Level", "battery": 9}}')
  expect(
    read(
      payload(
        [...text(1, 'Level'), ...double(13, 31)],
        [...number(2, 9), ...float(12, 3.6)],
        [...text(1, 'Noise'), ...double(13, 1)],
      ),
    ).said,
  ).toEqual([
    ['water-level', arrived - 1000, 31],
    ['battery', arrived - 1000, 3.6],
  ])
})

test('whatever bytes come, it answers and never throws', () => {
  const read = reader()
  expect(read(Buffer.from('{"at": 1}')).why).toBe('不是 Sparkplug B 报文')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (body) =>
      read(body).said.every(([, at, value]) => Number.isSafeInteger(at) && Number.isFinite(value)),
    ),
    { numRuns: 1000 },
  )
})
