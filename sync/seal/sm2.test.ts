// SM2 and SM3 held to the standards' own examples, to RFC 6979's, and to openssl where it knows SM2.

import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { bytes32, nonce, number } from './nonce.ts'
import { fromPem, toPem } from './scheme.ts'
import { der, hashFor, pointOf, readDer, signHash, sm2sm3, sm3Hmac, sm3Of, verifyHash } from './sm2.ts'

setDefaultTimeout(60_000)

const utf8 = (text: string) => new TextEncoder().encode(text)
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

test('SM3 of the two examples in GB/T 32905-2016, appendix A', () => {
  expect(hex(sm3Of(utf8('abc')))).toBe('66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0')
  expect(hex(sm3Of(utf8('abcd'.repeat(16))))).toBe(
    'debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732',
  )
  // And of nothing, as openssl says.
  expect(hex(sm3Of(new Uint8Array()))).toBe(
    '1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b',
  )
})

describe('SM2 on sm2p256v1, the example of GB/T 32918.5-2017, appendix A.2', () => {
  const secret = 0x3945208f_7b2144b1_3f36e38a_c6d39f95_88939369_2860b51a_42fb81ef_4df7c5b8n
  const k = 0x59276e27_d506861a_16680f3a_d9c02dcc_ef3cc1fa_3cdbe4ce_6d54b80d_eac1bc21n
  const point = pointOf(secret)
  const hash = hashFor(point, utf8('message digest'))
  const pair = {
    r: 0xf5a03b06_48d2c463_0eeac513_e1bb81a1_5944da38_27d5b741_43ac7eac_eee720b3n,
    s: 0xb1b6aa29_df212fd8_763182bc_0d421ca1_bb9038fd_1f7f42d4_840b69c4_85bbc1aan,
  }
  test('public key', () =>
    expect(point).toBe(
      '0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13',
    ))
  test('e = SM3(Z ‖ M)', () =>
    expect(hex(hash)).toBe('f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640'))
  test('signature with the example’s k', () => expect(signHash(secret, hash, k)).toEqual(pair))
  test('verification', () => {
    expect(verifyHash(point, hash, pair)).toBe(true)
    expect(verifyHash(point, hashFor(point, utf8('message digesT')), pair)).toBe(false)
    expect(verifyHash(pointOf(secret + 1n), hash, pair)).toBe(false)
  })
  test('numbers outside 1 … n-1 are no signature, whatever they are modulo n', () => {
    const n = 0xfffffffe_ffffffff_ffffffff_ffffffff_7203df6b_21c6052b_53bbf409_39d54123n
    for (const wrong of [
      { r: 0n, s: pair.s },
      { r: pair.r, s: 0n },
      { r: pair.r + n, s: pair.s },
      { r: pair.r, s: pair.s + n },
      { r: n, s: pair.s },
      { r: pair.r, s: n - pair.r },
    ])
      expect(verifyHash(point, hash, wrong)).toBe(false)
  })
})

test('k is drawn as RFC 6979 says: its examples for P-256 with SHA-256, A.2.5', () => {
  const order = 0xffffffff_00000000_ffffffff_ffffffff_bce6faad_a7179e84_f3b9cac2_fc632551n
  const secret = 0xc9afa9d8_45ba7516_6b5c2157_67b1d693_4e50c3db_36e89b12_7b8a622b_120f6721n
  const hmac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest()
  const of = (text: string) =>
    nonce(order, secret, new Bun.CryptoHasher('sha256').update(text).digest(), hmac)
  expect(of('sample')).toBe(0xa6e3c57d_d01abe90_08653839_8355dd4c_3b17aa87_3382b0f2_4d612949_3d8aad60n)
  expect(of('test')).toBe(0xd16b6ae8_27f17175_e040871a_1c7ec350_0192c4c9_2677336e_c2537aca_ee0008e0n)
})

