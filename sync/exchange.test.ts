// Boxes of every tier exchanging packages: by wire, by pull with curl's manners, by stick; what is refused, what merges,
// what becomes a question, and what a kill in the middle leaves behind (nothing).

import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dataset } from '../server/kernel/dataset.ts'
import { chainFault } from '../server/kernel/diary.ts'
import { decimal, division, text } from '../server/kernel/fields.ts'
import { newId } from '../server/kernel/ids.ts'
import { cutAgain, cutPackages, packageOut, packagesFor } from './cut.ts'
import { openExchange } from './exchange.ts'
import { manifestBytes } from './manifest.ts'
import { openPackage, sha256 } from './open.ts'
import { addPeer, disablePeer, findPeer, ownCard, setPolicy } from './peers.ts'
import { takeReceipt } from './receipt.ts'
import { asides, packagesIn, receivePackage, retryAsides, retryRefused } from './receive.ts'
import {
  agriculture,
  away,
  type Box,
  bytesOf,
  join2,
  type openBox,
  openQuestions,
  plugIn,
  plugOut,
  recordsOf,
  stage,
} from './scene.ts'
import { lineState } from './state.ts'
import { importFrom, packageFor } from './stick.ts'
import { writeTar } from './tar.ts'
import { exchangeWith, sendAgain } from './wire.ts'

// Real files, fsyncs and children: on a busy two-core box they take their time.
setDefaultTimeout(120_000)

const { open, stick, leave, clear } = stage()
afterEach(clear)

const twoTiers = (
  how: Parameters<typeof join2>[2] = {},
  more: Partial<Parameters<typeof openBox>[0]> = {},
) => {
  const county = open({ division: '430981', name: '沅江市', ...more })
  const prefecture = open({ division: '4309', name: '益阳市', ...more })
  return { county, prefecture, ...join2(county, prefecture, how) }
}
const idOf = (box: Box) => box.store.node.id

