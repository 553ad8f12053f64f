import type { Context } from 'hono'
import { placeText } from '../../../web/ui/map.tsx'
import { PrintPage, Sheet, SheetFacts, SheetSign } from '../../../web/ui/print.tsx'
import type { Env } from '../../http/module.ts'
import { dateText, timeText } from '../../kernel/words.ts'
import { cases, categories, channels, levels, limitUnits, states } from './dataset.ts'
import { withText } from './list-cases.tsx'
import { caseFrom, casePath } from './show-case.tsx'

/** 工单: one sheet for the pocket of whoever goes there. Personal data stay masked: paper gets lost. */
export async function printOrder(c: Context<Env>) {
  const { desk, t, lang, house } = c.var
  const record = await caseFrom(c)
  const { fields } = record
  const category = fields.category ? await desk.read(categories, fields.category) : undefined
  const town = desk.registry.division(fields.division.slice(0, 9))
  const place = [town && t(town), fields.address, fields.place && placeText(fields.place)]
    .filter(Boolean)
    .join(' · ')
  const limit = fields.limit && fields.unit ? `${fields.limit} ${t(limitUnits[fields.unit])}` : ''
  const title = t({ zh: '案卷处置工单', en: 'Work order' })
  return c.html(
    PrintPage({
      t,
      lang,
      title: `${title} ${fields.number ?? ''}`,
      paper: 'a4',
      back: casePath(record.id),
      children: (
        <Sheet>
          <h1>
            {t(house.county)}
            {title}
          </h1>
          <p>
            {t(cases.spec.fields.number!.label)} {fields.number} · {t(states[fields.state!])}
          </p>
          <SheetFacts
            facts={[
              { label: t({ zh: '标题', en: 'Title' }), value: fields.title },
              { label: t({ zh: '反映内容', en: 'What was reported' }), value: fields.content },
              { label: t({ zh: '地点', en: 'Place' }), value: place },
              {
                label: t({ zh: '类别 / 紧急程度', en: 'Category, urgency' }),
                value: `${category?.fields.name ?? '—'} / ${t(levels[fields.level])}`,
              },
              {
                label: t({ zh: '来源 / 上报时间', en: 'Channel, reported' }),
                value: `${t(channels[fields.channel])} / ${timeText(fields.reportedAt, lang)}`,
              },
              {
                label: t({ zh: '反映人 / 电话', en: 'Reporter, phone' }),
                value: [fields.reporter, fields.phone].filter(Boolean).join(' / ') || '—',
              },
              {
                label: t({ zh: '承办单位', en: 'With' }),
                value: fields.handler ? withText(desk, t, fields) : '—',
              },
              { label: t({ zh: '经办人', en: 'Worker' }), value: fields.worker ?? '' },
              { label: t({ zh: '派遣意见', en: 'Instructions' }), value: fields.instructions ?? '' },
              {
                label: t({ zh: '办结期限', en: 'Finish by' }),
                value: fields.finishBy ? `${timeText(fields.finishBy, lang)}(${limit})` : '—',
              },
              { label: t({ zh: '结案标准', en: 'Closing rule' }), value: category?.fields.closing ?? '—' },
              {
                label: t({ zh: '处理结果', en: 'Result' }),
                value: fields.result ?? <div class="sheet-room" />,
              },
            ]}
          />
          <SheetSign
            places={[
              t({ zh: '经办人签字', en: 'Worker' }),
              t({ zh: '核查人签字', en: 'Checked by' }),
              t({ zh: '日期', en: 'Date' }),
            ]}
          />
          <p>
            {t({ zh: '打印', en: 'Printed' })}{' '}
            {dateText(new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10), lang)} ·{' '}
            {c.var.actor.name}
          </p>
        </Sheet>
      ),
    }) as unknown as string,
  )
}
