// How devices write their readings down. A decoder says each reading it finds and answers with the fault it met, if
// any: what could be read is stored, and the whole payload goes to quarantine with the reason. A decoder never throws
// for what a device sent.

import { metricOf } from '../modules/sensing/dataset.ts'
import type { Decoder, Fault, Say } from './decoder.ts'
import { sparkplug } from './sparkplug.ts'

/** Makes a decoder from a sensor's `decoding` text. Throws a sentence when that cannot be understood. */
export type DecoderMaker = (decoding: string | undefined) => Decoder

/** Ahead of the box by more than this is a wrong clock, not a reading of the future. */
export const ahead = 5 * 60_000
/** Before this no sensor of ours existed: a clock that fell back to its epoch. */
export const earliest = Date.UTC(2015, 0, 1)

export const decoders: Record<string, DecoderMaker> = {
  json: () => json,
  value: (decoding) => plainValue(decoding),
  paths: (decoding) => jsonPaths(decoding),
  hex: (decoding) => hexFrame(decoding),
  sparkplug: (decoding) => sparkplug(decoding, { momentOf, sound }),
}

/** `{"at": …, "values": {…}}` or an array of these. */
export const json: Decoder = (payload, _tail, arrived, say) => {
  const body = parsed(payload)
  if (body === undefined) return notJson
  if (!Array.isArray(body)) return one(body, arrived, say)
  let fault: Fault | undefined
  for (const each of body) fault = one(each, arrived, say) ?? fault
  return body.length ? fault : unreadable('空数组,没有监测值', 'an empty array: no readings')
}

function one(body: any, arrived: number, say: Say): Fault | undefined {
  const values = body?.values
  if (values === null || typeof values !== 'object' || Array.isArray(values))
    return unreadable(
      '缺少 values,应写成 {"at": …, "values": {"water-level": 31.2}}',
      'no "values"; expected {"at": …, "values": {"water-level": 31.2}}',
    )
  const at = momentOf(body.at, arrived)
  if (typeof at !== 'number') return at
  let fault: Fault | undefined
  let some = false
  for (const metric in values) {
    some = true
    const value = values[metric]
    // null is how many devices write «not measured this time».
    if (value === null) continue
    const wrong = sound(metric, value)
    if (wrong) fault = wrong
    else say(metric, at, value)
  }
  return some ? fault : unreadable('values 是空的', '"values" is empty')
}

