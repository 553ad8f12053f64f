import { afterEach, describe, expect, test } from 'bun:test'
import { people } from '../../tests/county.ts'
import { type WebScene, webScene } from '../../tests/web-scene.ts'
import { asText, hashOf, type Label, type Photo, sealParcel } from '../../web/device/hand-over.ts'
import type { ActRequest } from '../kernel/acts.ts'
import { newId } from '../kernel/ids.ts'
import { disableAccount } from './accounts.ts'
import type { DeviceWelcome } from './devices.ts'

let scene: WebScene | undefined
afterEach(async () => {
  await scene?.close()
  scene = undefined
})

/** 文斌's phone, set up at the box; the acts it decides are dated as given. */
async function phone(at: WebScene) {
  const wen = await at.by(people.wen)
  const answer = await at.app.request('/field/devices', {
    method: 'POST',
    headers: { cookie: wen.cookie, 'x-csrf': wen.csrf, 'content-type': 'application/json' },
    body: JSON.stringify({ name: '文斌的手机' }),
  })
  const welcome = (await answer.json()) as DeviceWelcome
  const plots = Array.from({ length: 6 }, () => at.plot('430981114'))
  const acts = (n: number, date = Date.now()): ActRequest[] =>
    Array.from({ length: n }, (_, i) => ({
      id: newId(),
      name: 'agri.plot.amended',
      record: plots[i]!,
      base: 1,
      fields: { area: 20 + i },
      at: new Date(date + i).toISOString(),
    }))
  const parcel = async (these: ActRequest[], more: { label?: Partial<Label>; photos?: Photo[] } = {}) => {
    const date = new Date().toISOString()
    const label: Label = {
      device: welcome.device,
      node: welcome.node,
      county: welcome.county,
      person: '文斌',
      at: date,
      acts: these.length,
      photos: more.photos?.length ?? 0,
      left: 0,
      ...more.label,
    }
    const photos = more.photos ?? []
    const blob = await sealParcel(
      await hashOf(welcome.token),
      label,
      { person: 'wenbin', at: date, acts: these, photos: photos.map((each) => each.reference) },
      photos,
    )
    return { label, bytes: new Uint8Array(await blob.arrayBuffer()) }
  }
  return { welcome, plot: plots[0]!, plots, acts, parcel }
}

/** A colleague brings it to the office PC; the page he then sees. */
async function bring(at: WebScene, bytes: Uint8Array<ArrayBuffer> | string, by = people.liu) {
  const liu = await at.by(by)
  const sent = await liu.post('/field/import', { file: new File([bytes], '县盒待发-文斌.xhd') })
  const place = sent.headers.get('location')
  const page = place ? await liu.get(place) : sent
  return { status: sent.status, place, text: plain(await page.text()) }
}

const plain = (html: string) =>
  html
    .slice(html.indexOf('<main'), html.indexOf('</main>'))
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')

const diaryOf = (at: WebScene, records: string[]) =>
  records
    .flatMap((record) => at.county.store.history(record))
    .filter((act) => act.name === 'agri.plot.amended')
    .map((act) => `${act.by ?? act.actor} ${act.changes[0]!.fields.area}`)

const photoOf = (text: string): Photo => {
  const bytes = new TextEncoder().encode(text)
  return {
    reference: {
      sha256: new Bun.CryptoHasher('sha256').update(bytes).digest('hex'),
      name: '现场.jpg',
      type: 'image/jpeg',
      bytes: bytes.length,
    },
    bytes: bytes.buffer as ArrayBuffer,
  }
}

