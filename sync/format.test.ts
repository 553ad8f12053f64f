// The package as a file: the same slice is the same bytes, stock tools open it, and no byte of it can be changed unseen.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createPublicKey, verify } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { canonical } from '../server/kernel/canonical.ts'
import { newId } from '../server/kernel/ids.ts'
import { cutAgain, type PackageOut } from './cut.ts'
import { manifestBytes, parseManifest } from './manifest.ts'
import { openPackage, sha256 } from './open.ts'
import { setSignature } from './peers.ts'
import { PackageRefused } from './refused.ts'
import { away, type Box, bytesOf, join2, newStick, openBox } from './scene.ts'
import {
  type Algorithm,
  algorithms,
  checkSignature,
  openSeals,
  parseSignature,
  type Signature,
} from './seal.ts'
import { readTar, writeTar } from './tar.ts'
import { verifyPackage } from './verify.ts'

// Real files, fsyncs and children: on a busy two-core box they take their time.
setDefaultTimeout(120_000)

let county: Box
let prefecture: Box
let cut: PackageOut
let bytes: Uint8Array
// The same slice for the same peer twice: the package as most get it, and as one gets it who asks for 国密.
const cuts = {} as Record<Algorithm, { path: string; bytes: Uint8Array }>
const keys = () => county.exchange.seals.publicKeys
const keyOf = (alg: Algorithm) => county.exchange.seals.of(alg).publicKey
const stick = newStick()

beforeAll(async () => {
  county = openBox({ division: '430981', name: '沅江市' })
  prefecture = openBox({ division: '4309', name: '益阳市' })
  join2(county, prefecture)
  const photo = new Uint8Array(3000).fill(7)
  writeFileSync(join(county.exchange.files, sha256(photo)), photo)
  const owner = newId()
  county.act('base.entity.created', owner, { name: '琼湖芦笋合作社', town: '430981' })
  const plot = county.register('CW-001', {
    owner,
    phone: '13812345678',
    holder: '11010519491231002X',
    photos: [{ sha256: sha256(photo), name: '田头.jpg', type: 'image/jpeg', bytes: 3000 }],
  })
  county.act('agri.plot.amended', plot, { area: 13 }, { base: 1 })
  county.act('office.drawer.created', newId(), { what: '公章' })
  const peer = prefecture.store.node.id
  for (const alg of algorithms.toReversed()) {
    setSignature(county.store, peer, alg)
    ;[cut] = (await cutAgain(county.exchange, peer, 1)) as [PackageOut]
    const path = join(stick, `${alg}.xhp`)
    writeFileSync(path, bytesOf(cut.path))
    cuts[alg] = { path, bytes: bytesOf(path) }
  }
  bytes = bytesOf(cut.path)
})
afterAll(() => {
  county.close()
  prefecture.close()
  away(county.data, prefecture.data, stick)
})

