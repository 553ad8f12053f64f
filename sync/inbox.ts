// A package pushed to this node, in pieces that resume (tus 1.0.0: core, creation, creation-with-upload, termination).
// Pieces are on disk before they are acknowledged; the whole is received like any other file. A half-sent upload waits:
// its sender still holds the package, and goes on where we say we are.

import { existsSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context, Hono } from 'hono'
import { newId } from '../server/kernel/ids.ts'
import type { Exchange } from './exchange.ts'
import type { Peer } from './peers.ts'
import { problem } from './problem.ts'
import { receivePackage } from './receive.ts'

export interface CarrierEnv {
  Variables: { peer: Peer }
}

interface Upload {
  id: string
  peer: string
  length: number
  created: string
}

// Larger than any package we cut, smaller than a county's disk.
const largest = 8 * 1024 ** 3
const atOnce = 8

export function inboxRoutes(app: Hono<CarrierEnv>, exchange: Exchange) {
  const speakTus = async (c: Context<CarrierEnv>, next: () => Promise<void>) => {
    if (c.req.method !== 'OPTIONS' && c.req.header('tus-resumable') !== '1.0.0') {
      c.header('Tus-Version', '1.0.0')
      return problem(c, 412, '请使用 tus 1.0.0(Tus-Resumable 头)', 'Speak tus 1.0.0 (Tus-Resumable header).')
    }
    await next()
    c.header('Tus-Resumable', '1.0.0')
  }
  app.use('/inbox/*', speakTus)

  app.on('OPTIONS', ['/inbox', '/inbox/:id'], (c) =>
    c.body(null, 204, {
      'Tus-Version': '1.0.0',
      'Tus-Extension': 'creation,creation-with-upload,termination',
      'Tus-Max-Size': String(largest),
    }),
  )

  app.post('/inbox', async (c) => {
    const length = Number(c.req.header('upload-length'))
    if (!Number.isSafeInteger(length) || length <= 0)
      return problem(
        c,
        400,
        'Upload-Length 应为包的字节数',
        'Upload-Length should be the size of the package in bytes.',
      )
    if (length > largest) return problem(c, 413, '包超过 8 GiB', 'The package is larger than 8 GiB.')
    const room = statfsSync(exchange.post.inbox)
    if (room.bavail * room.bsize < 2 * length + (256 << 20))
      return problem(c, 507, '收方磁盘空间不足,请通知收方清理', 'The receiver has too little disk space.')
    const mine = uploads(exchange).filter((each) => each.peer === c.var.peer.node)
    // A sender that lost its place begins again: its oldest halves make room.
    for (const each of mine.slice(0, Math.max(0, mine.length - atOnce + 1))) drop(exchange, each.id)
    const upload: Upload = { id: newId(), peer: c.var.peer.node, length, created: exchange.store.moment() }
    writeFileSync(partPath(exchange, upload.id), new Uint8Array(0), { mode: 0o600 })
    writeFileSync(factsPath(exchange, upload.id), JSON.stringify(upload), { mode: 0o600 })
    c.header('Location', `${new URL(c.req.url).pathname}/${upload.id}`)
    const offset =
      c.req.header('content-type') === pieceType ? await append(exchange, upload, c.req.raw.body) : 0
    c.header('Upload-Offset', String(offset))
    return c.body(null, 201)
  })

  // Hono answers HEAD from here too.
  app.get('/inbox/:id', (c) => {
    const upload = mine(exchange, c)
    if (!upload) return c.body(null, 404)
    return c.body(null, 200, {
      'Upload-Offset': String(offsetOf(exchange, upload)),
      'Upload-Length': String(upload.length),
      'Cache-Control': 'no-store',
    })
  })

  app.patch('/inbox/:id', async (c) => {
    const upload = mine(exchange, c)
    if (!upload) return problem(c, 404, '没有这个上传,请重新开始', 'There is no such upload; begin again.')
    if (c.req.header('content-type') !== pieceType)
      return problem(c, 415, `Content-Type 应为 ${pieceType}`, `Content-Type should be ${pieceType}.`)
    if (writing.has(upload.id)) return problem(c, 423, '这个上传正在写入', 'This upload is being written.')
    if (Number(c.req.header('upload-offset')) !== offsetOf(exchange, upload))
      return problem(
        c,
        409,
        'Upload-Offset 与已收到的字节数不符',
        'Upload-Offset is not where the upload stands.',
      )
    const offset = await append(exchange, upload, c.req.raw.body)
    if (offset > upload.length) {
      drop(exchange, upload.id)
      return problem(c, 413, '内容比 Upload-Length 长', 'There is more content than Upload-Length says.')
    }
    return c.body(null, 204, { 'Upload-Offset': String(offset) })
  })

  app.delete('/inbox/:id', (c) => {
    const upload = mine(exchange, c)
    if (!upload) return problem(c, 404, '没有这个上传', 'There is no such upload.')
    drop(exchange, upload.id)
    return c.body(null, 204)
  })
}

/** Uploads that were whole when the box stopped are received now. */
export async function finishUploads(exchange: Exchange) {
  for (const upload of uploads(exchange))
    if (offsetOf(exchange, upload) === upload.length) await take(exchange, upload)
}

const pieceType = 'application/offset+octet-stream'
const writing = new Set<string>()

/** Writes what comes, also when the line breaks half way, and answers with where the upload stands, on disk. */
async function append(
  exchange: Exchange,
  upload: Upload,
  body: ReadableStream<Uint8Array> | null,
): Promise<number> {
  writing.add(upload.id)
  const file = await open(partPath(exchange, upload.id), 'a')
  let offset = offsetOf(exchange, upload)
  try {
    if (body) {
      for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
        offset += chunk.length
        if (offset > upload.length) break
        await file.write(chunk)
      }
    }
  } catch (error) {
    // The sender went away: what came stays, and it resumes from there.
    if ((error as { code?: string }).code === 'ENOSPC') throw error
    offset = offsetOf(exchange, upload)
  } finally {
    await file.sync()
    await file.close()
    writing.delete(upload.id)
  }
  // Whole: received in its own time; the sender asks for the receipt.
  if (offset === upload.length) void take(exchange, upload)
  return offset
}

async function take(exchange: Exchange, upload: Upload) {
  try {
    await receivePackage(exchange, partPath(exchange, upload.id), 'wire')
    drop(exchange, upload.id)
  } catch (error) {
    // A full disk, or a bug: the file stays, and `finishUploads` tries again at the next start.
    exchange.fault(error)
  }
}

function mine(exchange: Exchange, c: Context<CarrierEnv>): Upload | undefined {
  const id = c.req.param('id') ?? ''
  if (!/^[0-9a-f-]{36}$/.test(id) || !existsSync(factsPath(exchange, id))) return undefined
  const upload = JSON.parse(readFileSync(factsPath(exchange, id), 'utf8')) as Upload
  return upload.peer === c.var.peer.node ? upload : undefined
}

function uploads(exchange: Exchange): Upload[] {
  return readdirSync(exchange.post.inbox)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(exchange.post.inbox, name), 'utf8')) as Upload)
}

function drop(exchange: Exchange, id: string) {
  rmSync(factsPath(exchange, id), { force: true })
  rmSync(partPath(exchange, id), { force: true })
}

const partPath = (exchange: Exchange, id: string) => join(exchange.post.inbox, `${id}.part`)
const factsPath = (exchange: Exchange, id: string) => join(exchange.post.inbox, `${id}.json`)
const offsetOf = (exchange: Exchange, upload: Upload) => statSync(partPath(exchange, upload.id)).size
