import type { Words } from '../../kernel/words.ts'

/** Whether the text beside a payload format can be understood; the sentence for the clerk when not. */
export function decodingFault(decoder: string, decoding: string | undefined): Words | undefined {
  // Sparkplug names its metrics itself; what to keep of them may be left out.
  if (decoder !== 'paths' && decoder !== 'hex' && !(decoder === 'sparkplug' && decoding)) return undefined
  const { example, fits } = forms[decoder as keyof typeof forms]
  try {
    const { values } = JSON.parse(decoding ?? '') as { values?: Record<string, unknown> }
    const each = Object.values(values ?? {})
    if (each.length > 0 && each.every(fits)) return undefined
  } catch {
    // Falls through to the sentence.
  }
  return { zh: `取值说明写法如 ${example}`, en: `Write it like ${example}` }
}

const forms = {
  paths: {
    example: '{"at": "time", "values": {"water-level": "data.level"}}',
    fits: (one: any) => typeof one === 'string' && one !== '',
  },
  hex: {
    example: '{"length": 4, "values": {"water-level": {"from": 0, "type": "u16be", "scale": 0.01}}}',
    fits: (one: any) => Number.isSafeInteger(one?.from) && hexTypes.includes(one?.type),
  },
  sparkplug: {
    example: '{"values": {"water-level": "Level", "battery": 7}}',
    fits: (one: any) => (typeof one === 'string' && one !== '') || Number.isSafeInteger(one),
  },
}

/** Shared with server/telemetry/decoders.ts by its test. */
export const hexTypes = [
  'u8',
  'i8',
  'u16be',
  'u16le',
  'i16be',
  'i16le',
  'u32be',
  'u32le',
  'i32be',
  'i32le',
  'f32be',
  'f32le',
]
