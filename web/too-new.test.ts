// Half of the county's PCs run Windows 7, and its last browser is Chromium 109: whatever reaches a browser is held to
// what that one knows. The same pages in the browser itself: tests/journeys/old-browser.test.ts.

import { beforeAll, expect, test } from 'bun:test'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buildAssets, scripts, stampFile, workerEntry } from './build.ts'
import { tooNewInScript, tooNewInStyle } from './too-new.ts'

const here = import.meta.dir
const root = dirname(here)
let assets: typeof import('./assets.ts')
beforeAll(async () => {
  await buildAssets({ quiet: true })
  assets = await import('./assets.ts')
}, 30_000)

/** Found, looked at, and no trouble. */
const fine: Record<string, string[]> = {
  // htmx looks first whether the browser has them. AbortSignal.timeout is of 103; 124 gave its error another name.
  'app.js': ['moveBefore', 'parseHTMLUnsafe', 'startViewTransition', 'timeout'],
  // Alpine answers for arrays that are asked for these; it asks for none.
  'alpine.js': ['toReversed', 'toSorted', 'toSpliced'],
  // Methods of ECharts' own objects.
  'chart.js': ['dispose', 'getName', 'toArray', 'union', 'when'],
  // Sharing is offered where the browser can; qr asks first whether there is a toBase64.
  'give.js': ['canShare', 'share', 'toBase64'],
  // Gathering's own method; qr asks first whether there is a scheduler.
  'take.js': ['take', 'yield'],
  // Methods of our own fields (hint, when, with) and replica (take); Hono calls getSetCookie only where it runs on Node.
  'worker.js': ['getSetCookie', 'hint', 'take', 'timeout', 'toBase64', 'when', 'with'],
}

test('every script is one that Chromium 109 can run', async () => {
  for (const { name, type } of assets.allAssets()) {
    if (!type.startsWith('text/javascript')) continue
    const found = tooNewInScript(await assets.assetText(name))
    const unknown = found.filter(
      (each) => !(fine[name] ?? []).some((method) => each.startsWith(`.${method} `)),
    )
    expect([name, unknown]).toEqual([name, []])
  }
})

test('every style is one that Chromium 109 can read', async () => {
  for (const { name, type } of assets.allAssets())
    if (type.startsWith('text/css'))
      expect([name, tooNewInStyle(await assets.assetText(name))]).toEqual([name, []])
})

test('no source of a bundle asks the language for what came after Chromium 109', async () => {
  const config = join(root, 'node_modules/.cache/tsconfig.109.json')
  await mkdir(dirname(config), { recursive: true })
  await Bun.write(
    config,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        lib: ['ES2022', 'DOM', 'DOM.Iterable', 'WebWorker'],
        types: [],
        incremental: false,
      },
      files: ['chromium-109.d.ts', 'scripts/guests.d.ts', ...Object.values(scripts), workerEntry].map(
        (each) => join(here, each),
      ),
    }),
  )
  const tsc = Bun.spawn([join(root, 'node_modules/.bin/tsc'), '--pretty', 'false', '-p', config], {
    cwd: root,
    stdout: 'pipe',
  })
  const said = await new Response(tsc.stdout).text()
  const { inputs } = (await Bun.file(stampFile).json()) as { inputs: Record<string, string> }
  // Types of the box are looked through too, because its pages name them; only what is bundled counts, and of that only
  // what the language does not have (a missing `Bun` is a page that only the box draws).
  const missing = said
    .split('\n')
    .filter((line) => /error TS(2339|2550|2551|2568|2583):/.test(line))
    .filter((line) => line.slice(0, line.indexOf('(')) in inputs)
  expect(missing).toEqual([])
  expect(inputs).toHaveProperty(['server/modules/cases/calendar.ts'])
}, 120_000)

test('what is too new is found: nesting, colours, keywords, methods, syntax', () => {
  expect(tooNewInStyle('a { color: color-mix(in srgb, red, blue); & b { margin: 0 } }')).toEqual(
    ['color-mix() (css.types.color.color-mix)', 'nesting: & b', 'nesting: &'].sort(),
  )
  expect(tooNewInStyle('p { text-wrap: pretty } input { field-sizing: content }')).toHaveLength(4)
  expect(tooNewInStyle('@supports (text-wrap: pretty) { p { text-wrap: pretty } }')).toEqual([])
  expect(tooNewInStyle('.a { -webkit-mask: none; mask: none }')).toEqual([])
  expect(tooNewInStyle('.a:has(b) { gap: 4px; inset: 0 }')).toEqual([])
  expect(tooNewInScript('Promise.withResolvers(); [].toSorted(); [].findLast(Boolean)')).toEqual([
    '.toSorted (javascript.builtins.TypedArray.toSorted)',
    '.withResolvers (javascript.builtins.Promise.withResolvers)',
  ])
  expect(tooNewInScript('new CloseWatcher(); Object.groupBy([], String)')).toHaveLength(2)
  expect(() => tooNewInScript('using held = open()')).toThrow()
  expect(() => tooNewInScript('/[\\p{L}--[a-z]]/v')).toThrow()
})
