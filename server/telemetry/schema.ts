// telemetry.db as drizzle tables; drizzle-kit makes the SQL in migrations/telemetry from it. The ingest child is the
// only writer; serve and analytics open it read-only. Everything here is measured, or derived from what was measured
// in the same transaction.

import {
  blob,
  index,
  integer,
  primaryKey,
  real,
  sqliteTable,
  text,
  uniqueIndex,
} from 'drizzle-orm/sqlite-core'

/** measured. Facts about this file: `id` (new with each new file, so that followers notice), `clean`. */
export const fact = sqliteTable('fact', { name: text('name').primaryKey(), value: text('value').notNull() })

/** measured. Sensor and metric as one small number. */
export const series = sqliteTable(
  'series',
  {
    id: integer('id').primaryKey(),
    sensor: text('sensor').notNull(),
    metric: text('metric').notNull(),
  },
  (t) => [uniqueIndex('series_name').on(t.sensor, t.metric)],
)

/**
 * measured. One row per reading; the key makes «twice is once». WITHOUT ROWID: the key is the table, so that a
 * series of a day lies together for charts and for sealing, and there is no second tree to write.
 */
export const reading = sqliteTable(
  'reading',
  {
    series: integer('series').notNull(),
    /** Event time, epoch ms. */
    at: integer('at').notNull(),
    value: real('value').notNull(),
  },
  (t) => [primaryKey({ columns: [t.series, t.at] })],
)

/**
 * measured. One row per hour of event time: how many readings it holds and the number of the commit that last added
 * one. Followers remember the highest `touched` they have seen and look only at hours above it, late readings included.
 */
export const hour = sqliteTable(
  'hour',
  {
    /** Epoch ms / 3,600,000. */
    hour: integer('hour').primaryKey(),
    readings: integer('readings').notNull(),
    touched: integer('touched').notNull(),
  },
  (t) => [index('hour_touched').on(t.touched)],
)

/** measured. What a threshold said and when: written in the transaction of the reading that caused it. */
export const crossing = sqliteTable(
  'crossing',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    /** UUIDv7. Alerts derive their ids from `episode`, acts from `uid`: told twice is raised once. */
    uid: text('uid').notNull().unique(),
    /** The uid of the crossing that began it. */
    episode: text('episode').notNull(),
    /** Record id of the sensing.threshold. */
    threshold: text('threshold').notNull(),
    sensor: text('sensor').notNull(),
    metric: text('metric'),
    /** raised, changed or cleared. */
    kind: text('kind').notNull(),
    /** blue, yellow, orange, red: the level from now on, or the one that ended. */
    level: text('level').notNull(),
    /** Event time, epoch ms. */
    at: integer('at').notNull(),
    value: real('value'),
    limit: real('limit'),
  },
  (t) => [index('crossing_at').on(t.at)],
)

/** measured. Where each threshold stands: see thresholds.ts. */
export const thresholdState = sqliteTable('threshold_state', {
  threshold: text('threshold').primaryKey(),
  /** JSON. */
  state: text('state').notNull(),
})

/** measured. Payloads that could not be read, kept whole. */
export const quarantine = sqliteTable(
  'quarantine',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    at: integer('at').notNull(),
    client: text('client').notNull(),
    topic: text('topic').notNull(),
    payload: blob('payload').notNull(),
    /** A word for the kind of fault, and the sentence for staff as JSON {zh, en}. */
    fault: text('fault').notNull(),
    reason: text('reason').notNull(),
  },
  (t) => [index('quarantine_at').on(t.at)],
)

/** measured. What each sensor last said of itself on its status topic. */
export const status = sqliteTable('status', {
  sensor: text('sensor').primaryKey(),
  online: integer('online').notNull(),
  at: integer('at').notNull(),
})

/** measured. What devices answered to commands. */
export const answer = sqliteTable(
  'answer',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    sensor: text('sensor').notNull(),
    at: integer('at').notNull(),
    payload: blob('payload').notNull(),
  },
  (t) => [index('answer_sensor').on(t.sensor, t.id)],
)

/** measured. Days that stand in the archive: see archive.ts. */
export const sealed = sqliteTable('sealed', {
  /** County day, YYYY-MM-DD. */
  day: text('day').primaryKey(),
  file: text('file').notNull(),
  sha256: text('sha256').notNull(),
  rows: integer('rows').notNull(),
  /** The commit up to which the file holds the day. A later reading of that day means: seal again. */
  through: integer('through').notNull(),
  at: integer('at').notNull(),
  /** 1 while its hot rows are being deleted, 2 when they are gone. */
  emptied: integer('emptied').notNull().default(0),
})

/** local. Sessions, retained messages and unfinished handshakes of the embedded broker. */
export const mqtt = sqliteTable('mqtt', { key: text('key').primaryKey(), value: blob('value').notNull() })
