// The frame around every page: menu by what the person may do, line state, language. Knows only the context, so that the
// same frame is drawn on the box and in a browser out of reach.

import type { Context } from 'hono'
import type { Child } from 'hono/jsx'
import type { StatusCode } from 'hono/utils/http-status'
import { Button } from '../../web/ui/button.tsx'
import { type LineProps, LineState } from '../../web/ui/line.tsx'
import { Notice } from '../../web/ui/notice.tsx'
import { type MenuPlace, Page, type PageProps, places } from '../../web/ui/page.tsx'
import type { Desk } from '../kernel/desk.ts'
import { timeText } from '../kernel/words.ts'
import { remindsToJoin } from './join/joined.ts'
import type { Env, House, MenuEntry, Place } from './module.ts'

export interface Framing extends Pick<PageProps, 'crumbs' | 'needs' | 'wide' | 'kind' | 'flash' | 'task'> {
  title: string
  here?: Place
  status?: StatusCode
}

export function page(c: Context<Env>, framing: Framing, body: Child): Response | Promise<Response> {
  const { t, lang, actor } = c.var
  const { status = 200, here, ...rest } = framing
  const known = actor && actor.id !== 'public'
  // The rest of the page changes with who asks and in which language: nobody may keep it for another.
  c.header('cache-control', 'no-store')
  return c.html(
    Page({
      t,
      lang,
      county: t(c.var.house.county),
      ...(known && {
        person: { name: actor.name, role: rolesText(c) },
        menu: menuOf(c.var.desk, c.var.house, t),
        line: lineOf(c),
        csrf: c.var.csrf,
      }),
      here,
      path: c.req.path,
      // Before the password is typed is the best moment to hear of it.
      plain: (known || c.req.path === '/login') && remindsToJoin(c),
      flash: said(c),
      ...rest,
      children: body,
    }) as unknown as string,
    status as 200,
  )
}

/** A fault as a page: what happened, what is safe, what to do. Never fails itself. */
export function calmPage(
  c: Context<Env>,
  { status, title, text }: { status: number; title: string; text: string },
) {
  const t = c.var.t ?? ((words: { zh: string }) => words.zh)
  // A fragment request would put the whole page into a table: let it replace the work area instead.
  if (c.req.header('hx-request')) {
    c.header('hx-retarget', '#main')
    c.header('hx-reselect', '#main')
    c.header('hx-reswap', 'outerHTML')
  }
  const whom = status === 403 ? (c.var.house?.askWhom?.() ?? []) : []
  const body = (
    <div class="calm">
      <h1>{title}</h1>
      <Notice tone={status >= 500 ? 'bad' : 'warn'}>
        <p>{text}</p>
        {whom.length > 0 && (
          <p>{t({ zh: `可以联系:${whom.join('、')}`, en: `Whom to ask: ${whom.join(', ')}` })}</p>
        )}
      </Notice>
      <p class="actions">
        <Button title={t({ zh: '返回首页', en: 'Back to the first page' })} path="/" />
      </p>
    </div>
  )
  try {
    return page(c, { title, status: status as StatusCode, kind: 'error' }, body)
  } catch {
    return c.html(
      `<!doctype html><meta charset="utf-8"><title>${status}</title><p>${escapeText(title)}</p><p>${escapeText(text)}</p>`,
      status as 500,
    )
  }
}

/** The nine places, without those where this person has nothing to do. */
export function menuOf(desk: Desk, house: House, t: Env['Variables']['t']): MenuPlace[] {
  const entries = [...house.modules.flatMap((each) => each.menu ?? []), ...houseEntries].filter((entry) =>
    allowed(desk, entry),
  )
  return places.flatMap((place) => {
    const mine = entries.filter((entry) => entry.place === place.place)
    const own =
      place.place === 'today' ||
      (place.place === 'registers' && [...desk.registry.datasets.values()].some((each) => desk.mayRead(each)))
    if (mine.length === 0 && !own) return []
    const links = mine.map((entry) => ({ title: t(entry.title), path: entry.path }))
    if (place.place === 'registers')
      links.unshift({ title: t({ zh: '全部台账', en: 'All registers' }), path: '/registers' })
    return [
      { place: place.place, title: t(place.title), path: own ? place.path : links[0]!.path, entries: links },
    ]
  })
}

