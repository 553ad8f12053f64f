// sync's tables in core.db. All of them are local: who our peers are, what is on its way, what came of it. They can be
// lost without losing a record, but not without a person noticing; so they live beside the records and their backup.

import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/** local. Boxes and platforms we exchange packages with. */
export const peer = sqliteTable('peer', {
  /** Its node id. */
  node: text('node').primaryKey(),
  name: text('name').notNull(),
  division: text('division').notNull(),
  /** Where it stands from here. */
  relation: text('relation', { enum: ['upper', 'lower', 'side'] }).notNull(),
  /** https://…, when it can be called; empty when only it calls us, or a stick goes between. */
  address: text('address'),
  /** JSON array of public keys. */
  keys: text('keys').notNull(),
  /** Its database id as last heard: a new one means restored or cloned. */
  database: text('database'),
  /** JSON: what leaves for it. */
  policy: text('policy').notNull(),
  /** JSON array of dataset patterns it may speak for. */
  accepts: text('accepts').notNull(),
  /** What we sign its packages and receipts with. It may sign with any key we know of it. */
  signature: text('signature', { enum: ['Ed25519', 'SM2-SM3'] })
    .notNull()
    .default('Ed25519'),
  /** SHA-256 of the token it calls us with. */
  tokenHash: text('token_hash'),
  /** The token we call it with. */
  token: text('token'),
  disabled: integer('disabled').notNull().default(0),
  added: text('added').notNull(),
  /** Diary position up to which its receipts reach, and the one up to which we looked for what concerns it. */
  confirmed: integer('confirmed').notNull().default(0),
  looked: integer('looked').notNull().default(0),
  /** The package our own follow on, when the peer has more of ours than we remember: we were restored from a backup. */
  baseSeq: integer('base_seq').notNull().default(0),
  baseHash: text('base_hash'),
  /** The line: last answer, since when there is none, why (JSON words), and when to try again. */
  answeredAt: text('answered_at'),
  downSince: text('down_since'),
  fault: text('fault'),
  tries: integer('tries').notNull().default(0),
  tryAt: text('try_at'),
  /** Last moment a receipt confirmed something. */
  confirmedAt: text('confirmed_at'),
  /** For a person: what is odd about this peer. JSON words. */
  note: text('note'),
})

/** local. Packages we cut, and how far each has come: waiting → sent → received → imported, or refused. */
export const packageOut = sqliteTable(
  'package_out',
  {
    peer: text('peer').notNull(),
    seq: integer('seq').notNull(),
    file: text('file').notNull(),
    bytes: integer('bytes').notNull(),
    sha256: text('sha256').notNull(),
    manifestSha256: text('manifest_sha256').notNull(),
    fromSeq: integer('from_seq').notNull(),
    toSeq: integer('to_seq').notNull(),
    count: integer('count').notNull(),
    omitted: integer('omitted').notNull(),
    /** JSON, as in the manifest. */
    datasets: text('datasets').notNull(),
    state: text('state', { enum: ['waiting', 'sent', 'received', 'imported', 'refused'] }).notNull(),
    cutAt: text('cut_at').notNull(),
    sentAt: text('sent_at'),
    receivedAt: text('received_at'),
    settledAt: text('settled_at'),
    /** By wire, pull or stick, whatever carried it last. */
    carrier: text('carrier'),
    /** Where a half-sent upload goes on. */
    upload: text('upload'),
    /** JSON words, when refused. */
    reason: text('reason'),
    /** JSON, the receiver's receipt. */
    receipt: text('receipt'),
  },
  (t) => [primaryKey({ columns: [t.peer, t.seq] }), index('package_out_state').on(t.peer, t.state)],
)

/** local. What a peer has been given once and need not be given again: schemas, attachments, records out of its scope. */
export const given = sqliteTable(
  'given',
  {
    peer: text('peer').notNull(),
    kind: text('kind', { enum: ['schema', 'file', 'record', 'day'] }).notNull(),
    name: text('name').notNull(),
    /** The package that gave it; 0 while it is owed (an attachment whose bytes have not arrived here yet). */
    seq: integer('seq').notNull(),
  },
  (t) => [primaryKey({ columns: [t.peer, t.kind, t.name] }), index('given_seq').on(t.peer, t.seq)],
)

/** local. Packages that came, applied or refused. */
export const packageIn = sqliteTable(
  'package_in',
  {
    pid: integer('pid').primaryKey(),
    /** As the manifest says; empty when it could not be read. */
    node: text('node').notNull(),
    seq: integer('seq').notNull(),
    file: text('file').notNull(),
    bytes: integer('bytes').notNull(),
    manifestSha256: text('manifest_sha256').notNull(),
    count: integer('count').notNull(),
    datasets: text('datasets').notNull(),
    state: text('state', { enum: ['received', 'applied', 'refused'] }).notNull(),
    carrier: text('carrier').notNull(),
    arrivedAt: text('arrived_at').notNull(),
    settledAt: text('settled_at'),
    /** Lines already applied: where an interrupted receive goes on. */
    done: integer('done').notNull().default(0),
    repeated: integer('repeated').notNull().default(0),
    asked: integer('asked').notNull().default(0),
    /** Code and JSON words, when refused. */
    code: text('code'),
    reason: text('reason'),
    receipt: text('receipt'),
    /** Whether the sender has our receipt. */
    told: integer('told').notNull().default(0),
  },
  (t) => [
    uniqueIndex('package_in_one').on(t.node, t.seq, t.manifestSha256),
    index('package_in_state').on(t.state, t.told),
  ],
)

/** local. Acts of a package that could not be applied: they step aside with the reason, so that the rest flows. */
export const packageAside = sqliteTable(
  'package_aside',
  {
    id: text('id').primaryKey(),
    node: text('node').notNull(),
    seq: integer('seq').notNull(),
    name: text('name').notNull(),
    /** JSON, the act. */
    act: text('act').notNull(),
    /** JSON words. */
    reason: text('reason').notNull(),
    tries: integer('tries').notNull(),
    at: text('at').notNull(),
  },
  (t) => [index('package_aside_package').on(t.node, t.seq)],
)

/** local. Through which peer a node's acts reach us: they are not echoed back along the same line. */
export const route = sqliteTable('route', {
  origin: text('origin').primaryKey(),
  peer: text('peer').notNull(),
})

/** local. Datasets as they came: declarations of peers, and from which diary position our own speak a version. */
export const spoken = sqliteTable(
  'spoken',
  {
    /** A peer's node id, or empty for this box. */
    node: text('node').notNull(),
    dataset: text('dataset').notNull(),
    version: integer('version').notNull(),
    /** This box's: the first diary position in this version. A peer's: the package that brought it. */
    since: integer('since').notNull(),
    /** JSON declaration, for a peer's. */
    spec: text('spec'),
  },
  (t) => [primaryKey({ columns: [t.node, t.dataset, t.version] })],
)
