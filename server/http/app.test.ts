import { afterEach, expect, test } from 'bun:test'
import { people } from '../../tests/county.ts'
import { password, type WebScene, webScene } from '../../tests/web-scene.ts'
import { audit } from '../kernel/schema.ts'
import { addAccount, addToken, disableAccount, listAccounts, logIn } from './accounts.ts'

let scene: WebScene
afterEach(() => scene.close())

test('nobody sees a page without logging in, and comes back to it afterwards', async () => {
  scene = await webScene()
  const away = await scene.app.request('/d/agri.plot?q=芦苇')
  expect(away.status).toBe(303)
  expect(away.headers.get('location')).toBe(
    `/login?to=${encodeURIComponent('/d/agri.plot?q=%E8%8A%A6%E8%8B%87')}`,
  )
  const login = await scene.app.request('/login', {
    method: 'POST',
    body: new URLSearchParams({ name: 'wenbin', password, to: '/d/agri.plot' }),
  })
  expect(login.status).toBe(303)
  expect(login.headers.get('location')).toBe('/d/agri.plot')
  expect(login.headers.get('set-cookie')).toMatch(/HttpOnly.*SameSite=Lax/)
  expect(scene.db.select().from(audit).all()).toMatchObject([{ actor: 'wenbin', what: 'logged-in' }])
})

test('a login never leads to another site', async () => {
  scene = await webScene()
  for (const to of ['//evil.example', 'https://evil.example', '/\\evil.example', 'javascript:alert(1)']) {
    const login = await scene.app.request('/login', {
      method: 'POST',
      body: new URLSearchParams({ name: 'wenbin', password, to }),
    })
    expect(login.headers.get('location')).toBe('/')
  }
})

test('five wrong passwords make the account wait, whether or not the name exists the answer is the same', async () => {
  scene = await webScene()
  const attempt = (name: string, word: string) =>
    scene.app.request('/login', { method: 'POST', body: new URLSearchParams({ name, password: word }) })
  const unknown = await attempt('nobody', 'x')
  const wrong = await attempt('wenbin', 'x')
  expect([unknown.status, wrong.status]).toEqual([401, 401])
  const told = async (response: Response) =>
    /<div class="notice-body">.*?<\/div>/s.exec(await response.text())?.[0] ?? ''
  const [first, second] = [await told(unknown), await told(wrong)]
  expect(first).toContain('登录名或密码不对')
  expect(second).toBe(first)
  for (let i = 0; i < 4; i++) await attempt('wenbin', 'x')
  const waits = await attempt('wenbin', password)
  expect(waits.status).toBe(429)
  expect(Number(waits.headers.get('retry-after'))).toBeGreaterThan(30)
  const later = await logIn(scene.db, 'wenbin', password, Date.now() + 61_000)
  expect('account' in later).toBe(true)
})

test('a one-time password opens nothing but the page that replaces it', async () => {
  scene = await webScene()
  const made = await addAccount(scene.db, {
    name: 'xinren',
    title: '新人',
    roles: ['leader'],
    division: '430981',
  })
  const login = await scene.app.request('/login', {
    method: 'POST',
    body: new URLSearchParams({ name: 'xinren', password: made.password }),
  })
  expect(login.headers.get('location')).toBe('/me/password')
  const [cookie = ''] = (login.headers.get('set-cookie') ?? '').split(';')
  expect((await scene.app.request('/registers', { headers: { cookie } })).headers.get('location')).toBe(
    '/me/password',
  )
  const form = await (await scene.app.request('/me/password', { headers: { cookie } })).text()
  const csrf = /name="_csrf" value="([^"]+)"/.exec(form)![1]!
  const weak = await scene.app.request('/me/password', {
    method: 'POST',
    headers: { cookie },
    body: new URLSearchParams({ _csrf: csrf, old: made.password, next: 'xinren12', again: 'xinren12' }),
  })
  expect(weak.status).toBe(422)
  const good = await scene.app.request('/me/password', {
    method: 'POST',
    headers: { cookie },
    body: new URLSearchParams({
      _csrf: csrf,
      old: made.password,
      next: 'Hu-bian-2026',
      again: 'Hu-bian-2026',
    }),
  })
  expect(good.status).toBe(303)
  expect('account' in (await logIn(scene.db, 'xinren', 'Hu-bian-2026'))).toBe(true)
  // The session that knew the one-time password is over.
  expect(
    (await scene.app.request('/registers', { headers: { cookie } })).headers.get('location'),
  ).toStartWith('/login')
})

