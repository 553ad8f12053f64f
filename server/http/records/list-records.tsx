import type { Context } from 'hono'
import { ActionBar, Button, More } from '../../../web/ui/button.tsx'
import { type Filter, FilterBar, filterKind } from '../../../web/ui/filter.tsx'
import { PageHead } from '../../../web/ui/page.tsx'
import { type BulkAct, type Column, type Row, Table } from '../../../web/ui/table.tsx'
import { Tag } from '../../../web/ui/tag.tsx'
import { Ticks } from '../../../web/ui/ticks.tsx'
import { type DatasetSpec, indexedFields, keyField, labelOf, type Rec } from '../../kernel/dataset.ts'
import type { ListQuery } from '../../kernel/desk.ts'
import { page } from '../layout.tsx'
import type { Env } from '../module.ts'
import { readQuery, sameList, withParams } from '../query.ts'
import { areaOptions, codeOptions } from './options.ts'
import { datasetFrom, placeOfDataset, stepPath } from './paths.ts'
import { columnsOf, pageReader, type Reader, stateField, Value, valueText } from './show.tsx'

/** A dataset's records: filter bar, what was found, fifty a page. */
export async function listRecords(c: Context<Env>) {
  const { desk, t, lang, actor } = c.var
  const spec = datasetFrom(c)
  const url = new URL(c.req.url)
  const query = readQuery(spec, url.searchParams, desk.registry)
  const [found, count] = await Promise.all([desk.list(spec.name, query), desk.count(spec.name, query)])
  const reader = await pageReader(
    desk,
    { t, lang },
    spec,
    found.records.map((each) => each.fields),
  )
  const columns = columnsOf(spec)
  const rights = desk.registry.rights

  const list = (
    <Table
      t={t}
      id="list"
      caption={t(spec.title)}
      columns={[
        ...columns.map((name) => columnOf(spec, name, url, query, t)),
        ...(spec.offline ? [{ title: t({ zh: '送达', en: 'Arrived' }), kind: 'tight' as const }] : []),
      ]}
      rows={found.records.map((record) => {
        const row = rowOf(reader, spec, columns, record)
        if (spec.offline) row.cells.push(<Ticks t={t} fate={desk.fate(record)} />)
        return row
      })}
      count={count}
      next={found.next && withParams(url, { cursor: found.next })}
      first={query.cursor ? withParams(url, { cursor: undefined }) : undefined}
      bulk={bulkOf(c, spec)}
      csrf={c.var.csrf}
      empty={emptyOf(c, spec, query)}
      acts={
        <>
          {spec.place && (
            <Button
              title={t({ zh: '在地图上看', en: 'On the map' })}
              path={sameList(url, `/d/${spec.name}/map`)}
              icon="map"
              look="quiet"
              small
            />
          )}
          {desk.place === 'box' && rights.may(actor, 'export') && (
            <More title={t({ zh: '导出', en: 'Export' })}>
              {(
                [
                  'xlsx',
                  'csv',
                  ...(spec.place ? ['geojson'] : []),
                  'ndjson',
                  ...(c.var.box?.parquet ? ['parquet'] : []),
                ] as const
              ).map((format) => (
                <Button
                  title={exportWords[format]![lang]}
                  path={sameList(url, `/d/${spec.name}/export/${format}`)}
                  look="quiet"
                  icon="download"
                />
              ))}
            </More>
          )}
        </>
      }
    />
  )
  // While someone types, the address kept is the short one: without the filters that say nothing.
  if (c.req.header('hx-request')) c.header('hx-push-url', withParams(url, {}))
  return page(
    c,
    { title: t(spec.title), here: placeOfDataset(c, spec.name), wide: true },
    <>
      <PageHead title={t(spec.title)} note={spec.about && t(spec.about)}>
        <ActionBar>
          {desk.place === 'box' &&
            !spec.closed &&
            desk.may(`${spec.name}.created`) &&
            rights.may(actor, 'import') && (
              <Button title={t({ zh: '导入', en: 'Import' })} path={`/d/${spec.name}/import`} icon="upload" />
            )}
          {starters(c, spec)}
        </ActionBar>
      </PageHead>
      <FilterBar
        t={t}
        action={`/d/${spec.name}`}
        q={query.q}
        searchHint={searchHint(c, spec)}
        filters={filtersOf(c, spec, query, url)}
        hidden={{ sort: query.sort, ...unseenFilters(c, spec, url) }}
        target="list"
      />
      {list}
    </>,
  )
}

