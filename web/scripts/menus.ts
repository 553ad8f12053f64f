// A <details> used as a menu closes by Escape and by a click elsewhere, as menus do. A row of tabs wider than the screen
// shows the one where we are.

import { whenDrawn } from './drawn.ts'

export function menus() {
  whenDrawn('.entries [aria-current]', (here) => {
    const row = here.parentElement!
    row.scrollLeft = here.offsetLeft + here.offsetWidth / 2 - row.offsetWidth / 2
  })
  document.addEventListener('click', (event) => {
    for (const menu of document.querySelectorAll<HTMLDetailsElement>('details[data-menu][open]')) {
      if (!menu.contains(event.target as Node)) menu.open = false
    }
  })
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    const menu = document.querySelector<HTMLDetailsElement>('details[data-menu][open]')
    if (!menu) return
    menu.open = false
    menu.querySelector('summary')?.focus()
  })
  document.addEventListener('click', (event) => {
    if ((event.target as HTMLElement).closest('[data-print]')) window.print()
  })
}
