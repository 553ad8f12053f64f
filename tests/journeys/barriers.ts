// What stands in somebody's way on a page: what axe finds, what is cut off, what scrolls sideways, what the keyboard
// cannot reach.

import axe from 'axe-core/axe.min.js' with { type: 'text' }
import type { Page } from 'playwright-core'

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** What axe holds against the page as it stands: WCAG 2.2 at A and AA, and good practice. A sentence each. */
export async function barriers(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe as unknown as string)
  return page.evaluate(async (tags) => {
    const { axe } = window as unknown as {
      axe: {
        run(
          what: object,
          options: object,
        ): Promise<{ violations: { id: string; nodes: { target: string[]; html: string }[] }[] }>
      }
    }
    // Pins lie where places lie, however close; the list beside the map is their equivalent (WCAG 2.5.8).
    const found = await axe.run(
      { exclude: ['.leaflet-marker-pane'] },
      { resultTypes: ['violations'], runOnly: tags },
    )
    return found.violations.map(
      (each) =>
        `${each.id}: ${each.nodes.map((node) => `${node.target.join(' ')} ${node.html.slice(0, 120)}`).join(', ')}`,
    )
  }, rules)
}

/** What a person at this width would have to scroll sideways for, or never sees the end of. */
export const cutOff = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const found: string[] = []
    const named = (at: Element) =>
      `${at.tagName.toLowerCase()}.${at.className} «${at.textContent?.trim().slice(0, 30)}»`
    const wide = document.documentElement.scrollWidth - window.innerWidth
    if (wide > 0) found.push(`the page is ${wide}px too wide`)
    for (const at of document.querySelectorAll<HTMLElement>('body *')) {
      if (at.clientWidth === 0 || !at.checkVisibility()) continue
      const style = getComputedStyle(at)
      // An ellipsis says that there is more; what is clipped to nothing is there for screen readers.
      if (style.overflowX !== 'hidden' || style.textOverflow === 'ellipsis' || at.clientWidth < 8) continue
      if (at.closest('.leaflet-container')) continue
      if (at.scrollWidth > at.clientWidth + 1)
        found.push(`${named(at)} hides ${at.scrollWidth - at.clientWidth}px`)
    }
    return found
  })

/** Tab, and Tab again, until the thing has the focus; whoever cannot get there cannot do the work. */
export async function tabTo(page: Page, selector: string, words = '') {
  const seen: string[] = []
  for (let presses = 0; presses < 80; presses++) {
    const there = await page.evaluate(
      ([wanted, said]) => {
        const at = document.activeElement as HTMLElement | null
        return {
          here: at?.matches(wanted!) === true && at.textContent!.includes(said!),
          says: `${at?.tagName} ${at?.textContent?.trim().slice(0, 20)}`,
        }
      },
      [selector, words],
    )
    if (there.here) return
    seen.push(there.says)
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab never reaches ${selector}: ${seen.slice(-12).join(' | ')}`)
}
