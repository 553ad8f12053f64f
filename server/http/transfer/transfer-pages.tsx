// Import and export as pages. A large file goes in beside the clerks' work; its page shows how far it is, and it can be
// stopped and taken up again, also after a restart: what was committed is known, and the file is kept.

import type { Context } from 'hono'
import { Button } from '../../../web/ui/button.tsx'
import { Block } from '../../../web/ui/detail.tsx'
import { ErrorSummary, Notice, Progress } from '../../../web/ui/notice.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { Table } from '../../../web/ui/table.tsx'
import type { DatasetSpec } from '../../kernel/dataset.ts'
import { Refusal, refuse } from '../../kernel/refusal.ts'
import { numberText, type Words } from '../../kernel/words.ts'
import { type Db, note } from '../accounts.ts'
import { addressOf } from '../doors.ts'
import { page } from '../layout.tsx'
import type { App, Env } from '../module.ts'
import { readQuery } from '../query.ts'
import { datasetFrom, placeOfDataset } from '../records/paths.ts'
import { must } from '../system/needs.ts'
import { bom, csvText } from './csv.ts'
import { exportRecords, type Format, formats } from './export-records.ts'
import { badRows, badRowsCsv, type ImportReport, importFile, importReport } from './import-file.ts'

interface Running {
  report?: ImportReport
  stop: boolean
  failed?: Words
}