describe('by wire', () => {
  test('what the county decided is imported by the prefecture, and only its receipt says so', async () => {
    const { county, prefecture } = twoTiers({ policy: { personal: 'whole' } })
    const plot = county.register('CW-001', { phone: '13812345678' })
    county.act('agri.plot.amended', plot, { area: 14 }, { base: 1 })
    expect(lineState(county.exchange)).toMatchObject({ peer: '益阳市', waiting: 2, sent: 0, imported: 0 })
    const round = await exchangeWith(county.exchange, idOf(prefecture))
    expect(round).toMatchObject({ pushed: 1, confirmed: 1 })
    expect(recordsOf(prefecture)).toEqual(recordsOf(county))
    expect(prefecture.store.history(plot).map((act) => [act.name, act.by, act.origin])).toEqual([
      ['agri.plot.created', '刘建国', idOf(county)],
      ['agri.plot.amended', '刘建国', idOf(county)],
    ])
    expect(lineState(county.exchange)).toMatchObject({ waiting: 0, sent: 1, received: 1, imported: 1 })
    const sent = packageOut(county.exchange, idOf(prefecture), 1)!
    expect(sent).toMatchObject({
      state: 'imported',
      receipt: {
        counts: { acts: 2, repeated: 0, questions: 0, aside: 0 },
        node: idOf(prefecture),
        database: prefecture.store.node.database,
      },
    })
    expect(findPeer(county.store, idOf(prefecture))!.confirmed).toBe(2)
    expect(chainFault(prefecture.store.db)).toBeUndefined()
  })

  test('a line that is down says since when, keeps everything, and drains when it is there again', async () => {
    const { county, prefecture } = twoTiers()
    plugOut(prefecture)
    county.register('CW-001')
    const down = await exchangeWith(county.exchange, idOf(prefecture))
    expect(down.fault!.en).toContain('does not answer')
    const since = lineState(county.exchange).downSince
    expect(since).toBeString()
    county.register('CW-002')
    await exchangeWith(county.exchange, idOf(prefecture))
    expect(lineState(county.exchange)).toMatchObject({ downSince: since, waiting: 2 })
    // No package is cut for a line that is not there: what waits travels together.
    expect(packagesFor(county.exchange, idOf(prefecture))).toEqual([])
    plugIn(prefecture)
    expect(await exchangeWith(county.exchange, idOf(prefecture))).toMatchObject({ pushed: 1, confirmed: 1 })
    expect(lineState(county.exchange).downSince).toBeUndefined()
    expect(recordsOf(prefecture)).toEqual(recordsOf(county))
  })

  test('a line that was down is up as soon as the other end calls, and what it fetched is confirmed', async () => {
    const { county, prefecture } = twoTiers()
    plugOut(prefecture)
    county.register('CW-001')
    await exchangeWith(county.exchange, idOf(prefecture))
    expect(lineState(county.exchange).downSince).toBeString()
    expect(await exchangeWith(prefecture.exchange, idOf(county))).toMatchObject({ pulled: 1 })
    expect(lineState(county.exchange)).toMatchObject({ downSince: undefined, waiting: 0, imported: 1 })
  })

  test('an upload that breaks half way goes on from where it broke', async () => {
    const { county, prefecture } = twoTiers()
    for (let i = 0; i < 20; i++) county.register(`CW-${i}`, { photos: [photoIn(county, 300_000 + i)] })
    const asked: { method: string; bytes: number }[] = []
    const real = county.exchange.fetch
    let breaks = 3
    Object.assign(county.exchange, {
      fetch: async (request: Request) => {
        if (request.method === 'PATCH') {
          const body = await request.arrayBuffer()
          asked.push({ method: 'PATCH', bytes: body.byteLength })
          // The line breaks inside a piece: half of it arrives, and the answer never does.
          if (breaks-- > 0) {
            await real(
              new Request(request.url, {
                method: 'PATCH',
                headers: request.headers,
                body: body.slice(0, body.byteLength >> 1),
              }),
            )
            throw new Error('connection reset')
          }
          return real(new Request(request.url, { method: 'PATCH', headers: request.headers, body }))
        }
        return real(request)
      },
    })
    for (let i = 0; i < 3; i++)
      expect((await exchangeWith(county.exchange, idOf(prefecture))).fault!.zh).toBe(
        '传输中断开:connection reset',
      )
    expect(await exchangeWith(county.exchange, idOf(prefecture))).toMatchObject({ pushed: 1, confirmed: 1 })
    const { bytes } = packageOut(county.exchange, idOf(prefecture), 1)!
    expect(asked.reduce((sum, each) => sum + each.bytes, 0)).toBeLessThan(bytes + 4 * (1 << 20) + 1)
    expect(readdirSync(prefecture.exchange.post.inbox)).toEqual([])
    expect(readdirSync(prefecture.exchange.files).length).toBe(20)
  })

  test('a large slice is cut into packages that follow one another', async () => {
    const { county, prefecture } = twoTiers({}, { limits: { acts: 7 } })
    for (let i = 0; i < 30; i++) county.register(`CW-${i}`)
    expect(await exchangeWith(county.exchange, idOf(prefecture))).toMatchObject({ pushed: 5, confirmed: 5 })
    const packages = packagesFor(county.exchange, idOf(prefecture)).reverse()
    expect(packages.map((each) => [each.seq, each.from, each.to, each.count])).toEqual([
      [1, 1, 7, 7],
      [2, 8, 14, 7],
      [3, 15, 21, 7],
      [4, 22, 28, 7],
      [5, 29, 30, 2],
    ])
    expect(recordsOf(prefecture)).toEqual(recordsOf(county))
  })

  test('three tiers: a township’s plot reaches the prefecture through the county, once, and never comes back down', async () => {
    const town = open({ division: '430981114', name: '草尾镇' })
    const { county, prefecture } = twoTiers()
    join2(town, county)
    const plot = town.register('CW-001')
    await exchangeWith(town.exchange, idOf(county))
    county.act('agri.plot.amended', plot, { area: 20 }, { base: 1 })
    await exchangeWith(county.exchange, idOf(prefecture))
    expect(prefecture.store.history(plot).map((act) => act.origin)).toEqual([idOf(town), idOf(county)])
    prefecture.act('agri.plot.amended', plot, { note: '市里抽查' }, { base: 2 })
    await exchangeWith(county.exchange, idOf(prefecture))
    await exchangeWith(town.exchange, idOf(county))
    for (const box of [town, county, prefecture]) {
      expect(box.store.record(plot)!.fields).toMatchObject({ area: 20, note: '市里抽查' })
      expect(openQuestions(box)).toEqual([])
      expect(box.store.history(plot).map((act) => act.origin)).toEqual([
        idOf(town),
        idOf(county),
        idOf(prefecture),
      ])
    }
    for (const [from, to] of [
      [county, town],
      [prefecture, county],
    ] as const) {
      const [last] = packagesFor(from.exchange, idOf(to))
      expect(last!.count).toBe(from === county ? 2 : 1)
    }
  })
})

describe('downwards', () => {
  test('a county gets what reaches below, its own records and what they refer to, and nothing of its neighbour', async () => {
    const { county, prefecture } = twoTiers()
    const product = newId()
    prefecture.act('agri.product.created', product, { name: '芦笋' })
    const owner = newId()
    prefecture.act('base.entity.created', owner, { name: '市农投集团', town: '4309' })
    prefecture.act('base.entity.created', newId(), { name: '市里另一家', town: '4309' })
    prefecture.register('NX-001', { town: '430921' })
    const ours = prefecture.register('CW-009', { owner })
    expect(await exchangeWith(county.exchange, idOf(prefecture))).toMatchObject({ pulled: 1 })
    expect(Object.keys(recordsOf(county)).sort()).toEqual([product, owner, ours].sort())
    const [down] = packagesFor(prefecture.exchange, idOf(county))
    expect(down).toMatchObject({ state: 'imported', count: 3, omitted: 2 })
    // The group's later changes come along too: the county refers to it.
    prefecture.act('base.entity.amended', owner, { name: '市农投集团有限公司' }, { base: 1 })
    await exchangeWith(county.exchange, idOf(prefecture))
    expect(county.store.record(owner)!.fields.name).toBe('市农投集团有限公司')
  })

  test('a plot that moves into a township arrives with its whole life', async () => {
    const county = open({ division: '430981', name: '沅江市' })
    const town = open({ division: '430981107', name: '南嘴镇' })
    join2(town, county)
    const plot = county.register('CW-001')
    county.act('agri.plot.amended', plot, { area: 3 }, { base: 1 })
    await exchangeWith(town.exchange, idOf(county))
    expect(recordsOf(town)).toEqual({})
    county.act('agri.plot.amended', plot, { town: '430981107' }, { base: 2 })
    await exchangeWith(town.exchange, idOf(county))
    expect(town.store.record(plot)).toMatchObject({
      division: '430981107',
      fields: { area: 3, code: 'CW-001' },
    })
    expect(town.store.history(plot).map((act) => act.name)).toEqual([
      'agri.plot.created',
      'agri.plot.amended',
      'agri.plot.amended',
    ])
    expect(openQuestions(town)).toEqual([])
  })
})

