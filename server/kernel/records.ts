// The record table: what every record says now, with its marks and its place. Only the diary's two hands write it, the
// store as acts are decided and the replay that proves the store right.

import type { Database, Statement } from 'bun:sqlite'
import { canonical } from './canonical.ts'
import type { Rec } from './dataset.ts'
import { bounds, type Geometry } from './geo.ts'
import type { Marks } from './marks.ts'
import type { Registry } from './registry.ts'

export interface RecordRow {
  rid: number
  id: string
  dataset: string
  division: string
  town: string
  version: number
  body: string
  place: string | null
  withdrawn: number
  born: number
  touched: number
}

export function toRec(row: RecordRow): Rec {
  return {
    id: row.id,
    dataset: row.dataset,
    version: row.version,
    division: row.division,
    fields: JSON.parse(row.body),
    ...(row.withdrawn ? { withdrawn: true as const } : {}),
    born: row.born,
    touched: row.touched,
  }
}

export const asSql = (value: unknown): string | number | null =>
  typeof value === 'boolean'
    ? Number(value)
    : typeof value === 'object' && value !== null
      ? JSON.stringify(value)
      : ((value ?? null) as string | number | null)

/** Writes what a record says now; with the diary, the only writer of `record`. Replay uses it too. */
export function writeRecord(
  sql: Statements,
  marks: Marks,
  registry: Registry,
  before: Rec | undefined,
  after: Rec,
  version: number,
  seq: number,
  withdrawn: boolean,
) {
  const spec = registry.datasets.get(after.dataset)?.spec
  const shape = spec?.place ? (after.fields[spec.place] as Geometry | undefined) : undefined
  const body = canonical(after.fields)
  const place = shape ? canonical(shape) : null
  const town = after.division.slice(0, 9)
  let rid: number
  if (before) {
    rid = (sql.rid.get(after.id) as { rid: number }).rid
    sql.updateRecord.run(after.division, town, version, body, place, withdrawn ? 1 : 0, seq, rid)
  } else {
    const { id, dataset, division } = after
    rid = Number(
      sql.insertRecord.run(id, dataset, division, town, version, body, place, withdrawn ? 1 : 0, seq, seq)
        .lastInsertRowid,
    )
  }
  marks.put(rid, before, after, withdrawn)
  if (!spec?.place) return
  if (shape && !withdrawn) {
    const [west, south, east, north] = bounds(shape)
    sql.place.run(rid, west, east, south, north)
  } else if (before) sql.unplace.run(rid)
}

export type Statements = ReturnType<typeof prepare>
export function prepare(db: Database) {
  const q = (sql: string): Statement => db.query(sql)
  return {
    recordById: q('select * from record where id = ?'),
    rid: q('select rid from record where id = ?'),
    actById: q('select seq, actor from act where id = ?'),
    insertAct: q(
      'insert into act(seq, id, name, actor, by, at, written, cause, origin, clock, hash) values(?,?,?,?,?,?,?,?,?,?,?)',
    ),
    insertChange: q(
      'insert into change(seq, dataset, record, base, version, fields, division, withdrawn, salt, digest) values(?,?,?,?,?,?,?,?,?,?)',
    ),
    insertRecord: q(
      'insert into record(id, dataset, division, town, version, body, place, withdrawn, born, touched) values(?,?,?,?,?,?,?,?,?,?)',
    ),
    updateRecord: q(
      'update record set division=?, town=?, version=?, body=?, place=?, withdrawn=?, touched=? where rid=?',
    ),
    place: q('insert or replace into place_box(rid, west, east, south, north) values(?,?,?,?,?)'),
    unplace: q('delete from place_box where rid = ?'),
    past: q(
      'select c.version, c.fields, c.seq, a.id as act, a.actor, a.by, a.at, a.origin from change c join act a on a.seq = c.seq where c.record = ? order by c.version',
    ),
    othersTouched: q(
      'select 1 from change c join act a on a.seq = c.seq where c.record = ? and a.origin <> ? limit 1',
    ),
    savepoint: q('savepoint act'),
    release: q('release act'),
    cursor: q('select seq from cursor where name = ?'),
    moveCursor: q('insert into cursor(name, seq) values(?, ?) on conflict do update set seq = excluded.seq'),
  }
}