test('HMAC-SM3 is HMAC: short, exact and long keys', () => {
  // RFC 2104 over SM3's block of 64 bytes, written out.
  for (const length of [0, 20, 64, 65, 200]) {
    const key = Buffer.alloc(length, 0xa5)
    const padded = Buffer.alloc(64)
    ;(length > 64 ? Buffer.from(sm3Of(key)) : key).copy(padded)
    const inner = sm3Of(Buffer.concat([padded.map((byte) => byte ^ 0x36), utf8('沅江')]))
    expect(hex(sm3Hmac(key, utf8('沅江')))).toBe(
      hex(sm3Of(Buffer.concat([padded.map((byte) => byte ^ 0x5c), inner]))),
    )
  }
})

test('a new key is another each time, reads back, and is refused when anything about it is not as it was written', () => {
  const pem = sm2sm3.generate()
  expect(pem).not.toBe(sm2sm3.generate())
  expect(sm2sm3.reads(sm2sm3.open(pem).spki)).toBe(true)
  const pkcs8 = fromPem(pem, 'PRIVATE KEY')
  fc.assert(
    fc.property(fc.integer({ min: 0, max: pkcs8.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
      const changed = Buffer.from(pkcs8)
      changed[at]! ^= by
      expect(() => sm2sm3.open(toPem(changed, 'PRIVATE KEY'))).toThrow()
    }),
    { numRuns: 60 },
  )
  for (const cut of [0, 1, 36, 100]) expect(() => sm2sm3.open(pem.slice(0, cut))).toThrow()
})

test('a public key off the curve, of another curve or in another spelling is not read', () => {
  const { spki } = sm2sm3.open(sm2sm3.generate())
  const off = Buffer.from(spki)
  off[off.length - 1]! ^= 1
  const p256 = Buffer.from(spki)
  p256[20]! ^= 1
  for (const wrong of [off, p256, spki.subarray(0, -1), Buffer.concat([spki, Buffer.of(0)])])
    expect(sm2sm3.reads(wrong)).toBe(false)
})

test('the same bytes give the same signature, others another; each is verified, and no byte of it can be changed or left out', () => {
  const key = sm2sm3.open(sm2sm3.generate())
  const seen = new Set<string>()
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (bytes, where, by) => {
        const signature = key.sign(bytes)
        expect(hex(key.sign(bytes))).toBe(hex(signature))
        expect(sm2sm3.verify(key.spki, bytes, signature)).toBe(true)
        expect(sm2sm3.verify(key.spki, Buffer.concat([bytes, Buffer.of(by)]), signature)).toBe(false)
        const changed = Buffer.from(signature)
        changed[where % changed.length]! ^= by
        expect(sm2sm3.verify(key.spki, bytes, changed)).toBe(false)
        expect(sm2sm3.verify(key.spki, bytes, signature.subarray(0, where % signature.length))).toBe(false)
        expect(sm2sm3.verify(key.spki, bytes, Buffer.concat([signature, Buffer.of(by)]))).toBe(false)
        seen.add(hex(signature))
      },
    ),
    { numRuns: 100 },
  )
  expect(seen.size).toBeGreaterThan(80)
})

test('DER is written as openssl writes it and read in that one spelling', () => {
  const small = { r: 1n, s: 0x80n }
  expect(hex(der(small))).toBe('300702010102020080')
  expect(readDer(der(small))).toEqual(small)
  fc.assert(
    fc.property(fc.bigInt(1n, 2n ** 256n - 1n), fc.bigInt(1n, 2n ** 256n - 1n), (r, s) => {
      expect(readDer(der({ r, s }))).toEqual({ r, s })
    }),
  )
  for (const wrong of [
    '3008020200010202' + '0080', // r with a byte too many
    '3006020101020180', // s negative
    '308107020101' + '02020080', // length in the long form
    '30070201010202008000', // something behind
    '3106020101020101',
    '3003020101',
    '30',
    '',
  ])
    expect([wrong, readDer(Buffer.from(wrong, 'hex'))]).toEqual([wrong, undefined])
})

