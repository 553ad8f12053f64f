// The one way pages reach records. On the box the desk is SQLite; in a browser out of reach it is IndexedDB, with the
// same pages above it. A desk belongs to one actor: every answer is already scoped and masked.

import { type Actor, within } from './access.ts'
import type { Act, ActRequest, Receipt, Verb } from './acts.ts'
import type { Dataset, DatasetSpec, Rec } from './dataset.ts'
import type { Fields, ValuesOf } from './fields.ts'
import type { Box } from './geo.ts'
import type { Registry } from './registry.ts'

export interface ListQuery {
  /** Field → value, or several values (any of). `{ due: { from, to } }` bounds dates and numbers. */
  filter?: Record<string, unknown>
  /** Words to search for, Chinese down to one character. */
  q?: string
  bbox?: Box
  /** Division prefix, within the actor's scope. */
  division?: string
  /** Field name, `-` before it for descending. Newest first when absent. */
  sort?: string
  /** From the previous answer's `next`. */
  cursor?: string
  /** At most 1000; 50 when absent. */
  limit?: number
  withdrawn?: boolean
}

export interface Page<V = Record<string, unknown>> {
  records: Rec<V>[]
  next?: string
}

export interface Hit {
  record: Rec
  label: string
}

export interface Desk {
  readonly actor: Actor
  readonly registry: Registry
  /** `box` or `device`: a page may say what will not work out of reach. */
  readonly place: 'box' | 'device'

  read<F extends Fields>(dataset: Dataset<F> | string, id: string): Promise<Rec<ValuesOf<F>> | undefined>
  list<F extends Fields>(dataset: Dataset<F> | string, query?: ListQuery): Promise<Page<ValuesOf<F>>>
  /** How many the query finds, counted no further than `cap` (default 10,000). */
  count(dataset: Dataset | string, query?: ListQuery, cap?: number): Promise<{ n: number; capped: boolean }>
  /** Across datasets the actor may read, newest first. */
  search(words: string, limit?: number): Promise<Hit[]>
  /** The acts that touched a record, oldest first. */
  history(dataset: Dataset | string, id: string): Promise<Act[]>
  /** Record ids → labels, for references in tables and sentences. Unknown or out-of-scope ids are left out. */
  labels(ids: Iterable<string>): Promise<Map<string, string>>
  /** Decides. Refusals come back as a receipt with `outcome: 'refused'`; conflicts of a form throw `Conflict`. */
  act(
    request: Omit<ActRequest, 'id'> & { id?: string },
    how?: { onOverlap?: 'conflict' | 'question' },
  ): Promise<Receipt>
  /** Verbs offered on a record now, the main one first; without a record, the ones that start one. */
  verbs(dataset: Dataset | string, record?: Rec): Verb[]
  /** Shows a masked record whole, once the actor may and says why. The looking itself is audited. */
  reveal(dataset: Dataset | string, id: string, reason: string): Promise<Rec | undefined>
  /** Whether the actor may do `created`, `amended`, `withdrawn` or a verb on the dataset at all. */
  may(act: string): boolean
  mayRead(dataset: Dataset | string): boolean
  /** How far what a record says now has travelled: three ticks. */
  fate(record: Rec): Fate
}

/** On this device only; at the county; imported by the tier above, by its receipt. Or held behind an earlier act, or sent back. */
export type Fate = 'device' | 'county' | 'prefecture' | 'held' | 'refused'

/** How many hits of a search a list or a count looks at. */
export const searchDepth = 1000

export const specOf = (registry: Registry, dataset: Dataset | string): DatasetSpec =>
  typeof dataset === 'string' ? registry.dataset(dataset).spec : dataset.spec

/** The verbs of a dataset that this person is offered now, the main one first. */
export function offeredVerbs(
  registry: Registry,
  actor: Actor,
  dataset: Dataset | string,
  record?: Rec,
): Verb[] {
  const offered = registry.verbsOn(specOf(registry, dataset).name).filter((verb) => {
    if (!registry.rights.mayAct(actor, verb.name)) return false
    if (!record) return verb.starts === true
    if (verb.starts || record.withdrawn || !within(actor, record.division)) return false
    return verb.when?.(record, actor) ?? true
  })
  return offered.sort((a, b) => Number(b.main ?? false) - Number(a.main ?? false))
}
