// The line itself, where the kernel has no netem: two TUN devices and this program between them. What one end's kernel
// sends is read here as whole IP packets; some are lost to the die, some to a full queue, the rest goes out at the
// line's pace and arrives after the delay. The kernels at both ends notice and send again: that is the point.
//
// Started by lossy-line.ts as a process of its own. Says «ready», then answers each line on stdin with what passed.

import { dlopen, FFIType as T } from 'bun:ffi'
import { openSync, read, writeSync } from 'node:fs'
import type { Conditions, Passed } from './lossy-line.ts'

// linux/if_tun.h: TUNSETIFF; IFF_TUN | IFF_NO_PI. A request is 40 bytes, the name first, the flags at 16.
const TUNSETIFF = 0x400454ca
const tunWithoutHeader = 0x0001 | 0x1000

const { symbols: libc } = dlopen('libc.so.6', {
  ioctl: { args: [T.i32, T.u64, T.ptr], returns: T.i32 },
})

/** Opens a TUN device of this name; its packets come and go through the descriptor, wherever the device is moved to. */
function openTun(name: string): number {
  const descriptor = openSync('/dev/net/tun', 'r+')
  const request = new Uint8Array(40)
  new TextEncoder().encodeInto(name, request)
  new DataView(request.buffer).setUint16(16, tunWithoutHeader, true)
  if (libc.ioctl(descriptor, TUNSETIFF, request) !== 0) throw new Error(`no TUN device ${name}`)
  return descriptor
}

/** Mulberry32: the same seed loses the same packets. */
function die(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** One direction. The pace is kept by the moment at which the line is free again. */
function carry(from: number, to: number, { loss, delay, rate, queue }: Conditions, seed: number): Passed {
  const passed: Passed = { packets: 0, bytes: 0, lost: 0, dropped: 0 }
  const throws = die(seed)
  const msPerByte = 8000 / rate
  let freeAt = 0
  let waiting = 0
  const take = (packet: Uint8Array) => {
    passed.packets++
    passed.bytes += packet.length
    if (throws() < loss) passed.lost++
    else if (waiting >= queue) passed.dropped++
    else {
      const now = performance.now()
      freeAt = Math.max(freeAt, now) + packet.length * msPerByte
      waiting++
      setTimeout(() => waiting--, freeAt - now)
      setTimeout(() => writeSync(to, packet), freeAt - now + delay)
    }
  }
  const buffer = new Uint8Array(65_536)
  const next = () =>
    read(from, buffer, 0, buffer.length, null, (error, length) => {
      if (error) throw error
      take(buffer.slice(0, length))
      next()
    })
  next()
  return passed
}

const [nearName, farName, given] = process.argv.slice(2) as [string, string, string]
const conditions = JSON.parse(given) as Conditions
const [near, far] = [openTun(nearName), openTun(farName)]
const up = carry(near, far, conditions, conditions.seed)
const down = carry(far, near, conditions, conditions.seed + 1)
console.log('ready')
for await (const _ of console) console.log(JSON.stringify({ up, down }))
process.exit()
