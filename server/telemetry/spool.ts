// Everything sensors say goes through here, whichever broker it came by. What arrives while a commit runs waits for the
// next one; each message is told `done` after the commit that holds it is on disk, or with the error that stopped it,
// so that its sender keeps it. Readings, the crossings they cause and the thresholds' new standing are one transaction:
// a crossing is lost or told twice no more easily than the reading itself.

import type { Database } from 'bun:sqlite'
import type { Duplex } from 'node:stream'
import { newId } from '../kernel/ids.ts'
import type { County, KnownSensor } from './county.ts'
import type { Fault } from './decoder.ts'
import { type Crossed, calm, judge, listen, release, type Standing, type Watch } from './thresholds.ts'

export interface Message {
  /** Sensor code. */
  sensor: string
  /** The topic after the sensor's prefix: readings, status, answers, or what its decoder knows. */
  tail: string
  topic: string
  payload: Buffer
  client: string
  /** Corked while a batch is told `done`: twenty acknowledgements leave as one packet. */
  line?: Duplex
  done: (error: Error | null) => void
}

export interface Counters {
  /** Messages acknowledged, new readings stored, readings that were there already. */
  messages: number
  stored: number
  repeated: number
  quarantined: number
  crossings: number
  commits: number
  /** Commits that failed: nothing of them was acknowledged. */
  failed: number
}

/** A sensor while it is spoken of: its decoder, its series and when it was last heard. */
interface Line {
  known: KnownSensor
  series: Map<string, Series>
  heard: number
}

interface Series {
  id: number
  metric: string
  watches: Watch[]
  heard: number
}

/** A device that invents names would fill the table of series. */
const mostSeries = 64
/** Unreadable payloads kept; beyond this the oldest go. At 1 KB each this is 100 MB. */
const mostQuarantined = 100_000

export class Spool {
  readonly counters: Counters = {
    messages: 0,
    stored: 0,
    repeated: 0,
    quarantined: 0,
    crossings: 0,
    commits: 0,
    failed: 0,
  }
  /** Set while commits fail. */
  trouble: { since: string; error: Error } | undefined

  private queue: Message[] = []
  private writes: { write: () => void; done: (error: Error | null) => void }[] = []
  private timer: NodeJS.Immediate | undefined
  private lines = new Map<string, Line>()
  private standings = new Map<string, Standing>()
  /** The watches that have a standing above calm or pending, as last known: needed to release them. */
  private watched = new Map<string, Watch>()
  private nextSeries: number
  private commitNumber: number
  private readonly started = Date.now()
  private readonly sql

  // Of the commit at work.
  private now = 0
  private line: Line | undefined
  private found: Series[] = []
  private ats: number[] = []
  private values: number[] = []
  private newSeries: { line: Line; series: Series }[] = []
  private tooMany: Fault | undefined

  constructor(
    readonly db: Database,
    readonly county: County,
    private readonly tell: {
      crossed?: (sensors: string[]) => void
      committed?: (sensors: Iterable<string>) => void
      failed?: (error: Error) => void
    } = {},
  ) {
    this.sql = prepare(db)
    this.nextSeries = db.query<{ n: number | null }, []>('select max(id) as n from series').get()!.n ?? 0
    this.commitNumber = db.query<{ n: number | null }, []>('select max(touched) as n from hour').get()!.n ?? 0
    for (const row of db
      .query<{ threshold: string; state: string }, []>('select threshold, state from threshold_state')
      .all()) {
      const { watch, ...standing } = JSON.parse(row.state) as Standing & { watch: Watch }
      this.standings.set(row.threshold, standing)
      this.watched.set(row.threshold, watch)
    }
  }

  /** Takes a message in. `done` is called once, after the commit. */
  take(message: Message) {
    this.queue.push(message)
    // No timer: while one commit syncs, the next batch gathers by itself. bench/puback.ts
    this.timer ??= setImmediate(this.flush)
  }

  /** Something else to be written with the next commit: broker sessions, retained messages. */
  also(write: () => void): Promise<void> {
    this.timer ??= setImmediate(this.flush)
    return new Promise((resolve, reject) =>
      this.writes.push({ write, done: (error) => (error ? reject(error) : resolve()) }),
    )
  }

