// The wall keeps itself current and says so when it cannot: the clock runs, matters turn over, parts are fetched again
// when something happened and at least once a minute. When the box does not answer, the picture stays and says of when.

const wall = document.body.dataset.wall
const state = document.querySelector<HTMLElement>('[data-wall-state]')
let page = 0

function clock() {
  const place = document.querySelector<HTMLElement>('[data-wall-now]')
  if (!place) return
  const part = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(document.documentElement.lang, { timeZone: 'Asia/Shanghai', ...options }).format(
      new Date(),
    )
  place.textContent = `${part({ month: 'long', day: 'numeric', weekday: 'short' })} ${new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Shanghai', hour: '2-digit', minute: '2-digit' }).format(new Date())}`
}

function turn() {
  page++
  for (const list of document.querySelectorAll('[data-cycle]')) {
    const pages = [...list.querySelectorAll<HTMLElement>('[data-cycle-page]')]
    if (pages.length < 2) continue
    const at = page % pages.length
    pages.forEach((each, i) => {
      each.hidden = i !== at
    })
    const says = list.querySelector('[data-cycle-at]')
    if (says) says.textContent = says.textContent!.replace(/\d+(?= (?:\/|of))/, String(at + 1))
  }
}

/** As many matters on a page as fit: nothing on the wall is cut in half. */
function fit() {
  for (const list of document.querySelectorAll<HTMLElement>('[data-cycle]')) {
    const [first, ...others] = [...list.querySelectorAll<HTMLElement>('[data-cycle-page]')]
    if (!first || first.dataset.fitted) continue
    for (const other of others) {
      first.append(...other.children)
      other.remove()
    }
    first.hidden = false
    first.dataset.fitted = 'yes'
    const room = first.clientHeight
    let at = first
    let used = 0
    for (const item of [...first.children] as HTMLElement[]) {
      const tall = item.offsetHeight || used
      if (used + tall > room && at.children.length > 0 && used > 0) {
        const next = first.cloneNode(false) as HTMLElement
        at.after(next)
        at = next
        used = 0
      }
      if (at !== first) at.append(item)
      used += tall
    }
    const pages = list.querySelectorAll<HTMLElement>('[data-cycle-page]')
    pages.forEach((each, i) => {
      each.hidden = i > 0
    })
    const says = list.querySelector('[data-cycle-at]')
    if (says)
      says.textContent = says
        .textContent!.replace(/\d+(?= (?:\/|of))/, '1')
        .replace(/((?:\/|of) )\d+/, `$1${pages.length}`)
  }
}

let asOf = state?.textContent ?? ''
async function again() {
  try {
    const answer = await fetch(wall!, { headers: { accept: 'text/html' }, cache: 'no-store' })
    if (!answer.ok) throw new Error(String(answer.status))
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html')
    // Parts are replaced one by one when they differ: a map that did not change keeps its view.
    for (const area of ['.wall-head', '.wall-left', '.wall-middle', '.wall-right'])
      replaceParts(document.querySelector(area), fresh.querySelector(area))
    const freshState = fresh.querySelector<HTMLElement>('[data-wall-state]')
    if (state && freshState) {
      state.className = freshState.className
      state.replaceChildren(...freshState.childNodes)
      asOf = state.textContent ?? ''
    }
    fit()
    document.dispatchEvent(new CustomEvent('htmx:after:swap'))
  } catch {
    if (!state) return
    state.className = 'wall-asof wall-stale'
    state.textContent = `${state.dataset.lost}: ${asOf.trim()}`
  }
}

const drawn = new WeakMap<Element, string>()
function replaceParts(here: Element | null, fresh: Element | null) {
  if (!here || !fresh) return
  const [old, now] = [[...here.children], [...fresh.children]]
  if (old.length !== now.length) {
    for (const each of now) drawn.set(each, each.outerHTML)
    here.replaceChildren(...now)
    return
  }
  now.forEach((part, i) => {
    const text = part.outerHTML
    if (drawn.get(old[i]!) === text) return
    drawn.set(part, text)
    old[i]!.replaceWith(part)
  })
}

if (wall) {
  // The server's own markup, before charts and maps draw into it, is what the next answer is compared with.
  for (const part of document.querySelectorAll(
    '.wall-head > *, .wall-left > *, .wall-middle > *, .wall-right > *',
  ))
    drawn.set(part, part.outerHTML)
  fit()
  clock()
  window.setInterval(clock, 5_000)
  window.setInterval(turn, 10_000)
  window.setInterval(again, 60_000)
  const topics = document.body.dataset.wallTopics ?? ''
  let soon = 0
  let drawnAt = 0
  // What happened is on the wall within a second of its number, and a burst, however long, redraws it once a second.
  const hint = () => {
    if (soon) return
    soon = window.setTimeout(
      () => {
        soon = 0
        drawnAt = performance.now()
        again()
      },
      Math.max(150, drawnAt + 1_000 - performance.now()),
    )
  }
  if (topics) {
    const events = new EventSource(`/events?topics=${encodeURIComponent(topics)}`)
    for (const topic of topics.split(',')) events.addEventListener(topic, hint)
  }
}
