// Every number opens to exactly the records it counts: the address it leads to is read the way the list reads it.

import { expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sampleCounty } from '../../../tests/county.ts'
import { analytics } from '../../analytics/child.ts'
import { numbersIn } from '../../analytics/numbers.ts'
import { part, towns } from '../../analytics/scenes.ts'
import { readQuery } from '../../http/query.ts'
import type { Actor } from '../../kernel/access.ts'
import { opensTo } from './opens.ts'

setDefaultTimeout(60_000)

const leader: Actor = { id: 'leader', name: '张县长', roles: ['leader'], division: '430981', lang: 'zh' }

test('the list behind a number counts the same records, in the county and in each township', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'xianhe-opens-'))
  const county = sampleCounty({ modules: [part], file: join(dir, 'core.db') })
  const day = (back: number) =>
    new Date(Date.now() + 8 * 3_600_000 - back * 86_400_000).toISOString().slice(0, 10)
  const all = Object.values(towns)
  for (let i = 0; i < 120; i++) {
    const fields = {
      code: `块-${i}`,
      township: all[i % 3],
      ...(i % 4 ? { crop: i % 2 ? 'reed' : 'rice' } : {}),
      ...(i % 5 ? { organic: i % 3 === 0 } : {}),
      ...(i % 2 ? { uses: i % 4 === 1 ? ['seed', 'sale'] : ['sale'] } : {}),
      sown: day(i % 40),
    }
    expect(county.act(county.store.system, { name: 'land.plot.created', fields }).outcome).toBe('accepted')
    const found = new Date(Date.parse(`${day(i % 9)}T00:30:00+08:00`)).toISOString()
    const danger = {
      code: `隐-${i}`,
      township: all[i % 3],
      state: i % 3 ? 'open' : 'closed',
      found,
      due: day(i % 20),
    }
    expect(county.act(county.store.system, { name: 'safety.danger.created', fields: danger }).outcome).toBe(
      'accepted',
    )
  }
  const room = await analytics({
    coreFile: join(dir, 'core.db'),
    telemetryFile: join(dir, 'telemetry.db'),
    archiveDir: join(dir, 'archive'),
    derivedDir: join(dir, 'derived'),
    registry: county.store.registry,
    memoryLimit: '128MB',
    threads: 1,
    hint: () => {},
  })
  const numbers = numbersIn(join(dir, 'derived'))
  try {
    await room.settle()
    const desk = county.desk(leader)
    let [lists, rooms] = [0, 0]
    for (const measure of part.measures!.filter((each) => each.of && !each.sum && !each.average)) {
      const spec = measure.of!.spec
      for (const division of ['430981', ...all]) {
        for (const row of numbers.read(measure.name, division)) {
          const url = new URL(opensTo(measure, division, row.key), 'http://box')
          const says = `${measure.name} ${division} ${row.key}`
          if (url.pathname === `/d/${spec.name}`) {
            const { n } = await desk.count(spec.name, readQuery(spec, url.searchParams, desk.registry))
            expect(`${says}: ${n}`).toBe(`${says}: ${row.value}`)
            lists++
          } else {
            expect(url.pathname).toBe(`/numbers/${measure.name}/records`)
            const { total } = await room.answer({
              what: 'behind',
              measure: measure.name,
              division,
              key: row.key,
            })
            expect(`${says}: ${total}`).toBe(`${says}: ${row.value}`)
            rooms++
          }
        }
      }
    }
    expect(lists).toBeGreaterThan(100)
    expect(rooms).toBeGreaterThan(5)
  } finally {
    numbers.close()
    await room.stop()
    await county.close()
    rmSync(dir, { recursive: true, force: true })
  }
})
