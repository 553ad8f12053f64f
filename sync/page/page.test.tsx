// The page a county looks at when the line is down: what it says, and what its buttons do.

import { afterEach, beforeEach, expect, setDefaultTimeout, test } from 'bun:test'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Hono } from 'hono'
import type { Env } from '../../server/http/module.ts'
import type { Services } from '../../server/http/services.ts'
import type { Actor } from '../../server/kernel/access.ts'
import { BoxDesk } from '../../server/kernel/box-desk.ts'
import { Refusal } from '../../server/kernel/refusal.ts'
import { cutPackages, packageOut } from '../cut.ts'
import { findPeer, ownCard } from '../peers.ts'
import { receivePackage } from '../receive.ts'
import { away, type Box, bytesOf, join2, newStick, openBox, plugOut, recordsOf } from '../scene.ts'
import { lineState } from '../state.ts'
import { exchangeWith } from '../wire.ts'
import { syncPages } from './index.tsx'

// Real files, fsyncs and children: on a busy two-core box they take their time.
setDefaultTimeout(120_000)

let county: Box
let prefecture: Box
let stick: string
beforeEach(() => {
  county = openBox({ division: '430981', name: '沅江市' })
  prefecture = openBox({ division: '4309', name: '益阳市' })
  stick = newStick()
})
afterEach(() => {
  for (const box of [county, prefecture]) {
    box.close()
    away(box.data)
  }
  away(stick)
})
const above = () => prefecture.store.node.id

/** The pages of a box as its clerk sees them; the frame around them is http's to test. */
function officeOf(box: Box, roles = ['clerk']) {
  const actor: Actor = { ...box.clerk, roles }
  const app = new Hono<Env>()
  app.onError((error, c) =>
    error instanceof Refusal
      ? c.text(error.words.zh, error.kind === 'access' ? 403 : 422)
      : c.text(String(error.stack), 500),
  )
  app.use('*', async (c, next) => {
    c.set('actor', actor)
    c.set('lang', 'zh')
    c.set('t', (words) => words.zh)
    c.set('csrf', 'csrf')
    c.set('desk', new BoxDesk(box.store, actor))
    c.set('house', { county: { zh: '沅江市', en: 'Yuanjiang' }, modules: [syncPages] })
    c.set('box', { store: box.store, line: { state: () => lineState(box.exchange) } } as unknown as Services)
    await next()
  })
  syncPages.pages!(app)
  const ask = async (path: string, form?: Record<string, string | File>) => {
    const body = form && new FormData()
    for (const [name, value] of Object.entries(form ?? {})) body!.append(name, value)
    const answer = await app.request(path, { method: form ? 'POST' : 'GET', body })
    return { status: answer.status, text: await answer.text(), to: answer.headers.get('location') }
  }
  return ask
}

test('a line that is down says since when, why, what waits by dataset, and that nothing is lost', async () => {
  join2(county, prefecture)
  plugOut(prefecture)
  county.register('CW-001')
  await exchangeWith(county.exchange, above())
  const { text } = await officeOf(county)('/sync')
  expect(text).toContain('起不通')
  expect(text).toContain('数据都在本机')
  expect(text).toContain('does not answer')
  expect(text).toContain('地块 1 新增')
  expect(text).toContain('断线')
})

test('立即同步 empties the line and says what went', async () => {
  join2(county, prefecture)
  county.register('CW-001')
  const ask = officeOf(county)
  expect((await ask('/sync/now', { peer: above() })).text).toContain('发出 1 包,确认入库 1 包')
  const sent = (await ask(`/sync/sent?peer=${above()}`)).text
  expect(sent).toContain('对方已入库')
  expect(sent.match(/tick tick-on/g)).toHaveLength(3)
})

