import { expect, test } from 'bun:test'
import type { ActRequest } from '../../server/kernel/acts.ts'
import type { Session } from './device.ts'
import { parcelOf } from './give-parcel.ts'
import { hashOf, labelOn, openParcel } from './hand-over.ts'

const token = 'xhd_token'
const photo = new Uint8Array(5).buffer
const sha256 = '8855508aade16ec573d21e6a485dfd0a7624085c1a14b5ecdd6485de0c6839a4' // of five zero bytes

/** 周梅's phone with entries that mention photos of so many bytes each. */
function phone(photos: number[], { kept = photos.map((_, i) => i) } = {}): Session {
  const name = (i: number) => (i === 0 ? sha256 : String(i).padStart(64, '0'))
  const acts = photos.map(
    (bytes, i): ActRequest => ({
      id: `0195f3b0-0000-7000-8000-${String(i).padStart(12, '0')}`,
      name: 'cases.case.reported',
      fields: {
        content: '堤脚渗水',
        photos: [{ sha256: name(i), name: `${i}.jpg`, type: 'image/jpeg', bytes }],
      },
    }),
  )
  return {
    welcome: {
      token,
      device: `device-${Math.random()}`,
      node: 'box',
      county: { zh: '沅江市', en: 'Yuanjiang' },
      actor: { id: 'zhoumei', name: '周梅' },
    },
    outbox: { entries: acts.map((request) => ({ id: request.id, fate: 'waiting', tries: 0, request })) },
    attachments: {
      waiting: async () => kept.map(name),
      open: async () => ({ bytes: photo, type: 'image/jpeg' }),
    },
    link: { state: { clock: { skew: 0, last: 0 } } },
  } as unknown as Session
}

const bytesOf = async (session: Session, withPhotos: boolean) =>
  new Uint8Array(await (await parcelOf(session, withPhotos)).arrayBuffer())

test('photos go in until the file would be too large for a chat, and the label says plainly how many stay', async () => {
  const mb = 1024 * 1024
  const bytes = await bytesOf(phone([5, 20 * mb, 11 * mb, 2 * mb, 1 * mb]), true)
  expect(labelOn(bytes)).toMatchObject({ person: '周梅', acts: 5, photos: 3, left: 2 })
})

test('a photo the box has already is not sent along once more', async () => {
  const bytes = await bytesOf(phone([5, 5], { kept: [0] }), true)
  expect(labelOn(bytes)).toMatchObject({ acts: 2, photos: 1, left: 0 })
  const { contents, photos } = await openParcel(bytes, await hashOf(token))
  expect(contents.acts).toHaveLength(2)
  expect(photos.map((each) => each.reference.sha256)).toEqual([sha256])
})

test('codes carry entries without photos, and the same codes while the same entries wait', async () => {
  const mei = phone([5])
  const first = await bytesOf(mei, false)
  expect(labelOn(first)).toMatchObject({ photos: 0, left: 1 })
  expect(await bytesOf(mei, false)).toEqual(first)
  const more = { ...mei, outbox: phone([5, 5]).outbox } as Session
  expect(labelOn(await bytesOf(more, false)).acts).toBe(2)
})

test('one whose photo is sent in this very moment is made anew', async () => {
  const mei = phone([5])
  let gone = true
  const { attachments } = mei
  mei.attachments = {
    ...attachments,
    waiting: attachments.waiting,
    open: async () => (gone ? undefined : { bytes: photo, type: 'image/jpeg' }),
  } as never
  await expect(parcelOf(mei, true)).rejects.toThrow('a photo has just left this device')
  gone = false
  expect(labelOn(await bytesOf(mei, true)).photos).toBe(1)
})
