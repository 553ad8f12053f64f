import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'

/** RFC 9457, in both languages: a carrier is a program, but a person reads its log. */
export function problem(c: Context<any>, status: ContentfulStatusCode, zh: string, en: string) {
  const title =
    {
      400: 'Bad request',
      401: 'Unauthorized',
      403: 'Forbidden',
      404: 'Not found',
      409: 'Conflict',
      413: 'Too large',
      422: 'Refused',
    }[status as number] ?? 'Refused'
  return c.body(
    JSON.stringify({ type: 'about:blank', title, status, detail: en, words: { zh, en } }),
    status,
    { 'Content-Type': 'application/problem+json' },
  )
}