describe('both sides change a record', () => {
  test('different fields merge by themselves; the same field stands as its keeper says and the other value is asked about, the same on both ends', async () => {
    const { county, prefecture } = twoTiers()
    const plot = county.register('CW-001')
    await exchangeWith(county.exchange, idOf(prefecture))
    county.act('agri.plot.amended', plot, { area: 11 }, { base: 1 })
    prefecture.act('agri.plot.amended', plot, { note: '重点地块' }, { base: 1 })
    await exchangeWith(county.exchange, idOf(prefecture))
    expect(
      [county, prefecture].map((box) => [
        box.store.record(plot)!.fields.area,
        box.store.record(plot)!.fields.note,
        openQuestions(box).length,
      ]),
    ).toEqual([
      [11, '重点地块', 0],
      [11, '重点地块', 0],
    ])

    county.act('agri.plot.amended', plot, { area: 21 }, { base: county.store.record(plot)!.version })
    prefecture.act('agri.plot.amended', plot, { area: 31 }, { base: prefecture.store.record(plot)!.version })
    await exchangeWith(county.exchange, idOf(prefecture))
    await exchangeWith(county.exchange, idOf(prefecture))
    for (const box of [county, prefecture]) {
      expect(box.store.record(plot)!.fields.area).toBe(21)
      const [question] = openQuestions(box)
      expect(JSON.parse(question!.fields.values as string).area).toMatchObject({ standing: 21, other: 31 })
    }
    expect(openQuestions(county)[0]!.id).toBe(openQuestions(prefecture)[0]!.id)
    // The county answers; the answer travels like any act.
    const [question] = openQuestions(county)
    expect(county.act('kernel.question.answered', question!.id, { take: 'other' }).outcome).toBe('accepted')
    await exchangeWith(county.exchange, idOf(prefecture))
    await exchangeWith(county.exchange, idOf(prefecture))
    for (const box of [county, prefecture]) {
      expect(box.store.record(plot)!.fields.area).toBe(31)
      expect(openQuestions(box)).toEqual([])
    }
  })
})

describe('by stick', () => {
  test('packages go up, receipts come back, and the stick is all there is', async () => {
    const { county, prefecture } = twoTiers({ wire: false })
    county.register('CW-001')
    const dir = stick()
    expect((await packageFor(county.exchange, '益阳市', dir)).copied).toEqual([
      `${idOf(county)}-${idOf(prefecture)}-00000001.xhp`,
    ])
    expect(packageOut(county.exchange, idOf(prefecture), 1)!.state).toBe('sent')
    const taken = await importFrom(prefecture.exchange, dir)
    expect(taken.packages).toMatchObject([{ outcome: 'applied', counts: { acts: 1 } }])
    expect(taken.receipts).toBe(1)
    expect(recordsOf(prefecture)).toEqual(recordsOf(county))
    expect((await importFrom(county.exchange, dir)).confirmed).toEqual([
      { seq: 1, peer: idOf(prefecture), outcome: 'applied' },
    ])
    expect(packageOut(county.exchange, idOf(prefecture), 1)!.state).toBe('imported')
    // Once more, with everything still on it: nothing changes.
    const before = prefecture.store.seq
    expect((await importFrom(prefecture.exchange, dir)).packages).toMatchObject([{ outcome: 'repeated' }])
    expect(prefecture.store.seq).toBe(before)
  })

  test('a receipt somebody wrote by hand is not believed', async () => {
    const { county, prefecture } = twoTiers({ wire: false })
    county.register('CW-001')
    const [cut] = await cutPackages(county.exchange, idOf(prefecture))
    const forged = {
      format: 'xhp-receipt/1' as const,
      node: idOf(prefecture),
      peer: idOf(county),
      seq: 1,
      manifestSha256: cut!.manifestSha256,
      outcome: 'applied' as const,
    }
    expect(() => takeReceipt(county.exchange, forged)).toThrow('not signed')
    expect(() =>
      takeReceipt(county.exchange, {
        ...forged,
        signature: county.exchange.seals.of('Ed25519').sign(new Uint8Array(3)),
      }),
    ).toThrow('not registered')
    expect(packageOut(county.exchange, idOf(prefecture), 1)!.state).toBe('waiting')
  })

  test('packages carried in the wrong order wait for the one before them', async () => {
    const { county, prefecture } = twoTiers({ wire: false })
    county.register('CW-001')
    const [first] = await cutPackages(county.exchange, idOf(prefecture))
    county.register('CW-002')
    const [second] = await cutPackages(county.exchange, idOf(prefecture))
    expect(await receivePackage(prefecture.exchange, second!.path, 'stick')).toMatchObject({
      outcome: 'refused',
      code: 'gap',
      reason: { zh: '缺第 1 号包:请先收取第 1 号' },
    })
    expect(await receivePackage(prefecture.exchange, first!.path, 'stick')).toMatchObject({
      outcome: 'applied',
    })
    // The second was kept, and needed nobody to ask for it.
    expect(
      packagesIn(prefecture.exchange)
        .map((each) => [each.seq, each.state])
        .sort(),
    ).toEqual([
      [1, 'applied'],
      [2, 'applied'],
    ])
    expect(recordsOf(prefecture)).toEqual(recordsOf(county))
  })
})

