import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Refusal } from '../server/kernel/refusal.ts'
import { handDown, settingNames, settle, table, takeOver } from './settings.ts'

const data = mkdtempSync(join(tmpdir(), 'xianhe-settings-'))
afterAll(() => rmSync(data, { recursive: true }))
const toml = (text: string) => writeFileSync(join(data, 'xianhe.toml'), text)

test('a flag beats the environment, which beats the file, which beats the default', () => {
  toml('port = 9001\nhost = "10.0.0.1"\n[mqtt]\nport = 2001\n')
  const settings = settle({ data, port: '9003' }, { XIANHE_PORT: '9002', XIANHE_MQTT_PORT: '2002' })
  expect(settings.port).toBe(9003)
  expect(settings['mqtt.port']).toBe(2002)
  expect(settings.host).toBe('10.0.0.1')
  expect(settings['log.level']).toBe('info')
  expect([
    settings.origins.port,
    settings.origins['mqtt.port'],
    settings.origins.host,
    settings.origins['log.level'],
  ]).toEqual(['flag', 'environment', 'file', 'default'])
})

test('a value that makes no sense is refused with its place and what would do', () => {
  toml('[mqtt]\nport = "often"\n')
  const refusal = caught(() => settle({ data }, {}))
  expect(refusal.words.en).toContain('xianhe.toml mqtt.port is "often"')
  expect(refusal.words.zh).toContain('应当是')
  toml('')
  expect(caught(() => settle({ data, port: '70000' }, {})).words.en).toContain('--port is "70000"')
  expect(caught(() => settle({ data, division: '43098' }, {})).words.en).toContain('2, 4, 6, 9 or 12 digits')
})

test('a broken settings file names its line', () => {
  toml('port = 9001\nhost = \n')
  expect(caught(() => settle({ data }, {})).words.en).toContain('line 2')
})

test('a misspelt key is remembered, not fatal: the box must still start after an upgrade', () => {
  toml('prot = 9001\n')
  const settings = settle({ data }, {})
  expect(settings.unknown).toEqual(['prot'])
  expect(settings.port).toBe(8080)
})

test('a child sees exactly what its parent settled', () => {
  toml('port = 9001\nbroker = "mqtt://elsewhere"\n[analytics]\nmemory = 300\n')
  const parent = settle({ data, 'mqtt-port': '2883', broker: '' }, {})
  const child = takeOver(handDown(parent))
  for (const name of settingNames) expect(child[name]).toBe(parent[name])
})

test('every setting says what it is for, in both languages', () => {
  for (const setting of Object.values(table)) {
    expect(setting.about.zh).toMatch(/\p{Script=Han}/u)
    expect(setting.about.en).toMatch(/^[A-Z]/)
  }
})

function caught(does: () => unknown): Refusal {
  try {
    does()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error('nothing was refused')
}
