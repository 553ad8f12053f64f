// A box in its own process that receives what lies in a directory and says how far it is: for the test that kills it.

import { receivePackage, resumeReceives } from './receive.ts'
import { openBox } from './scene.ts'

const [data, ...files] = process.argv.slice(2)
const box = openBox({ division: '4309', name: '益阳市', data })
const progress = (done: number) => process.stdout.write(`${done}\n`)
await resumeReceives(box.exchange, progress)
for (const file of files) {
  const received = await receivePackage(box.exchange, file, 'hand', { progress })
  process.stdout.write(`${received.outcome} ${JSON.stringify(received.counts)}\n`)
}
box.close()
