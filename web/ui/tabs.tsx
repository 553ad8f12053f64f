import type { Say } from './props.ts'

export interface Tab {
  title: string
  path: string
  count?: number
}

/** Views of one thing, each with its own address. */
export function Tabs({ t, tabs, here }: { t: Say; tabs: Tab[]; here: string }) {
  return (
    <nav class="tabs" aria-label={t({ zh: '分栏', en: 'Views' })}>
      {tabs.map((tab) => (
        <a href={tab.path} aria-current={tab.path === here ? 'page' : undefined}>
          {tab.title}
          {tab.count !== undefined && <span class="count">{tab.count}</span>}
        </a>
      ))}
    </nav>
  )
}
