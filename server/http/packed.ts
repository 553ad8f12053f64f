// JSON over a thin line: what a device says and what it is told travels packed when that saves a packet.

import { gunzipSync } from 'node:zlib'
import type { Context } from 'hono'
import { Refusal } from '../kernel/refusal.ts'

/** Answers with JSON, gzipped for a client that takes it. A day's receipts shrink to a third, a replica to a sixth. */
export function packedJson(c: Context, value: unknown): Response {
  const body = JSON.stringify(value)
  if (body.length < 1000 || !/\bgzip\b/.test(c.req.header('accept-encoding') ?? ''))
    return c.body(body, 200, { 'content-type': 'application/json' })
  return c.body(Bun.gzipSync(body), 200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
}

/** The JSON of a request, gzipped or not (RFC 9110, 8.4). Refuses what unpacks to more than `largest` bytes. */
export async function unpackedJson(c: Context, largest = 64 << 20): Promise<unknown> {
  if (c.req.header('content-encoding') !== 'gzip') return c.req.json()
  try {
    const bytes = gunzipSync(await c.req.arrayBuffer(), { maxOutputLength: largest })
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw new Refusal({ zh: '这一批读不懂,请重新发送', en: 'This cannot be read; send it again.' })
  }
}
