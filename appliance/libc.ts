// The few things the kernel of the machine can do that Bun does not offer.

import { dlopen, FFIType as T } from 'bun:ffi'

const libc = dlopen('libc.so.6', {
  prctl: { args: [T.i32, T.u64, T.u64, T.u64, T.u64], returns: T.i32 },
  flock: { args: [T.i32, T.i32], returns: T.i32 },
}).symbols

const PR_SET_PDEATHSIG = 1
const SIGKILL = 9
const LOCK_EX = 2
const LOCK_NB = 4

/** This process is killed the moment its parent is gone, even in the middle of a long query. */
export function dieWithParent(parent: number) {
  libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
  // The parent may have died before the line above.
  if (process.ppid !== parent) process.exit(0)
}

/** Takes the lock that the system gives back by itself when the process ends, however it ends. */
export const lockFile = (descriptor: number): boolean => libc.flock(descriptor, LOCK_EX | LOCK_NB) === 0
