import { Button } from './button.tsx'
import { Icon, type IconName } from './icon.tsx'
import type { Child, Link, Say, Tone } from './props.ts'

const icons: Record<Tone, IconName> = { plain: 'info', info: 'info', good: 'done', warn: 'warn', bad: 'stop' }

export interface NoticeProps {
  tone?: Tone
  title?: string
  children?: Child
  /** Read aloud at once: for what just happened. */
  live?: boolean
}

/** Says what happened, what is safe and what to do. */
export function Notice({ tone = 'info', title, children, live }: NoticeProps) {
  return (
    <div class={`notice notice-${tone}`} role={live ? (tone === 'bad' ? 'alert' : 'status') : undefined}>
      <Icon name={icons[tone]} />
      <div class="notice-body">
        {title && <p class="notice-title">{title}</p>}
        {children && <div>{children}</div>}
      </div>
    </div>
  )
}

export interface Fault {
  /** The field's name; the summary links to it. */
  field?: string
  text: string
}

/** Everything that is wrong with a form, on top of it, each a link to its field. */
export function ErrorSummary({ t, faults }: { t: Say; faults: Fault[] }) {
  if (faults.length === 0) return null
  return (
    <div class="faults" role="alert" tabindex={-1} id="faults" data-faults>
      <p class="faults-title">
        <Icon name="warn" />
        {faults.length === 1
          ? t({ zh: '有一处要改,内容还没有保存', en: 'One thing to correct; nothing has been saved yet' })
          : t({
              zh: `有 ${faults.length} 处要改,内容还没有保存`,
              en: `${faults.length} things to correct; nothing has been saved yet`,
            })}
      </p>
      <ul>
        {faults.map((each) => (
          <li>{each.field ? <a href={`#f-${each.field}`}>{each.text}</a> : each.text}</li>
        ))}
      </ul>
    </div>
  )
}

/** An empty list: one sentence, and the button that makes the first one. */
export function Empty({
  text,
  act,
  icon = 'list',
  children,
}: {
  text: string
  act?: Link
  icon?: IconName
  children?: Child
}) {
  return (
    <div class="empty">
      <Icon name={icon} size="large" />
      <p>{text}</p>
      {children}
      {act && <Button title={act.title} path={act.path} icon="plus" />}
    </div>
  )
}

export interface ProgressProps {
  t: Say
  title: string
  done: number
  /** Unknown when absent: the bar then only says that work goes on. */
  total?: number
  /** 已读 12,000 行,剩约 2 分钟. */
  text?: string
  /** Address that draws this piece again; asked every two seconds until it is done. */
  again?: string
  stop?: { path: string; csrf: string }
}

/** Big work shows how far it is and can be stopped; it goes on from where it was. */
export function Progress({ t, title, done, total, text, again, stop }: ProgressProps) {
  const finished = total !== undefined && done >= total
  return (
    <div
      class="progress"
      hx-get={finished ? undefined : again}
      hx-trigger={finished || !again ? undefined : 'every 2s'}
      hx-swap="outerHTML"
    >
      <p class="progress-title" id={`p-${title}`}>
        {title}
        {total ? (
          <span class="progress-share">{Math.floor((100 * Math.min(done, total)) / total)}%</span>
        ) : null}
      </p>
      <progress max={total ?? undefined} value={total ? done : undefined} aria-label={title} />
      {text && <p class="hint">{text}</p>}
      {stop && !finished && (
        <form method="post" action={stop.path}>
          <input type="hidden" name="_csrf" value={stop.csrf} />
          <Button title={t({ zh: '先停下', en: 'Stop for now' })} small />
        </form>
      )}
    </div>
  )
}
