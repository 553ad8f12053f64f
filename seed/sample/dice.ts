// Chance that repeats: each thing has its own dice, named after it, so that a larger county contains the smaller one and
// a new field somewhere does not reshuffle everything after it.

export class Dice {
  private state: number

  constructor(name: string) {
    let hash = 0x811c9dc5
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
    this.state = hash >>> 0
  }

  /** mulberry32: from 0 up to 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let t = this.state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  between(low: number, high: number, digits = 2): number {
    const factor = 10 ** digits
    return Math.round((low + this.next() * (high - low)) * factor) / factor
  }

  chance(part: number): boolean {
    return this.next() < part
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.next() * from.length)]!
  }

  /** One of several by weight. */
  weighted<T>(from: readonly (readonly [T, number])[]): T {
    let left = this.next() * from.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [each, weight] of from) {
      left -= weight
      if (left < 0) return each
    }
    return from.at(-1)![0]
  }
}
