import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { hexTypes } from '../modules/sensing/decoding.ts'
import type { Decoder } from './decoder.ts'
import { decoders, json } from './decoders.ts'

const arrived = Date.parse('2026-03-05T09:12:00+08:00')

function read(decode: Decoder, payload: string | Uint8Array, tail = 'readings') {
  const said: [string, number, number][] = []
  const fault = decode(Buffer.from(payload as string), tail, arrived, (metric, at, value) =>
    said.push([metric, at, value]),
  )
  return { said, fault: fault?.fault, why: fault?.reason.zh }
}

test('a reading carries its own time, as ISO 8601, milliseconds or seconds', () => {
  const at = arrived - 60_000
  for (const written of [
    `"${new Date(at).toISOString()}"`,
    '"2026-03-05T09:11:00+08:00"',
    '"2026-03-05 09:11:00"',
    String(at),
    String(at / 1000),
  ])
    expect(read(json, `{"at": ${written}, "values": {"water-level": 31.2}}`)).toEqual({
      said: [['water-level', at, 31.2]],
      fault: undefined,
      why: undefined,
    })
})

test('without a time the moment of arrival stands; null is «not measured»', () => {
  expect(read(json, '{"values": {"water-level": 31.2, "rainfall": null}}').said).toEqual([
    ['water-level', arrived, 31.2],
  ])
})

test('an array is many readings; one bad among them spoils only itself', () => {
  const { said, fault } = read(
    json,
    `[{"at": ${arrived - 2}, "values": {"ph": 7.1}}, {"at": ${arrived - 1}, "values": {"ph": "7.1"}}, {"at": ${arrived}, "values": {"ph": 7.2}}]`,
  )
  expect(said.map((each) => each[2])).toEqual([7.1, 7.2])
  expect(fault).toBe('value')
})

test('a clock eight hours ahead is named as such, and so is one that fell back to 1970', () => {
  expect(read(json, `{"at": ${arrived + 8 * 3_600_000}, "values": {"ph": 7}}`)).toEqual({
    said: [],
    fault: 'time',
    why: '设备时间比本机快 8 小时,请校准设备时钟',
  })
  expect(read(json, '{"at": "1970-01-01T00:03:00Z", "values": {"ph": 7}}')).toMatchObject({
    said: [],
    fault: 'time',
  })
  expect(read(json, '{"at": "yesterday", "values": {"ph": 7}}').why).toContain('读不懂')
})

test('values no sensor can measure are kept aside', () => {
  for (const [metric, value] of [
    ['ph', 15],
    ['soil-moisture', -1],
    ['water-level', '"31"'],
    ['water-level', 'true'],
    ['battery', '{}'],
  ])
    expect(read(json, `{"values": {"${metric}": ${value}}}`)).toMatchObject({ said: [], fault: 'value' })
  expect(read(json, '{"values": {"own-metric": -99999}}').said).toEqual([['own-metric', arrived, -99999]])
})

test('what is not a reading at all says so', () => {
  for (const payload of [
    '',
    'hello',
    'null',
    '[]',
    '{}',
    '{"values": 3}',
    '{"values": []}',
    '{"values": {}}',
    '31.2',
    '"31.2"',
  ])
    expect(read(json, payload)).toMatchObject({ said: [], fault: 'unreadable' })
})

test('a plain value topic: the metric is the last part of the topic, a unit is dropped', () => {
  const value = decoders.value!(undefined)
  expect(read(value, ' 31.2 ', 'water-level').said).toEqual([['water-level', arrived, 31.2]])
  expect(read(value, '45%', 'humidity').said).toEqual([['humidity', arrived, 45]])
  expect(read(value, '1,234', 'flow').fault).toBe('unreadable')
  expect(read(decoders.value!('rainfall'), '0.5', 'x/y').said).toEqual([['rainfall', arrived, 0.5]])
})

test('JSON paths lead into a vendor’s payload', () => {
  const decode = decoders.paths!(
    '{"at": "d.t", "values": {"water-level": "d.v[0].level", "battery": "d.mv"}, "scale": {"battery": 0.001}}',
  )
  const { said, fault } = read(
    decode,
    `{"d": {"t": ${arrived - 1000}, "v": [{"level": "31.25"}], "mv": 3612}}`,
  )
  expect(fault).toBeUndefined()
  expect(said).toEqual([
    ['water-level', arrived - 1000, 31.25],
    ['battery', arrived - 1000, 3.612],
  ])
  expect(read(decode, '{"d": {}}').fault).toBe('unreadable')
  expect(read(decode, '{"d": {"constructor": 1, "t": 5e9}}').fault).toBe('time')
  expect(() => decoders.paths!('no')).toThrow('取值说明不是 JSON')
})

test('a hex frame gives its numbers by place, type, scale and offset', () => {
  const decode = decoders.hex!(
    '{"length": 6, "values": {"water-level": {"from": 0, "type": "u16be", "scale": 0.01}, "air-temperature": {"from": 2, "type": "i16le", "scale": 0.1, "add": -40}}}',
  )
  const frame = Buffer.from([0x0c, 0x30, 0x58, 0x02, 0, 0])
  for (const payload of [frame, '0C305802 0000'])
    expect(read(decode, payload).said).toEqual([
      ['water-level', arrived, 31.2],
      ['air-temperature', arrived, 20],
    ])
  expect(read(decode, '0c30').why).toBe('帧长应为 6 字节,收到 2 字节')
})

test('the form that checks a decoding knows the types the decoder knows', () => {
  for (const type of hexTypes)
    expect(() => decoders.hex!(JSON.stringify({ values: { ph: { from: 0, type } } }))).not.toThrow()
  expect(() => decoders.hex!('{"values": {"ph": {"from": 0, "type": "u24"}}}')).toThrow('u24')
})

test('no payload makes a decoder throw, and what it says is always a number at a possible time', () => {
  const all = [
    json,
    decoders.value!(undefined),
    decoders.paths!('{"at": "at", "values": {"ph": "values.ph"}}'),
    decoders.hex!('{"values": {"ph": {"from": 1, "type": "f32be"}}}'),
  ]
  const payloads = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .record({ at: fc.anything(), values: fc.dictionary(fc.string(), fc.anything()) })
      .map((body) =>
        Buffer.from(
          JSON.stringify(body, (_, each) => (typeof each === 'bigint' ? String(each) : each)) ?? '',
        ),
      ),
  )
  fc.assert(
    fc.property(payloads, (payload) => {
      for (const decode of all)
        for (const [metric, at, value] of read(decode, payload).said) {
          expect(metric.length).toBeGreaterThan(0)
          expect(Number.isFinite(value) && Number.isSafeInteger(at) && at <= arrived + 300_000).toBe(true)
        }
    }),
    { numRuns: 500 },
  )
})
