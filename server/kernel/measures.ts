import type { Dataset } from './dataset.ts'
import type { Words } from './words.ts'

/**
 * A number with a stated definition. Declared by the module that knows the matter; computed by the analytics child;
 * shown with its "as of"; opens to the records it counts.
 */
export interface Measure {
  name: string
  title: Words
  /** What exactly is counted, in one sentence: shown beside every chart and in every report. */
  meaning: Words
  unit?: Words
  /** Counts records of this dataset (withdrawn ones left out) … */
  of?: Dataset
  /** … whose fields equal these values (an array means any of) … */
  where?: Record<string, unknown>
  /** … or sums, averages a numeric field of them. */
  sum?: string
  average?: string
  /** SQL condition over the dataset's columns, beyond `where`: `due < now()`. Columns are field names, plus id, division, withdrawn. */
  condition?: string
  /** Or a whole query of the analytics tables: columns `key` (optional), `at` (optional, day), `value`. Tables: dataset names with dots as underscores; `readings`, `latest`. */
  query?: string
  /** One number per value of this field (or `township`, the first nine digits of the division). */
  by?: string
  /** One number per day of this date or time field, over the last `days`. */
  over?: { field: string; days: number }
  /** The list that shows the records behind the number; derived from `of` and `where` when absent. */
  opens?: string
  /** How a chart draws it when asked for one. */
  chart?: 'number' | 'bar' | 'line' | 'stack'
}

export const measure = (name: string, declaration: Omit<Measure, 'name'>): Measure => ({
  name,
  ...declaration,
})

/** A computed value as kept in `derived/numbers.db` and shown on pages. */
export interface NumberRow {
  measure: string
  /** Division scope the value is for: county code or a township's. */
  division: string
  /** Value of `by`, or the day of `over`; empty for a single number. */
  key: string
  value: number
  /** When it was computed, and the diary position it includes. */
  asOf: string
  seq: number
}
