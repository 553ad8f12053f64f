// What was said under an older declaration, in today's words. Records and acts that wait on a device may outlive the
// version that made them: a phone comes back from the lake after the box was upgraded, twice.

import type { ActRequest } from './acts.ts'
import type { Registry } from './registry.ts'

/** An act as today's declarations would ask for it. One in today's words, or of an unknown dataset, is left as it is. */
export function actInTodaysWords(registry: Registry, request: ActRequest): ActRequest {
  const { spoken, fields, name } = request
  const dataset = registry.datasets.get(name.slice(0, name.lastIndexOf('.')))
  if (!dataset || !fields || spoken === undefined || spoken >= dataset.spec.version) return request
  const upcast = registry.verbs.get(name)?.upcast ?? dataset.upcast
  return {
    ...request,
    fields: upcast ? upcast(fields, spoken) : fields,
    spoken: dataset.spec.version,
  }
}

/** Fields of a record, or what changed of them, in today's words. */
export function fieldsInTodaysWords(
  registry: Registry,
  dataset: string,
  fields: Record<string, unknown>,
  spoken: number,
): Record<string, unknown> {
  const known = registry.datasets.get(dataset)
  return known?.upcast && spoken < known.spec.version ? known.upcast(fields, spoken) : fields
}
