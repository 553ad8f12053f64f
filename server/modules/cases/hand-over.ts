// Handing a case to a township or a department: shared by assigning and by arbitration, so that both start the same clocks.

import type { Write } from '../../kernel/acts.ts'
import { choice, code, decimal, division, long } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { type Case, type CaseFields, ordinaryLimit, startClocks } from './clocks.ts'
import { cases, categories, type LimitUnit, limitUnits } from './dataset.ts'

export const handOverFields = {
  handler: choice(
    { zh: '派给', en: 'Assign to' },
    { township: { zh: '乡镇(街道)', en: 'Township' }, department: { zh: '县直部门', en: 'Department' } },
  ),
  division: division({ zh: '乡镇(街道)', en: 'Township' })
    .optional()
    .hint('派给乡镇时必选', 'Needed for a township'),
  department: code('cases.unit', { zh: '部门', en: 'Department' })
    .optional()
    .hint(
      '派给部门时必选;不选时用类别的默认部门',
      "Needed for a department; the category's own when left empty",
    ),
  instructions: long({ zh: '派遣意见', en: 'Instructions' }).optional(),
  limit: decimal({ zh: '处置时限', en: 'Time limit' })
    .min(0.5)
    .max(365)
    .optional()
    .hint('不填时按类别的时限', "The category's limit when left empty"),
  unit: choice({ zh: '时限单位', en: 'Unit' }, limitUnits).optional(),
}

export interface HandOver {
  handler: 'township' | 'department'
  division?: string
  department?: string
  instructions?: string
  limit?: number
  unit?: LimitUnit
}

export function handOver(write: Write, record: Case, input: HandOver, more: { ruling?: string } = {}) {
  const category = write.read(categories, record.fields.category)?.fields
  const usual = category ?? ordinaryLimit
  const limit = input.limit ?? usual.limit
  const unit = input.unit ?? usual.unit
  write.change(cases, record.id, {
    state: 'assigned',
    handler: input.handler,
    ...(input.handler === 'township' ? toTownship(record, input) : toDepartment(input, category?.department)),
    instructions: input.instructions,
    worker: undefined,
    assignedAt: write.at,
    ...startClocks(write, record.fields.level, limit, unit),
    ...more,
  })
}

/** What the form opens with: the township of the place, or the department that last had it. */
export const suggestedHandOver = (fields: CaseFields | undefined) => ({
  handler: fields?.handler ?? 'township',
  division: (fields?.division ?? '').length >= 9 ? fields?.division.slice(0, 9) : undefined,
})

function toTownship(record: Case, input: HandOver) {
  const town = input.division ?? record.fields.division
  if (town.length < 9)
    refuse({ zh: '派给哪个乡镇(街道)?请选择', en: 'Choose the township it goes to.' }, { field: 'division' })
  // A village code within the same township says more than the township's own.
  const division = record.fields.division.startsWith(town) ? record.fields.division : town
  return { division, department: undefined }
}

function toDepartment(input: HandOver, usual: string | undefined) {
  const department = input.department ?? usual
  if (!department)
    refuse({ zh: '派给哪个部门?请选择', en: 'Choose the department it goes to.' }, { field: 'department' })
  return { department }
}
