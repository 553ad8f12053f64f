// A long form one step at a time. All steps are in the page; without scripts they stand below each other.

import { say, whenDrawn } from './drawn.ts'

export function stepForms() {
  whenDrawn<HTMLFormElement>('form[data-stepwise]', (form) => {
    const steps = [...form.querySelectorAll<HTMLElement>('[data-step]')]
    const marks = [...form.querySelectorAll<HTMLElement>('[data-steps] > li')]
    const save = form.querySelector<HTMLElement>('[data-save]')
    const acts = save?.parentElement
    if (!acts || steps.length < 2) return
    const back = button(say('上一步', 'Back'))
    const on = button(say('下一步', 'Next'))
    on.classList.add('button-main')
    acts.prepend(back, on)
    // Faults decide where to start: the first step that has one.
    let at = Math.max(
      0,
      steps.findIndex((step) => step.querySelector('.field-wrong')),
    )
    const show = (focus: boolean) => {
      steps.forEach((step, i) => {
        step.hidden = i !== at
      })
      marks.forEach((mark, i) => {
        mark.classList.toggle('step-here', i === at)
        mark.classList.toggle('step-done', i < at)
        if (i === at) mark.setAttribute('aria-current', 'step')
        else mark.removeAttribute('aria-current')
      })
      back.hidden = at === 0
      on.hidden = at === steps.length - 1
      save!.hidden = at < steps.length - 1
      if (focus) steps[at]!.querySelector<HTMLElement>('.form-heading')?.focus()
      steps[at]!.dispatchEvent(new CustomEvent('step:shown', { bubbles: true }))
    }
    back.addEventListener('click', () => {
      at--
      show(true)
    })
    on.addEventListener('click', () => {
      at++
      show(true)
    })
    // A link in the list of faults may point into a hidden step.
    form.addEventListener('click', (event) => {
      const id = (event.target as HTMLElement).closest<HTMLAnchorElement>('[data-faults] a')?.hash.slice(1)
      const step = id ? steps.findIndex((each) => each.querySelector(`#${CSS.escape(id)}`)) : -1
      if (step >= 0) {
        at = step
        show(false)
      }
    })
    show(false)
  })
}

function button(title: string): HTMLButtonElement {
  const made = document.createElement('button')
  made.type = 'button'
  made.className = 'button'
  made.textContent = title
  return made
}
