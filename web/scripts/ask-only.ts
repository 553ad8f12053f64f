// A question that belongs to one answer is asked under that answer only: the dose under 用药, not under 除草. What is not
// asked is not sent either.

import { whenDrawn } from './drawn.ts'

export function askOnly() {
  whenDrawn<HTMLFormElement>('form[data-form]', (form) => {
    const questions = [...form.querySelectorAll<HTMLElement>('[data-only]')]
    if (questions.length === 0) return
    const ask = () => {
      const given = new FormData(form)
      for (const each of questions) {
        const answer = String(given.get(each.dataset.only!) ?? '')
        const asked = each.dataset.onlyValues!.split(' ').includes(answer)
        each.hidden = !asked
        for (const input of each.querySelectorAll<HTMLInputElement>('input, select, textarea'))
          input.disabled = !asked
      }
    }
    form.addEventListener('change', ask)
    form.addEventListener('draft:filled', ask)
    ask()
  })
}
