// One field of a form, drawn from its declaration. What each kind sends, so that whoever reads the form need not guess:
//   text … credit-code   the text; empty means absent
//   flag                 `true`, `false` or nothing
//   choice, code, division   the option's value
//   choices              one value per tick, same name
//   ref                  the record's id (scripts on), or what was typed, to be found by key (scripts off)
//   geometry             GeoJSON as text, or «112.3595, 28.8417» typed by hand
//   files                new files under the name; sha256 of those kept under `NAME.keep`, one each
//   a masked field       nothing when it was left alone: the value stays

import type { FieldSpec, FileRef } from '../../server/kernel/fields.ts'
import { Icon } from './icon.tsx'
import { GeometryEditor } from './map.tsx'
import { type Child, classes, type Option, type Say } from './props.ts'

export interface FormField {
  name: string
  spec: FieldSpec
  /** The stored value, or what the person typed when the form comes back with faults. */
  value?: unknown
  /** Sentences to show at the field. */
  faults?: string[]
  /** For code and division: what may be chosen. Choice and choices know by themselves. Leave out long lists: the field then searches. */
  options?: Option[]
  /** For ref, code and division: how the chosen value reads. */
  picked?: string
  /** Picks before typing: recent, nearby, most used. */
  picks?: Option[]
  /** The value is there, and this reader sees only the mask. */
  mask?: string
  /** Shown, not changed. */
  fixed?: boolean
  /** Where a ref searches; `/pick/{dataset}` when absent. */
  search?: string
}

export interface FieldInputProps extends FormField {
  t: Say
  /** Distinguishes two forms on one page. */
  prefix?: string
}

/** Label above, the input with its unit inside, hint below, the fault where it happened. */
export function FieldInput(props: FieldInputProps) {
  const { t, name, spec, faults = [], prefix = '' } = props
  const id = `f-${prefix}${name}`
  const hint = spec.hint && t(spec.hint)
  const described = classes(hint && `${id}-hint`, faults.length > 0 && `${id}-fault`)
  const label = (
    <>
      {t(spec.label)}
      {spec.optional && !spec.only?.must && <span class="optional">{t({ zh: '选填', en: 'optional' })}</span>}
    </>
  )
  const below = (
    <>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <p class="fault" id={`${id}-fault`} data-fault hidden={faults.length === 0}>
        {faults.join(' ')}
      </p>
    </>
  )
  const shared: Shared = {
    id,
    'aria-describedby': described,
    'aria-invalid': faults.length > 0 ? 'true' : undefined,
    'aria-required': spec.optional ? undefined : 'true',
    'data-nodraft': spec.sensitive ? '' : undefined,
  }
  const className = classes('field', `field-${spec.kind}`, faults.length > 0 && 'field-wrong')
  // Without scripts every question stands there; with them only those that the answer above calls for.
  const only = spec.only && {
    'data-only': spec.only.field,
    'data-only-values': spec.only.values.join(' '),
  }
  const inputs = inputFor(props, shared)
  if (inputs.grouped)
    return (
      <fieldset class={className} id={id} tabindex={-1} aria-describedby={described} {...only}>
        <legend>{label}</legend>
        {inputs.markup}
        {below}
      </fieldset>
    )
  return (
    <div class={className} {...only}>
      <label for={id}>{label}</label>
      {inputs.markup}
      {below}
    </div>
  )
}

interface Shared {
  id: string
  [attribute: string]: string | undefined
}

/** Several controls under one label need a <fieldset>; one control needs a <label>. */
function inputFor(props: FieldInputProps, shared: Shared): { markup: Child; grouped?: boolean } {
  const { t, spec, fixed, mask } = props
  if (fixed)
    return {
      markup: (
        <output id={shared.id} class="fixed">
          {props.picked ?? mask ?? String(props.value ?? '—')}
        </output>
      ),
    }
  switch (spec.kind) {
    case 'long':
      return {
        markup: (
          <textarea {...shared} name={props.name} rows={4} maxlength={spec.maxLength}>
            {asText(props.value)}
          </textarea>
        ),
      }
    case 'flag':
      return { grouped: true, markup: <FlagInput {...props} /> }
    case 'choice': {
      const options = optionsOf(props)
      return options.length <= 5
        ? { grouped: true, markup: <Radios {...props} options={options} /> }
        : { markup: <Select {...props} options={options} shared={shared} /> }
    }
    case 'choices':
      return { grouped: true, markup: <Ticked {...props} options={optionsOf(props)} /> }
    case 'code':
    case 'division':
      if (props.options && props.options.length > 0 && props.options.length <= 5 && spec.kind === 'code')
        return { grouped: true, markup: <Radios {...props} options={props.options} /> }
      if (props.options) return { markup: <Select {...props} options={props.options} shared={shared} /> }
      return {
        markup: (
          <Search
            {...props}
            address={props.search ?? (spec.kind === 'code' ? `/pick/codes/${spec.list}` : '/pick/divisions')}
            shared={shared}
          />
        ),
      }
    case 'ref':
      return { markup: <Search {...props} address={props.search ?? `/pick/${spec.to}`} shared={shared} /> }
    case 'geometry':
      return {
        markup: (
          <GeometryEditor
            t={t}
            name={props.name}
            value={asText(props.value)}
            shapes={spec.shapes ?? ['Point', 'LineString', 'Polygon']}
            shared={shared}
          />
        ),
      }
    case 'files':
      return { markup: <Files {...props} shared={shared} /> }
    default:
      return { markup: <Typed {...props} shared={shared} /> }
  }
}

