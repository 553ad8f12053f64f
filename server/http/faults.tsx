// Whatever goes wrong is answered in one of few ways: a sentence a person can act on (422), not yours (403), not there
// (404), changed meanwhile (409), or an incident number with a line in the log (500). Programs get problem+json
// (RFC 9457), people get a page.

import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { Conflict, Refusal } from '../kernel/refusal.ts'
import type { Words } from '../kernel/words.ts'
import { calmPage } from './layout.tsx'
import type { Env } from './module.ts'

export interface Fault {
  status: ContentfulStatusCode
  title: Words
  detail: Words
  field?: string
  incident?: string
  /** Every sentence when several things were wrong. */
  all?: { field?: string; words: Words }[]
}

export type Log = (line: Record<string, unknown>) => void

export function faultOf(error: unknown, log: Log, about: Record<string, unknown>): Fault {
  if (error instanceof Refusal) {
    const status = error.kind === 'access' ? 403 : error.kind === 'missing' ? 404 : 422
    return { status, title: titles[status], detail: error.words, field: error.field, all: error.all }
  }
  if (error instanceof Conflict) return { status: 409, title: titles[409], detail: conflictWords }
  if (error instanceof HTTPException && error.status < 500) {
    const status = error.status as ContentfulStatusCode
    const words = { zh: '请求无法读取,请返回后重试', en: error.message || 'The request cannot be read.' }
    return { status, title: words, detail: words }
  }
  const incident = incidentNumber()
  const trouble = error instanceof Error ? error : new Error(String(error))
  log({
    level: 'error',
    event: 'incident',
    incident,
    message: trouble.message,
    stack: trouble.stack,
    ...about,
  })
  if (isFull(trouble)) return { status: 507, title: full.title, detail: full.detail, incident }
  return {
    status: 500,
    title: { zh: '这一步没有办成', en: 'This step did not succeed' },
    detail: {
      zh: `程序遇到意外情况,已保存的数据都在。请记下编号 ${incident} 告诉管理员,也可以返回后重试。`,
      en: `Something unexpected happened; everything saved before is safe. Tell the administrator number ${incident}, or go back and try again.`,
    },
    incident,
  }
}

export function answerFault(c: Context<Env>, fault: Fault): Response | Promise<Response> {
  const t = c.var.t ?? ((words: Words) => words.zh)
  if (wantsJson(c)) {
    const body = {
      type: 'about:blank',
      title: t(fault.title),
      status: fault.status,
      detail: t(fault.detail),
      instance: c.req.path,
      ...(fault.field && { field: fault.field }),
      ...(fault.incident && { incident: fault.incident }),
      ...(fault.all &&
        fault.all.length > 1 && {
          errors: fault.all.map((each) => ({ field: each.field, detail: t(each.words) })),
        }),
    }
    return c.body(JSON.stringify(body), fault.status, {
      'content-type': 'application/problem+json; charset=utf-8',
    })
  }
  return calmPage(c, { status: fault.status, title: t(fault.title), text: t(fault.detail) })
}

/** Programs ask under /api, or say that they want JSON. */
export const wantsJson = (c: Context): boolean => {
  if (c.req.path.startsWith('/api/') || c.req.path.startsWith('/sync/v1/')) return true
  const accept = c.req.header('accept') ?? ''
  return accept.includes('json') && !accept.includes('text/html')
}

export const missing: Fault = {
  status: 404,
  title: { zh: '没有这个页面', en: 'No such page' },
  detail: {
    zh: '地址可能抄错了,或者记录不在您的辖区。请从菜单重新进入。',
    en: 'The address may be mistyped, or the record is outside your area. Start again from the menu.',
  },
}

/** A form that another site's page sent: nothing was done. */
export const foreign = () =>
  new Refusal(
    {
      zh: '这个表单不是从县盒的页面提交的,没有办理。请从县盒的菜单进入后再填。',
      en: 'This form was not sent from a page of the box; nothing was done. Come in by the menu and fill it in there.',
    },
    { kind: 'access' },
  )

const titles = {
  403: { zh: '您没有这项权限', en: 'You may not do this' },
  404: { zh: '找不到', en: 'Not found' },
  409: { zh: '有人刚改过这条记录', en: 'Someone changed this record meanwhile' },
  422: { zh: '还不能保存', en: 'Not saved yet' },
} as const

const conflictWords = {
  zh: '您打开之后有人改过同一处,您填的内容没有丢。请返回,对照后再保存。',
  en: 'Someone changed the same field after you opened it. Nothing you typed is lost: go back, compare and save again.',
}

const full = {
  title: { zh: '磁盘已满,没有保存', en: 'The disk is full; nothing was saved' },
  detail: {
    zh: '已保存的数据都在。请管理员清理磁盘后再点一次保存,您填的内容仍在页面上。',
    en: 'Everything saved before is safe. Ask the administrator to free space, then save again: what you typed is still on the page.',
  },
}

const isFull = (error: Error) =>
  /SQLITE_FULL|database or disk is full|ENOSPC/.test(
    `${(error as { code?: string }).code ?? ''} ${error.message}`,
  )

// Short enough to read out over the telephone: day and five digits.
const incidentNumber = () =>
  `${new Date().toISOString().slice(5, 10).replace('-', '')}-${String(crypto.getRandomValues(new Uint32Array(1))[0]! % 100_000).padStart(5, '0')}`
