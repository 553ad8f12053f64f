// A dataset as JSON Schema 2020-12. Titles are Chinese (what people here read first); `x-title` carries both languages.

import type { DatasetSpec } from '../kernel/dataset.ts'
import type { FieldSpec } from '../kernel/fields.ts'
import type { Registry } from '../kernel/registry.ts'

export type Json = Record<string, unknown>

export function schemaOf(spec: DatasetSpec, registry: Registry): Json {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `urn:xianhe:dataset:${spec.name}:${spec.version}`,
    title: spec.title.zh,
    'x-title': spec.title,
    ...(spec.about && { description: spec.about.zh, 'x-about': spec.about }),
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(spec.fields)
        .filter(([, field]) => field.sensitive !== 'hide')
        .map(([name, field]) => [name, fieldSchema(field, registry)]),
    ),
    required: Object.entries(spec.fields)
      .filter(([, field]) => !field.optional && field.set !== 'act' && field.sensitive !== 'hide')
      .map(([name]) => name),
    additionalProperties: false,
    'x-dataset': spec.name,
    'x-version': spec.version,
    'x-keeper': spec.keeper,
    ...(spec.append && { 'x-append': true }),
    ...(spec.closed && { 'x-closed': true }),
    ...(spec.catalogue && { 'x-catalogue': spec.catalogue }),
  }
}

export function fieldSchema(field: FieldSpec, registry: Registry): Json {
  return {
    ...shape(field, registry),
    title: field.label.zh,
    'x-title': field.label,
    ...(field.hint && { description: field.hint.zh, 'x-hint': field.hint }),
    ...(field.unit && { 'x-unit': field.unit }),
    ...(field.key && { 'x-key': true }),
    ...(field.sensitive && { 'x-sensitive': field.sensitive }),
    ...(field.set === 'act' && { readOnly: true }),
  }
}

function shape(field: FieldSpec, registry: Registry): Json {
  switch (field.kind) {
    case 'text':
    case 'long':
      return {
        type: 'string',
        maxLength: field.maxLength ?? (field.kind === 'long' ? 5000 : 200),
        ...(field.pattern && { pattern: `^(?:${field.pattern})$` }),
      }
    case 'integer':
      return { type: 'integer', ...bounds(field) }
    case 'decimal':
      return { type: 'number', ...bounds(field) }
    case 'date':
      return { type: 'string', format: 'date' }
    case 'time':
      return { type: 'string', format: 'date-time' }
    case 'flag':
      return { type: 'boolean' }
    case 'choice':
      return { type: 'string', oneOf: constants(field) }
    case 'choices':
      return { type: 'array', uniqueItems: true, items: { type: 'string', oneOf: constants(field) } }
    case 'code': {
      const list = registry.codes(field.list!)
      const codes = Object.entries(list?.codes ?? {})
      // Long lists stay a reference: a schema of 4,000 crop codes helps nobody.
      if (codes.length === 0 || codes.length > 200) return { type: 'string', 'x-list': field.list }
      return {
        type: 'string',
        'x-list': field.list,
        oneOf: codes.map(([code, words]) => ({
          const: code,
          title: words.zh,
          'x-title': { zh: words.zh, en: words.en },
        })),
      }
    }
    case 'ref':
      return { type: 'string', format: 'uuid', 'x-ref': field.to }
    case 'division':
      return { type: 'string', pattern: '^\\d{2}(\\d{2}(\\d{2}(\\d{3}(\\d{3})?)?)?)?$', 'x-list': 'division' }
    case 'geometry':
      return {
        type: 'object',
        properties: { type: { enum: field.shapes }, coordinates: { type: 'array' } },
        required: ['type', 'coordinates'],
        'x-format': 'GeoJSON geometry, CGCS2000 longitude and latitude',
      }
    case 'phone':
      return { type: 'string', maxLength: 20, 'x-format': 'phone' }
    case 'id-number':
      return { type: 'string', pattern: '^(\\d{17}[\\dX]|\\d{4}\\*{10}.{4})$', 'x-format': 'GB 11643' }
    case 'credit-code':
      return { type: 'string', pattern: '^[0-9A-HJ-NPQRTUWXY*]{1,18}$', 'x-format': 'GB 32100' }
    case 'files':
      return {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            sha256: { type: 'string', pattern: '^[0-9a-f]{64}$' },
            name: { type: 'string' },
            type: { type: 'string' },
            bytes: { type: 'integer', minimum: 0 },
          },
          required: ['sha256', 'name', 'bytes'],
        },
      }
  }
}

const bounds = (field: FieldSpec): Json => ({
  ...(field.min !== undefined && { minimum: field.min }),
  ...(field.max !== undefined && { maximum: field.max }),
})
const constants = (field: FieldSpec) =>
  Object.entries(field.options ?? {}).map(([value, words]) => ({
    const: value,
    title: words.zh,
    'x-title': words,
  }))
