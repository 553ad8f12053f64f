import type { Context } from 'hono'
import { Button } from '../../../web/ui/button.tsx'
import { Chart } from '../../../web/ui/chart.tsx'
import { Block, Facts } from '../../../web/ui/detail.tsx'
import { Notice } from '../../../web/ui/notice.tsx'
import { NumberCard, Numbers } from '../../../web/ui/number.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { Table } from '../../../web/ui/table.tsx'
import { page } from '../../http/layout.tsx'
import type { Env } from '../../http/module.ts'
import { columnsOf, divisionText, readerFor, valueText } from '../../http/records/show.tsx'
import { keyField, labelOf, type Rec } from '../../kernel/dataset.ts'
import { refuse } from '../../kernel/refusal.ts'
import { numberText } from '../../kernel/words.ts'
import { areaOf, viewerOf } from './area.ts'
import {
  chartOf,
  type Figure,
  figureNamed,
  figurePath,
  freshness,
  keyText,
  learnLabels,
  numberOf,
  type Viewer,
} from './figures.ts'
import { measurePath } from './opens.ts'

/** One measure: what it says, what exactly it counts, each value with the way to its records. */
export async function showMeasure(c: Context<Env>) {
  const { viewer, figure } = await figureFrom(c)
  const { t } = viewer
  const { measure, division } = figure
  const title = t(measure.title)
  const { asOf, old } = freshness(viewer)
  const area = divisionText(viewer.desk.registry, t, division)
  return page(
    c,
    {
      title,
      here: 'numbers',
      needs: ['chart'],
      crumbs: [{ title: t({ zh: '指标', en: 'Numbers' }), path: `/numbers?division=${division}` }],
    },
    <>
      <PageHead title={title} note={old ?? t({ zh: `${area},截至 ${asOf}`, en: `${area}, as of ${asOf}` })}>
        {(measure.of || measure.opens) && (
          <Button
            title={t({ zh: '打开明细', en: 'Open the records' })}
            path={figurePath(figure)}
            icon="list"
            look="main"
          />
        )}
      </PageHead>
      {figure.single ? (
        <Numbers>
          <NumberCard
            t={t}
            title={title}
            value={numberOf(figure) === undefined ? '' : numberText(numberOf(figure))}
            unit={measure.unit && t(measure.unit)}
            asOf={asOf}
            path={measure.of || measure.opens ? figurePath(figure) : undefined}
          />
        </Numbers>
      ) : (
        <Chart {...chartOf(viewer, figure, { tall: true, path: undefined })} />
      )}
      <Block title={t({ zh: '口径', en: 'Definition' })}>
        <Facts t={t} facts={factsOf(viewer, figure)} />
      </Block>
      {!figure.single && (
        <Block title={t({ zh: '逐项', en: 'Each value' })}>
          <Table
            t={t}
            caption={title}
            columns={[
              { title: t(keyTitle(viewer, figure)) },
              {
                title: t({ zh: '数值', en: 'Value' }),
                unit: measure.unit && t(measure.unit),
                kind: 'number',
              },
            ]}
            rows={inOrder(figure).map((row) => ({
              id: row.key,
              path: measure.of || measure.opens ? figurePath(figure, row.key) : undefined,
              cells: [keyText(viewer, figure, row.key), numberText(row.value)],
              faded: row.value === 0,
            }))}
            count={{ n: figure.rows.length }}
            empty={{ text: t({ zh: '还没有可以统计的记录', en: 'Nothing to count yet' }) }}
          />
        </Block>
      )}
    </>,
  )
}

/** The records the analytics room counted, for numbers that no filter of a list can say. */
export async function showRecordsBehind(c: Context<Env>) {
  const { viewer, figure } = await figureFrom(c)
  const { t, lang, desk, box } = viewer
  const { measure, division } = figure
  if (!measure.of)
    refuse(
      {
        zh: '这个指标由多种记录合成,没有单独的明细',
        en: 'This number is made of several kinds of records and has no list of its own.',
      },
      { kind: 'missing' },
    )
  const spec = measure.of.spec
  const key = c.req.query('key')
  const offset = Math.max(0, Math.trunc(Number(c.req.query('from') ?? 0)) || 0)
  const found = await box.numbers
    .behind?.({ measure: measure.name, division, key, limit: pageRows, offset })
    .catch(() => undefined)
  const records = (await Promise.all((found?.ids ?? []).map((id) => desk.read(spec.name, id)))).filter(
    (each): each is Rec => each !== undefined,
  )
  const reader = await readerFor(
    desk,
    { t, lang },
    spec,
    records.map((each) => each.fields),
  )
  const columns = columnsOf(spec)
  const path = (from: number) => {
    const params = new URLSearchParams({ division, from: String(from), ...(key !== undefined && { key }) })
    return `${measurePath(measure.name)}/records?${params}`
  }
  const more = (found?.total ?? 0) > offset + pageRows
  const title = [t(measure.title), key ? keyText(viewer, figure, key) : undefined].filter(Boolean).join(' · ')
  return page(
    c,
    {
      title,
      here: 'numbers',
      wide: true,
      crumbs: [
        { title: t({ zh: '指标', en: 'Numbers' }), path: `/numbers?division=${division}` },
        { title: t(measure.title), path: `${measurePath(measure.name)}?division=${division}` },
      ],
    },
    <>
      <PageHead title={title} note={t(measure.meaning)} />
      {found ? (
        <Table
          t={t}
          caption={title}
          columns={columns.map((name) => ({
            title: t(spec.fields[name]!.label),
            unit: spec.fields[name]!.unit && t(spec.fields[name]!.unit!),
            kind:
              spec.fields[name]!.kind === 'integer' || spec.fields[name]!.kind === 'decimal'
                ? ('number' as const)
                : ('text' as const),
          }))}
          rows={records.map((record) => ({
            id: record.id,
            path: `/d/${spec.name}/${record.id}`,
            cells: columns.map(
              (name) =>
                valueText(reader, spec.fields[name]!, record.fields[name]) ||
                (name === keyField(spec) ? labelOf(spec, record.fields) : ''),
            ),
          }))}
          count={{ n: found.total }}
          next={more ? path(offset + pageRows) : undefined}
          first={offset > 0 ? path(0) : undefined}
          empty={{ text: t({ zh: '现在没有这样的记录', en: 'There are no such records now' }) }}
        />
      ) : (
        <Notice tone="warn" title={t({ zh: '明细暂时查不了', en: 'The list cannot be asked for just now' })}>
          <p>
            {t({
              zh: '计算进程正在重新启动,通常几秒钟就好;也可以先看',
              en: 'The computing room is starting again, which takes seconds. Meanwhile there is',
            })}{' '}
            <a href={`/d/${spec.name}`}>{t(spec.title)}</a>
          </p>
        </Notice>
      )}
    </>,
  )
}