/** Everything that is typed into one line. */
function Typed({ t, name, spec, value, mask, shared }: FieldInputProps & { shared: Shared }) {
  const kinds: Record<string, Record<string, unknown>> = {
    integer: { inputmode: 'numeric', class: 'input input-number' },
    decimal: { inputmode: 'decimal', class: 'input input-number' },
    date: { type: 'date', class: 'input input-date', min: '1900-01-01', max: '2100-12-31' },
    time: { type: 'datetime-local', class: 'input input-time' },
    phone: {
      type: 'tel',
      inputmode: 'tel',
      class: 'input input-phone',
      autocomplete: 'off',
      'data-check': 'phone',
    },
    'id-number': {
      class: 'input input-code',
      maxlength: 18,
      autocomplete: 'off',
      spellcheck: 'false',
      'data-check': 'id-number',
    },
    'credit-code': {
      class: 'input input-code',
      maxlength: 18,
      autocomplete: 'off',
      spellcheck: 'false',
      'data-check': 'credit-code',
    },
  }
  const checks = {
    'data-min': spec.min,
    'data-max': spec.max,
    'data-pattern': spec.pattern,
    'data-pattern-says': spec.pattern && spec.hint ? t(spec.hint) : undefined,
  }
  const kind = kinds[spec.kind] ?? { class: 'input' }
  const number = spec.kind === 'integer' || spec.kind === 'decimal'
  const input = (
    <input
      {...shared}
      type="text"
      autocomplete="off"
      enterkeyhint="next"
      {...kind}
      {...checks}
      data-check={
        (kind['data-check'] as string | undefined) ??
        (number ? spec.kind : spec.pattern ? 'pattern' : undefined)
      }
      data-label={t(spec.label)}
      name={name}
      value={spec.kind === 'time' ? localTime(value) : asText(value)}
      maxlength={(kind.maxlength as number | undefined) ?? spec.maxLength}
      placeholder={mask ? t({ zh: `${mask}(不填则不变)`, en: `${mask} (leave empty to keep)` }) : undefined}
    />
  )
  if (!spec.unit) return input
  return (
    <div class="with-unit">
      {input}
      <span class="unit" aria-hidden="true">
        {t(spec.unit)}
      </span>
    </div>
  )
}

function FlagInput({ t, name, value, prefix = '' }: FieldInputProps) {
  const given =
    value === undefined || value === null || value === '' ? undefined : value === true || value === 'true'
  return (
    <div class="ticked ticked-row">
      {[true, false].map((each) => (
        <label class="tickable" for={`f-${prefix}${name}-${each}`}>
          <input
            type="radio"
            id={`f-${prefix}${name}-${each}`}
            name={name}
            value={String(each)}
            checked={given === each}
          />
          <span>{each ? t({ zh: '是', en: 'Yes' }) : t({ zh: '否', en: 'No' })}</span>
        </label>
      ))}
    </div>
  )
}

/** A retired code is not among the options any more; it stays readable, and chosen until someone changes it. */
const withRetired = (options: Option[], value: unknown): Option[] =>
  value && !options.some((each) => each.value === value)
    ? [{ value: String(value), label: String(value) }, ...options]
    : options

function Radios({ t, name, spec, value, options, prefix = '' }: FieldInputProps & { options: Option[] }) {
  const none: Option[] = spec.optional ? [{ value: '', label: t({ zh: '不填', en: 'None' }) }] : []
  return (
    <div class="ticked ticked-row">
      {[...withRetired(options, value), ...none].map((each, i) => (
        <label class="tickable" for={`f-${prefix}${name}-${i}`}>
          <input
            type="radio"
            id={`f-${prefix}${name}-${i}`}
            name={name}
            value={each.value}
            checked={each.value === (value ?? '')}
          />
          <span>
            {each.label}
            {each.note && <small>{each.note}</small>}
          </span>
        </label>
      ))}
    </div>
  )
}

function Ticked({ name, value, options, prefix = '' }: FieldInputProps & { options: Option[] }) {
  const chosen = new Set(Array.isArray(value) ? value.map(String) : value ? [String(value)] : [])
  return (
    <div class="ticked">
      {options.map((each, i) => (
        <label class="tickable" for={`f-${prefix}${name}-${i}`}>
          <input
            type="checkbox"
            id={`f-${prefix}${name}-${i}`}
            name={name}
            value={each.value}
            checked={chosen.has(each.value)}
          />
          <span>{each.label}</span>
        </label>
      ))}
    </div>
  )
}

