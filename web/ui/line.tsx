import { Icon, type IconName } from './icon.tsx'
import { classes, type Say } from './props.ts'

/** The line as people should see it: what is where, and when that was last known. */
export interface LineProps {
  t: Say
  /** Acts of this box that no package carries yet. */
  waiting: number
  /** Packages sent, received by the tier above, imported there. */
  sent: number
  received: number
  imported: number
  /** 09:40, the last time anything was confirmed. */
  asOf?: string
  /** 09:12, since when the line is down. */
  downSince?: string
  /** No upper tier is registered: the box stands alone. */
  alone?: boolean
  /** This page runs on a field device, which sends to the county; the box sends to the prefecture. */
  place?: 'box' | 'device'
  path?: string
}

/** The state of the line, always in sight and always true; opens to its detail. */
export function LineState(props: LineProps) {
  const { path = '/sync' } = props
  const { icon, look, text } = reading(props)
  return (
    <a
      class={classes('line', `line-${look}`)}
      href={path}
      id="line-state"
      data-line
      hx-get="/line"
      hx-trigger="live:line from:body"
      hx-swap="outerHTML"
    >
      <Icon name={icon} />
      <span class="line-text">{text}</span>
    </a>
  )
}

function reading({
  t,
  waiting,
  sent,
  received,
  imported,
  asOf,
  downSince,
  alone,
  place = 'box',
}: LineProps): { icon: IconName; look: string; text: string } {
  const above =
    place === 'device' ? t({ zh: '县里', en: 'the county' }) : t({ zh: '市里', en: 'the prefecture' })
  const stamp = asOf ? ` · ${asOf}` : ''
  if (alone)
    return {
      icon: 'cloud',
      look: 'plain',
      text: t({ zh: '未接上级,数据都在本机', en: 'No upper tier; all data is on this box' }),
    }
  // A phone has room for what matters: that work goes on, and how much is only here. Since when stands on its own page.
  if (downSince && place === 'device')
    return {
      icon: 'offline',
      look: 'warn',
      text:
        waiting > 0
          ? t({ zh: `断线 · ${waiting} 条待发`, en: `No line · ${waiting} to send` })
          : t({ zh: '断线 · 照常办', en: 'No line · work goes on' }),
    }
  if (downSince)
    return {
      icon: 'offline',
      look: 'warn',
      text: t({
        zh: `${downSince} 起断线,${waiting} 条待发${stamp}`,
        en: `Line down since ${downSince}; ${waiting} to send${stamp}`,
      }),
    }
  if (waiting > 0)
    return {
      icon: 'upload',
      look: 'busy',
      text:
        place === 'device'
          ? t({ zh: `本机有 ${waiting} 条待发`, en: `${waiting} to send from here` })
          : t({ zh: `本机有 ${waiting} 条待发${stamp}`, en: `${waiting} to send from here${stamp}` }),
    }
  if (sent > received)
    return {
      icon: 'upload',
      look: 'busy',
      text: t({ zh: `已发出,${above}未取${stamp}`, en: `Sent, not yet fetched by ${above}${stamp}` }),
    }
  if (received > imported)
    return {
      icon: 'clock',
      look: 'busy',
      text: t({ zh: `${above}已收到,未入库${stamp}`, en: `${above} has it, not yet imported${stamp}` }),
    }
  return {
    icon: 'done',
    look: 'good',
    text: t({ zh: `已与${above}同步${stamp}`, en: `In step with ${above}${stamp}` }),
  }
}
