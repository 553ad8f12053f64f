// What Chromium 109, the last browser of Windows 7, does not know. Asked of the W3C's web-features data, which says for
// every property, selector, function and method which Chrome brought it. Used by tests only.

import { parse } from 'acorn'
import { full } from 'acorn-walk'
import * as css from 'css-tree'
import webFeatures from 'web-features/data.json' with { type: 'json' }

const oldest = 109

interface Support {
  chrome?: string
}
interface Feature {
  kind: string
  compat_features?: string[]
  status: { support: Support; by_compat_key?: Record<string, { support: Support }> }
}

/** `css.properties.text-wrap` → whether our oldest browser has it. */
const known = new Map<string, boolean>()
for (const feature of Object.values(webFeatures.features as unknown as Record<string, Feature>))
  for (const key of feature.compat_features ?? []) {
    const { chrome } = (feature.status.by_compat_key?.[key] ?? feature.status).support
    known.set(key, chrome !== undefined && Number.parseInt(chrome.replace('≤', ''), 10) <= oldest)
  }
const isNew = (key: string) => known.get(key) === false

/**
 * Names that are too new wherever they stand: `light-dark` under any type, `withResolvers` on any object. A name that
 * also means something old (`map`, once of arrays only) is left to the types and to the browser itself.
 */
function alwaysNew(family: RegExp): Map<string, string> {
  const found = new Map<string, string>()
  const old = new Set<string>()
  for (const [key, holds] of known) {
    if (!family.test(key)) continue
    const name = key
      .split('.')
      .at(-1)!
      .replace(/_(static|event)$/, '')
    if (holds) old.add(name)
    else found.set(name, key)
  }
  for (const name of old) found.delete(name)
  return found
}

const newFunctions = alwaysNew(/^css\.types\./)

/** Everything in a sheet that Chromium 109 would skip: `text-wrap: pretty`, `&:hover`, `color-mix()`. */
export function tooNewInStyle(sheet: string): string[] {
  const found = new Set<string>()
  const say = (key: string, text: string) => isNew(key) && found.add(`${text} (${key})`)
  css.walk(css.parse(sheet), function (node) {
    // Whoever asks first has thought of the others.
    if (this.atrule?.name === 'supports') return
    if (node.type === 'Rule' && this.rule) found.add(`nesting: ${css.generate(node.prelude)}`)
    if (node.type === 'NestingSelector') found.add('nesting: &')
    if (node.type === 'Atrule') say(`css.at-rules.${node.name}`, `@${node.name}`)
    if (node.type === 'Feature') say(`css.at-rules.media.${node.name}`, `@media (${node.name})`)
    if (node.type === 'PseudoClassSelector' || node.type === 'PseudoElementSelector')
      say(`css.selectors.${node.name}`, `:${node.name}`)
    if (node.type === 'Dimension') say(`css.types.length.${node.unit}`, `${node.value}${node.unit}`)
    if (node.type === 'Function' && newFunctions.has(node.name))
      found.add(`${node.name}() (${newFunctions.get(node.name)})`)
    if (node.type === 'Declaration' && !node.property.startsWith('--')) {
      const before = this.block?.children.toArray() ?? []
      const prefixed = before.some(
        (each) => each.type === 'Declaration' && each.property === `-webkit-${node.property}`,
      )
      if (prefixed) return
      say(`css.properties.${node.property}`, node.property)
      css.walk(node.value, (part) => {
        if (part.type === 'Identifier')
          say(`css.properties.${node.property}.${part.name}`, `${node.property}: ${part.name}`)
      })
    }
  })
  return [...found].sort()
}

/** The language, and what a page or worker has to do with: not the graphics cards and headsets whose words are everyday ones. */
const newMethods = alwaysNew(
  /^javascript\.builtins\.(?!Temporal|\w*DisposableStack)|^api\.(Abort|Blob|Cache|Client|Compress|Crypto|CSS\b|CustomElement|Decompress|Document|Element|Event|Fetch|File|FormData|Headers|HTML(?!FencedFrame|Geolocation)|IDB|Intersection|Lock|Message|Mutation|Navigator|Node|Notification|OffscreenCanvas|Performance|Range|ReadableStream|Request|Resize|Response|Scheduler|Selection|ServiceWorker|ShadowRoot|Storage(?!Bucket)|Subtle|SVG|Text|TransformStream|URL|Window|Worker|WritableStream)/,
)

/** Everything in a bundle that Chromium 109 would stumble over. Syntax after ES2022 throws: there it ends at once. */
export function tooNewInScript(source: string): string[] {
  const found = new Set<string>()
  const callees = new Set<unknown>()
  const tree = parse(source, { ecmaVersion: 2022, sourceType: 'script' })
  full(tree, (node) => {
    if (node.type === 'CallExpression') callees.add((node as unknown as { callee: unknown }).callee)
  })
  full(tree, (node) => {
    const at = node as unknown as {
      type: string
      computed?: boolean
      optional?: boolean
      name?: string
      object?: { type: string; name?: string }
      property?: { name?: string }
      callee?: { type: string; name?: string }
    }
    if (at.type === 'MemberExpression' && !at.computed && at.property?.name) {
      const { name } = at.property
      const owner = at.object?.type === 'Identifier' ? at.object.name : undefined
      // An everyday word may be a property of anything; as a method it is worth a look.
      const called = callees.has(node)
      const exact =
        owner && [`javascript.builtins.${owner}.${name}`, `api.${owner}.${name}_static`].find(isNew)
      const anywhere = called ? newMethods.get(name) : undefined
      if (exact || anywhere) found.add(`.${name} (${exact ?? anywhere})`)
    }
    if (at.type === 'NewExpression' && at.callee?.type === 'Identifier') {
      const key = [`api.${at.callee.name}`, `javascript.builtins.${at.callee.name}`].find(isNew)
      if (key) found.add(`new ${at.callee.name} (${key})`)
    }
  })
  return [...found].sort()
}
