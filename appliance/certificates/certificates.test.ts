import { afterAll, afterEach, expect, test } from 'bun:test'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backUp, restore } from '../backup.ts'
import { dataDirectory } from '../data-directory.ts'
import { openBox } from '../open.ts'
import { secureDoors, settle } from '../settings.ts'
import { DamagedAuthority, issue, type Names, writeSealed } from './authority.ts'
import { certificates as doctorLine } from './doctor.ts'
import { authorityFile, serverFile } from './files.ts'
import { type Certificates, covers, type Keeping, keepCertificates, whyRenew } from './keep.ts'
import { listenSecurely } from './listener.ts'
import { hostLabel, namesOf } from './names.ts'
import { openSecure } from './secure.ts'

const here = mkdtempSync(join(tmpdir(), 'xianhe-certificates-'))
afterAll(() => rmSync(here, { recursive: true }))
const open: { stop(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop()
})
const day = 86_400_000

let nth = 0
const freshKeys = () => {
  const keys = join(here, `keys-${nth++}`)
  mkdirSync(keys, { mode: 0o700 })
  return keys
}

/** A machine at the office: loopback, and the cables that are plugged in. */
const office = (...addresses: string[]) => ({
  hostname: () => 'xianhe-box',
  interfaces: () =>
    ({
      lo: [{ address: '127.0.0.1' }, { address: '::1' }],
      eth0: addresses.map((address) => ({ address })),
    }) as never,
})

async function kept(about: Partial<Keeping> = {}): Promise<Certificates & { keys: string; said: string[] }> {
  const said: string[] = []
  const keys = about.keys ?? freshKeys()
  const certificates = await keepCertificates({
    keys,
    county: '沅江市',
    node: '01939b4e-0000-7000-8000-00000000abcd',
    also: [],
    machine: office('192.168.1.20'),
    onRenew: () => {},
    report: (why) => said.push(why),
    ...about,
  })
  open.push(certificates)
  return { ...certificates, keys, said }
}

const run = async (...words: string[]) => {
  const child = Bun.spawn(words, { stdout: 'pipe', stderr: 'pipe' })
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { out, err, code }
}
const withOpenssl = Bun.which('openssl') ? test : test.skip
const withCurl = Bun.which('curl') ? test : test.skip

withOpenssl('openssl verifies the box for its addresses and names, strictly, and for no other', async () => {
  const { authority, server } = await kept({ machine: office('192.168.1.20', 'fd00::20') })
  const [ca, box] = [join(here, 'ca.pem'), join(here, 'box.pem')]
  writeFileSync(ca, authority.certificate)
  writeFileSync(box, server().certificate)
  const verify = (...more: string[]) => run('openssl', 'verify', '-x509_strict', '-CAfile', ca, ...more, box)
  for (const ip of ['192.168.1.20', '127.0.0.1', '::1', 'fd00::20'])
    expect((await verify('-purpose', 'sslserver', '-verify_ip', ip)).code).toBe(0)
  for (const name of ['localhost', 'xianhe.local', 'xianhe-box', 'xianhe-box.local'])
    expect((await verify('-verify_hostname', name)).code).toBe(0)
  expect((await verify('-verify_ip', '192.168.1.21')).code).not.toBe(0)
  const text = (await run('openssl', 'x509', '-in', box, '-noout', '-text')).out
  expect(text).toContain('TLS Web Server Authentication')
  expect(text).toContain('Public-Key: (256 bit)')
  const [from, to] = [server().read.validFromDate.getTime(), server().read.validToDate.getTime()]
  expect(to - from).toBeLessThanOrEqual(397 * day)
  expect(Date.now() - from).toBeGreaterThanOrEqual(day - 60_000)
})

withOpenssl('a stolen authority cannot pretend to be a bank', async () => {
  const { authority } = await kept()
  const forged: Names = { dns: ['www.icbc.com.cn'], ip: [] }
  const [ca, bank] = [join(here, 'ca2.pem'), join(here, 'bank.pem')]
  writeFileSync(ca, authority.certificate)
  writeFileSync(bank, await issue(authority, forged))
  const said = await run('openssl', 'verify', '-CAfile', ca, bank)
  expect(said.code).not.toBe(0)
  expect(said.out + said.err).toContain('permitted subtree violation')
})

test('the authority is named after its county, lies where only the box may look, and stays the same', async () => {
  const first = await kept()
  expect(first.authority.read.subject).toContain('CN=沅江市县盒根证书')
  expect(statSync(authorityFile(first.keys)).mode & 0o777).toBe(0o600)
  expect(statSync(serverFile(first.keys)).mode & 0o777).toBe(0o600)
  const again = await kept({ keys: first.keys })
  expect(again.authority.sha256).toBe(first.authority.sha256)
  expect(again.said).toEqual([])
})

test('a box whose clock stands in 2099 makes an authority that phones trust today', async () => {
  const { authority } = await kept({ now: () => Date.parse('2099-06-01') })
  expect(authority.read.validFromDate.getTime()).toBeLessThan(Date.now())
})

