// The form every way of writing a record shares: new, amend, and the steps that modules declare.

import type { Context } from 'hono'
import type { FormField, FormSection } from '../../../web/ui/index.ts'
import type { Fault } from '../../../web/ui/notice.tsx'
import type { Receipt } from '../../kernel/acts.ts'
import type { Words } from '../../kernel/words.ts'
import type { Env } from '../module.ts'
import { divisionOptions, optionsFor } from './options.ts'
import type { Specs } from './read-form.ts'
import { divisionText } from './show.tsx'

export async function sectionsOf(
  c: Context<Env>,
  specs: Specs,
  values: Record<string, unknown>,
  masks: Record<string, unknown> = {},
): Promise<FormSection[]> {
  const { desk, t, actor } = c.var
  const shown = Object.entries(specs).filter(([, spec]) => spec.set !== 'act' && spec.sensitive !== 'hide')
  const refs = shown
    .filter(([name, spec]) => spec.kind === 'ref' && values[name])
    .map(([name]) => String(values[name]))
  const labels = refs.length > 0 ? await desk.labels(refs) : new Map<string, string>()
  const fields = await Promise.all(
    shown.map(async ([name, spec]): Promise<FormField> => {
      const value = values[name]
      const options = optionsFor(spec, desk.registry, actor, t)
      const picked =
        spec.kind === 'ref'
          ? labels.get(String(value))
          : value && spec.kind === 'division'
            ? divisionText(desk.registry, t, String(value))
            : value && spec.kind === 'code'
              ? wordsOf(c, spec.list!, String(value))
              : undefined
      return {
        name,
        spec,
        value,
        ...(options && { options }),
        ...(picked && { picked }),
        ...(name in masks && { mask: String(masks[name] ?? ''), value: undefined }),
        ...(spec.kind === 'division' &&
          !options && {
            picks: divisionOptions(desk.registry, actor, t, 9)
              .filter((each) => each.value.length === 9)
              .slice(0, 24),
          }),
        ...(spec.kind === 'ref' && (await recentPicks(c, spec.to!, value))),
      }
    }),
  )
  return [{ fields }]
}

/** A handful of the newest records of the dataset stand before the search: most entries repeat yesterday's. */
async function recentPicks(c: Context<Env>, dataset: string, value: unknown) {
  const { desk } = c.var
  if (value || !desk.registry.datasets.has(dataset) || !desk.mayRead(dataset)) return {}
  const { records } = await desk.list(dataset, { limit: 5 })
  const labels = await desk.labels(records.map((each) => each.id))
  return { picks: records.map((each) => ({ value: each.id, label: labels.get(each.id) ?? each.id })) }
}

const wordsOf = (c: Context<Env>, list: string, code: string) => {
  const words = c.var.desk.registry.codes(list)?.codes[code]
  return words && c.var.t(words)
}

/** What the act's door said, as sentences at their fields. */
export function faultsOf(
  receipt: Pick<Receipt, 'all' | 'message' | 'field'>,
  t: (words: Words) => string,
): Fault[] {
  const all = receipt.all?.length
    ? receipt.all
    : receipt.message
      ? [{ field: receipt.field, words: receipt.message }]
      : []
  return all.map((each) => ({ ...(each.field && { field: each.field }), text: t(each.words) }))
}

/** What a record's own page says after the act. */
export const saidOf = (receipt: Receipt, otherwise: string) =>
  receipt.outcome === 'accepted' ? otherwise : receipt.outcome

/** A form that comes back: 403 when it reached for what is not this person's, 422 when something is to be mended. */
export const statusOf = (receipt: Receipt): 403 | 422 => (receipt.kind === 'access' ? 403 : 422)
