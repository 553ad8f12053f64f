import type { Words } from './words.ts'

/** A person can mend this: the sentence says what to do next. Nothing was changed. */
export class Refusal extends Error {
  readonly words: Words
  readonly field?: string
  /** `access` refusals answer 403, `missing` 404; the rest 422. */
  readonly kind: 'mend' | 'access' | 'missing'
  /** When several fields are wrong at once, each with its own sentence. */
  readonly all: { field?: string; words: Words }[]

  constructor(words: Words, more: { field?: string; kind?: Refusal['kind']; all?: Refusal['all'] } = {}) {
    super(words.en)
    this.name = 'Refusal'
    this.words = words
    this.field = more.field
    this.kind = more.kind ?? 'mend'
    this.all = more.all ?? [{ field: more.field, words }]
  }
}

export function refuse(words: Words, more: { field?: string; kind?: Refusal['kind'] } = {}): never {
  throw new Refusal(words, more)
}

/** Someone changed the same fields meanwhile: the page shows base, theirs and mine. */
export class Conflict extends Error {
  readonly record: string
  readonly dataset: string
  readonly overlaps: Overlap[]

  constructor(dataset: string, record: string, overlaps: Overlap[]) {
    super(`${dataset} ${record} was changed meanwhile: ${overlaps.map((each) => each.field).join(', ')}`)
    this.name = 'Conflict'
    this.dataset = dataset
    this.record = record
    this.overlaps = overlaps
  }
}

/** One field that two people changed without knowing of each other. */
export interface Overlap {
  field: string
  base: unknown
  theirs: unknown
  mine: unknown
  /** The act that put `theirs` there. */
  by: { act: string; actor: string; name: string; at: string }
}
