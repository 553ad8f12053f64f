/** Columns as wide as their widest cell; Chinese characters count double. */
export function table(head: string[], rows: string[][]): string[] {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => Bun.stringWidth(row[column] ?? ''))))
  return all.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat(widths[column]! - Bun.stringWidth(cell)))
      .join('  ')
      .trimEnd(),
  )
}
