// Attachments: bytes in `files/` by SHA-256, synced to disk before a record may mention them. Reading one needs a record
// that mentions it and a reader who may see that record.

import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { open, rename, rm, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileRef } from '../kernel/fields.ts'
import { Refusal, refuse } from '../kernel/refusal.ts'
import type { App } from './module.ts'
import { datasetFrom, recordFrom } from './records/paths.ts'
import type { Files } from './services.ts'

const largest = 64 * 1024 * 1024

/** Two levels of folders, so that no directory grows past what old file managers can show. */
export function openFiles(dir: string): Files {
  const pathOf = (sha256: string) => join(dir, sha256.slice(0, 2), sha256)
  return {
    dir,
    async keep(file) {
      if (file.size > largest)
        refuse({
          zh: `「${file.name}」超过 64 MB,请压缩后再传`,
          en: `"${file.name}" is over 64 MB; make it smaller first.`,
        })
      const bytes = new Uint8Array(await file.arrayBuffer())
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      const path = pathOf(sha256)
      const reference: FileRef = {
        sha256,
        name: plainName(file.name),
        type: file.type || 'application/octet-stream',
        bytes: bytes.length,
      }
      if (
        await stat(path).then(
          (found) => found.size === bytes.length,
          () => false,
        )
      )
        return reference
      mkdirSync(join(dir, sha256.slice(0, 2)), { recursive: true })
      const part = `${path}.${crypto.randomUUID()}.part`
      const handle = await open(part, 'w')
      try {
        await handle.writeFile(bytes)
        await handle.sync()
      } catch (error) {
        await unlink(part).catch(() => {})
        throw error
      } finally {
        await handle.close()
      }
      await rename(part, path)
      const folder = await open(join(dir, sha256.slice(0, 2)))
      await folder.sync().finally(() => folder.close())
      return reference
    },
    async open(sha256) {
      if (!/^[0-9a-f]{64}$/.test(sha256)) return undefined
      const file = Bun.file(pathOf(sha256))
      return (await file.exists()) ? file : undefined
    },
    async forget(sha256) {
      if (/^[0-9a-f]{64}$/.test(sha256)) await rm(pathOf(sha256), { force: true })
    },
  }
}

export function fileRoutes(app: App) {
  app.get('/d/:dataset/:id/files/:field/:sha256', async (c) => {
    const spec = datasetFrom(c)
    const record = await recordFrom(c, spec)
    const listed = record.fields[c.req.param('field')] as FileRef[] | undefined
    const reference = Array.isArray(listed)
      ? listed.find((each) => each.sha256 === c.req.param('sha256'))
      : undefined
    const bytes = reference && (await c.var.box.files.open(reference.sha256))
    if (!reference || !bytes)
      throw new Refusal(
        {
          zh: '没有这个附件,或者它还没有送到本机',
          en: 'There is no such attachment, or it has not reached this box yet.',
        },
        { kind: 'missing' },
      )
    // Only pictures and PDF are shown in place; anything else might be a page that runs.
    const shown = /^(image\/(png|jpeg|gif|webp)|application\/pdf)$/.test(reference.type)
    return new Response(bytes, {
      headers: {
        'content-type': shown ? reference.type : 'application/octet-stream',
        'content-length': String(reference.bytes),
        'content-disposition': `${shown ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeURIComponent(reference.name)}`,
        'cache-control': 'private, max-age=31536000, immutable',
        etag: `"${reference.sha256}"`,
      },
    })
  })
}

const plainName = (name: string) =>
  name
    .replaceAll(/[\\/]/g, ' ')
    .replaceAll(/\p{Cc}/gu, '')
    .slice(-120) || 'file'
