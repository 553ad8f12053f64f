import { expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { Refusal } from '../server/kernel/refusal.ts'
import { opened, sealed } from './vault.ts'

const whole = async (stream: AsyncIterable<Uint8Array>) => {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}
async function* inBits(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
const seal = (bytes: Buffer) => whole(sealed(inBits(bytes, 70_001), '沅江 2026'))
const open = (bytes: Buffer, passphrase = '沅江 2026') => whole(opened(inBits(bytes, 65_537), passphrase))
const sentence = (opening: Promise<unknown>) =>
  opening.then(
    () => 'opened',
    (error) => (error instanceof Refusal ? error.words.en : Promise.reject(error)),
  )

const mib = 1 << 20

test('what was sealed opens again, at every awkward length', async () => {
  for (const length of [0, 1, mib - 1, mib, mib + 1, 2 * mib, 2 * mib + 17]) {
    const plain = randomBytes(length)
    expect((await open(await seal(plain))).equals(plain)).toBe(true)
  }
})

test('a wrong passphrase, a flipped byte, a cut end and a foreign file each get their sentence', async () => {
  const vault = await seal(randomBytes(2 * mib + 17))
  expect(await sentence(open(vault, 'guess'))).toContain('passphrase is wrong')
  const flipped = Buffer.from(vault)
  flipped[mib + 500]! ^= 1
  expect(await sentence(open(flipped))).toContain('damaged')
  // At a chunk border nothing is missing but the mark of the last chunk.
  expect(await sentence(open(vault.subarray(0, 48 + 2 * (mib + 16))))).toContain('cut short')
  expect(await sentence(open(vault.subarray(0, vault.length - 1)))).toContain('cut short')
  expect(await sentence(open(vault.subarray(0, 20)))).toContain('not a backup')
  expect(await sentence(open(randomBytes(500)))).toContain('not a backup')
})

test('two chunks that changed places are noticed', async () => {
  const vault = await seal(randomBytes(3 * mib))
  const chunk = mib + 16
  const swapped = Buffer.concat([
    vault.subarray(0, 48),
    vault.subarray(48 + chunk, 48 + 2 * chunk),
    vault.subarray(48, 48 + chunk),
    vault.subarray(48 + 2 * chunk),
  ])
  expect(await sentence(open(swapped))).toContain('wrong')
})
