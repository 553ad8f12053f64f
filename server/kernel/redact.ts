// Forgetting. The values go from the record, from every diary line that said them, from what waits, and from the questions
// that were asked about them. The chain stands on digests and stays whole; the salts go with the values, because an ID
// number or a telephone number could be guessed from a digest whose salt is known.

import type { Database } from 'bun:sqlite'
import type { ActRequest, Draft } from './acts.ts'
import { canonical } from './canonical.ts'
import type { Rec } from './dataset.ts'
import { type QuestionValue, questions } from './questions.ts'

/** The diary lines of a record that still say one of these fields, and every field they name. */
export function linesSaying(
  db: Database,
  record: string,
  fields: string[],
): { cids: number[]; names: Set<string> } {
  const lines = db
    .query('select cid, fields from change where record = ? and fields is not null')
    .all(record) as { cid: number; fields: string }[]
  const saying = lines
    .map(({ cid, fields }) => ({ cid, said: JSON.parse(fields) as Record<string, unknown> }))
    .filter(({ said }) => fields.some((field) => said[field] !== undefined && said[field] !== null))
  return {
    cids: saying.map(({ cid }) => cid),
    names: new Set(saying.flatMap(({ said }) => Object.keys(said))),
  }
}

/** Empties diary lines for good. */
export function blankLines(db: Database, cids: number[]) {
  const blank = db.query("update change set fields = null, salt = x'' where cid = ?")
  for (const cid of cids) blank.run(cid)
}

/**
 * The record without these fields. Blanked lines can no longer rebuild what else they said, nor tell a peer what they had
 * emptied or forgotten before: this says all of it again. `named` are the fields the blanked lines spoke of.
 */
export function without(before: Rec, fields: string[], named: Iterable<string>): Draft {
  const left = Object.fromEntries(Object.entries(before.fields).filter(([name]) => !fields.includes(name)))
  const empty = [...fields, ...named].filter((name) => left[name] === undefined)
  return {
    dataset: before.dataset,
    record: before.id,
    kind: 'amended',
    fields: { ...left, ...Object.fromEntries(empty.map((name) => [name, null])) },
    before,
    after: { ...before, fields: left },
  }
}

/** A question that no longer knows the forgotten values; with none left to choose between, it is settled. */
export function questionWithout(question: Rec, fields: string[]): Draft | undefined {
  const values = JSON.parse(String(question.fields.values ?? '{}')) as Record<string, QuestionValue>
  const kept = Object.fromEntries(Object.entries(values).filter(([name]) => !fields.includes(name)))
  if (Object.keys(kept).length === Object.keys(values).length) return undefined
  const settled = Object.keys(kept).length === 0 ? { state: 'answered', taken: 'standing' } : {}
  const after = { ...question.fields, values: canonical(kept), ...settled }
  return {
    dataset: questions.name,
    record: question.id,
    kind: 'amended',
    fields: after,
    before: question,
    after: { ...question, fields: after },
  }
}

/** Acts that wait lose the values too: for the act they follow, or in what a colleague brought, for somebody's word. */
export function blankHeld(db: Database, record: string, fields: string[]) {
  for (const [table, key] of [
    ['held', 'id'],
    ['parcel_act', 'act'],
  ] as const) {
    const rows = db
      .query(`select ${key} as id, request from ${table} where request ->> '$.record' = ?`)
      .all(record) as { id: string; request: string }[]
    for (const row of rows) {
      const request = JSON.parse(row.request) as ActRequest
      const kept = Object.entries(request.fields ?? {}).filter(([name]) => !fields.includes(name))
      db.query(`update ${table} set request = ? where ${key} = ?`).run(
        JSON.stringify({ ...request, fields: Object.fromEntries(kept) }),
        row.id,
      )
    }
  }
}