  readonly flush = () => {
    if (this.timer) clearImmediate(this.timer)
    this.timer = undefined
    const batch = this.queue
    const writes = this.writes
    if (batch.length === 0 && writes.length === 0) return
    this.queue = []
    this.writes = []
    let error: Error | null = null
    let crossed: string[] = []
    try {
      crossed = this.keep(batch, writes)
      this.trouble = undefined
    } catch (caught) {
      error = caught as Error
      this.counters.failed++
      this.trouble ??= { since: new Date().toISOString(), error }
    }
    for (const each of batch) if (each.line && !each.line.writableCorked) each.line.cork()
    for (let i = 0; i < batch.length; i++) batch[i]!.done(error)
    for (const each of batch) if (each.line?.writableCorked) each.line.uncork()
    for (const each of writes) each.done(error)
    if (error) return this.tell.failed?.(error)
    this.counters.messages += batch.length
    this.counters.commits++
    this.tell.committed?.(new Set(batch.map((each) => each.sensor)))
    if (crossed.length) this.tell.crossed?.(crossed)
  }

  /** Sensors, decoders or thresholds changed: standings of thresholds that are gone end what they raised. */
  countyChanged() {
    for (const [code, line] of this.lines) {
      const known = this.county.sensor(code)
      if (!known) this.lines.delete(code)
      else {
        line.known = known
        for (const series of line.series.values()) series.watches = watchesOf(known, series.metric)
      }
    }
    const gone = [...this.watched].filter(([id]) => !this.county.watches.has(id))
    this.settle((now) =>
      gone.map(([id, watch]) => ({
        watch,
        ...release(watch, this.standings.get(id) ?? calm(watch), now),
        forget: true,
      })),
    )
  }

  /** Looks for sensors that fell silent. Called by the clock. */
  listenForSilence() {
    this.settle((now) =>
      [...this.county.watches.values()]
        .filter((watch) => watch.direction === 'silent')
        .map((watch) => {
          // Nobody is silent for the time this box was off: silence counts from when we began to listen.
          const line = this.lines.get(watch.sensor)
          const heard = watch.metric ? line?.series.get(watch.metric)?.heard : line?.heard
          return { watch, ...listen(watch, this.standing(watch), Math.max(heard ?? 0, this.started), now) }
        }),
    )
  }

  private settle(
    judged: (now: number) => { watch: Watch; after: Standing; crossed?: Crossed; forget?: boolean }[],
  ) {
    const all = judged(Date.now()).filter((each) => each.crossed || each.forget)
    if (all.length === 0) return
    try {
      this.db
        .transaction(() => {
          for (const each of all) {
            if (each.crossed) this.write(each.watch, each.after, each.crossed)
            if (each.forget) this.sql.forget.run(each.watch.id)
            else this.sql.standing.run(each.watch.id, JSON.stringify({ ...each.after, watch: each.watch }))
          }
        })
        .immediate()
    } catch (error) {
      // The clock comes round again.
      return this.tell.failed?.(error as Error)
    }
    for (const each of all) this.remember(each.watch, each.forget ? undefined : each.after)
    const crossed = all.filter((each) => each.crossed).map((each) => each.watch.sensor)
    this.counters.crossings += crossed.length
    if (crossed.length) this.tell.crossed?.(crossed)
  }

  /** The transaction. Answers the sensors that crossed a threshold; throws when nothing was kept. */
  private keep(batch: Message[], writes: { write: () => void }[]): string[] {
    this.now = Date.now()
    this.found.length = this.ats.length = this.values.length = this.newSeries.length = 0
    const aside: { message: Message; fault: Fault }[] = []
    const says: { message: Message; online: number }[] = []
    const answers: Message[] = []
    const spoke = new Set<Line>()
    for (let i = 0; i < batch.length; i++) {
      const message = batch[i]!
      const line = this.lineOf(message.sensor)
      if (!line) {
        aside.push({ message, fault: unknownSensor(message.sensor) })
        continue
      }
      spoke.add(line)
      const fault = this.read(line, message, says, answers)
      if (fault) aside.push({ message, fault })
    }

    const moved: { watch: Watch; after: Standing }[] = []
    let stored = 0
    let crossings: string[] = []
    this.sql.begin.run()
    try {
      for (const { line, series } of this.newSeries)
        this.sql.series.run(series.id, line.known.code, series.metric)
      const fresh = new Map<Watch, { at: number; value: number }[]>()
      stored = this.insert(fresh)
      crossings = this.judgeAll(fresh, spoke, moved)
      for (const each of writes) each.write()
      for (const each of says) this.sql.status.run(each.message.sensor, each.online, this.now)
      for (const each of answers) this.sql.answer.run(each.sensor, this.now, each.payload)
      for (const { message, fault } of aside)
        this.sql.aside.run(
          this.now,
          message.client,
          message.topic,
          message.payload,
          fault.fault,
          JSON.stringify(fault.reason),
        )
      if (aside.length) this.sql.trim.run(mostQuarantined)
      this.sql.commit.run()
    } catch (error) {
      try {
        this.sql.rollback.run()
      } catch {
        // SQLite has rolled back by itself (full disk, I/O error).
      }
      for (const { line, series } of this.newSeries) line.series.delete(series.metric)
      throw error
    }
    for (const line of spoke) line.heard = this.now
    for (const { watch, after } of moved) this.remember(watch, after)
    this.counters.stored += stored
    this.counters.repeated += this.ats.length - stored
    this.counters.quarantined += aside.length
    this.counters.crossings += crossings.length
    return crossings
  }

