// What may be harvested and when. These functions look and never write; they run inside acts on the box and on a phone
// out of reach, so they know nothing but `Look`.
//
// Unknown is never taken for safe: a use whose interval nobody has registered cannot be confirmed, and then no
// certificate is issued (农产品质量安全法 art. 29; 农药管理条例 art. 34).

import type { Look } from '../../kernel/acts.ts'
import type { Rec, RecOf } from '../../kernel/dataset.ts'
import { numberText, type Words } from '../../kernel/words.ts'
import { cropGroups } from './crops.ts'
import type { batches } from './dataset.ts'
import { bans, batchPlots, farmRecords, intervals, pesticides } from './dataset.ts'
import { daysAfter, dayWords } from './days.ts'

type Batch = RecOf<typeof batches>
type FarmRecord = RecOf<typeof farmRecords>

/** One use of a pesticide or drug, and how long it keeps the harvest waiting. */
export interface Use {
  record: FarmRecord
  name: string
  on: string
  /** Undefined when no interval is registered for this crop. */
  days?: number
  /** First day on which harvesting is allowed. */
  earliest?: string
}

/** Every plot of a batch, the first included. */
export const plotsOf = (look: Look, batch: Batch): string[] => [
  ...new Set([
    batch.fields.plot,
    ...look.find(batchPlots, { batch: batch.id }).map((each) => each.fields.plot),
  ]),
]

/** Every use that concerns a batch: recorded for it, or on any of its plots for another crop before or beside it. */
export function usesOn(look: Look, batch: Batch): Use[] {
  const found = new Map<string, FarmRecord>()
  for (const record of look.find(farmRecords, { batch: batch.id, kind: 'pesticide' }))
    found.set(record.id, record)
  for (const plot of plotsOf(look, batch))
    for (const record of look.find(farmRecords, { plot, kind: 'pesticide' })) found.set(record.id, record)
  const uses: Use[] = []
  for (const record of found.values()) {
    const pesticide = look.read(pesticides, record.fields.pesticide)
    const days = pesticide && intervalFor(look, pesticide.id, batch.fields.crop)
    const ownSeason = record.fields.batch === batch.id || record.fields.on >= batch.fields.started
    // What was used on the rice before this crop has no interval for this crop; its own season answered for it.
    if (days === undefined && !ownSeason) continue
    uses.push({
      record,
      name: pesticide?.fields.name ?? record.fields.input ?? '未登记的药剂',
      on: record.fields.on,
      days,
      earliest: days === undefined ? undefined : daysAfter(record.fields.on, days),
    })
  }
  return uses.sort((a, b) => (a.on < b.on ? -1 : a.on > b.on ? 1 : 0))
}

/** The use that keeps a harvest on `day` waiting longest, when any does. */
export function useInTheWay(uses: Use[], day: string): Use | undefined {
  return uses
    .filter((use) => use.on <= day && use.earliest !== undefined && day < use.earliest)
    .reduce<Use | undefined>(
      (worst, use) => (!worst || use.earliest! > worst.earliest! ? use : worst),
      undefined,
    )
}

/** The first use before `day` whose interval nobody registered. */
export const useUnknown = (uses: Use[], day: string): Use | undefined =>
  uses.find((use) => use.on <= day && use.days === undefined)

/** First day on which a batch may be harvested as far as is known today; undefined when nothing was used. */
export const earliestHarvest = (uses: Use[]): string | undefined =>
  uses.reduce<string | undefined>(
    (last, use) => (use.earliest && (!last || use.earliest > last) ? use.earliest : last),
    undefined,
  )

/** 毒死蜱乳油 6月3日施用,安全间隔期 21 天,最早 6月24日可采收 */
export function waitWords(use: Use, today: string): Words {
  const [on, earliest] = [dayWords(use.on, today), dayWords(use.earliest!, today)]
  return {
    zh: `${use.name} ${on.zh}施用,安全间隔期 ${use.days} 天,最早 ${earliest.zh}可采收`,
    en: `${use.name} was applied on ${on.en}; its safety interval is ${use.days} days, so the earliest harvest is ${earliest.en}`,
  }
}

