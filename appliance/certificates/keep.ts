// Keeps the box's certificate true: covering every address people may type, not near its end, signed by the county's
// authority. Looked at when the box starts and every quarter minute after; whoever serves with it is told of a new one.

import { existsSync } from 'node:fs'
import { isIP } from 'node:net'
import {
  type Authority,
  isLocalName,
  issue,
  type Names,
  openAuthority,
  readSealed,
  type Sealed,
  writeSealed,
} from './authority.ts'
import { serverFile } from './files.ts'
import { type Machine, namesOf, thisMachine } from './names.ts'

const day = 86_400_000
export const renewBefore = 30 * day

export interface Keeping {
  keys: string
  county: string
  node: string
  /** Names and addresses of the setting https.names. */
  also: string[]
  onRenew: (server: Sealed) => unknown
  report: (why: string, names: Names) => void
  machine?: Machine
  now?: () => number
  everyMs?: number
}

export interface Certificates {
  authority: Authority
  server(): Sealed
  /** What the certificate is good for now. */
  names(): Names
  covers(host: string): boolean
  until(): Date
  /** Looks now. Answers why a new one was made, or undefined when the old one still does. */
  look(): Promise<string | undefined>
  stop(): void
}

export async function keepCertificates(keeping: Keeping): Promise<Certificates> {
  const { keys, also, machine = thisMachine, now = Date.now } = keeping
  const wished = namesOf(machine, also)
  const authority = await openAuthority(keys, { ...keeping, names: wished.dns })
  const file = serverFile(keys)
  let server: Sealed | undefined = tryRead(file)
  let looking: Promise<string | undefined> | undefined

  async function renewWhenNeeded(): Promise<string | undefined> {
    const names = allowed(namesOf(machine, also), authority)
    const why = whyRenew(server, authority, names, now())
    if (!why) return undefined
    const first = server === undefined
    writeSealed(file, await issue(authority, names, now()))
    server = readSealed(file)
    keeping.report(why, names)
    if (!first) await keeping.onRenew(server)
    return why
  }
  // One look at a time: two would write the same file.
  const look = () =>
    (looking ??= renewWhenNeeded().finally(() => {
      looking = undefined
    }))

  await look()
  const timer = setInterval(
    () => look().catch((error) => keeping.report(`cannot be renewed: ${error.message}`, namesIn(server!))),
    keeping.everyMs ?? 15_000,
  )
  return {
    authority,
    server: () => server!,
    names: () => namesIn(server!),
    covers: (host) => covers(namesIn(server!), host),
    until: () => server!.read.validToDate,
    look,
    stop: () => clearInterval(timer),
  }
}

/** Undefined while it will do. An address that went away is no reason: cables are pulled, and come back. */
export function whyRenew(
  server: Sealed | undefined,
  authority: Authority,
  names: Names,
  now: number,
): string | undefined {
  if (!server) return 'there was none'
  const { read } = server
  if (!read.checkIssued(authority.read) || !read.verify(authority.read.publicKey))
    return 'another authority signed it'
  if (now < read.validFromDate.getTime()) return 'the clock says it is not valid yet'
  if (now > read.validToDate.getTime() - renewBefore)
    return now > read.validToDate.getTime() ? 'it expired' : 'it would expire soon'
  const has = namesIn(server)
  const missing = [...names.dns, ...names.ip].filter((name) => !covers(has, name))
  return missing.length > 0 ? `new names: ${missing.join(', ')}` : undefined
}

/** A certificate with a name its authority may not sign for would be refused as a whole. */
export function allowed(names: Names, authority: Authority): Names {
  const endings = constraintsOf(authority)
  return { ip: names.ip, dns: names.dns.filter((name) => isLocalName(name, endings)) }
}

// Read back from the certificate itself (2.5.29.30): a restored box may have been named otherwise.
function constraintsOf(authority: Authority): string[] {
  const der = Buffer.from(authority.der)
  const at = der.indexOf(Buffer.from([0x06, 0x03, 0x55, 0x1d, 0x1e]))
  if (at < 0) return []
  const found: string[] = []
  for (let i = at + 5; i < der.length - 3; i++) {
    // SEQUENCE { [2] IA5String }: each name stands alone in its subtree.
    if (der[i] !== 0x30 || der[i + 2] !== 0x82 || der[i + 1] !== der[i + 3]! + 2) continue
    const text = der.subarray(i + 4, i + 4 + der[i + 3]!).toString('ascii')
    if (!/^[a-z0-9.-]+$/.test(text)) continue
    found.push(text)
    i += 3 + text.length
  }
  return found
}

export function namesIn({ read }: Sealed): Names {
  const parts = (read.subjectAltName ?? '').split(', ')
  const after = (head: string) =>
    parts.filter((part) => part.startsWith(head)).map((part) => part.slice(head.length))
  return { dns: after('DNS:'), ip: after('IP Address:').map(plainAddress) }
}

export const covers = (names: Names, host: string) => {
  const plain = host.replaceAll(/^\[|\]$/g, '').toLowerCase()
  return isIP(plain) ? names.ip.includes(plainAddress(plain)) : names.dns.includes(plain)
}

/** ::1 and 0:0:0:0:0:0:0:1 are the same address. */
const plainAddress = (text: string) =>
  isIP(text) === 6 ? new URL(`http://[${text}]`).hostname.slice(1, -1) : text

function tryRead(file: string): Sealed | undefined {
  if (!existsSync(file)) return undefined
  try {
    return readSealed(file)
  } catch {
    // Made again below: unlike the authority, nobody had to trust it by hand.
    return undefined
  }
}
