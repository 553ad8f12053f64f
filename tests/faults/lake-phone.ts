// A phone at the lake, as a process of its own inside the lake's namespace: the device code of the service worker, with
// IndexedDB in memory. Set up over the office's Wi-Fi, then told to go; enters its acts and photos out of reach, drains
// them over the thin line, and says what it took. Started by lossy-line.test.ts.

import 'fake-indexeddb/auto'
import { newId } from '../../server/kernel/ids.ts'
import { Registry } from '../../server/kernel/registry.ts'
import { batches } from '../../server/modules/agri/dataset.ts'
import { modules } from '../../server/modules/roll-call.ts'
import { Device } from '../../web/device/device.ts'
import { enrolled } from '../phone.ts'

export interface Errand {
  wifi: string
  thin: string
  login: { name: string; password: string }
  acts: number
  photos: number
  photoBytes: number
}

/** What the phone tells when everything it had is at the box. */
export interface Drained {
  notes: string[]
  photos: string[]
  seconds: number
  /** Until every entry without a photo was at the box: what was written goes before the pictures. */
  secondsForWords: number
  exchanges: number
  /** Requests made, and those that ended without an answer. */
  asked: number
  unanswered: number
  /** Bytes of the requests' bodies as sent, however often; and of the photos alone. */
  sent: number
  sentOfPhotos: number
}

const errand = JSON.parse(process.argv[2]!) as Errand
const told: Omit<Drained, 'notes' | 'photos' | 'seconds' | 'secondsForWords'> = {
  exchanges: 0,
  asked: 0,
  unanswered: 0,
  sent: 0,
  sentOfPhotos: 0,
}
let address = errand.wifi
/** Called before each request. */
let noticing = () => {}
const device = await Device.open(
  new Registry(modules),
  async (path, init) => {
    const { body } = init ?? {}
    const bytes = body instanceof ArrayBuffer ? body.byteLength : Buffer.byteLength((body as string) ?? '')
    noticing()
    told.asked++
    told.sent += bytes
    if (init?.method === 'PATCH') told.sentOfPhotos += bytes
    try {
      return await fetch(address + path, init)
    } catch (error) {
      told.unanswered++
      throw error
    }
  },
  () => {},
)
const { desk, link, outbox, attachments } = await device.enrol(
  await enrolled(address, errand.login),
  '246810',
)
await device.exchange()
if (link.state.fate !== 'up') throw new Error(`the box is ${link.state.fate} over the Wi-Fi`)
const [batch] = (await desk.list(batches, { limit: 1 })).records
console.log('ready')
for await (const _ of console) break

Object.assign(told, { asked: 0, unanswered: 0, sent: 0, sentOfPhotos: 0 })
address = errand.thin
const [notes, photos]: [string[], string[]] = [[], []]
for (let i = 0; i < errand.acts; i++) {
  const note = `湖边 ${i}`
  notes.push(note)
  // Spread over the day, the first early: most of the work comes after a photo was taken.
  const withPhoto = photos.length < errand.photos && i >= (photos.length * errand.acts) / errand.photos
  const fields: Record<string, unknown> = { kind: 'weeding', on: batch!.fields.started, note }
  if (withPhoto) {
    const bytes = crypto.getRandomValues(new Uint8Array(errand.photoBytes))
    const photo = await attachments.keep(new File([bytes], `${i}.jpg`, { type: 'image/jpeg' }))
    photos.push(photo.sha256)
    fields.photos = [photo]
  }
  const receipt = await desk.act({
    id: newId(),
    name: 'agri.batch.farm-work-recorded',
    record: batch!.id,
    fields,
  })
  if (receipt.outcome !== 'accepted') throw new Error(JSON.stringify(receipt))
}
const began = performance.now()
const since = () => (performance.now() - began) / 1000
let secondsForWords = Number.NaN
noticing = () => {
  if (Number.isNaN(secondsForWords) && outbox.onlyHere <= errand.photos) secondsForWords = since()
}
while (outbox.entries.length > 0 || link.state.fate !== 'up') {
  await device.exchange()
  told.exchanges++
  if (link.state.fate !== 'up' && link.state.fate !== 'down')
    throw new Error(`the box says ${link.state.fate}`)
}
console.log(JSON.stringify({ ...told, notes, photos, seconds: since(), secondsForWords } satisfies Drained))
process.exit()
