// Synthetic people and firms. Nobody here is real: ID numbers carry county codes that were never given out (4309 83–99),
// telephones use number ranges that were never allotted (142, 143), credit codes begin with an organisation prefix that
// no registrar uses. All of them pass their check digits.

import { creditCodeCheck, idNumberCheck, orgCodeCheck } from '../../server/kernel/checks.ts'
import type { Dice } from './dice.ts'

const surnames =
  '刘陈李张王周杨黄曾彭罗肖曹郭邓文蔡谭夏龚熊胡何徐谢唐龙汤昌赵吴孙贺廖邹蒋钟易姚卜符皮欧莫游雷戴'.split('')
const maleNames =
  '建国,志强,伟,军,国平,建华,立新,正明,学文,光辉,海波,新民,德胜,永红,爱民,春生,国庆,少华,锡良,斌,勇,涛,浩然,子轩,俊杰,宇航,鹏飞,佑生,立秋,谷雨,望来,跃进,卫东,金山,洪波,冬生,腊生,启明,长庚,湘平'.split(
    ',',
  )
const femaleNames =
  '秀英,桂兰,玉梅,丽,芳,艳,红梅,春香,菊香,腊梅,冬秀,美玲,静,雪莲,翠英,金莲,水秀,莲英,晓燕,梓涵,雨欣,欣怡,诗涵,满秀,立春,桃英,银秀,爱莲,惠芳,湘云,月娥,素珍,小芹,佩兰,凤英,巧云,云霞,清,兰芝,惠敏'.split(
    ',',
  )

export const surname = (dice: Dice): string => dice.pick(surnames)
export const givenName = (dice: Dice, male: boolean): string => dice.pick(male ? maleNames : femaleNames)

/** `serial` tells people apart who share a birthday; the last digit of the sequence is odd for men. */
export function idNumber(born: string, serial: number, male: boolean): string {
  const sequence = String((serial % 500) * 2 + (male ? 1 : 0)).padStart(3, '0')
  const county = 430983 + (Math.floor(serial / 500) % 17)
  const digits = `${county}${born.replaceAll('-', '')}${sequence}`
  return digits + idNumberCheck(digits)
}

export const phoneNumber = (serial: number): string =>
  `14${2 + (Math.floor(serial / 100_000_000) % 2)}${String((serial * 7_919 + 12_345_678) % 100_000_000).padStart(8, '0')}`

const orgAlphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY'

/** Organisation code (GB 11714) inside a unified social credit code (GB 32100); both check digits hold. */
export function creditCode(department: string, serial: number): string {
  let rest = serial
  let tail = ''
  for (let i = 0; i < 6; i++) {
    tail = orgAlphabet[rest % orgAlphabet.length] + tail
    rest = Math.floor(rest / orgAlphabet.length)
  }
  const org = `YX${tail}`
  const first = `${department}430981${org}${orgCodeCheck(org)}`
  return first + creditCodeCheck(first)
}

const brandFirst =
  '芦香,洞庭,绿洲,金苇,沅水,碧波,丰泽,湖韵,苇海,润禾,稻香,渔歌,白鹭,荷田,湘沅,银鱼,青苇,沃野,汇丰,康源'.split(
    ',',
  )
const brandSecond = ['', ...'源兴盛和福泰嘉裕达隆顺鑫茂荣安宁康乐春林田农瑞祥吉益诚信宝'.split('')]

/** 草尾芦香源: a name of its own for each serial. */
export const brandName = (short: string, serial: number): string => {
  const round = Math.floor(serial / (brandFirst.length * brandSecond.length))
  const first = brandFirst[serial % brandFirst.length]!
  const second = brandSecond[Math.floor(serial / brandFirst.length) % brandSecond.length]!
  return `${short}${first}${second}${round ? chinese(round + 1) : ''}`
}

const chinese = (n: number): string =>
  ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九', '十'][n] ?? String(n)

const roads = '兴垸路,沿堤路,芦苇路,通湖路,五一路,育才路,幸福路,防洪路,向阳路,新港路'.split(',')
export const address = (dice: Dice, town: string): string =>
  `${town}${dice.pick(roads)} ${dice.whole(1, 299)} 号`
