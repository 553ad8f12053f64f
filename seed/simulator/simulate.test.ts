import { expect, test } from 'bun:test'
import { systemActor } from '../../server/kernel/access.ts'
import { sensingScene, until } from '../../tests/sensing-scene.ts'
import { calendar, Plan } from '../sample/plan.ts'
import { planSensing } from '../sample/sensing.ts'
import { floodShare, valueAt } from './curves.ts'
import { simulate } from './simulate.ts'

const curves = planSensing(new Plan(), systemActor('430981'), calendar(Date.parse('2026-03-05T04:00:00Z')), 1)

test('the same sensor measures the same at the same moment, within what it can measure', () => {
  for (const curve of curves) {
    const day = Array.from({ length: 96 }, (_, i) => valueAt(curve, 1_772_640_000_000 + i * 900_000))
    expect(day).toEqual(Array.from({ length: 96 }, (_, i) => valueAt(curve, 1_772_640_000_000 + i * 900_000)))
    expect(day.every((value) => Number.isFinite(value) && value >= curve.least)).toBe(true)
  }
})

test('a flood rises, stands and falls', () => {
  expect(
    [-1, 0, 15, 30, 40, 45, 46.5, 60].map((minute) => Number(floodShare(minute, 45).toFixed(6))),
  ).toEqual([0, 0, 0.5, 1, 1, 1, 0.5, 0])
})

test('the simulated gauge floods over real MQTT and crosses its threshold at once', async () => {
  const scene = sensingScene()
  try {
    const plan = new Plan()
    planSensing(plan, scene.store.system, calendar(Date.now()), 1)
    const wanted = new Set(['sensing.sensor.created', 'sensing.threshold.created'])
    scene.store.batch(() => {
      for (const each of plan.acts.filter((act) => wanted.has(act.request.name)))
        expect(
          scene.store.act(each.actor, { ...each.request, at: new Date(each.at).toISOString() }).message,
        ).toBeUndefined()
    })
    const { port, counters } = await scene.ingest({ anonymous: 'loopback' })
    const playing = simulate({ host: '127.0.0.1', port, sensors: 12, rate: 100, flood: true })
    await until(
      'the gauge crossed its red limit',
      () =>
        scene.ask(`select 1 from crossing where sensor = '${playing.flood!.sensor}' and level = 'red'`)
          .length > 0,
    )
    await until('others speak too', () => counters().messages > 100)
    await playing.stop()
    expect(playing.counters().sent).toBe(playing.counters().acknowledged)
    expect(counters().quarantined).toBe(0)
    expect(
      scene.ask<{ n: number }>(`select count(*) as n from status where online = 0`)[0]!.n,
    ).toBeGreaterThan(0)
  } finally {
    await scene.end()
  }
})
