import { Button } from './button.tsx'
import { FieldInput, type FormField } from './field.tsx'
import { ErrorSummary, type Fault } from './notice.tsx'
import { type Child, classes, type Link, type Say } from './props.ts'

export interface FormSection {
  title?: string
  hint?: string
  fields: FormField[]
}

export interface FormProps {
  t: Say
  /** Where it is sent; by POST, as multipart when it carries files. */
  action: string
  csrf: string
  /** One section for a plain form. Several are steps when `stepwise`, else headings. */
  sections: FormSection[]
  /** The verb on the filled button. */
  submit: string
  cancel?: Link
  faults?: Fault[]
  /** Values carried unseen: base version, cause. */
  hidden?: Record<string, string | number | undefined>
  /** Names the draft kept in this browser until the county has it: `agri.plot/new`. No draft when absent. */
  draft?: string
  /** One section at a time, with a saved draft. Scripts off: all sections below each other. */
  stepwise?: boolean
  /** Further buttons beside the filled one: 保存并再登记一条. */
  more?: Child
  /** Drawn above the fields. */
  children?: Child
  prefix?: string
}

/** One column, the faults on top and at the field, one filled button. What was typed is never cleared. */
export function Form(props: FormProps) {
  const { t, sections, faults = [], hidden = {}, prefix, stepwise, draft } = props
  const withFiles = sections.some((section) => section.fields.some((each) => each.spec.kind === 'files'))
  const faultsOf = (name: string) => faults.filter((each) => each.field === name).map((each) => each.text)
  return (
    <form
      class={classes('form', stepwise && sections.length > 1 && 'form-steps')}
      method="post"
      action={props.action}
      enctype={withFiles ? 'multipart/form-data' : undefined}
      novalidate
      data-form
      data-draft={draft}
      data-stepwise={stepwise && sections.length > 1 ? '' : undefined}
    >
      <input type="hidden" name="_csrf" value={props.csrf} />
      {Object.entries(hidden).map(
        ([name, value]) => value !== undefined && <input type="hidden" name={name} value={String(value)} />,
      )}
      <ErrorSummary t={t} faults={faults} />
      {draft && <div class="draft-note" data-draft-note role="status" hidden />}
      {props.children}
      {stepwise && sections.length > 1 && (
        <Steps steps={sections.map((each) => each.title ?? '')} at={0} t={t} />
      )}
      {sections.map((section, i) => (
        <section
          class="form-section"
          data-step={stepwise ? i : undefined}
          aria-labelledby={section.title ? `${prefix ?? ''}s-${i}` : undefined}
        >
          {section.title && (
            <h2 class="form-heading" id={`${prefix ?? ''}s-${i}`} tabindex={-1}>
              {section.title}
            </h2>
          )}
          {section.hint && <p class="hint">{section.hint}</p>}
          {section.fields.map((each) => (
            <FieldInput t={t} prefix={prefix} {...each} faults={each.faults ?? faultsOf(each.name)} />
          ))}
        </section>
      ))}
      <div class="form-acts">
        <Button title={props.submit} look="main" more={{ 'data-save': '' }} />
        {props.more}
        {props.cancel && (
          <Button
            title={props.cancel.title}
            path={props.cancel.path}
            look="quiet"
            more={{ 'data-cancel': '' }}
          />
        )}
        <span class="keys" aria-hidden="true">
          Ctrl + Enter {t({ zh: '保存', en: 'saves' })}
        </span>
      </div>
    </form>
  )
}

/** Earlier entries to repeat: one tap opens the form with all they said, and only the new has to be typed. */
export function Again({
  t,
  path,
  again = [],
}: {
  t: Say
  path: string
  again?: { title: string; values: Record<string, string> }[]
}) {
  if (again.length === 0) return null
  return (
    <nav class="again" aria-label={t({ zh: '照以前的填', en: 'As before' })}>
      <p class="again-title">{t({ zh: '照以前的填', en: 'As before' })}</p>
      {again.map((each) => (
        // A draft of the empty form must not come back over it.
        <a class="chip" href={`${path}?${new URLSearchParams(each.values)}`} data-fresh>
          {each.title}
        </a>
      ))}
    </nav>
  )
}

/** Where one stands in a longer form. */
export function Steps({ t, steps, at }: { t: Say; steps: string[]; at: number }) {
  return (
    <ol class="steps" data-steps aria-label={t({ zh: '步骤', en: 'Steps' })}>
      {steps.map((title, i) => (
        <li
          class={classes('step', i < at && 'step-done', i === at && 'step-here')}
          aria-current={i === at ? 'step' : undefined}
        >
          <span class="step-number">{i + 1}</span>
          <span>{title}</span>
        </li>
      ))}
    </ol>
  )
}
