// What was typed outlives a closed tab, a flat battery and a lost line: a form's content stays in this browser until the
// county has it, also through a new version of the pages. Fields marked sensitive are never kept, and logging out throws every draft of the person away.

import { say, whenDrawn } from './drawn.ts'

type Values = [name: string, value: string][]

interface Draft {
  at: number
  values: Values
  /** What the form opened with, and on which version of the record: a newer one keeps what was not touched. */
  opened?: Values
  base?: string
  /** It was sent, and we do not know yet what became of it. */
  sent?: true
}

/** Counted, and not by age: a phone that woke in 1970 would find every draft of today decades old. */
const mostDrafts = 60
const person = () => document.querySelector<HTMLMetaElement>('meta[name="person"]')?.content ?? ''
const keyOf = (form: HTMLFormElement) => `draft:${person()}:${form.dataset.draft}`

export function keepDrafts() {
  const started = () => {
    forgetWhatArrived()
    window.addEventListener('beforeunload', warnOfUnsaved)
  }
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', started)
  else started()
  whenDrawn<HTMLFormElement>('form[data-draft]', follow)
  document.addEventListener('click', (event) => {
    const at = event.target as HTMLElement
    if (at.closest('[data-logout]')) forgetAll()
    // The same form, filled in another way on purpose.
    const form = at.closest('[data-fresh]')?.closest<HTMLFormElement>('form[data-draft]')
    if (form) {
      localStorage.removeItem(keyOf(form))
      unsaved.delete(form)
    }
  })
}

const unsaved = new Set<HTMLFormElement>()

function follow(form: HTMLFormElement) {
  const opened = valuesOf(form)
  const base = form.querySelector<HTMLInputElement>('[name="_base"]')?.value
  const cameBack = Boolean(form.querySelector('[data-faults]'))
  // A form that comes back with faults already holds what was typed: the page is newer than the draft. The second name is the
  // one drafts had before 21 November 2026.
  const draft = read(keyOf(form)) ?? read(`${keyOf(form)}@${base}`)
  if (draft && !cameBack && JSON.stringify(draft.values) !== JSON.stringify(opened)) {
    fill(form, draft.values, (draft.base ?? base) === base ? undefined : touched(draft))
    unsaved.add(form)
    showNote(form, draft)
  }
  const now = (): Draft => ({
    at: Date.now(),
    values: valuesOf(form),
    ...(base !== undefined && { base, opened: cameBack ? draft?.opened : opened }),
  })
  if (cameBack) {
    write(keyOf(form), now())
    unsaved.add(form)
  }
  let timer = 0
  const keep = () => {
    unsaved.add(form)
    window.clearTimeout(timer)
    timer = window.setTimeout(() => write(keyOf(form), now()), 250)
  }
  form.addEventListener('input', keep)
  form.addEventListener('change', keep)
  form.addEventListener('submit', () => {
    window.clearTimeout(timer)
    write(keyOf(form), { ...now(), sent: true })
    sessionStorage.setItem(sentHere, keyOf(form))
    unsaved.delete(form)
  })
}

/** The draft this tab has sent; another tab's may still be on its way, and is not ours to forget. */
const sentHere = 'draft-sent'

/** A page that is neither an error nor the form with faults proves that the county took what this tab sent. */
function forgetWhatArrived() {
  const oldest = keys().sort((a, b) => (read(b)?.at ?? 0) - (read(a)?.at ?? 0))
  for (const key of oldest.slice(mostDrafts)) localStorage.removeItem(key)
  if (document.body.dataset.pageKind === 'error') return
  const back = new Set([...document.querySelectorAll<HTMLFormElement>('form[data-draft]')].map(keyOf))
  for (const key of keys()) {
    const draft = read(key)
    if (!draft) localStorage.removeItem(key)
    // The same form again without faults, reached after sending: «save and enter another» starts empty.
    else if (
      draft.sent &&
      sessionStorage.getItem(sentHere) === key &&
      (!back.has(key) || document.querySelector('[data-flash="good"]'))
    )
      localStorage.removeItem(key)
  }
}

/** Names of the fields in which a draft differs from what its form opened with; all of them where that is not known. */
function touched({ opened, values }: Draft): Set<string> | undefined {
  if (!opened) return undefined
  const said = (pairs: Values, name: string) =>
    JSON.stringify(pairs.filter(([each]) => each === name).map(([, value]) => value))
  return new Set(
    [...opened, ...values].map(([name]) => name).filter((name) => said(opened, name) !== said(values, name)),
  )
}

function showNote(form: HTMLFormElement, draft: Draft) {
  const note = form.querySelector<HTMLElement>('[data-draft-note]')
  if (!note) return
  const when = new Intl.DateTimeFormat('en-GB', {
    timeZone: 'Asia/Shanghai',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  }).format(draft.at)
  const day =
    new Date(draft.at).toDateString() === new Date().toDateString()
      ? ''
      : `${new Date(draft.at).getMonth() + 1}-${new Date(draft.at).getDate()} `
  const text = document.createElement('span')
  text.textContent = say(`已找回 ${day}${when} 没有保存的内容`, `Unsaved entries from ${day}${when} are back`)
  const away = document.createElement('button')
  away.type = 'button'
  away.className = 'button button-small'
  away.textContent = say('不要这些,重新填', 'Discard and start over')
  away.addEventListener('click', () => {
    localStorage.removeItem(keyOf(form))
    unsaved.delete(form)
    window.location.reload()
  })
  note.replaceChildren(text, away)
  note.hidden = false
}

function warnOfUnsaved(event: BeforeUnloadEvent) {
  // Drafts are kept, so only what a draft cannot hold is worth a question: chosen files.
  const files = [...unsaved].some((form) =>
    [...form.querySelectorAll<HTMLInputElement>('input[type=file]')].some(
      (input) => (input.files?.length ?? 0) > 0,
    ),
  )
  if (files) event.preventDefault()
}

function valuesOf(form: HTMLFormElement): Values {
  const hidden = new Set(
    [...form.querySelectorAll<HTMLInputElement>('[data-nodraft]')].map((each) => each.name),
  )
  return [...new FormData(form)].filter(
    (pair): pair is Values[number] =>
      typeof pair[1] === 'string' && !pair[0].startsWith('_') && !hidden.has(pair[0]),
  )
}

/** Puts a draft back: all of it, or the named fields only. */
function fill(form: HTMLFormElement, values: Values, only?: Set<string>) {
  const byName = new Map<string, string[]>()
  for (const [name, value] of values) byName.set(name, [...(byName.get(name) ?? []), value])
  for (const input of form.querySelectorAll<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>(
    'input, select, textarea',
  )) {
    if (!input.name || input.name.startsWith('_') || 'nodraft' in input.dataset || input.type === 'file')
      continue
    if (only && !only.has(input.name)) continue
    const kept = byName.get(input.name)
    if (input.type === 'radio' || input.type === 'checkbox')
      (input as HTMLInputElement).checked = kept?.includes(input.value) ?? false
    else if (kept) input.value = kept[0]!
  }
  form.dispatchEvent(new CustomEvent('draft:filled'))
}

const keys = () => Object.keys(localStorage).filter((key) => key.startsWith(`draft:${person()}:`))

function forgetAll() {
  for (const key of keys()) localStorage.removeItem(key)
}

function read(key: string): Draft | undefined {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null') ?? undefined
  } catch {
    return undefined
  }
}

function write(key: string, draft: Draft) {
  try {
    localStorage.setItem(key, JSON.stringify(draft))
  } catch {
    // The browser keeps no more: the form itself still does.
  }
}
