// Who works on this device. Several people may share it, each with a lock, a replica and an outbox of their own; one is
// signed in at a time. Signing out throws the open key away: what lies here can then be read by nobody, and what waits
// is sent when its person unlocks again.

import { boxMark } from '../../server/http/box-mark.ts'
import type { Actor } from '../../server/kernel/access.ts'
import { canonical } from '../../server/kernel/canonical.ts'
import type { DatasetSpec } from '../../server/kernel/dataset.ts'
import type { Registry } from '../../server/kernel/registry.ts'
import { Attachments } from './attachments.ts'
import { believed, type Clock } from './clock.ts'
import { DeviceDesk } from './device-desk.ts'
import { type Ask, Link, type LinkState } from './link.ts'
import { Outbox } from './outbox.ts'
import { packed } from './packed.ts'
import { Replica } from './replica.ts'
import { destroyShelf, Shelf, stores, type Waiting } from './shelf.ts'
import { type Lock, newLock, openLock, seal, unseal } from './vault.ts'

/** What the box gives when a device is set up (server/http/devices.ts). */
export interface Welcome {
  device: string
  token: string
  actor: Actor
  county: { zh: string; en: string }
  node: string
  declared: DatasetSpec[]
  /** Which copy of its data the box has, and what it said last of role and registers; learned with the first exchange. */
  database?: string
  standing?: string
}

/** Known without the key, so that the unlock page can greet: a name, nothing else. */
export interface Person {
  name: string
  title: string
  lock: Lock
  /** Wrong PINs in a row; after ten the wait is long. */
  misses: number
  waitsUntil?: number
}

export interface Session {
  person: Person
  welcome: Welcome
  shelf: Shelf
  key: CryptoKey
  replica: Replica
  outbox: Outbox
  attachments: Attachments
  link: Link
  /** Asks the box in this person's name; throws when it is out of reach. */
  ask: Ask
  desk: DeviceDesk
}

const shelfOf = (name: string) => `xianhe-${name}`

export class Device {
  private session?: Session
  private opening?: Promise<Session | undefined>
  /** Rises when somebody else, or nobody, is signed in: what was being opened for the one before is not handed out. */
  private turn = 0

  private constructor(
    private facts: Shelf,
    private readonly registry: Registry,
    private readonly ask: Ask,
    private readonly changed: () => void,
  ) {}

  static async open(registry: Registry, ask: Ask, changed: () => void): Promise<Device> {
    return new Device(await Shelf.open('xianhe-device'), registry, ask, changed)
  }

  async people(): Promise<Person[]> {
    return (await (await this.shelf()).get<Person[]>('fact', 'people')) ?? []
  }

  /** The person signed in now, with everything open; found again after the browser stopped the worker. */
  async current(): Promise<Session | undefined> {
    if (this.session?.shelf.closed) this.forget()
    if (this.session) return this.session
    this.opening ??= this.reopen()
    const { opening, turn } = this
    try {
      const session = await opening
      if (turn !== this.turn) {
        session?.shelf.close()
        return this.current()
      }
      this.session = session
      return session
    } finally {
      if (this.opening === opening) this.opening = undefined
    }
  }

  /**
   * Sets this device up for a person: from now on it carries their records. What waited here from an earlier set-up goes
   * on waiting, under the new PIN. `StillLocked` when it waits under a PIN that is not the one given.
   */
  async enrol(welcome: Welcome, pin: string): Promise<Session> {
    const { id: name, name: title } = welcome.actor
    const old = await this.keyOf(name, pin)
    const { lock, key } = await newLock(pin)
    const shelf = await Shelf.open(shelfOf(name))
    try {
      await this.carryOver(shelf, name, old, key)
      await shelf.put('fact', await seal(key, welcome), 'welcome')
    } finally {
      shelf.close()
    }
    await this.keepPeople((people) => [
      ...people.filter((each) => each.name !== name),
      { name, title, lock, misses: 0 },
    ])
    this.forget()
    await (await this.shelf()).put('fact', { name, key }, 'active')
    return (await this.current())!
  }

  /** Whether `enrol` would have to leave waiting acts behind: they lie under a PIN that is not this one. */
  async wouldOrphan(name: string, pin: string): Promise<boolean> {
    const known = (await this.people()).some((each) => each.name === name)
    if (!known || (await this.keyOf(name, pin))) return false
    const shelf = await Shelf.open(shelfOf(name))
    const waiting = await shelf.all<Waiting>('outbox')
    shelf.close()
    return waiting.some((each) => each.fate !== 'arrived')
  }

