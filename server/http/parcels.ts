// What field devices handed over and colleagues brought. A parcel is opened with the hash of its device's token, its
// photos are kept first, then its acts are decided as the person's own: by their ids they arrive once, whoever brings
// them and however often. A phone that was lost is revoked first and its copy comes in later: what was entered before
// counts and is marked; what is dated afterwards lies aside until its person, or whoever looks after people, has said
// that it is theirs. An account that was closed is doubted altogether.

import { and, count, desc, eq, inArray, or, sql } from 'drizzle-orm'
import {
  type Contents,
  firstFormat,
  type Label,
  labelOn,
  openParcel,
  type Photo,
  parcelIn,
  Unreadable,
} from '../../web/device/hand-over.ts'
import type { Actor } from '../kernel/access.ts'
import type { ActRequest } from '../kernel/acts.ts'
import { Refusal, refuse } from '../kernel/refusal.ts'
import { act, fieldDevice, parcel, parcelAct } from '../kernel/schema.ts'
import type { Store } from '../kernel/store.ts'
import type { Say, Words } from '../kernel/words.ts'
import { type Account, actorOf, type Db, findAccount, note } from './accounts.ts'
import { answer } from './answer-act.ts'
import type { Waiting } from './module.ts'
import type { Files } from './services.ts'

export interface ParcelRoom {
  store: Store
  db: Db
  files: Pick<Files, 'keep'>
}

/** What became of a parcel, for whoever brought it. */
export interface ParcelAnswer {
  /** Names it on /field/import. */
  id: string
  /** Whose entries they are. */
  person: string
  arrived: number
  /** The box had these already, from the device itself or another copy. */
  repeated: number
  refused: number
  /** Lies aside until somebody says whose it is. */
  aside: number
  photos: number
  /** Photos that are still only on the device. */
  photosLeft: number
}

export type Parcel = typeof parcel.$inferSelect

/** An act of a parcel that is not in the diary. */
export interface Outstanding {
  act: string
  fate: 'refused' | 'aside'
  request: ActRequest
  message?: Words
}

export interface Bearer {
  /** The account of whoever brings it. */
  carrier: string
  way: 'file' | 'scan' | 'phone'
}

/** So many acts are one commit: the office goes on working while a week comes in. */
const batch = 200

/** Takes a parcel in, however it came. Refuses with a sentence when it cannot be opened; then nothing was changed. */
export async function takeIn(
  room: ParcelRoom,
  file: Uint8Array<ArrayBuffer>,
  by: Bearer,
): Promise<ParcelAnswer> {
  const { store, db, files } = room
  const { bytes: sealed, device, account, contents, photos, left } = await read(room, file)
  const owner = actorOf(account)
  for (const { reference, bytes } of photos)
    await files.keep(new File([bytes], reference.name, { type: reference.type }))
  const id = new Bun.CryptoHasher('sha256').update(sealed).digest('hex')
  const counts = { arrived: 0, repeated: 0, refused: 0, aside: 0 }
  const doubted = (request: ActRequest) =>
    account.disabled === 1 ||
    (device.revoked !== null && !(Date.parse(request.at ?? contents.at) <= Date.parse(device.revoked)))
  for (let from = 0; from < contents.acts.length; from += batch) {
    store.batch(() => {
      for (const request of contents.acts.slice(from, from + batch))
        counts[doubted(request) ? layAside(db, id, request) : decide(room, id, owner, request)]++
    })
    // Between two commits others may save.
    await new Promise((resume) => setImmediate(resume))
  }
  db.insert(parcel)
    .values({
      id,
      device: device.id,
      account: account.name,
      carrier: by.carrier,
      way: by.way,
      made: contents.at,
      at: new Date().toISOString(),
      revoked: device.revoked === null ? 0 : 1,
      arrived: counts.arrived,
      repeated: counts.repeated,
      photos: photos.length,
      photosLeft: left,
    })
    .onConflictDoNothing()
    .run()
  note(db, {
    actor: by.carrier,
    what: 'device-import',
    about: device.id,
    detail: `${by.way}: ${counts.arrived} + ${counts.repeated} + ${counts.refused} + ${counts.aside}`,
  })
  return { id, person: account.title, ...counts, photos: photos.length, photosLeft: left }
}

