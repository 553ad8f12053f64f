import type { Words } from '../../kernel/words.ts'

export const daysAfter = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)

/** 6月3日, with the year when it is not that of `today`. */
export function dayWords(day: string, today: string): Words {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number]
  const other = !today.startsWith(String(year))
  return {
    zh: `${other ? `${year}年` : ''}${month}月${date}日`,
    en: `${date} ${months[month - 1]}${other ? ` ${year}` : ''}`,
  }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
