import crops from '../../../seed/codes/crops.json' with { type: 'json' }
import type { Words } from '../../kernel/words.ts'

interface Crop extends Words {
  groups: string[]
  attribute: string
}
const known: Record<string, Crop> = crops.codes

/** Which groups a crop belongs to when a ban names a group; a reed shoot is a vegetable and a water plant. */
export const cropGroups = (crop: string): string[] => known[crop]?.groups ?? []

/** Planting, livestock or aquatic: the use of the plots it can come from. */
export const cropUse = (crop: string): string | undefined => known[crop]?.attribute

export const cropWords = (crop: string): Words => known[crop] ?? { zh: crop, en: crop }