  /** Seconds to wait, `false` when the PIN is wrong, the session when it is right. Works with no network at all. */
  async unlock(name: string, pin: string): Promise<Session | number | false> {
    const person = (await this.people()).find((each) => each.name === name)
    if (!person) return false
    // Counted before it is tried: guesses made at the same moment count too.
    const wait = waitFor(person)
    if (wait > 0) return Math.ceil(wait / 1000)
    await this.missed(name, (misses) => misses + 1)
    const key = await openLock(person.lock, pin)
    if (!key) return false
    await this.missed(name, () => 0)
    await this.lock()
    const shelf = await this.shelf()
    if ((await shelf.get('fact', 'leaving')) === name) await shelf.remove('fact', 'leaving')
    await shelf.put('fact', { name, key }, 'active')
    return (await this.current())!
  }

  /** Signs out. Replica and waiting acts stay, sealed. */
  async lock(): Promise<void> {
    this.forget()
    await (await this.shelf()).remove('fact', 'active')
    // Whoever began to open between these two lines read the key that is gone now.
    this.forget()
  }

  /**
   * Locked so that somebody else may work here. To the box this browser is still the one before, by her cookie; nobody is
   * shown a page of the box until that has ended (worker.tsx), unless she unlocks again first.
   */
  async leave(): Promise<void> {
    const name = (await this.current().catch(() => undefined))?.person.name
    if (name) await (await this.shelf()).put('fact', name, 'leaving')
    await this.lock()
  }

  async isLeaving(): Promise<boolean> {
    return (await (await this.shelf()).get('fact', 'leaving')) !== undefined
  }

  async hasLeft(): Promise<void> {
    await (await this.shelf()).remove('fact', 'leaving')
  }

  /** Revoked, or given back: nothing of the person is left on this device. */
  async wipe(name: string): Promise<void> {
    const active = await (await this.shelf()).get<{ name: string }>('fact', 'active')
    if (active?.name === name) await this.lock()
    await destroyShelf(shelfOf(name))
    await this.keepPeople((people) => people.filter((each) => each.name !== name))
  }

  /**
   * Sends and takes in. What a revoked device does is the one thing it may not refuse: it wipes itself. `until` says when
   * to leave the rest for the next time.
   */
  async exchange(until?: () => boolean): Promise<void> {
    const session = await this.current()
    if (!session) return
    const { fate: before } = session.link.state
    const waited = session.outbox.onlyHere
    const state = await session.link.exchange(until)
    if (state.fate === 'revoked') {
      await this.wipe(session.person.name)
      await this.authorised(session.welcome)('/device/v1/hello', { method: 'DELETE' }).catch(() => undefined)
    }
    if (state.fate === 'up' && (await this.renewed(session))) return this.exchange(until)
    // Only what is news: pages that redraw their line come back to this worker, and would have it ask again without end.
    if (before !== state.fate || waited !== session.outbox.onlyHere) this.changed()
  }

  /**
   * The box has told of another role, another area, registers declared since, or that it is a restored copy of itself. True when
   * what is carried here has to come anew.
   */
  private async renewed({ welcome, link, ask, shelf, key, outbox }: Session): Promise<boolean> {
    const { standing } = link.state
    if (!standing || standing === welcome.standing) return false
    const answer = await ask('/device/v1/hello').catch(() => undefined)
    if (!answer?.ok) return false
    const told = (await answer.json()) as Welcome
    // In which language this person reads here was chosen here.
    const actor = { ...told.actor, lang: welcome.actor.lang }
    const now: Welcome = { ...welcome, ...told, actor }
    const restored = welcome.database !== undefined && welcome.database !== told.database
    const anew = restored || !sameAs(actor, welcome.actor)
    if (restored) await outbox.sayAgain()
    const sealed = await seal(key, now)
    await shelf.together(stores, 'readwrite', async (at) => {
      await at.put('fact', sealed, 'welcome')
      if (!anew) return
      for (const store of ['head', 'body', 'gist'] as const) await at.clear(store)
      await at.put('fact', 0, 'seq')
    })
    // Opened again with what is known now.
    this.forget()
    return anew
  }

  /** Nothing of the session stays in memory, and what is under way with the box ends. */
  private forget() {
    this.turn++
    this.opening = undefined
    this.session?.link.end()
    this.session?.shelf.close()
    this.session = undefined
  }

  private async shelf(): Promise<Shelf> {
    if (this.facts.closed) this.facts = await Shelf.open('xianhe-device')
    return this.facts
  }

  private async keepPeople(change: (people: Person[]) => Person[]) {
    await (await this.shelf()).together(['fact'], 'readwrite', async (at) => {
      await at.put('fact', change((await at.get<Person[]>('fact', 'people')) ?? []), 'people')
    })
  }

  private missed(name: string, count: (misses: number) => number) {
    return this.keepPeople((people) =>
      people.map((each) => {
        if (each.name !== name) return each
        const misses = count(each.misses)
        return { ...each, misses, waitsUntil: misses >= 5 ? Date.now() + pauseAfter(misses) : undefined }
      }),
    )
  }

