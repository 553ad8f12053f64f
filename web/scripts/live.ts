// Hints from the box wake the parts of a page that listen. A part says `hx-trigger="live:cases.case from:body"`; the
// topics a page names are asked for, nothing else. A hidden tab hangs up, so that six tabs never use up a browser's
// connections; when it is looked at again, every live part draws itself anew.

import { whenDrawn } from './drawn.ts'
import type { Htmx } from './htmx-global.ts'

interface Message {
  message: { event: string; data: string }
}

export function live(htmx: Htmx) {
  const topics = new Set<string>()
  let ear: HTMLElement | undefined
  let soon = 0

  whenDrawn('[hx-trigger*="live:"], [data-live-chart], [data-live]', (part) => {
    const before = topics.size
    for (const [, topic] of (part.getAttribute('hx-trigger') ?? '').matchAll(/live:([\w.*-]+)/g))
      if (topic !== 'again') topics.add(topic!)
    for (const topic of `${part.dataset.liveChart ?? ''},${part.dataset.live ?? ''}`.split(','))
      if (topic.trim()) topics.add(topic.trim())
    if (topics.size === before) return
    window.clearTimeout(soon)
    soon = window.setTimeout(listen, 0)
  })

  function listen() {
    if (!document.querySelector('meta[name="person"]')) return
    ear?.remove()
    ear = document.createElement('div')
    ear.hidden = true
    ear.setAttribute('hx-sse:connect', `/events?topics=${encodeURIComponent([...topics].join(','))}`)
    ear.setAttribute('hx-swap', 'none')
    let connections = 0
    ear.addEventListener('htmx:sse:after:connection', () => {
      // What happened while nobody listened is not replayed: look again.
      if (connections++ > 0) wake([...topics], undefined)
    })
    ear.addEventListener('htmx:sse:before:message', (event) => {
      const { event: topic, data } = (event as CustomEvent<Message>).detail.message
      if (topic) wake([topic], data)
    })
    document.body.append(ear)
    htmx.process(ear)
  }
}

/** `cases.case.created` wakes listeners of itself, of `cases.case` and of `cases`. */
function wake(topics: string[], data: string | undefined) {
  const names = new Set(
    topics.flatMap((topic) => topic.split('.').map((_, i, parts) => parts.slice(0, i + 1).join('.'))),
  )
  for (const name of names) document.body.dispatchEvent(new CustomEvent(`live:${name}`, { detail: data }))
}
