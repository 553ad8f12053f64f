import { describe, expect, test } from 'bun:test'
import { phone, text } from '../kernel/fields.ts'
import { asked, needsReading, sayingOf, saysAll, tokens } from './words.ts'

describe('a question', () => {
  test('in Chinese finds the words anywhere, and only as they stand', () => {
    expect(saysAll('南洞庭芦笋合作社', '洞庭')).toBe(true)
    expect(saysAll('洞庭南路', '南洞庭')).toBe(false)
    expect(saysAll('去年种过油菜、水稻', '油菜、水稻')).toBe(true)
  })
  test('in digits finds a number from its beginning, also where no blank stands before it', () => {
    expect(saysAll('芦苇场东12号', '12')).toBe(true)
    expect(saysAll('芦苇场东12号', '东12')).toBe(true)
    expect(saysAll('芦苇场东12号', '2号')).toBe(false)
    expect(tokens('东12号')).toBe('东 12 号')
  })
  test('typed with wide digits or without accents is the same question', () => {
    expect(saysAll('xh-2025-0042', '00４２')).toBe(true)
    expect(asked('Ruì').map((each) => each.word)).toEqual(['rui'])
  })
  test('of more than one run in a word is read again, because the index does not know neighbours', () => {
    expect(needsReading('东12')).toBe(true)
    expect(needsReading('油菜 12')).toBe(false)
  })
})

test('a phone is found by its last four digits; under a mask by what the mask shows and nothing else', () => {
  const words = { zh: '电话', en: 'Phone' }
  expect(sayingOf(phone(words).spec, '13873701037')).toBe('13873701037 1037')
  expect(sayingOf(phone(words).sensitive('mask').spec, '13873701037')).toBe('138****1037')
  // On a device the mask is there already.
  expect(sayingOf(phone(words).sensitive('mask').spec, '138****1037')).toBe('138****1037')
  expect(sayingOf(text(words).spec, 'A区 Ruì')).toBe('a区 rui')
})
