import { expect, test } from 'bun:test'
import { casework } from '../server/modules/cases/index.ts'
import { caseScene } from '../tests/cases-scene.ts'
import { people } from '../tests/county.ts'
import { keepTime } from './keep-time.ts'

test('a deadline that passes with nobody looking is found by the clock, and another matter’s trouble does not hide it', async () => {
  const scene = caseScene()
  scene.turnTo('2026-03-05T09:00')
  const id = scene.yes(people.liu, 'reported', undefined, { content: '渠道堵塞', division: '430981114' })
    .record!
  scene.yes(people.liu, 'filed', id, { category: scene.category('A03'), level: 'blue' })
  scene.yes(people.liu, 'assigned', id, { handler: 'township' })
  scene.turnTo('2026-03-11T09:00')
  const troubles: string[] = []
  const broken = {
    name: 'broken',
    timePasses: async () => {
      throw new Error('no')
    },
  }
  const stop = keepTime({
    modules: [broken, casework],
    desk: scene.desk(scene.store.system),
    report: (matter) => troubles.push(matter),
    now: () => Date.parse(scene.now()),
  })
  await stop()
  expect(scene.case(id).fields.escalated).toBe(2)
  expect(troubles).toEqual(['broken'])
  await scene.close()
})
