// Bytes by their hash, in pieces, from a line that breaks: HEAD says how far, PATCH adds at that place, and what is whole
// is never sent again. A piece is written as it comes, so that a line that breaks in the middle of one loses nothing
// that arrived.

import { mkdirSync } from 'node:fs'
import { open, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Hono } from 'hono'

/** Where the pieces of one sender's upload come together: `part` until it is whole, `path` from then on. */
interface Place {
  path: string
  part: string
}

export const isSha256 = (text: string) => /^[0-9a-f]{64}$/.test(text)

/** Two levels of folders, as `files/` has them (files.ts). */
export const pathOf = (dir: string, sha256: string) => join(dir, sha256.slice(0, 2), sha256)

/** Mounts `HEAD` and `PATCH` of `${at}/:sha`; what becomes whole lies in `dir` by its SHA-256. */
export function inPieces<E extends { Variables: { device: string } }>(app: Hono<E>, at: string, dir: string) {
  const placeOf = (sha256: string, device: string): Place => {
    const path = pathOf(dir, sha256)
    return { path, part: `${path}.${device}.part` }
  }

  // Hono answers HEAD from here too.
  app.get(`${at}/:sha`, async (c) => {
    const sha256 = c.req.param('sha')!
    if (!isSha256(sha256)) return c.body(null, 400)
    const place = placeOf(sha256, c.var.device)
    const mine = await takeOver(place.part)
    const { whole, bytes } = await held(place).finally(mine.end)
    return c.body(null, 200, { 'upload-offset': String(bytes), 'upload-complete': whole ? '?1' : '?0' })
  })

  app.patch(`${at}/:sha`, async (c) => {
    const sha256 = c.req.param('sha')!
    const total = Number(c.req.header('upload-length'))
    const offset = Number(c.req.header('upload-offset'))
    if (!isSha256(sha256) || !(total > 0 && total <= largest))
      return c.json({ error: 'wrong hash or length' }, 400)
    const place = placeOf(sha256, c.var.device)
    const mine = await takeOver(place.part)
    try {
      const { whole, bytes } = await held(place)
      if (whole) return c.body(null, 204, { 'upload-offset': String(bytes), 'upload-complete': '?1' })
      if (offset !== bytes || mine.stopped) return c.body(null, 409, { 'upload-offset': String(bytes) })
      const reached = await append(place.part, offset, total, c.req.raw.body, mine)
      if (reached > total) {
        await unlink(place.part)
        return c.json({ error: 'longer than announced' }, 400)
      }
      if (reached < total)
        return c.body(null, 204, { 'upload-offset': String(reached), 'upload-complete': '?0' })
      if ((await sha256Of(place.part)) !== sha256) {
        await unlink(place.part)
        return c.json({ error: 'the pieces do not make the announced file; send it again' }, 422)
      }
      await settle(place)
      return c.body(null, 204, { 'upload-offset': String(total), 'upload-complete': '?1' })
    } finally {
      mine.end()
    }
  })
}

const largest = 64 * 1024 * 1024

/** One request's time at an upload. Whoever asks next has given the connection before up, dead or slow: it ends. */
class Turn {
  stopped = false
  reader?: ReadableStreamDefaultReader<Uint8Array>
  end!: () => void
  readonly ended = new Promise<void>((resolve) => {
    this.end = resolve
  })

  stop(): Promise<void> {
    this.stopped = true
    void this.reader?.cancel().catch(() => {})
    return this.ended
  }
}

const turns = new Map<string, Turn>()

async function takeOver(part: string): Promise<Turn> {
  const before = turns.get(part)
  const mine = new Turn()
  turns.set(part, mine)
  void mine.ended.then(() => turns.get(part) === mine && turns.delete(part))
  await before?.stop()
  return mine
}

async function held({ path, part }: Place): Promise<{ whole: boolean; bytes: number }> {
  const whole = await stat(path).catch(() => undefined)
  if (whole) return { whole: true, bytes: whole.size }
  return { whole: false, bytes: (await stat(part).catch(() => undefined))?.size ?? 0 }
}

/** Writes what comes, as far as it comes; answers with how far the part reaches now, on disk. */
async function append(
  part: string,
  offset: number,
  total: number,
  body: ReadableStream<Uint8Array> | null,
  mine: Turn,
): Promise<number> {
  mkdirSync(dirname(part), { recursive: true })
  const file = await open(part, 'a')
  let reached = offset
  try {
    mine.reader = body?.getReader()
    for (;;) {
      // A line that breaks throws here; so does a body whose sender went away. What came is kept.
      const chunk = await mine.reader?.read().catch(() => undefined)
      if (!chunk || chunk.done || mine.stopped) break
      await file.writeFile(chunk.value)
      reached += chunk.value.length
      if (reached > total) break
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return reached
}

async function sha256Of(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher('sha256')
  for await (const chunk of Bun.file(path).stream()) hasher.update(chunk)
  return hasher.digest('hex')
}

/** From now on it is whole, also after the power fails: the folder is on disk as well. */
async function settle({ path, part }: Place) {
  await rename(part, path)
  const folder = await open(dirname(path))
  await folder.sync().finally(() => folder.close())
}