/** The values as a spreadsheet opens them: UTF-8 with the mark Excel needs to see. */
export async function sendFigures(c: Context<Env>) {
  const { viewer, figure } = await figureFrom(c)
  const { t } = viewer
  const { measure } = figure
  const unit = measure.unit ? `(${t(measure.unit)})` : ''
  const lines = [
    [t(keyTitle(viewer, figure)), `${t(measure.title)}${unit}`],
    ...inOrder(figure).map((row) => [
      keyText(viewer, figure, row.key) || divisionText(viewer.desk.registry, t, figure.division),
      String(row.value),
    ]),
  ]
  const text = lines.map((line) => line.map(quotedCell).join(',')).join('\r\n')
  return c.body(`\ufeff${text}\r\n`, 200, {
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(`${t(measure.title)}.csv`)}`,
  })
}

const pageRows = 50

async function figureFrom(c: Context<Env>): Promise<{ viewer: Viewer; figure: Figure }> {
  const viewer = viewerOf(c)
  const figure = figureNamed(viewer, c.req.param('measure') ?? '', areaOf(c))
  if (!figure)
    refuse(
      {
        zh: '没有这个指标,或您的岗位不能看它;请从指标页进入',
        en: 'There is no such number, or your role may not see it; start from the numbers page.',
      },
      { kind: 'missing' },
    )
  await learnLabels(viewer, [figure])
  return { viewer, figure }
}

function factsOf(viewer: Viewer, { measure }: Figure) {
  const { t, desk, lang } = viewer
  const spec = measure.of?.spec
  const field = (name: string) =>
    name === 'township'
      ? t({ zh: '乡镇(街道)', en: 'Township' })
      : t(spec?.fields[name]?.label ?? { zh: name, en: name })
  const where = Object.entries(measure.where ?? {}).map(([name, wanted]) => {
    const reader = { t, lang, registry: desk.registry, labels: new Map<string, string>() }
    const values = (Array.isArray(wanted) ? wanted : [wanted]).map((each) =>
      spec?.fields[name] ? valueText(reader, spec.fields[name], each) : String(each),
    )
    return `${field(name)}:${values.join(lang === 'zh' ? '、' : ', ')}`
  })
  return [
    { label: t({ zh: '说明', en: 'Meaning' }), value: t(measure.meaning), wide: true },
    ...(spec
      ? [
          {
            label: t({ zh: '统计的台账', en: 'Counts' }),
            value: <a href={`/d/${spec.name}`}>{t(spec.title)}</a>,
          },
        ]
      : []),
    ...(where.length > 0
      ? [{ label: t({ zh: '条件', en: 'Where' }), value: where.join(lang === 'zh' ? ';' : '; ') }]
      : []),
    ...(measure.sum ? [{ label: t({ zh: '合计', en: 'Sum of' }), value: field(measure.sum) }] : []),
    ...(measure.average
      ? [{ label: t({ zh: '平均', en: 'Average of' }), value: field(measure.average) }]
      : []),
    ...(measure.by ? [{ label: t({ zh: '分组', en: 'By' }), value: field(measure.by) }] : []),
    ...(measure.over
      ? [
          {
            label: t({ zh: '时间', en: 'Over' }),
            value: t({
              zh: `按${field(measure.over.field)},近 ${measure.over.days} 天`,
              en: `${field(measure.over.field)}, last ${measure.over.days} days`,
            }),
          },
        ]
      : []),
    ...((measure.condition ?? measure.query)
      ? [
          {
            label: t({ zh: '计算式', en: 'Formula' }),
            value: <code>{measure.condition ?? measure.query}</code>,
            wide: true,
          },
        ]
      : []),
  ]
}

function keyTitle(viewer: Viewer, { measure, rows }: Figure) {
  if (measure.over || rows.every((row) => /^\d{4}-\d{2}-\d{2}/.test(row.key)))
    return { zh: '日期', en: 'Day' }
  if (measure.by && measure.by !== 'township')
    return measure.of?.spec.fields[measure.by]?.label ?? { zh: '分组', en: 'Group' }
  if (measure.by === 'township' || rows.every((row) => viewer.desk.registry.division(row.key)))
    return { zh: '乡镇(街道)', en: 'Township' }
  return { zh: '分组', en: 'Group' }
}

/** Days newest first, groups largest first. */
const inOrder = ({ measure, rows }: Figure) =>
  [...rows].sort((a, b) => (measure.over ? (a.key < b.key ? 1 : -1) : b.value - a.value))

const quotedCell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
