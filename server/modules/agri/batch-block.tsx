// What stands above a batch's facts: how far it is, the one next step, its kilograms, and its story in order.

import { ActionBar, Block, Button, Notice, Tag } from '../../../web/ui/index.ts'
import type { Rec } from '../../kernel/dataset.ts'
import type { Desk } from '../../kernel/desk.ts'
import { countyDay, dateText, type Lang, numberText, type Say, type Words } from '../../kernel/words.ts'
import { certifiable } from './certify.ts'
import { certificates, farmRecords, harvests, inspections } from './dataset.ts'
import { gather } from './gather.ts'
import { nextStep } from './next-step.ts'
import type { Batch } from './state.ts'
import { Way } from './way.tsx'

export async function batchBlock({ desk, t, lang, record }: { desk: Desk; t: Say; lang: Lang; record: Rec }) {
  const batch = record as Batch
  const today = countyDay()
  const look = await gather(desk, [batch])
  const step = nextStep(look, batch, today)
  const taken = sum(look.find(harvests, { batch: batch.id }))
  const given = sum(look.find(certificates, { batch: batch.id, state: 'valid' }))
  const left = certifiable(look, batch, today) / 1000
  const story = await storyOf(desk, t, look, batch)
  const [paper] = look.find(certificates, { batch: batch.id, state: 'valid' })
  return (
    <>
      <Block title={t({ zh: '办到哪一步', en: 'How far it is' })} id="way">
        <div class="detail-body">
          <Way
            t={t}
            state={batch.fields.state!}
            worked={story.length > 0}
            tested={look.find(inspections, { batch: batch.id }, 1).length > 0}
          />
          <Notice tone={step.tone}>{t(step.note)}</Notice>
          <dl class="facts facts-three">
            <Fact title={t({ zh: '已采收', en: 'Harvested' })} kilos={taken} t={t} />
            <Fact title={t({ zh: '已开具合格证', en: 'Certified' })} kilos={given} t={t} />
            <Fact title={t({ zh: '还可开具', en: 'Left to certify' })} kilos={left} t={t} />
          </dl>
          <ActionBar>
            {paper && (
              <Button
                title={t({ zh: '打印合格证', en: 'Print the certificate' })}
                path={`/trace/certificates/${paper.id}/print`}
                icon="print"
              />
            )}
            {batch.fields.state !== 'held' && (
              <Button
                title={t({ zh: '打印标签', en: 'Print labels' })}
                path={`/trace/batches/${batch.id}/labels`}
                icon="print"
              />
            )}
            <Button
              title={t({ zh: '公众看到的页面', en: 'The public page' })}
              path={`/t/${batch.fields.code}`}
              look="quiet"
            />
          </ActionBar>
        </div>
      </Block>
      <Block title={t({ zh: '批次经历', en: 'Its story' })} id="story">
        {story.length === 0 ? (
          <p class="hint">
            {t({
              zh: '还没有记录。先记播种、用药、施肥等农事。',
              en: 'Nothing recorded yet: begin with sowing, pesticide or fertiliser.',
            })}
          </p>
        ) : (
          <ol class="story detail-body">
            {story.map((each) => (
              <li>
                <time datetime={each.on}>{dateText(each.on, lang)}</time>
                <div>
                  <a href={each.path}>{each.title}</a>{' '}
                  {each.tag && <Tag title={each.tag.title} tone={each.tag.tone} />}
                  {each.note && <p class="hint">{each.note}</p>}
                </div>
              </li>
            ))}
          </ol>
        )}
      </Block>
    </>
  )
}

function Fact({ t, title, kilos }: { t: Say; title: string; kilos: number }) {
  return (
    <div class="fact">
      <dt>{title}</dt>
      <dd class="fact-number">
        {numberText(kilos)}
        <span class="fact-unit">{t({ zh: '公斤', en: 'kg' })}</span>
      </dd>
    </div>
  )
}

interface Moment {
  on: string
  order: number
  title: string
  note?: string
  path: string
  tag?: { title: string; tone: 'good' | 'bad' | 'plain' | 'warn' }
}

