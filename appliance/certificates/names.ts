// What people may type to reach the box: every address of the machine, its host name, xianhe.local, and what the setting
// https.names adds (a name in the county's own DNS, the outer address of a router).

import { isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import type { Names } from './authority.ts'

export interface Machine {
  hostname(): string
  interfaces(): ReturnType<typeof networkInterfaces>
}
export const thisMachine: Machine = { hostname, interfaces: networkInterfaces }

export function namesOf(machine: Machine, also: string[] = []): Names {
  const addresses = Object.entries(machine.interfaces())
    .filter(([name]) => !/^(docker|br-|veth|virbr)/.test(name))
    .flatMap(([, found]) => found ?? [])
    // Link-local addresses need a zone behind them, which no certificate can say.
    .filter((each) => !/^(169\.254\.|fe80:)/i.test(each.address))
    .map((each) => each.address)
  const own = hostLabel(machine.hostname())
  const typed = also.map((each) => each.trim().toLowerCase()).filter(Boolean)
  return {
    ip: [...new Set(['127.0.0.1', '::1', ...addresses, ...typed.filter((each) => isIP(each) > 0)])].sort(),
    dns: [
      ...new Set([
        'localhost',
        'xianhe.local',
        ...(own ? [own, `${own}.local`] : []),
        ...typed.filter((each) => isIP(each) === 0 && /^[a-z0-9.-]+$/.test(each)),
      ]),
    ].sort(),
  }
}

/** The host name as DNS can say it; a name in Chinese or with underscores is left out rather than bent. */
export function hostLabel(name: string): string | undefined {
  const first = name.toLowerCase().split('.')[0]!
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(first) && first !== 'localhost' ? first : undefined
}
