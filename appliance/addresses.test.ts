import { expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { Refusal } from '../server/kernel/refusal.ts'
import { needFree } from './addresses.ts'

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