describe('a parcel brought to the office', () => {
  test('comes in as its person’s, once, and says who brought it; twice changes nothing and says so', async () => {
    scene = await webScene()
    const wens = await phone(scene)
    const acts = wens.acts(3)
    const { bytes } = await wens.parcel(acts)
    const first = await bring(scene, bytes)
    expect(first.text).toContain('文斌的设备:收到 3 条')
    expect(diaryOf(scene, wens.plots)).toEqual(['文斌 20', '文斌 21', '文斌 22'])
    const seq = scene.county.store.seq
    const again = await bring(scene, bytes)
    expect(again.place).toContain('said=parcel-known')
    // Another copy of the same entries is another parcel, and known all the same.
    const other = await bring(scene, (await wens.parcel(acts)).bytes)
    expect(other.text).toContain('收到 0 条,原已收到 3 条')
    expect(scene.county.store.seq).toBe(seq)
    const liu = await scene.by(people.liu)
    expect(plain(await (await liu.get(`/d/agri.plot/${wens.plot}/history`)).text())).toContain(
      '由刘建国带回县里',
    )
  })

  test('brings its photos along, each checked against its hash', async () => {
    scene = await webScene()
    const wens = await phone(scene)
    const photos = [photoOf('一张照片'), photoOf('又一张')]
    const { bytes } = await wens.parcel(wens.acts(1), { photos, label: { left: 4 } })
    const { text } = await bring(scene, bytes)
    expect(text).toContain('照片 2 张')
    expect(text).toContain('有 4 张照片没有放进来')
    for (const { reference, bytes: kept } of photos)
      expect(await (await scene.services.files.open(reference.sha256))!.arrayBuffer()).toEqual(kept)
  })

  test('as text, with the line ends and spaces a chat may have added, it is the same parcel', async () => {
    scene = await webScene()
    const wens = await phone(scene)
    const { bytes, label } = await wens.parcel(wens.acts(2))
    const text = asText(bytes, label).replaceAll('\r\n', ' \n')
    expect((await bring(scene, text)).text).toContain('收到 2 条')
    expect((await bring(scene, bytes)).place).toContain('said=parcel-known')
  })

  test('with any byte changed, cut short or prolonged nothing comes in, and the sentence says what to do', async () => {
    scene = await webScene()
    const wens = await phone(scene)
    const { bytes } = await wens.parcel(wens.acts(2), { photos: [photoOf('一张照片')] })
    const seq = scene.county.store.seq
    const head = 6 + ((bytes[4]! << 8) | bytes[5]!)
    const changed = [8, head - 3, head + 2, head + 20, bytes.length - 1].map((at) => {
      const copy = bytes.slice()
      copy[at]! ^= 0x10
      return copy
    })
    const longer = new Uint8Array(bytes.length + 1)
    longer.set(bytes)
    for (const wrong of [...changed, bytes.slice(0, -1), bytes.slice(0, head + 10), longer]) {
      const { status, text } = await bring(scene, wrong)
      expect(status).toBe(422)
      // The part outside the seal may be torn so that it names no device or another box; then the sentence says that.
      expect(text).toMatch(/在路上损坏了|没有这台设备|不是县盒的交接文件|县盒的设备交出的/)
      expect(text).toContain('什么也没有改动')
    }
    expect(scene.county.store.seq).toBe(seq)
    expect((await bring(scene, '随便一个文件')).text).toContain('这不是县盒的交接文件')
    expect((await bring(scene, 'XHD9 …')).text).toContain('新版本')
  })

  test('a copy in the first format is still taken in', async () => {
    scene = await webScene()
    const wens = await phone(scene)
    const text = new TextEncoder()
    const iv = crypto.getRandomValues(new Uint8Array(12))
    const material = await crypto.subtle.importKey(
      'raw',
      text.encode(await hashOf(wens.welcome.token)),
      'HKDF',
      false,
      ['deriveKey'],
    )
    const key = await crypto.subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: text.encode('xhd/1') },
      material,
      { name: 'AES-GCM', length: 256 },
      false,
      ['encrypt'],
    )
    const contents = JSON.stringify({ person: 'wenbin', at: new Date().toISOString(), acts: wens.acts(2) })
    const data = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, text.encode(contents))
    const file = JSON.stringify({
      format: 'xhd/1',
      device: wens.welcome.device,
      iv: Buffer.from(iv).toString('base64'),
      data: Buffer.from(data).toString('base64'),
    })
    expect((await bring(scene, file)).text).toContain('文斌的设备:收到 2 条')
    expect((await bring(scene, file.replace('"data":"', '"data":"AAAA'))).text).toContain('在路上损坏了')
  })

  test('of another county’s box it is turned away with the name of that county', async () => {
    scene = await webScene()
    const wens = await phone(scene)
    const { bytes } = await wens.parcel(wens.acts(1), {
      label: { node: newId(), county: { zh: '南县', en: 'Nanxian' } },
    })
    const { status, text } = await bring(scene, bytes)
    expect(status).toBe(422)
    expect(text).toContain('这是南县县盒的设备交出的')
  })

  test('an entry the rules refuse is named, and the others come in', async () => {
    scene = await webScene()
    const wens = await phone(scene)
    const acts = wens.acts(3)
    acts[1]!.fields = { area: -5 }
    const { text } = await bring(scene, (await wens.parcel(acts)).bytes)
    expect(text).toContain('收到 2 条')
    expect(text).toContain('1 条没有收')
    expect(diaryOf(scene, wens.plots)).toEqual(['文斌 20', '文斌 22'])
  })
})

