// Scripts and styles become the few files a browser fetches: bundled, hashed, compressed once, and listed in
// .gen/assets.ts, whose imports put them inside the compiled binary. `bun web/build.ts`; nothing changed, nothing done.

import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { iconPng } from './icon-png.ts'

const here = import.meta.dir
const root = dirname(here)
const gen = join(here, '.gen')
export const stampFile = join(gen, 'stamp.json')

/** What each bundle is made of. A page loads app.js always, the others only when it needs them. */
export const scripts = {
  'app.js': 'scripts/app.ts',
  'alpine.js': 'scripts/alpine.ts',
  'map.js': 'scripts/map.ts',
  'chart.js': 'scripts/chart.ts',
  'screen.js': 'scripts/screen.ts',
  'sheet.js': 'scripts/sheet.ts',
  'field.js': 'scripts/field.ts',
  'give.js': 'scripts/give.ts',
  'take.js': 'scripts/take.ts',
  'join.js': 'scripts/join.ts',
}
export const workerEntry = 'device/worker.tsx'
const styles = {
  'app.css': [
    'tokens',
    'base',
    'frame',
    'pieces',
    'table',
    'form',
    'detail',
    'chart',
    'house',
    'case',
    'sensing',
    'trace',
    'sync',
  ],
  'map.css': ['leaflet', 'map'],
  'join.css': ['join'],
  'hand-over.css': ['hand-over'],
  'public.css': ['public'],
  'print.css': ['print'],
  'sheet.css': ['tokens', 'sheet', 'certificate'],
  'screen.css': ['tokens', 'screen'],
}
/** Width and height in millimetres: @page takes no class in Chromium 109, so each paper has a small sheet of its own. */
const papers = {
  a4: [210, 297],
  a5: [148, 210],
  'label-60x40': [60, 40],
  'label-80x50': [80, 50],
  'label-100x70': [100, 70],
}

interface Built {
  name: string
  type: string
  bytes: Uint8Array
}

export async function buildAssets({ force = false, quiet = false } = {}): Promise<boolean> {
  const started = performance.now()
  if (!force && (await upToDate())) return false
  const inputs = new Set<string>()
  const built: Built[] = []
  for (const [name, entry] of Object.entries(scripts)) built.push(await bundleScript(name, entry, inputs))
  for (const [name, parts] of Object.entries(styles)) built.push(await bundleStyle(name, parts, inputs))
  for (const [name, size] of Object.entries(papers)) built.push(paperSheet(name, size as [number, number]))
  built.push(await icon(inputs), ...(await iconPictures()), await baseMap(inputs))
  // Last, because it carries the addresses of all the others: a changed asset makes a changed worker, and browsers
  // fetch it.
  built.push(
    await bundleScript('worker.js', workerEntry, inputs, {
      __ASSETS__: JSON.stringify(carried(built)),
    }),
  )
  await write(built)
  await putAtOnce(stampFile, JSON.stringify({ inputs: await fingerprints(inputs), listing: await listing() }))
  if (!quiet) report(built, performance.now() - started)
  return true
}

/** What a field device keeps of the assets: charts and the wall screen need the box anyway. */
function carried(built: Built[]): Record<string, string> {
  const needed = built.filter(({ name }) => !/^(chart|screen|join)\.|^icon-/.test(name))
  return Object.fromEntries(needed.map((each) => [each.name, addressOf(each).path]))
}

function addressOf({ name, bytes }: Built): { hash: string; path: string } {
  const hash = new Bun.CryptoHasher('sha256').update(bytes).digest('hex').slice(0, 10)
  const dot = name.lastIndexOf('.')
  return { hash, path: `/assets/${name.slice(0, dot)}-${hash}${name.slice(dot)}` }
}

