// Killed with -9 in the middle of applying, again and again: the same records, the same receipt, nothing twice.

import { expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { chainFault } from '../server/kernel/diary.ts'
import { cutPackages } from './cut.ts'
import { packagesIn, receivePackage, resumeReceives } from './receive.ts'
import { away, type Box, join2, openBox, recordsOf } from './scene.ts'

// Real files, fsyncs and children: on a busy two-core box they take their time.
setDefaultTimeout(120_000)

test('a box killed at any moment of a receive ends where an undisturbed one does', async () => {
  const county = openBox({ division: '430981', name: '沅江市' })
  const calm = openBox({ division: '4309', name: '益阳市' })
  join2(county, calm, { wire: false })
  county.store.batch(() => {
    for (let i = 0; i < 4000; i++) {
      const plot = county.register(`CW-${i}`)
      if (i % 3 === 0) county.act('agri.plot.amended', plot, { area: i }, { base: 1 })
    }
  })
  const [cut] = await cutPackages(county.exchange, calm.store.node.id)
  expect(cut!.count).toBe(5334)

  // The same box before it received anything, in another directory: node id, peers and keys are the same.
  const data = `${calm.data}-killed`
  Bun.spawnSync(['mkdir', '-p', data])
  Bun.spawnSync(['cp', '-r', join(calm.data, 'keys'), data])
  calm.store.db.exec(`vacuum into '${join(data, 'core.db')}'`)
  expect(await receivePackage(calm.exchange, cut!.path, 'hand')).toMatchObject({
    outcome: 'applied',
    counts: { acts: 5334 },
  })

  let kills = 0
  const seen: number[] = []
  for (const at of [1, 300, 900, 2000, 3500, 4600]) {
    if (await killAt(data, at, seen, cut!.path)) kills++
  }
  expect(kills).toBeGreaterThanOrEqual(4)
  // Each start went on where the last one had come to: no line was counted twice.
  expect(seen).toEqual([...seen].sort((a, b) => a - b))

  const box: Box = openBox({ division: '4309', name: '益阳市', data })
  await resumeReceives(box.exchange)
  const again = await receivePackage(box.exchange, cut!.path, 'hand')
  expect(again.outcome).toBe('repeated')
  expect(recordsOf(box)).toEqual(recordsOf(calm))
  expect(box.store.seq).toBe(calm.store.seq)
  expect(chainFault(box.store.db)).toBeUndefined()
  const [mine, theirs] = [box, calm].map((each) => packagesIn(each.exchange)[0]!.receipt!)
  expect(mine!.counts!.acts).toBe(theirs!.counts!.acts)
  expect(mine!.counts!.questions).toBe(0)
  for (const each of [county, calm, box]) {
    each.close()
    away(each.data)
  }
})

/** Starts the box on its directory and kills it once it says it has applied so many lines; false when it was done before. */
async function killAt(data: string, line: number, seen: number[], file: string): Promise<boolean> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'receiving-box.ts'), data, file], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  let text = ''
  for await (const chunk of child.stdout) {
    text += new TextDecoder().decode(chunk)
    const done = Number(text.trimEnd().split('\n').at(-1))
    if (done >= line) {
      child.kill('SIGKILL')
      seen.push(done)
      break
    }
  }
  await child.exited
  return child.signalCode === 'SIGKILL'
}