/** Its person, or whoever looks after people, says whether acts that lie aside are theirs. Answers with how many came in. */
export function decideAside(
  { store, db }: Omit<ParcelRoom, 'files'>,
  id: string,
  by: Actor,
  theirs: boolean,
) {
  const row = oneParcel(db, id)
  const account = row && findAccount(db, row.account)
  if (!row || !account) refuse({ zh: '找不到这一份', en: 'There is no such parcel.' }, { kind: 'missing' })
  if (!maySay(store, by, row!))
    refuse(
      {
        zh: `这几条要${account!.title}本人或管理员登录后确认`,
        en: `${account!.title} or an administrator has to log in and confirm these.`,
      },
      { kind: 'access' },
    )
  const decided = { decidedBy: by.id, decidedAt: new Date().toISOString() }
  let arrived = 0
  store.batch(() => {
    for (const each of outstanding(db, id).filter(({ fate }) => fate === 'aside')) {
      if (theirs && decide({ store, db }, id, actorOf(account!), each.request) === 'arrived') arrived++
      db.update(parcelAct)
        .set(theirs ? decided : { ...decided, fate: 'dropped', request: null })
        .where(eq(parcelAct.act, each.act))
        .run()
    }
  })
  note(db, { actor: by.id, what: theirs ? 'parcel-confirmed' : 'parcel-dropped', about: id })
  return arrived
}

export const maySay = (store: Store, by: Actor, { account }: Pick<Parcel, 'account'>) =>
  by.id === account || store.registry.rights.may(by, 'people')

export const oneParcel = (db: Db, id: string): Parcel | undefined =>
  db.select().from(parcel).where(eq(parcel.id, id)).get()

/** Newest first: those somebody brought or whose entries they are; all, for whoever looks after people. */
export const listParcels = (db: Db, person?: string): Parcel[] =>
  db
    .select()
    .from(parcel)
    .where(person === undefined ? undefined : or(eq(parcel.carrier, person), eq(parcel.account, person)))
    .orderBy(desc(parcel.at))
    .limit(20)
    .all()

/** What did not come in, and has not come by another way since. */
export function outstanding(db: Db, id: string): Outstanding[] {
  return db
    .select()
    .from(parcelAct)
    .where(
      and(
        eq(parcelAct.parcel, id),
        inArray(parcelAct.fate, ['refused', 'aside']),
        sql`not exists (select 1 from ${act} where ${act.id} = ${parcelAct.act})`,
      ),
    )
    .all()
    .flatMap((row) =>
      row.request
        ? [
            {
              act: row.act,
              fate: row.fate as Outstanding['fate'],
              request: JSON.parse(row.request) as ActRequest,
              ...(row.message && { message: JSON.parse(row.message) as Words }),
            },
          ]
        : [],
    )
}

/** On 今日, for its person and for whoever looks after people: what lies aside until they have said whose it is. */
export function asideFor(store: Store, db: Db, actor: Actor, t: Say): Waiting[] {
  return db
    .select({ id: parcel.id, account: parcel.account, n: count() })
    .from(parcelAct)
    .innerJoin(parcel, eq(parcel.id, parcelAct.parcel))
    .where(eq(parcelAct.fate, 'aside'))
    .groupBy(parcel.id)
    .all()
    .filter((each) => maySay(store, actor, each))
    .map(({ id, account, n }) => ({
      title: t({
        zh: `${findAccount(db, account)?.title ?? account}停用的设备上有 ${n} 条,要认下才算数`,
        en: `${n} entries from a revoked device of ${findAccount(db, account)?.title ?? account} wait for a word`,
      }),
      path: `/field/import/${id}`,
      button: t({ zh: '去看看', en: 'Look' }),
      level: 'yellow',
    }))
}

/** Who brought an act, for the history: undefined when it came by itself. */
export function whoBrought(db: Db): (id: string) => { by: string; revoked: boolean } | undefined {
  const find = db
    .select({ carrier: parcel.carrier, revoked: parcel.revoked })
    .from(parcelAct)
    .innerJoin(parcel, eq(parcel.id, parcelAct.parcel))
    .where(and(eq(parcelAct.act, sql.placeholder('act')), eq(parcelAct.fate, 'arrived')))
    .prepare()
  return (id) => {
    const row = find.get({ act: id })
    return row && { by: findAccount(db, row.carrier)?.title ?? row.carrier, revoked: row.revoked === 1 }
  }
}