async function bundleScript(
  name: string,
  entry: string,
  inputs: Set<string>,
  define: Record<string, string> = {},
): Promise<Built> {
  const result = await Bun.build({
    entrypoints: [join(here, entry)],
    target: 'browser',
    format: 'iife',
    minify: true,
    metafile: true,
    define: { 'process.env.NODE_ENV': '"production"', __DEV__: 'false', ...define },
  })
  if (!result.success) throw new AggregateError(result.logs, `${entry} could not be bundled`)
  for (const path of Object.keys(result.metafile?.inputs ?? {})) {
    // A guest changes only with the lock file, which is watched as a whole.
    if (!path.includes('node_modules')) inputs.add(join(process.cwd(), path))
  }
  return {
    name,
    type: 'text/javascript; charset=utf-8',
    bytes: new Uint8Array(await result.outputs[0]!.arrayBuffer()),
  }
}

async function bundleStyle(name: string, parts: string[], inputs: Set<string>): Promise<Built> {
  const texts = await Promise.all(
    parts.map((part) => {
      if (part === 'leaflet') return Bun.file(join(root, 'node_modules/leaflet/dist/leaflet.css')).text()
      inputs.add(join(here, 'styles', `${part}.css`))
      return Bun.file(join(here, 'styles', `${part}.css`)).text()
    }),
  )
  return { name, type: 'text/css; charset=utf-8', bytes: new TextEncoder().encode(tighten(texts.join('\n'))) }
}

/** Comments and needless space go; nothing is rewritten, so that what we looked at is what arrives. */
function tighten(css: string): string {
  return css
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/url\((?:"|')?images\/[^)]*\)/g, 'none') // Leaflet's pictures: our markers are drawn, not fetched.
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ ?([{};,]) ?/g, '$1')
    .replaceAll(/;}/g, '}')
    .trim()
}

function paperSheet(name: string, [width, height]: [number, number]): Built {
  const margin = name.startsWith('label') ? 2 : name === 'a5' ? 12 : 18
  const text =
    `@page{size:${width}mm ${height}mm;margin:0}` +
    `.sheet{width:${width}mm;min-height:${height}mm;padding:${margin}mm}` +
    (name.startsWith('label') ? `.sheet{height:${height}mm;overflow:hidden}` : '')
  return { name: `paper-${name}.css`, type: 'text/css; charset=utf-8', bytes: new TextEncoder().encode(text) }
}

async function icon(inputs: Set<string>): Promise<Built> {
  const path = join(here, 'icon.svg')
  inputs.add(path)
  return { name: 'icon.svg', type: 'image/svg+xml', bytes: await Bun.file(path).bytes() }
}

/** Phones want pixels: the same drawing, with its round corners and filling the whole square. */
async function iconPictures(): Promise<Built[]> {
  const svg = await Bun.file(join(here, 'icon.svg')).text()
  const sizes = [192, 512]
  return sizes.flatMap((size) => [
    { name: `icon-${size}.png`, type: 'image/png', bytes: iconPng(svg, size) },
    { name: `icon-whole-${size}.png`, type: 'image/png', bytes: iconPng(svg, size, { whole: true }) },
  ])
}

/** The schematic county: one file with a collection per theme. */
async function baseMap(inputs: Set<string>): Promise<Built> {
  const themes = ['boundary', 'water', 'roads', 'townships']
  const parts = await Promise.all(
    themes.map(async (theme) => {
      const path = join(here, 'base-map', `${theme}.geojson`)
      inputs.add(path)
      return [theme, await Bun.file(path).json()] as const
    }),
  )
  return {
    name: 'base-map.json',
    type: 'application/json',
    bytes: new TextEncoder().encode(JSON.stringify(Object.fromEntries(parts))),
  }
}

/**
 * A box that runs from source reads these files while someone builds the next ones: names carry the hash, so nothing is
 * overwritten, the list of them changes in one step, and what nobody lists any more goes after an hour.
 */
