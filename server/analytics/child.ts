// The analytics room: follows the diary into DuckDB, computes the measures that changed, publishes the numbers, seals
// finished days of readings, and answers what pages ask of the archive. Everything it writes under derived/ can be
// deleted; whatever it finds damaged there it throws away and makes again, so that it never falls twice for one reason.

import type { Measure } from '../kernel/measures.ts'
import type { Registry } from '../kernel/registry.ts'
import { type Answers, answerIn, type Question } from './answer.ts'
import { faultsOf, moduleOf } from './check.ts'
import { type Area, compute, dependsOnTime, runsPerScope, sqlOf, type Value } from './compute.ts'
import { Follower, type Progress } from './follow.ts'
import { discard, Lake } from './lake.ts'
import { discardNumbers, NumbersFile } from './publish.ts'
import { readingTables, Stream } from './readings.ts'
import { sealDays } from './seal.ts'
import { tableOf } from './tables.ts'

export interface AnalyticsOptions {
  coreFile: string
  telemetryFile: string
  archiveDir: string
  derivedDir: string
  registry: Registry
  /** As DuckDB writes it: `256MB`. */
  memoryLimit: string
  threads: number
  /** `numbers` {at, seq, measures}, `progress` {done, of}, `sealed` {day, …}, `trouble` {what, why}. */
  hint: (name: string, data?: unknown) => void
  /** Brings the county's own datasets into the registry; called whenever the diary has grown. */
  refresh?: () => void
}

export interface Analytics {
  /** «Look again»: the diary or the readings have grown. */
  heed(topic: string, data?: unknown): void
  /** A question of the serve process. What it throws is a sentence. */
  answer<W extends Question['what']>(question: Extract<Question, { what: W }>): Promise<Answers[W]>
  /** Done when the numbers include everything the diary holds now. */
  settle(): Promise<void>
  stop(): Promise<void>
}

export async function analytics(options: AnalyticsOptions): Promise<Analytics> {
  const room = new Room(options)
  await room.open()
  return room
}

/** A save is on screen within two seconds: passes follow each other no closer than this … */
const pause = 150
/** … and take at most a quarter of a core when acts come without end. */
const share = 3
const tick = 1_000
const heartbeat = 20_000
const minute = 60_000
const sealEvery = 10 * minute
const longestRest = 30_000

class Room implements Analytics {
  private lake!: Lake
  private follower!: Follower
  private stream!: Stream
  private numbers!: NumbersFile
  private running: Promise<void> | undefined
  private wanted = false
  private stopping = false
  private timers: Timer[] = []
  /** What the last pass published. */
  private seq = -1
  /** Whether every measure has been computed since the tables were made. */
  private complete = false
  private toldAt = 0
  private minuteOf = 0
  private failures = 0
  private sealing: Promise<unknown> = Promise.resolve()
  /** Measures whose townships are to be computed again. */
  private readonly behind = new Set<Measure>()
  /** Measures that could not be computed, and why; the others go on. */
  private readonly asides = new Map<string, string>()
  /** What each measure reads. */
  private readonly reads = new Map<string, Set<string>>()

  constructor(private readonly options: AnalyticsOptions) {}

  async open() {
    this.numbers = NumbersFile.open(this.options.derivedDir)
    this.lake = await Lake.open(this.options)
    this.stream = new Stream(this.lake, this.options)
    this.follower = new Follower(this.options.coreFile, this.lake, this.options.registry, (progress) =>
      this.progressed(progress),
    )
    this.timers = [setInterval(() => this.beat(), tick), setInterval(() => this.seal(), sealEvery)]
    this.look()
    this.seal()
  }

  heed(topic: string) {
    if (topic === 'look') this.look()
  }

  async settle() {
    const { seq } = this.follower.newest()
    while (!this.stopping && (this.seq < seq || this.wanted || this.running || this.behind.size > 0)) {
      this.look()
      await this.running
    }
  }

  async answer<W extends Question['what']>(question: Extract<Question, { what: W }>): Promise<Answers[W]> {
    if (question.what === 'settle') return (await this.settle()) as Answers[W]
    if (question.what === 'rebuild') return (await this.rebuild()) as Answers[W]
    if (question.what === 'seal') return (await this.seal()) as Answers[W]
    return answerIn(this.lake, this.options, this.follower.division, question as Question) as Promise<
      Answers[W]
    >
  }