const knowsSm2 = Bun.spawnSync(['openssl', 'list', '-public-key-algorithms'], { stderr: 'ignore' })
  .stdout.toString()
  .includes('1.2.156.10197.1.301')

describe.skipIf(!knowsSm2)('with openssl beside us', () => {
  const dir = mkdtempSync(join(tmpdir(), 'xianhe-sm2-'))
  afterAll(() => rmSync(dir, { recursive: true, force: true }))
  const at = (name: string) => join(dir, name)
  const openssl = (...command: string[]) => {
    const done = Bun.spawnSync(['openssl', ...command], { cwd: dir })
    return { said: (done.stdout.toString() + done.stderr.toString()).trim(), bytes: done.stdout }
  }
  const how = ['-rawin', '-digest', 'sm3', '-pkeyopt', 'distid:1234567812345678']

  test('openssl verifies what we sign, under the key as we write it', () => {
    const pem = sm2sm3.generate()
    const key = sm2sm3.open(pem)
    writeFileSync(at('ours.pem'), toPem(key.spki, 'PUBLIC KEY'))
    expect(openssl('pkey', '-pubin', '-in', 'ours.pem', '-pubcheck', '-noout').said).toContain('Key is valid')
    for (let length = 0; length < 20; length++) {
      const bytes = Buffer.alloc(length * 37, `沅江${length}`)
      writeFileSync(at('message'), bytes)
      writeFileSync(at('signature'), key.sign(bytes))
      expect(
        openssl(
          'pkeyutl',
          '-verify',
          '-pubin',
          '-inkey',
          'ours.pem',
          '-in',
          'message',
          '-sigfile',
          'signature',
          ...how,
        ).said,
      ).toContain('Verified Successfully')
    }
  })

  test('openssl signs with our secret key, and writes it as we do', () => {
    const pem = sm2sm3.generate()
    writeFileSync(at('ours-secret.pem'), pem)
    writeFileSync(at('message'), '三亩芦笋')
    openssl('pkeyutl', '-sign', '-inkey', 'ours-secret.pem', '-in', 'message', '-out', 'signature', ...how)
    const { spki } = sm2sm3.open(pem)
    expect(sm2sm3.verify(spki, utf8('三亩芦笋'), readFileSync(at('signature')))).toBe(true)
    expect(openssl('pkey', '-in', 'ours-secret.pem').said).toBe(pem.trim())
    expect(openssl('pkey', '-in', 'ours-secret.pem', '-pubout').said).toBe(toPem(spki, 'PUBLIC KEY').trim())
  })

  test('we read the keys openssl makes, and verify what it signs, forty times', () => {
    for (let i = 0; i < 40; i++) {
      openssl('genpkey', '-algorithm', 'SM2', '-out', 'theirs.pem')
      const theirs = sm2sm3.open(openssl('pkey', '-in', 'theirs.pem').said)
      expect(openssl('pkey', '-in', 'theirs.pem', '-pubout').said).toBe(
        toPem(theirs.spki, 'PUBLIC KEY').trim(),
      )
      const bytes = utf8(`第 ${i} 包`)
      writeFileSync(at('message'), bytes)
      const { bytes: signature } = openssl(
        'pkeyutl',
        '-sign',
        '-inkey',
        'theirs.pem',
        '-in',
        'message',
        ...how,
      )
      expect(sm2sm3.verify(theirs.spki, bytes, signature)).toBe(true)
    }
  })

  test('SM3 is openssl’s at every length around the ends of blocks', () => {
    for (const length of [1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000, 100_000]) {
      const bytes = Buffer.alloc(length, '洞庭')
      writeFileSync(at('message'), bytes)
      expect(openssl('dgst', '-sm3', '-r', 'message').said.slice(0, 64)).toBe(hex(sm3Of(bytes)))
    }
  })
})

test('numbers are 32 bytes, big-endian', () => expect(number(bytes32(0xabn))).toBe(0xabn))
