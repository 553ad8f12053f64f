// How fast a package is built and applied: a county's farm records, one in four amended. Prints acts/s; three runs, medians.
//   bun bench/package.ts [acts]

import { cutPackages } from '../sync/cut.ts'
import { openPackage } from '../sync/open.ts'
import { receivePackage } from '../sync/receive.ts'
import { away, join2, openBox } from '../sync/scene.ts'
import { verifyPackage } from '../sync/verify.ts'
import { done, figure, machine } from './lines.ts'

const acts = Number(process.argv[2] ?? 40_000)
machine()
const runs: Record<string, number>[] = []
for (let run = 0; run < 3; run++) runs.push(await once())
for (const what of Object.keys(runs[0]!)) {
  const sorted = runs.map((each) => each[what]!).sort((a, b) => a - b)
  figure(`package: ${what}`, sorted[1]!, '', what.startsWith('checked and applied') ? { least: 10_000 } : {})
}
done()

async function once() {
  const county = openBox({ division: '430981', name: '沅江市', limits: { acts: 20_000 } })
  const prefecture = openBox({ division: '4309', name: '益阳市' })
  join2(county, prefecture, { wire: false })
  county.store.batch(() => {
    for (let i = 0; county.store.seq < acts; i++) {
      const plot = county.register(`CW-${i}`, {
        phone: `138${String(10_000_000 + i).slice(0, 8)}`,
        note: `第 ${i} 块,临湖,排灌方便`,
        area: (i % 400) / 4,
      })
      if (i % 3 === 0 && county.store.seq < acts)
        county.act('agri.plot.amended', plot, { area: 8, note: '核实面积' }, { base: 1 })
    }
  })
  const cutting = performance.now()
  const packages = await cutPackages(county.exchange, prefecture.store.node.id)
  const cut = performance.now() - cutting
  const bytes = packages.reduce((sum, each) => sum + each.bytes, 0)

  const verifying = performance.now()
  for (const each of packages)
    if (!(await verifyPackage(each.path, () => county.exchange.seals.publicKeys)).ok)
      throw new Error('not verified')
  const verified = performance.now() - verifying

  const applying = performance.now()
  const cpu = process.cpuUsage()
  for (const each of packages) await receivePackage(prefecture.exchange, each.path, 'hand')
  const applied = performance.now() - applying
  const { user, system } = process.cpuUsage(cpu)

  const again = performance.now()
  for (const each of packages) await receivePackage(prefecture.exchange, each.path, 'hand')
  const repeated = performance.now() - again
  const opened = await openPackage(packages[0]!.path)
  await opened.close()
  const result = {
    'built, acts/s': acts / (cut / 1000),
    'verified, acts/s': acts / (verified / 1000),
    'checked and applied, acts/s': acts / (applied / 1000),
    // On a machine with other work the clock says less than this one.
    'applied, acts per CPU second': acts / ((user + system) / 1e6),
    'the same again, acts/s': acts / (repeated / 1000),
    'bytes an act, in the package': bytes / acts,
    'memory afterwards, MB': process.memoryUsage().rss / 1e6,
  }
  for (const box of [county, prefecture]) {
    box.close()
    away(box.data)
  }
  return result
}
