// What may be chosen in a field, a filter or a pick list, within the chooser's area.

import type { Option } from '../../../web/ui/props.ts'
import type { Actor } from '../../kernel/access.ts'
import type { FieldSpec } from '../../kernel/fields.ts'
import type { Registry } from '../../kernel/registry.ts'
import { countyDay, type Say } from '../../kernel/words.ts'

/** Longer lists are searched instead of unrolled. */
const longest = 150

export function optionsFor(field: FieldSpec, registry: Registry, actor: Actor, t: Say): Option[] | undefined {
  if (field.kind === 'code') {
    const options = codeOptions(registry, field.list!, t)
    return options && options.length <= longest ? options : undefined
  }
  if (field.kind === 'division') {
    const options = divisionOptions(registry, actor, t)
    return options.length <= longest ? options : undefined
  }
  return undefined
}

export function codeOptions(registry: Registry, list: string, t: Say): Option[] | undefined {
  const codes = registry.codes(list)?.codes
  if (!codes) return undefined
  const today = countyDay()
  return Object.entries(codes)
    .filter(([, words]) => (!words.from || words.from <= today) && (!words.until || words.until >= today))
    .map(([value, words]) => {
      const parent = words.parent ? codes[words.parent] : undefined
      return { value, label: t(words), ...(parent && { group: t(parent) }) }
    })
}

/** The actor's own division and everything below it; villages stand under their township. */
export function divisionOptions(registry: Registry, actor: Actor, t: Say, deepest = 12): Option[] {
  const codes = registry.codes('division')?.codes ?? {}
  return Object.entries(codes)
    .filter(([code]) => code.startsWith(actor.division) && code.length <= deepest)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([value, words]) => {
      const town = value.length > 9 ? codes[value.slice(0, 9)] : undefined
      return { value, label: t(words), ...(town && { group: t(town) }) }
    })
}

/** For filters: the townships below a county, the villages below a township. */
export function areaOptions(registry: Registry, actor: Actor, t: Say): Option[] {
  const next = actor.division.length < 6 ? 6 : actor.division.length < 9 ? 9 : 12
  return divisionOptions(registry, actor, t, next).filter((each) => each.value.length === next)
}
