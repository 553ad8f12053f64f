// A node holds two keys, and each peer is sent what its platform asks for: Ed25519 or 国密. By wire, by pull and by stick.

import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Refusal } from '../server/kernel/refusal.ts'
import { cutAgain, cutPackages, packageOut, packagesFor } from './cut.ts'
import { openPackage, sha256 } from './open.ts'
import { addPeer, findPeer, mayNotKnow, ownCard, readCard, setSignature } from './peers.ts'
import type { PackageReceipt } from './receipt.ts'
import { packagesIn, receivePackage, retryRefused } from './receive.ts'
import { type Box, bytesOf, join2, plugOut, recordsOf, stage } from './scene.ts'
import { type Algorithm, algorithms, isWholeKey, keyFiles, openSeals, readPublicKeys } from './seal.ts'
import { importFrom, packageFor } from './stick.ts'
import { exchangeWith } from './wire.ts'

setDefaultTimeout(120_000)

const { open, stick, clear } = stage()
afterEach(clear)

const idOf = (box: Box) => box.store.node.id
const cardOf = (box: Box) => ownCard(box.store, box.exchange.seals.publicKeys)
/** The card of a box that knew no SM2 yet. */
const oldCardOf = (box: Box) => ({ ...cardOf(box), keys: [box.exchange.seals.of('Ed25519').publicKey] })
const twoTiers = (how: Parameters<typeof join2>[2] = {}) => {
  const county = open({ division: '430981', name: '沅江市' })
  const prefecture = open({ division: '4309', name: '益阳市' })
  return { county, prefecture, ...join2(county, prefecture, how) }
}
const sealedWith = async (path: string): Promise<Algorithm> => {
  const opened = await openPackage(path)
  await opened.close()
  return opened.signature.alg
}
const receiptSealedWith = (box: Box, peer: string, seq: number) =>
  (packageOut(box.exchange, peer, seq)!.receipt as PackageReceipt).signature!.alg

describe('the keys of a node', () => {
  test('are made once, both, for this user only, and stay', () => {
    const dir = join(stick(), 'keys')
    const first = openSeals(dir)
    expect(readdirSync(dir).sort()).toEqual([...keyFiles].sort())
    expect(keyFiles).toEqual(['node.pem', 'node-sm2.pem'])
    for (const name of keyFiles) {
      expect([name, statSync(join(dir, name)).mode & 0o777, isWholeKey(dir, name)]).toEqual([
        name,
        0o600,
        true,
      ])
    }
    const before = keyFiles.map((name) => readFileSync(join(dir, name), 'utf8'))
    expect(openSeals(dir).publicKeys).toEqual(first.publicKeys)
    expect(keyFiles.map((name) => readFileSync(join(dir, name), 'utf8'))).toEqual(before)
    expect(first.publicKeys.map((key) => key.alg)).toEqual(algorithms)
  })

  test('of a box from before 国密: the one it has stays, the other joins it', () => {
    const dir = stick()
    const known = openSeals(dir).of('Ed25519').publicKey
    rmSync(join(dir, 'node-sm2.pem'))
    const later = openSeals(dir)
    expect(later.of('Ed25519').publicKey).toEqual(known)
    expect(existsSync(join(dir, 'node-sm2.pem'))).toBe(true)
  })

  test('half written when the power went are written again; damaged later they are never replaced, and the sentence says what to do', () => {
    const dir = stick()
    writeFileSync(join(dir, 'node-sm2.pem.tmp'), '-----BEGIN PRI')
    openSeals(dir).of('SM2-SM3')
    expect(existsSync(join(dir, 'node-sm2.pem.tmp'))).toBe(false)
    for (const name of keyFiles) {
      writeFileSync(join(dir, name), readFileSync(join(dir, name), 'utf8').slice(0, 60))
      expect(isWholeKey(dir, name)).toBe(false)
    }
    for (const alg of algorithms) {
      const refused = (() => {
        try {
          openSeals(dir).of(alg)
        } catch (error) {
          if (error instanceof Refusal) return error.words.zh
        }
      })()
      expect(refused).toContain('请从备份恢复')
    }
    expect(readFileSync(join(dir, 'node-sm2.pem'), 'utf8')).toHaveLength(60)
  })

  test('one that is not for signing packages is not read', () => {
    const dir = stick()
    const made = Bun.spawnSync([
      'openssl',
      'genpkey',
      '-algorithm',
      'EC',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
    ])
    writeFileSync(join(dir, 'node-sm2.pem'), made.stdout)
    writeFileSync(join(dir, 'node.pem'), made.stdout)
    expect(keyFiles.map((name) => isWholeKey(dir, name))).toEqual([false, false])
  })
})