export function unknownWords(use: Use, crop: Words, today: string): Words {
  const on = dayWords(use.on, today)
  return {
    zh: `${use.name} ${on.zh}施用,它在${crop.zh}上的安全间隔期没有登记,无法确认是否已过;请农业农村局经办在「安全间隔期」中补登后再开具`,
    en: `${use.name} was applied on ${on.en}, but its interval on ${crop.en} is not registered, so nobody can confirm that it has passed. Ask the agriculture bureau to register it first`,
  }
}

/** Why a pesticide may not be used on a crop on a day; undefined when nothing known forbids it. */
export function forbidden(
  look: Look,
  pesticide: Rec<RecOf<typeof pesticides>['fields']>,
  crop: string,
  day: string,
): Words | undefined {
  const groups = cropGroups(crop)
  for (const substance of pesticide.fields.substances.split(/[、,,;;+·]/).map((part) => part.trim())) {
    const ban = look
      .find(bans, { substance })
      .find(
        ({ fields }) =>
          (fields.scope.includes('all') || fields.scope.some((scope) => groups.includes(scope))) &&
          (!fields.from || fields.from <= day) &&
          (!fields.until || day <= fields.until),
      )
    if (!ban) continue
    const since = ban.fields.from
      ? { zh: `自 ${ban.fields.from} 起`, en: `since ${ban.fields.from}` }
      : { zh: '', en: '' }
    return {
      zh: `${pesticide.fields.name}含${substance},${since.zh}禁止在该类作物上使用(${ban.fields.source})`,
      en: `${pesticide.fields.name} contains ${substance}, which is banned on this crop ${since.en} (${ban.fields.source})`.replace(
        '  ',
        ' ',
      ),
    }
  }
  // Article 34 stands beside the lists: highly toxic is never for what people eat as it grows, nor for water plants.
  const toxicity = pesticide.fields.toxicity
  if (
    (toxicity === 'high' || toxicity === 'extreme') &&
    groups.some((group) => neverHighlyToxic.includes(group))
  )
    return {
      zh: `${pesticide.fields.name}为${toxicity === 'high' ? '高毒' : '剧毒'}农药,不得用于蔬菜、瓜果、茶叶、菌类、中草药材和水生植物(农药管理条例第三十四条)`,
      en: `${pesticide.fields.name} is highly toxic and must not be used on vegetables, fruit, tea, fungi, herbs or water plants (Pesticide Regulations, art. 34)`,
    }
  return undefined
}

/** Why one use more would be too many this season. */
export function usedTooOften(
  look: Look,
  batch: Batch,
  pesticide: Rec<RecOf<typeof pesticides>['fields']>,
): Words | undefined {
  const most = look.find(intervals, { pesticide: pesticide.id, crop: batch.fields.crop })[0]?.fields[
    'most-uses'
  ]
  if (most === undefined) return undefined
  // One record per plot is written for one spraying: count the days.
  const days = new Set(
    look
      .find(farmRecords, { batch: batch.id, kind: 'pesticide' })
      .filter((each) => each.fields.pesticide === pesticide.id)
      .map((each) => each.fields.on),
  )
  if (days.size < most) return undefined
  return {
    zh: `${pesticide.fields.name}每季最多使用 ${most} 次,本批已用 ${numberText(days.size)} 次`,
    en: `${pesticide.fields.name} may be used ${most} times a season; this batch has had ${numberText(days.size)}`,
  }
}

const neverHighlyToxic = ['vegetable', 'fruit', 'tea', 'fungus', 'herb', 'aquatic-plant']

function intervalFor(look: Look, pesticide: string, crop: string): number | undefined {
  const known = look.find(intervals, { pesticide, crop }).map((each) => each.fields.days)
  return known.length === 0 ? undefined : Math.max(...known)
}