describe('by pull, with a platform’s own program', () => {
  test('lists, downloads in ranges, and confirms with the contract’s plain receipt', async () => {
    const { county, secretForUpper } = twoTiers({ wire: false })
    county.register('CW-001')
    const call = (path: string, init: RequestInit & { headers?: Record<string, string> } = {}) =>
      county.fetch(
        new Request(`http://box/sync/v1${path}`, {
          ...init,
          headers: { Authorization: `Bearer ${secretForUpper}`, ...init.headers },
        }),
      )
    expect((await county.fetch(new Request('http://box/sync/v1/packages'))).status).toBe(401)
    const list = (await (await call('/packages?after=0')).json()) as {
      seq: number
      file: string
      bytes: number
      sha256: string
      manifestSha256: string
    }[]
    expect(list).toHaveLength(1)
    const [one] = list
    expect(Object.keys(one!).sort()).toEqual(['bytes', 'file', 'manifestSha256', 'seq', 'sha256'])
    const head = await call('/packages/1', { method: 'HEAD' })
    expect([
      head.status,
      head.headers.get('content-length'),
      head.headers.get('accept-ranges'),
      head.headers.get('etag'),
    ]).toEqual([200, String(one!.bytes), 'bytes', `"${one!.sha256}"`])
    const first = await call('/packages/1', { headers: { Range: 'bytes=0-999' } })
    expect([first.status, first.headers.get('content-range')]).toEqual([206, `bytes 0-999/${one!.bytes}`])
    const rest = await call('/packages/1', {
      headers: { Range: 'bytes=1000-', 'If-Range': `"${one!.sha256}"` },
    })
    const whole = Buffer.concat([
      Buffer.from(await first.arrayBuffer()),
      Buffer.from(await rest.arrayBuffer()),
    ])
    expect(sha256(whole)).toBe(one!.sha256)
    expect(
      (await call('/packages/1', { headers: { Range: 'bytes=0-9', 'If-Range': '"another"' } })).status,
    ).toBe(200)
    expect((await call('/packages/1', { headers: { Range: `bytes=${one!.bytes}-` } })).status).toBe(416)
    expect((await call('/packages/2')).status).toBe(404)
    const receipt = (body: object) =>
      call('/receipts', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      })
    expect((await receipt({ seq: 1, manifestSha256: '0'.repeat(64), outcome: 'applied' })).status).toBe(404)
    expect(
      packageOut(
        county.exchange,
        packagesFor(county.exchange, one!.file.split('-').slice(5, 10).join('-'))[0]!.peer,
        1,
      )!.state,
    ).toBe('sent')
    expect((await receipt({ seq: 1, manifestSha256: one!.manifestSha256, outcome: 'applied' })).status).toBe(
      200,
    )
    expect(lineState(county.exchange)).toMatchObject({ waiting: 0, imported: 1 })
    expect(await (await call('/packages')).json()).toEqual([])
  })

  test('tus: a stranger’s upload resumes, disagreeing offsets and another version are told so', async () => {
    const { county, prefecture, secretForLower } = twoTiers({ wire: false })
    county.register('CW-001')
    const [cut] = await cutPackages(county.exchange, idOf(prefecture))
    const bytes = bytesOf(cut!.path)
    const call = (method: string, path: string, headers: Record<string, string> = {}, body?: Uint8Array) =>
      prefecture.fetch(
        new Request(`http://box${path}`, {
          method,
          body: body as BodyInit | undefined,
          headers: { Authorization: `Bearer ${secretForLower}`, 'Tus-Resumable': '1.0.0', ...headers },
        }),
      )
    expect((await call('OPTIONS', '/sync/v1/inbox')).headers.get('tus-extension')).toContain('creation')
    expect(
      (await call('POST', '/sync/v1/inbox', { 'Upload-Length': '10', 'Tus-Resumable': '0.2.2' })).status,
    ).toBe(412)
    const made = await call('POST', '/sync/v1/inbox', { 'Upload-Length': String(bytes.length) })
    expect([made.status, made.headers.get('tus-resumable')]).toEqual([201, '1.0.0'])
    const at = made.headers.get('location')!
    const piece = { 'Content-Type': 'application/offset+octet-stream' }
    expect(
      (await call('PATCH', at, { ...piece, 'Upload-Offset': '0' }, bytes.slice(0, 700))).headers.get(
        'upload-offset',
      ),
    ).toBe('700')
    expect((await call('PATCH', at, { ...piece, 'Upload-Offset': '0' }, bytes.slice(0, 700))).status).toBe(
      409,
    )
    const head = await call('HEAD', at)
    expect([head.headers.get('upload-offset'), head.headers.get('upload-length')]).toEqual([
      '700',
      String(bytes.length),
    ])
    expect((await call('PATCH', at, { ...piece, 'Upload-Offset': '700' }, bytes.slice(700))).status).toBe(204)
    const receipts = (await (await call('GET', '/sync/v1/receipts?after=0&wait')).json()) as object[]
    expect(receipts).toMatchObject([{ seq: 1, outcome: 'applied', manifestSha256: cut!.manifestSha256 }])
    expect(recordsOf(prefecture)).toEqual(recordsOf(county))
  })
})