describe('a card', () => {
  test('names both keys, and is read back with their ids made again', () => {
    const { county } = twoTiers()
    const card = cardOf(county)
    expect(card.keys.map((key) => key.alg)).toEqual(['Ed25519', 'SM2-SM3'])
    const lying = { ...card, keys: card.keys.map((key) => ({ ...key, id: '0000000000000000' })) }
    expect(readCard(JSON.stringify(lying)).keys).toEqual(card.keys)
    expect(readPublicKeys(card.keys.map((key) => key.pem).join('\n'))).toEqual(card.keys)
  })

  test('of an older box with one key is read; of a newer one with a key we cannot use, without it', () => {
    const { county, prefecture } = twoTiers()
    const old = JSON.stringify(oldCardOf(prefecture))
    expect(readCard(old).keys).toHaveLength(1)
    expect(mayNotKnow(addPeer(county.store, { card: readCard(old) }).peer, 'SM2-SM3')).toBe(true)
    const newer = {
      ...cardOf(prefecture),
      keys: [...cardOf(prefecture).keys, { alg: 'ML-DSA-65', id: 'x', pem: 'x' }],
    }
    expect(readCard(JSON.stringify(newer)).keys).toEqual(cardOf(prefecture).keys)
    expect(mayNotKnow(addPeer(county.store, { card: readCard(JSON.stringify(newer)) }).peer, 'SM2-SM3')).toBe(
      false,
    )
    expect(() => readCard(JSON.stringify({ ...newer, keys: newer.keys.slice(2) }))).toThrow(Refusal)
    expect(() =>
      readCard(JSON.stringify({ ...newer, keys: [{ ...newer.keys[1]!, pem: 'rubbish' }] })),
    ).toThrow(Refusal)
  })

  test('added again keeps the algorithm that was chosen, unless another is chosen with it', () => {
    const { county, prefecture } = twoTiers()
    const signature = () => findPeer(county.store, idOf(prefecture))!.signature
    expect(signature()).toBe('Ed25519')
    addPeer(county.store, { card: cardOf(prefecture), signature: 'SM2-SM3' })
    addPeer(county.store, { card: cardOf(prefecture) })
    expect(signature()).toBe('SM2-SM3')
    addPeer(county.store, { card: cardOf(prefecture), signature: 'Ed25519' })
    expect(signature()).toBe('Ed25519')
  })
})

