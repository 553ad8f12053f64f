// A county and its prefecture, two real boxes: what was decided below arrives above, by hand and by wire, once.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { creditCodeCheck } from '../../server/kernel/checks.ts'
import { type RunningBox, startBox } from './box.ts'

const root = mkdtempSync(join(tmpdir(), 'xianhe-exchange-'))
let county: RunningBox
let prefecture: RunningBox
/** Secrets as `peer add` shows them: each is what the other side calls with. */
let forPrefecture: string
let forCounty: string
let file: string
let registered = 0

beforeAll(async () => {
  county = await startBox({ flags: ['--division', '430981', '--name', '沅江市'] })
  prefecture = await startBox({ flags: ['--division', '4309', '--name', '益阳市'] })
}, 30_000)
afterAll(async () => {
  await county.stop()
  await prefecture.stop()
  rmSync(root, { recursive: true })
})

async function register(box: RunningBox, name: string) {
  const token = (
    await box.cli('token', 'add', `clerk-${name.length}-${Date.now()}`, '--account', 'admin', '--json')
  ).json().token
  const code = `93430981MA4L${String(++registered).padStart(5, '0')}`
  const answer = await fetch(`${box.url}/api/v1/acts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      id: Bun.randomUUIDv7(),
      name: 'base.entity.created',
      record: Bun.randomUUIDv7(),
      fields: { name, kind: 'co-operative', division: '430981110', code: code + creditCodeCheck(code) },
    }),
  })
  expect(await answer.json()).toMatchObject({ outcome: 'accepted' })
}

async function entities(box: RunningBox): Promise<string[]> {
  const token = (
    await box.cli('token', 'add', `reader-${Bun.randomUUIDv7()}`, '--account', 'admin', '--json')
  ).json().token
  const answer = await fetch(`${box.url}/api/v1/datasets/base.entity/records`, {
    headers: { authorization: `Bearer ${token}` },
  })
  return (await answer.json()).records.map((record: { fields: { name: string } }) => record.fields.name)
}

test('each side adds the other from its card', async () => {
  const cards = await Promise.all(
    [county, prefecture].map((box) => box.cli('peer', 'card', '--address', box.url, '--json')),
  )
  const [countyCard, prefectureCard] = cards.map((said) => said.json())
  expect(countyCard).toMatchObject({ format: 'xhp-card/1', division: '430981', name: '沅江市' })
  const onCounty = join(root, 'prefecture.json')
  writeFileSync(onCounty, JSON.stringify(prefectureCard))
  forPrefecture = (await county.cli('peer', 'add', onCounty, '--json')).json().token
  const added = (await prefecture.cli('peer', 'add', JSON.stringify(countyCard), '--json')).json()
  expect(added.relation).toBe('lower')
  forCounty = added.token
  expect((await county.cli('peer', 'list', '--json')).json()).toMatchObject([
    { name: '益阳市', relation: 'upper' },
  ])
  const pem = await county.cli('peer', 'key')
  expect(pem.out.match(/-----BEGIN PUBLIC KEY-----/g)).toHaveLength(2)
  writeFileSync(join(root, 'county.pem'), pem.out)
})

test('the prefecture lists and fetches the package with its token, as any HTTP client would', async () => {
  await register(county, '草尾镇芦笋合作社')
  const headers = { authorization: `Bearer ${forPrefecture}` }
  expect((await fetch(`${county.url}/sync/v1/packages`)).status).toBe(401)
  const waiting = await (await fetch(`${county.url}/sync/v1/packages?after=0`, { headers })).json()
  expect(waiting).toHaveLength(1)
  const bytes = new Uint8Array(
    await (await fetch(`${county.url}/sync/v1/packages/${waiting[0].seq}`, { headers })).arrayBuffer(),
  )
  expect(new Bun.CryptoHasher('sha256').update(bytes).digest('hex')).toBe(waiting[0].sha256)
  file = join(root, waiting[0].file)
  writeFileSync(file, bytes)
})

test('verify believes the county’s key and nobody else’s', async () => {
  const good = await prefecture.cli('verify', file, '--key', join(root, 'county.pem'), '--json')
  expect([good.code, good.json()[0].ok]).toEqual([0, true])
  const other = (await prefecture.cli('peer', 'key')).out
  writeFileSync(join(root, 'other.pem'), other)
  const bad = await prefecture.cli('verify', file, '--key', join(root, 'other.pem'), '--lang', 'en')
  expect([bad.code, bad.err]).toEqual([1, expect.stringContaining('not registered')])
})

test('a package with a flipped byte is refused whole, with the reason, and nothing of it is there', async () => {
  const bytes = readFileSync(file)
  bytes[bytes.length >> 1]! ^= 1
  const flipped = join(root, 'flipped.xhp')
  writeFileSync(flipped, bytes)
  const said = await prefecture.cli('receive', flipped, '--lang', 'en')
  expect(said.code).toBe(1)
  expect(said.err).toMatch(/^xianhe: .*was refused: .+/)
  expect(await entities(prefecture)).toEqual([])
})

test('received, the county’s record is there; received again, nothing changes', async () => {
  const first = await prefecture.cli('receive', file, '--json')
  expect([first.code, first.json()[0].outcome]).toEqual([0, 'applied'])
  expect(await entities(prefecture)).toEqual(['草尾镇芦笋合作社'])
  const again = await prefecture.cli('receive', file, '--json')
  expect([again.code, again.json()[0].outcome]).toEqual([0, 'repeated'])
})

test('a stick carries the next one up and the receipt back', async () => {
  await register(county, '南大膳镇莲藕合作社')
  const stick = join(root, 'stick')
  const packed = (await county.cli('package', '--for', '益阳市', '--to', stick, '--json')).json()
  expect(packed.copied.length).toBeGreaterThan(0)
  expect((await prefecture.cli('receive', stick)).code).toBe(0)
  expect((await entities(prefecture)).sort()).toEqual(['南大膳镇莲藕合作社', '草尾镇芦笋合作社'])
  expect((await county.cli('receive', stick)).code).toBe(0)
  expect((await county.cli('peer', 'show', '益阳市', '--json')).json().confirmed).toBeGreaterThan(0)
})

test('once the line is known, sync drains it', async () => {
  await county.cli('peer', 'connect', '益阳市', '--token', forCounty, '--address', prefecture.url)
  await register(county, '琼湖街道水产合作社')
  const said = await county.cli('sync', '--json')
  expect([said.code, said.json()[0].fault]).toEqual([0, undefined])
  expect(await entities(prefecture)).toContain('琼湖街道水产合作社')
})

test('once the prefecture asks for 国密, the county’s packages are sealed with SM2: by wire, by pull and by stick', async () => {
  const chosen = await county.cli('peer', 'signature', '益阳市', 'SM2-SM3', '--json')
  expect(chosen.json()).toMatchObject({ signature: 'SM2-SM3' })
  expect((await county.cli('peer', 'signature', '益阳市', 'RSA', '--lang', 'en')).err).toContain(
    'Ed25519 or SM2-SM3',
  )
  writeFileSync(join(root, 'sm2.pem'), (await county.cli('peer', 'key', '--signature', 'SM2-SM3')).out)
  const sealedWith = (file: string) =>
    JSON.parse(Bun.spawnSync(['tar', '-xOf', file, 'signature.json']).stdout.toString()).alg

  await register(county, '黄茅洲镇南荻合作社')
  expect((await county.cli('sync', '--json')).json()[0].fault).toBeUndefined()
  expect(await entities(prefecture)).toContain('黄茅洲镇南荻合作社')
  const taken = join(prefecture.data, 'post/in')
  expect(
    readdirSync(taken)
      .sort()
      .map((name) => sealedWith(join(taken, name))),
  ).toEqual(['Ed25519', 'Ed25519', 'Ed25519', 'SM2-SM3'])

  await register(county, '共华镇稻虾合作社')
  const headers = { authorization: `Bearer ${forPrefecture}` }
  const waiting = await (await fetch(`${county.url}/sync/v1/packages?after=4`, { headers })).json()
  const next = waiting[0]
  const pulled = join(root, next.file)
  writeFileSync(
    pulled,
    new Uint8Array(
      await (await fetch(`${county.url}/sync/v1/packages/${next.seq}`, { headers })).arrayBuffer(),
    ),
  )
  const good = await prefecture.cli('verify', pulled, '--key', join(root, 'sm2.pem'), '--json')
  expect([good.code, good.json()[0].ok, good.json()[0].signature.alg]).toEqual([0, true, 'SM2-SM3'])
  expect((await prefecture.cli('receive', pulled)).code).toBe(0)

  await register(county, '茶盘洲镇油菜合作社')
  const stick = join(root, 'sealed')
  const { copied } = (await county.cli('package', '--for', '益阳市', '--to', stick, '--json')).json()
  const audited = Bun.spawnSync([
    'python3',
    join(import.meta.dir, '../../sync/verify-package.py'),
    join(stick, copied.at(-1)),
    '--key',
    join(root, 'county.pem'),
  ])
  expect(audited.stdout.toString()).toContain('(SM2-SM3)')
  expect((await prefecture.cli('receive', stick)).code).toBe(0)
  expect((await county.cli('receive', stick)).code).toBe(0)
  expect(await entities(prefecture)).toContain('茶盘洲镇油菜合作社')
})
