// What people decide. A verb is declared once: its button, form, API act, access check and sentence in the diary come
// from the declaration, and the same function decides on the box and in a browser that is out of reach.

import type { Actor } from './access.ts'
import type { Dataset, Rec, Upcast } from './dataset.ts'
import type { Fields, ValuesOf } from './fields.ts'
import type { Words } from './words.ts'

/** One act as asked for: by a form, the API, an outbox or a reaction. */
export interface ActRequest {
  /** UUIDv7 from whoever decides. The same id twice has one effect. */
  id: string
  /** `agri.plot.created`, `.amended`, `.withdrawn`, or a verb's name. */
  name: string
  /** The record it is about; for `.created`, the new record's id. */
  record?: string
  /** The version the decider was looking at. */
  base?: number
  fields?: Record<string, unknown>
  /** Where a created record belongs, when no division field says so. */
  division?: string
  /** When it was decided, by the decider's clock (ISO 8601). */
  at?: string
  cause?: string
  /** Earlier acts of the same unsent chain on its records: this one waits until they have arrived, and knows them. */
  after?: string[]
  /** Version of the dataset in whose words `fields` are, when it may have waited since; today's when absent. */
  spoken?: number
}

/** What became of it. */
export interface Receipt {
  id: string
  outcome: 'accepted' | 'repeated' | 'refused' | 'question' | 'held'
  seq?: number
  message?: Words
  field?: string
  /** The record it was about. */
  record?: string
  /** Every sentence when several fields were wrong. */
  all?: { field?: string; words: Words }[]
  /** Of a refusal: can be mended, is not allowed, or is about something that is not there. */
  kind?: 'mend' | 'access' | 'missing'
}

/** What an act would do to one record. */
export interface Draft {
  dataset: string
  record: string
  kind: 'created' | 'amended' | 'withdrawn'
  /** Field → value; null empties. */
  fields: Record<string, unknown>
  /** Set when created or moved. */
  division?: string
  before?: Rec
  after: Rec
}

/** Reading inside an act: what the records say now, this act's own changes included. Never awaits. */
export interface Look {
  read<F extends Fields>(dataset: Dataset<F> | string, id: string | undefined): Rec<ValuesOf<F>> | undefined
  /** Records whose indexed fields equal the given values, newest first, withdrawn ones left out. */
  find<F extends Fields>(
    dataset: Dataset<F> | string,
    where: Record<string, unknown>,
    limit?: number,
  ): Rec<ValuesOf<F>>[]
}

/** Changing inside an act. Every method may refuse. */
export interface Write extends Look {
  readonly actor: Actor
  /** The moment of the act (ISO 8601) and its day in the county. */
  readonly at: string
  readonly today: string
  /** This act's id. */
  readonly id: string
  create<F extends Fields>(
    dataset: Dataset<F> | string,
    fields: ValuesOf<F>,
    more?: { id?: string; division?: string },
  ): Rec<ValuesOf<F>>
  /** `undefined` empties a field. */
  change<F extends Fields>(
    dataset: Dataset<F> | string,
    id: string,
    fields: Partial<ValuesOf<F>>,
  ): Rec<ValuesOf<F>>
  withdraw(dataset: Dataset | string, id: string): void
}

export interface Verb<F extends Fields = Fields, I extends Fields = Fields> {
  /** Past tense, prefixed with the dataset: `cases.case.assigned`. */
  name: string
  on: Dataset<F>
  /** The button: 派给乡镇. */
  title: Words
  /** The diary sentence without its subject: 派给了乡镇. */
  done: Words
  fields: I
  /** Offered on a record's page when true. Decide must refuse by itself; this only spares people a dead button. */
  when?: (record: Rec<ValuesOf<F>>, actor: Actor) => boolean
  /** No record yet: the verb makes one. Its button stands on the list. */
  starts?: true
  /** The step most people take next: drawn as the filled button. */
  main?: true
  /** Old words of its form in today's, for acts that waited on a device meanwhile; the dataset's own when absent. */
  upcast?: Upcast
  /** Values the form opens with. */
  suggest?: (record: Rec<ValuesOf<F>> | undefined, actor: Actor) => Record<string, unknown>
  /** Synchronous; may run again (in a browser, when a record had to be fetched): no effect but through `write`. */
  decide: (write: Write, record: Rec<ValuesOf<F>>, input: ValuesOf<I>) => void
}

export function verb<F extends Fields, I extends Fields>(
  name: string,
  declaration: Omit<Verb<F, I>, 'name'>,
): Verb<F, I> {
  return { name, ...declaration }
}

/** Runs inside every act that touches the dataset, after field checks, on the record as it would become. May refuse. */
export interface Rule<F extends Fields = Fields> {
  on: Dataset<F>
  check: (after: Rec<ValuesOf<F>>, context: RuleContext<ValuesOf<F>>) => void
}
export interface RuleContext<V> extends Look {
  before?: Rec<V>
  /** The fields this act changes. */
  changed: Partial<V>
  actor: Actor
  act: string
  today: string
}
export const rule = <F extends Fields>(on: Dataset<F>, check: Rule<F>['check']): Rule<F> => ({ on, check })

/** A diary entry as the API, history and packages show it. */
export interface Act {
  id: string
  seq: number
  name: string
  actor: string
  /** The actor's name as people know it. */
  by?: string
  at: string
  origin: string
  cause?: string
  /** Set when the decider's clock was plainly wrong: the order never depends on it. */
  clock?: 'ahead' | 'behind'
  changes: Change[]
}
export interface Change {
  dataset: string
  record: string
  /** Version the decider knew; 0 for a birth. */
  base: number
  /** Field → value; null empties it. A redacted change reads `{}` and says so. */
  fields: Record<string, unknown>
  /** Present when the act created the record or moved it. */
  division?: string
  withdrawn?: boolean
  redacted?: true
  /** In packages: fields whose value is a mask, because the sharing policy keeps the real one at home. */
  masked?: string[]
  /** In packages: node → its newest act on this record that the decider had seen. What tells a conflict from a sequel. */
  knows?: Record<string, string>
}

/** Follows the diary by cursor after the commit; may run again, so it must be idempotent (act with a derived id). */
export interface Reaction {
  name: string
  /** Act names, `*` as last part allowed: `sensing.alert.*`. */
  on: string[]
  /** By default only where the act was born; `everywhere` also for acts that came in packages. */
  where?: 'birthplace' | 'everywhere'
  run: (act: Act, system: ReactionDesk) => void | Promise<void>
}
export interface ReactionDesk extends Look {
  /** Decides as the system itself, with `cause` set to the act. The id must be derived: see `derivedId`. */
  act(request: Omit<ActRequest, 'cause'>): Receipt
}
