// 溯源: a clerk's batches by where they stand, each with its one next step. A trace clerk sees the own operator's; township
// and bureau see their area's, and only those that wait for somebody.

import type { Context } from 'hono'
import { Block, Button, Empty, PageHead, Table, Tag, Ticks } from '../../../web/ui/index.ts'
import { page } from '../../http/layout.tsx'
import type { Env } from '../../http/module.ts'
import type { Rec } from '../../kernel/dataset.ts'
import type { Desk } from '../../kernel/desk.ts'
import { countyDay, dateText, type Lang, numberText, type Say } from '../../kernel/words.ts'
import { batches, farmRecords, harvests, inspections } from './dataset.ts'
import { gather } from './gather.ts'
import { nextStep } from './next-step.ts'
import type { Batch, State } from './state.ts'
import { spaced } from './trace-code.ts'

/** Most urgent first; how many of each an operator's own page draws before it points to the list. */
const groups: { state: State; title: { zh: string; en: string }; most: number }[] = [
  { state: 'held', title: { zh: '隔离,不能出售', en: 'Held: not for sale' }, most: 10 },
  { state: 'inspected', title: { zh: '待开具合格证', en: 'To certify' }, most: 15 },
  { state: 'harvested', title: { zh: '已采收,待检测或开证', en: 'Harvested: test or certify' }, most: 15 },
  { state: 'growing', title: { zh: '种养中', en: 'Growing' }, most: 20 },
  { state: 'certified', title: { zh: '已发证', en: 'Certified' }, most: 8 },
]

export async function showHome(c: Context<Env>) {
  const { desk, t, lang, actor } = c.var
  const today = countyDay()
  const mine = actor.entity ? { entity: actor.entity } : {}
  const found = await Promise.all(
    groups.map(async (group) => ({
      ...group,
      records: (
        await desk.list(batches, {
          filter: { ...mine, state: group.state },
          limit: actor.entity ? group.most : 5,
        })
      ).records as Batch[],
      count: await desk.count(batches, { filter: { ...mine, state: group.state } }, 999),
    })),
  )
  const all = found.flatMap((group) => group.records)
  const [look, names] = await Promise.all([
    gather(desk, all),
    desk.labels(all.flatMap((each) => [each.fields.product, each.fields.plot, each.fields.entity])),
  ])
  const latest = actor.entity ? await latestOf(desk, t, lang, actor.entity) : []
  const acts = (batch: Batch) => {
    const step = nextStep(look, batch, today)
    const may =
      step.path &&
      desk.may(`agri.batch.${/do\/([\w-]+)/.exec(step.path)?.[1]}`) &&
      batch.division.startsWith(actor.division)
    return { step, may }
  }
  return page(
    c,
    { title: t({ zh: '溯源', en: 'Trace' }), here: 'trace' },
    <>
      <PageHead
        title={t({ zh: '溯源', en: 'Trace' })}
        note={
          actor.entity
            ? (await desk.labels([actor.entity])).get(actor.entity)
            : t({ zh: '辖区内的生产批次', en: 'Batches in your area' })
        }
      >
        {desk.may('agri.plot.registered') && (
          <Button title={t({ zh: '登记地块', en: 'Register a plot' })} path="/d/agri.plot/do/registered" />
        )}
        {desk.may('agri.batch.opened') && (
          <Button
            title={t({ zh: '新开批次', en: 'Open a batch' })}
            path="/d/agri.batch/do/opened"
            look="main"
            icon="plus"
          />
        )}
      </PageHead>
      {all.length === 0 && (
        <Empty
          text={t({
            zh: '还没有批次。先登记地块,再从地块开第一个批次。',
            en: 'No batches yet: register a plot, then open the first batch on it.',
          })}
          act={
            desk.may('agri.plot.registered')
              ? { title: t({ zh: '登记地块', en: 'Register a plot' }), path: '/d/agri.plot/do/registered' }
              : undefined
          }
        />
      )}
      {latest.length > 0 && (
        <Block
          title={t({ zh: '最近记的', en: 'Entered lately' })}
          id="latest"
          more={<a href="/d/agri.farm-record">{t({ zh: '全部农事记录', en: 'All farm records' })}</a>}
        >
          <ul class="latest">
            {latest.map((each) => (
              <li>
                <a href={each.path}>{each.title}</a>
                <span>{each.note}</span>
                <Ticks t={t} fate={each.fate} />
              </li>
            ))}
          </ul>
        </Block>
      )}
      {found
        .filter((group) => group.records.length > 0)
        .map((group) => (
          <Block
            title={`${t(group.title)} ${group.count.n}${group.count.capped ? '+' : ''}`}
            id={group.state}
            more={
              group.count.n > group.records.length && (
                <a href={`/d/agri.batch?filter[state]=${group.state}`}>{t({ zh: '全部', en: 'All' })}</a>
              )
            }
          >
            <Table
              t={t}
              id={`list-${group.state}`}
              caption={t(group.title)}
              columns={[
                { title: t({ zh: '产品', en: 'Product' }) },
                { title: t({ zh: '地块', en: 'Plot' }) },
                ...(actor.entity ? [] : [{ title: t({ zh: '经营主体', en: 'Operator' }), wide: true }]),
                { title: t({ zh: '开始', en: 'Begun' }), kind: 'time' as const, wide: true },
                { title: t({ zh: '溯源码', en: 'Trace code' }), kind: 'code' as const, wide: true },
                { title: t({ zh: '情况', en: 'Standing' }) },
                { title: t({ zh: '下一步', en: 'Next step' }), kind: 'tight' as const },
              ]}
              rows={group.records.map((batch) => {
                const { step, may } = acts(batch)
                return {
                  id: batch.id,
                  path: `/d/agri.batch/${batch.id}`,
                  level: step.tone === 'bad' ? 'red' : undefined,
                  cells: [
                    names.get(batch.fields.product) ?? '',
                    names.get(batch.fields.plot) ?? '',
                    ...(actor.entity ? [] : [names.get(batch.fields.entity) ?? '']),
                    dateText(batch.fields.started, lang),
                    spaced(batch.fields.code ?? ''),
                    step.tone === 'bad' || step.note.zh.length > 24 ? (
                      t(step.note)
                    ) : (
                      <Tag title={t(step.note)} tone={step.tone} />
                    ),
                    step.button && may ? <Button title={t(step.button)} path={step.path} small /> : '',
                  ],
                }
              })}
              empty={{ text: '' }}
            />
          </Block>
        ))}
    </>,
  )
}