test('a form without the session’s token changes nothing', async () => {
  scene = await webScene()
  const liu = await scene.by(people.liu)
  const before = scene.county.store.seq
  const entity = {
    code: '93430981MA1000137X',
    name: '伪造',
    kind: 'firm',
    division: '430981114',
    state: 'open',
  }
  expect((await liu.post('/d/base.entity', { ...entity, _csrf: 'wrong' })).status).toBe(403)
  expect((await liu.post('/d/base.entity', { ...entity, _csrf: '' })).status).toBe(403)
  expect((await liu.post('/logout', {}, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  expect(scene.county.store.seq).toBe(before)
})

test('a disabled person is out at once', async () => {
  scene = await webScene()
  const wen = await scene.by(people.wen)
  expect((await wen.get('/')).status).toBe(200)
  disableAccount(scene.db, 'wenbin')
  expect((await wen.get('/')).status).toBe(303)
  expect('wrong' in (await logIn(scene.db, 'wenbin', password))).toBe(true)
})

test('every answer carries a strict policy, and no page carries an inline script or style', async () => {
  scene = await webScene()
  scene.plot('430981114')
  const admin = await scene.by(people.admin)
  for (const path of [
    '/',
    '/d/agri.plot',
    '/d/base.entity/new',
    '/system/people',
    '/d/base.entity/import',
    '/registers',
    '/me',
  ]) {
    const response = await admin.get(path)
    expect([path, response.status]).toEqual([path, 200])
    const policy = response.headers.get('content-security-policy')!
    expect(policy).toContain("script-src 'self';")
    expect(policy).not.toContain('unsafe')
    const html = await response.text()
    expect(html).not.toMatch(/<script(?![^>]*(src=|type="application\/json"))/)
    expect(html).not.toMatch(/\sstyle="/)
    expect(html).not.toMatch(/\son[a-z]+="/)
  }
})

test('the menu shows what a person may do and nothing else', async () => {
  scene = await webScene()
  const leader = await (await (await scene.by(people.leader)).get('/')).text()
  expect(leader).toContain('/registers')
  expect(leader).not.toContain('/system/people')
  const refused = await (await scene.by(people.leader)).get('/system/people')
  expect(refused.status).toBe(403)
  expect(await refused.text()).toContain('系统管理员')
})

test('a bug is an incident with a number, a log line and a calm page', async () => {
  scene = await webScene({
    modules: [
      {
        name: 'broken',
        title: { zh: '坏的', en: 'Broken' },
        roles: [{ name: 'administrator', title: { zh: '管理员', en: 'Administrator' } }],
        pages: (app) =>
          app.get('/broken', () => {
            throw new Error('cursor ran backwards')
          }),
      },
    ],
  })
  const admin = await scene.by(people.admin)
  const page = await admin.get('/broken')
  expect(page.status).toBe(500)
  const text = await page.text()
  const incident = /\d{4}-\d{5}/.exec(text)![0]
  expect(text).not.toContain('cursor ran backwards')
  expect(scene.log).toMatchObject([
    {
      level: 'error',
      event: 'incident',
      incident,
      message: 'cursor ran backwards',
      path: '/broken',
      actor: 'admin',
    },
  ])
  const json = (await (await admin.get('/broken', { accept: 'application/json' })).json()) as {
    incident: string
    status: number
  }
  expect(json.status).toBe(500)
  expect(json.incident).toMatch(/\d{4}-\d{5}/)
})

test('health names the part that is down, and pages are still drawn', async () => {
  scene = await webScene({
    services: {
      parts: () => ({
        serve: { state: 'up', since: '2026-03-05T00:00:00Z' },
        ingest: { state: 'down', since: '2026-03-05T00:00:00Z', detail: 'killed' },
      }),
      line: {
        state: () => {
          throw new Error('the post office is on fire')
        },
      },
    },
  })
  const health = await scene.app.request('/healthz')
  expect(health.status).toBe(503)
  expect(await health.json()).toMatchObject({
    status: 'failing',
    failing: ['ingest'],
    version: '0.0.0-test',
    node: scene.county.store.node.id,
  })
  expect((await (await scene.by(people.wen)).get('/')).status).toBe(200)
})

test('metrics read as Prometheus text', async () => {
  scene = await webScene()
  await scene.app.request('/healthz')
  const text = await (await scene.app.request('/metrics')).text()
  for (const line of text.trim().split('\n'))
    expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{[^}]*\})? -?[\d.e+-]+)$/)
  expect(text).toContain('xianhe_part_up{part="serve"} 1')
  expect(text).toMatch(/xianhe_http_requests_total\{method="GET",code="2xx"\} [1-9]/)
})

test('a listener hears that something changed, and never what', async () => {
  scene = await webScene()
  const wen = await scene.by(people.wen)
  expect((await scene.app.request('/events')).status).toBe(401)
  const stream = await wen.get('/events?topics=alerts')
  const reader = stream
    .body!.pipeThrough(new TextDecoderStream() as never)
    .getReader() as ReadableStreamDefaultReader<string>
  expect((await reader.read()).value).toContain('hello')
  scene.services.events.publish('numbers', { secret: 1 })
  scene.services.events.publish('alerts.opened', { phone: '13873712345' })
  const heard = (await reader.read()).value!
  expect(heard).toContain('event: alerts.opened')
  expect(heard).not.toContain('13873712345')
  expect(heard).not.toContain('numbers')
  await reader.cancel()
})

test('each person reads the pages in the language they chose', async () => {
  scene = await webScene()
  const mei = await scene.by(people.mei)
  expect(await (await mei.get('/me')).text()).toContain('我的账号')
  expect((await mei.post('/me/language', { lang: 'en' })).status).toBe(303)
  expect(await (await mei.get('/me')).text()).toContain('My account')
  expect(await (await (await scene.by(people.wen)).get('/me')).text()).toContain('我的账号')
})

test('an administrator adds a person, resets and disables, and each step is in the audit', async () => {
  scene = await webScene()
  const admin = await scene.by(people.admin)
  const added = await admin.post('/system/people', {
    name: 'chenli',
    title: '陈丽',
    roles: ['township-worker'],
    division: '430981107',
    lang: 'zh',
  })
  expect(added.status).toBe(200)
  const oneTime = /<code>([a-z2-9-]+)<\/code>/.exec(await added.text())![1]!
  expect('account' in (await logIn(scene.db, 'chenli', oneTime))).toBe(true)
  const twice = await admin.post('/system/people', {
    name: 'chenli',
    title: '另一位',
    roles: ['leader'],
    division: '430981',
    lang: 'zh',
  })
  expect(twice.status).toBe(422)
  expect(await twice.text()).toContain('另一位')
  await admin.post('/system/people/chenli/reset', {})
  expect('wrong' in (await logIn(scene.db, 'chenli', oneTime))).toBe(true)
  await admin.post('/system/people/chenli/disable', {})
  expect(listAccounts(scene.db).find((each) => each.name === 'chenli')!.disabled).toBe(1)
  const doings = scene.db
    .select()
    .from(audit)
    .all()
    .map((row) => row.what)
  expect(doings).toEqual(['logged-in', 'person-added', 'password-reset', 'person-disabled'])
  expect((await (await scene.by(people.wen)).post('/system/people/chenli/enable', {})).status).toBe(403)
})

test('a token acts as its account under its own name, and stops when disabled', async () => {
  scene = await webScene()
  const { token } = addToken(scene.db, { name: 'weather-import', account: 'liujianguo' })
  const headers = { authorization: `Bearer ${token}` }
  expect((await scene.app.request('/api/v1/datasets', { headers })).status).toBe(200)
  const { disableToken } = await import('./accounts.ts')
  disableToken(scene.db, 'weather-import')
  const refused = await scene.app.request('/api/v1/datasets', { headers })
  expect(refused.status).toBe(401)
  expect(refused.headers.get('www-authenticate')).toContain('invalid_token')
  expect(refused.headers.get('content-type')).toContain('application/problem+json')
})
