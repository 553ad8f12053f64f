// The diary in sentences: who, when, did what, and what the fields said before and after.

import type { DiaryLine } from '../../../web/ui/diary.tsx'
import type { Act } from '../../kernel/acts.ts'
import type { DatasetSpec } from '../../kernel/dataset.ts'
import type { Registry } from '../../kernel/registry.ts'
import { type Lang, type Say, timeText, type Words } from '../../kernel/words.ts'
import type { House } from '../module.ts'
import { type Reader, valueText } from './show.tsx'

/** A record's history, newest first; each line knows what the fields said before it. */
export function diaryLines(reader: Reader, spec: DatasetSpec, acts: Act[], house: House): DiaryLine[] {
  const before: Record<string, unknown> = {}
  const lines = acts.map((act) => {
    const change = act.changes[0]
    const born = change?.base === 0 || act.name === `${spec.name}.created`
    const shown = Object.entries(change?.fields ?? {}).filter(([name]) => spec.fields[name])
    const changes = shown.map(([name, value]) => ({
      label: reader.t(spec.fields[name]!.label),
      ...(!born && { before: valueText(reader, spec.fields[name]!, before[name]) }),
      after: valueText(reader, spec.fields[name]!, value),
    }))
    for (const [name, value] of shown) before[name] = value
    return {
      ...head(act, reader.lang, reader.t, house),
      did: reader.t(deed(reader.registry, act, spec)),
      ...(!born && changes.length > 0 && { changes }),
      ...(change?.redacted && {
        clock: reader.t({
          zh: '这一行的内容已按规定抹除',
          en: 'The content of this line was removed for good.',
        }),
      }),
    }
  })
  return lines.reverse()
}

export function head(act: Act, lang: Lang, t: Say, house: House) {
  // A device knows itself and its box only: what it shows was entered on one of them.
  const from =
    house.node && house.placeOf && act.origin !== house.node
      ? (house.placeOf(act.origin) ?? t({ zh: '别处', en: 'elsewhere' }))
      : undefined
  const brought = house.broughtBy?.(act.id)
  return {
    by: act.by ?? act.actor,
    when: timeText(act.at, lang),
    at: act.at,
    ...(from && { from }),
    ...(brought && {
      carried: brought.revoked
        ? t({
            zh: `由${brought.by}带回县里,那时这台设备已停用`,
            en: `Brought to the county by ${brought.by}; the device had been revoked by then`,
          })
        : t({ zh: `由${brought.by}带回县里`, en: `Brought to the county by ${brought.by}` }),
    }),
    ...(act.clock && {
      clock: t({
        zh: '填报设备的时钟明显不准,时间以本机收到时为准',
        en: 'The device’s clock was plainly wrong; the time is when the box received it.',
      }),
    }),
  }
}

/** 登记了地块; 派给了乡镇. */
export function deed(registry: Registry, act: Act, spec?: DatasetSpec): Words {
  const verb = registry.verbs.get(act.name)
  if (verb) return verb.done
  const [dataset, kind] = [
    act.name.slice(0, act.name.lastIndexOf('.')),
    act.name.slice(act.name.lastIndexOf('.') + 1),
  ]
  const title = registry.datasets.get(dataset)?.spec.title ?? spec?.title ?? { zh: '记录', en: 'record' }
  const en = title.en.toLowerCase()
  switch (kind) {
    case 'created':
      return { zh: `登记了${title.zh}`, en: `registered the ${en}` }
    case 'amended':
      return { zh: `修改了${title.zh}`, en: `amended the ${en}` }
    case 'withdrawn':
      return { zh: `作废了${title.zh}`, en: `withdrew the ${en}` }
    case 'redacted':
      return { zh: '抹除了部分内容', en: 'removed part of it for good' }
    default:
      return { zh: `办理了「${act.name}」`, en: `did "${act.name}"` }
  }
}
