// Nothing acknowledged is lost, however often the power goes: kill -9 of the writing store and of the ingest child in the
// middle of their work, 200 times unless XIANHE_KILLS says otherwise. The same tests as `npm test`, only longer.

import { join, resolve } from 'node:path'
import { done, figure, machine } from './lines.ts'

machine()
const kills = process.env.XIANHE_KILLS ?? '200'
for (const [what, file] of [
  ['acts', 'acts.test.ts'],
  ['readings', 'kill-ingest.test.ts'],
  ['what a person or a program was told', 'kill-box.test.ts'],
] as const) {
  const run = Bun.spawn(
    [
      process.execPath,
      'test',
      '--timeout',
      '1800000',
      join(resolve(import.meta.dir, '..'), 'tests/faults', file),
    ],
    {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
      env: { ...process.env, XIANHE_KILLS: kills },
    },
  )
  const [out, err, code] = await Promise.all([
    new Response(run.stdout).text(),
    new Response(run.stderr).text(),
    run.exited,
  ])
  if (code !== 0) console.log(out + err)
  figure(`${kills} × kill -9, ${what}: runs that lost something`, code === 0 ? 0 : 1, '', { most: 0 })
}
done()