  private read(
    line: Line,
    message: Message,
    says: { message: Message; online: number }[],
    answers: Message[],
  ): Fault | undefined {
    if (message.tail === 'status') {
      const word = message.payload.toString('latin1')
      if (word !== 'online' && word !== 'offline')
        return {
          fault: 'unreadable',
          reason: { zh: '状态应为 online 或 offline', en: 'a status is "online" or "offline"' },
        }
      says.push({ message, online: word === 'online' ? 1 : 0 })
      return undefined
    }
    if (message.tail === 'answers') {
      answers.push(message)
      return undefined
    }
    if (line.known.broken) return { fault: 'unreadable', reason: line.known.broken }
    this.line = line
    this.tooMany = undefined
    try {
      return line.known.decode(message.payload, message.tail, this.now, this.say) ?? this.tooMany
    } catch (error) {
      // A decoder that throws is our fault; the payload must not be resent for ever because of it.
      const why = (error as Error).message
      return { fault: 'unreadable', reason: { zh: `解码程序出错:${why}`, en: `the decoder failed: ${why}` } }
    }
  }

  private readonly say = (metric: string, at: number, value: number) => {
    const series = this.line!.series.get(metric) ?? this.open(this.line!, metric)
    if (!series) return
    this.found.push(series)
    this.ats.push(at)
    this.values.push(value)
  }

  private open(line: Line, metric: string): Series | undefined {
    const known = this.sql.seriesId.get(line.known.code, metric)
    if (!known && line.series.size >= mostSeries) {
      this.tooMany = {
        fault: 'too-many',
        reason: {
          zh: `这台设备的指标超过 ${mostSeries} 个,新的「${metric}」没有入库`,
          en: `this sensor has more than ${mostSeries} metrics; the new "${metric}" was not stored`,
        },
      }
      return undefined
    }
    const watches = line.known.watches.filter(
      (watch) => watch.metric === metric && watch.direction !== 'silent',
    )
    const series = { id: known?.id ?? ++this.nextSeries, metric, watches, heard: 0 }
    line.series.set(metric, series)
    if (!known) this.newSeries.push({ line, series })
    return series
  }

  private insert(fresh: Map<Watch, { at: number; value: number }[]>): number {
    const { found, ats, values } = this
    const hours = new Map<number, number>()
    let stored = 0
    for (let i = 0; i < found.length; i++) {
      const series = found[i]!
      const at = ats[i]!
      series.heard = this.now
      if (this.sql.reading.run(series.id, at, values[i]!).changes === 0) continue
      stored++
      const hour = Math.floor(at / 3_600_000)
      hours.set(hour, (hours.get(hour) ?? 0) + 1)
      for (const watch of series.watches) {
        const list = fresh.get(watch)
        if (list) list.push({ at, value: values[i]! })
        else fresh.set(watch, [{ at, value: values[i]! }])
      }
    }
    if (stored) this.commitNumber++
    for (const [hour, n] of hours) this.sql.hour.run(hour, n, this.commitNumber)
    return stored
  }