  async stop() {
    this.stopping = true
    for (const timer of this.timers) clearInterval(timer)
    await this.running
    await this.sealing
    this.stream.close()
    this.follower.close()
    await this.lake.close()
    this.numbers.close()
  }

  private look() {
    this.wanted = true
    this.running ??= this.run().finally(() => {
      this.running = undefined
      if (this.wanted && !this.stopping) this.look()
    })
  }

  private beat() {
    const now = Date.now()
    try {
      if (this.follower.newest().seq > this.seq || Math.floor(now / minute) !== this.minuteOf)
        return this.look()
      // Nothing happened, and saying so keeps the numbers from looking old.
      if (now - this.toldAt >= heartbeat && !this.running) this.tell(new Map())
    } catch (fault) {
      this.trouble('core.db cannot be read', fault)
    }
  }

  private async run() {
    while (this.wanted && !this.stopping) {
      this.wanted = false
      const began = performance.now()
      try {
        await this.pass()
        this.failures = 0
      } catch (fault) {
        if (this.stopping) return
        await this.recover(fault)
      }
      const took = performance.now() - began
      await this.rest(Math.max(pause - took, Math.min(took * share, 900)))
    }
  }

  private async pass() {
    this.options.refresh?.()
    const thisMinute = Math.floor(Date.now() / minute)
    const clock = thisMinute !== this.minuteOf
    const all = !this.complete
    const { seq, changed } = await this.follower.catchUp()
    const tables = new Set([...changed].map(tableOf))
    const streamed = this.streamed()
    if (streamed.size > 0 && (await this.stream.catchUp(streamed)))
      for (const name of streamed) tables.add(name)
    const measures = [...this.options.registry.measures.values()]
    const due = measures.filter((each) => all || (clock && dependsOnTime(each)) || this.touches(each, tables))
    if (all) this.numbers.keepOnly(measures.map((each) => each.name))
    const area = this.area()
    // Queries run once per scope: the county's own numbers first, the townships' behind them.
    await this.computeAndTell(
      due.filter((each) => !runsPerScope(each)),
      area,
      undefined,
      seq,
    )
    await this.computeAndTell(due.filter(runsPerScope), area, [area.division], seq)
    for (const each of due.filter(runsPerScope)) this.behind.add(each)
    this.minuteOf = thisMinute
    this.complete = true
    await this.catchUpBelow(area, seq)
  }

  /** Stops for newer acts, but never without having done one: under endless load the townships still get their turn. */
  private async catchUpBelow(area: Area, seq: number) {
    const below = area.scopes.slice(1)
    const done: Measure[] = []
    for (const measure of below.length > 0 ? [...this.behind] : []) {
      await this.computeAndTell([measure], area, below, seq, 'quietly')
      this.behind.delete(measure)
      done.push(measure)
      if (this.wanted) break
    }
    // One hint for all: each hint makes every open page look again.
    if (done.length > 0) this.hintNumbers(done.map((each) => each.name))
    if (below.length === 0) this.behind.clear()
  }

  private async computeAndTell(
    measures: Measure[],
    area: Area,
    only: string[] | undefined,
    seq: number,
    how?: 'quietly',
  ) {
    if (this.stopping) throw new Error('stopping')
    const sound = measures.filter((each) => !this.faultIn(each))
    const answers = await compute(this.lake, this.options.registry, sound, area, only)
    const computed = new Map<string, Value[]>()
    for (const measure of measures) {
      const answer = this.faultIn(measure) ?? answers.get(measure.name)!
      if (answer instanceof Error) this.setAside(measure, answer)
      else this.asides.delete(measure.name)
      computed.set(measure.name, answer instanceof Error ? [] : answer)
    }
    this.tell(computed, only, seq)
    if (!how && computed.size > 0) this.hintNumbers([...computed.keys()])
  }

  private faultIn(measure: Measure): Error | undefined {
    const faults = faultsOf(measure, this.options.registry)
    if (faults.length > 0) return new Error(faults.join('; '))
    if (this.stream.fault && this.readsOf(measure).has('readings')) return new Error(this.stream.fault)
    return undefined
  }

  private area(): Area {
    const { division } = this.follower
    return { division, scopes: scopesUnder(division, this.options.registry) }
  }