describe('a lost phone that was revoked first', () => {
  test('what was entered before comes in as its person’s and is marked; what is dated after waits for his word', async () => {
    scene = await webScene()
    const wens = await phone(scene)
    const before = wens.acts(2, Date.now() - 3_600_000)
    const admin = await scene.by(people.admin)
    await admin.post(`/field/devices/${wens.welcome.device}/revoke`, {})
    const after = wens.acts(1, Date.now() + 60_000)
    after[0]!.base = 2
    after[0]!.fields = { area: 99 }
    const { bytes } = await wens.parcel([...before, ...after])

    const brought = await bring(scene, bytes)
    expect(brought.text).toContain('收到 2 条')
    expect(brought.text).toContain('这台设备已经停用')
    expect(brought.text).toContain('1 条先放在一边')
    expect(diaryOf(scene, wens.plots)).toEqual(['文斌 20', '文斌 21'])
    // 刘建国 carried it; he may neither read nor decide it.
    expect(brought.text).not.toContain('99')
    const liu = await scene.by(people.liu)
    expect((await liu.post(`${brought.place}/theirs`, {})).status).toBe(403)
    expect(plain(await (await liu.get(`/d/agri.plot/${wens.plot}/history`)).text())).toContain(
      '由刘建国带回县里,那时这台设备已停用',
    )

    const wen = await scene.by(people.wen)
    expect(plain(await (await wen.get('/')).text())).toContain('停用的设备上有 1 条,要认下才算数')
    expect(plain(await (await liu.get('/')).text())).not.toContain('要认下才算数')
    const page = plain(await (await wen.get(brought.place!)).text())
    expect(page).toContain('99')
    expect(page).toContain('是我登记的,收进来')
    expect((await wen.post(`${brought.place}/theirs`, {})).status).toBe(303)
    expect(diaryOf(scene, wens.plots)).toEqual(['文斌 20', '文斌 99', '文斌 21'])
    expect(plain(await (await wen.get(brought.place!)).text())).toContain('都在县里了')
  })

  test('what its person says is not his never comes in, however often it is brought', async () => {
    scene = await webScene()
    const wens = await phone(scene)
    const admin = await scene.by(people.admin)
    await admin.post(`/field/devices/${wens.welcome.device}/revoke`, {})
    const { bytes } = await wens.parcel(wens.acts(1, Date.now() + 60_000))
    const { place } = await bring(scene, bytes)
    await admin.post(`${place}/not-theirs`, {})
    expect((await bring(scene, bytes)).place).toContain('said=parcel-known')
    expect(diaryOf(scene, wens.plots)).toEqual([])
  })

  test('what was asked to be forgotten meanwhile is not in what lies aside, and does not come back with the same parcel', async () => {
    scene = await webScene()
    const wens = await phone(scene)
    const admin = await scene.by(people.admin)
    await admin.post(`/field/devices/${wens.welcome.device}/revoke`, {})
    const { bytes } = await wens.parcel(wens.acts(1, Date.now() + 60_000))
    await bring(scene, bytes)
    scene.county.store.redact(people.admin, wens.plot, ['area'], '本人要求')
    const { place } = await bring(scene, bytes)
    expect(plain(await (await admin.get(place!)).text())).toContain('1 条先放在一边')
    await admin.post(`${place}/theirs`, {})
    expect(scene.county.store.record(wens.plot)?.fields.area).toBeUndefined()
  })

  test('of somebody who has left nothing comes in without an administrator', async () => {
    scene = await webScene()
    const wens = await phone(scene)
    const { bytes } = await wens.parcel(wens.acts(2))
    disableAccount(scene.db, 'wenbin')
    const { place, text } = await bring(scene, bytes)
    expect(text).toContain('2 条先放在一边')
    const admin = await scene.by(people.admin)
    expect((await admin.post(`${place}/theirs`, {})).status).toBe(303)
    expect(diaryOf(scene, wens.plots)).toEqual(['文斌 20', '文斌 21'])
  })
})