describe('packages and receipts for a peer that asks for 国密', () => {
  test('by wire: each side signs as it chose for the other, and takes what the other chose', async () => {
    const { county, prefecture } = twoTiers()
    setSignature(county.store, idOf(prefecture), 'SM2-SM3')
    county.register('CW-001')
    prefecture.act('agri.product.created', Bun.randomUUIDv7(), { name: '南洞庭芦笋' })
    expect(await exchangeWith(county.exchange, idOf(prefecture))).toMatchObject({
      pushed: 1,
      confirmed: 1,
      pulled: 1,
    })
    const up = packageOut(county.exchange, idOf(prefecture), 1)!
    const down = packageOut(prefecture.exchange, idOf(county), 1)!
    expect([up.state, await sealedWith(up.path)]).toEqual(['imported', 'SM2-SM3'])
    expect([down.state, await sealedWith(down.path)]).toEqual(['imported', 'Ed25519'])
    // The county's answer is for the prefecture too, which asks for 国密.
    expect(receiptSealedWith(prefecture, idOf(county), 1)).toBe('SM2-SM3')
    expect(receiptSealedWith(county, idOf(prefecture), 1)).toBe('Ed25519')
    expect(recordsOf(prefecture)).toEqual(recordsOf(county))
  })

  test('by pull: a county nobody can call is fetched from', async () => {
    const { county, prefecture } = twoTiers()
    setSignature(county.store, idOf(prefecture), 'SM2-SM3')
    plugOut(prefecture)
    county.register('CW-001')
    expect(await exchangeWith(prefecture.exchange, idOf(county))).toMatchObject({ pulled: 1 })
    const sent = packageOut(county.exchange, idOf(prefecture), 1)!
    expect([sent.state, await sealedWith(sent.path)]).toEqual(['imported', 'SM2-SM3'])
    expect(recordsOf(prefecture)).toEqual(recordsOf(county))
  })

  test('by stick: up in 国密, receipts back in 国密', async () => {
    const { county, prefecture } = twoTiers({ wire: false })
    setSignature(county.store, idOf(prefecture), 'SM2-SM3')
    setSignature(prefecture.store, idOf(county), 'SM2-SM3')
    county.register('CW-001')
    const dir = stick()
    const { packages } = await packageFor(county.exchange, idOf(prefecture), dir)
    expect(await sealedWith(join(dir, packages[0]!.file))).toBe('SM2-SM3')
    expect((await importFrom(prefecture.exchange, dir)).packages).toMatchObject([{ outcome: 'applied' }])
    expect((await importFrom(county.exchange, dir)).confirmed).toMatchObject([{ outcome: 'applied' }])
    expect(receiptSealedWith(county, idOf(prefecture), 1)).toBe('SM2-SM3')
  })

  test('a choice changed in the middle of a line: what is cut keeps its bytes, the chain holds, and back again', async () => {
    const { county, prefecture } = twoTiers({ wire: false })
    const chosen: Algorithm[] = ['Ed25519', 'SM2-SM3', 'SM2-SM3', 'Ed25519']
    const bytes: string[] = []
    for (const [i, alg] of chosen.entries()) {
      setSignature(county.store, idOf(prefecture), alg)
      county.register(`CW-00${i}`)
      const [cut] = await cutPackages(county.exchange, idOf(prefecture))
      bytes.push(sha256(bytesOf(cut!.path)))
    }
    const cut = packagesFor(county.exchange, idOf(prefecture)).reverse()
    expect(cut.map((each) => sha256(bytesOf(each.path)))).toEqual(bytes)
    for (const [i, each] of cut.entries()) {
      expect(await sealedWith(each.path)).toBe(chosen[i]!)
      expect(await receivePackage(prefecture.exchange, each.path, 'hand')).toMatchObject({
        outcome: 'applied',
      })
    }
    expect(recordsOf(prefecture)).toEqual(recordsOf(county))
  })

  test('cut again it is the same file; cut again after another choice it is the same package, already here', async () => {
    const { county, prefecture } = twoTiers({ wire: false })
    setSignature(county.store, idOf(prefecture), 'SM2-SM3')
    county.register('CW-001')
    const [first] = await cutPackages(county.exchange, idOf(prefecture))
    const copy = join(stick(), first!.file)
    writeFileSync(copy, bytesOf(first!.path))
    const [again] = await cutAgain(county.exchange, idOf(prefecture), 1)
    expect(bytesOf(again!.path)).toEqual(bytesOf(copy))
    expect(await receivePackage(prefecture.exchange, copy, 'hand')).toMatchObject({ outcome: 'applied' })
    setSignature(county.store, idOf(prefecture), 'Ed25519')
    const [other] = await cutAgain(county.exchange, idOf(prefecture), 1)
    expect(await sealedWith(other!.path)).toBe('Ed25519')
    expect(other!.manifestSha256).toBe(first!.manifestSha256)
    expect(await receivePackage(prefecture.exchange, other!.path, 'hand')).toMatchObject({
      outcome: 'repeated',
    })
  })

  test('a receiver that has only the old card refuses in the known sentence, and takes the same file once it has the new one', async () => {
    const county = open({ division: '430981', name: '沅江市' })
    const prefecture = open({ division: '4309', name: '益阳市' })
    addPeer(county.store, { card: cardOf(prefecture), signature: 'SM2-SM3' })
    addPeer(prefecture.store, { card: oldCardOf(county) })
    county.register('CW-001')
    const [cut] = await cutPackages(county.exchange, idOf(prefecture))
    const refused = await receivePackage(prefecture.exchange, cut!.path, 'hand')
    const { id } = county.exchange.seals.of('SM2-SM3').publicKey
    expect(refused).toMatchObject({
      outcome: 'refused',
      code: 'key',
      reason: { zh: `签名用的密钥 ${id} 不在已登记的密钥中:请先登记对方的名片,并当面核对密钥编号` },
    })
    addPeer(prefecture.store, { card: cardOf(county) })
    const [kept] = packagesIn(prefecture.exchange)
    expect(await retryRefused(prefecture.exchange, kept!.pid)).toMatchObject({ outcome: 'applied' })
  })

  test('a receipt under a key the sender does not know is told so, waits, and is taken once the card is here', async () => {
    const { county, prefecture } = twoTiers()
    plugOut(prefecture)
    setSignature(prefecture.store, idOf(county), 'SM2-SM3')
    county.register('CW-001')
    const { secret } = addPeer(county.store, { card: oldCardOf(prefecture) })
    prefecture.store.db.query('update peer set token = ?').run(secret)
    const round = await exchangeWith(prefecture.exchange, idOf(county))
    expect(round.fault!.zh).toContain('不在已登记的密钥中')
    expect(packageOut(county.exchange, idOf(prefecture), 1)!.state).not.toBe('imported')
    const again = addPeer(county.store, { card: cardOf(prefecture) })
    prefecture.store.db.query('update peer set token = ?').run(again.secret)
    expect((await exchangeWith(prefecture.exchange, idOf(county))).fault).toBeUndefined()
    expect(packageOut(county.exchange, idOf(prefecture), 1)!.state).toBe('imported')
    expect(receiptSealedWith(county, idOf(prefecture), 1)).toBe('SM2-SM3')
  })
})