describe('a package', () => {
  test('says what is inside, in the contract’s members and order', async () => {
    const opened = await openPackage(cut.path)
    expect(Object.keys(opened.manifest).sort()).toEqual([
      'acts',
      'created',
      'datasets',
      'division',
      'format',
      'node',
      'parts',
      'peer',
      'policy',
      'previous',
      'seq',
    ])
    expect(opened.manifest).toMatchObject({
      format: 'xhp/1',
      node: county.store.node.id,
      peer: prefecture.store.node.id,
      division: '430981',
      seq: 1,
      previous: null,
      // The drawer is local: its act is counted among the omitted and nothing else of it leaves.
      acts: { from: 1, to: 4, count: 3, omitted: 1 },
      datasets: {
        'agri.plot': { created: 1, amended: 1, withdrawn: 0 },
        'base.entity': { created: 1, amended: 0, withdrawn: 0 },
      },
    })
    expect(opened.manifest.parts.map((part) => part.path)).toEqual([
      'schemas/agri.plot@1.json',
      'schemas/base.entity@1.json',
      'acts.ndjson.zst',
      `files/${sha256(new Uint8Array(3000).fill(7))}`,
    ])
    expect(opened.manifest.created).toBe(county.store.acts(0).at(-2)!.at)
    expect(cut.file).toBe(`${county.store.node.id}-${prefecture.store.node.id}-00000001.xhp`)
    await opened.close()
  })

  const openssl = Bun.spawnSync(['openssl', 'list', '-public-key-algorithms']).stdout.toString()
  const stock = algorithms.filter((alg) => alg !== 'SM2-SM3' || openssl.includes('1.2.156.10197.1.301'))
  if (stock.length < algorithms.length)
    test.skip('opens with openssl alone: SM2-SM3 (openssl here has no SM2)', () => {})
  test.each(stock)('opens with tar, zstd and openssl alone: %s', async (alg) => {
    const { path } = cuts[alg]
    const dir = join(stick, `stock-${alg}`)
    const run = (...command: string[]) => {
      const done = Bun.spawnSync(command, { cwd: stick })
      return { code: done.exitCode, text: done.stdout.toString() + done.stderr.toString() }
    }
    run('mkdir', '-p', dir)
    expect(run('tar', '-xf', path, '-C', dir)).toEqual({ code: 0, text: '' })
    const lines = run('zstd', '-dc', join(dir, 'acts.ndjson.zst')).text.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).name)).toEqual([
      'base.entity.created',
      'agri.plot.created',
      'agri.plot.amended',
    ])
    writeFileSync(join(dir, 'key.pem'), keyOf(alg).pem)
    writeFileSync(
      join(dir, 'signature'),
      Buffer.from(JSON.parse(await Bun.file(join(dir, 'signature.json')).text()).value, 'base64'),
    )
    expect(
      run(
        'openssl',
        'pkeyutl',
        '-verify',
        '-pubin',
        '-inkey',
        join(dir, 'key.pem'),
        '-rawin',
        '-in',
        join(dir, 'manifest.json'),
        '-sigfile',
        join(dir, 'signature'),
        ...(alg === 'SM2-SM3' ? ['-digest', 'sm3', '-pkeyopt', 'distid:1234567812345678'] : []),
      ).text,
    ).toContain('Verified Successfully')
  })

  test.each(algorithms)(
    'is verified by the auditors’ Python script, which shares no code with the box: %s',
    async (alg) => {
      const { path, bytes } = cuts[alg]
      const audit = (file: string, ...known: { pem: string }[]) => {
        writeFileSync(join(stick, 'key.pem'), known.map((key) => key.pem).join(''))
        const done = Bun.spawnSync([
          'python3',
          join(import.meta.dir, 'verify-package.py'),
          file,
          '--key',
          join(stick, 'key.pem'),
        ])
        return { code: done.exitCode, said: done.stderr.toString() || done.stdout.toString() }
      }
      const { id } = keyOf(alg)
      const other = algorithms.find((each) => each !== alg)!
      // As `peer key` prints them, and as `peer key --signature` does.
      for (const known of [keys(), [keyOf(alg)]]) {
        const right = audit(path, ...known)
        expect(right.said).toContain(`verified, signed with ${id} (${alg})`)
        expect(right.code).toBe(0)
      }
      expect(audit(path, keyOf(other)).said).toContain(`NOT verified: signed with key ${id}`)
      const impostor = openSeals(join(stick, `impostor-${alg}`)).of(alg)
      const ways: [(right: Signature, manifest: Uint8Array) => Signature, string][] = [
        [(_, manifest) => impostor.sign(manifest), 'signed with key'],
        [(_, manifest) => ({ ...impostor.sign(manifest), key: id }), 'does not match'],
        [(right) => ({ ...right, alg: other }), `is not an ${other} key`],
        [(right) => ({ ...right, alg: 'SM2' as Algorithm }), 'checks Ed25519 and SM2-SM3'],
        [(right) => ({ ...right, value: cutOff(right.value, 1) }), 'does not match'],
        [(right) => ({ ...right, value: cutOff(right.value, 40) }), 'does not match'],
        [(right) => ({ ...right, value: '' }), 'does not match'],
      ]
      for (const [change, why] of ways) {
        const wrong = audit(await resigned(path, join(stick, 'wrong.xhp'), change), ...keys())
        expect(wrong.said).toContain('NOT verified')
        expect(wrong.said).toContain(why)
        expect(wrong.code).toBe(1)
      }
      const flipped = bytes.slice()
      flipped[flipped.length - 2000]! ^= 1
      writeFileSync(join(stick, 'wrong.xhp'), flipped)
      expect(audit(join(stick, 'wrong.xhp'), ...keys()).code).toBe(1)
    },
  )

  test('carries no value that is declared hidden, masks personal ones and says so', async () => {
    const all = Bun.spawnSync([
      'sh',
      '-c',
      `tar -xOf ${cut.path} acts.ndjson.zst | zstd -dc`,
    ]).stdout.toString()
    expect(all).not.toContain('11010519491231002X')
    expect(all).not.toContain('13812345678')
    expect(all).toContain('"masked":["phone"]')
    expect(all).toContain('138****5678')
    expect(all).not.toContain('公章')
  })

  test('names what of each node the decider had seen, so that the receiver can tell a conflict from a sequel', async () => {
    const all = Bun.spawnSync([
      'sh',
      '-c',
      `tar -xOf ${cut.path} acts.ndjson.zst | zstd -dc`,
    ]).stdout.toString()
    const [, created, amended] = all
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(amended.changes[0].knows).toEqual({ [created.origin]: created.id })
  })

  test('verifies, check by check', async () => {
    const report = await verifyPackage(cut.path, keys)
    expect(report.checks.map((each) => [each.check.en, each.ok])).toEqual([
      ['archive and manifest', true],
      ['signature', true],
      ['hashes of the parts', true],
      ['dataset declarations', true],
      ['acts, line by line', true],
    ])
    expect(report.ok).toBe(true)
    expect((await verifyPackage(cut.path, () => [])).checks.at(-1)).toMatchObject({
      ok: false,
      check: { en: 'signature' },
    })
  })

  test('cut for a peer who asks for another signature, differs in nothing but the signature', async () => {
    const [ours, theirs] = [await openPackage(cuts.Ed25519.path), await openPackage(cuts['SM2-SM3'].path)]
    expect([ours.signature.alg, theirs.signature.alg]).toEqual(['Ed25519', 'SM2-SM3'])
    expect(theirs.manifestBytes).toEqual(ours.manifestBytes)
    for (const part of ours.manifest.parts) expect(theirs.manifest.parts).toContainEqual(part)
    await ours.close()
    await theirs.close()
  })

  test.each(algorithms)('with any byte changed, anywhere, is refused with a reason: %s', async (alg) => {
    const { bytes } = cuts[alg]
    expect((await verifyPackage(cuts[alg].path, keys)).ok).toBe(true)
    const where = fc.integer({ min: 0, max: bytes.length - 1 })
    await fc.assert(
      fc.asyncProperty(where, fc.integer({ min: 1, max: 255 }), async (at, by) => {
        const changed = bytes.slice()
        changed[at]! ^= by
        const file = join(stick, 'flipped.xhp')
        writeFileSync(file, changed)
        const report = await verifyPackage(file, keys)
        expect(report.ok).toBe(false)
        expect(report.checks.at(-1)!.detail!.zh.length).toBeGreaterThan(5)
      }),
      { numRuns: 400 },
    )
  })

  test('with a byte changed in each of its parts and headers is refused', async () => {
    const opened = await openPackage(cut.path)
    const places = [...opened.parts.values()].flatMap((part) => [
      part.offset - 512,
      part.offset - 300,
      part.offset - 364,
      part.offset,
      part.offset + part.bytes - 1,
      part.offset + part.bytes + 1,
    ])
    await opened.close()
    for (const at of [
      0,
      20,
      120,
      148,
      154,
      257,
      345,
      500,
      512,
      600,
      bytes.length - 1,
      bytes.length - 1024,
      ...places,
    ]) {
      const changed = bytes.slice()
      changed[at]! ^= 0x20
      writeFileSync(join(stick, 'flipped.xhp'), changed)
      expect([at, (await verifyPackage(join(stick, 'flipped.xhp'), keys)).ok]).toEqual([at, false])
    }
  })

  test('cut short at any length is refused, and says how much is missing', async () => {
    for (const length of [
      0,
      1,
      511,
      512,
      1000,
      2000,
      bytes.length - 1025,
      bytes.length - 513,
      bytes.length - 1,
    ]) {
      writeFileSync(join(stick, 'short.xhp'), bytes.slice(0, length))
      const report = await verifyPackage(join(stick, 'short.xhp'), keys)
      expect([length, report.ok]).toEqual([length, false])
    }
    writeFileSync(join(stick, 'short.xhp'), bytes.slice(0, bytes.length - 1600))
    expect((await verifyPackage(join(stick, 'short.xhp'), keys)).checks.at(-1)!.detail!.zh).toMatch(
      /文件不完整,至少还差 \d+ 字节/,
    )
  })

  test('padded by other people’s tar to 10,240 bytes still opens', async () => {
    const padded = new Uint8Array(Math.ceil(bytes.length / 10240) * 10240)
    padded.set(bytes)
    writeFileSync(join(stick, 'padded.xhp'), padded)
    expect((await verifyPackage(join(stick, 'padded.xhp'), keys)).ok).toBe(true)
  })
})