describe('refused whole, with the reason, and kept', () => {
  const refusedWith = async (box: Box, file: string) => {
    const before = { seq: box.store.seq, records: recordsOf(box) }
    const received = await receivePackage(box.exchange, file, 'hand')
    expect(received.outcome).toBe('refused')
    expect({ seq: box.store.seq, records: recordsOf(box) }).toEqual(before)
    expect(readdirSync(box.exchange.post.refused).length).toBeGreaterThan(0)
    return received
  }

  test('an unknown sender; once its card is added, the same file goes in', async () => {
    const county = open({ division: '430981', name: '沅江市' })
    const prefecture = open({ division: '4309', name: '益阳市' })
    addPeer(county.store, { card: ownCard(prefecture.store, prefecture.exchange.seals.publicKeys) })
    county.register('CW-001')
    const [cut] = await cutPackages(county.exchange, idOf(prefecture))
    expect((await refusedWith(prefecture, cut!.path)).code).toBe('key')
    addPeer(prefecture.store, { card: ownCard(county.store, county.exchange.seals.publicKeys) })
    const [kept] = packagesIn(prefecture.exchange)
    expect(await retryRefused(prefecture.exchange, kept!.pid)).toMatchObject({ outcome: 'applied' })
    expect(packagesIn(prefecture.exchange).map((each) => each.state)).toEqual(['applied'])
  })

  test('a known sender’s name under another key', async () => {
    const { county, prefecture } = twoTiers({ wire: false })
    const impostor = open({ division: '430981', name: '冒名者', node: idOf(county) })
    addPeer(impostor.store, { card: ownCard(prefecture.store, prefecture.exchange.seals.publicKeys) })
    impostor.register('CW-666')
    const [cut] = await cutPackages(impostor.exchange, idOf(prefecture))
    expect((await refusedWith(prefecture, cut!.path)).code).toBe('key')
  })

  test('a byte changed in any part, after a good copy of the same package was applied too', async () => {
    const { county, prefecture } = twoTiers({ wire: false })
    county.register('CW-001')
    const [cut] = await cutPackages(county.exchange, idOf(prefecture))
    const opened = await openPackage(cut!.path)
    const part = opened.parts.get('acts.ndjson.zst')!
    await opened.close()
    const bytes = bytesOf(cut!.path)
    bytes[part.offset + 20]! ^= 1
    const bad = join(stick(), cut!.file)
    writeFileSync(bad, bytes)
    expect((await refusedWith(prefecture, bad)).code).toBe('part')
    expect(await receivePackage(prefecture.exchange, cut!.path, 'hand')).toMatchObject({ outcome: 'applied' })
    expect((await refusedWith(prefecture, bad)).code).toBe('part')
    expect(await receivePackage(prefecture.exchange, cut!.path, 'hand')).toMatchObject({
      outcome: 'repeated',
    })
  })

  test('another package under a number that was received, and one that follows another history', async () => {
    const { county, prefecture } = twoTiers({ wire: false })
    county.register('CW-001')
    const [first] = await cutPackages(county.exchange, idOf(prefecture))
    const dir = stick()
    const copy = join(dir, 'first.xhp')
    writeFileSync(copy, bytesOf(first!.path))
    // The county recalls the package after the stick has left, and cuts another under the same number.
    setPolicy(county.store, '益阳市', { personal: 'hide' })
    county.register('CW-002')
    const [replaced] = await cutAgain(county.exchange, idOf(prefecture), 1)
    expect(await receivePackage(prefecture.exchange, copy, 'hand')).toMatchObject({ outcome: 'applied' })
    expect((await refusedWith(prefecture, replaced!.path)).code).toBe('previous')
    county.register('CW-003')
    const [third] = await cutPackages(county.exchange, idOf(prefecture))
    expect((await refusedWith(prefecture, third!.path)).code).toBe('previous')
  })

  test('for somebody else, from a disabled sender, or beyond its division', async () => {
    const { county, prefecture } = twoTiers({ wire: false })
    const province = open({ division: '43', name: '湖南省' })
    addPeer(province.store, { card: ownCard(county.store, county.exchange.seals.publicKeys) })
    county.register('CW-001')
    const [cut] = await cutPackages(county.exchange, idOf(prefecture))
    expect((await refusedWith(province, cut!.path)).code).toBe('peer')
    disablePeer(prefecture.store, idOf(county))
    expect((await refusedWith(prefecture, cut!.path)).code).toBe('peer')
    disablePeer(prefecture.store, idOf(county), false)

    for (const [change, why] of [
      [{ division: '430921' }, '430921'],
      [{ dataset: 'office.drawer' }, 'office.drawer'],
    ] as const) {
      const forged = await forge(county, cut!.path, (act: any) => ({
        ...act,
        changes: act.changes.map((each: object) => ({ ...each, ...change })),
      }))
      const received = await refusedWith(prefecture, forged)
      expect([received.code, received.reason!.zh.includes(why)]).toEqual(['authority', true])
    }
    const asUs = await forge(county, cut!.path, (act) => ({ ...act, origin: idOf(prefecture) }))
    expect((await refusedWith(prefecture, asUs)).code).toBe('authority')
  })

  test('the sender hears of it, and a person can send again', async () => {
    const { county, prefecture } = twoTiers()
    prefecture.store.db.query('update peer set accepts = ?').run('["base.*"]')
    county.register('CW-001')
    await exchangeWith(county.exchange, idOf(prefecture))
    expect(packageOut(county.exchange, idOf(prefecture), 1)).toMatchObject({
      state: 'refused',
      reason: { zh: '「沅江市」无权发送数据集「agri.plot」' },
    })
    // It holds back what follows, and nothing of it is lost.
    county.register('CW-002')
    await exchangeWith(county.exchange, idOf(prefecture))
    expect(packagesFor(county.exchange, idOf(prefecture)).map((each) => each.state)).toEqual([
      'waiting',
      'refused',
    ])
    prefecture.store.db.query('update peer set accepts = ?').run('["*"]')
    sendAgain(county.exchange, idOf(prefecture), 1)
    expect(await exchangeWith(county.exchange, idOf(prefecture))).toMatchObject({ confirmed: 2 })
    expect(recordsOf(prefecture)).toEqual(recordsOf(county))
  })
})

