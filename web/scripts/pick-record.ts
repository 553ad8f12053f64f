// A field that searches: typing asks `/pick/…?q=`, arrows and Enter choose, the id goes along unseen. Follows the ARIA
// combobox pattern (list autocomplete, manual selection).

import { say, whenDrawn } from './drawn.ts'

let count = 0

export function pickRecords() {
  whenDrawn('[data-pick]', (pick) => {
    const input = pick.querySelector<HTMLInputElement>('input[type=text]')
    if (!input) return
    const hidden = document.createElement('input')
    hidden.type = 'hidden'
    hidden.name = input.name
    hidden.value = pick.dataset.value ?? ''
    // The visible words stay under their own name, so that a draft can show them again.
    input.name = `_label.${input.name}`
    const list = document.createElement('div')
    list.className = 'pick-list'
    list.id = `pick-${++count}`
    list.setAttribute('role', 'listbox')
    list.setAttribute('aria-label', pick.dataset.label ?? '')
    list.hidden = true
    pick.append(hidden, list)
    for (const [name, value] of Object.entries({
      role: 'combobox',
      'aria-autocomplete': 'list',
      'aria-expanded': 'false',
      'aria-controls': list.id,
    }))
      input.setAttribute(name, value)

    let chosenLabel = input.value
    let asked = 0
    let timer = 0
    const options = () => [...list.querySelectorAll<HTMLElement>('[role=option]:not([aria-disabled])')]
    const active = () => list.querySelector<HTMLElement>('[aria-selected=true]')
    const open = (shown: boolean) => {
      list.hidden = !shown
      input.setAttribute('aria-expanded', String(shown))
      if (!shown) input.removeAttribute('aria-activedescendant')
    }
    const mark = (option: HTMLElement | undefined) => {
      for (const each of options()) each.setAttribute('aria-selected', String(each === option))
      if (!option) return
      input.setAttribute('aria-activedescendant', option.id)
      option.scrollIntoView({ block: 'nearest' })
    }
    const choose = (value: string, label: string) => {
      hidden.value = value
      input.value = label
      chosenLabel = label
      open(false)
      hidden.dispatchEvent(new Event('change', { bubbles: true }))
    }
    const ask = async () => {
      const mine = ++asked
      const address = new URL(pick.dataset.pick!, window.location.href)
      address.searchParams.set('q', input.value.trim())
      try {
        const answer = await fetch(address, { headers: { 'HX-Request': 'true', accept: 'text/html' } })
        if (mine !== asked || !answer.ok) return
        list.innerHTML = await answer.text()
      } catch {
        if (mine !== asked) return
        list.replaceChildren(
          Object.assign(document.createElement('div'), {
            className: 'pick-none',
            textContent: say(
              '连不上县盒,可先写编号,保存时再核对',
              'The box cannot be reached; write the number and it is checked on saving',
            ),
          }),
        )
      }
      options().forEach((option, i) => {
        option.id = `${list.id}-${i}`
      })
      open(document.activeElement === input)
    }
    input.addEventListener('input', () => {
      // Words that were not picked are sent as typed: the server finds the record by its key, or says so.
      hidden.value = input.value === chosenLabel ? hidden.value : input.value.trim()
      // What was found for other words must not be chosen for these.
      asked++
      list.replaceChildren()
      open(false)
      window.clearTimeout(timer)
      timer = window.setTimeout(ask, 160)
    })
    input.addEventListener('focus', () => {
      const quiet = 'quiet' in input.dataset
      delete input.dataset.quiet
      if (!input.value && !quiet) void ask()
    })
    // Touched again, it opens.
    input.addEventListener('click', () => {
      if (!input.value && list.hidden) void ask()
    })
    input.addEventListener('keydown', (event) => {
      const all = options()
      const here = all.indexOf(active()!)
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        event.preventDefault()
        if (list.hidden) void ask()
        else mark(all[(here + (event.key === 'ArrowDown' ? 1 : -1) + all.length) % all.length])
      } else if (event.key === 'Enter' && !list.hidden && active()) {
        event.preventDefault()
        choose(active()!.dataset.value!, active()!.dataset.label!)
      } else if (event.key === 'Escape' && !list.hidden) {
        event.stopPropagation()
        open(false)
      }
    })
    list.addEventListener('mousedown', (event) => event.preventDefault())
    list.addEventListener('click', (event) => {
      const option = (event.target as HTMLElement).closest<HTMLElement>('[role=option]:not([aria-disabled])')
      if (option) choose(option.dataset.value!, option.dataset.label!)
    })
    input.addEventListener('blur', () => open(false))
    for (const chip of pick.querySelectorAll<HTMLElement>('[data-pick-value]'))
      chip.addEventListener('click', () => choose(chip.dataset.pickValue!, chip.dataset.pickLabel!))
  })
}
