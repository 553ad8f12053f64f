// Sparkplug B (Eclipse Sparkplug 3.0): metrics in a protobuf payload, named in the birth message and by number (alias)
// afterwards. Only what readings need is read: names, aliases, times and numbers.

import type { Decoder, Fault } from './decoder.ts'

interface SparkMetric {
  name?: string
  alias?: number
  at?: number
  value?: number
  nothing?: boolean
}

/** `{"values": {"water-level": "Level", "battery": 7}}`: our metric → its name or alias there. Without it, all numbers by their names. */
export function sparkplug(
  decoding: string | undefined,
  tools: {
    momentOf: (written: unknown, arrived: number) => number | Fault
    sound: (metric: string, value: unknown) => Fault | undefined
  },
): Decoder {
  const wanted = decoding?.trim()
    ? (JSON.parse(decoding) as { values?: Record<string, string | number> }).values
    : undefined
  const ours = wanted && new Map(Object.entries(wanted).map(([metric, theirs]) => [theirs, metric]))
  const names = new Map<number, string>()

  return (payload, tail, arrived, say) => {
    if (/\/[ND]DEATH(\/|$)/.test(tail)) return undefined
    let message: { at?: number; metrics: SparkMetric[] }
    try {
      message = readPayload(payload)
    } catch {
      return { fault: 'unreadable', reason: { zh: '不是 Sparkplug B 报文', en: 'not a Sparkplug B payload' } }
    }
    let fault: Fault | undefined
    for (const each of message.metrics) {
      if (each.name !== undefined && each.alias !== undefined) names.set(each.alias, each.name)
      if (each.nothing || each.value === undefined) continue
      const name = each.name ?? (each.alias === undefined ? undefined : names.get(each.alias))
      const metric = ours
        ? (ours.get(name ?? '') ?? (each.alias === undefined ? undefined : ours.get(each.alias)))
        : name && plainName(name)
      if (metric === undefined) {
        // A metric we were not asked to keep is no fault; a number without a name is.
        if (!ours && name === undefined)
          fault = {
            fault: 'unreadable',
            reason: {
              zh: `别名 ${each.alias} 还没有对应的名称,等设备重新上线(BIRTH)后可读`,
              en: `alias ${each.alias} has no name yet; readable after the next birth message`,
            },
          }
        continue
      }
      if (metric === '') continue
      const at = tools.momentOf(each.at ?? message.at, arrived)
      if (typeof at !== 'number') {
        fault = at
        continue
      }
      const wrong = tools.sound(metric, each.value)
      if (wrong) fault = wrong
      else say(metric, at, each.value)
    }
    return fault
  }
}

/** Names there are paths; the protocol's own metrics are not measurements. */
const plainName = (name: string): string =>
  name === 'bdSeq' || /^(Node|Device) Control\//.test(name)
    ? ''
    : name.replaceAll(/[\s/+#]+/g, '-').slice(0, 64)

function readPayload(bytes: Uint8Array): { at?: number; metrics: SparkMetric[] } {
  const message: { at?: number; metrics: SparkMetric[] } = { metrics: [] }
  for (const { field, number, slice } of fields(bytes)) {
    if (field === 1 && number !== undefined) message.at = Number(number)
    if (field === 2 && slice) message.metrics.push(readMetric(slice))
  }
  return message
}

function readMetric(bytes: Uint8Array): SparkMetric {
  const metric: SparkMetric = {}
  let type = 0
  let whole: bigint | undefined
  for (const { field, number, slice } of fields(bytes)) {
    const view = slice && new DataView(slice.buffer, slice.byteOffset, slice.byteLength)
    if (field === 1 && slice) metric.name = strict.decode(slice)
    if (field === 2) metric.alias = Number(number)
    if (field === 3) metric.at = Number(number)
    if (field === 4) type = Number(number)
    if (field === 7) metric.nothing = number !== 0n
    if (field === 10 || field === 11) whole = number
    if (field === 12) metric.value = Number(view!.getFloat32(0, true).toPrecision(7))
    if (field === 13) metric.value = view!.getFloat64(0, true)
    if (field === 14) metric.value = number === 0n ? 0 : 1
  }
  // Signed whole numbers travel as two's complement of 32 or 64 bits; types 1 to 4 are Int8 to Int64.
  if (whole !== undefined)
    metric.value = Number(
      type >= 1 && type <= 3 ? BigInt.asIntN(32, whole) : type === 4 ? BigInt.asIntN(64, whole) : whole,
    )
  return metric
}

/** The fields of a protobuf message. Throws when the bytes are not one. */
function* fields(bytes: Uint8Array): Generator<{ field: number; number?: bigint; slice?: Uint8Array }> {
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) break
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return BigInt.asUintN(64, value)
    }
    throw new Error('broken number')
  }
  const take = (length: number): Uint8Array => {
    if (length < 0 || at + length > bytes.length) throw new Error('cut short')
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const key = Number(varint())
    const field = key >>> 3
    const wire = key & 7
    if (field === 0) throw new Error('no field')
    if (wire === 0) yield { field, number: varint() }
    else if (wire === 1) yield { field, slice: take(8) }
    else if (wire === 2) yield { field, slice: take(Number(varint())) }
    else if (wire === 5) yield { field, slice: take(4) }
    else throw new Error('unknown wire type')
  }
}

const strict = new TextDecoder('utf-8', { fatal: true })
