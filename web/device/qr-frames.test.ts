import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { encodeQR } from 'qr'
import {
  base45,
  chunksOf,
  coarse,
  framesOf,
  fromBase45,
  Gathering,
  largestShown,
  secondsFor,
  usual,
} from './qr-frames.ts'

const some = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7919 + (i >> 5) * 31) & 0xff)

/** Reads codes in the given order; the parcel once it is whole, and how many codes were looked at. */
async function read(frame: (n: number) => string, order: Iterable<number>) {
  const gathering = new Gathering()
  let looked = 0
  for (const n of order) {
    looked++
    gathering.take(frame(n))
    const parcel = await gathering.parcel()
    if (parcel) return { parcel, looked, gathering }
  }
  return { parcel: undefined, looked, gathering }
}

describe('a parcel shown as QR codes', () => {
  test('arrives whatever is missed, seen twice or seen out of order: a thousand random readings', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 6000 }),
        fc.constantFrom(usual, coarse),
        fc.integer({ min: 0, max: 5000 }),
        fc.double({ min: 0, max: 0.8, noNaN: true }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        async (bytes, pace, from, loss, dice) => {
          const parcel = Uint8Array.from(bytes)
          const frame = await framesOf(parcel, pace)
          const roll = () => dice.next().value as number
          function* seen() {
            let waiting: number[] = []
            for (let n = from; ; n++) {
              if (roll() < loss) continue
              waiting.push(n)
              if (roll() < 0.3) waiting.push(n)
              if (waiting.length < 6) continue
              for (const each of waiting.sort(() => roll() - 0.5)) yield each
              waiting = []
            }
          }
          const { parcel: got, gathering } = await read(frame, seen())
          expect(got).toEqual(parcel)
          const need = chunksOf(parcel.length, pace).count
          expect(gathering.progress).toEqual({ have: need, need })
        },
      ),
      { numRuns: 1000 },
    )
  }, 60_000)

  test('takes few codes more than it has chunks, also for somebody who comes late and misses one in five', async () => {
    const parcel = some(12_000)
    const frame = await framesOf(parcel, usual)
    const need = chunksOf(parcel.length, usual).count
    const looked: number[] = []
    for (let from = 0; from < 2000; from += 40) {
      const order = Array.from({ length: 3 * need }, (_, i) => from + i).filter((n) => (n * 13) % 5 !== 0)
      const result = await read(frame, order)
      expect(result.parcel).toEqual(parcel)
      looked.push(result.looked)
    }
    const mean = looked.reduce((a, b) => a + b) / looked.length
    expect(mean).toBeLessThan(need + 3)
    expect(Math.max(...looked)).toBeLessThan(need + 12)
  })

  test('other codes on the table are left alone, and a parcel begun anew replaces the first', async () => {
    const [first, second] = [await framesOf(some(900), usual), await framesOf(some(901), usual)]
    const gathering = new Gathering()
    for (const text of ['https://192.168.1.8/t/1', 'XHQ1:', 'XHQ1:::::', 'XHQ1:QED8WEX0', ''])
      expect(gathering.take(text)).toBe('other')
    expect(gathering.take(first(0))).toBe('new')
    expect(gathering.take(first(0))).toBe('known')
    expect(gathering.take(second(3))).toBe('new')
    expect(gathering.progress).toEqual({ have: 1, need: 5 })
    for (const n of [0, 1, 2, 4]) gathering.take(second(n))
    expect(await gathering.parcel()).toEqual(some(901))
  })

  test('one code misread in spite of its own correction costs a new beginning, never a wrong parcel', async () => {
    const frame = await framesOf(some(900), usual)
    const gathering = new Gathering()
    const wrong = fromBase45(frame(2).slice(5))!
    wrong[40]! ^= 1
    gathering.take(`XHQ1:${base45(wrong)}`)
    for (const n of [0, 1, 3, 4]) gathering.take(frame(n))
    expect(await gathering.parcel()).toBeUndefined()
    expect(gathering.progress).toEqual({ have: 0, need: 0 })
    for (const n of [5, 6, 7, 8, 9, 10, 11, 12, 13]) gathering.take(frame(n))
    expect(await gathering.parcel()).toEqual(some(900))
  })

  test('a code has 53 modules at the usual pace and 33 at the coarse one', async () => {
    for (const [pace, modules] of [
      [usual, 53],
      [coarse, 33],
    ] as const) {
      const frame = await framesOf(some(50_000), pace)
      for (const n of [0, 1, 4711])
        expect(encodeQR(frame(n), 'raw', { ecc: 'low', border: 1 }).length - 2).toBe(modules)
    }
    expect([secondsFor(1200), secondsFor(20_000), secondsFor(largestShown)]).toEqual([5, 25, 105])
  })
})

test('base45 is RFC 9285’s', () => {
  for (const [plain, coded] of [
    ['AB', 'BB8'],
    ['Hello!!', '%69 VD92EX0'],
    ['base-45', 'UJCLQE7W581'],
    ['ietf!', 'QED8WEX0'],
  ] as const) {
    expect(base45(new TextEncoder().encode(plain))).toBe(coded)
    expect(new TextDecoder().decode(fromBase45(coded))).toBe(plain)
  }
  for (const wrong of ['GGW', 'A', ':::', 'a00']) expect(fromBase45(wrong)).toBeUndefined()
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(fromBase45(base45(bytes))).toEqual(Uint8Array.from(bytes))
    }),
  )
})
