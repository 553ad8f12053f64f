/**
 * What every page says to its browser, drawn on the box or on a device: nothing but our own files runs or styles, nobody
 * may frame it or guess at types (CSP level 3, Permissions Policy). `reach` is one more origin a picture may come from.
 */
export function guard(headers: Headers, nonce: string, reach?: string) {
  headers.set(
    'content-security-policy',
    `default-src 'self'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data: blob:${reach ? ` ${reach}` : ''}; media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
  )
  headers.set('x-content-type-options', 'nosniff')
  headers.set('x-frame-options', 'DENY')
  headers.set('referrer-policy', 'same-origin')
  headers.set('permissions-policy', 'camera=(self), geolocation=(self), microphone=(), payment=()')
}
