import type { Context } from 'hono'
import { Button } from '../../../web/ui/button.tsx'
import { FieldInput } from '../../../web/ui/field.tsx'
import { ErrorSummary, type Fault, Notice } from '../../../web/ui/notice.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { page } from '../../http/layout.tsx'
import type { App, Env } from '../../http/module.ts'
import { recordFrom } from '../../http/records/paths.ts'
import type { Rec } from '../../kernel/dataset.ts'
import { newId } from '../../kernel/ids.ts'
import { Refusal, refuse } from '../../kernel/refusal.ts'
import { countyDatasets } from './dataset.ts'
import { declare, redeclare } from './declare.ts'
import { checkFields, kinds, type OwnField } from './own-field.ts'

/** A row of the form; `name` is there once the field exists. */
interface Row {
  name?: string
  label: string
  kind: string
  more: string
  to: string
  ticks: string[]
}

/** The declaring steps have a form of their own: a row for each field instead of a box of JSON. */
export function declarePages(app: App) {
  const path = `/d/${countyDatasets.name}`
  app.get('/county/datasets/new', (c) => c.redirect(`${path}/do/declared`, 303))
  app.get(`${path}/do/declared`, (c) => {
    mustDeclare(c, declare.name)
    return draw(c, undefined, { keeper: 'township' }, [], [])
  })
  app.post(`${path}/do/declared`, (c) => save(c, undefined))
  app.get(`${path}/:id/do/redeclared`, async (c) => {
    mustDeclare(c, redeclare.name)
    const record = await recordFrom(c, countyDatasets.spec)
    return draw(c, record, record.fields, rowsOf(record), [])
  })
  app.post(`${path}/:id/do/redeclared`, async (c) => save(c, await recordFrom(c, countyDatasets.spec)))
}

async function save(c: Context<Env>, record: Rec | undefined) {
  const { desk, t } = c.var
  mustDeclare(c, record ? redeclare.name : declare.name)
  const posted = await c.req.parseBody({ all: true })
  const list = (name: string) =>
    (posted[name] === undefined ? [] : Array.isArray(posted[name]) ? posted[name] : [posted[name]]).map(
      String,
    )
  const one = (name: string) => list(name).at(-1)?.trim() ?? ''
  const rows: Row[] = list('_row').map((i) => ({
    name: one(`name.${i}`) || undefined,
    label: one(`label.${i}`),
    kind: one(`kind.${i}`) || 'text',
    more: one(`more.${i}`),
    to: one(`to.${i}`),
    ticks: list(`ticks.${i}`),
  }))
  const values = { title: one('title'), english: one('english'), about: one('about'), keeper: one('keeper') }
  if (one('_more')) return draw(c, record, values, rows, [], { act: one('_act'), blank: 8 })
  const own = fieldsFrom(rows, record)
  try {
    checkFields(JSON.stringify(own), desk.registry)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return draw(c, record, values, rows, [{ field: 'fields', text: t(error.words) }], { act: one('_act') })
  }
  const receipt = await desk.act({
    id: one('_act') || newId(),
    name: record ? redeclare.name : declare.name,
    ...(record && { record: record.id, base: record.version }),
    fields: { ...values, fields: JSON.stringify(own) },
  })
  if (receipt.outcome === 'refused')
    return draw(
      c,
      record,
      values,
      rows,
      (receipt.all ?? []).map((each) => ({ field: each.field, text: t(each.words) })),
      { act: one('_act') },
    )
  const made = await desk.read(countyDatasets, receipt.record ?? record!.id)
  return c.redirect(
    made ? `/d/${made.fields.name}?said=${record ? 'amended' : 'created'}` : `/d/${countyDatasets.name}`,
    303,
  )
}

