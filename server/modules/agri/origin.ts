import divisions from '../../../seed/codes/divisions.json' with { type: 'json' }

const names: Record<string, { zh: string; en: string; parent?: string }> = divisions.codes

/** 湖南省益阳市沅江市草尾镇: the place of origin as a certificate states it, down to the township. */
export function originOf(division: string): string {
  let code: string | undefined = division.slice(0, 9)
  let text = ''
  while (code && names[code]) {
    text = names[code]!.zh + text
    code = names[code]!.parent
  }
  return text || division
}
