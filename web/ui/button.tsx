import { Icon, type IconName } from './icon.tsx'
import { type Child, classes } from './props.ts'

export interface ButtonProps {
  /** A verb a clerk would say: 保存并签发, 派给乡镇. */
  title: string
  /** With a path it is a link; without one it submits the form around it. */
  path?: string
  /** `main` is filled: one on a page. `danger` is outlined in red. `quiet` has no border. */
  look?: 'main' | 'plain' | 'danger' | 'quiet'
  icon?: IconName
  small?: boolean
  /** Name and value sent with the form, to tell two submit buttons apart. */
  name?: string
  value?: string
  /** Where this one button sends the form instead of the form's own address. */
  formaction?: string
  type?: 'submit' | 'button' | 'reset'
  form?: string
  /** Why it cannot be pressed now: shown, so that nobody has to guess. */
  blocked?: string
  /** Further attributes: hx-post, data-… */
  more?: Record<string, unknown>
}

/** One act. A verb as its word; with a path it is a link, so that it also works with scripts off. */
export function Button(props: ButtonProps) {
  const {
    title,
    path,
    look = 'plain',
    icon,
    small,
    name,
    value,
    formaction,
    type = 'submit',
    form,
    blocked,
    more = {},
  } = props
  const className = classes('button', look !== 'plain' && `button-${look}`, small && 'button-small')
  const inside = (
    <>
      {icon && <Icon name={icon} />}
      <span>{title}</span>
    </>
  )
  if (blocked)
    return (
      <span class="blocked">
        <button class={className} type="button" disabled {...more}>
          {inside}
        </button>
        <small>{blocked}</small>
      </span>
    )
  if (path)
    return (
      <a class={className} href={path} {...more}>
        {inside}
      </a>
    )
  return (
    <button
      class={className}
      type={type}
      name={name}
      value={value}
      formaction={formaction}
      form={form}
      {...more}
    >
      {inside}
    </button>
  )
}

/** Acts in a row, the main one first; what does not fit goes into `More`. */
export function ActionBar({ children, end }: { children?: Child; end?: Child }) {
  return (
    <div class="actions">
      {children}
      {end && <div class="actions-end">{end}</div>}
    </div>
  )
}

/** Rarer acts behind one word. A <details>, so it opens with scripts off. */
export function More({
  title,
  children,
  icon = 'down',
}: {
  title: string
  children?: Child
  icon?: IconName
}) {
  return (
    <details class="more" data-menu>
      <summary class="button">
        <span>{title}</span>
        <Icon name={icon} />
      </summary>
      <div class="more-list">{children}</div>
    </details>
  )
}
