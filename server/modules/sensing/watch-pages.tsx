// Alerts under way, thresholds in sentences, and what could not be read.

import type { Context } from 'hono'
import { Button } from '../../../web/ui/button.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { Table } from '../../../web/ui/table.tsx'
import { LevelTag, Tag } from '../../../web/ui/tag.tsx'
import { page } from '../../http/layout.tsx'
import type { Env } from '../../http/module.ts'
import { refuse } from '../../kernel/refusal.ts'
import { timeText, type Words } from '../../kernel/words.ts'
import { alerts, levelNames, thresholds } from './dataset.ts'
import { agoText } from './freshness.ts'
import { sentenceOf } from './sentence.ts'

/** What is not over yet, the gravest first; the rest is in the register. */
export async function showAlerts(c: Context<Env>) {
  const { desk, t, lang } = c.var
  const now = Date.now()
  const { records, next } = await desk.list(alerts, {
    filter: { state: ['open', 'confirmed'] },
    sort: '-raised',
    limit: 200,
  })
  const rank = (level: string) => levelNames.indexOf(level as (typeof levelNames)[number])
  records.sort(
    (a, b) => rank(b.fields.level) - rank(a.fields.level) || b.fields.raised.localeCompare(a.fields.raised),
  )
  const states = alerts.spec.fields['state']!.options!
  return page(
    c,
    { title: t({ zh: '预警', en: 'Alerts' }), here: 'sensing' },
    <>
      <PageHead
        title={t({ zh: '未解除预警', en: 'Alerts under way' })}
        note={t({
          zh: '数值回落到界值以下、或经现场核实后解除。',
          en: 'Over once the value is back, or once someone on the spot says so.',
        })}
      >
        <Button title={t({ zh: '全部预警', en: 'All alerts' })} path="/d/sensing.alert" icon="list" />
      </PageHead>
      <div
        id="alerts"
        hx-get="/sensing/alerts"
        hx-select="#alerts"
        hx-trigger="live:sensing.alert from:body"
        hx-swap="outerHTML"
      >
        <Table
          t={t}
          caption={t({ zh: '未解除预警', en: 'Alerts under way' })}
          columns={[
            { title: t({ zh: '预警', en: 'Alert' }) },
            { title: t({ zh: '级别', en: 'Level' }), kind: 'tight' },
            { title: t({ zh: '乡镇(街道)', en: 'Township' }) },
            { title: t({ zh: '发生', en: 'Raised' }), kind: 'time' },
            { title: t({ zh: '状态', en: 'State' }), kind: 'tight' },
            { title: '', kind: 'tight' },
          ]}
          count={{ n: records.length, capped: Boolean(next) }}
          rows={records.map(({ id, fields, division }) => {
            const town = desk.registry.division(division.slice(0, 9))
            return {
              id,
              path: `/d/sensing.alert/${id}`,
              level: fields.level,
              cells: [
                fields.title,
                <LevelTag t={t} level={fields.level} />,
                town ? t(town) : division,
                `${timeText(fields.raised, lang)}(${agoText(Date.parse(fields.raised), now, lang)})`,
                <Tag title={t(states[fields.state]!)} tone={fields.state === 'open' ? 'warn' : 'info'} />,
                fields.state === 'open' && desk.may('sensing.alert.confirmed') ? (
                  <Button
                    title={t({ zh: '确认', en: 'Confirm' })}
                    path={`/d/sensing.alert/${id}/do/confirmed`}
                    small
                  />
                ) : (
                  ''
                ),
              ],
            }
          })}
          empty={{ text: t({ zh: '现在没有预警', en: 'No alert at the moment' }) }}
        />
      </div>
    </>,
  )
}

