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
  const date = new Date(iso)
  if (Number.isNaN(date.getTime())) return iso
  const part = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-GB', { timeZone: countyZone, ...options }).format(date)
  const year = part({ year: 'numeric' })
  const [day, month] = part({ day: 'numeric', month: 'numeric' }).split('/').map(Number)
  const clock = part({ hour: '2-digit', minute: '2-digit', hour12: false })
  const thisYear = new Intl.DateTimeFormat('en-GB', { timeZone: countyZone, year: 'numeric' }).format(now)
  if (lang === 'en') return `${day} ${monthsEn[month! - 1]}${year === thisYear ? '' : ` ${year}`} ${clock}`
  return `${year === thisYear ? '' : `${year}年`}${month}月${day}日 ${clock}`
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

// China keeps one civil time for the whole country, all year (UTC+8).
export const countyZone = 'Asia/Shanghai'

/** Today's date in the county, `YYYY-MM-DD`. */
export const countyDay = (at: Date | string = new Date()): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone: countyZone }).format(new Date(at))

const monthsEn = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