test('a refused package shows its reason at its sender, and 再试 sends it again', async () => {
  join2(county, prefecture)
  prefecture.store.db.query('update peer set accepts = ?').run('["base.*"]')
  county.register('CW-001')
  await exchangeWith(county.exchange, above())
  const ask = officeOf(county)
  expect((await ask('/sync')).text).toContain('1 个包被对方拒收')
  expect((await ask('/sync/sent')).text).toContain('「沅江市」无权发送数据集「agri.plot」')
  expect((await ask(`/sync/sent/${above()}/1/again`, {})).status).toBe(303)
  expect(packageOut(county.exchange, above(), 1)!.state).toBe('waiting')
  expect((await officeOf(prefecture)('/sync/received')).text).toContain('没有通过检查')
})

test('a stick filled from the page is taken in on the other page, and its receipts come back', async () => {
  join2(county, prefecture, { wire: false })
  county.register('CW-001')
  const below = officeOf(county)
  const up = officeOf(prefecture)
  expect((await below('/sync/stick/out', { peer: above(), to: stick })).text).toContain('1 个数据包')
  expect((await up('/sync/stick/in', { from: stick })).text).toContain('入库 1 包(1 条)')
  expect((await below('/sync/stick/in', { from: stick })).text).toContain('确认回执 1 份')
  expect(lineState(county.exchange)).toMatchObject({ waiting: 0, imported: 1 })
  expect((await up('/sync/stick/in', { from: '/nowhere' })).text).toContain('找不到目录')
})

test('a package uploaded from a clerk’s PC is received; a damaged one is refused in words and kept', async () => {
  join2(county, prefecture, { wire: false })
  county.register('CW-001')
  const [cut] = await cutPackages(county.exchange, above())
  const ask = officeOf(prefecture)
  const damaged = bytesOf(cut!.path)
  damaged[damaged.length - 1600]! ^= 1
  const upload = async (bytes: Uint8Array) =>
    (await ask('/sync/stick/upload', { files: new File([bytes as BlobPart], cut!.file) })).text
  expect(await upload(damaged)).toContain('损坏')
  expect((await ask('/sync/received')).text).toContain('再试')
  expect(await upload(bytesOf(cut!.path))).toContain('入库 1 包(1 条)')
  expect(recordsOf(prefecture)).toEqual(recordsOf(county))
  const download = await officeOf(county)(`/sync/sent/${above()}/${cut!.file}`)
  expect(download.status).toBe(200)
  expect(packageOut(county.exchange, above(), 1)!.state).toBe('sent')
})

test('a peer is added from its pasted card, its secret is shown once, and its policy can be changed', async () => {
  const ask = officeOf(county)
  expect((await ask('/sync/peers', { card: '不是名片', personal: 'mask' })).text).toContain(
    '名片应为 JSON 文本',
  )
  const card = JSON.stringify(
    ownCard(prefecture.store, prefecture.exchange.seals.publicKeys, 'https://10.43.9.2'),
  )
  const added = await ask('/sync/peers', { card, personal: 'hide' })
  expect(added.text).toMatch(/xhp_[\w-]{32}/)
  expect((await ask('/sync/peers')).text).not.toMatch(/xhp_[\w-]{32}/)
  expect(findPeer(county.store, above())).toMatchObject({
    address: 'https://10.43.9.2',
    relation: 'upper',
    policy: { personal: 'hide' },
  })
  await ask(`/sync/peers/${above()}`, {
    address: '',
    token: '',
    personal: 'whole',
    readings: 'hourly',
    files: 'no',
    datasets: 'agri.*\nbase.entity',
  })
  expect(findPeer(county.store, above())!.policy).toEqual({
    personal: 'whole',
    readings: 'hourly',
    files: false,
    datasets: ['agri.*', 'base.entity'],
  })
  await ask(`/sync/peers/${above()}/disable`, {})
  expect(findPeer(county.store, above())!.disabled).toBe(true)
  expect(
    (county.store.db.query('select what from audit order by aid').all() as { what: string }[]).map(
      (each) => each.what,
    ),
  ).toEqual(['peer-added', 'peer-changed', 'peer-disabled'])
})