/** Rows with a label become fields; an option keeps its code as long as its word stays. */
function fieldsFrom(rows: Row[], record: Rec | undefined): OwnField[] {
  const before = record ? (JSON.parse(String(record.fields.fields)) as OwnField[]) : []
  const taken = new Set([...before.map((each) => each.name), ...rows.map((each) => each.name)])
  let next = 1
  const fresh = () => {
    while (taken.has(`f${next}`)) next++
    taken.add(`f${next}`)
    return `f${next}`
  }
  return rows
    .filter((row) => row.label !== '')
    .map((row) => {
      const old = before.find((each) => each.name === row.name)
      const [zh, en] = row.label.split(/\s*[|/]\s*(?=[A-Za-z])/)
      const words = row.more
        .split(/[、,,;;\n]/)
        .map((each) => each.trim())
        .filter(Boolean)
      const isChoice = row.kind === 'choice' || row.kind === 'choices'
      const isNumber = row.kind === 'integer' || row.kind === 'decimal'
      return {
        name: old?.name ?? fresh(),
        label: { zh: zh!, en: en ?? old?.label.en ?? zh! },
        kind: row.kind as OwnField['kind'],
        ...(!row.ticks.includes('required') && !row.ticks.includes('key') && { optional: true as const }),
        ...(row.ticks.includes('key') && { key: true as const }),
        ...(row.ticks.includes('filter') && { filter: true as const }),
        ...(isChoice && { options: optionsFrom(words, old) }),
        ...(isNumber && row.more && { unit: { zh: row.more, en: row.more } }),
        ...(row.kind === 'ref' && { to: row.to }),
      }
    })
}

function optionsFrom(words: string[], old: OwnField | undefined): Record<string, { zh: string; en: string }> {
  const before = Object.entries(old?.options ?? {})
  let next = before.length + 1
  return Object.fromEntries(
    words.map((zh) => before.find(([, each]) => each.zh === zh) ?? [`o${next++}`, { zh, en: zh }]),
  )
}

const rowsOf = (record: Rec): Row[] =>
  (JSON.parse(String(record.fields.fields)) as OwnField[]).map((each) => ({
    name: each.name,
    label: each.label.en === each.label.zh ? each.label.zh : `${each.label.zh} / ${each.label.en}`,
    kind: each.kind,
    more: each.options
      ? Object.values(each.options)
          .map((words) => words.zh)
          .join('、')
      : (each.unit?.zh ?? ''),
    to: each.to ?? '',
    ticks: [
      ...(each.key ? ['key'] : []),
      ...(each.optional ? [] : ['required']),
      ...(each.filter ? ['filter'] : []),
    ],
  }))

function draw(
  c: Context<Env>,
  record: Rec | undefined,
  values: Record<string, unknown>,
  rows: Row[],
  faults: Fault[],
  more: { act?: string; blank?: number } = {},
) {
  const { t, desk } = c.var
  const title = record
    ? t({ zh: '修改台账字段', en: 'Change the fields' })
    : t({ zh: '新建台账', en: 'New register' })
  const blank: Row = { label: '', kind: 'text', more: '', to: '', ticks: [] }
  const filled = rows.filter((row) => row.label !== '')
  const shown = [
    ...filled,
    ...Array.from({ length: more.blank ?? (record ? 3 : Math.max(5 - filled.length, 2)) }, () => blank),
  ]
  const registers = [...desk.registry.datasets.values()]
    .filter((each) => desk.mayRead(each))
    .map((each) => each.spec)
  const head = (['title', 'english', 'about', 'keeper'] as const).map((name) => (
    <FieldInput
      t={t}
      name={name}
      spec={declare.fields[name].spec}
      value={values[name]}
      faults={faults.filter((each) => each.field === name).map((each) => each.text)}
    />
  ))
  return page(
    c,
    {
      title,
      here: 'registers',
      crumbs: [
        { title: t({ zh: '台账', en: 'Registers' }), path: '/registers' },
        { title: t(countyDatasets.spec.title), path: `/d/${countyDatasets.name}` },
      ],
      wide: true,
      ...(faults.length > 0 && { status: 422 }),
    },
    <>
      <PageHead title={title} note={record && String(record.fields.title)} />
      <form
        class="form form-wide"
        method="post"
        action={
          record
            ? `/d/${countyDatasets.name}/${record.id}/do/redeclared`
            : `/d/${countyDatasets.name}/do/declared`
        }
        data-form
      >
        <input type="hidden" name="_csrf" value={c.var.csrf} />
        <input type="hidden" name="_act" value={more.act || newId()} />
        <ErrorSummary t={t} faults={faults} />
        <section class="form-section">{head}</section>
        <section class="form-section" id="f-fields" tabindex={-1}>
          <h2 class="form-heading">{t({ zh: '字段', en: 'Fields' })}</h2>
          <Notice tone="info">
            {t({
              zh: '每行一个字段,不用的行留空。所在乡镇会自动带上;电话和身份证号自动遮蔽。名称后可加「/ 英文」。',
              en: 'One field a row; leave the rest empty. The township is added by itself; telephone and ID numbers are masked. Write "名称 / English" for both languages.',
            })}
          </Notice>
          {shown.map((row, i) =>
            fieldRow(
              c,
              row,
              i,
              registers.map((each) => ({ value: each.name, label: t(each.title) })),
            ),
          )}
          <p class="actions">
            <Button title={t({ zh: '再加几行', en: 'More rows' })} name="_more" value="1" icon="plus" small />
          </p>
        </section>
        <div class="form-acts">
          <Button
            title={
              record
                ? t({ zh: '保存修改', en: 'Save changes' })
                : t({ zh: '建立台账', en: 'Make the register' })
            }
            look="main"
            more={{ 'data-save': '' }}
          />
          <Button title={t({ zh: '取消', en: 'Cancel' })} path="/registers" look="quiet" />
        </div>
      </form>
    </>,
  )
}

