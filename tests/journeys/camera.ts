// A camera pointed at a screen: what a giving phone really showed becomes what a taking browser's camera sees. Chromium
// plays a film as its camera; here it is made of pictures of the page, held a little crooked, on a grey table, unsharp
// and grainy as webcams are.

import { type Browser, chromium, type Page } from 'playwright-core'
import { executablePath } from './browser.ts'

/** Codes on the giving page, as they come: each the page showed for as long as it takes to look. */
export async function filmOf(giving: Page, frames: number, path: string): Promise<void> {
  const code = giving.locator('[data-give-code]')
  await giving.waitForFunction(
    () => document.querySelector<HTMLElement>('[data-give-code]')?.dataset.n !== undefined,
  )
  const table = await giving.context().browser()!.newPage()
  const film: Uint8Array[] = []
  for (let i = 0; i < frames; i++) {
    const before = await code.getAttribute('data-n')
    const still = await giving.screenshot({ type: 'png' })
    const seen = await table.evaluate(held, { picture: still.toString('base64'), i })
    film.push(Buffer.from(seen, 'base64'))
    await giving.waitForFunction(
      (was) => document.querySelector<HTMLElement>('[data-give-code]')?.dataset.n !== was,
      before,
    )
  }
  await table.close()
  // Motion JPEG is pictures one after the other, thirty a second; each code stays for a sixth of one.
  const beats = film.flatMap((picture) => Array.from({ length: 5 }, () => picture))
  await Bun.write(path, Buffer.concat(beats))
}

/** A browser whose camera sees the film, over and over. */
export const browserSeeing = (film: string, program = executablePath): Promise<Browser> =>
  chromium.launch({
    executablePath: program,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-video-capture=${film}`,
    ],
  })

/** A browser with a camera that its person does not let pages use. */
export const browserRefusing = (): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--use-fake-device-for-media-stream',
      '--deny-permission-prompts',
    ],
  })

/** The phone in somebody's hand before the camera: 1280×720 as a JPEG in base64. */
async function held({ picture, i }: { picture: string; i: number }): Promise<string> {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob())
  const canvas = new OffscreenCanvas(1280, 720)
  const paint = canvas.getContext('2d')!
  paint.fillStyle = '#8a8f8c'
  paint.fillRect(0, 0, 1280, 720)
  paint.translate(640 + (i % 3) * 4, 360 - (i % 4) * 3)
  paint.rotate(((i % 5) - 2) * 0.02)
  paint.filter = 'blur(1px)'
  // As tall as the frame: the code takes about half its height.
  const scale = 1.2
  paint.scale(scale, scale)
  paint.drawImage(image, -image.width / 2, -image.height / 2)
  paint.resetTransform()
  paint.filter = 'none'
  const light = paint.createLinearGradient(0, 0, 1280, 720)
  light.addColorStop(0, 'rgba(255,255,255,0.12)')
  light.addColorStop(1, 'rgba(0,0,0,0.22)')
  paint.fillStyle = light
  paint.fillRect(0, 0, 1280, 720)
  const grain = paint.getImageData(0, 0, 1280, 720)
  for (let at = 0; at < grain.data.length; at += 4) {
    const noise = ((at * 7919 + i * 104729) % 29) - 14
    for (let k = 0; k < 3; k++) grain.data[at + k] = grain.data[at + k]! + noise
  }
  paint.putImageData(grain, 0, 0)
  const jpeg = await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.7 })).arrayBuffer()
  let text = ''
  for (const byte of new Uint8Array(jpeg)) text += String.fromCharCode(byte)
  return btoa(text)
}
