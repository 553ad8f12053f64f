// The serving side of the built assets. The name in the address carries the hash, so a browser may keep it for ever.

import { built } from './.gen/assets.ts'

export interface Asset {
  name: string
  /** `/assets/app-0123456789.js` */
  path: string
  type: string
  etag: string
  bytes: Record<Encoding, number>
  /** File paths, inside the binary once compiled. */
  files: Record<Encoding, string>
}
export type Encoding = 'raw' | 'br' | 'gz'

const byName: Record<string, Asset> = built
const byPath = new Map(Object.values(byName).map((each) => [each.path, each]))

/** Address of an asset by its plain name: `assetUrl('app.js')`. An unknown name is a bug and fails where it is written. */
export function assetUrl(name: string): string {
  const found = byName[name]
  if (!found) throw new Error(`there is no asset called ${name}`)
  return found.path
}

/** By hashed address, or by plain name under /assets/ for whoever has no manifest. */
export function asset(path: string): Asset | undefined {
  return byPath.get(path) ?? (path.startsWith('/assets/') ? byName[path.slice('/assets/'.length)] : undefined)
}

export const allAssets = (): Asset[] => Object.values(byName)

/** The whole answer: smallest encoding the browser takes, 304 when it has it. Undefined when the address is not an asset. */
export async function serveAsset(request: Request): Promise<Response | undefined> {
  const { pathname } = new URL(request.url)
  const found = asset(pathname)
  if (!found) return undefined
  const headers = new Headers({
    'content-type': found.type,
    etag: found.etag,
    vary: 'accept-encoding',
    'cache-control': pathname === found.path ? 'public, max-age=31536000, immutable' : 'no-cache',
  })
  if (request.headers.get('if-none-match')?.includes(found.etag))
    return new Response(null, { status: 304, headers })
  const encoding = wanted(request.headers.get('accept-encoding') ?? '')
  if (encoding !== 'raw') headers.set('content-encoding', encoding === 'gz' ? 'gzip' : 'br')
  const bytes = await bytesOf(found, encoding)
  headers.set('content-length', String(bytes.length))
  return new Response(request.method === 'HEAD' ? null : (bytes as Uint8Array<ArrayBuffer>), { headers })
}

// Chromium offers br over plain HTTP on loopback only; on the LAN without TLS it is gzip.
const wanted = (accepted: string): Encoding =>
  /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gz' : 'raw'

/** Text of a small asset, to be put into a page: the public page's style. */
export const assetText = async (name: string): Promise<string> =>
  new TextDecoder().decode(await bytesOf(byName[name]!, 'raw'))

const held = new Map<string, Uint8Array>()
async function bytesOf(found: Asset, encoding: Encoding): Promise<Uint8Array> {
  const path = found.files[encoding]
  let bytes = held.get(path)
  if (!bytes) {
    bytes = await Bun.file(path).bytes()
    held.set(path, bytes)
  }
  return bytes
}
