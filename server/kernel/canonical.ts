/**
 * JSON with one spelling (RFC 8785): keys in UTF-16 order, ECMAScript numbers, no white space. `undefined` members
 * are left out as JSON.stringify does; NaN and infinities are a bug and throw.
 */
export function canonical(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new Error(`${value} has no JSON form`)
    return JSON.stringify(value)
  }
  if (Array.isArray(value))
    return `[${value.map((each) => canonical(each === undefined ? null : each)).join(',')}]`
  if (typeof value === 'object') {
    const members = value as Record<string, unknown>
    const keys = Object.keys(members).filter((key) => members[key] !== undefined)
    keys.sort()
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(members[key])}`).join(',')}}`
  }
  throw new Error(`${typeof value} has no JSON form`)
}
