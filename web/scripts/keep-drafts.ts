// What was typed outlives a closed tab, a flat battery and a lost line: a form's content stays in this browser until the
// county has it. Fields marked sensitive are never kept, and logging out throws every draft of the person away.

import { say, whenDrawn } from './drawn.ts'

interface Draft {
  at: number
  values: [name: string, value: string][]
  /** It was sent, and we do not know yet what became of it. */
  sent?: true
}

const weeks = 14 * 24 * 3600_000
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
  const opened = JSON.stringify(valuesOf(form))
  const cameBack = Boolean(form.querySelector('[data-faults]'))
  // A form that comes back with faults already holds what was typed: the page is newer than the draft.
  const draft = read(keyOf(form))
  if (draft && !cameBack && JSON.stringify(draft.values) !== opened) {
    fill(form, draft.values)
    unsaved.add(form)
    showNote(form, draft)
  }
  if (cameBack) {
    write(keyOf(form), { at: Date.now(), values: valuesOf(form) })
    unsaved.add(form)
  }
  let timer = 0
  const keep = () => {
    unsaved.add(form)
    window.clearTimeout(timer)
    timer = window.setTimeout(() => write(keyOf(form), { at: Date.now(), values: valuesOf(form) }), 250)
  }
  form.addEventListener('input', keep)
  form.addEventListener('change', keep)
  form.addEventListener('submit', () => {
    window.clearTimeout(timer)
    write(keyOf(form), { at: Date.now(), values: valuesOf(form), sent: true })
    unsaved.delete(form)
  })
}

/** A page that is neither an error nor the form with faults proves that the county took it. */
function forgetWhatArrived() {
  if (document.body.dataset.pageKind === 'error') return
  const back = new Set([...document.querySelectorAll<HTMLFormElement>('form[data-draft]')].map(keyOf))
  for (const key of keys()) {
    const draft = read(key)
    if (!draft || Date.now() - draft.at > weeks) localStorage.removeItem(key)
    // The same form again without faults, reached after sending: «save and enter another» starts empty.
    else if (draft.sent && (!back.has(key) || document.querySelector('[data-flash="good"]')))
      localStorage.removeItem(key)
  }
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

function valuesOf(form: HTMLFormElement): [string, string][] {
  const hidden = new Set(
    [...form.querySelectorAll<HTMLInputElement>('[data-nodraft]')].map((each) => each.name),
  )
  return [...new FormData(form)].filter(
    (pair): pair is [string, string] =>
      typeof pair[1] === 'string' && !pair[0].startsWith('_') && !hidden.has(pair[0]),
  )
}

function fill(form: HTMLFormElement, values: [string, string][]) {
  const byName = new Map<string, string[]>()
  for (const [name, value] of values) byName.set(name, [...(byName.get(name) ?? []), value])
  for (const input of form.querySelectorAll<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>(
    'input, select, textarea',
  )) {
    if (!input.name || input.name.startsWith('_') || 'nodraft' in input.dataset || input.type === 'file')
      continue
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