/** The payload is the number; the metric is the last part of the topic (`xh/v1/WL-001/water-level`) or the decoding. */
function plainValue(decoding: string | undefined): Decoder {
  const fixed = decoding?.trim()
  return (payload, tail, arrived, say) => {
    const written = textOf(payload)?.trim()
    // «45%» and «31.2 m» occur: the unit is dropped, the number is not guessed.
    const match = written && /^([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*[^\d\s.,]{0,8}$/i.exec(written)
    if (!match) return unreadable('不是一个数值', 'not a plain number')
    const metric = fixed || tail.slice(tail.lastIndexOf('/') + 1)
    const value = Number(match[1])
    const fault = sound(metric, value)
    if (!fault) say(metric, arrived, value)
    return fault
  }
}

/** `{"at": "data.time", "values": {"water-level": "data.level", "battery": "data.list[0].v"}, "scale": {"battery": 0.001}}` */
function jsonPaths(decoding: string | undefined): Decoder {
  const {
    at,
    values,
    scale = {},
  } = instructions<{ at?: string; values: Record<string, string>; scale?: Record<string, number> }>(decoding)
  if (!values || typeof values !== 'object') throw new Error('取值说明缺少 values(指标 → 路径)')
  const paths = Object.entries(values).map(([metric, path]) => ({
    metric,
    path: steps(path),
    scale: scale[metric] ?? 1,
  }))
  const time = at === undefined ? undefined : steps(at)
  return (payload, _tail, arrived, say) => {
    const body = parsed(payload)
    if (body === undefined) return notJson
    const moment = time ? momentOf(follow(body, time), arrived) : arrived
    if (typeof moment !== 'number') return moment
    let fault: Fault | undefined
    let some = false
    for (const each of paths) {
      const found = follow(body, each.path)
      if (found === undefined || found === null) continue
      some = true
      const value =
        typeof found === 'string' && found.trim() !== ''
          ? Number(found) * each.scale
          : typeof found === 'number'
            ? found * each.scale
            : Number.NaN
      const wrong = sound(each.metric, value)
      if (wrong) fault = wrong
      else say(each.metric, moment, Number(value.toPrecision(12)))
    }
    return some ? fault : unreadable(`按取值路径没有找到任何值`, 'none of the paths leads to a value')
  }
}

/** `{"values": {"water-level": {"from": 3, "type": "u16be", "scale": 0.01, "add": 0}}, "length": 8}`; bytes, or hex text. */
function hexFrame(decoding: string | undefined): Decoder {
  type Slot = { from: number; type: string; scale?: number; add?: number }
  const { values, length } = instructions<{ values: Record<string, Slot>; length?: number }>(decoding)
  if (!values || typeof values !== 'object') throw new Error('取值说明缺少 values(指标 → 位置)')
  const slots = Object.entries(values)
  for (const [metric, slot] of slots)
    if (!Object.hasOwn(readers, slot.type))
      throw new Error(`${metric}:不认识的类型「${slot.type}」,可用 ${Object.keys(readers).join('、')}`)
  return (payload, _tail, arrived, say) => {
    const written = textOf(payload)?.replaceAll(/\s/g, '')
    const bytes =
      written && written.length % 2 === 0 && /^[0-9a-f]+$/i.test(written)
        ? Buffer.from(written, 'hex')
        : Buffer.from(payload)
    if (length !== undefined && bytes.length !== length)
      return unreadable(
        `帧长应为 ${length} 字节,收到 ${bytes.length} 字节`,
        `a frame has ${length} bytes, this one ${bytes.length}`,
      )
    let fault: Fault | undefined
    for (const [metric, slot] of slots) {
      const reader = readers[slot.type]!
      if (slot.from + reader.bytes > bytes.length) {
        fault = unreadable(`帧太短,读不到 ${metric}`, `the frame is too short for ${metric}`)
        continue
      }
      const value = Number(
        (reader.read(bytes, slot.from) * (slot.scale ?? 1) + (slot.add ?? 0)).toPrecision(12),
      )
      const wrong = sound(metric, value)
      if (wrong) fault = wrong
      else say(metric, arrived, value)
    }
    return fault
  }
}

const readers: Record<string, { bytes: number; read: (bytes: Buffer, from: number) => number }> = {
  u8: { bytes: 1, read: (b, i) => b.readUInt8(i) },
  i8: { bytes: 1, read: (b, i) => b.readInt8(i) },
  u16be: { bytes: 2, read: (b, i) => b.readUInt16BE(i) },
  u16le: { bytes: 2, read: (b, i) => b.readUInt16LE(i) },
  i16be: { bytes: 2, read: (b, i) => b.readInt16BE(i) },
  i16le: { bytes: 2, read: (b, i) => b.readInt16LE(i) },
  u32be: { bytes: 4, read: (b, i) => b.readUInt32BE(i) },
  u32le: { bytes: 4, read: (b, i) => b.readUInt32LE(i) },
  i32be: { bytes: 4, read: (b, i) => b.readInt32BE(i) },
  i32le: { bytes: 4, read: (b, i) => b.readInt32LE(i) },
  f32be: { bytes: 4, read: (b, i) => b.readFloatBE(i) },
  f32le: { bytes: 4, read: (b, i) => b.readFloatLE(i) },
}

/** The moment a device means: ISO 8601, epoch ms, or epoch seconds, which cannot be mistaken for ms after 1973. */
export function momentOf(written: unknown, arrived: number): number | Fault {
  if (written === undefined || written === null) return arrived
  let at = Number.NaN
  if (typeof written === 'number') at = Math.round(written > 0 && written < 1e11 ? written * 1000 : written)
  // A time without a zone is county time: devices here are set to it.
  else if (typeof written === 'string')
    at = Date.parse(
      /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(written)
        ? `${written.replace(' ', 'T')}+08:00`
        : written,
    )
  // Beyond what a calendar holds is as unreadable as no number at all.
  if (!(Math.abs(at) <= 8.64e15))
    return {
      fault: 'time',
      reason: {
        zh: `时间「${short(written)}」读不懂,应为 ISO 8601 或毫秒数`,
        en: `cannot read the time "${short(written)}"; use ISO 8601 or epoch ms`,
      },
    }
  if (at > arrived + ahead)
    return {
      fault: 'time',
      reason: {
        zh: `设备时间比本机快 ${span(at - arrived, 'zh')},请校准设备时钟`,
        en: `the device clock is ${span(at - arrived, 'en')} ahead of this box; set the device clock`,
      },
    }
  if (at < earliest)
    return {
      fault: 'time',
      reason: {
        zh: `设备时间是 ${new Date(at).toISOString()},多半掉电后没有校时`,
        en: `the device says it is ${new Date(at).toISOString()}: it probably lost its clock`,
      },
    }
  return at
}

/** A number a sensor of this kind can say, under a name we can keep. */
function sound(metric: string, value: unknown): Fault | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value))
    return {
      fault: 'value',
      reason: {
        zh: `${metric} 的值「${short(value)}」不是数值`,
        en: `${metric}: "${short(value)}" is not a number`,
      },
    }
  if (!checkedNames.has(metric)) {
    if (metric.length === 0 || metric.length > 64 || /[\s\p{Cc}/+#]/u.test(metric))
      return {
        fault: 'value',
        reason: {
          zh: `指标名「${short(metric)}」不能用`,
          en: `"${short(metric)}" cannot be the name of a metric`,
        },
      }
    if (checkedNames.size < 1000) checkedNames.set(metric, metricOf(metric).possible)
  }
  const [least, most] = checkedNames.get(metric) ?? metricOf(metric).possible
  if (value < least || value > most)
    return {
      fault: 'value',
      reason: {
        zh: `${metricOf(metric).zh} ${value} 不可能出现(${least} 到 ${most}),请检查设备`,
        en: `${metricOf(metric).en} ${value} is not possible (${least} to ${most}); check the device`,
      },
    }
  return undefined
}
const checkedNames = new Map<string, readonly [number, number]>()

const parsed = (payload: Uint8Array): any => {
  try {
    const body = JSON.parse((payload as Buffer).toString('utf8'))
    return body === null ? undefined : body
  } catch {
    return undefined
  }
}

const textOf = (payload: Uint8Array): string | undefined => {
  try {
    return strict.decode(payload)
  } catch {
    return undefined
  }
}
const strict = new TextDecoder('utf-8', { fatal: true })

function instructions<T>(decoding: string | undefined): T {
  try {
    return JSON.parse(decoding ?? '') as T
  } catch {
    throw new Error('取值说明不是 JSON')
  }
}

const steps = (path: string): (string | number)[] =>
  [...path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map((match) =>
    match[2] === undefined ? match[1]! : Number(match[2]),
  )
const follow = (body: any, path: (string | number)[]): unknown =>
  path.reduce(
    (at, step) => (at !== null && typeof at === 'object' && Object.hasOwn(at, step) ? at[step] : undefined),
    body,
  )

const unreadable = (zh: string, en: string): Fault => ({ fault: 'unreadable', reason: { zh, en } })
const notJson = unreadable('报文不是 JSON', 'the payload is not JSON')
const short = (value: unknown) => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
const span = (ms: number, lang: 'zh' | 'en') => {
  const [n, zh, en] =
    ms < 7_200_000
      ? [ms / 60_000, '分钟', 'minutes']
      : ms < 172_800_000
        ? [ms / 3_600_000, '小时', 'hours']
        : [ms / 86_400_000, '天', 'days']
  return `${Math.round(n as number)} ${lang === 'zh' ? zh : en}`
}
