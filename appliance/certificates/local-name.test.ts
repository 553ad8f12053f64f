import { afterEach, expect, test } from 'bun:test'
import { createSocket } from 'node:dgram'
import type { networkInterfaces } from 'node:os'
import multicastDns from 'multicast-dns'
import { answerLocalNames, type LocalNames, sameNetwork } from './local-name.ts'

const open: { stop(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop()
})

/** Everything stays on loopback and on a port of the test. */
const port = 21853
const loopback = (address = '127.0.0.1') =>
  (() => ({
    test: [{ address, netmask: '255.0.0.0', family: 'IPv4', internal: false, mac: '', cidr: `${address}/8` }],
  })) as unknown as typeof networkInterfaces

function answering(hostname = 'box-of-test', interfaces = loopback()): { names: LocalNames; said: string[] } {
  const said: string[] = []
  const names = answerLocalNames({
    name: 'xianhe',
    fallback: 'xianhe-ab12',
    hostname,
    log: (_level, text) => said.push(text),
    interfaces,
    port,
  })
  open.push(names)
  return { names, said }
}

/** Asks until somebody answers, as resolvers do. */
async function ask(name: string, type: 'A' | 'AAAA'): Promise<{ type: string; data: unknown }[]> {
  const dns = multicastDns({ interface: '127.0.0.1', bind: '0.0.0.0', port, reuseAddr: true })
  const answered = new Promise<{ type: string; data: unknown }[]>((resolve) => {
    dns.on('response', (packet) => {
      const mine = packet.answers.filter((each) => each.name === name)
      if (mine.length > 0) resolve(mine as never)
    })
  })
  const again = setInterval(() => dns.query(name, type), 200)
  const answers = await answered
  clearInterval(again)
  await new Promise<void>((resolve) => dns.destroy(resolve))
  return answers
}

test('the box answers to xianhe.local and to its own name with its address', async () => {
  const { names } = answering()
  expect(names.names()).toEqual(['xianhe.local', 'box-of-test.local'])
  expect(await ask('xianhe.local', 'A')).toMatchObject([{ type: 'A', data: '127.0.0.1' }])
  expect(await ask('box-of-test.local', 'A')).toMatchObject([{ type: 'A', data: '127.0.0.1' }])
})

test('the second box on a network takes a name of its own', async () => {
  const other = answering('other-box', loopback('127.0.0.9'))
  await ask('xianhe.local', 'A')
  const second = answering('second-box')
  await ask('second-box.local', 'A')
  expect(second.names.names()[0]).toBe('xianhe-ab12.local')
  expect(second.said.join()).toContain('another machine (127.0.0.9)')
  expect(other.names.names()[0]).toBe('xianhe.local')
})

test('a port that another program keeps to itself is no reason to fail', async () => {
  const holder = createSocket({ type: 'udp4', reuseAddr: false })
  await new Promise<void>((resolve) => holder.bind(port, '0.0.0.0', resolve))
  open.push({ stop: () => new Promise<void>((resolve) => holder.close(resolve)) })
  const { names, said } = answering()
  for (let waited = 0; said.length === 0 && waited < 100; waited++)
    await new Promise((go) => setImmediate(go))
  expect(said.join()).toContain('is not answered')
  expect(names.names()).toEqual([])
})

test('each network is answered by itself', () => {
  const at = { address: '192.168.1.20', netmask: '255.255.255.0' }
  expect(sameNetwork('192.168.1.7', at)).toBe(true)
  expect(sameNetwork('192.168.2.7', at)).toBe(false)
  expect(sameNetwork('fe80::1', at)).toBe(false)
})
