// core.db as drizzle tables; drizzle-kit makes the SQL in migrations/core from it. Hot paths use prepared SQL over the
// same tables. State of each table: decided (replayable, leaves in packages) or local (this box only).

import { blob, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/** decided. What every record says now; a fold of the diary. `rid` is explicit: search and R*Tree point at it. */
export const record = sqliteTable(
  'record',
  {
    rid: integer('rid').primaryKey(),
    id: text('id').notNull(),
    dataset: text('dataset').notNull(),
    division: text('division').notNull(),
    /** First nine digits of the division: the index for township scopes. */
    town: text('town').notNull(),
    version: integer('version').notNull(),
    /** JSON object of field → value. */
    body: text('body').notNull(),
    /** GeoJSON of the place field. */
    place: text('place'),
    withdrawn: integer('withdrawn').notNull().default(0),
    /** Diary positions of birth and last change. */
    born: integer('born').notNull(),
    touched: integer('touched').notNull(),
  },
  (t) => [
    uniqueIndex('record_id').on(t.id),
    index('record_list').on(t.dataset, t.withdrawn, t.rid),
    index('record_town').on(t.dataset, t.withdrawn, t.town, t.rid),
    index('record_touched').on(t.touched),
  ],
)

/** local. A small number for each indexed field of each dataset; `few` fields have a second one for marks by township. */
export const markField = sqliteTable(
  'mark_field',
  {
    id: integer('id').primaryKey(),
    dataset: text('dataset').notNull(),
    field: text('field').notNull(),
    few: integer('few').notNull().default(0),
  },
  (t) => [uniqueIndex('mark_field_name').on(t.dataset, t.field, t.few)],
)

/** decided. The diary: one row per act, chained by hash. */
export const act = sqliteTable(
  'act',
  {
    seq: integer('seq').primaryKey(),
    id: text('id').notNull(),
    name: text('name').notNull(),
    actor: text('actor').notNull(),
    by: text('by').notNull(),
    at: text('at').notNull(),
    /** When this box wrote it; `at` is what the decider's clock said. */
    written: text('written').notNull(),
    cause: text('cause'),
    /** Node that the act was born on. */
    origin: text('origin').notNull(),
    clock: text('clock'),
    /** SHA-256 over the previous hash and this entry (values enter by their salted digest). */
    hash: blob('hash').notNull(),
  },
  (t) => [uniqueIndex('act_id').on(t.id)],
)

/** decided. What each act changed in each record. */
export const change = sqliteTable(
  'change',
  {
    cid: integer('cid').primaryKey(),
    seq: integer('seq').notNull(),
    dataset: text('dataset').notNull(),
    record: text('record').notNull(),
    base: integer('base').notNull(),
    version: integer('version').notNull(),
    /** JSON object of field → value (null empties). NULL once redacted. */
    fields: text('fields'),
    division: text('division'),
    withdrawn: integer('withdrawn'),
    salt: blob('salt').notNull(),
    /** SHA-256 of salt and canonical fields: the chain holds after the values are gone. */
    digest: blob('digest').notNull(),
  },
  (t) => [index('change_record').on(t.record, t.version), index('change_seq').on(t.seq)],
)

/** local. Facts about this database: node id, database id, division, … */
export const fact = sqliteTable('fact', { name: text('name').primaryKey(), value: text('value').notNull() })

/** local. How far each follower has read the diary. */
export const cursor = sqliteTable('cursor', {
  name: text('name').primaryKey(),
  seq: integer('seq').notNull(),
})

/** local. Diary entries a follower could not digest: stepped aside with the reason, so that the rest flows. */
export const aside = sqliteTable(
  'aside',
  {
    follower: text('follower').notNull(),
    seq: integer('seq').notNull(),
    reason: text('reason').notNull(),
    tries: integer('tries').notNull(),
    at: text('at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.follower, t.seq] })],
)

/** local. Acts that came before the act they follow. */
export const held = sqliteTable(
  'held',
  {
    id: text('id').primaryKey(),
    after: text('after').notNull(),
    actor: text('actor').notNull(),
    request: text('request').notNull(),
    at: text('at').notNull(),
  },
  (t) => [index('held_after').on(t.after)],
)

/** local. People who log in. */
export const account = sqliteTable('account', {
  name: text('name').primaryKey(),
  title: text('title').notNull(),
  /** Argon2id. */
  password: text('password').notNull(),
  /** JSON array of role names. */
  roles: text('roles').notNull(),
  division: text('division').notNull(),
  entity: text('entity'),
  lang: text('lang').notNull().default('zh'),
  /** Set until the one-time password was replaced. */
  mustChange: integer('must_change').notNull().default(0),
  disabled: integer('disabled').notNull().default(0),
  /** Wrong passwords in a row, and until when the account waits. */
  failures: integer('failures').notNull().default(0),
  waitsUntil: text('waits_until'),
  created: text('created').notNull(),
})

/** local. Browser sessions, by hash of the cookie. */
export const session = sqliteTable(
  'session',
  {
    hash: text('hash').primaryKey(),
    account: text('account').notNull(),
    created: text('created').notNull(),
    seen: text('seen').notNull(),
    expires: text('expires').notNull(),
    agent: text('agent'),
  },
  (t) => [index('session_account').on(t.account)],
)

/** local. Bearer tokens of programs, by hash. */
export const token = sqliteTable('token', {
  name: text('name').primaryKey(),
  hash: text('hash').notNull().unique(),
  account: text('account').notNull(),
  created: text('created').notNull(),
  expires: text('expires'),
  disabled: integer('disabled').notNull().default(0),
  seen: text('seen'),
})

/** local. Who looked at or did what outside the diary: logins, unmasking, exports, settings. Kept six months at least. */
export const audit = sqliteTable(
  'audit',
  {
    aid: integer('aid').primaryKey(),
    at: text('at').notNull(),
    actor: text('actor').notNull(),
    what: text('what').notNull(),
    about: text('about'),
    detail: text('detail'),
    address: text('address'),
  },
  (t) => [index('audit_at').on(t.at)],
)

/** local. Device tokens: user name = sensor id, by hash. */
export const device = sqliteTable('device', {
  sensor: text('sensor').primaryKey(),
  hash: text('hash').notNull(),
  created: text('created').notNull(),
  disabled: integer('disabled').notNull().default(0),
})

/** local. Field devices that carry a replica: each has a token of its own and can be revoked. */
export const fieldDevice = sqliteTable('field_device', {
  id: text('id').primaryKey(),
  account: text('account').notNull(),
  name: text('name').notNull(),
  hash: text('hash').notNull().unique(),
  created: text('created').notNull(),
  seen: text('seen'),
  /** How many acts its last word said it still held. */
  waiting: integer('waiting'),
  revoked: text('revoked'),
  /** When it answered that everything was wiped. */
  wiped: text('wiped'),
})

/** local. What a field device handed over and a colleague brought: once for each parcel, by the SHA-256 of its bytes. */
export const parcel = sqliteTable('parcel', {
  id: text('id').primaryKey(),
  device: text('device').notNull(),
  /** Whose entries they are, and who brought them. */
  account: text('account').notNull(),
  carrier: text('carrier').notNull(),
  /** `file` or `scan` at the box, `phone` through the carrier's own device. */
  way: text('way').notNull(),
  /** When the device made it, by its own word; when it came. */
  made: text('made').notNull(),
  at: text('at').notNull(),
  /** The device had been revoked by then. */
  revoked: integer('revoked').notNull().default(0),
  arrived: integer('arrived').notNull(),
  repeated: integer('repeated').notNull(),
  photos: integer('photos').notNull(),
  /** Photos that stayed on the device. */
  photosLeft: integer('photos_left').notNull(),
})

/** local. Acts that came in a parcel: the mark in the history, and what still waits for somebody's word. */
export const parcelAct = sqliteTable(
  'parcel_act',
  {
    act: text('act').primaryKey(),
    parcel: text('parcel').notNull(),
    /** `arrived`, `refused` with the sentence, `aside` until its person or an administrator says it is theirs, `dropped`. */
    fate: text('fate').notNull(),
    /** The act as it was asked for, while it is not in the diary. */
    request: text('request'),
    /** Why not, as JSON in both languages. */
    message: text('message'),
    /** Who decided about one that lay aside, and when. */
    decidedBy: text('decided_by'),
    decidedAt: text('decided_at'),
  },
  (t) => [index('parcel_act_parcel').on(t.parcel)],
)
