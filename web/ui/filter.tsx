import type { FieldSpec } from '../../server/kernel/fields.ts'
import { Button } from './button.tsx'
import { Icon } from './icon.tsx'
import type { Option, Say } from './props.ts'

export interface Filter {
  name: string
  title: string
  /** `range` asks for from and to, sent as `NAME.from` and `NAME.to`. */
  kind: 'options' | 'text' | 'date-range' | 'number-range'
  options?: Option[]
  value?: string
  from?: string
  to?: string
}

export interface FilterBarProps {
  t: Say
  /** The list's own address. */
  action: string
  q?: string
  /** What can be searched: 搜编号、主体、地址. */
  searchHint?: string
  /** The first two stay open, the others wait behind 更多. */
  filters: Filter[]
  /** Carried along: sort, view. */
  hidden?: Record<string, string | undefined>
  /** The part of the page redrawn while typing; the Table's id. */
  target?: string
}

/** Above a table: search, the two filters used most, the rest behind one word. Sends by GET, so an address can be shared. */
export function FilterBar({
  t,
  action,
  q,
  searchHint,
  filters,
  hidden = {},
  target = 'list',
}: FilterBarProps) {
  const open = filters.slice(0, 2)
  const rest = filters.slice(2)
  const used = rest.filter((each) => each.value || each.from || each.to).length
  const any = Boolean(q) || filters.some((each) => each.value || each.from || each.to)
  return (
    // biome-ignore lint/a11y/useSemanticElements: Chromium 109 knows no <search>.
    <form
      class="filters"
      method="get"
      action={action}
      role="search"
      aria-label={t({ zh: '筛选', en: 'Filter' })}
      data-filters
      hx-get={action}
      hx-trigger="input delay:180ms, submit"
      hx-target={`#${target}`}
      hx-select={`#${target}`}
      hx-swap="outerHTML"
      hx-push-url="true"
      hx-sync="this:replace"
    >
      {Object.entries(hidden).map(
        ([name, value]) => value !== undefined && <input type="hidden" name={name} value={value} />,
      )}
      <label class="filter filter-search">
        <span class="unseen">{searchHint ?? t({ zh: '搜索', en: 'Search' })}</span>
        <Icon name="search" />
        <input
          type="search"
          name="q"
          value={q ?? ''}
          placeholder={searchHint ?? t({ zh: '搜索', en: 'Search' })}
          autocomplete="off"
          enterkeyhint="search"
        />
      </label>
      {open.map((each) => (
        <FilterInput t={t} filter={each} />
      ))}
      {rest.length > 0 && (
        <details class="filters-more" open={used > 0}>
          <summary class="button">
            <Icon name="filter" />
            <span>{t({ zh: '更多', en: 'More' })}</span>
            {used > 0 && <span class="count">{used}</span>}
          </summary>
          <div class="filters-rest">
            {rest.map((each) => (
              <FilterInput t={t} filter={each} />
            ))}
          </div>
        </details>
      )}
      <Button title={t({ zh: '查询', en: 'Search' })} more={{ 'data-noscript': '' }} />
      {any && <Button title={t({ zh: '清除条件', en: 'Clear' })} path={action} look="quiet" />}
    </form>
  )
}

function FilterInput({ t, filter }: { t: Say; filter: Filter }) {
  const { name, title, kind, options = [], value, from, to } = filter
  if (kind === 'options')
    return (
      <label class="filter">
        <span>{title}</span>
        <div class="select">
          <select name={name}>
            <option value="">{t({ zh: '全部', en: 'All' })}</option>
            {options.map((each) => (
              <option value={each.value} selected={each.value === value}>
                {each.label}
              </option>
            ))}
          </select>
          <Icon name="down" />
        </div>
      </label>
    )
  if (kind === 'text')
    return (
      <label class="filter">
        <span>{title}</span>
        <input class="input" type="text" name={name} value={value ?? ''} autocomplete="off" />
      </label>
    )
  const type = kind === 'date-range' ? 'date' : 'text'
  const mode = kind === 'number-range' ? 'decimal' : undefined
  return (
    <fieldset class="filter filter-range">
      <legend>{title}</legend>
      <input
        class="input"
        type={type}
        inputmode={mode}
        name={`${name}.from`}
        value={from ?? ''}
        aria-label={`${title} ${t({ zh: '从', en: 'from' })}`}
      />
      <span aria-hidden="true">—</span>
      <input
        class="input"
        type={type}
        inputmode={mode}
        name={`${name}.to`}
        value={to ?? ''}
        aria-label={`${title} ${t({ zh: '到', en: 'to' })}`}
      />
    </fieldset>
  )
}

/** Which filter suits a declared field; none for what cannot be filtered sensibly. */
export function filterKind(spec: FieldSpec): Filter['kind'] | undefined {
  switch (spec.kind) {
    case 'choice':
    case 'choices':
    case 'code':
    case 'division':
    case 'flag':
      return 'options'
    case 'date':
    case 'time':
      return 'date-range'
    case 'integer':
    case 'decimal':
      return 'number-range'
    case 'geometry':
    case 'files':
      return undefined
    default:
      return 'text'
  }
}
