// A threshold as a sentence a township worker can read.

import { numberText, type Words } from '../../kernel/words.ts'
import { durationText } from './alert-title.ts'
import { type Level, levelNames, levels, metricOf, type thresholds } from './dataset.ts'

type Fields = typeof thresholds.values

/** 水位 高于 31.5 米 持续 5 分钟 → 橙色预警,回落到 31.2 米以下解除 */
export function sentenceOf(fields: Fields): Words {
  if (fields.direction === 'silent') {
    const level = levels[fields.level ?? 'blue']
    const minutes = fields.silence ?? 0
    return {
      zh: `连续 ${durationText(minutes, 'zh')}没有数据 → ${level.zh}预警,来数据即解除`,
      en: `No data for ${durationText(minutes, 'en')} → ${level.en.toLowerCase()} alert, over with the next reading`,
    }
  }
  const metric = metricOf(fields.metric ?? '')
  const above = fields.direction === 'above'
  const steps = levelNames.flatMap((level) =>
    fields[level] === undefined || fields[level] === null ? [] : [{ level, limit: fields[level]! }],
  )
  const hold = fields.hold
    ? { zh: ` 持续 ${durationText(fields.hold, 'zh')}`, en: ` for ${durationText(fields.hold, 'en')}` }
    : { zh: '', en: '' }
  const unit = { zh: metric.unit.zh && ` ${metric.unit.zh}`, en: metric.unit.en && ` ${metric.unit.en}` }
  const say = ({ level, limit }: { level: Level; limit: number }) => ({
    zh: `${above ? '高于' : '低于'} ${numberText(limit, 3)}${unit.zh} → ${levels[level].zh}`,
    en: `${above ? 'above' : 'below'} ${numberText(limit, 3)}${unit.en} → ${levels[level].en.toLowerCase()}`,
  })
  const first = steps[0]
  if (!first) return { zh: `${metric.zh} 没有界值`, en: `${metric.en}: no limit` }
  const clear = Number(
    (above ? first.limit - (fields.margin ?? 0) : first.limit + (fields.margin ?? 0)).toFixed(6),
  )
  const ending = {
    zh: `${above ? '回落到' : '回升到'} ${numberText(clear, 3)}${unit.zh}${above ? '以下' : '以上'}解除`,
    en: `over once ${above ? 'down to' : 'up to'} ${numberText(clear, 3)}${unit.en}`,
  }
  if (steps.length === 1)
    return {
      zh: `${metric.zh} ${say(first).zh.replace(' →', `${hold.zh} →`)}预警,${ending.zh}`,
      en: `${metric.en} ${say(first).en.replace(' →', `${hold.en} →`)} alert, ${ending.en}`,
    }
  return {
    zh: `${metric.zh}${hold.zh} ${steps.map((step) => say(step).zh).join(',')},${ending.zh}`,
    en: `${metric.en}${hold.en} ${steps.map((step) => say(step).en).join(', ')}; ${ending.en}`,
  }
}
