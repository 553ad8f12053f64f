import { afterEach, expect, test } from 'bun:test'
import { people } from '../../tests/county.ts'
import { password, type WebScene, webScene } from '../../tests/web-scene.ts'
import { type System, systemOf } from './join/systems.ts'
import type { SecureDoor } from './services.ts'

let scene: WebScene
afterEach(() => scene?.close())

const box = '192.168.1.20'
const print = Array.from({ length: 32 }, (_, i) => (i + 16).toString(16).toUpperCase()).join(':')
const door = (more: Partial<SecureDoor> = {}): SecureDoor => ({
  port: 8443,
  plainPort: 8080,
  authority: {
    name: '沅江市县盒根证书',
    pem: '-----BEGIN CERTIFICATE-----\n',
    der: new Uint8Array([0x30, 0x03, 0x02, 0x01, 0x05]),
    sha256: print,
    sha1: '00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33',
  },
  covers: (host) => [box, '127.0.0.1', 'xianhe.local'].includes(host),
  addresses: () => [box, 'xianhe.local'],
  ...more,
})
const scenery = async (secure = door()) => {
  scene = await webScene({ services: { secure } })
}

const html = { accept: 'text/html,application/xhtml+xml' }
const ask = (path: string, headers: Record<string, string> = {}, origin = `http://${box}:8080`) =>
  scene.app.request(`${origin}${path}`, { headers: { ...html, ...headers } })
const secure = `https://${box}:8443`

const cookiesOf = (answer: Response) => answer.headers.getSetCookie()
const pair = (cookies: string[], name: RegExp) => cookies.find((each) => name.test(each))!.split(';')[0]!

/** The cookie of a browser that reached the last page over https. */
async function joined(): Promise<string> {
  const done = await ask('/join/done', {}, secure)
  expect(done.status).toBe(200)
  return pair(cookiesOf(done), /^xh_joined=/)
}

test('nobody logs in to join, and the certificate comes in the form each system wants', async () => {
  await scenery()
  expect((await ask('/join')).status).toBe(200)
  const der = await ask('/join/xianhe-ca.crt')
  expect(der.headers.get('content-type')).toBe('application/x-x509-ca-cert')
  expect(new Uint8Array(await der.arrayBuffer())).toEqual(Uint8Array.from(door().authority.der))
  expect(await (await ask('/join/xianhe-ca.pem')).text()).toBe(door().authority.pem)
  const profile = await ask('/join/xianhe.mobileconfig')
  expect(profile.headers.get('content-type')).toBe('application/x-apple-aspen-config')
  expect(profile.headers.get('content-disposition')).toBeNull()
  const text = await profile.text()
  expect(text).toContain('com.apple.security.root')
  expect(text).toContain(Buffer.from(door().authority.der).toString('base64'))
})

