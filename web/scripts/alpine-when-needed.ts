// Alpine is for what vanishes on reload. Few pages need it, and it weighs as much as all the rest of app.js.

import { whenDrawn } from './drawn.ts'

let asked = false

export function alpine() {
  whenDrawn('[x-data]', () => {
    const address = document.querySelector<HTMLMetaElement>('meta[name="alpine"]')?.content
    if (asked || !address) return
    asked = true
    document.head.append(Object.assign(document.createElement('script'), { src: address }))
  })
}
