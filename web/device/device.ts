// Who works on this device. Several people may share it, each with a lock, a replica and an outbox of their own; one is
// signed in at a time. Signing out throws the open key away: what lies here can then be read by nobody, and what waits
// is sent when its person unlocks again.

import type { Actor } from '../../server/kernel/access.ts'
import type { DatasetSpec } from '../../server/kernel/dataset.ts'
import type { Registry } from '../../server/kernel/registry.ts'
import { Attachments } from './attachments.ts'
import { believed, type Clock } from './clock.ts'
import { DeviceDesk } from './device-desk.ts'
import { type Ask, Link } from './link.ts'
import { Outbox } from './outbox.ts'
import { Replica } from './replica.ts'
import { destroyShelf, Shelf } from './shelf.ts'
import { type Lock, newLock, openLock, seal, unseal } from './vault.ts'

/** What the box gives when a device is set up (server/http/devices.ts). */
export interface Welcome {
  device: string
  token: string
  actor: Actor
  county: { zh: string; en: string }
  node: string
  declared: DatasetSpec[]
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
  desk: DeviceDesk
}

const shelfOf = (name: string) => `xianhe-${name}`

export class Device {
  private session?: Session
  private opening?: Promise<Session | undefined>

  private constructor(
    private readonly shelf: Shelf,
    private readonly registry: Registry,
    private readonly ask: Ask,
    private readonly changed: () => void,
  ) {}

  static async open(registry: Registry, ask: Ask, changed: () => void): Promise<Device> {
    return new Device(await Shelf.open('xianhe-device'), registry, ask, changed)
  }

  async people(): Promise<Person[]> {
    return (await this.shelf.get<Person[]>('fact', 'people')) ?? []
  }

  /** The person signed in now, with everything open; found again after the browser stopped the worker. */
  async current(): Promise<Session | undefined> {
    if (this.session) return this.session
    this.opening ??= this.reopen().finally(() => {
      this.opening = undefined
    })
    return this.opening
  }

  /** Sets this device up for a person: from now on it carries their records. */
  async enrol(welcome: Welcome, pin: string): Promise<Session> {
    const { lock, key } = await newLock(pin)
    const { id: name, name: title } = welcome.actor
    const shelf = await Shelf.open(shelfOf(name))
    await shelf.put('fact', await seal(key, welcome), 'welcome')
    await this.keepPeople([
      ...(await this.people()).filter((each) => each.name !== name),
      { name, title, lock, misses: 0 },
    ])
    await this.shelf.put('fact', { name, key }, 'active')
    shelf.close()
    this.session = undefined
    return (await this.current())!
  }

  /** Seconds to wait, `false` when the PIN is wrong, the session when it is right. Works with no network at all. */
  async unlock(name: string, pin: string): Promise<Session | number | false> {
    const people = await this.people()
    const person = people.find((each) => each.name === name)
    if (!person) return false
    const wait = (person.waitsUntil ?? 0) - Date.now()
    if (wait > 0) return Math.ceil(wait / 1000)
    const key = await openLock(person.lock, pin)
    const misses = key ? 0 : person.misses + 1
    // From the fifth miss on the wait doubles: 30 s, 1 min, 2 min … A found phone is revoked before a PIN is guessed.
    const waitsUntil = misses >= 5 ? Date.now() + 30_000 * 2 ** Math.min(misses - 5, 12) : undefined
    await this.keepPeople(people.map((each) => (each === person ? { ...person, misses, waitsUntil } : each)))
    if (!key) return false
    await this.lock()
    await this.shelf.put('fact', { name, key }, 'active')
    return (await this.current())!
  }

  /** Signs out. Replica and waiting acts stay, sealed. */
  async lock(): Promise<void> {
    await this.shelf.remove('fact', 'active')
    this.session?.shelf.close()
    this.session = undefined
  }

  /** Revoked, or given back: nothing of the person is left on this device. */
  async wipe(name: string): Promise<void> {
    if (this.session?.person.name === name) await this.lock()
    await destroyShelf(shelfOf(name))
    await this.keepPeople((await this.people()).filter((each) => each.name !== name))
  }

  /** Sends and takes in. What a revoked device does is the one thing it may not refuse: it wipes itself. */
  async exchange(): Promise<void> {
    const session = await this.current()
    if (!session) return
    const before = session.link.state.fate
    const state = await session.link.exchange()
    if (state.fate === 'revoked') {
      await this.wipe(session.person.name)
      await this.authorised(session.welcome.token)('/device/v1/hello', { method: 'DELETE' }).catch(
        () => undefined,
      )
    }
    if (before !== state.fate || session.outbox.entries.length > 0) this.changed()
  }

  private keepPeople(people: Person[]) {
    return this.shelf.put('fact', people, 'people')
  }

  private async reopen(): Promise<Session | undefined> {
    const active = await this.shelf.get<{ name: string; key: CryptoKey }>('fact', 'active')
    const person = active && (await this.people()).find((each) => each.name === active.name)
    if (!active || !person) return undefined
    const { key } = active
    const shelf = await Shelf.open(shelfOf(person.name))
    const sealed = await shelf.get<Awaited<ReturnType<typeof seal>>>('fact', 'welcome')
    if (!sealed) return undefined
    const welcome = await unseal<Welcome>(key, sealed)
    for (const spec of welcome.declared) this.registry.declare(spec)
    const [replica, outbox] = [await Replica.load(shelf, key), await Outbox.load(shelf, key)]
    const attachments = new Attachments(shelf, key)
    const ask = this.authorised(welcome.token, () => outbox.onlyHere)
    const seq = (await shelf.get<number>('fact', 'seq')) ?? 0
    const imported = (await shelf.get<number>('fact', 'imported')) ?? 0
    const clock = (await shelf.get<Clock>('fact', 'clock')) ?? { skew: 0, last: 0 }
    const link = new Link(
      ask,
      replica,
      outbox,
      { fate: 'unknown', seq, imported, clock },
      {
        before: () => attachments.send(ask),
      },
    )
    const desk = new DeviceDesk(
      this.registry,
      welcome.actor,
      replica,
      outbox,
      () => void this.exchange(),
      () => link.state.imported,
      () => believed(link.state.clock).at,
    )
    this.session = { person, welcome, shelf, key, replica, outbox, attachments, link, desk }
    return this.session
  }

  private authorised(token: string, waiting: () => number = () => 0): Ask {
    return (path, init = {}) =>
      this.ask(path, {
        ...init,
        credentials: 'omit',
        headers: {
          ...(init.headers as Record<string, string>),
          authorization: `Bearer ${token}`,
          'x-waiting': String(waiting()),
        },
      })
  }
}

/** Bytes a person's replica takes on this device, as the browser tells. */
export async function bytesUsed(): Promise<number> {
  const estimate = await navigator.storage?.estimate?.()
  return estimate?.usage ?? 0
}