test('each system is recognised, and the page speaks of its own dialogs', async () => {
  await scenery()
  const agents: [System, string, string][] = [
    ['windows', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120.0', '当前用户'],
    ['windows7', 'Mozilla/5.0 (Windows NT 6.1; Win64; x64) Chrome/109.0', '受信任的根证书颁发机构'],
    ['android', 'Mozilla/5.0 (Linux; Android 12; M2102J2SC) Chrome/109.0 Mobile', '仍然安装'],
    ['android', 'Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 ArkWeb/4.1', 'CA 证书'],
    ['ios', 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Safari/604.1', '证书信任设置'],
    ['linux', 'Mozilla/5.0 (X11; Linux loongarch64) Chrome/109.0', '信任该证书'],
    ['macos', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15', '始终信任'],
  ]
  for (const [system, agent, words] of agents) {
    expect(systemOf(agent)).toBe(system)
    expect(await (await ask('/join', { 'user-agent': agent })).text()).toContain(words)
  }
  // Windows 7 has no choice between user and machine.
  expect(await (await ask('/join?system=windows7')).text()).not.toContain('本地计算机')
  const chat = await ask('/join', { 'user-agent': `${agents[2]![1]} MicroMessenger/8.0.40` })
  expect(await chat.text()).toContain('在浏览器打开')
  const unknown = await (await ask('/join', { 'user-agent': 'curl/8' })).text()
  expect(unknown).toContain('先选您用的是哪一种')
})

test('the page shows both fingerprints, and may look at the https side and nowhere else', async () => {
  await scenery()
  const page = await ask('/join?system=windows')
  const policy = page.headers.get('content-security-policy')!
  expect(policy).toContain(`img-src 'self' data: blob: ${secure};`)
  const text = await page.text()
  expect(text).toContain(`data-join-check="${secure}/join/ok.svg"`)
  for (const group of print.replaceAll(':', '').match(/.{4}/g)!)
    expect(text).toContain(`<span>${group}</span>`)
  expect(text).toContain('00112233 44556677 8899AABB CCDDEEFF 00112233')
  expect((await ask('/login')).headers.get('content-security-policy')).not.toContain('https:')
})

test('an address that the certificate does not name is said, with one that it does', async () => {
  await scenery()
  const text = await (await ask('/join', {}, 'http://10.9.9.9:8080')).text()
  expect(text).toContain('请换一个地址打开本页')
  expect(text).toContain(`http://${box}:8080/join`)
})

test('the picture that proves trust is there over https only', async () => {
  await scenery()
  expect((await ask('/join/ok.svg')).status).toBe(404)
  const seen = await ask('/join/ok.svg', {}, secure)
  expect([seen.status, seen.headers.get('content-type')]).toEqual([200, 'image/svg+xml'])
})

test('pages move to https for a browser that joined, and for nobody else', async () => {
  await scenery()
  expect((await ask('/d/agri.plot?q=芦苇')).status).toBe(303)
  const cookie = await joined()
  const moved = await ask('/d/agri.plot?q=1', { cookie })
  expect([moved.status, moved.headers.get('location')]).toEqual([307, `${secure}/d/agri.plot?q=1`])
  expect((await ask('/join/done', { cookie })).headers.get('location')).toBe('/join')
})

test('programs, devices, peers, labels and forms are never moved', async () => {
  await scenery()
  const cookie = await joined()
  for (const path of [
    '/api/v1/datasets',
    '/healthz',
    '/metrics',
    '/sync/v1/packages',
    '/device/v1/changes',
    '/events',
    '/assets/app.js',
    '/manifest.webmanifest',
    '/worker.js',
    '/t/430981-0000',
    '/01/06901234567892/10/A1',
    '/join',
    '/join/xianhe-ca.crt',
  ])
    expect([path, (await ask(path, { cookie })).status]).not.toEqual([path, 307])
  const json = await ask('/d/agri.plot', { cookie, accept: 'application/json' })
  const part = await ask('/line', { cookie, 'hx-request': 'true' })
  const form = await scene.app.request(`http://${box}:8080/login`, {
    method: 'POST',
    headers: { ...html, cookie },
    body: new URLSearchParams({ name: 'wenbin', password }),
  })
  expect([json.status, part.status, form.status]).not.toContain(307)
  expect((await ask('/', { cookie }, 'http://10.9.9.9:8080')).status).not.toBe(307)
})

test('a new authority, or a box whose secure side is closed, moves nobody; whoever wants to stay may', async () => {
  await scenery()
  const cookie = await joined()
  const left = await ask('/join/stay', { cookie })
  expect(pair(cookiesOf(left), /^xh_joined=/)).toBe('xh_joined=')
  await scene.close()
  await scenery(door({ authority: { ...door().authority, sha256: print.replace('10:11', 'FF:FF') } }))
  expect((await ask('/login', { cookie })).status).toBe(200)
  await scene.close()
  scene = await webScene()
  expect((await ask('/login', { cookie })).status).toBe(200)
  expect(await (await ask('/join')).text()).toContain('没有开安全连接')
})

test('a session holds on both sides, is Secure on the secure one, and ends on both', async () => {
  await scenery()
  const logIn = (origin: string, cookie = '') =>
    scene.app.request(`${origin}/login`, {
      method: 'POST',
      headers: { ...html, cookie },
      body: new URLSearchParams({ name: 'wenbin', password }),
    })
  const plain = pair(cookiesOf(await logIn(`http://${box}:8080`)), /^xh_/)
  expect((await ask('/', { cookie: plain })).status).toBe(200)
  // Moving over does not log anybody out.
  expect((await ask('/', { cookie: plain }, secure)).status).toBe(200)

  const over = cookiesOf(await logIn(secure))
  const cookie = over.find((each) => /^xh_\w+_s=/.test(each))!
  expect(cookie).toContain('Secure')
  expect(cookie).toContain('HttpOnly')
  expect((await ask('/', { cookie: cookie.split(';')[0]! }, secure)).status).toBe(200)
  // A browser would not send it here; and the plain side has a name of its own that no Secure cookie shadows.
  expect(pair(cookiesOf(await logIn(`http://${box}:8080`)), /^xh_/).split('=')[0]).not.toBe(
    cookie.split('=')[0],
  )

  const both = `${plain}; ${cookie.split(';')[0]}`
  const home = await (await ask('/', { cookie: both }, secure)).text()
  const csrf = /name="_csrf" value="([^"]+)"/.exec(home)![1]!
  const out = await scene.app.request(`${secure}/logout`, {
    method: 'POST',
    headers: { ...html, cookie: both },
    body: new URLSearchParams({ _csrf: csrf }),
  })
  expect(cookiesOf(out).filter((each) => each.includes('Max-Age=0'))).toHaveLength(2)
  for (const origin of [secure, `http://${box}:8080`])
    expect((await ask('/', { cookie: both }, origin)).headers.get('location')).toBe('/login')
})

test('plain pages say once and quietly what they leave out, and stop when asked', async () => {
  await scenery()
  const wenbin = await scene.by(people.wen)
  const session = await scene.app.request(`http://${box}:8080/login`, {
    method: 'POST',
    headers: html,
    body: new URLSearchParams({ name: 'wenbin', password }),
  })
  const cookie = pair(cookiesOf(session), /^xh_/)
  expect(await (await ask('/', { cookie })).text()).toContain('未启用安全连接')
  expect(await (await ask('/', { cookie }, secure)).text()).not.toContain('未启用安全连接')
  expect(await (await ask('/login')).text()).toContain('未启用安全连接')
  expect(await (await ask('/join', { cookie })).text()).not.toContain('未启用安全连接')
  const later = await ask('/join/later?to=/registers', { cookie })
  expect(later.headers.get('location')).toBe('/registers')
  const quiet = `${cookie}; ${pair(cookiesOf(later), /^xh_join_later=/)}`
  expect(await (await ask('/', { cookie: quiet })).text()).not.toContain('未启用安全连接')
  expect((await ask('/join/later?to=https://evil.example')).headers.get('location')).toBe('/')
  // On the box itself the browser counts the page as secure anyway.
  expect(await (await wenbin.get('/')).text()).not.toContain('未启用安全连接')
})

test('the app can be installed: pictures of both sizes, one of them without corners', async () => {
  await scenery()
  const manifest = (await (await ask('/manifest.webmanifest')).json()) as {
    icons: { sizes: string; type: string; purpose?: string }[]
    start_url: string
  }
  expect(manifest.start_url).toBe('/')
  const png = manifest.icons.filter((icon) => icon.type === 'image/png')
  expect(png.map((icon) => icon.sizes)).toEqual(['192x192', '512x512', '512x512'])
  expect(png.some((icon) => icon.purpose === 'maskable')).toBe(true)
})
