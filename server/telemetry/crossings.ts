// Where a reading becomes a decision. The ingest child writes crossings into telemetry.db; serve follows them by cursor
// and decides acts on sensing.alert. The ids of the acts come from the crossings, so whatever dies when, an alert is
// raised once: a crossing told again is a repetition.

import type { Database } from 'bun:sqlite'
import type { ActRequest, Receipt } from '../kernel/acts.ts'
import { derivedId } from '../kernel/ids.ts'
import type { Store } from '../kernel/store.ts'
import type { Words } from '../kernel/words.ts'
import { type Alert, alertTitle, sensors, type Threshold, thresholds } from '../modules/sensing/dataset.ts'
import { openTelemetryReader, telemetryId } from './open.ts'

export interface CrossingRow {
  id: number
  uid: string
  episode: string
  threshold: string
  sensor: string
  metric: string | null
  kind: 'raised' | 'changed' | 'cleared'
  level: Alert['fields']['level']
  at: number
  value: number | null
  limit: number | null
}

export interface CrossingsOptions {
  store: Store
  telemetryFile: string
  /** A crossing that cannot become an act steps aside with the reason; the rest flows. */
  report?: (problem: { crossing: string; reason: Words }) => void
}

export class Crossings {
  private db: Database | undefined
  private timer: Timer | undefined

  constructor(private readonly options: CrossingsOptions) {}

  /** Follows from here on; `look` when ingest hints at a crossing. */
  start(): this {
    // Hints may be lost: every few seconds the file is asked.
    this.timer = setInterval(() => this.look(), 5_000)
    this.look()
    return this
  }

  stop() {
    clearInterval(this.timer)
    this.db?.close()
    this.db = undefined
  }

  /** Decides what was not decided yet; answers how many crossings it took. */
  look(): number {
    const db = this.reader()
    if (!db) return 0
    const { store } = this.options
    // A telemetry.db that was put aside and begun anew has its own cursor.
    const cursor = `crossings:${telemetryId(db)}`
    let taken = 0
    for (;;) {
      const rows = db
        .query<CrossingRow, [number]>('select * from crossing where id > ? order by id limit 200')
        .all(store.cursor(cursor))
      if (rows.length === 0) return taken
      store.batch(() => {
        for (const row of rows) this.decide(row)
        store.moveCursor(cursor, rows.at(-1)!.id)
      })
      taken += rows.length
    }
  }

  private decide(row: CrossingRow) {
    const receipt = this.receiptFor(row)
    if (receipt?.outcome === 'refused' || receipt?.outcome === 'held')
      this.options.report?.({
        crossing: row.uid,
        reason: receipt.message ?? { zh: '没有写入', en: 'was not written' },
      })
  }

  private receiptFor(row: CrossingRow): Receipt | undefined {
    const { store } = this.options
    const act = (request: Omit<ActRequest, 'id' | 'at'>) =>
      store.act(store.system, { ...request, id: derivedId(row.uid, row.kind), at: at(row) })
    const alert = alertIdOf(row.episode)
    if (row.kind === 'raised') return act({ name: 'sensing.alert.raised', fields: this.alertFields(row) })
    if (!store.record(alert)) return undefined
    if (row.kind === 'cleared')
      return act({ name: 'sensing.alert.cleared', record: alert, fields: { at: at(row) } })
    const { title, level, value, limit } = this.alertFields(row)
    return act({
      name: 'sensing.alert.stepped',
      record: alert,
      fields: { title, level, value, limit, at: at(row) },
    })
  }

  private alertFields(row: CrossingRow) {
    const { look } = this.options.store
    const threshold = look.read(thresholds, row.threshold) as Threshold | undefined
    const sensor = look.find(sensors, { code: row.sensor }, 1)[0]
    const kind = threshold?.fields.direction ?? (row.value === null ? 'silent' : 'above')
    return {
      title: alertTitle(sensor?.fields.name ?? row.sensor, {
        ...row,
        kind,
        minutes: threshold?.fields.silence,
      }),
      level: row.level,
      sensor: sensor?.id,
      threshold: threshold?.id,
      kind,
      metric: row.metric ?? undefined,
      value: row.value ?? undefined,
      limit: row.limit ?? undefined,
      raised: at(row),
      place: sensor?.fields.place,
      division: sensor?.division ?? threshold?.division,
    }
  }

  private reader(): Database | undefined {
    this.db ??= openTelemetryReader(this.options.telemetryFile)
    return this.db
  }
}

/** The alert an episode is about: the first record of the act that raised it. */
export const alertIdOf = (episode: string): string => derivedId(derivedId(episode, 'raised'), 0)

const at = (row: CrossingRow) => new Date(row.at).toISOString()