test('a new address brings a new certificate; an unplugged cable does not', async () => {
  let machine = office('192.168.1.20')
  const renewed: Names[] = []
  const box = await kept({
    machine: { hostname: () => machine.hostname(), interfaces: () => machine.interfaces() },
    onRenew: () => renewed.push(box.names()),
  })
  expect(await box.look()).toBeUndefined()
  machine = office('192.168.1.20', '10.77.0.2')
  expect(await box.look()).toBe('new names: 10.77.0.2')
  expect(renewed).toHaveLength(1)
  expect(box.covers('10.77.0.2')).toBe(true)
  machine = office()
  expect(await box.look()).toBeUndefined()
  expect(box.covers('192.168.1.20')).toBe(true)
})

test('an expired certificate, one near its end and one from tomorrow are replaced; a sound one is kept', async () => {
  const box = await kept()
  const at = (days: number) => {
    const names = box.names()
    return whyRenew(box.server(), box.authority, names, Date.now() + days * day)
  }
  expect(at(0)).toBeUndefined()
  expect(at(360)).toBeUndefined()
  expect(at(370)).toBe('it would expire soon')
  expect(at(400)).toBe('it expired')
  expect(at(-5)).toBe('the clock says it is not valid yet')

  writeSealed(serverFile(box.keys), await issue(box.authority, box.names(), Date.now() - 500 * day))
  const next = await kept({ keys: box.keys })
  expect(next.said).toEqual(['it expired'])
  expect(next.until().getTime()).toBeGreaterThan(Date.now() + 390 * day)
})

test('a certificate of another authority, or a torn file, is replaced; a torn authority is never replaced silently', async () => {
  const [box, other] = [await kept(), await kept()]
  writeFileSync(serverFile(box.keys), readFileSync(serverFile(other.keys)))
  expect((await kept({ keys: box.keys })).said).toEqual(['another authority signed it'])
  writeFileSync(serverFile(box.keys), 'torn')
  expect((await kept({ keys: box.keys })).said).toEqual(['there was none'])
  writeFileSync(authorityFile(box.keys), readFileSync(authorityFile(box.keys), 'utf8').slice(0, 200))
  const torn = readFileSync(authorityFile(box.keys), 'utf8')
  expect(await kept({ keys: box.keys }).catch((error) => error)).toBeInstanceOf(DamagedAuthority)
  expect(readFileSync(authorityFile(box.keys), 'utf8')).toBe(torn)
})

test('a name of the county’s own DNS is covered when it was set before the authority was made, and left out after', async () => {
  const early = await kept({ also: ['hehe.yuanjiang.gov.cn', '59.1.2.3'] })
  expect(early.covers('hehe.yuanjiang.gov.cn')).toBe(true)
  expect(early.covers('59.1.2.3')).toBe(true)
  const late = await kept({ keys: (await kept()).keys, also: ['hehe.yuanjiang.gov.cn', 'box.lan'] })
  expect(late.covers('hehe.yuanjiang.gov.cn')).toBe(false)
  expect(late.covers('box.lan')).toBe(true)
})

test('names leave out what no certificate can say', () => {
  const machine = {
    hostname: () => '县盒主机',
    interfaces: () =>
      ({
        lo: [{ address: '127.0.0.1' }],
        docker0: [{ address: '172.17.0.1' }],
        eth0: [{ address: '192.168.1.20' }, { address: 'fe80::1' }, { address: '169.254.3.4' }],
      }) as never,
  }
  expect(namesOf(machine)).toEqual({
    ip: ['127.0.0.1', '192.168.1.20', '::1'],
    dns: ['localhost', 'xianhe.local'],
  })
  expect(hostLabel('Box.Yuanjiang.gov.cn')).toBe('box')
  expect(covers({ dns: [], ip: ['::1'] }, '[0:0:0:0:0:0:0:1]')).toBe(true)
})

withCurl(
  'https answers whoever knows the authority; a renewal swaps the listener and finishes what is under way',
  async () => {
    let machine = office('192.168.1.20')
    const box = await kept({
      machine: { hostname: () => machine.hostname(), interfaces: () => machine.interfaces() },
      onRenew: (server) => listener.renew(server),
    })
    let finish = () => {}
    const held = new Promise<void>((resolve) => {
      finish = resolve
    })
    let arrived = () => {}
    const asked = new Promise<void>((resolve) => {
      arrived = resolve
    })
    const fetched = async (request: Request) => {
      if (new URL(request.url).pathname === '/slow') {
        arrived()
        await held
      }
      return new Response(request.url)
    }
    const listener = listenSecurely(
      { fetch: fetched, hostname: '127.0.0.1', port: 0, idleTimeout: 60, maxRequestBodySize: 1 << 20 },
      box.server(),
    )
    open.push(listener)
    const ca = join(here, `curl-${nth++}.pem`)
    writeFileSync(ca, box.authority.certificate)
    const curl = (path: string, ...more: string[]) =>
      run(
        'curl',
        '-sS',
        '--max-time',
        '10',
        '-w',
        ' %{http_version}',
        ...more,
        `https://127.0.0.1:${listener.port}${path}`,
      )
    const good = await curl('/a', '--cacert', ca)
    expect([good.code, good.out]).toEqual([0, `https://127.0.0.1:${listener.port}/a 2`])
    expect((await curl('/a')).code).toBe(60)

    const printNow = async () =>
      (
        await run(
          'sh',
          '-c',
          `openssl s_client -connect 127.0.0.1:${listener.port} </dev/null 2>/dev/null | openssl x509 -noout -serial`,
        )
      ).out
    const before = await printNow()
    const slow = curl('/slow', '--cacert', ca)
    await asked
    machine = office('192.168.1.20', '127.0.0.7')
    expect(await box.look()).toBe('new names: 127.0.0.7')
    expect((await curl('/b', '--cacert', ca)).out).toContain('/b')
    expect(await printNow()).not.toBe(before)
    finish()
    expect((await slow).out).toContain('/slow')
  },
)

