import { numberText } from '../../kernel/words.ts'
import { metricOf } from './metrics.ts'

/** What an alert is called: 南洞庭湖万子湖站 水位 31.62 米,高于 31.5 米 */
export function alertTitle(
  sensor: string,
  alert: {
    kind: string
    metric?: string | null
    value?: number | null
    limit?: number | null
    minutes?: number
  },
): string {
  if (alert.kind === 'silent') return `${sensor} 已 ${durationText(alert.minutes ?? 0, 'zh')}没有数据`
  const metric = metricOf(alert.metric ?? '')
  const unit = metric.unit.zh && ` ${metric.unit.zh}`
  return `${sensor} ${metric.zh} ${numberText(alert.value, metric.digits)}${unit},${alert.kind === 'above' ? '高于' : '低于'} ${numberText(alert.limit, 3)}${unit}`
}

export function durationText(minutes: number, lang: 'zh' | 'en'): string {
  const [n, zh, en] =
    minutes >= 1440 && minutes % 1440 === 0
      ? [minutes / 1440, '天', 'day']
      : minutes >= 60 && minutes % 60 === 0
        ? [minutes / 60, '小时', 'hour']
        : [minutes, '分钟', 'minute']
  return lang === 'zh'
    ? `${numberText(n as number)} ${zh}`
    : `${numberText(n as number)} ${en}${n === 1 ? '' : 's'}`
}
