import { timeText, type Words } from '../../kernel/words.ts'

/** 刚刚, 3 分钟前, 2 小时前, 3月5日 09:12 */
export function agoText(at: number, now: number, lang: 'zh' | 'en'): string {
  const minutes = Math.floor((now - at) / 60_000)
  if (minutes < 1) return lang === 'zh' ? '刚刚' : 'just now'
  if (minutes < 60) return lang === 'zh' ? `${minutes} 分钟前` : `${minutes} min ago`
  if (minutes < 24 * 60)
    return lang === 'zh' ? `${Math.floor(minutes / 60)} 小时前` : `${Math.floor(minutes / 60)} h ago`
  return timeText(new Date(at).toISOString(), lang)
}

export type Freshness = 'fresh' | 'late' | 'silent' | 'never'

/** A sensor may miss two of its reports (a passing truck, a wet antenna); after a day without any it is silent. */
export function freshness(last: number | undefined, intervalMinutes: number, now: number): Freshness {
  if (last === undefined) return 'never'
  const quiet = now - last
  if (quiet <= Math.max(3 * intervalMinutes, 15) * 60_000) return 'fresh'
  return quiet <= Math.max(24 * 60, 6 * intervalMinutes) * 60_000 ? 'late' : 'silent'
}

export const freshnessWords: Record<Freshness, Words & { tone: 'good' | 'warn' | 'bad' | 'plain' }> = {
  fresh: { zh: '正常', en: 'Heard', tone: 'good' },
  late: { zh: '迟报', en: 'Late', tone: 'warn' },
  silent: { zh: '失联', en: 'Silent', tone: 'bad' },
  never: { zh: '未报过', en: 'Never heard', tone: 'plain' },
}