export function transferPages(app: App, db: Db) {
  /** Imports under way in this process. */
  const running = new Map<string, Running>()
  const keyOf = (c: Context<Env>, spec: DatasetSpec, sha256: string) =>
    `${spec.name}/${sha256}/${c.var.actor.id}`

  app.get('/d/:dataset/export/:format', async (c) => {
    const spec = datasetFrom(c)
    const format = c.req.param('format') as Format
    if (!formats.includes(format))
      refuse(
        { zh: `没有「${format}」这种导出格式`, en: `There is no export format "${format}".` },
        { kind: 'missing' },
      )
    const url = new URL(c.req.url)
    const query = readQuery(spec, url.searchParams, c.var.desk.registry)
    const made = await exportRecords(c.var.desk, spec.name, format, {
      query: { ...query, cursor: undefined },
      lang: c.var.lang,
      parquet: c.var.box.parquet,
    })
    note(db, {
      actor: c.var.actor.id,
      what: 'exported',
      about: spec.name,
      detail: `${format} ${decodeURIComponent(url.search)}`.trim(),
      address: addressOf(c),
    })
    return new Response(made.stream, {
      headers: {
        'content-type': made.type,
        'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(made.name)}`,
        'cache-control': 'no-store',
      },
    })
  })

  app.get('/d/:dataset/import', (c) => drawChoice(c, importable(c)))

  /** An empty file with the right header, to be filled in. */
  app.get('/d/:dataset/import/template', (c) => {
    const spec = importable(c)
    const { t, lang } = c.var
    const fields = Object.values(spec.fields).filter(
      (field) => field.set !== 'act' && field.sensitive !== 'hide',
    )
    const heads = fields.map((field) =>
      field.unit
        ? `${t(field.label)}${lang === 'zh' ? `(${t(field.unit)})` : ` (${t(field.unit)})`}`
        : t(field.label),
    )
    return c.body(bom + csvText(heads), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(`${t(spec.title)}-${t({ zh: '导入模板', en: 'template' })}.csv`)}`,
    })
  })

  app.post('/d/:dataset/import', async (c) => {
    const spec = importable(c)
    const { file } = await c.req.parseBody()
    if (!(file instanceof File) || file.size === 0)
      return drawChoice(c, spec, { zh: '请先选择文件', en: 'Choose a file first.' })
    const kept = await c.var.keepFile(file)
    await begin(c, spec, kept.sha256, kept.name)
    const known = running.get(keyOf(c, spec, kept.sha256))
    if (known?.failed) {
      running.delete(keyOf(c, spec, kept.sha256))
      return drawChoice(c, spec, known.failed)
    }
    return c.redirect(`/d/${spec.name}/import/${kept.sha256}`, 303)
  })

  app.get('/d/:dataset/import/:sha256', (c) => drawReport(c, importable(c)))

  app.get('/d/:dataset/import/:sha256/progress', (c) => {
    const spec = importable(c)
    const report = reportOf(c, spec)
    // Done: the whole page is worth seeing again, with its result.
    if (report.state !== 'running')
      return c.body(null, 200, { 'hx-redirect': `/d/${spec.name}/import/${report.sha256}` })
    return c.html(progressOf(c, spec, report) as unknown as string)
  })

  app.get('/d/:dataset/import/:sha256/bad.csv', (c) => {
    const spec = importable(c)
    return c.body(badRowsCsv(reportOf(c, spec), c.var.lang), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(`${c.var.t(spec.title)}-${c.var.t({ zh: '未导入的行', en: 'refused rows' })}.csv`)}`,
    })
  })

  app.post('/d/:dataset/import/:sha256/stop', (c) => {
    const spec = importable(c)
    const known = running.get(keyOf(c, spec, c.req.param('sha256')))
    if (known) known.stop = true
    return c.redirect(`/d/${spec.name}/import/${c.req.param('sha256')}`, 303)
  })

  app.post('/d/:dataset/import/:sha256/resume', async (c) => {
    const spec = importable(c)
    const report = reportOf(c, spec)
    await begin(c, spec, report.sha256, report.file)
    return c.redirect(`/d/${spec.name}/import/${report.sha256}`, 303)
  })

  /** Starts, and waits a moment: most files are done before the answer is drawn. */
  async function begin(c: Context<Env>, spec: DatasetSpec, sha256: string, name: string) {
    const key = keyOf(c, spec, sha256)
    if (running.has(key)) return
    const blob = await c.var.box.files.open(sha256)
    if (!blob)
      refuse({ zh: '原文件已不在本机,请重新选择', en: 'The file is no longer kept; choose it again.' })
    const state: Running = { stop: false }
    running.set(key, state)
    const { actor, box } = c.var
    const work = (async () => {
      try {
        const report = await importFile(
          box.store,
          actor,
          spec.name,
          { name, bytes: new Uint8Array(await blob.arrayBuffer()) },
          { stop: () => state.stop, progress: (each) => (state.report = each) },
        )
        note(db, {
          actor: actor.id,
          what: 'imported',
          about: spec.name,
          detail: `${name}: +${report.created} ~${report.amended} =${report.unchanged} !${badRows(report)}`,
        })
        running.delete(key)
      } catch (error) {
        if (!(error instanceof Refusal)) {
          running.delete(key)
          throw error
        }
        state.failed = error.words
      }
    })()
    await Promise.race([work, new Promise((go) => setTimeout(go, 1500))])
    // What goes wrong later has no request to answer to: the page says so when it is asked.
    work.catch((error: Error) => {
      running.set(key, {
        stop: true,
        failed: {
          zh: `导入中断:${error.message}。已导入的行都在,可以点「继续」`,
          en: `The import broke off: ${error.message}. What was imported is safe; press "Go on".`,
        },
      })
    })
  }

  function reportOf(c: Context<Env>, spec: DatasetSpec): ImportReport {
    const sha256 = c.req.param('sha256') ?? ''
    const live = running.get(keyOf(c, spec, sha256))
    const kept = live?.report ?? importReport(c.var.box.store, c.var.actor, spec.name, sha256)
    if (!kept)
      refuse(
        {
          zh: '没有这次导入的记录,请重新选择文件',
          en: 'Nothing is known of this import; choose the file again.',
        },
        { kind: 'missing' },
      )
    // Running by its own account, but nobody works on it: the box was restarted meanwhile.
    return kept.state === 'running' && !live ? { ...kept, state: 'stopped' } : kept
  }

  function drawReport(c: Context<Env>, spec: DatasetSpec) {
    const { t } = c.var
    const report = reportOf(c, spec)
    const failed = running.get(keyOf(c, spec, report.sha256))?.failed
    const path = `/d/${spec.name}/import/${report.sha256}`
    const count = (n: number, zh: string, en: string) =>
      n > 0 ? [t({ zh: `${zh} ${numberText(n)} 行`, en: `${numberText(n)} ${en}` })] : []
    const told = [
      ...count(report.created, '新登记', 'created'),
      ...count(report.amended, '更新', 'amended'),
      ...count(report.unchanged, '内容相同未改', 'unchanged'),
      ...count(report.sums, '跳过合计', 'sums skipped'),
      ...count(badRows(report), '未导入', 'not imported'),
    ]
    return page(
      c,
      {
        title: t({ zh: '导入', en: 'Import' }),
        here: placeOfDataset(c, spec.name),
        crumbs: [{ title: t(spec.title), path: `/d/${spec.name}` }],
        wide: report.bad.length > 0,
      },
      <>
        <PageHead title={report.file} />
        {failed && <Notice tone="bad">{t(failed)}</Notice>}
        {report.state === 'running' && progressOf(c, spec, report)}
        {report.state === 'stopped' && (
          <Notice
            tone="warn"
            title={t({ zh: `停在第 ${report.line} 行`, en: `Stopped at line ${report.line}` })}
          >
            <form method="post" action={`${path}/resume`}>
              <input type="hidden" name="_csrf" value={c.var.csrf} />
              <Button title={t({ zh: '继续导入', en: 'Go on' })} look="main" />
            </form>
          </Notice>
        )}
        {report.state === 'done' && (
          <Notice
            tone={report.bad.length > 0 ? 'warn' : 'good'}
            title={
              told.join(t({ zh: ',', en: ', ' })) || t({ zh: '文件里没有数据行', en: 'The file has no rows' })
            }
          >
            {report.bad.length > 0
              ? t({
                  zh: '没问题的行已经导入。改好下面这些行后,把同一个文件或只含这些行的文件再导入一次即可,不会重复。',
                  en: 'Good rows are in. Mend the rows below and import the file again: nothing is entered twice.',
                })
              : t({
                  zh: '同一个文件再导入一次也不会重复。',
                  en: 'Importing the same file again changes nothing.',
                })}
          </Notice>
        )}
        {report.unknown.length > 0 && (
          <Notice tone="info">
            {t({
              zh: `这些列没有对应的字段,未导入:${report.unknown.join('、')}`,
              en: `These columns match no field and were left out: ${report.unknown.join(', ')}`,
            })}
          </Notice>
        )}
        {report.bad.length > 0 && (
          <Block
            title={t({ zh: '未导入的行', en: 'Rows that were refused' })}
            more={
              <Button
                title={t({ zh: '下载这个清单(CSV)', en: 'Download as CSV' })}
                path={`${path}/bad.csv`}
                icon="download"
                small
              />
            }
          >
            <Table
              t={t}
              id="bad"
              caption={t({ zh: '未导入的行', en: 'Rows that were refused' })}
              columns={[
                { title: t({ zh: '行', en: 'Line' }), kind: 'number' },
                { title: t({ zh: '列', en: 'Column' }) },
                { title: t({ zh: '内容', en: 'Value' }) },
                { title: t({ zh: '原因', en: 'Reason' }) },
              ]}
              rows={report.bad.slice(0, 200).map((each, i) => ({
                id: String(i),
                cells: [String(each.line), each.column ?? each.field ?? '', each.value ?? '', t(each.reason)],
              }))}
              empty={{ text: '' }}
            />
            {report.bad.length > 200 && (
              <p class="hint">
                {t({
                  zh: `只列出前 200 处,全部 ${report.bad.length} 处在 CSV 里`,
                  en: `The first 200 of ${report.bad.length}; all of them are in the CSV`,
                })}
              </p>
            )}
          </Block>
        )}
        <p class="actions">
          <Button
            title={t({ zh: '看列表', en: 'To the list' })}
            path={`/d/${spec.name}`}
            look={report.state === 'done' ? 'main' : 'plain'}
          />
          <Button
            title={t({ zh: '再导入一个文件', en: 'Import another file' })}
            path={`/d/${spec.name}/import`}
          />
        </p>
      </>,
    )
  }
}