describe('an archive somebody made to hurt us', () => {
  const walk = async (file: string) => {
    const archive = await open(file, 'r')
    try {
      const paths: string[] = []
      for await (const entry of readTar(archive)) paths.push(entry.path)
      return paths
    } catch (error) {
      if (error instanceof PackageRefused) return error.words.en
      throw error
    } finally {
      await archive.close()
    }
  }
  const file = join(stick, 'evil.tar')
  const evil = async (...paths: string[]) => {
    await writeTar(
      file,
      paths.map((path) => ({ path, bytes: 3, content: new Uint8Array([1, 2, 3]) })),
    )
    return walk(file)
  }

  test('cannot climb out of its directory', async () => {
    expect(await evil('../../etc/cron.d/x')).toContain('not allowed')
    expect(await evil('/etc/passwd')).toContain('not allowed')
    expect(await evil('a/./b')).toContain('not allowed')
  })
  test('cannot name a part twice', async () => expect(await evil('a', 'b', 'a')).toContain('twice'))
  test('cannot promise more than it has', async () => {
    await writeTar(file, [{ path: 'a', bytes: 3, content: new Uint8Array(3) }])
    const head = Buffer.from(bytesOf(file))
    head.write('77777777777\0', 124, 'latin1')
    let sum = 0
    for (let i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 32 : head[i]!
    head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
    writeFileSync(file, head)
    expect(await walk(file)).toContain('cut short')
  })
  test('cannot be a link', async () => {
    await writeTar(file, [{ path: 'a', bytes: 0, content: new Uint8Array(0) }])
    const head = Buffer.from(bytesOf(file))
    head.write('2', 156, 'latin1')
    let sum = 0
    for (let i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 32 : head[i]!
    head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
    writeFileSync(file, head)
    expect(await walk(file)).toContain('regular files only')
  })
  test('names of 255 characters survive', async () => {
    const long = `schemas/${'a'.repeat(90)}/${'b'.repeat(100)}`
    expect(await evil(long)).toEqual([long])
  })
})

describe('a manifest', () => {
  const good = () =>
    JSON.parse(
      Buffer.from(
        bytes.slice(512, 512 + Number.parseInt(Buffer.from(bytes.slice(124, 135)).toString(), 8)),
      ).toString(),
    )
  const refusal = (manifest: object, spelled = canonical(manifest)) => {
    try {
      parseManifest(new TextEncoder().encode(spelled))
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }
  test('reads as it was written', () =>
    expect(manifestBytes(parseManifest(manifestBytes(good())))).toEqual(manifestBytes(good())))
  test('in another spelling is refused', () =>
    expect(refusal(good(), JSON.stringify(good(), null, 1))).toContain('canonical'))
  test('of a newer format says so', () =>
    expect(refusal({ ...good(), format: 'xhp/2' })).toContain('newer version'))
  test('with a path for a node id is refused', () =>
    expect(refusal({ ...good(), node: '../x' })).toContain('node'))
  test('with parts out of order is refused', () =>
    expect(refusal({ ...good(), parts: good().parts.reverse() })).toContain('order'))
  test('with a file under a false hash is refused', () =>
    expect(
      refusal({
        ...good(),
        parts: good().parts.map((part: { path: string }) =>
          part.path.startsWith('files/') ? { ...part, path: `files/${'0'.repeat(64)}` } : part,
        ),
      }),
    ).toContain('parts'))
})

describe.each(algorithms)('a %s signature', (alg) => {
  const other = algorithms.find((each) => each !== alg)!
  const sentenceOf = (check: () => unknown) => {
    try {
      check()
      return undefined
    } catch (error) {
      if (error instanceof PackageRefused) return error.words.zh
      throw error
    }
  }
  const wrong = '签名不对:内容在签名之后被改动过'
  const unknown = (key: string) =>
    `签名用的密钥 ${key} 不在已登记的密钥中:请先登记对方的名片,并当面核对密钥编号`
  const unreadable = '签名文件 signature.json 读不懂'
  const some = fc.uint8Array({ minLength: 1, maxLength: 300 })
  const read = (signature: object) =>
    sentenceOf(() => parseSignature(new TextEncoder().encode(canonical(signature))))

  test('holds for the bytes it was made over and no others, however it is altered', () => {
    const seal = county.exchange.seals.of(alg)
    const impostor = openSeals(join(stick, `another-${alg}`)).of(alg)
    fc.assert(
      fc.property(some, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, where, by) => {
        const right = seal.sign(message)
        const check = (signature: Signature, bytes: Uint8Array = message, known = keys()) =>
          sentenceOf(() => checkSignature(bytes, signature, known))
        expect(read(right)).toBeUndefined()
        expect(check(right)).toBeUndefined()
        // Only this key registered is enough; only the other one is not.
        expect(check(right, message, [keyOf(alg)])).toBeUndefined()
        expect(check(right, message, [keyOf(other)])).toBe(unknown(right.key))

        const altered = message.slice()
        altered[where % altered.length]! ^= by
        expect(check(right, altered)).toBe(wrong)
        const value = Buffer.from(right.value, 'base64')
        value[where % value.length]! ^= by
        expect(check({ ...right, value: value.toString('base64') })).toBe(wrong)
        expect(check({ ...right, value: cutOff(right.value, 1 + (where % value.length)) })).toBe(wrong)
        expect(check({ ...right, value: Buffer.concat([value, Buffer.of(by)]).toString('base64') })).toBe(
          wrong,
        )

        const forged = impostor.sign(message)
        expect(check(forged)).toBe(unknown(forged.key))
        expect(check({ ...forged, key: right.key })).toBe(wrong)
        // The other algorithm's name on it, its key's id, or its signature whole under this one's name.
        expect(check({ ...right, alg: other })).toBe(unknown(right.key))
        expect(check({ ...right, alg: other, key: keyOf(other).id })).toBe(wrong)
        expect(check({ ...county.exchange.seals.of(other).sign(message), alg })).toBe(
          unknown(keyOf(other).id),
        )
        expect(check({ ...county.exchange.seals.of(other).sign(message), alg, key: right.key })).toBe(wrong)
      }),
      { numRuns: 60 },
    )
  })

  test('under a name nobody knows cannot be read', () => {
    const right = county.exchange.seals.of(alg).sign(new Uint8Array(3))
    for (const name of [alg.toLowerCase(), `${alg} `, 'SM2', 'none', '', '__proto__', 'constructor', null, 1])
      expect([name, read({ ...right, alg: name })]).toEqual([name, unreadable])
    for (const value of [`${right.value}=`, `${right.value.slice(0, -1)}`, '签', 7])
      expect(read({ ...right, value })).toBe(unreadable)
  })
})

/** The package under another signature.json. */
async function resigned(
  from: string,
  to: string,
  what: (signature: Signature, manifest: Uint8Array) => Signature,
): Promise<string> {
  const opened = await openPackage(from)
  const all = bytesOf(from)
  const signature = Buffer.from(canonical(what(opened.signature, opened.manifestBytes)))
  await writeTar(to, [
    { path: 'manifest.json', bytes: opened.manifestBytes.length, content: opened.manifestBytes },
    { path: 'signature.json', bytes: signature.length, content: signature },
    ...opened.manifest.parts.map(({ path, bytes }) => {
      const { offset } = opened.parts.get(path)!
      return { path, bytes, content: all.slice(offset, offset + bytes) }
    }),
  ])
  await opened.close()
  return to
}

const cutOff = (value: string, bytes: number) =>
  Buffer.from(value, 'base64').subarray(0, -bytes).toString('base64')

test('the signature is plain Ed25519 over the bytes of manifest.json', async () => {
  const opened = await openPackage(cut.path)
  expect(
    verify(
      null,
      opened.manifestBytes,
      createPublicKey(keys()[0]!.pem),
      Buffer.from(opened.signature.value, 'base64'),
    ),
  ).toBe(true)
  await opened.close()
})
