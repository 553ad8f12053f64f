// A field device without a browser: the same replica, outbox and line as in the service worker, over real HTTP to a
// real box, with IndexedDB in memory. For faults and benches.

import 'fake-indexeddb/auto'
import { Registry } from '../server/kernel/registry.ts'
import { modules } from '../server/modules/roll-call.ts'
import type { Welcome } from '../web/device/device.ts'
import { DeviceDesk } from '../web/device/device-desk.ts'
import { Link } from '../web/device/link.ts'
import { Outbox } from '../web/device/outbox.ts'
import { Replica } from '../web/device/replica.ts'
import { Shelf } from '../web/device/shelf.ts'
import { newLock } from '../web/device/vault.ts'

export interface Phone {
  desk: DeviceDesk
  replica: Replica
  outbox: Outbox
  link: Link
}

let made = 0

/** Sets a device up for somebody at a box. `through`: the address the line goes to, when not straight to the box. */
export async function phoneAt(
  url: string,
  login: { name: string; password: string },
  through = url,
): Promise<Phone> {
  const welcome = await enrolled(url, login)
  const registry = new Registry(modules)
  for (const spec of welcome.declared) registry.declare(spec)
  const shelf = await Shelf.open(`phone-${made++}`)
  const { key } = await newLock('246810')
  const [replica, outbox] = [await Replica.load(shelf, key, registry), await Outbox.load(shelf, key)]
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(through + path, {
      ...init,
      signal: AbortSignal.timeout(60_000),
      // Each exchange dials anew, as a phone between two hills does.
      keepalive: false,
      headers: {
        ...(init.headers as Record<string, string>),
        authorization: `Bearer ${welcome.token}`,
        connection: 'close',
      },
    })
  return {
    replica,
    outbox,
    desk: new DeviceDesk(registry, welcome.actor, replica, outbox),
    link: new Link(ask, replica, outbox, {
      fate: 'unknown',
      seq: 0,
      imported: 0,
      clock: { skew: 0, last: 0 },
    }),
  }
}

/** Enters a device for somebody at a box, as its page does. */
export async function enrolled(url: string, login: { name: string; password: string }): Promise<Welcome> {
  const entered = await fetch(`${url}/login`, {
    method: 'POST',
    body: new URLSearchParams(login),
    redirect: 'manual',
  })
  const cookie = entered.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ')
  const page = await (await fetch(`${url}/field/setup`, { headers: { cookie } })).text()
  const csrf = /<meta name="csrf" content="([^"]+)"/.exec(page)![1]!
  const answer = await fetch(`${url}/field/devices`, {
    method: 'POST',
    headers: { cookie, 'x-csrf': csrf, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'phone' }),
  })
  if (!answer.ok) throw new Error(`the device was not set up: ${answer.status}`)
  return (await answer.json()) as Welcome
}
