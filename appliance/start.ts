// `npm start`: the sample county seeded into an empty place, and the box in the foreground. Flags pass on.

import { readTyped } from './call.ts'
import { isSettled } from './data-directory.ts'
import { main } from './main.ts'
import { verbs } from './verbs.ts'

const words = process.argv.slice(2)
if (!isSettled(dataOf(words))) await main(['seed', ...onlySettings(words)])
if (!process.exitCode) await main(['serve', ...words])

/** What cannot be read is refused by `serve` itself, in its own words. */
function dataOf(words: string[]): string {
  try {
    return readTyped(verbs.get('serve')!, words, process.cwd(), process.env).settings.data
  } catch {
    return '.'
  }
}

function onlySettings(words: string[]): string[] {
  return words.filter((word) => word !== '--json')
}