const exportWords: Record<string, { zh: string; en: string }> = {
  xlsx: { zh: 'Excel 表格', en: 'Excel workbook' },
  csv: { zh: 'CSV', en: 'CSV' },
  geojson: { zh: 'GeoJSON(带位置)', en: 'GeoJSON with places' },
  ndjson: { zh: 'NDJSON(每行一条)', en: 'NDJSON, one a line' },
  parquet: { zh: 'Parquet(分析用)', en: 'Parquet, for analysis' },
}

/** Buttons that make a record: verbs that start one, and the plain form. */
export function starters(c: Context<Env>, spec: DatasetSpec) {
  const { desk, t } = c.var
  const verbs = desk.verbs(spec.name)
  // Where a step starts records (registering gives the number), the plain form is for imports and the API.
  const plain = verbs.length === 0 && !spec.closed && desk.may(`${spec.name}.created`)
  return (
    <>
      {verbs.map((verb, i) => (
        <Button
          title={t(verb.title)}
          path={stepPath(spec.name, verb.name)}
          look={i === 0 ? 'main' : 'plain'}
          icon={i === 0 ? 'plus' : undefined}
        />
      ))}
      {plain && (
        <Button
          title={t({ zh: `登记${spec.title.zh}`, en: `New ${spec.title.en.toLowerCase()}` })}
          path={`/d/${spec.name}/new`}
          look="main"
          icon="plus"
        />
      )}
    </>
  )
}

function columnOf(
  spec: DatasetSpec,
  name: string,
  url: URL,
  query: ListQuery,
  t: Env['Variables']['t'],
): Column {
  const field = spec.fields[name]!
  const kind =
    field.kind === 'integer' || field.kind === 'decimal'
      ? 'number'
      : field.kind === 'date' || field.kind === 'time'
        ? 'time'
        : field.key || field.kind === 'id-number' || field.kind === 'credit-code' || field.kind === 'phone'
          ? 'code'
          : 'text'
  const sorted = query.sort?.replace(/^-/, '') === name
  const down = query.sort === `-${name}`
  // Only indexed fields stay quick on a million records.
  const sortable = indexedFields(spec).includes(name) && field.kind !== 'ref' && !field.sensitive
  return {
    title: t(field.label),
    kind,
    ...(field.unit && { unit: t(field.unit) }),
    ...(sortable && {
      sort: {
        path: withParams(url, { sort: sorted ? (down ? undefined : `-${name}`) : name }),
        ...(sorted && { now: down ? ('down' as const) : ('up' as const) }),
      },
    }),
  }
}

function rowOf(reader: Reader, spec: DatasetSpec, columns: string[], record: Rec): Row {
  const state = stateField(spec)
  return {
    id: record.id,
    path: `/d/${spec.name}/${record.id}`,
    cells: columns.map((name, i) => {
      const value = record.fields[name]
      // The first cell becomes the row's link, and links do not nest.
      if (i === 0) return valueText(reader, spec.fields[name]!, value) || labelOf(spec, record.fields) || '—'
      if (name === state && value !== undefined)
        return <Tag title={valueText(reader, spec.fields[name]!, value)} />
      return <Value reader={reader} spec={spec} name={name} value={value} record={record.id} />
    }),
    ...(record.withdrawn && { faded: true }),
  }
}

function filtersOf(c: Context<Env>, spec: DatasetSpec, query: ListQuery, url: URL): Filter[] {
  const { t, desk, actor } = c.var
  const filters: Filter[] = []
  const areas =
    spec.reach === 'below' && actor.division.length >= 9 ? [] : areaOptions(desk.registry, actor, t)
  for (const name of offered(spec)) {
    const field = spec.fields[name]!
    const kind = filterKind(field)
    if (!kind) continue
    const given = query.filter?.[name]
    const range =
      given && typeof given === 'object' && !Array.isArray(given)
        ? (given as { from?: unknown; to?: unknown })
        : {}
    const options =
      field.kind === 'flag'
        ? [
            { value: 'true', label: t({ zh: '是', en: 'Yes' }) },
            { value: 'false', label: t({ zh: '否', en: 'No' }) },
          ]
        : field.kind === 'code'
          ? codeOptions(desk.registry, field.list!, t)
          : Object.entries(field.options ?? {}).map(([value, words]) => ({ value, label: t(words) }))
    filters.push({
      name: `filter[${name}]`,
      title: t(field.label),
      kind: kind === 'options' && (!options || options.length === 0 || options.length > 200) ? 'text' : kind,
      options,
      value:
        kind === 'options' || kind === 'text'
          ? (url.searchParams.get(`filter[${name}]`) ?? undefined)
          : undefined,
      from: range.from === undefined ? undefined : String(range.from),
      to: range.to === undefined ? undefined : String(range.to),
    })
  }
  if (areas.length > 1)
    filters.splice(1, 0, {
      name: 'division',
      title: t({ zh: '区划', en: 'Area' }),
      kind: 'options',
      options: areas,
      value: query.division,
    })
  return filters
}

