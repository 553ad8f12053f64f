// The keyboard does what office people expect: / searches, Ctrl+Enter saves, Enter moves on.

export function keyboard() {
  document.addEventListener('keydown', (event) => {
    const at = event.target as HTMLElement
    const typing = at.matches('input, textarea, select, [contenteditable]')
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const search = document.querySelector<HTMLInputElement>('[data-search]')
      if (!search) return
      event.preventDefault()
      search.focus()
      search.select()
      return
    }
    const form = at.closest<HTMLFormElement>('form[data-form], form.conflict')
    if (event.key !== 'Enter' || !form || event.isComposing) return
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault()
      const save = form.querySelector<HTMLButtonElement>('[data-save]')
      form.requestSubmit(save ?? undefined)
      return
    }
    // Enter in a line goes to the next field; only buttons and Ctrl+Enter send a form.
    if (at.matches('input:not([type=file]), select') && !event.defaultPrevented) {
      event.preventDefault()
      next(form, at)?.focus()
    }
  })
}

function next(form: HTMLFormElement, from: HTMLElement): HTMLElement | undefined {
  const stops = [
    ...form.querySelectorAll<HTMLElement>(
      'input:not([type=hidden]):not([type=file]), select, textarea, [data-save]',
    ),
  ].filter((each) => each.offsetParent !== null && !(each as HTMLInputElement).disabled)
  const name = (from as HTMLInputElement).name
  const after = stops.slice(stops.indexOf(from) + 1)
  // A group of radios is one stop.
  return after.find((each) => !(each.matches('[type=radio]') && (each as HTMLInputElement).name === name))
}
