// Enhances what is on the page and what htmx draws later, each element once.

export function whenDrawn<E extends HTMLElement = HTMLElement>(
  selector: string,
  enhance: (element: E) => void,
) {
  const done = new WeakSet<Element>()
  const look = () => {
    for (const element of document.querySelectorAll<E>(selector)) {
      if (done.has(element)) continue
      done.add(element)
      enhance(element)
    }
  }
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', look)
  else look()
  document.addEventListener('htmx:after:swap', look)
  document.addEventListener('htmx:after:settle', look)
}

/** The data a piece carries for its script. */
export function carried<T>(element: Element, name: string): T | undefined {
  const text = element.querySelector(`script[data-json="${name}"]`)?.textContent
  return text ? (JSON.parse(text) as T) : undefined
}

export const chinese = () => document.documentElement.lang.startsWith('zh')
export const say = (zh: string, en: string) => (chinese() ? zh : en)

/** Below the work, for a moment; read aloud. */
export function toast(text: string) {
  const place = document.querySelector<HTMLElement>('[data-toast]')
  if (!place) return
  place.textContent = text
  window.clearTimeout(Number(place.dataset.timer))
  place.dataset.timer = String(window.setTimeout(() => (place.textContent = ''), 8000))
}