describe('an act that cannot be applied', () => {
  test('steps aside with its reason while the rest flows, is told to the sender, and goes in when it can', async () => {
    const { county, prefecture } = twoTiers({ wire: false })
    county.register('CW-001')
    const [cut] = await cutPackages(county.exchange, idOf(prefecture))
    const orphan = newId()
    const poisoned = await forge(county, cut!.path, (act) => act, {
      id: newId(),
      seq: 2,
      name: 'agri.plot.amended',
      actor: 'liujianguo',
      at: '2026-03-05T01:12:00.000Z',
      origin: idOf(county),
      changes: [{ dataset: 'agri.plot', record: orphan, base: 1, fields: { area: 1 } }],
    })
    const received = await receivePackage(prefecture.exchange, poisoned, 'hand')
    expect(received).toMatchObject({ outcome: 'applied', counts: { acts: 1, aside: 1 } })
    expect(received.receipt!.aside![0]!.reason).toContain('没有收到过')
    expect(asides(prefecture.exchange)).toMatchObject([{ name: 'agri.plot.amended', tries: 1 }])
    expect(retryAsides(prefecture.exchange)).toEqual({ applied: 0, left: 1 })
    prefecture.act('agri.plot.created', orphan, { code: 'CW-404', crop: 'rice', area: 9, town: '430981114' })
    expect(retryAsides(prefecture.exchange)).toEqual({ applied: 1, left: 0 })
    expect(asides(prefecture.exchange)).toEqual([])
  })
})

describe('words change', () => {
  const wells = dataset('water.well', {
    title: { zh: '机井', en: 'Well' },
    fields: {
      name: text({ zh: '名称', en: 'Name' }).key(),
      depth: decimal({ zh: '井深', en: 'Depth' }),
      town: division({ zh: '乡镇', en: 'Township' }),
    },
    keeper: 'county',
  })
  const wellsNow = dataset('water.well', {
    version: 2,
    title: { zh: '机井', en: 'Well' },
    fields: {
      name: text({ zh: '名称', en: 'Name' }).key(),
      metres: decimal({ zh: '井深', en: 'Depth' }),
      town: division({ zh: '乡镇', en: 'Township' }),
    },
    keeper: 'county',
    upcast: ({ depth, ...rest }, version) =>
      version < 2 && depth !== undefined
        ? { ...rest, metres: depth }
        : { ...rest, ...(depth === undefined ? {} : { depth }) },
  })
  const county = (datasets: Parameters<typeof agriculture>[0], data?: string) =>
    open({ division: '430981', name: '沅江市', data, parts: [agriculture(datasets)] })

  test('a dataset the prefecture never heard of arrives with its declaration, survives a restart, and can be read', async () => {
    const box = county([wells])
    const prefecture = open({ division: '4309', name: '益阳市' })
    join2(box, prefecture)
    const well = newId()
    box.act('water.well.created', well, { name: '一号井', depth: 80, town: '430981114' })
    expect(await exchangeWith(box.exchange, idOf(prefecture))).toMatchObject({ confirmed: 1 })
    expect(prefecture.store.registry.dataset('water.well').spec.fields.depth!.label.zh).toBe('井深')
    expect(prefecture.store.record(well)!.fields).toMatchObject({ name: '一号井', depth: 80 })
    prefecture.store.registry.datasets.delete('water.well')
    openExchange({ store: prefecture.store, data: prefecture.data })
    expect(prefecture.store.registry.dataset('water.well').spec.title.zh).toBe('机井')
  })

  test('an old package opens on a box whose dataset has moved on', async () => {
    const box = county([wells])
    const prefecture = open({ division: '4309', name: '益阳市', parts: [agriculture([wellsNow])] })
    join2(box, prefecture)
    const well = newId()
    box.act('water.well.created', well, { name: '一号井', depth: 80, town: '430981114' })
    box.act('water.well.amended', well, { depth: 90 }, { base: 1 })
    await exchangeWith(box.exchange, idOf(prefecture))
    expect(prefecture.store.record(well)!.fields).toEqual({ name: '一号井', metres: 90, town: '430981114' })
    expect(openQuestions(prefecture)).toEqual([])
  })
})