describe('a colleague’s phone as carrier', () => {
  test('hands it in by pieces; whoever asks twice gets the same answer; a torn one is named', async () => {
    scene = await webScene()
    const wens = await phone(scene)
    const liu = await scene.by(people.liu)
    const answer = await scene.app.request('/field/devices', {
      method: 'POST',
      headers: { cookie: liu.cookie, 'x-csrf': liu.csrf, 'content-type': 'application/json' },
      body: JSON.stringify({ name: '刘建国的手机' }),
    })
    const { token } = (await answer.json()) as DeviceWelcome
    const ask = (path: string, init: RequestInit = {}) =>
      scene!.app.request(`/device/v1/parcels/${path}`, {
        ...init,
        headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${token}` },
      })
    const heldOf = async (sha: string) => {
      const { status, headers } = await ask(sha, { method: 'HEAD' })
      return [status, headers.get('upload-offset'), headers.get('upload-complete')]
    }
    const send = async (bytes: Uint8Array<ArrayBuffer>) => {
      const sha = new Bun.CryptoHasher('sha256').update(bytes).digest('hex')
      const middle = bytes.length >> 1
      for (const [from, to] of [
        [0, middle],
        [middle, bytes.length],
      ] as const) {
        expect(await heldOf(sha)).toEqual([200, String(from), '?0'])
        await ask(sha, {
          method: 'PATCH',
          body: bytes.slice(from, to),
          headers: { 'upload-offset': String(from), 'upload-length': String(bytes.length) },
        })
      }
      expect(await heldOf(sha)).toEqual([200, String(bytes.length), '?1'])
      return ask(sha, { method: 'POST' })
    }
    const { bytes } = await wens.parcel(wens.acts(6))
    expect(await (await send(bytes)).json()).toMatchObject({ person: '文斌', arrived: 6, repeated: 0 })
    expect(await (await send(bytes)).json()).toMatchObject({ person: '文斌', arrived: 0, repeated: 6 })
    const torn = bytes.slice()
    torn[torn.length - 1]! ^= 1
    const refused = await send(torn)
    expect(refused.status).toBe(422)
    expect(((await refused.json()) as { message: { zh: string } }).message.zh).toContain('在路上损坏了')
    expect(diaryOf(scene, wens.plots)).toHaveLength(6)
    expect((await ask('0'.repeat(64), { method: 'POST' })).status).toBe(404)
  })
})
