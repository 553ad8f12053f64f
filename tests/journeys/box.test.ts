import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { creditCodeCheck } from '../../server/kernel/checks.ts'
import { type RunningBox, run, startBox } from './box.ts'

const program = [process.execPath, resolve(import.meta.dir, '../../xianhe.ts')]
const root = mkdtempSync(join(tmpdir(), 'xianhe-verbs-'))
let box: RunningBox

beforeAll(async () => {
  box = await startBox({ data: join(root, 'county') })
  await box.allUp()
})
afterAll(async () => {
  await box.stop()
  rmSync(root, { recursive: true })
})

const xianhe = (...words: string[]) => run(program, words)

test('the first run makes an administrator whose one-time password opens the door', async () => {
  expect(box.firstLogin?.name).toBe('admin')
  const answer = await fetch(`${box.url}/login`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ name: 'admin', password: box.firstLogin!.password }),
  })
  expect(answer.status).toBe(303)
  expect(answer.headers.get('set-cookie')).toContain('HttpOnly')
})

test('verbs beside a running box are carried out inside it, and seen at once', async () => {
  const added = (
    await box.cli(
      'user',
      'add',
      'wenbin',
      '--title',
      '文斌',
      '--role',
      'township-worker',
      '--scope',
      '430981114',
      '--json',
    )
  ).json()
  expect(added).toMatchObject({ name: 'wenbin', oneTime: true })
  expect((await box.cli('user', 'list', '--json')).json().map((row: { name: string }) => row.name)).toEqual([
    'admin',
    'wenbin',
  ])
  const token = (await box.cli('token', 'add', 'reports', '--account', 'admin', '--json')).json().token
  const asked = await fetch(`${box.url}/api/v1/datasets`, { headers: { authorization: `Bearer ${token}` } })
  expect(asked.status).toBe(200)
  expect((await box.cli('token', 'disable', 'reports')).code).toBe(0)
  expect(
    (await fetch(`${box.url}/api/v1/datasets`, { headers: { authorization: `Bearer ${token}` } })).status,
  ).toBeGreaterThanOrEqual(401)
})

test('a refusal is one line that says what to do, and its exit status is 1', async () => {
  const refused = await box.cli('user', 'add', 'nobody', '--role', 'emperor', '--lang', 'en')
  expect(refused.code).toBe(1)
  expect(refused.err).toMatch(/^xianhe: Say the role with --role: administrator, .*\n$/)
  expect((await box.cli('user', 'disable', 'nobody')).err).toContain('没有登录名「nobody」')
})

test('wrong usage says the usage, and its exit status is 2', async () => {
  for (const words of [['user', 'ad'], ['user'], ['usr'], ['serve', '--prot', '1'], ['package']]) {
    const said = await xianhe(...words, '--data', join(root, 'county'))
    expect([words, said.code]).toEqual([words, 2])
    expect(said.err.trim().split('\n')).toHaveLength(1)
  }
  expect((await xianhe('user', 'ad', '--lang', 'en', '--data', box.data)).err).toContain('did you mean add?')
  expect((await xianhe()).code).toBe(2)
})

test('help explains every verb it lists, in both languages', async () => {
  const verbs = (await xianhe('help', '--json')).json() as {
    name: string
    about: { zh: string; en: string }
  }[]
  expect(verbs.length).toBeGreaterThan(15)
  for (const verb of verbs) {
    expect(verb.about.zh).toMatch(/\p{Script=Han}/u)
    expect(verb.about.en).toMatch(/^[A-Z]/)
  }
  const explained = await xianhe('help', 'backup', '--lang', 'en')
  expect(explained.out).toContain('xianhe backup --to FILE|DIR')
})

test('a second box on the same directory, or the same ports, is refused in one sentence', async () => {
  const same = await xianhe('serve', '--data', box.data, '--lang', 'en')
  expect([same.code, same.err]).toEqual([1, expect.stringContaining('is in use by another box')])
  const other = join(root, 'other')
  const port = await xianhe(
    'serve',
    '--data',
    other,
    '--port',
    String(box.port),
    '--mqtt-port',
    '0',
    '--lang',
    'en',
  )
  expect([port.code, port.err]).toEqual([1, expect.stringContaining(`Port ${box.port} for pages is taken`)])
  const mqtt = await xianhe('serve', '--data', other, '--port', '0', '--mqtt-port', String(box.mqttPort))
  expect([mqtt.code, mqtt.err]).toEqual([1, expect.stringContaining(`MQTT端口 ${box.mqttPort} 已被占用`)])
})

