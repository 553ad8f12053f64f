import { expect, test } from 'bun:test'
import decodeQR from 'qr/decode.js'
import { qrModules, qrSvg, qrText } from './qr.ts'

test('a QR code has its three finders and grows with its text', () => {
  const short = qrModules('https://192.168.1.8/t/43098120260318')
  const finder = short.slice(0, 7).map((row) => row.slice(0, 7).map(Number).join(''))
  expect(finder).toEqual(['1111111', '1000001', '1011101', '1011101', '1011101', '1000001', '1111111'])
  expect(qrModules('x'.repeat(300)).length).toBeGreaterThan(short.length)
})

test('Chinese text is carried as UTF-8 bytes, not cut to Latin-1', () => {
  // Three bytes a character: as many as fit version 2-L (32 bytes) are ten characters, the eleventh needs version 3.
  expect(qrModules('沅'.repeat(10), 'L').length).toBe(25)
  expect(qrModules('沅'.repeat(11), 'L').length).toBe(29)
})

test('what is drawn is read back: addresses, Chinese, and the densest label', () => {
  for (const [text, correction] of [
    ['https://192.168.1.8/t/43098120260318', 'Q'],
    ['沅江市南大膳镇芦笋专业合作社', 'M'],
    ['https://192.168.1.8/01/06901234567892/10/L2026-0318', 'H'],
  ] as const) {
    const modules = qrModules(text, correction)
    const [scale, border] = [4, 4]
    const size = (modules.length + 2 * border) * scale
    const data = new Uint8ClampedArray(size * size * 4).fill(255)
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++)
        if (modules[Math.floor(y / scale) - border]?.[Math.floor(x / scale) - border])
          data.fill(0, (y * size + x) * 4, (y * size + x) * 4 + 3)
    expect(decodeQR({ width: size, height: size, data })).toBe(text)
  }
})

test('the SVG draws exactly the dark modules, with a quiet border of four', () => {
  const modules = qrModules('https://192.168.1.8/t/43098120260318')
  const svg = String(qrSvg('https://192.168.1.8/t/43098120260318', { title: '溯源码 "A"' }))
  const dark = modules.flat().filter(Boolean).length
  const drawn = [...svg.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)]
  expect(drawn.reduce((sum, [, , , width]) => sum + Number(width), 0)).toBe(dark)
  for (const [, x, y, width] of drawn)
    for (let i = 0; i < Number(width); i++) expect(modules[Number(y) - 4]![Number(x) - 4 + i]).toBe(true)
  expect(svg).toContain(`viewBox="0 0 ${modules.length + 8} ${modules.length + 8}"`)
  expect(svg).toContain('aria-label="溯源码 &quot;A&quot;"')
})

test('the terminal shows two rows of modules in one line, dark on light whatever the theme', () => {
  const modules = qrModules('http://192.168.1.8:8080/', 'L')
  const lines = Bun.stripANSI(qrText('http://192.168.1.8:8080/')).split('\n')
  expect(lines.length).toBe(Math.ceil((modules.length + 4) / 2))
  for (const line of lines) expect(line.length).toBe(modules.length + 4)
  const dark = (y: number, x: number) => {
    const char = lines[Math.floor(y / 2)]![x]!
    return char === ' ' || char === (y % 2 === 0 ? '▄' : '▀')
  }
  expect(modules.map((row, y) => row.map((_, x) => dark(y + 2, x + 2)))).toEqual(modules)
})