  private tell(computed: Map<string, Value[]>, only?: string[], seq = this.seq) {
    const at = new Date().toISOString()
    try {
      this.numbers.publish(computed, only, this.asides, at, Math.max(seq, 0))
    } catch (fault) {
      // Damaged or deleted under us: thrown away, and the next pass computes everything.
      this.numbers.close()
      discardNumbers(this.options.derivedDir)
      this.numbers = NumbersFile.open(this.options.derivedDir)
      this.complete = false
      throw fault
    }
    this.toldAt = Date.now()
    this.seq = seq
  }

  private hintNumbers(measures: string[]) {
    this.options.hint('numbers', { at: new Date(this.toldAt).toISOString(), seq: this.seq, measures })
  }

  private setAside(measure: Measure, fault: unknown) {
    // A broken file breaks every measure: that is not the measure's fault.
    if (isDamage(fault)) throw fault
    const why = `module ${moduleOf(this.options.registry, measure.name)}, measure ${measure.name}: ${(fault as Error).message}`
    if (this.asides.get(measure.name) === why) return
    this.asides.set(measure.name, why)
    this.options.hint('trouble', { what: measure.name, why })
  }

  private touches(measure: Measure, tables: Set<string>): boolean {
    if (tables.size === 0) return false
    for (const name of this.readsOf(measure)) if (tables.has(name)) return true
    return this.asides.has(measure.name)
  }

  private readsOf(measure: Measure): Set<string> {
    const known = this.reads.get(measure.name)
    if (known) return known
    try {
      const found = new Set(this.lake.tablesIn(sqlOf(measure, this.follower.division)))
      this.reads.set(measure.name, found)
      return found
    } catch {
      return new Set()
    }
  }

  /** Which of the tables of readings some measure asks for. */
  private streamed(): Set<string> {
    const asked = [...this.options.registry.measures.values()].flatMap((each) => [...this.readsOf(each)])
    return new Set(asked.filter((name) => readingTables.includes(name)))
  }

  /** Once may be a busy file; twice in a row, and what is derived is made again. Never a crash loop. */
  private async recover(fault: unknown) {
    this.failures++
    this.trouble('computing failed', fault)
    const ours = !(fault instanceof Error && fault.name === 'SQLiteError')
    if (ours && (this.failures === 2 || isDamage(fault)))
      await this.rebuild().catch((again) => this.trouble('rebuilding failed', again))
    this.wanted = true
    if (this.failures > 2) await this.rest(Math.min(longestRest, 500 * 2 ** this.failures))
  }

  private async rebuild() {
    this.stream.close()
    this.follower.close()
    // A database that found itself damaged may refuse even this.
    await this.lake.close().catch(() => {})
    discard(this.options.derivedDir)
    this.lake = await Lake.open(this.options)
    this.stream = new Stream(this.lake, this.options)
    this.follower = new Follower(this.options.coreFile, this.lake, this.options.registry, (progress) =>
      this.progressed(progress),
    )
    this.seq = -1
    this.complete = false
    this.look()
  }

  private seal() {
    this.sealing = this.sealing
      .then(() => (this.stopping ? [] : sealDays(this.lake, this.options, () => this.stopping)))
      .then((notes) => {
        for (const note of notes) this.options.hint('sealed', note)
        if (notes.length > 0) this.look()
      })
      .catch((fault) => this.trouble('sealing readings failed; they stay in telemetry.db', fault))
    return this.sealing
  }

  private progressed(progress: Progress) {
    if (this.stopping) throw new Error('stopping')
    this.options.hint('progress', progress)
  }

  private trouble(what: string, fault: unknown) {
    this.options.hint('trouble', { what, why: (fault as Error).message })
  }

  private async rest(ms: number) {
    const until = Date.now() + ms
    while (!this.stopping && Date.now() < until) await Bun.sleep(Math.min(50, until - Date.now()))
  }
}

/** The box's own division and the divisions of the code list below it: their zero is a zero and not a gap. */
export function scopesUnder(division: string, registry: Registry): string[] {
  const codes = Object.keys(registry.codes('division')?.codes ?? {})
  const below = codes.filter(
    (code) => code.startsWith(division) && code.length > division.length && [4, 6, 9].includes(code.length),
  )
  return [division, ...below]
}

const isDamage = (fault: unknown): boolean =>
  /INTERNAL Error|FATAL Error|checksum|[Cc]orrupt|Serialization Error|database has been invalidated|Connection Error/.test(
    (fault as Error).message,
  )
