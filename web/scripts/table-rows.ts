// A click anywhere in a row opens the record; ticked rows bring up what can be done with them.

import { say, whenDrawn } from './drawn.ts'

export function tableRows() {
  document.addEventListener('click', (event) => {
    const at = event.target as HTMLElement
    const row = at.closest<HTMLElement>('tr[data-href]')
    if (!row || at.closest('a, button, input, label, summary') || String(window.getSelection() ?? '')) return
    if (event.ctrlKey || event.metaKey) window.open(row.dataset.href, '_blank')
    else window.location.href = row.dataset.href!
  })
  document.addEventListener('change', (event) => {
    const box = event.target as HTMLInputElement
    if (!box.matches('[data-tick], [data-tick-all]')) return
    const list = box.closest('[data-bulk]')!
    if (box.matches('[data-tick-all]')) for (const each of ticks(list)) each.checked = box.checked
    showBar(list)
  })
  // Coming back by the browser's button, ticks may already stand.
  whenDrawn('[data-bulk]', showBar)
}

const ticks = (list: Element) => [...list.querySelectorAll<HTMLInputElement>('[data-tick]')]

function showBar(list: Element) {
  const all = ticks(list)
  const chosen = all.filter((each) => each.checked)
  for (const each of all) each.closest('tr')?.classList.toggle('row-ticked', each.checked)
  const head = list.querySelector<HTMLInputElement>('[data-tick-all]')
  if (head) {
    head.checked = chosen.length > 0 && chosen.length === all.length
    head.indeterminate = chosen.length > 0 && chosen.length < all.length
  }
  list.querySelector('[data-bulk-bar]')?.classList.toggle('bulk-idle', chosen.length === 0)
  const count = list.querySelector('[data-bulk-count]')
  if (count) count.textContent = say(`已选 ${chosen.length} 条`, `${chosen.length} ticked`)
}