async function storyOf(
  desk: Desk,
  t: Say,
  look: Awaited<ReturnType<typeof gather>>,
  batch: Batch,
): Promise<Moment[]> {
  const works = look.find(farmRecords, { batch: batch.id })
  const names = await desk.labels(
    [...works.map((each) => each.fields.pesticide), ...works.map((each) => each.fields.plot)].filter(
      (each) => each !== undefined,
    ),
  )
  const word = (
    dataset: { spec: { fields: Record<string, { options?: Record<string, Words> }> } },
    field: string,
    value: string | undefined,
  ) => {
    const words = value && dataset.spec.fields[field]?.options?.[value]
    return words ? t(words) : (value ?? '')
  }
  const several = new Set(works.map((each) => each.fields.plot)).size > 1
  const moments: Moment[] = [
    ...works.map(({ id, fields }) => ({
      on: fields.on,
      order: 0,
      title: [word(farmRecords, 'kind', fields.kind), names.get(fields.pesticide ?? '') ?? fields.input]
        .filter(Boolean)
        .join(' · '),
      note: [
        fields.dose !== undefined &&
          `${numberText(fields.dose)} ${word(farmRecords, 'dose-unit', fields['dose-unit'])}`,
        fields.target && t({ zh: `防治${fields.target}`, en: `against ${fields.target}` }),
        several && names.get(fields.plot),
      ]
        .filter(Boolean)
        .join(' · '),
      path: `/d/agri.farm-record/${id}`,
    })),
    ...look.find(harvests, { batch: batch.id }).map(({ id, fields }) => ({
      on: fields.on,
      order: 1,
      title: t({
        zh: `采收 ${numberText(fields.quantity)} 公斤`,
        en: `Harvested ${numberText(fields.quantity)} kg`,
      }),
      path: `/d/agri.harvest/${id}`,
      ...(fields.early && {
        tag: { title: t({ zh: '早于安全间隔期', en: 'Too early' }), tone: 'bad' as const },
      }),
    })),
    ...look.find(inspections, { batch: batch.id }).map(({ id, fields }) => ({
      on: fields.on,
      order: 2,
      title: `${word(inspections, 'kind', fields.kind)} · ${fields.items}`,
      note: fields.number,
      path: `/d/agri.inspection/${id}`,
      tag: {
        title: word(inspections, 'verdict', fields.verdict),
        tone: fields.verdict === 'pass' ? ('good' as const) : ('bad' as const),
      },
    })),
    ...look.find(certificates, { batch: batch.id }).map(({ id, fields }) => ({
      on: fields.issued,
      order: 3,
      title: t({
        zh: `合格证 ${numberText(fields.quantity)} 公斤`,
        en: `Certificate for ${numberText(fields.quantity)} kg`,
      }),
      note: fields['void-reason']
        ? t({ zh: `作废原因:${fields['void-reason']}`, en: `Void because: ${fields['void-reason']}` })
        : fields.number,
      path: `/d/agri.certificate/${id}`,
      tag: {
        title: word(certificates, 'state', fields.state),
        tone: fields.state === 'valid' ? ('good' as const) : ('bad' as const),
      },
    })),
  ]
  return moments.sort(
    (a, b) => a.on.localeCompare(b.on) || a.order - b.order || (a.note ?? '').localeCompare(b.note ?? ''),
  )
}

const sum = (all: { fields: { quantity: number } }[]) =>
  all.reduce((total, each) => total + Math.round(each.fields.quantity * 1000), 0) / 1000

/** Under a plot: what grows on it, and the way to begin something. */
export async function plotBlock({ desk, t, lang, record }: { desk: Desk; t: Say; lang: Lang; record: Rec }) {
  const crop = record.fields['crop']
  const [{ records }, fitting] = await Promise.all([
    desk.list('agri.batch', { filter: { plot: record.id }, limit: 10 }),
    crop ? desk.list('agri.product', { filter: { crop }, sort: 'code', limit: 1 }) : undefined,
  ])
  // What usually grows here is what most batches are: one thing less to pick.
  const usual = fitting?.records[0] ? `&product=${fitting.records[0].id}` : ''
  const names = await desk.labels(records.map((each) => String(each.fields['product'])))
  return (
    <Block
      title={t({ zh: '这块地上的批次', en: 'Batches on this plot' })}
      more={
        desk.may('agri.batch.opened') && (
          <Button
            title={t({ zh: '新开批次', en: 'Open a batch' })}
            path={`/d/agri.batch/do/opened?plot=${record.id}${usual}`}
            look="main"
            small
            icon="plus"
          />
        )
      }
    >
      {records.length === 0 ? (
        <p class="hint">{t({ zh: '还没有批次', en: 'No batches yet' })}</p>
      ) : (
        <ul class="related">
          {records.map((each) => (
            <li>
              <a href={`/d/agri.batch/${each.id}`}>{names.get(String(each.fields['product']))}</a>{' '}
              {dateText(String(each.fields['started']), lang)}
            </li>
          ))}
        </ul>
      )}
    </Block>
  )
}

/** Under a certificate: the paper and the page it leads to. */
export async function certificateBlock({ t, record }: { desk: Desk; t: Say; lang: Lang; record: Rec }) {
  return (
    <ActionBar>
      <Button
        title={t({ zh: '打印合格证', en: 'Print the certificate' })}
        path={`/trace/certificates/${record.id}/print`}
        icon="print"
      />
      <Button
        title={t({ zh: '公众看到的页面', en: 'The public page' })}
        path={`/t/${record.fields['number']}`}
        look="quiet"
      />
    </ActionBar>
  )
}
