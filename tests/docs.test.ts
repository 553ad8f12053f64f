// What the pages of docs/ point at is there: links, files in backticks, verbs, guests.

import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { Glob } from 'bun'
import { settingNames } from '../appliance/settings.ts'
import { verbs } from '../appliance/verbs.ts'
import packageJson from '../package.json' with { type: 'json' }

const root = join(import.meta.dir, '..')
const pages = ['*.md', 'docs/**/*.md'].flatMap((each) => [...new Glob(each).scanSync({ cwd: root })]).sort()
const text = (page: string) => readFileSync(join(root, page), 'utf8')
const prose = (page: string) => text(page).replaceAll(/^```[\s\S]*?^```/gm, '')

/** First folders of paths that are ours: `sync/cut.ts` is a file, `text/plain` is not. */
const rooms =
  /^(appliance|server|web|migrations|sync|seed|tests|bench|docs|\.ci)\/[\w./\-[\]]+$|^(package\.json|biome\.json|tsconfig\.json|xianhe\.ts)$/

test('there are pages to look at', () => {
  expect(pages).toContain('README.md')
  expect(pages).toContain('docs/contracts.md')
})

test('every relative link leads to a file, and every heading it names is there', () => {
  const broken: string[] = []
  for (const page of pages)
    for (const [, target] of prose(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue
      const [path, heading] = target!.split('#') as [string, string | undefined]
      const file = path === '' ? page : normalize(join(dirname(page), path))
      if (!existsSync(join(root, file))) broken.push(`${page}: ${target}`)
      else if (heading && !headingsOf(file).includes(decodeURIComponent(heading)))
        broken.push(`${page}: ${target}`)
    }
  expect(broken).toEqual([])
})

test('every path of ours in backticks exists', () => {
  const missing: string[] = []
  for (const page of pages)
    for (const [, quoted] of prose(page).matchAll(/`([^`\n]+)`/g))
      if (rooms.test(quoted!) && !existsSync(join(root, quoted!))) missing.push(`${page}: ${quoted}`)
  expect(missing).toEqual([])
})

test('the contract names every verb, and no verb that does not exist', () => {
  const table = /## Command line\n([\s\S]*?)\n### Settings/.exec(text('docs/contracts.md'))![1]!
  const named = [...table.matchAll(/^\| (.+?) \| /gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`([a-z]+)/g)].map(([, word]) => word!),
  )
  const known = [...verbs.keys()]
  expect(known.filter((verb) => !named.includes(verb))).toEqual([])
  // Words after the first are what a verb is told (`user add`, `list`): they stand in its own usage.
  const told = [...verbs.values()].map((verb) => `${verb.name} ${verb.use ?? ''}`).join(' ')
  expect(named.filter((word) => !new RegExp(`\\b${word}\\b`).test(told))).toEqual([])
})

test('the contract names every setting', () => {
  const page = text('docs/contracts.md')
  expect(settingNames.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
})

test('every dependency has exactly one line among the guests, and no guest stays who has left', () => {
  const guests = [...text('docs/guests.md').matchAll(/^\| (@?[\w./-]+) \|/gm)]
    .map(([, name]) => name!)
    .filter((name) => name !== 'guest')
  const invited = Object.keys({ ...packageJson.dependencies, ...packageJson.devDependencies })
  expect(guests.toSorted()).toEqual(invited.toSorted())
})

test('every picture is shown somewhere', () => {
  const all = pages.map(text).join('\n')
  const pictures = [...new Glob('docs/pictures/*').scanSync({ cwd: root })]
  expect(pictures.filter((file) => !all.includes(`pictures/${file.split('/').at(-1)}`))).toEqual([])
})

test('pictures are small enough to be looked at over a village line', () => {
  const heavy = [...new Glob('docs/pictures/*').scanSync({ cwd: root })].filter(
    (file) => Bun.file(join(root, file)).size > 200_000,
  )
  expect(heavy).toEqual([])
})

/** As the usual renderers name them. */
const headingsOf = (page: string): string[] =>
  [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  )
