// Which way is downhill. If this stops you, ask whether the code is in the right room before you ask for a door.

import { expect, test } from 'bun:test'
import { dirname, join, normalize } from 'node:path'
import { Glob } from 'bun'

const root = join(import.meta.dir, '..')

/** What each room may import of ours, beside itself. `x/dataset` means another module's dataset file only. */
const slope: [room: string, may: string[]][] = [
  ['server/kernel', []],
  ['migrations', []],
  // Markup needs to know what a field is, never what a record says: types and pure checks of the kernel only.
  ['web/ui', ['server/kernel']],
  // The little box in the browser: the same pages, verbs and words as on the box, never what only the box has.
  ['web/device', ['server/kernel', 'server/search/words.ts', 'server/http', 'server/modules', 'web']],
  ['web', ['server/kernel', 'web']],
  ['server/http', ['server/kernel', 'web', 'server/search']],
  ['server/modules/roll-call.ts', ['server/modules', 'server/http', 'sync/page']],
  ['server/modules', ['server/kernel', 'server/http', 'web', 'dataset', 'seed/codes']],
  ['server/search', ['server/kernel']],
  ['server/telemetry', ['server/kernel', 'server/http/services.ts', 'migrations', 'dataset']],
  [
    'server/analytics',
    [
      'server/kernel',
      'server/http/services.ts',
      'migrations',
      'dataset',
      'server/telemetry/archive.ts',
      'server/telemetry/open.ts',
    ],
  ],
  ['sync', ['server/kernel', 'server/http', 'web', 'migrations', 'dataset']],
  // Code lists are data; the sample county deals with the modules as a clerk would, by their datasets and verbs.
  ['seed/codes', ['server/kernel']],
  ['seed', ['server/kernel', 'server/telemetry', 'server/modules']],
  ['appliance', ['server', 'sync', 'seed', 'web', 'migrations', 'package.json']],
  ['xianhe.ts', ['appliance']],
]

// Kernel rooms that run in a browser too must not need Bun or SQLite.
const browserSafe = [
  'words',
  'refusal',
  'ids',
  'canonical',
  'checks',
  'geo',
  'fields',
  'dataset',
  'acts',
  'access',
  'measures',
  'part',
  'registry',
  'desk',
  'decide',
  'merge',
  'questions',
]

async function imports(): Promise<{ from: string; to: string; typeOnly: boolean; line: string }[]> {
  const found: { from: string; to: string; typeOnly: boolean; line: string }[] = []
  for await (const file of new Glob('{server,web,migrations,appliance,sync,seed}/**/*.{ts,tsx}').scan(root)) {
    if (/\.test\.tsx?$|node_modules|\.gen\//.test(file)) continue
    const text = await Bun.file(join(root, file)).text()
    for (const match of text.matchAll(
      /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'"\n;]*?\bfrom\s*)?['"](\.[^'"]+)['"]|import\(\s*['"](\.[^'"]+)['"]\s*\)/g,
    )) {
      const target = match[2] ?? match[3]!
      found.push({
        from: file,
        to: normalize(join(dirname(file), target)),
        typeOnly: Boolean(match[1]) || match[3] !== undefined,
        line: match[0].trim(),
      })
    }
  }
  return found
}

const roomOf = (file: string) => slope.find(([room]) => file === room || file.startsWith(`${room}/`))
const moduleOf = (file: string) => /^server\/modules\/([^/]+)\//.exec(file)?.[1]

test('every import goes downhill', async () => {
  const uphill = (await imports()).filter(({ from, to }) => {
    const room = roomOf(from)
    if (!room) return true
    const [name, may] = room
    if (to.startsWith(`${name}/`) && name !== 'server/modules') return false
    if (name === 'server/modules' && moduleOf(from) === moduleOf(to) && moduleOf(to)) return false
    return !may.some((each) => {
      if (each === 'dataset') return /^server\/modules\/[^/]+\/dataset\.ts$/.test(to)
      return to === each || to.startsWith(`${each}/`)
    })
  })
  expect(uphill.map(({ from, to }) => `${from} → ${to}`)).toEqual([])
})

test('nothing imports the appliance, and the kernel imports nothing of ours', async () => {
  const all = await imports()
  expect(
    all
      .filter(
        ({ from, to }) =>
          to.startsWith('appliance/') && !from.startsWith('appliance/') && from !== 'xianhe.ts',
      )
      .map(({ from }) => from),
  ).toEqual([])
  expect(
    all
      .filter(({ from, to }) => from.startsWith('server/kernel/') && !to.startsWith('server/kernel/'))
      .map(({ from, to }) => `${from} → ${to}`),
  ).toEqual([])
})

test('what a browser carries needs neither Bun nor SQLite', async () => {
  for (const name of browserSafe) {
    const text = await Bun.file(join(root, `server/kernel/${name}.ts`)).text()
    expect(`${name}: ${/from 'bun|from 'node:|from 'drizzle|\bBun\.|\bBuffer\./.test(text)}`).toBe(
      `${name}: false`,
    )
    for (const [, target] of text.matchAll(/from '\.\/([\w-]+)\.ts'/g))
      expect(`${name} → ${target}: ${browserSafe.includes(target!)}`).toBe(`${name} → ${target}: true`)
  }
})

test('the migrations in the binary are the ones drizzle-kit journalled', async () => {
  const { core } = await import('../migrations/core/index.ts')
  const journal = await Bun.file(join(root, 'migrations/core/meta/_journal.json')).json()
  const files = await Promise.all(
    journal.entries.map((entry: { tag: string }) =>
      Bun.file(join(root, `migrations/core/${entry.tag}.sql`)).text(),
    ),
  )
  expect(core).toEqual(files)
})

test('no files import each other in a circle', async () => {
  const next = new Map<string, string[]>()
  for (const { from, to } of await imports()) next.set(from, [...(next.get(from) ?? []), to])
  const done = new Set<string>()
  const circles: string[] = []
  const walk = (file: string, path: string[]) => {
    const start = path.indexOf(file)
    if (start >= 0) circles.push([...path.slice(start), file].join(' → '))
    if (start >= 0 || done.has(file)) return
    for (const each of next.get(file) ?? []) walk(each, [...path, file])
    done.add(file)
  }
  for (const file of next.keys()) walk(file, [])
  expect(circles).toEqual([])
})