function Select({
  t,
  name,
  value,
  options,
  shared,
}: FieldInputProps & { options: Option[]; shared: Shared }) {
  const all = withRetired(options, value)
  const groups = [...new Set(all.map((each) => each.group))]
  const draw = (each: Option) => (
    <option value={each.value} selected={each.value === value}>
      {each.label}
      {each.note ? ` · ${each.note}` : ''}
    </option>
  )
  return (
    <div class="select">
      <select {...shared} name={name}>
        <option value="">{t({ zh: '未选择', en: 'Not chosen' })}</option>
        {groups.map((group) =>
          group ? (
            <optgroup label={group}>{all.filter((each) => each.group === group).map(draw)}</optgroup>
          ) : (
            all.filter((each) => !each.group).map(draw)
          ),
        )}
      </select>
      <Icon name="down" />
    </div>
  )
}

/** Typing searches; picks stand before it. scripts/pick.ts makes it a combobox; without scripts the key is typed. */
function Search({
  t,
  name,
  value,
  picked,
  picks = [],
  address,
  spec,
  shared,
}: FieldInputProps & { address: string; shared: Shared }) {
  return (
    <div
      class="pick"
      data-pick={address}
      data-value={value === undefined || value === null ? '' : String(value)}
      data-label={t(spec.label)}
    >
      <div class="with-unit">
        <input
          {...shared}
          type="text"
          class="input"
          name={name}
          value={picked ?? asText(value)}
          autocomplete="off"
          enterkeyhint="search"
          placeholder={t({ zh: '输入名称或编号查找', en: 'Type a name or number to search' })}
        />
        <span class="unit" aria-hidden="true">
          <Icon name="search" />
        </span>
      </div>
      {picks.length > 0 && (
        <div class="picks">
          {picks.map((each) => (
            <button type="button" class="chip" data-pick-value={each.value} data-pick-label={each.label}>
              {each.label}
              {each.note && <small>{each.note}</small>}
            </button>
          ))}
        </div>
      )}
    </div>
  )
}

/** What `/pick/{dataset}?q=` answers: the matches as options of the combobox. */
export function PickOptions({ t, options }: { t: Say; options: Option[] }) {
  return (
    <>
      {options.map((each) => (
        // biome-ignore lint/a11y/useFocusableInteractive: focus stays in the input, aria-activedescendant points here.
        <div
          role="option"
          tabindex={-1}
          aria-selected="false"
          data-value={each.value}
          data-label={each.label}
        >
          <span>{each.label}</span>
          {each.note && <small>{each.note}</small>}
        </div>
      ))}
      {options.length === 0 && (
        // biome-ignore lint/a11y/useFocusableInteractive: says that there is nothing to choose.
        <div role="option" tabindex={-1} aria-selected="false" aria-disabled="true" class="pick-none">
          {t({
            zh: '没有找到,换个写法,或先登记',
            en: 'Nothing found; try other words, or register it first',
          })}
        </div>
      )}
    </>
  )
}

function Files({ t, name, value, spec, shared }: FieldInputProps & { shared: Shared }) {
  const kept = Array.isArray(value) ? (value as FileRef[]).filter((each) => each?.sha256) : []
  return (
    <div class="files" data-files>
      {kept.length > 0 && (
        <ul class="files-kept">
          {kept.map((each) => (
            <li>
              <label class="tickable">
                <input type="checkbox" name={`${name}.keep`} value={each.sha256} checked />
                <span>
                  {t({ zh: '保留', en: 'Keep' })} {each.name}
                  <small>{bytesText(each.bytes)}</small>
                </span>
              </label>
            </li>
          ))}
        </ul>
      )}
      <input
        {...shared}
        type="file"
        name={name}
        multiple
        class="file-input"
        accept={spec.pictures ? 'image/*' : undefined}
      />
      {/* The browser's own button speaks the language of the browser, not of the page. */}
      <label class="button file-button" for={shared.id}>
        <Icon name={spec.pictures ? 'camera' : 'file'} />
        <span>
          {spec.pictures
            ? t({ zh: '拍照或选照片', en: 'Take or choose pictures' })
            : t({ zh: '选择文件', en: 'Choose files' })}
        </span>
      </label>
    </div>
  )
}

/** 320 KB, 1.4 MB: as people know it from their phones. */
export const bytesText = (bytes: number): string =>
  bytes < 1024
    ? `${bytes} B`
    : bytes < 1024 ** 2
      ? `${Math.round(bytes / 1024)} KB`
      : `${(bytes / 1024 ** 2).toFixed(1)} MB`

function optionsOf({ t, spec, options }: FieldInputProps): Option[] {
  return options ?? Object.entries(spec.options ?? {}).map(([value, words]) => ({ value, label: t(words) }))
}

const asText = (value: unknown): string =>
  value === undefined || value === null
    ? ''
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value)

/** A moment as datetime-local wants it, on the county's wall clock (UTC+8 all year). What is not a moment stays as typed. */
function localTime(value: unknown): string {
  if (typeof value !== 'string' || !/Z$|[+-]\d{2}:?\d{2}$/.test(value)) return asText(value)
  const at = new Date(value).getTime()
  return Number.isNaN(at) ? value : new Date(at + 8 * 3_600_000).toISOString().slice(0, 16)
}
