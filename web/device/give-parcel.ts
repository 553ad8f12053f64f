// What waits on this device, sealed for somebody else to carry. Making it changes nothing here: the entries stay until
// the box itself has confirmed them.

import type { ActRequest } from '../../server/kernel/acts.ts'
import type { FileRef } from '../../server/kernel/fields.ts'
import { believed } from './clock.ts'
import type { Session } from './device.ts'
import { type Contents, hashOf, type Label, type Photo, sealParcel } from './hand-over.ts'

/** Photos up to this many bytes go into a file: a hundred of them, and still a file that a chat passes on. */
const mostPhotoBytes = 32 * 1024 * 1024

/** Handed to somebody, as far as this device knows: when, and which acts. */
export interface Handed {
  at: string
  acts: string[]
}

/** What a parcel would hold now. */
export async function toHandOver(session: Session): Promise<{ acts: ActRequest[]; photos: string[] }> {
  const acts = session.outbox.entries.filter((each) => each.fate !== 'arrived').map((each) => each.request)
  return { acts, photos: await session.attachments.waiting() }
}

let last: { of: string; parcel: Promise<Blob> } | undefined

/** The same one as long as the same things wait: a page opened again shows the codes the other side has half read. */
export function parcelOf(session: Session, withPhotos: boolean): Promise<Blob> {
  const of = [
    session.welcome.device,
    withPhotos,
    ...session.outbox.entries.map(({ id, fate, tries }) => `${id}${fate}${tries}`),
  ].join()
  if (last?.of !== of) {
    const parcel = make(session, withPhotos)
    last = { of, parcel }
    parcel.catch(() => {
      last = undefined
    })
  }
  return last.parcel
}

async function make(session: Session, withPhotos: boolean): Promise<Blob> {
  const { welcome, attachments, link } = session
  const { acts, photos } = await toHandOver(session)
  const inside = withPhotos ? chosen(photos, acts) : []
  const at = new Date(believed(link.state.clock).at).toISOString()
  const label: Label = {
    device: welcome.device,
    node: welcome.node,
    county: welcome.county,
    person: welcome.actor.name,
    at,
    acts: acts.length,
    photos: inside.length,
    left: photos.length - inside.length,
  }
  const contents: Contents = { person: welcome.actor.id, at, acts, photos: inside }
  async function* opened(): AsyncGenerator<Photo> {
    for (const reference of inside) {
      const kept = await attachments.open(reference.sha256)
      // Sent and let go in this very moment: then the box has it, and the parcel is made anew.
      if (!kept) throw new Error('a photo has just left this device')
      yield { reference, bytes: kept.bytes }
    }
  }
  return sealParcel(await hashOf(welcome.token), label, contents, opened())
}

/** As many photos as fit, in the order of the entries that mention them. */
function chosen(waiting: string[], acts: ActRequest[]): FileRef[] {
  const references = acts.flatMap((act) => referencesIn(act.fields))
  const inside: FileRef[] = []
  let size = 0
  for (const sha256 of waiting) {
    const reference = references.find((each) => each.sha256 === sha256)
    if (!reference || inside.some((each) => each.sha256 === sha256)) continue
    size += reference.bytes
    if (size > mostPhotoBytes) break
    inside.push(reference)
  }
  return inside
}

function referencesIn(value: unknown): FileRef[] {
  if (!value || typeof value !== 'object') return []
  if ('sha256' in value && 'bytes' in value) return [value as FileRef]
  return Object.values(value).flatMap(referencesIn)
}
