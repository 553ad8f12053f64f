// The sample county: Yuanjiang's real township names and codes; everything else is synthetic (see names.ts). It is made
// through the same door as everything else: acts, decided by the verbs clerks use, in the order of their dates.
//
// Deterministic given the day: the day of the first seeding is kept with the county, so that seeding again, also next
// week, finds every act already in the diary and changes nothing.

import type { Actor } from '../../server/kernel/access.ts'
import type { Store } from '../../server/kernel/store.ts'
import { planCases } from './cases.ts'
import { Dice } from './dice.ts'
import { planFarming } from './farming.ts'
import { actorOf, type SampleLogin, sampleLogins } from './logins.ts'
import { givenName, surname } from './names.ts'
import type { Town } from './places.ts'
import { calendar, Plan, type Planned } from './plan.ts'
import { type ReadingsPlace, seedReadings } from './readings.ts'
import { planLists, planRegisters } from './registers.ts'
import { planSensing } from './sensing.ts'

export type { ReadingsPlace }
export { type SampleLogin, sampleLogins }

export interface Seeding {
  store: Store
  /** Where readings go; left out, the county has none. */
  telemetry?: ReadingsPlace
  /** 1 is about 40,000 records; N times that. */
  scale?: number
  /** Days of readings. */
  days?: number
  now?: number
  progress?: (what: { zh: string; en: string }, done: number, of: number) => void
}

export interface Seeded {
  /** Acts written now, and those that were there already. */
  accepted: number
  repeated: number
  /** The people who can log in; the trace clerk comes with the co-operative's record id. */
  logins: (SampleLogin & { entity?: string })[]
  ms: number
}

export async function seed({
  store,
  telemetry,
  scale = 1,
  days = 90,
  now = Date.now(),
  progress = () => {},
}: Seeding): Promise<Seeded> {
  const began = performance.now()
  const at = Number(store.fact('sample.at') ?? now)
  store.setFact('sample.at', String(at))
  const day = calendar(at)
  const system = store.system
  const bureau = actorOf('liujianguo')
  const worker = townWorkers()

  const lists = new Plan()
  planLists(lists, system, day)
  const registers = planRegisters(lists, system, day, scale, {
    trace: (entity) => actorOf('zhoumei', entity),
    town: worker,
  })
  const curves = planSensing(lists, system, day, scale)
  const year = new Plan()
  planFarming(year, registers, day, scale, bureau)
  planCases(year, day, scale, { centre: bureau, leader: actorOf('leader'), town: worker })

  const acts = [
    ...lists.acts.filter(isRegister),
    ...[...lists.acts.filter((each) => !isRegister(each)), ...year.acts].sort((a, b) => a.at - b.at),
  ]
  const counts = { accepted: 0, repeated: 0 }
  // DuckDB makes the readings on its own threads while this one decides.
  await Promise.all([
    telemetry && seedReadings(telemetry, curves, at, days),
    writeAll(store, acts, counts, progress),
  ])
  return {
    ...counts,
    logins: sampleLogins.map((login) => ({ ...login, ...(login.ofCoop && { entity: registers.coop }) })),
    ms: Math.round(performance.now() - began),
  }
}

/** One commit per so many acts: a fsync each would take minutes. */
const chunk = 500

async function writeAll(
  store: Store,
  acts: Planned[],
  counts: { accepted: number; repeated: number },
  progress: NonNullable<Seeding['progress']>,
) {
  for (let from = 0; from < acts.length; from += chunk) {
    carryOut(store, acts.slice(from, from + chunk), counts)
    progress(
      { zh: '登记样例记录', en: 'Writing sample records' },
      Math.min(from + chunk, acts.length),
      acts.length,
    )
    // The page that shows the progress needs a turn now and then.
    await new Promise((next) => setImmediate(next))
  }
}

function carryOut(store: Store, acts: Planned[], counts: { accepted: number; repeated: number }) {
  store.batch(() => {
    for (const { actor, at, request } of acts) {
      const receipt = store.act(actor, { ...request, at: new Date(at).toISOString() })
      if (receipt.outcome === 'accepted') counts.accepted++
      else if (receipt.outcome === 'repeated') counts.repeated++
      else
        throw new Error(
          `the sample county was refused: ${request.name} ${receipt.message?.zh} ${JSON.stringify(request)}`,
        )
    }
  })
}

// Registers stand before anything refers to them, whatever the clock says.
const isRegister = (act: Planned) => act.request.name !== 'sensing.alert.created'

/** A township worker for every township; 文斌 is the one of 草尾. */
function townWorkers(): (town: Town) => Actor {
  const wen = actorOf('wenbin')
  return (town) => {
    if (town.code === wen.division) return wen
    const dice = new Dice(`worker/${town.code}`)
    const name = surname(dice) + givenName(dice, dice.chance(0.6))
    return {
      id: `gongzuoyuan-${town.code}`,
      name,
      roles: ['township-worker'],
      division: town.code,
      lang: 'zh',
    }
  }
}