test('a child killed with -9 is back while pages go on, and the box says how it is', async () => {
  for (const role of ['ingest', 'analytics']) {
    const before = pidOf(box.pid, role)!
    process.kill(before, 'SIGKILL')
    // The page never waits for a child.
    expect((await fetch(`${box.url}/login`)).status).toBe(200)
    const deadline = Date.now() + 10_000
    while (Date.now() < deadline && (pidOf(box.pid, role) ?? before) === before) await Bun.sleep(10)
    await box.allUp()
    expect(pidOf(box.pid, role)).not.toBe(before)
  }
})

test('settings say where each value came from', async () => {
  const said = (await box.cli('settings', '--json', '--port', '9000')).json()
  expect(said.settings.find((row: { name: string }) => row.name === 'port')).toMatchObject({
    value: 9000,
    origin: 'flag',
  })
})

test('doctor finds nothing wrong with a young box', async () => {
  const healthy = await box.cli('doctor', '--json')
  expect(healthy.json().filter((each: { state: string }) => each.state === 'bad')).toEqual([])
  expect(healthy.code).toBe(0)
})

test('a backup of the running box restores beside it as another database', async () => {
  const file = join(root, 'box.xhb')
  const env = { ...process.env, XIANHE_PASSPHRASE: 'lake edge' }
  const made = await run(program, ['backup', '--to', file, '--data', box.data, '--json'], env)
  expect(made.json()).toMatchObject({ file, damaged: [] })
  const data = join(root, 'restored')
  expect((await run(program, ['restore', file, '--data', data], env)).code).toBe(0)
  const again = await run(program, ['restore', file, '--data', data, '--lang', 'en'], env)
  expect([again.code, again.err]).toEqual([1, expect.stringContaining('never overwrites')])
  expect(
    (await run(program, ['user', 'list', '--data', data, '--json'], env))
      .json()
      .map((row: { name: string }) => row.name),
  ).toEqual(['admin', 'wenbin'])
  const [here, there] = await Promise.all(
    [box.data, data].map((each) => run(program, ['peer', 'card', '--data', each, '--json'])),
  )
  expect(there!.json().node).toBe(here!.json().node)
  expect(there!.json().database).not.toBe(here!.json().database)
})

test('doctor names the diary entry that somebody altered behind the box, with the cure', async () => {
  const data = join(root, 'altered')
  const other = await startBox({ data })
  const token = (await other.cli('token', 'add', 'tester', '--account', 'admin', '--json')).json().token
  const id = Bun.randomUUIDv7()
  const told = await fetch(`${other.url}/api/v1/acts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      id,
      name: 'base.entity.created',
      record: Bun.randomUUIDv7(),
      fields: {
        name: '南大膳镇芦笋合作社',
        kind: 'co-operative',
        division: '430981110',
        code: `93430981MA4L16JQ9${creditCodeCheck('93430981MA4L16JQ9')}`,
      },
    }),
  })
  expect(await told.json()).toMatchObject({ outcome: 'accepted' })
  await other.stop()
  const db = new Database(join(data, 'core.db'))
  db.exec("update change set fields = replace(fields, '芦笋', '莲藕')")
  db.close()
  const said = await xianhe('doctor', '--data', data, '--lang', 'en')
  expect(said.code).toBe(1)
  expect(said.out).toMatch(/✗ diary chain: entry \d+ was altered\n {4}→ Keep everything as it is/)
})

test('rebuild works on the running box, and derived state may be deleted while it is stopped', async () => {
  expect((await box.cli('rebuild')).code).toBe(0)
  expect(await box.stop()).toBe(0)
  rmSync(join(box.data, 'derived'), { recursive: true })
  box = await box.again()
  await box.allUp()
  expect(existsSync(join(box.data, 'derived', 'search.db'))).toBe(true)
})

test('Ctrl-C leaves nothing unwritten: no WAL to replay, no process, exit status 0', async () => {
  const children = ['ingest', 'analytics'].map((role) => pidOf(box.pid, role)!)
  expect(await box.stop()).toBe(0)
  expect(
    readdirSync(box.data).filter(
      (name) => name.endsWith('-wal') && readFileSync(join(box.data, name)).length > 0,
    ),
  ).toEqual([])
  for (const pid of children) expect(existsSync(`/proc/${pid}`)).toBe(false)
  box = await box.again()
})

test('a data directory of a newer version is refused and nothing is touched', async () => {
  const data = join(root, 'newer')
  const young = await startBox({ data })
  await young.stop()
  writeFileSync(join(data, 'version'), '99\n')
  const said = await xianhe('serve', '--data', data, '--port', '0', '--mqtt-port', '0', '--lang', 'en')
  expect([said.code, said.err]).toEqual([1, expect.stringContaining('written by a newer box')])
})

/** The child of the box that plays a role, as the system sees it. */
function pidOf(parent: number, role: string): number | undefined {
  const listed = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number)
  return listed.find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`role\0${role}`)
    } catch {
      return false
    }
  })
}
