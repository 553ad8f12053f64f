// The receiving side: looks through the camera until enough codes were read, and hands the parcel in. BarcodeDetector
// is left alone on purpose: Windows and Linux do not have it, and on Android it lives in Google's services, which the
// phones here are sold without. One reader for all is one reader that was tried.

import decodeQR from 'qr/decode.js'
import { Gathering } from '../device/qr-frames.ts'

/** Enough for 6 pixels a module when the code fills the frame; more only costs a slow phone its time. */
const largestSide = 720

const place = document.querySelector<HTMLElement>('[data-scan]')
if (place) void scan(place)
for (const form of document.querySelectorAll<HTMLFormElement>('[data-file-way]'))
  form.addEventListener('change', () => form.requestSubmit())

async function scan(section: HTMLElement) {
  const video = section.querySelector<HTMLVideoElement>('[data-scan-video]')!
  const bar = section.querySelector<HTMLProgressElement>('[data-scan-progress]')!
  const said = section.querySelector<HTMLElement>('[data-scan-said]')!
  const again = section.querySelector<HTMLElement>('[data-scan-again]')!
  const say = (what: string, tone = '') => {
    said.textContent = said.dataset[what] ?? what
    said.dataset.tone = tone
  }
  say('starting')
  if (!isSecureContext || !navigator.mediaDevices?.getUserMedia) return say('insecure', 'warn')
  let stream: MediaStream
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: { ideal: 'environment' }, width: { ideal: 1280 }, height: { ideal: 720 } },
    })
  } catch (error) {
    return say(whyNot(error), 'warn')
  }
  video.srcObject = stream
  section.querySelector<HTMLElement>('[data-scan-window]')!.hidden = false
  await video.play().catch(() => {})
  say('looking')
  const parcel = await gathered(video, ({ have, need }) => {
    bar.hidden = false
    bar.max = need
    bar.value = have
    said.textContent = (said.dataset.reading ?? '')
      .replace('{have}', String(have))
      .replace('{need}', String(need))
  })
  for (const track of stream.getTracks()) track.stop()
  navigator.vibrate?.(120)
  section.querySelector<HTMLElement>('[data-scan-window]')!.hidden = true
  say('sending')
  try {
    const answer = await fetch(section.dataset.scan!, {
      method: 'POST',
      headers: {
        'content-type': 'application/octet-stream',
        accept: 'application/json',
        'x-csrf': document.querySelector<HTMLMetaElement>('meta[name=csrf]')?.content ?? '',
      },
      body: parcel,
    })
    const said = (await answer.json()) as { path?: string; detail?: string }
    if (said.path) return location.assign(said.path)
    say(said.detail ?? 'failed', 'bad')
  } catch {
    say('failed', 'bad')
  }
  again.hidden = false
  again.addEventListener('click', () => location.reload())
}

function gathered(
  video: HTMLVideoElement,
  progress: (now: { have: number; need: number }) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const gathering = new Gathering()
  const canvas = document.createElement('canvas')
  const paint = canvas.getContext('2d', { willReadFrequently: true })!
  return new Promise((resolve) => {
    const look = async () => {
      const text = codeIn(video, canvas, paint)
      if (text && gathering.take(text) !== 'other') {
        const parcel = await gathering.parcel()
        progress(gathering.progress)
        if (parcel) return resolve(parcel)
      }
      // A frame at a time: what comes while one is looked at is missed, and shown again.
      if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(() => void look())
      else requestAnimationFrame(() => void look())
    }
    void look()
  })
}

/** The middle square of what the camera sees: what the frame on the page shows. */
function codeIn(
  video: HTMLVideoElement,
  canvas: HTMLCanvasElement,
  paint: CanvasRenderingContext2D,
): string | undefined {
  const side = Math.min(video.videoWidth, video.videoHeight)
  if (side === 0) return undefined
  const size = Math.min(side, largestSide)
  if (canvas.width !== size) {
    canvas.width = size
    canvas.height = size
  }
  paint.drawImage(
    video,
    (video.videoWidth - side) / 2,
    (video.videoHeight - side) / 2,
    side,
    side,
    0,
    0,
    size,
    size,
  )
  try {
    return decodeQR(paint.getImageData(0, 0, size, size))
  } catch {
    // No code in this frame.
    return undefined
  }
}

function whyNot(error: unknown): string {
  const name = (error as DOMException).name
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied'
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy'
  return 'missing'
}
