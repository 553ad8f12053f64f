// What a decoder is, whoever's format it reads.

import type { Words } from '../kernel/words.ts'

export interface Fault {
  fault: 'unreadable' | 'time' | 'value' | 'unknown-sensor' | 'unknown-topic' | 'too-many'
  reason: Words
}

export type Say = (metric: string, at: number, value: number) => void

/** `tail`: the topic after the sensor's prefix. */
export type Decoder = (payload: Uint8Array, tail: string, arrived: number, say: Say) => Fault | undefined
