// A form that came back opens where something is to be mended: at the field when it is one thing, at the list when there
// are several.

import { whenDrawn } from './drawn.ts'

export function showFaults() {
  whenDrawn('[data-faults]', (faults) => {
    const links = faults.querySelectorAll<HTMLAnchorElement>('a[href^="#"]')
    const place = links.length === 1 ? document.getElementById(links[0]!.hash.slice(1)) : null
    const field = place?.closest<HTMLElement>('.field')
    if (place && field && field.offsetParent !== null) {
      // Radios have no input of the field's name to type into: the group itself takes the focus.
      // A search that opened by itself would cover what there is to read.
      place.dataset.quiet = ''
      place.focus({ preventScroll: true })
      field.scrollIntoView({ block: 'center' })
    } else faults.focus()
  })
}
