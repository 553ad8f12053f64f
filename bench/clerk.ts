// A clerk's save over HTTP while sensors send as fast as the box acknowledges them: a real box with the sample county, the
// load in a process of its own. `bun bench/clerk.ts [acts]`

import { Database } from 'bun:sqlite'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBox } from '../tests/journeys/box.ts'
import { done, figure, machine, quantile } from './lines.ts'
import { admitGauges, drive } from './puback.ts'

if (process.argv[2] === 'load') {
  const { rate } = await drive(Number(process.argv[3]), Number(process.argv[4]))
  console.log(rate)
  process.exit(0)
}

const acts = Number(process.argv[2] ?? 400)
machine()
const data = mkdtempSync(join(tmpdir(), 'xianhe-bench-clerk-'))
const seeded = await startBox({ seed: true, data })
await seeded.stop()
const db = new Database(join(data, 'core.db'))
admitGauges(db)
db.close()

const box = await startBox({ data })
await box.allUp()
const { token } = (await box.cli('token', 'add', 'bench', '--account', 'zhoumei', '--json')).json()
await save(50)
report('the box otherwise quiet', await save(acts))
const seconds = Math.ceil((acts * 60) / 1000) + 5
const load = Bun.spawn([process.execPath, import.meta.path, 'load', String(box.mqttPort), String(seconds)], {
  stdin: 'ignore',
  stdout: 'pipe',
  stderr: 'inherit',
})
await Bun.sleep(2000)
const beside = await save(acts)
figure('durable PUBACK/s meanwhile', Number(await new Response(load.stdout).text()), '/s')
report('beside saturated ingest', beside, 50)
await box.stop()
rmSync(data, { recursive: true })
done()

/** Registers plots one after the other, a fortieth of a second between them, and answers with how long each took. */
async function save(times: number): Promise<number[]> {
  const took: number[] = []
  for (let i = 0; i < times; i++) {
    const from = performance.now()
    const answer = await fetch(`${box.url}/api/v1/acts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        id: Bun.randomUUIDv7(),
        name: 'agri.plot.registered',
        fields: { name: `苇荡 ${i} 号`, crop: 'reed-shoot', area: 12.5, division: '430981114' },
      }),
    })
    const { outcome, message } = (await answer.json()) as { outcome: string; message?: string }
    took.push(performance.now() - from)
    if (outcome !== 'accepted') throw new Error(`${outcome}: ${message}`)
    await Bun.sleep(25)
  }
  return took.sort((a, b) => a - b)
}

function report(how: string, took: number[], most?: number) {
  figure(`clerk's act over HTTP, ${how}, p50`, quantile(took, 0.5), 'ms')
  figure(`clerk's act over HTTP, ${how}, p99`, quantile(took, 0.99), 'ms', { most })
}
