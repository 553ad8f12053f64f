import 'fake-indexeddb/auto'
import { expect, test } from 'bun:test'
import type { ParcelAnswer } from '../../server/http/parcels.ts'
import { CarrierBag } from './carried.ts'
import { asText, type Label, sealParcel, type Unreadable } from './hand-over.ts'

const label: Label = {
  device: '0195f3b0-0000-7000-8000-000000000001',
  node: '0195f3b0-0000-7000-8000-0000000000b0',
  county: { zh: '沅江市', en: 'Yuanjiang' },
  person: '周梅',
  at: '2026-11-21T08:00:00.000Z',
  acts: 6,
  photos: 1,
  left: 0,
}
/** 周梅's parcel with something as large as a photo in it. */
async function parcel(size = 300_000) {
  const bytes = crypto.getRandomValues(new Uint8Array(65_536))
  const photo = new Uint8Array(size).map((_, i) => bytes[i % bytes.length]!)
  const reference = { sha256: '0'.repeat(64), name: '现场.jpg', type: 'image/jpeg', bytes: size }
  const blob = await sealParcel(
    'hash',
    label,
    { person: 'zhoumei', at: label.at, acts: [], photos: [reference] },
    [{ reference, bytes: photo.buffer }],
  )
  return new Uint8Array(await blob.arrayBuffer())
}

/** A box that keeps what arrives, on a line that breaks before the request for which `breaks` says so. */
function box(answer: Response | (() => Response), breaks: (n: number) => boolean = () => false) {
  const held = new Map<string, Uint8Array>()
  const asked: string[] = []
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const method = init.method ?? 'GET'
    asked.push(method)
    if (breaks(asked.length)) throw new TypeError('fetch failed')
    const id = path.split('/').at(-1)!
    const here = held.get(id) ?? new Uint8Array()
    const headers = new Headers(init.headers)
    const whole = (bytes: Uint8Array, total: number) => ({
      'upload-offset': String(bytes.length),
      'upload-complete': bytes.length >= total ? '?1' : '?0',
    })
    if (method === 'HEAD')
      return new Response(null, { headers: whole(here, held.has(`${id} is whole`) ? 0 : 1e9) })
    if (method === 'PATCH') {
      const piece = new Uint8Array(init.body as ArrayBuffer)
      const total = Number(headers.get('upload-length'))
      if (Number(headers.get('upload-offset')) !== here.length)
        return new Response(null, { status: 409, headers: whole(here, 1e9) })
      const now = new Uint8Array([...here, ...piece])
      held.set(id, now)
      if (now.length === total) held.set(`${id} is whole`, now)
      return new Response(null, { status: 204, headers: whole(now, total) })
    }
    return typeof answer === 'function' ? answer() : answer.clone()
  }
  return { ask, held, asked }
}

const taken: ParcelAnswer = {
  id: 'x',
  person: '周梅',
  arrived: 6,
  repeated: 0,
  refused: 0,
  aside: 0,
  photos: 1,
  photosLeft: 0,
}

let made = 0
const bagOf = () => CarrierBag.open(`bag-${made++}`)

test('a parcel is handed in whole over a line that breaks at every third request, and its bytes are let go only then', async () => {
  const bag = await bagOf()
  const bytes = await parcel()
  const { parcel: carried } = await bag.take(bytes)
  const { ask, held } = box(Response.json(taken), (n) => n % 3 === 0)
  for (let tries = 0; (await bag.waiting()) > 0; tries++) {
    expect(tries).toBeLessThan(12)
    await bag.deliver(ask).catch((error) => expect(String(error)).toContain('fetch failed'))
  }
  expect(held.get(carried.id)).toEqual(bytes)
  expect(await bag.list()).toMatchObject([
    { fate: 'delivered', answer: { arrived: 6 }, label: { person: '周梅' } },
  ])
})

test('one that waits is never let go; one that was read about is; the same one again is known', async () => {
  const bag = await bagOf()
  const bytes = await parcel(10)
  const { parcel: carried } = await bag.take(bytes)
  expect((await bag.take(new TextEncoder().encode(asText(bytes, label)))).known).toBe(true)
  await bag.letGo(carried.id)
  expect(await bag.waiting()).toBe(1)
  await bag.deliver(box(Response.json(taken)).ask)
  await bag.letGo(carried.id)
  expect(await bag.list()).toEqual([])
})

test('what the box cannot open is kept with its sentence; what it stumbles over is tried again; neither holds up the next', async () => {
  const bag = await bagOf()
  await bag.take(await parcel(10))
  await bag.take(await parcel(11))
  const words = { zh: '这份在路上损坏了', en: 'damaged' }
  const answers = [new Response(null, { status: 500 }), Response.json({ message: words }, { status: 422 })]
  await bag.deliver(box(() => answers.shift()!).ask)
  expect((await bag.list()).map((each) => each.fate).sort()).toEqual(['here', 'refused'])
  expect((await bag.list()).find((each) => each.fate === 'refused')!.refusal).toEqual(words)
  await bag.deliver(box(Response.json(taken)).ask)
  expect((await bag.list()).map((each) => each.fate).sort()).toEqual(['delivered', 'refused'])
  for (const { id } of await bag.list()) await bag.again(id)
  await bag.deliver(box(Response.json(taken)).ask)
  expect((await bag.list()).map((each) => each.fate)).toEqual(['delivered', 'delivered'])
})

test('what is no parcel is not taken along', async () => {
  const bag = await bagOf()
  for (const [file, trouble] of [
    ['会议通知', 'foreign'],
    ['XHD3…', 'newer'],
    ['-----XHD2-----\nWEhE', 'damaged'],
  ] as const)
    expect(await bag.take(new TextEncoder().encode(file)).catch((error: Unreadable) => error.trouble)).toBe(
      trouble,
    )
  expect(await bag.list()).toEqual([])
})
