// What a check of the doctor found: a line, and the cure when something is not as it should be.

import type { Words } from '../server/kernel/words.ts'

export interface Finding {
  about: Words
  state: 'good' | 'look' | 'bad'
  says: Words
  cure?: Words
}

export const good = (about: Words, says: Words): Finding => ({ about, state: 'good', says })
export const look = (about: Words, says: Words, cure: Words): Finding => ({
  about,
  state: 'look',
  says,
  cure,
})
export const bad = (about: Words, says: Words, cure: Words): Finding => ({ about, state: 'bad', says, cure })