function progressOf(c: Context<Env>, spec: DatasetSpec, report: ImportReport) {
  const { t } = c.var
  const path = `/d/${spec.name}/import/${report.sha256}`
  return (
    <Progress
      t={t}
      title={t({ zh: '正在导入', en: 'Importing' })}
      done={report.rows}
      total={report.total}
      text={t({
        zh: `已处理 ${numberText(report.rows)} 行,其中未导入 ${numberText(badRows(report))} 行。可以离开此页,导入会继续。`,
        en: `${numberText(report.rows)} rows so far, ${numberText(badRows(report))} refused. You may leave this page.`,
      })}
      again={`${path}/progress`}
      stop={{ path: `${path}/stop`, csrf: c.var.csrf }}
    />
  )
}

function importable(c: Context<Env>): DatasetSpec {
  const spec = datasetFrom(c)
  must(c, 'import')
  if (spec.closed || !c.var.desk.may(`${spec.name}.created`))
    refuse(
      { zh: `「${spec.title.zh}」不能导入`, en: `${spec.title.en} cannot be imported.` },
      { kind: 'access' },
    )
  return spec
}

function drawChoice(c: Context<Env>, spec: DatasetSpec, fault?: Words) {
  const { t } = c.var
  const title = t({ zh: `导入${spec.title.zh}`, en: `Import ${spec.title.en.toLowerCase()}` })
  const fields = Object.values(spec.fields).filter(
    (field) => field.set !== 'act' && field.sensitive !== 'hide',
  )
  return page(
    c,
    {
      title,
      here: placeOfDataset(c, spec.name),
      crumbs: [{ title: t(spec.title), path: `/d/${spec.name}` }],
      ...(fault && { status: 422 }),
    },
    <>
      <PageHead title={title} />
      <form class="form" method="post" action={`/d/${spec.name}/import`} enctype="multipart/form-data">
        <input type="hidden" name="_csrf" value={c.var.csrf} />
        <ErrorSummary t={t} faults={fault ? [{ field: 'file', text: t(fault) }] : []} />
        <div class="field">
          <label for="f-file">{t({ zh: '选择文件', en: 'File' })}</label>
          <input
            class="file-input"
            type="file"
            id="f-file"
            name="file"
            accept=".csv,.xlsx,.txt,.geojson,.json,.ndjson"
            required
          />
          <p class="hint">
            {t({
              zh: 'xlsx、CSV(编码自动识别)、GeoJSON 或 NDJSON;第一行写列名。编号、身份证号等列请设成文本格式。',
              en: 'xlsx, CSV (its encoding is recognised), GeoJSON or NDJSON with a header row. Format columns of codes and ID numbers as text.',
            })}
          </p>
        </div>
        <div class="form-acts">
          <Button title={t({ zh: '开始导入', en: 'Import' })} look="main" icon="upload" />
          <Button
            title={t({ zh: '下载模板', en: 'Template' })}
            path={`/d/${spec.name}/import/template`}
            icon="download"
          />
          <Button title={t({ zh: '取消', en: 'Cancel' })} path={`/d/${spec.name}`} look="quiet" />
        </div>
      </form>
      <Block title={t({ zh: '可以有这些列', en: 'Columns' })}>
        <Table
          t={t}
          id="columns"
          caption={t({ zh: '列', en: 'Columns' })}
          columns={[
            { title: t({ zh: '列名', en: 'Column' }) },
            { title: t({ zh: '必填', en: 'Required' }), kind: 'tight' },
            { title: t({ zh: '说明', en: 'Note' }) },
          ]}
          rows={fields.map((field, i) => ({
            id: String(i),
            cells: [
              t(field.label) + (field.unit ? t({ zh: `(${field.unit.zh})`, en: ` (${field.unit.en})` }) : ''),
              field.optional ? '' : t({ zh: '是', en: 'Yes' }),
              noteOn(c, field),
            ],
          }))}
          empty={{ text: '' }}
        />
      </Block>
    </>,
  )
}

function noteOn(c: Context<Env>, field: DatasetSpec['fields'][string]): string {
  const { t, lang, desk } = c.var
  const options = Object.values(field.options ?? {}).map((words) => t(words))
  if (options.length > 0)
    return t({ zh: `填其中一项:${options.join('、')}`, en: `One of: ${options.join(', ')}` })
  if (field.kind === 'ref')
    return t({
      zh: `填${desk.registry.datasets.get(field.to!)?.spec.title.zh ?? ''}的编号或名称`,
      en: 'Its number or name',
    })
  if (field.kind === 'division') return t({ zh: '区划代码或名称', en: 'Division code or name' })
  if (field.kind === 'date') return t({ zh: '如 2026-03-05', en: 'Such as 2026-03-05' })
  if (field.kind === 'geometry')
    return t({ zh: '经度,纬度 或 GeoJSON', en: 'Longitude, latitude, or GeoJSON' })
  return field.hint?.[lang] ?? ''
}