  /** The key a person's things lie under, if it can be had: they are signed in, or this is their PIN. */
  private async keyOf(name: string, pin: string): Promise<CryptoKey | undefined> {
    const active = await (await this.shelf()).get<{ name: string; key: CryptoKey }>('fact', 'active')
    if (active?.name === name) return active.key
    const person = (await this.people()).find((each) => each.name === name)
    return person && openLock(person.lock, pin)
  }

  /** Waiting acts and photos from under the old key to under the new; the replica comes anew. One transaction. */
  private async carryOver(shelf: Shelf, name: string, old: CryptoKey | undefined, key: CryptoKey) {
    const waits = (await shelf.all<Waiting>('outbox')).some((each) => each.fate !== 'arrived')
    if (!old && waits) throw new StillLocked(`what ${name} entered here waits under another PIN`)
    const acts = old ? await (await Outbox.load(shelf, old)).resealed(key) : []
    const photos = old ? await new Attachments(shelf, old).resealed(key) : []
    await shelf.together(stores, 'readwrite', async (at) => {
      for (const store of stores) await at.clear(store)
      for (const row of acts) await at.put('outbox', row)
      for (const [sha256, photo] of photos) await at.put('file', photo, sha256)
    })
  }

  private async reopen(): Promise<Session | undefined> {
    const active = await (await this.shelf()).get<{ name: string; key: CryptoKey }>('fact', 'active')
    const person = active && (await this.people()).find((each) => each.name === active.name)
    if (!active || !person) return undefined
    const { key } = active
    const shelf = await Shelf.open(shelfOf(person.name))
    const sealed = await shelf.get<Awaited<ReturnType<typeof seal>>>('fact', 'welcome')
    if (!sealed) {
      shelf.close()
      return undefined
    }
    const welcome = await unseal<Welcome>(key, sealed)
    for (const spec of welcome.declared) this.registry.declare(spec)
    const replica = await Replica.load(shelf, key, this.registry)
    const outbox = await Outbox.load(shelf, key, this.registry)
    const attachments = new Attachments(shelf, key)
    const known = async <T>(fact: string, otherwise: T) => (await shelf.get<T>('fact', fact)) ?? otherwise
    const state: LinkState = {
      fate: 'unknown',
      ...(await known<LastLine>('line', {})),
      seq: await known('seq', 0),
      imported: await known('imported', 0),
      clock: await known<Clock>('clock', { skew: 0, last: 0 }),
    }
    const ask = this.authorised(welcome, () => outbox.onlyHere)
    const link = new Link(ask, replica, outbox, state, {
      files: attachments,
      // A worker that was stopped meanwhile can still say how old the last news are.
      settled: async ({ fate, since, confirmedAt }) => {
        const last: LastLine = { fate, since, confirmedAt }
        if (!shelf.closed) await shelf.put('fact', last, 'line')
      },
    })
    const desk = new DeviceDesk(
      this.registry,
      welcome.actor,
      replica,
      outbox,
      () => this.changed(),
      () => link.state.imported,
      () => believed(link.state.clock).at,
    )
    return { person, welcome, shelf, key, replica, outbox, attachments, link, ask, desk }
  }

  private authorised({ token, node }: Welcome, waiting: () => number = () => 0): Ask {
    return async (path, init = {}) => {
      const ready = await packed(init)
      const response = await this.ask(path, {
        ...ready,
        credentials: 'omit',
        headers: {
          ...(ready.headers as Record<string, string>),
          authorization: `Bearer ${token}`,
          'x-waiting': String(waiting()),
        },
      })
      // Neither «revoked» nor «arrived» is believed from anybody but the box this device belongs to.
      if (response.headers.get(boxMark) !== node) throw new TypeError('somebody else answered')
      return response
    }
  }
}

const sameAs = (a: object, b: object) => canonical(a) === canonical(b)

/** What waits here lies under a PIN that is not the one given: unlock with the old one first. */
export class StillLocked extends Error {}

type LastLine = Partial<Pick<LinkState, 'fate' | 'since' | 'confirmedAt'>>

// From the fifth miss on the wait doubles: 30 s, 1 min, 2 min … A found phone is revoked before a PIN is guessed.
const pauseAfter = (misses: number) => 30_000 * 2 ** Math.min(misses - 5, 12)

/** In ms. Never longer than the pause itself: a phone that lived in 2099 for an hour is not locked for a lifetime. */
const waitFor = ({ misses, waitsUntil }: Person) =>
  waitsUntil === undefined ? 0 : Math.min(waitsUntil - Date.now(), pauseAfter(misses))

/** Bytes a person's replica takes on this device, as the browser tells. */
export async function bytesUsed(): Promise<number> {
  const estimate = await navigator.storage?.estimate?.()
  return estimate?.usage ?? 0
}
