// `npm start`: the sample county seeded into an empty place, and the box in the foreground. Flags pass on.

import { Database } from 'bun:sqlite'
import { readTyped } from './call.ts'
import { dataDirectory, isSettled } from './data-directory.ts'
import { main } from './main.ts'
import { verbs } from './verbs.ts'

const words = process.argv.slice(2)
if (needsSeed(dataOf(words))) await main(['seed', ...onlySettings(words)])
if (!process.exitCode) await main(['serve', ...words])

/** Nothing there yet, or a seeding that was cut short: it goes on where it was. */
function needsSeed(directory: string): boolean {
  if (!isSettled(directory)) return true
  const db = new Database(dataDirectory(directory).core, { readonly: true })
  const facts = db.query("select name from fact where name in ('sample.at', 'sample.done')").all() as {
    name: string
  }[]
  db.close()
  return facts.length === 1
}

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
