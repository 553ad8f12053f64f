// Pages name an asset («app.css»); whoever serves them says where it lives. web/assets.ts registers the hashed names on
// the box, the service worker its own, so the pieces need not know.

let urlOf = (name: string): string => `/assets/${name}`

export const assetUrl = (name: string): string => urlOf(name)

export function useAssets(address: (name: string) => string) {
  urlOf = address
}