test('a redaction travels: the value is gone on the other side too, and no package says it any more', async () => {
  const { county, prefecture } = twoTiers({ policy: { personal: 'whole' } })
  const plot = county.register('CW-001', { phone: '13812345678' })
  await exchangeWith(county.exchange, idOf(prefecture))
  expect(prefecture.store.record(plot)!.fields.phone).toBe('13812345678')
  county.store.redact(county.clerk, plot, ['phone'], '本人要求')
  await exchangeWith(county.exchange, idOf(prefecture))
  expect(prefecture.store.record(plot)!.fields.phone).toBeUndefined()
  expect(JSON.stringify(prefecture.store.db.query('select * from change').all())).not.toContain('13812345678')
  // Twice before the next package, and something emptied in between: the second must not hide the others.
  const other = county.register('CW-002', { phone: '13812340000', note: '王家自留地' })
  await exchangeWith(county.exchange, idOf(prefecture))
  county.store.redact(county.clerk, other, ['phone'], '本人要求')
  county.store.redact(county.clerk, other, ['note'], '本人要求')
  await exchangeWith(county.exchange, idOf(prefecture))
  expect(JSON.stringify(prefecture.store.db.query('select * from change').all())).not.toMatch(
    /13812340000|王家/,
  )
  expect(prefecture.store.record(other)!.fields).toEqual(county.store.record(other)!.fields)
  expect(chainFault(prefecture.store.db)).toBeUndefined()
  // Neither side has anything left to forget: they do not answer each other for ever.
  const said = () => [county, prefecture].map((box) => box.store.seq)
  await exchangeWith(county.exchange, idOf(prefecture))
  await exchangeWith(county.exchange, idOf(prefecture))
  const now = said()
  await exchangeWith(county.exchange, idOf(prefecture))
  expect(said()).toEqual(now)
})

describe('after a restore', () => {
  test('a county restored from an old backup goes on behind what the prefecture has, loses nothing new, and people are told', async () => {
    const { county, prefecture } = twoTiers()
    county.register('CW-001')
    await exchangeWith(county.exchange, idOf(prefecture))
    const backup = join(stick(), 'core.db')
    county.store.db.exec(`vacuum into '${backup}'`)
    county.register('CW-002')
    await exchangeWith(county.exchange, idOf(prefecture))
    county.close()
    leave(county)
    // The old database in the same place, with the same keys; a restore gives it a new database id.
    writeFileSync(join(county.data, 'core.db'), bytesOf(backup))
    away(join(county.data, 'core.db-wal'), join(county.data, 'core.db-shm'))
    const restored = open({ division: '430981', name: '沅江市', data: county.data })
    restored.store.setFact('database', newId())
    restored.store.node.database = restored.store.fact('database')!
    plugIn(restored)
    restored.register('CW-003')
    expect(await exchangeWith(restored.exchange, idOf(prefecture))).toMatchObject({ confirmed: 1 })
    expect(
      Object.values(recordsOf(prefecture))
        .map((each) => (each as { fields: { code: string } }).fields.code)
        .sort(),
    ).toEqual(['CW-001', 'CW-002', 'CW-003'])
    expect(findPeer(prefecture.store, idOf(county))!.note!.zh).toContain('数据库换过了')
  })

  test('a prefecture that lost its last packages gets them again, the same bytes', async () => {
    const { county, prefecture } = twoTiers()
    county.register('CW-001')
    await exchangeWith(county.exchange, idOf(prefecture))
    const backup = join(stick(), 'core.db')
    prefecture.store.db.exec(`vacuum into '${backup}'`)
    county.register('CW-002')
    await exchangeWith(county.exchange, idOf(prefecture))
    const second = packageOut(county.exchange, idOf(prefecture), 2)!
    prefecture.close()
    leave(prefecture)
    writeFileSync(join(prefecture.data, 'core.db'), bytesOf(backup))
    away(join(prefecture.data, 'core.db-wal'), join(prefecture.data, 'core.db-shm'))
    const restored = open({ division: '4309', name: '益阳市', data: prefecture.data })
    plugIn(restored)
    county.register('CW-003')
    expect(await exchangeWith(county.exchange, idOf(restored))).toMatchObject({ confirmed: 2 })
    expect(recordsOf(restored)).toEqual(recordsOf(county))
    expect(packageOut(county.exchange, idOf(restored), 2)!.sha256).toBe(second.sha256)
  })
})