test('国密 is chosen for a peer on its page, and the page says when the peer may not know it yet', async () => {
  const ask = officeOf(county)
  const card = ownCard(prefecture.store, prefecture.exchange.seals.publicKeys)
  const without = (alg: string) =>
    JSON.stringify({ ...card, keys: card.keys.filter((key) => key.alg !== alg) })
  await ask('/sync/peers', { card: without('SM2-SM3'), personal: 'mask', signature: 'Ed25519' })
  const path = `/sync/peers/${above()}`
  expect((await ask(path)).text).not.toContain('可能还不认识')
  const lines = { address: '', token: '', personal: 'mask', readings: 'none', files: 'yes', datasets: '*' }
  expect((await ask(path, { ...lines, signature: 'RSA' })).text).toContain('签名算法只能选')
  expect((await ask(path, { ...lines, signature: 'SM2-SM3' })).status).toBe(303)
  expect(findPeer(county.store, above())!.signature).toBe('SM2-SM3')
  expect((await ask(path)).text).toContain('的名片里没有 SM2-SM3 公钥')
  // Adding the new card does not undo the choice, and answers the warning.
  await ask('/sync/peers', { card: JSON.stringify(card), personal: 'mask' })
  expect(findPeer(county.store, above())!.signature).toBe('SM2-SM3')
  const { text } = await ask(path)
  expect(text).not.toContain('可能还不认识')
  for (const key of card.keys) expect(text).toContain(key.id)
})

test('the card of a county with a Chinese name can be downloaded, and names both keys', async () => {
  const { status, text } = await officeOf(county)('/sync/card.json')
  expect([status, JSON.parse(text)]).toEqual([
    200,
    ownCard(county.store, county.exchange.seals.publicKeys, 'http://localhost'),
  ])
})

test('a card whose key is no key is refused in a sentence', async () => {
  const card = ownCard(prefecture.store, [{ alg: 'Ed25519', id: 'x', pem: 'rubbish' }])
  const said = await officeOf(county)('/sync/peers', { card: JSON.stringify(card), personal: 'mask' })
  expect([said.status, said.text]).toEqual([422, expect.stringContaining('公钥应为 PEM 格式')])
})

test('acts that stepped aside stand on the page with who, what and why, and on 今日 as something that waits', async () => {
  join2(county, prefecture, { wire: false })
  county.store.db
    .query('insert into package_aside(id, node, seq, name, act, reason, tries, at) values(?,?,?,?,?,?,1,?)')
    .run(
      'x',
      above(),
      1,
      'agri.plot.amended',
      JSON.stringify({ id: 'x', actor: 'chen', by: '陈科长', changes: [] }),
      '{"zh":"没有收到过","en":"never arrived"}',
      county.store.moment(),
    )
  const { text } = await officeOf(county)('/sync/received')
  expect(text).toContain('陈科长')
  expect(text).toContain('没有收到过')
  const waiting = await syncPages.waiting!(new BoxDesk(county.store, county.clerk), (words) => words.zh)
  expect(waiting.map((each) => each.title)).toEqual(['1 条收到的操作还不能入库'])
})

test('people without the permission see none of it', async () => {
  const ask = officeOf(county, ['visitor'])
  for (const path of ['/sync', '/sync/sent', '/sync/peers', '/sync/card.json'])
    expect((await ask(path)).status).toBe(403)
})

test('a refused file stays on disk when its line is dismissed', async () => {
  join2(county, prefecture, { wire: false })
  const file = join(stick, 'rubbish.xhp')
  writeFileSync(file, 'rubbish')
  const refused = await receivePackage(county.exchange, file, 'hand')
  expect(refused).toMatchObject({ outcome: 'refused', code: 'truncated' })
  const ask = officeOf(county)
  const pid = /received\/(\d+)\/dismiss/.exec((await ask('/sync/received')).text)![1]
  await ask(`/sync/received/${pid}/dismiss`, {})
  expect((await ask('/sync/received')).text).not.toContain('没有通过检查')
  expect(readdirSync(county.exchange.post.refused)).toHaveLength(1)
})
