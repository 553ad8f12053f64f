import { Button } from './button.tsx'
import { Icon } from './icon.tsx'
import { Empty } from './notice.tsx'
import { type Child, classes, type Level, type Link, type Say } from './props.ts'

export interface Column {
  title: string
  /** 公斤, 亩, mg/kg: stands in the header, not in each row. */
  unit?: string
  /** `number` is right-aligned; `code` in tabular figures; `tight` takes no more room than it needs. */
  kind?: 'text' | 'number' | 'code' | 'time' | 'tight'
  /** Link that sorts by this column, and how it is sorted now. */
  sort?: { path: string; now?: 'up' | 'down' }
  /** Left out on phones, where a row becomes a card. */
  wide?: boolean
}

export interface Row {
  id: string
  /** Opens the record. The first cell becomes the link; a click anywhere in the row follows it. */
  path?: string
  cells: Child[]
  level?: Level
  /** Withdrawn, closed: still readable, in grey. */
  faded?: boolean
}

export interface BulkAct {
  title: string
  /** Where the ticked ids are sent, as `id`, by POST. */
  action: string
  danger?: boolean
}

export interface TableProps {
  t: Say
  /** What the table shows, for people who listen to it. */
  caption: string
  columns: Column[]
  rows: Row[]
  /** The records found in all: 1,204, or more than a cap. */
  count?: { n: number; capped?: boolean }
  /** Keyset: the address of the next page, and of the first when this is not it. */
  next?: string
  first?: string
  bulk?: BulkAct[]
  csrf?: string
  /** For a list with no rows. */
  empty: { text: string; act?: Link }
  /** Right of the count: export, new. */
  acts?: Child
  id?: string
}

/** Rows under a header that stays; on phones each row is a card. */
export function Table(props: TableProps) {
  const { t, caption, columns, rows, count, next, first, bulk = [], csrf, empty, acts, id = 'list' } = props
  const ticks = bulk.length > 0 && rows.length > 0
  const table = (
    <section class="table-scroll" tabindex={0} aria-label={caption}>
      <table class="table" data-rows>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {ticks && (
              <th class="col-tick" scope="col">
                <label class="tick-box">
                  <input
                    type="checkbox"
                    data-tick-all
                    aria-label={t({ zh: '全选本页', en: 'Tick all on this page' })}
                  />
                </label>
              </th>
            )}
            {columns.map((column) => (
              <Header t={t} column={column} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              class={classes(row.level && `row-${row.level}`, row.faded && 'row-faded')}
              data-href={row.path}
            >
              {ticks && (
                <td class="col-tick">
                  <label class="tick-box">
                    <input
                      type="checkbox"
                      name="id"
                      value={row.id}
                      data-tick
                      aria-label={t({ zh: '选中这一行', en: 'Tick this row' })}
                    />
                  </label>
                </td>
              )}
              {columns.map((column, i) => (
                <td
                  class={classes(
                    column.kind && `col-${column.kind}`,
                    column.wide && 'col-wide',
                    i === 0 && 'col-first',
                  )}
                  data-label={column.unit ? `${column.title}(${column.unit})` : column.title}
                >
                  {i === 0 && row.path ? <a href={row.path}>{row.cells[i]}</a> : row.cells[i]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
  return (
    <div class="list" id={id}>
      {(count || acts) && (
        <div class="list-head">
          <p class="list-count" role="status">
            {count && (rows.length > 0 || count.n > 0) ? countText(t, count) : ''}
          </p>
          {acts && <div class="list-acts">{acts}</div>}
        </div>
      )}
      {rows.length === 0 ? (
        <Empty text={empty.text} act={empty.act} />
      ) : ticks ? (
        <form method="post" action={bulk[0]!.action} data-bulk>
          <input type="hidden" name="_csrf" value={csrf} />
          {table}
          <div class="bulk" data-bulk-bar>
            <span class="bulk-count" data-bulk-count role="status">
              {t({ zh: '对选中的记录', en: 'With the ticked records' })}
            </span>
            {bulk.map((act) => (
              <Button
                title={act.title}
                formaction={act.action}
                look={act.danger ? 'danger' : 'plain'}
                small
              />
            ))}
          </div>
        </form>
      ) : (
        table
      )}
      <Pagination t={t} next={next} first={first} />
    </div>
  )
}

function Header({ t, column }: { t: Say; column: Column }) {
  const { title, unit, kind, sort, wide } = column
  const label = (
    <>
      {title || <span class="unseen">{t({ zh: '办理', en: 'Act' })}</span>}
      {unit && <span class="th-unit">{unit}</span>}
    </>
  )
  return (
    <th
      scope="col"
      class={classes(kind && `col-${kind}`, wide && 'col-wide')}
      aria-sort={sort?.now === 'up' ? 'ascending' : sort?.now === 'down' ? 'descending' : undefined}
    >
      {sort ? (
        <a class="sort" href={sort.path} title={t({ zh: `按${title}排序`, en: `Sort by ${title}` })}>
          {label}
          <Icon name={sort.now === 'up' ? 'up' : 'down'} size="small" />
        </a>
      ) : (
        label
      )}
    </th>
  )
}

function countText(t: Say, { n, capped }: { n: number; capped?: boolean }): string {
  const figure = new Intl.NumberFormat('en-US').format(n)
  return capped
    ? t({ zh: `超过 ${figure} 条`, en: `More than ${figure} records` })
    : t({ zh: `共 ${figure} 条`, en: `${figure} records` })
}

/** Keyset pages go forward, and back to the first. */
export function Pagination({ t, next, first }: { t: Say; next?: string; first?: string }) {
  if (!next && !first) return null
  return (
    <nav class="pages" aria-label={t({ zh: '翻页', en: 'Pages' })}>
      {first && <Button title={t({ zh: '回到第一页', en: 'First page' })} path={first} icon="left" small />}
      {next && (
        <Button
          title={t({ zh: '下一页', en: 'Next page' })}
          path={next}
          small
          more={{ rel: 'next', 'data-next': '' }}
        />
      )}
    </nav>
  )
}
