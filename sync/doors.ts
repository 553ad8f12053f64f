// What every tier offers its peers under /sync/v1, with a bearer token per peer (docs/contracts.md): packages to fetch,
// receipts, and an inbox to push into. Two doors beside the contract's: `state`, by which two ends find each other again
// after a restore, and `receipts` to be fetched by a sender that cannot be called.

import { Hono } from 'hono'
import { Refusal } from '../server/kernel/refusal.ts'
import { cutPackages, type PackageOut, packageOut, packagesFor } from './cut.ts'
import type { Exchange } from './exchange.ts'
import { type CarrierEnv, inboxRoutes } from './inbox.ts'
import { noteDatabase, peerByToken } from './peers.ts'
import { problem } from './problem.ts'
import { type PackageReceipt, takeReceipt } from './receipt.ts'
import { lastFrom, packagesIn } from './receive.ts'

/** Mounted by the appliance: `app.route('/sync/v1', syncRoutes(exchange))`. */
export function syncRoutes(exchange: Exchange): Hono<CarrierEnv> {
  const app = new Hono<CarrierEnv>()

  app.onError((error, c) => {
    if (error instanceof Refusal)
      return problem(
        c,
        error.kind === 'access' ? 403 : error.kind === 'missing' ? 404 : 422,
        error.words.zh,
        error.words.en,
      )
    exchange.fault(error)
    return problem(c, 500, '对方程序出错,已记录', 'The box failed; it is in its log.')
  })

  app.use('*', async (c, next) => {
    const token = /^Bearer\s+(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    const peer = token ? peerByToken(exchange.store, token) : undefined
    if (!peer) {
      c.header('WWW-Authenticate', 'Bearer')
      return problem(
        c,
        401,
        '请带上登记时得到的令牌(Authorization: Bearer …);停用的节点也会被拒',
        'Send the token given at registration (Authorization: Bearer …); disabled peers are refused too.',
      )
    }
    noteDatabase(exchange.store, peer, c.req.header('xianhe-database'))
    // Whoever calls is there: the line is not down, and what waited for the next try need not wait longer.
    if (peer.downSince || peer.tryAt)
      exchange.store.db
        .query(
          'update peer set down_since = null, fault = null, tries = 0, try_at = null, answered_at = ? where node = ?',
        )
        .run(exchange.store.moment(), peer.node)
    c.set('peer', peer)
    await next()
  })

  app.get('/state', (c) => {
    const { node, name } = c.var.peer
    const { id, database, division } = exchange.store.node
    return c.json({ node: id, database, division, peer: node, name, last: lastFrom(exchange, node) ?? null })
  })

  app.get('/packages', async (c) => {
    const after = Number(c.req.query('after') ?? 0)
    if (!Number.isSafeInteger(after) || after < 0)
      return problem(c, 400, 'after 应为包的序号', 'after should be the number of a package.')
    // Whoever asks is there: what waits in the diary is cut now.
    await cutPackages(exchange, c.var.peer.node)
    const waiting = packagesFor(exchange, c.var.peer.node, 10_000)
      .filter(
        (each) =>
          each.seq > after &&
          (c.req.query('after') !== undefined || each.state !== 'imported') &&
          each.state !== 'refused',
      )
      .reverse()
    return c.json(
      waiting.map(({ seq, file, bytes, sha256, manifestSha256 }) => ({
        seq,
        file,
        bytes,
        sha256,
        manifestSha256,
      })),
    )
  })

  app.get('/packages/:seq', async (c) => {
    const found = packageOut(exchange, c.var.peer.node, Number(c.req.param('seq')))
    if (!found || !(await Bun.file(found.path).exists()))
      return problem(c, 404, '没有这个序号的包', 'There is no package of that number.')
    const response = ranged(c.req.raw, found)
    if (c.req.method === 'GET' && response.headers.get('X-Last') === '1') sent(exchange, found)
    response.headers.delete('X-Last')
    return response
  })

  app.get('/receipts', async (c) => {
    const after = Number(c.req.query('after') ?? 0)
    // A sender that has just pushed waits here until we are through with it.
    if (c.req.query('wait') !== undefined) await exchange.alone('receive', async () => {})
    const rows = packagesIn(exchange, 'node = ? and seq > ? and receipt is not null', [
      c.var.peer.node,
      after,
    ])
    exchange.store.db
      .query('update package_in set told = 1 where node = ? and seq > ? and receipt is not null')
      .run(c.var.peer.node, after)
    return c.json(rows.reverse().map((row) => row.receipt))
  })

  app.post('/receipts', async (c) => {
    const given = (await c.req.json().catch(() => undefined)) as PackageReceipt | PackageReceipt[] | undefined
    if (given === undefined) return problem(c, 400, '回执应为 JSON', 'The receipt should be JSON.')
    const taken = [given].flat().map((receipt) => takeReceipt(exchange, receipt, c.var.peer))
    return c.json(taken.map(({ seq, state }) => ({ seq, state })).at(-1) ?? {})
  })

  inboxRoutes(app, exchange)
  return app
}

function sent(exchange: Exchange, found: PackageOut) {
  exchange.store.db
    .query(
      `update package_out set state = 'sent', sent_at = ?, carrier = 'pull' where peer = ? and seq = ? and state = 'waiting'`,
    )
    .run(exchange.store.moment(), found.peer, found.seq)
  exchange.changed()
}

/** Bytes of a package, whole or a range of them (RFC 9110 §14); `X-Last` marks an answer that reaches its end. */
function ranged(request: Request, found: PackageOut): Response {
  const etag = `"${found.sha256}"`
  const headers = new Headers({
    'Content-Type': 'application/x-tar',
    'Content-Disposition': `attachment; filename="${found.file}"`,
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, no-transform',
    ETag: etag,
  })
  if (request.headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers })
  const file = Bun.file(found.path)
  const condition = request.headers.get('if-range')
  const range =
    condition === null || condition === etag
      ? /^bytes=(\d*)-(\d*)$/.exec(request.headers.get('range') ?? '')
      : null
  let [start, end] = [0, found.bytes - 1]
  if (range && (range[1] || range[2])) {
    if (range[1]) {
      start = Number(range[1])
      if (range[2]) end = Math.min(Number(range[2]), end)
    } else start = Math.max(0, found.bytes - Number(range[2]))
    if (start > end) {
      headers.set('Content-Range', `bytes */${found.bytes}`)
      return new Response(null, { status: 416, headers })
    }
    headers.set('Content-Range', `bytes ${start}-${end}/${found.bytes}`)
  }
  headers.set('Content-Length', String(end - start + 1))
  if (end === found.bytes - 1) headers.set('X-Last', '1')
  const status = headers.has('Content-Range') ? 206 : 200
  return new Response(request.method === 'HEAD' ? null : file.slice(start, end + 1), { status, headers })
}
