import type { Database } from 'bun:sqlite'
import type { Rec } from './dataset.ts'
import { applyFields } from './decide.ts'
import type { ChangeRow } from './diary.ts'
import { Marks } from './marks.ts'
import { prepare, type RecordRow, toRec, writeRecord } from './records.ts'
import type { Registry } from './registry.ts'

/**
 * Folds the diary of `from` into the empty record table of `into`: what the records must say if the diary is the
 * truth. Both have the schema of migrations/core.
 */
export function replay(from: Database, into: Database, registry: Registry): void {
  const sql = prepare(into)
  const marks = new Marks(into)
  for (const { spec } of registry.datasets.values()) marks.prepare(spec)
  const changes = from.query('select * from change order by cid').iterate() as IterableIterator<ChangeRow>
  into.transaction(() => {
    for (const change of changes) {
      const row = sql.recordById.get(change.record) as RecordRow | null
      const before = row ? toRec(row) : undefined
      const fields = applyFields(
        before?.fields ?? {},
        change.fields === null ? {} : JSON.parse(change.fields),
      )
      const withdrawn = change.withdrawn === 1 || before?.withdrawn === true
      const after: Rec = {
        id: change.record,
        dataset: change.dataset,
        version: change.version,
        division: change.division ?? before!.division,
        fields,
        born: 0,
        touched: 0,
      }
      writeRecord(sql, marks, registry, before, after, change.version, change.seq, withdrawn)
    }
  })()
}
