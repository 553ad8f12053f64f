// The giving side: fetches the sealed parcel from the worker once, and shows it as one QR code after the other for as
// long as the page is open. Nobody tells this side how far the other is; the codes never run out.

import { encodeQR } from 'qr'
import { asText, labelOn } from '../device/hand-over.ts'
import { chunksOf, coarse, framesOf, usual } from '../device/qr-frames.ts'

const stage = document.querySelector<HTMLElement>('[data-give]')
if (stage) void give(stage)
for (const link of document.querySelectorAll<HTMLElement>('[data-parcel-file]')) void prepareFile(link)

async function give(place: HTMLElement) {
  const canvas = place.querySelector<HTMLCanvasElement>('[data-give-code]')!
  const count = place.querySelector<HTMLElement>('[data-give-count]')!
  const pace = place.dataset.giveCoarse === undefined ? usual : coarse
  count.textContent = count.dataset.preparing ?? ''
  try {
    const answer = await fetch(place.dataset.give!)
    if (!answer.ok) throw new Error(String(answer.status))
    const parcel = new Uint8Array(await answer.arrayBuffer())
    const frame = await framesOf(parcel, pace)
    const all = chunksOf(parcel.length, pace).count
    keepAwake()
    let n = 0
    const next = () => {
      const modules = encodeQR(frame(n), 'raw', { ecc: 'low', border: 4 })
      draw(canvas, modules)
      const words = (n < all ? count.dataset.round : count.dataset.more) ?? ''
      count.textContent = words
        .replace('{all}', String(all))
        .replace('{n}', String(n < all ? n + 1 : n - all + 1))
      canvas.dataset.n = String(n)
      n = (n + 1) % 0xffffff
    }
    next()
    setInterval(next, 1000 / pace.perSecond)
  } catch {
    count.textContent = count.dataset.failed ?? ''
  }
}

/** Each module a whole number of the screen's own pixels: edges that fall between pixels are what cameras misread. */
function draw(canvas: HTMLCanvasElement, modules: boolean[][]) {
  const room = canvas.parentElement!.clientWidth
  const height = Math.max(240, innerHeight - canvas.getBoundingClientRect().top - scrollY - 120)
  const scale = Math.max(2, Math.floor((Math.min(room, height) * devicePixelRatio) / modules.length))
  const size = modules.length * scale
  if (canvas.width !== size) {
    canvas.width = size
    canvas.height = size
    canvas.style.width = `${size / devicePixelRatio}px`
  }
  const paint = canvas.getContext('2d')!
  paint.fillStyle = '#fff'
  paint.fillRect(0, 0, size, size)
  paint.fillStyle = '#000'
  for (const [y, row] of modules.entries())
    for (const [x, dark] of row.entries()) if (dark) paint.fillRect(x * scale, y * scale, scale, scale)
}

/** The screen stays on while codes are shown; asked again when the page comes back to the front. */
function keepAwake() {
  const ask = () => {
    if (document.visibilityState === 'visible') void navigator.wakeLock?.request('screen').catch(() => {})
  }
  document.addEventListener('visibilitychange', ask)
  ask()
}

/**
 * The file is made as the page opens: a phone shares only what is at hand when the finger comes down. Phones share text
 * files with any program and unknown kinds with none, so what is shared is the parcel as text.
 */
async function prepareFile(box: HTMLElement) {
  const said = box.querySelector<HTMLElement>('[data-file-said]')!
  const share = box.querySelector<HTMLButtonElement>('[data-file-share]')!
  const save = box.querySelector<HTMLButtonElement>('[data-file-save]')!
  const name = box.dataset.fileName!
  const given = () => void fetch(box.dataset.fileGiven!, { method: 'POST', redirect: 'manual' })
  said.textContent = said.dataset.preparing ?? ''
  try {
    const answer = await fetch(box.dataset.parcelFile!)
    if (!answer.ok) throw new Error(String(answer.status))
    const bytes = await answer.blob()
    said.textContent = (said.dataset.ready ?? '').replace('{size}', sizeText(bytes.size))
    if (navigator.canShare?.({ files: [textFile('', name)] })) {
      const parcel = new Uint8Array(await bytes.arrayBuffer())
      const shared = { files: [textFile(asText(parcel, labelOn(parcel)), name)] }
      share.hidden = false
      share.addEventListener('click', () => {
        void navigator.share(shared).then(given, () => {})
      })
    } else save.classList.add('button-main')
    save.hidden = false
    save.addEventListener('click', () => {
      const link = document.createElement('a')
      link.href = URL.createObjectURL(bytes)
      link.download = name
      link.click()
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
      said.textContent = said.dataset.saved ?? ''
      given()
    })
  } catch {
    said.textContent = said.dataset.failed ?? ''
  }
}

const textFile = (text: string, name: string) => new File([text], `${name}.txt`, { type: 'text/plain' })
const sizeText = (bytes: number) =>
  bytes < 100_000 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`