const houseEntries: MenuEntry[] = [
  { place: 'registers', title: { zh: '离线办公', en: 'Field work' }, path: '/field' },
  { place: 'sync', title: { zh: '同步状态', en: 'Line' }, path: '/sync', needs: 'may:sync' },
  {
    place: 'cases',
    title: { zh: '待定问题', en: 'Questions' },
    path: '/d/kernel.question',
    needs: 'act:kernel.question.answered',
  },
  {
    place: 'system',
    title: { zh: '运行状况', en: 'Condition' },
    path: '/system/condition',
    needs: 'may:system',
  },
  { place: 'system', title: { zh: '人员与权限', en: 'People' }, path: '/system/people', needs: 'may:people' },
  { place: 'system', title: { zh: '接口令牌', en: 'Tokens' }, path: '/system/tokens', needs: 'may:people' },
  { place: 'system', title: { zh: '审计', en: 'Audit' }, path: '/system/audit', needs: 'may:audit' },
]

export function allowed(desk: Desk, entry: MenuEntry): boolean {
  const [how, what] = entry.needs?.split(/:(.*)/s) ?? []
  if (!how || !what) return true
  if (how === 'read') return desk.mayRead(what)
  if (how === 'act') return desk.may(what)
  return desk.registry.rights.may(desk.actor, what)
}

/** The line as the top bar shows it; absent where nobody knows (a device asks its own outbox instead). */
export function lineOf(c: Context<Env>): Omit<LineProps, 't'> | undefined {
  const box = c.var.box
  if (!box) return c.var.deviceLine
  try {
    const state = box.line.state()
    return {
      waiting: state.waiting,
      sent: state.sent,
      received: state.received,
      imported: state.imported,
      alone: !state.peer,
      place: 'box',
      ...(state.confirmedAt && { asOf: timeText(state.confirmedAt, c.var.lang) }),
      ...(state.downSince && { downSince: timeText(state.downSince, c.var.lang) }),
      path: c.var.desk.registry.rights.may(c.var.actor, 'sync') ? '/sync' : '/line/detail',
    }
  } catch {
    // Whatever is wrong with the line, the page is drawn.
    return undefined
  }
}

export const lineFragment = (c: Context<Env>) => {
  const line = lineOf(c)
  return line ? c.html(<LineState t={c.var.t} {...line} />) : c.body(null, 204)
}

export function rolesText(c: Context<Env>): string {
  const { t, actor, desk } = c.var
  const titles = actor.roles.map(
    (name) => desk.registry.rights.roles.find((role) => role.name === name)?.title,
  )
  const place = desk.registry.division(actor.division)
  return [place && t(place), ...titles.filter((each) => each !== undefined).map(t)]
    .filter(Boolean)
    .join(' · ')
}

/** What just happened, told once after a redirect: the address carries only a known word. */
function said(c: Context<Env>): PageProps['flash'] {
  const { t, desk } = c.var
  const word = c.req.query('said')
  if (!word || !desk) return undefined
  const known = notes[word]
  if (known) return { tone: known.tone ?? 'good', text: t(known) }
  const verb = desk.registry.verbs.get(word)
  return verb
    ? { tone: 'good', text: t({ zh: `已办:${verb.done.zh}`, en: `Done: ${verb.done.en}` }) }
    : undefined
}

const notes: Record<string, { zh: string; en: string; tone?: 'good' | 'warn' | 'info' }> = {
  created: { zh: '已保存', en: 'Saved' },
  redacted: { zh: '已抹除', en: 'Removed for good' },
  amended: { zh: '修改已保存', en: 'Changes saved' },
  unchanged: { zh: '没有改动,未保存新版本', en: 'Nothing was changed', tone: 'info' },
  withdrawn: { zh: '已作废,记录和经过仍可查', en: 'Withdrawn; the record and its history stay readable' },
  repeated: {
    zh: '这次提交之前已经收到,没有重复保存',
    en: 'This was received before; nothing was saved twice',
    tone: 'info',
  },
  question: {
    zh: '已保存;与他人同时修改的内容留作待定问题',
    en: 'Saved; what someone else changed meanwhile is kept as a question',
    tone: 'warn',
  },
  held: {
    zh: '已收下,前一步到达后自动办理',
    en: 'Kept; it will be done when the step before it arrives',
    tone: 'info',
  },
  'logged-in': {
    zh: '已登录,刚才的页面需要重新提交',
    en: 'Logged in; send the last page again',
    tone: 'info',
  },
  'parcel-known': {
    zh: '这一份里的县里早已收到,什么也没有变',
    en: 'The county had all of this already; nothing changed',
    tone: 'info',
  },
  'parcel-confirmed': { zh: '已收进来', en: 'Taken in' },
  'parcel-dropped': { zh: '没有收,已记下是谁决定的', en: 'Dropped; who decided it is kept' },
  'password-changed': { zh: '密码已更换', en: 'Password changed' },
}

const escapeText = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