async function write(built: Built[]) {
  await mkdir(gen, { recursive: true })
  const imports: string[] = []
  const entries: string[] = []
  const listed = new Set<string>()
  for (const [i, { name, type, bytes }] of built.entries()) {
    const { hash, path } = addressOf({ name, type, bytes })
    const file = path.slice('/assets/'.length)
    const sizes = await compress(file, bytes)
    // `.bin` keeps other tools from reading a bundle as source.
    for (const form of ['bin', 'br', 'gz']) {
      imports.push(`import ${form}${i} from './${file}.${form}' with { type: 'file' }`)
      listed.add(`${file}.${form}`)
    }
    entries.push(
      `  '${name}': { name: '${name}', path: '${path}', type: '${type}', etag: '"${hash}"', bytes: { raw: ${bytes.length}, br: ${sizes.br}, gz: ${sizes.gz} }, files: { raw: bin${i}, br: br${i}, gz: gz${i} } },`,
    )
  }
  const text = `// Made by web/build.ts. Do not edit.\n// @ts-nocheck\n/* biome-ignore-all lint: generated */\n${imports.join('\n')}\n\nexport const built = {\n${entries.join('\n')}\n}\n`
  await putAtOnce(join(gen, 'assets.ts'), text)
  await sweep(listed)
}

/** The same bytes were compressed before: the name says so, and nothing is done twice. */
async function compress(file: string, bytes: Uint8Array): Promise<{ br: number; gz: number }> {
  const place = (form: string) => join(gen, `${file}.${form}`)
  if (await Bun.file(place('bin')).exists()) {
    const [br, gz] = [Bun.file(place('br')).size, Bun.file(place('gz')).size]
    if (br > 0 && gz > 0) return { br, gz }
  }
  // Quality 9 is within 3 % of 11 at a tenth of the time; the biggest bundle would take seconds otherwise.
  const br = brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: bytes.length > 200_000 ? 9 : 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  })
  const gz = gzipSync(bytes, { level: 9 })
  await Promise.all([putAtOnce(place('br'), br), putAtOnce(place('gz'), gz)])
  await putAtOnce(place('bin'), bytes)
  return { br: br.length, gz: gz.length }
}

async function putAtOnce(path: string, content: Uint8Array | string) {
  const beside = `${path}.${process.pid}.part`
  await Bun.write(beside, content)
  await rename(beside, path)
}

async function sweep(listed: Set<string>) {
  for (const name of await readdir(gen)) {
    if (name === 'assets.ts' || name === 'stamp.json' || listed.has(name)) continue
    const { mtimeMs } = await stat(join(gen, name)).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }))
    if (Date.now() - mtimeMs > 3_600_000) await rm(join(gen, name), { force: true })
  }
}

async function upToDate(): Promise<boolean> {
  const stamp = await Bun.file(stampFile)
    .json()
    .catch(() => undefined)
  if (!stamp || !(await Bun.file(join(gen, 'assets.ts')).exists())) return false
  if (stamp.listing !== (await listing())) return false
  const now = await fingerprints(Object.keys(stamp.inputs).map((path) => join(root, path)))
  return Object.entries(stamp.inputs).every(([path, hash]) => now[path] === hash)
}

async function fingerprints(paths: Iterable<string>): Promise<Record<string, string>> {
  const watched = [...new Set([...paths, import.meta.path, join(root, 'bun.lock')])].sort()
  const pairs = await Promise.all(
    watched.map(async (path) => [
      relative(root, path),
      String(
        Bun.hash(
          await Bun.file(path)
            .bytes()
            .catch(() => new Uint8Array()),
        ),
      ),
    ]),
  )
  return Object.fromEntries(pairs)
}

/** A new file may be imported by an old one's change only, but a new style or map theme may not. */
async function listing(): Promise<string> {
  const folders = await Promise.all(
    ['styles', 'scripts', 'base-map'].map((folder) => readdir(join(here, folder))),
  )
  return folders
    .flat()
    .filter((name) => !name.includes('.test.'))
    .sort()
    .join(' ')
}

function report(built: Built[], ms: number) {
  for (const { name, bytes } of built) {
    if (name.startsWith('paper-')) continue
    const gz = gzipSync(bytes, { level: 9 }).length
    console.log(`${name.padEnd(16)} ${String(bytes.length).padStart(8)} B ${String(gz).padStart(8)} B gz`)
  }
  console.log(`assets built in ${Math.round(ms)} ms`)
}

if (import.meta.main) await buildAssets({ force: process.argv.includes('--force') })