function fieldRow(c: Context<Env>, row: Row, i: number, registers: { value: string; label: string }[]) {
  const { t } = c.var
  const id = (name: string) => `f-${name}-${i}`
  const ticks = {
    required: { zh: '必填', en: 'Required' },
    key: { zh: '编号', en: 'Number' },
    filter: { zh: '可筛选', en: 'Filter' },
  }
  const options = Object.entries(kinds).map(([value, words]) => ({ value, label: t(words) }))
  const select = (
    name: string,
    label: string,
    value: string,
    list: { value: string; label: string }[],
    fixed: boolean,
  ) => (
    <div class="field">
      <label for={id(name)}>{label}</label>
      <div class="select">
        <select id={id(name)} name={`${name}.${i}`} disabled={fixed}>
          {list.map((each) => (
            <option value={each.value} selected={each.value === value}>
              {each.label}
            </option>
          ))}
        </select>
      </div>
      {fixed && <input type="hidden" name={`${name}.${i}`} value={value} />}
    </div>
  )
  return (
    <fieldset class="field-row">
      <legend class="unseen">{t({ zh: `第 ${i + 1} 个字段`, en: `Field ${i + 1}` })}</legend>
      <input type="hidden" name="_row" value={String(i)} />
      {row.name && <input type="hidden" name={`name.${i}`} value={row.name} />}
      <div class="field">
        <label for={id('label')}>{t({ zh: '名称', en: 'Name' })}</label>
        <input
          class="input"
          id={id('label')}
          name={`label.${i}`}
          value={row.label}
          autocomplete="off"
          maxlength={80}
        />
      </div>
      {select('kind', t({ zh: '类型', en: 'Kind' }), row.kind, options, Boolean(row.name))}
      <div class="field">
        <label for={id('more')}>{t({ zh: '选项或单位', en: 'Options or unit' })}</label>
        <input
          class="input"
          id={id('more')}
          name={`more.${i}`}
          value={row.more}
          autocomplete="off"
          placeholder={t({ zh: '好、中、差', en: 'good, fair, poor' })}
        />
      </div>
      {select(
        'to',
        t({ zh: '指向台账', en: 'Points to' }),
        row.to,
        [{ value: '', label: '—' }, ...registers],
        Boolean(row.name),
      )}
      <div class="ticked ticked-row">
        {Object.entries(ticks).map(([value, words]) => (
          <label class="tickable">
            <input type="checkbox" name={`ticks.${i}`} value={value} checked={row.ticks.includes(value)} />
            <span>{t(words)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}

function mustDeclare(c: Context<Env>, act: string) {
  if (!c.var.desk.may(act))
    refuse(
      {
        zh: '新建台账由管理员办理,需要时请联系管理员',
        en: 'Registers are made by an administrator; ask one if you need it.',
      },
      { kind: 'access' },
    )
}
