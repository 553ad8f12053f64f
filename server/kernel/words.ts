/** Every label exists in both languages; people read Chinese first. */
export interface Words {
  zh: string
  en: string
}

export type Lang = 'zh' | 'en'

/** A function that picks the reader's language: `t({ zh: '保存', en: 'Save' })`. */
export type Say = (words: Words) => string

export const sayIn =
  (lang: Lang): Say =>
  (words) =>
    words[lang] || words.zh

/** Wall time as county staff write it: 3月5日 09:12, with the year when it is not this one. Box time zone is fixed. */
export function timeText(iso: string | undefined, lang: Lang = 'zh', now = new Date()): string {
  if (!iso) return ''
  const moment = Date.parse(iso)
  if (Number.isNaN(moment)) return iso
  const [day, clock] = new Date(moment + countyOffset).toISOString().split('T') as [string, string]
  const [year, month, date] = day.split('-').map(Number)
  const thisYear = countyDay(now).startsWith(`${year}-`)
  const hour = clock.slice(0, 5)
  if (lang === 'en') return `${date} ${monthsEn[month! - 1]}${thisYear ? '' : ` ${year}`} ${hour}`
  return `${thisYear ? '' : `${year}年`}${month}月${date}日 ${hour}`
}

/** A date without a time: 2026年3月5日. */
export function dateText(day: string | undefined, lang: Lang = 'zh'): string {
  const [, y, m, d] = /^(\d{4})-(\d{2})-(\d{2})/.exec(day ?? '') ?? []
  if (!y) return day ?? ''
  return lang === 'en' ? `${Number(d)} ${monthsEn[Number(m) - 1]} ${y}` : `${y}年${Number(m)}月${Number(d)}日`
}

/** 12,345.6: grouped, no more than `digits` decimals, no trailing zeros. */
export function numberText(value: number | undefined | null, digits = 2): string {
  if (value === undefined || value === null || Number.isNaN(value)) return ''
  return new Intl.NumberFormat('en-US', { maximumFractionDigits: digits }).format(value)
}

// China keeps one civil time (Asia/Shanghai) for the whole country, all year (UTC+8). Plain arithmetic: an Intl formatter costs more
// than writing the record it dates.
const countyOffset = 8 * 3_600_000

/** Today's date in the county, `YYYY-MM-DD`. */
export const countyDay = (at: Date | string | number = Date.now()): string =>
  new Date(
    (typeof at === 'object' ? at.getTime() : typeof at === 'string' ? Date.parse(at) : at) + countyOffset,
  )
    .toISOString()
    .slice(0, 10)

const monthsEn = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
