import type { Words } from '../server/kernel/words.ts'

/** Why a package was turned away. The code is for programs, the sentence for people. */
export type RefusalCode =
  | 'format'
  | 'truncated'
  | 'key'
  | 'signature'
  | 'part'
  | 'peer'
  | 'gap'
  | 'previous'
  | 'authority'
  | 'disk'

/** A package is refused whole: nothing of it was applied, and the file is kept for a person to look at. */
export class PackageRefused extends Error {
  constructor(
    readonly code: RefusalCode,
    readonly words: Words,
  ) {
    super(words.en)
    this.name = 'PackageRefused'
  }
}

export function refusePackage(code: RefusalCode, zh: string, en: string): never {
  throw new PackageRefused(code, { zh, en })
}