  private judgeAll(
    fresh: Map<Watch, { at: number; value: number }[]>,
    spoke: Set<Line>,
    moved: { watch: Watch; after: Standing }[],
  ): string[] {
    const crossings: string[] = []
    for (const [watch, readings] of fresh) {
      const before = this.standing(watch)
      let after = before
      for (const { at, value } of readings.sort((a, b) => a.at - b.at)) {
        const step = judge(watch, after, at, value)
        after = step.after
        if (!step.crossed) continue
        after = this.write(watch, after, step.crossed)
        crossings.push(watch.sensor)
      }
      if (after === before) continue
      this.sql.standing.run(watch.id, JSON.stringify({ ...after, watch }))
      moved.push({ watch, after })
    }
    for (const line of spoke)
      for (const watch of line.known.watches) {
        if (
          watch.direction !== 'silent' ||
          (watch.metric && line.series.get(watch.metric)?.heard !== this.now)
        )
          continue
        const { after, crossed } = listen(watch, this.standing(watch), this.now, this.now)
        if (!crossed) continue
        const written = this.write(watch, after, crossed)
        this.sql.standing.run(watch.id, JSON.stringify({ ...written, watch }))
        moved.push({ watch, after: written })
        crossings.push(watch.sensor)
      }
    return crossings
  }

  /** Writes a crossing and answers the standing that carries its episode on. */
  private write(watch: Watch, after: Standing, crossed: Crossed): Standing {
    const uid = newId()
    const episode = crossed.kind === 'raised' ? uid : (after.episode ?? uid)
    const { kind, level, at, value, limit } = crossed
    this.sql.crossing.run(
      uid,
      episode,
      watch.id,
      watch.sensor,
      watch.metric ?? null,
      kind,
      level,
      at,
      value ?? null,
      limit ?? null,
    )
    after.episode = kind === 'cleared' ? undefined : episode
    return after
  }

  private standing(watch: Watch): Standing {
    const known = this.standings.get(watch.id)
    // A threshold whose limits were changed keeps its level; what was pending for limits that are gone starts again.
    return known && known.over.length === watch.steps.length
      ? known
      : { ...calm(watch), ...(known && { level: known.level, at: known.at, episode: known.episode }) }
  }

  private remember(watch: Watch, standing: Standing | undefined) {
    if (standing) {
      this.standings.set(watch.id, standing)
      this.watched.set(watch.id, watch)
    } else {
      this.standings.delete(watch.id)
      this.watched.delete(watch.id)
    }
  }

  private lineOf(code: string): Line | undefined {
    const line = this.lines.get(code)
    if (line) return line
    const known = this.county.sensor(code)
    if (!known) return undefined
    const made: Line = { known, series: new Map(), heard: 0 }
    this.lines.set(code, made)
    return made
  }
}

const watchesOf = (known: KnownSensor, metric: string) =>
  known.watches.filter((watch) => watch.metric === metric && watch.direction !== 'silent')

const unknownSensor = (code: string): Fault => ({
  fault: 'unknown-sensor',
  reason: {
    zh: `没有登记编号为「${code}」的设备,请先在「感知」里登记`,
    en: `no sensor is registered as "${code}"; register it under Sensing first`,
  },
})

function prepare(db: Database) {
  return {
    begin: db.query('begin immediate'),
    commit: db.query('commit'),
    rollback: db.query('rollback'),
    seriesId: db.query<{ id: number }, [string, string]>(
      'select id from series where sensor = ? and metric = ?',
    ),
    series: db.query('insert into series (id, sensor, metric) values (?, ?, ?)'),
    reading: db.query('insert or ignore into reading (series, at, value) values (?, ?, ?)'),
    hour: db.query(
      'insert into hour (hour, readings, touched) values (?, ?, ?) on conflict (hour) do update set readings = readings + excluded.readings, touched = excluded.touched',
    ),
    status: db.query('insert or replace into status (sensor, online, at) values (?, ?, ?)'),
    answer: db.query('insert into answer (sensor, at, payload) values (?, ?, ?)'),
    aside: db.query(
      'insert into quarantine (at, client, topic, payload, fault, reason) values (?, ?, ?, ?, ?, ?)',
    ),
    trim: db.query('delete from quarantine where id <= (select max(id) from quarantine) - ?'),
    crossing: db.query(
      'insert into crossing (uid, episode, threshold, sensor, metric, kind, level, at, value, "limit") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    standing: db.query('insert or replace into threshold_state (threshold, state) values (?, ?)'),
    forget: db.query('delete from threshold_state where threshold = ?'),
  }
}
