// QR codes: as SVG for certificates, labels and pages; as half blocks for the terminal of a new box.

import { raw } from 'hono/html'
import { encodeQR } from 'qr'

export type Correction = 'L' | 'M' | 'Q' | 'H'

export interface QrOptions {
  /** Spoken name; what the code leads to. */
  title: string
  /** How much may be dirty or torn: M 15 %, Q 25 %. A label in a fish market wants Q. */
  correction?: Correction
  /** White border in modules; ISO/IEC 18004 asks for four. */
  quiet?: number
}

const levels = { L: 'low', M: 'medium', Q: 'quartile', H: 'high' } as const

/** Dark modules as true, without the border. Chinese goes in as UTF-8 (ISO/IEC 18004 §7.4.5). */
export function qrModules(text: string, correction: Correction = 'M'): boolean[][] {
  // One module is the narrowest border the library draws; each page has its own.
  const drawn = encodeQR(text, 'raw', { ecc: levels[correction], border: 1 })
  return drawn.slice(1, -1).map((row) => row.slice(1, -1))
}

/** One path, so that a page of labels stays small; sized by the class `qr`. */
export function qrSvg(text: string, { title, correction, quiet = 4 }: QrOptions) {
  const modules = qrModules(text, correction)
  const size = modules.length + 2 * quiet
  const runs = modules.flatMap((row, y) => {
    const parts: string[] = []
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue
      const from = x
      while (row[x + 1]) x++
      parts.push(`M${from + quiet} ${y + quiet}h${x - from + 1}v1h-${x - from + 1}z`)
    }
    return parts
  })
  return raw(
    `<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="${quoted(title)}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${size}v${size}H0z"/><path fill="#000" d="${runs.join('')}"/></svg>`,
  )
}

/** Two rows of modules in one line of text; reads on dark and on light terminals because both colours are set. */
export function qrText(text: string, { quiet = 2 } = {}): string {
  const modules = qrModules(text, 'L')
  const width = modules.length + 2 * quiet
  const dark = (y: number, x: number) => modules[y - quiet]?.[x - quiet] ?? false
  const lines: string[] = []
  for (let y = 0; y < width; y += 2) {
    let line = ''
    for (let x = 0; x < width; x++) {
      const [top, bottom] = [dark(y, x), dark(y + 1, x)]
      line += top && bottom ? ' ' : top ? '▄' : bottom ? '▀' : '█'
    }
    lines.push(`\u001b[97;40m${line}\u001b[0m`)
  }
  return lines.join('\n')
}

const quoted = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
