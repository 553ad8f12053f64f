import 'fake-indexeddb/auto'
import { expect, test } from 'bun:test'
import { Hono } from 'hono'
import { sayIn } from '../../server/kernel/words.ts'
import type { Session } from './device.ts'
import type { FieldEnv } from './field-env.ts'
import { type Label, sealParcel } from './hand-over.ts'
import { carrierBag, handOverPages } from './hand-over-pages.tsx'

const yuanjiang = { zh: '沅江市', en: 'Yuanjiang' }
const wens = { welcome: { node: 'yuanjiang', county: yuanjiang } } as Session
let exchanges = 0
const app = new Hono<FieldEnv>()
app.use('*', async (c, next) => {
  c.set('lang', 'zh')
  c.set('t', sayIn('zh'))
  await next()
})
handOverPages(app, async () => {
  exchanges++
})

async function scanned(more: Partial<Label>): Promise<Uint8Array<ArrayBuffer>> {
  const label: Label = {
    device: 'd',
    node: 'yuanjiang',
    county: yuanjiang,
    person: '周梅',
    at: '2026-11-21T08:00:00.000Z',
    acts: 6,
    photos: 0,
    left: 0,
    ...more,
  }
  const parcel = await sealParcel('hash', label, { person: 'zhoumei', at: label.at, acts: [], photos: [] })
  return new Uint8Array(await parcel.arrayBuffer())
}
const take = (body: Uint8Array<ArrayBuffer>, session?: Session) =>
  app.request(
    '/field/carry',
    { method: 'POST', body, headers: { 'content-type': 'application/octet-stream' } },
    { session },
  )

test('what was scanned is taken along, and sent at once should the box be there', async () => {
  const answer = await take(await scanned({}), wens)
  expect(await answer.json()).toEqual({ path: '/field/carry' })
  expect(exchanges).toBe(1)
  expect((await (await carrierBag()).list()).map((each) => each.label.person)).toEqual(['周梅'])
})

test('a parcel for another county’s box is turned away while the other side is still there', async () => {
  const answer = await take(
    await scanned({ node: 'nanxian', county: { zh: '南县', en: 'Nanxian' }, person: '曹艳' }),
    wens,
  )
  expect(answer.status).toBe(422)
  expect(((await answer.json()) as { detail: string }).detail).toContain('曹艳的设备属于南县县盒')
  expect(await (await carrierBag()).waiting()).toBe(1)
})

test('a locked device takes nothing along and shows nothing', async () => {
  expect((await take(await scanned({}))).headers.get('location')).toBe('/field/unlock?to=%2Ffield%2Fcarry')
  for (const path of ['/field/hand-over', '/field/hand-over/parcel', '/field/carry'])
    expect((await app.request(path, {}, {})).headers.get('location')).toStartWith('/field/unlock')
})
