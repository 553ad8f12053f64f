// Guests without types, or whose types say more than we use.
declare module 'htmx.org/dist/htmx.esm.min.js' {
  const htmx: unknown
  export default htmx
}
declare module 'htmx.org/dist/ext/hx-sse.min.js'
declare module '@alpinejs/csp' {
  const Alpine: { start(): void; data(name: string, make: () => unknown): void }
  export default Alpine
}
declare module 'leaflet.markercluster'