/** Declared filters, choices first: those are what people narrow by; keys and names are what they search for. */
const offered = (spec: DatasetSpec): string[] => {
  const names = Object.keys(spec.fields).filter((name) => {
    const field = spec.fields[name]!
    return field.filter && !field.key && field.kind !== 'ref' && field.kind !== 'division' && !field.sensitive
  })
  const first = (name: string) =>
    ['choice', 'choices', 'code', 'flag'].includes(spec.fields[name]!.kind) ? 0 : 1
  return names.sort((a, b) => first(a) - first(b))
}

/** A filter that came with a link (the batches of one plot) stays while the person types. */
function unseenFilters(c: Context<Env>, spec: DatasetSpec, url: URL): Record<string, string> {
  const seen = new Set(offered(spec).map((name) => `filter[${name}]`))
  const kept: Record<string, string> = {}
  for (const [name, value] of url.searchParams)
    if (name.startsWith('filter[') && ![...seen].some((each) => name.startsWith(each))) kept[name] = value
  if (c.req.query('withdrawn')) kept.withdrawn = c.req.query('withdrawn')!
  return kept
}

function searchHint(c: Context<Env>, spec: DatasetSpec): string {
  const { t } = c.var
  const names = (...kinds: string[]) =>
    Object.keys(spec.fields).filter((name) => {
      const { kind, sensitive, set } = spec.fields[name]!
      return kinds.includes(kind) && !sensitive && set !== 'act'
    })
  const key = keyField(spec)
  // What people write is named first, then what they pick: both are found.
  const shown = [
    ...new Set([
      ...(key ? [key] : []),
      ...names('text', 'phone', 'credit-code'),
      ...names('code', 'division'),
    ]),
  ]
    .slice(0, 3)
    .map((name) => t(spec.fields[name]!.label))
  return shown.length > 0
    ? t({ zh: `搜${shown.join('、')}`, en: `Search ${shown.join(', ')}` })
    : t({ zh: '搜索', en: 'Search' })
}

/** What can be done to several at once: verbs that ask nothing, and withdrawing. */
function bulkOf(c: Context<Env>, spec: DatasetSpec): BulkAct[] {
  const { desk, t } = c.var
  const verbs = desk.registry
    .verbsOn(spec.name)
    .filter((each) => !each.starts && desk.may(each.name) && Object.keys(each.fields).length === 0)
  const acts: BulkAct[] = verbs.map((each) => ({
    title: t(each.title),
    action: `/d/${spec.name}/bulk/${each.name.slice(spec.name.length + 1)}`,
  }))
  if (!spec.closed && !spec.append && desk.may(`${spec.name}.withdrawn`))
    acts.push({
      title: t({ zh: '作废', en: 'Withdraw' }),
      action: `/d/${spec.name}/bulk/withdrawn`,
      danger: true,
    })
  return acts
}

function emptyOf(c: Context<Env>, spec: DatasetSpec, query: ListQuery) {
  const { t, desk } = c.var
  const narrowed = query.q || query.filter || query.division || query.bbox
  if (narrowed)
    return {
      text: t({
        zh: `没有符合条件的${spec.title.zh},换个条件试试`,
        en: `No ${spec.title.en.toLowerCase()} matches; try other conditions`,
      }),
    }
  const first = desk.verbs(spec.name)[0]
  const act = first
    ? { title: t(first.title), path: stepPath(spec.name, first.name) }
    : !spec.closed && desk.may(`${spec.name}.created`)
      ? {
          title: t({
            zh: `登记第一条${spec.title.zh}`,
            en: `Register the first ${spec.title.en.toLowerCase()}`,
          }),
          path: `/d/${spec.name}/new`,
        }
      : undefined
  return {
    text: t({ zh: `还没有${spec.title.zh}记录`, en: `No ${spec.title.en.toLowerCase()} yet` }),
    ...(act && { act }),
  }
}
