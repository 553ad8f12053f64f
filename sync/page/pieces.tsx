// What the sync pages have in common.

import type { Context } from 'hono'
import type { Env } from '../../server/http/module.ts'
import type { Say } from '../../server/kernel/words.ts'
import { Button } from '../../web/ui/button.tsx'
import { Tabs } from '../../web/ui/tabs.tsx'
import type { PackageOut } from '../cut.ts'
import { type Exchange, exchangeOf } from '../exchange.ts'
import type { Manifest } from '../manifest.ts'
import { troubles } from '../state.ts'

/** The exchange behind this page. */
export function exchangeAt(c: Context<Env>): Exchange {
  const exchange = exchangeOf(c.var.box.store)
  if (!exchange) throw new Error('this box has no exchange')
  return exchange
}

export const syncTitle = { zh: '与上级同步', en: 'Sync' }

export function SyncTabs({ c }: { c: Context<Env> }) {
  const { t } = c.var
  const counts = Object.fromEntries(troubles(exchangeAt(c)).map((each) => [each.path.split('#')[0]!, 1]))
  const tab = (zh: string, en: string, path: string) => ({
    title: t({ zh, en }),
    path,
    ...(counts[path] && { count: countsOf(c, path) }),
  })
  return (
    <Tabs
      t={t}
      here={new URL(c.req.url).pathname}
      tabs={[
        tab('线路', 'Lines', '/sync'),
        tab('发出的包', 'Sent', '/sync/sent'),
        tab('收到的包', 'Received', '/sync/received'),
        tab('节点与名片', 'Peers and card', '/sync/peers'),
        tab('U 盘', 'Stick', '/sync/stick'),
      ]}
    />
  )
}

const countsOf = (c: Context<Env>, path: string) =>
  troubles(exchangeAt(c))
    .filter((each) => each.path.startsWith(path))
    .reduce((sum, each) => sum + each.n, 0)

/** Four states, three ticks: queued, sent, received, imported. Only the receiver's receipt makes the last. */
export function PackageFate({ t, state }: { t: Say; state: PackageOut['state'] }) {
  const reached = { waiting: 0, refused: 0, sent: 1, received: 2, imported: 3 }[state]
  const word = t(stateWords[state])
  return (
    <span class={state === 'refused' ? 'ticks ticks-refused' : 'ticks'}>
      <svg class="ticks-mark" viewBox="0 0 40 16" aria-hidden="true" focusable="false">
        {[0, 1, 2].map((i) => (
          <path class={i < reached ? 'tick tick-on' : 'tick'} d={`M${2 + i * 12} 8.5l3.5 3.5 6.5-8`} />
        ))}
      </svg>
      <span>{word}</span>
    </span>
  )
}

export const stateWords: Record<PackageOut['state'], { zh: string; en: string }> = {
  waiting: { zh: '待发', en: 'Queued' },
  sent: { zh: '已发出', en: 'Sent' },
  received: { zh: '对方已收', en: 'Received' },
  imported: { zh: '对方已入库', en: 'Imported' },
  refused: { zh: '被拒收', en: 'Refused' },
}

/** 地块 3 新增 · 1 修改;采收 2 新增 */
export function contentText(c: Context<Env>, datasets: Manifest['datasets']): string {
  const { t, desk } = c.var
  const words = {
    created: t({ zh: '新增', en: 'new' }),
    amended: t({ zh: '修改', en: 'changed' }),
    withdrawn: t({ zh: '作废', en: 'withdrawn' }),
  }
  const said = Object.entries(datasets).map(([name, counts]) => {
    const spec = desk.registry.datasets.get(name)?.spec
    const kinds = (['created', 'amended', 'withdrawn'] as const)
      .filter((kind) => counts[kind] > 0)
      .map((kind) => `${counts[kind].toLocaleString('en')} ${words[kind]}`)
    return `${spec ? t(spec.title) : name} ${kinds.join(' · ')}`
  })
  return said.join(t({ zh: ';', en: '; ' }))
}

export const sizeText = (bytes: number): string =>
  bytes < 1000
    ? `${bytes} B`
    : bytes < 1e6
      ? `${(bytes / 1e3).toFixed(0)} KB`
      : bytes < 1e9
        ? `${(bytes / 1e6).toFixed(1)} MB`
        : `${(bytes / 1e9).toFixed(2)} GB`

/** One button that posts. */
export function Post({
  c,
  action,
  title,
  look,
  small,
  values = {},
}: {
  c: Context<Env>
  action: string
  title: string
  look?: 'main' | 'plain' | 'danger' | 'quiet'
  small?: boolean
  values?: Record<string, string>
}) {
  return (
    <form method="post" action={action} class="inline">
      <input type="hidden" name="_csrf" value={c.var.csrf} />
      {Object.entries(values).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <Button title={title} look={look} small={small} />
    </form>
  )
}

/** Who moved packages or keys, when: kept with the other things people do outside the diary. */
export function audit(c: Context<Env>, what: string, about: string, detail?: string) {
  const { store } = c.var.box
  store.db
    .query('insert into audit(at, actor, what, about, detail) values(?,?,?,?,?)')
    .run(store.moment(), c.var.actor.id, what, about, detail ?? null)
}
