// The extension looks for a global `htmx`; the ES build sets it on the way in.
import htmx from 'htmx.org/dist/htmx.esm.min.js'

export default htmx as unknown as Htmx

export interface Htmx {
  process(element: Element): void
  ajax(
    method: string,
    path: string,
    options: { source?: Element | string; target?: Element | string; swap?: string; select?: string },
  ): Promise<void>
  trigger(element: Element, name: string, detail?: unknown): void
}