/** Thresholds as sentences. */
export async function showThresholds(c: Context<Env>) {
  const { desk, t } = c.var
  const { records, next } = await desk.list(thresholds, { limit: 50, cursor: c.req.query('cursor') })
  const names = await desk.labels(records.map((each) => each.fields.sensor))
  return page(
    c,
    { title: t({ zh: '预警阈值', en: 'Thresholds' }), here: 'sensing' },
    <>
      <PageHead
        title={t({ zh: '预警阈值', en: 'Thresholds' })}
        note={t({
          zh: '什么情况下发几级预警,怎样算解除。',
          en: 'When an alert is raised, of which level, and when it is over.',
        })}
      >
        {desk.may('sensing.threshold.created') && (
          <Button
            title={t({ zh: '设阈值', en: 'Set a threshold' })}
            path="/d/sensing.threshold/new"
            icon="plus"
            look="main"
          />
        )}
      </PageHead>
      <Table
        t={t}
        caption={t({ zh: '预警阈值', en: 'Thresholds' })}
        columns={[
          { title: t({ zh: '名称', en: 'Name' }) },
          { title: t({ zh: '设备', en: 'Sensor' }) },
          { title: t({ zh: '规则', en: 'Rule' }) },
          { title: t({ zh: '启用', en: 'State' }), kind: 'tight' },
        ]}
        rows={records.map(({ id, fields }) => ({
          id,
          path: `/d/sensing.threshold/${id}`,
          faded: fields.state === 'off',
          cells: [
            fields.name,
            names.get(fields.sensor) ?? '—',
            t(sentenceOf(fields)),
            fields.state === 'off' ? (
              <Tag title={t({ zh: '停用', en: 'Off' })} />
            ) : (
              <Tag title={t({ zh: '启用', en: 'On' })} tone="good" />
            ),
          ],
        }))}
        next={next && `/sensing/thresholds?cursor=${encodeURIComponent(next)}`}
        empty={{
          text: t({
            zh: '还没有阈值:数值再高也不会发预警',
            en: 'No threshold yet: no value raises an alert',
          }),
          act: desk.may('sensing.threshold.created')
            ? { title: t({ zh: '设第一个阈值', en: 'Set the first one' }), path: '/d/sensing.threshold/new' }
            : undefined,
        }}
      />
    </>,
  )
}

/** Payloads nobody could read, whole, with the reason: for the people who look after devices. */
export function showQuarantine(c: Context<Env>) {
  const { desk, t, lang, box } = c.var
  if (!desk.registry.rights.may(desk.actor, 'quarantine'))
    refuse(
      {
        zh: '您的岗位不能查看设备报文,需要时请联系管理员',
        en: 'Your role may not see device payloads; ask an administrator.',
      },
      { kind: 'access' },
    )
  const kept = box.readings.quarantine(200)
  return page(
    c,
    { title: t({ zh: '读不懂的报文', en: 'Unreadable payloads' }), here: 'sensing', wide: true },
    <>
      <PageHead
        title={t({ zh: '读不懂的报文', en: 'Unreadable payloads' })}
        note={t({
          zh: '设备发来但无法入库的报文,原样保留,附原因。改好设备时钟或取值说明后,新报文会正常入库。',
          en: 'What devices sent and could not be stored, kept as it came, with the reason. Once the clock or the decoding is right, what comes next is stored.',
        })}
      />
      <Table
        t={t}
        caption={t({ zh: '读不懂的报文', en: 'Unreadable payloads' })}
        columns={[
          { title: t({ zh: '收到', en: 'Received' }), kind: 'time' },
          { title: t({ zh: '原因', en: 'Reason' }) },
          { title: t({ zh: '主题', en: 'Topic' }), kind: 'code' },
          { title: t({ zh: '报文', en: 'Payload' }), kind: 'code' },
        ]}
        rows={kept.map((each) => ({
          id: String(each.id),
          cells: [
            timeText(new Date(each.at).toISOString(), lang),
            <p class="reason">{t(reasonOf(each.reason))}</p>,
            each.topic,
            payloadText(each.payload),
          ],
        }))}
        empty={{ text: t({ zh: '没有读不懂的报文', en: 'Every payload could be read' }) }}
      />
    </>,
  )
}

function reasonOf(reason: string): Words {
  try {
    return JSON.parse(reason) as Words
  } catch {
    return { zh: reason, en: reason }
  }
}

/** Text when it is text, otherwise the bytes; the first of them when there are many. */
export function payloadText(payload: Uint8Array, most = 200): string {
  const start = payload.subarray(0, most)
  const tail = payload.length > most ? ` …(${payload.length} B)` : ''
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(
      payload.length > most ? start.subarray(0, cut(start)) : start,
    )
    if (!/[^\P{Cc}\s]/u.test(text)) return text + tail
  } catch {
    // Not text.
  }
  return [...start].map((byte) => byte.toString(16).padStart(2, '0')).join(' ') + tail
}

/** Where the last whole character ends. */
function cut(bytes: Uint8Array): number {
  let end = bytes.length
  while (end > 0 && (bytes[end - 1]! & 0xc0) === 0x80) end--
  return Math.max(0, end - 1)
}
