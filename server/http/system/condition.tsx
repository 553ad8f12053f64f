import { Block, Facts } from '../../../web/ui/detail.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { Table } from '../../../web/ui/table.tsx'
import { Tag } from '../../../web/ui/tag.tsx'
import { numberText, timeText, type Words } from '../../kernel/words.ts'
import { menuOf, page } from '../layout.tsx'
import type { App, Env } from '../module.ts'
import type { PartHealth } from '../services.ts'
import { needs } from './needs.ts'

/** 系统: how the box and each of its parts is, as /healthz says it. */
export function conditionPage(app: App) {
  app.get('/system', (c) => {
    const first = menuOf(c.var.desk, c.var.house, c.var.t).find((each) => each.place === 'system')
    return c.redirect(first?.path ?? '/menu', 303)
  })

  app.get('/system/condition', needs('system'), (c) => {
    const { t, lang, box } = c.var
    const asOf = box.numbers.asOf()
    const counters = box.readings.counters()
    return page(
      c,
      { title: t({ zh: '运行状况', en: 'Condition' }), here: 'system' },
      <>
        <PageHead
          title={t({ zh: '运行状况', en: 'Condition' })}
          note={t({
            zh: '要逐项检查,在主机上运行 xianhe doctor',
            en: 'For a full check run xianhe doctor on the box',
          })}
        />
        <Table
          t={t}
          caption={t({ zh: '部件', en: 'Parts' })}
          columns={[
            { title: t({ zh: '部件', en: 'Part' }) },
            { title: t({ zh: '状态', en: 'State' }), kind: 'tight' },
            { title: t({ zh: '自', en: 'Since' }), kind: 'time' },
            { title: t({ zh: '说明', en: 'Detail' }) },
          ]}
          rows={Object.entries(box.parts()).map(([name, part]) => ({
            id: name,
            cells: [
              partWords[name] ? t(partWords[name]!) : name,
              <Tag
                title={t(stateWords[part.state])}
                tone={part.state === 'up' ? 'good' : part.state === 'down' ? 'bad' : 'warn'}
              />,
              timeText(part.since, lang),
              part.detail ?? '',
            ],
          }))}
          empty={{ text: '—' }}
        />
        {waitingActs(c.var)}
        <Facts
          t={t}
          facts={[
            { label: t({ zh: '版本', en: 'Version' }), value: box.version, kind: 'code' },
            { label: t({ zh: '节点', en: 'Node' }), value: box.store.node.id, kind: 'code' },
            { label: t({ zh: '已运行', en: 'Running for' }), value: lasted(box.uptime(), t) },
            {
              label: t({ zh: '日志位置', en: 'Diary position' }),
              value: numberText(box.store.seq),
              kind: 'number',
            },
            {
              label: t({ zh: '指标截至', en: 'Numbers as of' }),
              value: asOf ? timeText(asOf.at, lang) : undefined,
            },
            {
              label: t({ zh: '在线设备连接', en: 'Connected devices' }),
              value: numberText(counters.clients),
              kind: 'number',
            },
            {
              label: t({ zh: '启动以来入库消息', en: 'Messages stored since start' }),
              value: numberText(counters.stored),
              kind: 'number',
            },
            {
              label: t({ zh: '读不出的消息', en: 'Unreadable messages' }),
              value: numberText(counters.quarantined),
              kind: 'number',
            },
          ]}
        />
      </>,
    )
  })
}

/** What came before the act it follows, and what a follower could not digest. Nothing here expires. */
function waitingActs({ t, lang, box, desk }: Env['Variables']) {
  const { held, aside } = box.store.waiting()
  if (held.length + aside.length === 0) return null
  const titleOf = (name: string) => {
    const verb = desk.registry.verbs.get(name)
    const dataset = desk.registry.datasets.get(name.slice(0, name.lastIndexOf('.')))
    return verb ? t(verb.title) : dataset ? t(dataset.spec.title) : name
  }
  return (
    <Block
      title={t({
        zh: `等待中的操作 ${held.length + aside.length}`,
        en: `Waiting: ${held.length + aside.length}`,
      })}
    >
      <Table
        t={t}
        id="waiting"
        caption={t({ zh: '等待中的操作', en: 'Waiting acts' })}
        columns={[
          { title: t({ zh: '什么', en: 'What' }) },
          { title: t({ zh: '为什么', en: 'Why' }) },
          { title: t({ zh: '自', en: 'Since' }), kind: 'time' },
        ]}
        rows={[
          ...held.map((each) => ({
            id: each.id,
            cells: [
              `${each.by} · ${titleOf(each.name)}`,
              t({
                zh: '它的前一步还没有送到,到了自动办理',
                en: 'The step before it has not arrived; it is done when that does',
              }),
              timeText(each.at, lang),
            ],
          })),
          ...aside.map((each) => ({
            id: `${each.follower}/${each.seq}`,
            cells: [
              each.follower,
              t({
                zh: `${each.reason}(已试 ${each.tries} 次,会再试)`,
                en: `${each.reason} (tried ${each.tries} times, will be again)`,
              }),
              timeText(each.at, lang),
            ],
          })),
        ]}
        empty={{ text: '—' }}
      />
    </Block>
  )
}

const lasted = (seconds: number, t: (words: Words) => string) => {
  const [days, hours, minutes] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ]
  return days > 0
    ? t({ zh: `${days} 天 ${hours} 小时`, en: `${days} days ${hours} h` })
    : t({ zh: `${hours} 小时 ${minutes} 分`, en: `${hours} h ${minutes} min` })
}

const stateWords: Record<PartHealth['state'], Words> = {
  up: { zh: '正常', en: 'Up' },
  down: { zh: '停了', en: 'Down' },
  starting: { zh: '启动中', en: 'Starting' },
}
const partWords: Record<string, Words> = {
  serve: { zh: '网页与台账', en: 'Pages and records' },
  ingest: { zh: '数据采集', en: 'Readings' },
  analytics: { zh: '指标计算', en: 'Numbers' },
  sync: { zh: '上报', en: 'Line' },
  disk: { zh: '磁盘', en: 'Disk' },
  https: { zh: '安全连接', en: 'Secure pages' },
}