/** The operator's newest entries of all kinds: where yesterday's slip of the pen is found again. */
async function latestOf(desk: Desk, t: Say, lang: Lang, entity: string) {
  const lists = await Promise.all(
    [farmRecords, harvests, inspections].map((dataset) =>
      desk.list(dataset.name, { filter: { entity }, sort: '-on', limit: 4 }),
    ),
  )
  const records = lists
    .flatMap((each) => each.records)
    .sort((a, b) => String(b.fields['on']).localeCompare(String(a.fields['on'])) || (a.id < b.id ? 1 : -1))
    .slice(0, 4)
  const ids = records.map((each) => String(each.fields['batch']))
  const found = await Promise.all(ids.map((id) => desk.read(batches, id)))
  const names = await desk.labels(
    found.flatMap((each) => (each ? [each.fields.product, each.fields.plot] : [])),
  )
  return records.map((record, i) => {
    const batch = found[i]?.fields
    return {
      path: `/d/${record.dataset}/${record.id}`,
      title: `${dateText(String(record.fields['on']), lang)} ${whatOf(t, record)}`,
      note: batch ? [names.get(batch.product), names.get(batch.plot)].filter(Boolean).join(' · ') : '',
      fate: desk.fate(record),
    }
  })
}

function whatOf(t: Say, { dataset, fields }: Rec): string {
  if (dataset === harvests.name) {
    const kilos = numberText(Number(fields['quantity']))
    return t({ zh: `采收 ${kilos} 公斤`, en: `Harvested ${kilos} kg` })
  }
  const spec = (dataset === inspections.name ? inspections : farmRecords).spec
  const words = spec.fields['kind']!.options?.[String(fields['kind'])]
  return words ? t(words) : t(spec.title)
}