test('the same slice cut again is the same bytes', async () => {
  const { county, prefecture } = twoTiers({ wire: false })
  for (let i = 0; i < 50; i++) {
    const plot = county.register(`CW-${i}`, { photos: [photoIn(county, 1000 + i)] })
    county.act('agri.plot.amended', plot, { area: i, note: `第 ${i} 块` }, { base: 1 })
  }
  const [first] = await cutPackages(county.exchange, idOf(prefecture))
  // Whatever happens to the records afterwards.
  for (const id of Object.keys(recordsOf(county, 'agri.plot')))
    county.act('agri.plot.amended', id, { town: '430981107' })
  const [again] = await cutAgain(county.exchange, idOf(prefecture), 1)
  expect(again!.to).toBeGreaterThan(first!.to)
  county.exchange.limits.acts = first!.count
  const [same] = await cutAgain(county.exchange, idOf(prefecture), 1)
  expect(same!.sha256).toBe(first!.sha256)
})

test('packages whose files a restore did not bring along are cut again', async () => {
  const { county, prefecture } = twoTiers()
  county.register('CW-001')
  const [cut] = await cutPackages(county.exchange, idOf(prefecture))
  away(cut!.path)
  expect(await exchangeWith(county.exchange, idOf(prefecture))).toMatchObject({ pushed: 1, confirmed: 1 })
  expect(recordsOf(prefecture)).toEqual(recordsOf(county))
})

test('readings of sealed days travel once, by policy', async () => {
  const days = ['2026-03-04', '2026-03-05']
  const { county, prefecture } = twoTiers(
    { policy: { readings: 'hourly' } },
    {
      readings: {
        days: async () => days,
        write: async (day, division, how, to) => {
          writeFileSync(to, `${day} ${division} ${how}`)
          return day !== '2026-03-04'
        },
      },
    },
  )
  await exchangeWith(county.exchange, idOf(prefecture))
  expect(packagesFor(county.exchange, idOf(prefecture))).toMatchObject([
    { seq: 1, count: 0, state: 'imported' },
  ])
  expect(
    new TextDecoder().decode(bytesOf(prefecture.exchange.readingsPath(idOf(county), '2026-03-05'))),
  ).toBe('2026-03-05 430981 hourly')
  await exchangeWith(county.exchange, idOf(prefecture))
  expect(packagesFor(county.exchange, idOf(prefecture))).toHaveLength(1)
})

test('an attachment whose bytes arrive after its record follows in the next package', async () => {
  const { county, prefecture } = twoTiers()
  const photo = new Uint8Array(500).fill(9)
  const hash = sha256(photo)
  county.register('CW-001', { photos: [{ sha256: hash, name: 'a.jpg', type: 'image/jpeg', bytes: 500 }] })
  await exchangeWith(county.exchange, idOf(prefecture))
  expect(readdirSync(prefecture.exchange.files)).toEqual([])
  writeFileSync(join(county.exchange.files, hash), photo)
  await exchangeWith(county.exchange, idOf(prefecture))
  expect(readdirSync(prefecture.exchange.files)).toEqual([hash])
  expect(packagesFor(county.exchange, idOf(prefecture)).map((each) => each.state)).toEqual([
    'imported',
    'imported',
  ])
})

function photoIn(box: Box, bytes: number) {
  const photo = new Uint8Array(bytes)
  for (let i = 0; i < bytes; i++) photo[i] = (i * 2654435761) >>> 13
  const hash = sha256(photo)
  writeFileSync(join(box.exchange.files, hash), photo)
  return { sha256: hash, name: `${bytes}.jpg`, type: 'image/jpeg', bytes }
}

/** The sender's own seal on other acts: what a compromised or mistaken county could send. */
async function forge(
  county: Box,
  original: string,
  change: (act: any) => any,
  also?: object,
): Promise<string> {
  const opened = await openPackage(original)
  const acts = Bun.spawnSync(['sh', '-c', `tar -xOf ${original} acts.ndjson.zst | zstd -dc`])
    .stdout.toString()
    .trimEnd()
    .split('\n')
    .map((line) => change(JSON.parse(line)))
  if (also) acts.push(also)
  const lines = Bun.zstdCompressSync(`${acts.map((act) => JSON.stringify(act)).join('\n')}\n`)
  const datasets: Record<string, { created: number; amended: number; withdrawn: number }> = {}
  for (const act of acts)
    for (const each of act.changes)
      (datasets[each.dataset] ??= { created: 0, amended: 0, withdrawn: 0 })[
        each.base === 0 ? 'created' : 'amended'
      ]++
  const schemas = opened.manifest.parts.filter((part) => part.path.startsWith('schemas/'))
  const manifest = manifestBytes({
    ...opened.manifest,
    acts: { ...opened.manifest.acts, count: acts.length },
    datasets,
    parts: [
      ...schemas,
      { path: 'acts.ndjson.zst', bytes: lines.length, sha256: sha256(lines), mediaType: 'application/zstd' },
    ],
  })
  const signature = new TextEncoder().encode(
    JSON.stringify(county.exchange.seals.of('Ed25519').sign(manifest)),
  )
  const file = join(stick(), 'forged.xhp')
  const bytes = bytesOf(original)
  await writeTar(file, [
    { path: 'manifest.json', bytes: manifest.length, content: manifest },
    { path: 'signature.json', bytes: signature.length, content: signature },
    ...schemas.map((part) => ({
      path: part.path,
      bytes: part.bytes,
      content: bytes.slice(
        opened.parts.get(part.path)!.offset,
        opened.parts.get(part.path)!.offset + part.bytes,
      ),
    })),
    { path: 'acts.ndjson.zst', bytes: lines.length, content: lines },
  ])
  await opened.close()
  return file
}