test('a backup holds the authority, and a restored box is the one that phones trust', async () => {
  const settings = settle({ data: join(here, 'county') }, {})
  const box = openBox(settings)
  const made = await kept({ keys: box.data.keys })
  box.close()
  const file = join(here, 'county.xhb')
  await backUp(dataDirectory(settings.data), file, 'a passphrase long enough', 'test')
  const to = join(here, 'restored')
  await restore(file, 'a passphrase long enough', to)
  const { keys } = dataDirectory(to)
  expect(statSync(authorityFile(keys)).mode & 0o777).toBe(0o600)
  const again = await kept({ keys, machine: office('10.0.0.9') })
  expect(again.authority.sha256).toBe(made.authority.sha256)
  expect(again.said).toEqual(['new names: 10.0.0.9'])
})

test('doctor says how the certificates are, and what to do', async () => {
  const data = dataDirectory(join(here, 'doctor'))
  mkdirSync(data.keys, { recursive: true, mode: 0o700 })
  const settings = settle({ data: data.path, 'https-port': '0' }, {})
  const machine = office('192.168.1.20')
  const line = (now = Date.now()) => doctorLine(data, settings, machine, now)
  expect(await line()).toMatchObject({ state: 'look', says: { en: 'no authority yet' } })
  const { authority } = await kept({ keys: data.keys, machine })
  const good = await line()
  expect(good.state).toBe('good')
  expect(good.says.en.replaceAll(' ', '')).toContain(authority.sha256.replaceAll(':', ''))
  expect((await line(Date.now() + 380 * day)).says.en).toContain('it would expire soon')
  chmodSync(authorityFile(data.keys), 0o644)
  expect(await line()).toMatchObject({ state: 'bad', cure: { en: expect.stringContaining('chmod 600') } })
  writeFileSync(authorityFile(data.keys), 'torn')
  expect(await line()).toMatchObject({ state: 'bad', cure: { en: expect.stringContaining('backup') } })
  const off = settle({ data: data.path, 'https-port': 'off' }, {})
  expect((await doctorLine(data, off)).state).toBe('good')
})

test('two boxes told apart by their plain ports alone do not stumble over each other', () => {
  const doors = (flags: Record<string, string>) => {
    const settings = secureDoors(settle({ data: here, ...flags }, {}))
    return [settings['https.port'], settings['mqtt.tls-port']]
  }
  expect(doors({})).toEqual([8443, 8883])
  expect(doors({ port: '9000', 'mqtt-port': '2883' })).toEqual([9363, 9883])
  expect(doors({ port: '9000', 'https-port': '8443' })).toEqual([8443, 8883])
  expect(doors({ port: '0', 'mqtt-port': '65000' })).toEqual([0, 'off'])
  expect(doors({ 'https-port': 'off' })).toEqual(['off', 8883])
})

test('nothing partial is left behind', async () => {
  const { keys } = await kept()
  expect(existsSync(`${authorityFile(keys)}.partial`)).toBe(false)
  expect(existsSync(`${serverFile(keys)}.partial`)).toBe(false)
})

test('a secure port that somebody chose and another program has is refused before anything is made; one nobody chose is left', async () => {
  const holder = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  open.push(holder)
  const said: string[] = []
  const box = (flags: Record<string, string>) => ({
    settings: secureDoors(settle({ data: here, host: '127.0.0.1', ...flags }, {})),
    keys: freshKeys(),
    county: '沅江市',
    node: '01939b4e-0000-7000-8000-00000000abcd',
    log: (_level: string, text: string) => void said.push(text),
    onRenew: () => {},
  })
  const chosen = box({ 'https-port': String(holder.port) })
  const refusal = await openSecure(chosen as never).catch((error) => error)
  expect(refusal.words.en).toContain(`Port ${holder.port} for secure pages is taken`)
  expect(existsSync(authorityFile(chosen.keys))).toBe(false)

  const nobody = box({ port: String(holder.port - 363) })
  const secure = await openSecure(nobody as never)
  open.push(secure)
  secure.listen(() => new Response(), 8080)
  expect([secure.health(), secure.door]).toEqual([undefined, undefined])
  expect(said.join()).toContain('is taken')
})
