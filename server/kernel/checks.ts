// Check digits. Each function answers with the sentence for the clerk, or undefined when the number is right.

import type { Words } from './words.ts'
import { countyDay } from './words.ts'

/** Resident ID number (GB 11643-1999): 17 digits and a check character (ISO 7064 MOD 11-2), birth date not in the future. */
export function idNumberFault(text: string, today = countyDay()): Words | undefined {
  if (!/^\d{17}[\dX]$/.test(text))
    return {
      zh: '身份证号应为 18 位:17 位数字加 1 位校验码(数字或大写 X)',
      en: 'An ID number has 18 characters: 17 digits and a check digit (0–9 or X).',
    }
  const [year, month, day] = [text.slice(6, 10), text.slice(10, 12), text.slice(12, 14)]
  if (!isDay(`${year}-${month}-${day}`) || `${year}-${month}-${day}` > today)
    return {
      zh: `身份证号第 7–14 位「${year}${month}${day}」不是有效的出生日期,请对照证件核对`,
      en: 'Digits 7–14 are not a possible birth date. Check them against the card.',
    }
  if (idNumberCheck(text.slice(0, 17)) !== text[17])
    return {
      zh: '身份证号校验码不对,可能有一位输错,请对照证件逐位核对',
      en: 'The check digit does not match: one digit is probably mistyped. Compare with the card.',
    }
  return undefined
}

/** The 18th character for 17 digits. */
export function idNumberCheck(first17: string): string {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
  const sum = weights.reduce((total, weight, i) => total + Number(first17[i]) * weight, 0)
  return '10X98765432'[sum % 11]!
}

/** Unified social credit code (GB 32100-2015), with the organisation code inside it (GB 11714-1997). */
export function creditCodeFault(text: string): Words | undefined {
  if (!new RegExp(`^[${creditAlphabet}]{18}$`).test(text))
    return {
      zh: '统一社会信用代码应为 18 位数字或大写字母(不含 I、O、S、V、Z)',
      en: 'A credit code has 18 digits or capital letters (without I, O, S, V, Z).',
    }
  if (creditCodeCheck(text.slice(0, 17)) !== text[17])
    return {
      zh: '统一社会信用代码校验位不对,可能有一位输错,请对照营业执照逐位核对',
      en: 'The check character does not match: one character is probably mistyped. Compare with the licence.',
    }
  return undefined
}

/** The 18th character for 17. */
export function creditCodeCheck(first17: string): string {
  let weight = 1
  let sum = 0
  for (const char of first17) {
    sum += creditAlphabet.indexOf(char) * weight
    weight = (weight * 3) % 31
  }
  return creditAlphabet[(31 - (sum % 31)) % 31]!
}

/** Organisation code check character (GB 11714-1997) for its first 8 characters. */
export function orgCodeCheck(first8: string): string {
  const weights = [3, 7, 9, 10, 5, 8, 4, 2]
  const value = (char: string) => (/\d/.test(char) ? Number(char) : char.charCodeAt(0) - 55)
  const c = 11 - (weights.reduce((sum, weight, i) => sum + value(first8[i]!) * weight, 0) % 11)
  return c === 10 ? 'X' : c === 11 ? '0' : String(c)
}

/** GS1 mod-10 check digit (GS1 General Specifications 7.9) for the digits before it: GTIN, GLN, SSCC. */
export function gs1Check(digits: string): string {
  const sum = [...digits]
    .reverse()
    .reduce((total, digit, i) => total + Number(digit) * (i % 2 === 0 ? 3 : 1), 0)
  return String((10 - (sum % 10)) % 10)
}

/** Mobile or fixed-line number as written in China: 11 digits, or area code and number. */
export function phoneFault(text: string): Words | undefined {
  if (/^1[3-9]\d{9}$/.test(text) || /^0\d{2,3}-?\d{7,8}$/.test(text)) return undefined
  return {
    zh: '电话应为 11 位手机号,或区号加号码,如 0737-2721234',
    en: 'Enter an 11-digit mobile number, or area code and number such as 0737-2721234.',
  }
}

/** A day that exists: `YYYY-MM-DD`, no 31 February. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text
}

const creditAlphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'
