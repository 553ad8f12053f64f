// A measure that cannot be computed should stop the person who wrote it, not the county: every declaration is read
// against its dataset before anything is computed, and the sentence names the module.

import type { DatasetSpec } from '../kernel/dataset.ts'
import type { Measure } from '../kernel/measures.ts'
import type { Registry } from '../kernel/registry.ts'

/** What is wrong with the declared measures, a sentence each; none when all can be computed. */
export function measureFaults(registry: Registry): string[] {
  return registry.parts.flatMap((part) =>
    (part.measures ?? []).flatMap((each) =>
      faultsOf(each, registry).map((fault) => `module ${part.name}, measure ${each.name}: ${fault}`),
    ),
  )
}

/** Throws with every fault at once. */
export function checkMeasures(registry: Registry) {
  const faults = measureFaults(registry)
  if (faults.length > 0) throw new Error(`measures that cannot be computed:\n${faults.join('\n')}`)
}

/** The module that declared a measure. */
export const moduleOf = (registry: Registry, measure: string) =>
  registry.parts.find((part) => part.measures?.some((each) => each.name === measure))?.name ?? '?'

export function faultsOf(measure: Measure, registry: Registry): string[] {
  if (!measure.of === !measure.query) return ['needs either `of` (a dataset) or `query` (SQL), not both']
  if (measure.query) {
    const beside = (['where', 'sum', 'average', 'condition', 'by', 'over'] as const).filter(
      (name) => measure[name] !== undefined,
    )
    return beside.length > 0
      ? [`${beside.join(', ')} cannot stand beside \`query\`: write it in the SQL`]
      : []
  }
  const known = registry.datasets.get(measure.of!.name)
  if (!known) return [`dataset ${measure.of!.name} is not declared by any module`]
  const { spec } = known
  return [
    ...Object.keys(measure.where ?? {}).flatMap((field) => fieldFault(spec, field, 'where')),
    ...(measure.sum && measure.average ? ['says both `sum` and `average`: choose one'] : []),
    ...(measure.sum ? numericFault(spec, measure.sum, 'sum') : []),
    ...(measure.average ? numericFault(spec, measure.average, 'average') : []),
    ...(measure.by && measure.by !== 'township' ? fieldFault(spec, measure.by, 'by') : []),
    ...(measure.over ? overFault(spec, measure.over) : []),
  ]
}

function fieldFault(spec: DatasetSpec, field: string, where: string): string[] {
  if (field === 'division') return []
  if (!spec.fields[field]) return [`\`${where}\` names ${field}, which is not a field of ${spec.name}`]
  if (spec.fields[field].sensitive)
    return [`\`${where}\` names ${field}, which is personal and therefore not in the analytics tables`]
  return []
}

function numericFault(spec: DatasetSpec, field: string, where: string): string[] {
  const fault = fieldFault(spec, field, where)
  if (fault.length > 0) return fault
  const kind = spec.fields[field]?.kind
  return kind === 'integer' || kind === 'decimal'
    ? []
    : [`\`${where}\` names ${field}, which is not a number`]
}

function overFault(spec: DatasetSpec, over: { field: string; days: number }): string[] {
  const fault = fieldFault(spec, over.field, 'over')
  if (fault.length > 0) return fault
  const kind = spec.fields[over.field]?.kind
  if (kind !== 'date' && kind !== 'time') return [`\`over\` names ${over.field}, which is not a date or time`]
  return Number.isInteger(over.days) && over.days >= 1 && over.days <= 3660
    ? []
    : ['`over` needs a whole number of days from 1 to 3660']
}