interface Opened {
  /** The parcel without what wrapped it: the same one as a file and as text has one name. */
  bytes: Uint8Array
  device: typeof fieldDevice.$inferSelect
  account: Account
  contents: Contents
  photos: Photo[]
  left: number
}

async function read({ store, db }: ParcelRoom, file: Uint8Array<ArrayBuffer>): Promise<Opened> {
  let label: Label | undefined
  try {
    const old = firstFormat(file)
    const bytes = old ? file : parcelIn(file)
    label = old ? undefined : labelOn(bytes)
    if (label && label.node !== store.node.id) refuse(elsewhere(label))
    const device = db
      .select()
      .from(fieldDevice)
      .where(eq(fieldDevice.id, old?.device ?? label!.device))
      .get()
    const account = device && findAccount(db, device.account)
    if (!device || !account) refuse(stranger)
    const { contents, photos } = old
      ? { contents: await old.open(device!.hash), photos: [] }
      : await openParcel(bytes, device!.hash)
    if (contents.person !== account!.name) throw new Unreadable('damaged')
    return { bytes, device: device!, account: account!, contents, photos, left: label?.left ?? 0 }
  } catch (error) {
    if (error instanceof Unreadable) throw new Refusal(troubles(label)[error.trouble])
    throw error
  }
}

/** Decides one act as its person's own, and remembers how it came. */
function decide(
  { store, db }: Omit<ParcelRoom, 'files'>,
  id: string,
  owner: Actor,
  request: ActRequest,
): 'arrived' | 'repeated' | 'refused' {
  const receipt = answer(store, owner, request)
  if (receipt.outcome === 'repeated') return 'repeated'
  const refused = receipt.outcome === 'refused'
  const row = {
    parcel: id,
    fate: refused ? 'refused' : 'arrived',
    request: refused ? JSON.stringify(request) : null,
    message: refused && receipt.message ? JSON.stringify(receipt.message) : null,
  }
  db.insert(parcelAct)
    .values({ act: receipt.id, ...row })
    .onConflictDoUpdate({ target: parcelAct.act, set: row })
    .run()
  return refused ? 'refused' : 'arrived'
}

function layAside(db: Db, id: string, request: ActRequest): 'aside' | 'repeated' {
  const known = db.select().from(parcelAct).where(eq(parcelAct.act, request.id)).get()
  const arrived = db.select({ id: act.id }).from(act).where(eq(act.id, request.id)).get()
  if (arrived || (known && known.fate !== 'aside')) return 'repeated'
  // What was forgotten meanwhile stays forgotten: the request is kept as it lies.
  db.insert(parcelAct)
    .values({ act: request.id, parcel: id, fate: 'aside', request: JSON.stringify(request) })
    .onConflictDoUpdate({ target: parcelAct.act, set: { parcel: id } })
    .run()
  return 'aside'
}

const elsewhere = ({ county, person }: Label): Words => ({
  zh: `这是${county.zh}县盒的设备交出的(${person}),本机打不开。请带到${county.zh}县盒那边收。什么也没有改动。`,
  en: `A device of the box of ${county.en} made this (${person}); it cannot be opened here. Take it there. Nothing was changed.`,
})
const stranger: Words = {
  zh: '县盒里没有这台设备。它可能是恢复备份之前设置的。请让本人连上县盒重新设置一次,原来的记录还在那台设备上。什么也没有改动。',
  en: 'The box does not know this device; it may have been set up before a backup was restored. Have it set up again: the entries are still on it. Nothing was changed.',
}
const troubles = (label?: Label): Record<Unreadable['trouble'], Words> => ({
  foreign: {
    zh: '这不是县盒的交接文件。请选择名字以「县盒待发」开头的文件。什么也没有改动。',
    en: 'This is not a hand-over file. Choose the one whose name begins with 县盒待发. Nothing was changed.',
  },
  newer: {
    zh: '这份是新版本的县盒做的,本机还打不开。请先给本机升级。什么也没有改动。',
    en: 'A newer version made this; upgrade this box first. Nothing was changed.',
  },
  damaged: {
    zh: `这份在路上损坏了,或者被改动过,打不开。请让${label?.person ?? '对方'}再导出一份,原来的记录还在那台设备上。什么也没有改动。`,
    en: `This was damaged or changed on the way and cannot be opened. Ask ${label?.person ?? 'its owner'} for a new copy: the entries are still on the device. Nothing was changed.`,
  },
})
