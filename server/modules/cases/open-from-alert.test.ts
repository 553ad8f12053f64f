import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CaseScene, caseScene } from '../../../tests/cases-scene.ts'
import { people } from '../../../tests/county.ts'
import { rule, verb } from '../../kernel/acts.ts'
import { choice, division, geometry, ref, text } from '../../kernel/fields.ts'
import type { Part } from '../../kernel/part.ts'
import { refuse } from '../../kernel/refusal.ts'
import { base } from '../base/index.ts'
import { alerts, levels, sensors, thresholds } from '../sensing/dataset.ts'
import { cases } from './dataset.ts'
import { casework } from './index.ts'

/** Sensing as far as a case sees it: its datasets, and the act that raises an alert. */
const warnings: Part = {
  name: 'sensing',
  title: { zh: '感知', en: 'Sensing' },
  datasets: [sensors, thresholds, alerts],
  verbs: [
    verb('sensing.alert.raised', {
      on: alerts,
      title: { zh: '发出预警', en: 'Raise' },
      done: { zh: '发出预警', en: 'raised an alert' },
      starts: true,
      fields: {
        title: text({ zh: '预警', en: 'Alert' }),
        level: choice({ zh: '级别', en: 'Level' }, levels),
        sensor: ref('sensing.sensor', { zh: '监测设备', en: 'Sensor' }),
        place: geometry({ zh: '位置', en: 'Place' }, 'Point'),
        division: division({ zh: '乡镇', en: 'Township' }),
      },
      decide(write, _, input) {
        write.create(alerts, { ...input, state: 'open', kind: 'above', raised: write.at })
      },
    }),
    verb('sensing.alert.stepped', {
      on: alerts,
      title: { zh: '调整预警级别', en: 'Step' },
      done: { zh: '调整了级别', en: 'changed the level' },
      fields: {
        title: text({ zh: '预警', en: 'Alert' }),
        level: choice({ zh: '级别', en: 'Level' }, levels),
      },
      decide: (write, alert, input) => void write.change(alerts, alert.id, input),
    }),
  ],
}
const place = { type: 'Point' as const, coordinates: [112.42, 29.01] as [number, number] }

function waterRises(scene: CaseScene) {
  const { store } = scene
  const sensor = scene.act(store.system, {
    name: 'sensing.sensor.created',
    fields: {
      code: 'WL-001',
      name: '草尾水位站',
      kind: 'water',
      division: '430981114',
      metrics: ['water-level'],
      interval: 10,
      decoder: 'json',
      state: 'working',
    },
  })
  expect(sensor.message).toBeUndefined()
  return scene.act(store.system, {
    name: 'sensing.alert.raised',
    fields: {
      title: '草尾水位站水位 34.6 米,超警戒 0.6 米',
      level: 'orange',
      sensor: sensor.record!,
      place,
      division: '430981114',
    },
  })
}

const casesOf = (scene: CaseScene, alert: string) =>
  scene.store.look.find(cases, {}).filter((each) => each.fields.alert === alert)
const modules = [base, warnings, casework]

test('an alert opens a case at its place, in its township, because of it', async () => {
  const scene = caseScene({ modules })
  const raised = waterRises(scene)
  await scene.settle()
  const [opened, ...more] = casesOf(scene, raised.record!)
  expect(more).toEqual([])
  expect(opened!.fields).toMatchObject({
    state: 'reported',
    channel: 'sensor',
    level: 'orange',
    title: '草尾水位站水位 34.6 米,超警戒 0.6 米',
    place,
    division: '430981114',
  })
  const [birth] = scene.store.history(opened!.id)
  expect(birth).toMatchObject({ name: 'cases.case.reported', cause: raised.id, actor: 'system' })
  expect((await scene.desk(people.wen).list(cases)).records.map((each) => each.id)).toEqual([opened!.id])
  await scene.close()
})

test('water that rises on to red makes its case critical with shorter promises; water that falls changes nothing', async () => {
  const scene = caseScene({ modules })
  const { store } = scene
  const raised = waterRises(scene)
  await scene.settle()
  const [opened] = casesOf(scene, raised.record!)
  const [category] = store.look.find('cases.category', {}, 1)
  scene.yes(people.liu, 'filed', opened!.id, { category: category!.id, level: 'orange' })
  scene.yes(people.liu, 'assigned', opened!.id, { handler: 'township', division: '430981114' })
  const before = scene.case(opened!.id).fields
  const step = (level: string, title: string) =>
    scene.act(store.system, {
      name: 'sensing.alert.stepped',
      record: raised.record!,
      fields: { level, title },
    })
  step('red', '草尾水位站水位 35.1 米,超保证 0.2 米')
  await scene.settle()
  const after = scene.case(opened!.id).fields
  expect(after).toMatchObject({
    level: 'red',
    title: '草尾水位站水位 35.1 米,超保证 0.2 米',
    state: before.state,
  })
  expect(after.signBy! < before.signBy!).toBe(true)
  expect(after.respondBy! < before.respondBy!).toBe(true)
  expect(after.finishBy).toBe(before.finishBy)
  step('orange', '草尾水位站水位 34.8 米')
  await scene.settle()
  store.moveCursor('reactions', 0)
  await scene.settle()
  expect(store.record(opened!.id)!.fields).toEqual(after)
  expect(scene.diary(opened!.id).filter((name) => name === 'cases.case.worsened')).toHaveLength(1)
  await scene.close()
})

test('the same alert met twice opens one case', async () => {
  const scene = caseScene({ modules })
  const raised = waterRises(scene)
  await scene.settle()
  scene.store.moveCursor('reactions', 0)
  await scene.settle()
  expect(casesOf(scene, raised.record!)).toHaveLength(1)
  expect(scene.diary().filter((name) => name === 'cases.case.reported')).toHaveLength(1)
  await scene.close()
})

test('a box that dies between the alert and the case, or between the case and the note that it was done, opens one case', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'xianhe-cases-'))
  const file = join(folder, 'core.db')
  const first = caseScene({ modules, file })
  await first.reactions.stop()
  const raised = waterRises(first)
  expect(casesOf(first, raised.record!)).toEqual([])
  await first.close()

  const second = caseScene({ modules, file })
  await second.settle()
  expect(casesOf(second, raised.record!)).toHaveLength(1)
  // The case is on disk, the cursor is not: what a power cut in between leaves behind.
  await second.reactions.stop()
  second.store.moveCursor('reactions', 0)
  await second.close()

  const third = caseScene({ modules, file })
  await third.settle()
  expect(casesOf(third, raised.record!)).toHaveLength(1)
  await third.close()
  rmSync(folder, { recursive: true })
})

test('the alert stands when opening its case fails, and the case follows once it can', async () => {
  let closedForRepair = true
  const obstacle: Part = {
    name: 'obstacle',
    title: { zh: '障碍', en: 'Obstacle' },
    rules: [
      rule(cases, () => {
        if (closedForRepair) refuse({ zh: '案卷库正在整理', en: 'Cases are being put in order.' })
      }),
    ],
  }
  const scene = caseScene({ modules: [...modules, obstacle] })
  const raised = waterRises(scene)
  await scene.settle()
  expect(scene.store.record(raised.record!)!.fields.state).toBe('open')
  expect(casesOf(scene, raised.record!)).toEqual([])
  closedForRepair = false
  await scene.reactions.retryAside()
  expect(casesOf(scene, raised.record!)).toHaveLength(1)
  await scene.reactions.retryAside()
  expect(casesOf(scene, raised.record!)).toHaveLength(1)
  await scene.close()
})
