import { expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { Refusal } from '../server/kernel/refusal.ts'
import { needFree, terminalQr } from './addresses.ts'

test('a port that somebody holds is refused with who it may be and how to choose another', async () => {
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  const { port } = holder.address() as { port: number }
  const refusal = await needFree('mqtt', '127.0.0.1', port).catch((error) => error)
  expect(refusal).toBeInstanceOf(Refusal)
  expect(refusal.words.en).toContain(`Port ${port} for MQTT is taken`)
  expect(refusal.words.zh).toContain('--mqtt-port')
  await new Promise((resolve) => holder.close(resolve))
  await needFree('mqtt', '127.0.0.1', port)
})

test('the QR code in the terminal is square, with a light edge all around', () => {
  const lines = terminalQr('http://192.168.1.20:8080')
  const width = lines[0]!.length
  expect(new Set(lines.map((line) => line.length))).toEqual(new Set([width]))
  expect(Math.abs(lines.length * 2 - width)).toBeLessThanOrEqual(1)
  expect(lines[0]).toBe('█'.repeat(width))
  expect(lines.every((line) => line.startsWith('██') && line.endsWith('██'))).toBe(true)
})
