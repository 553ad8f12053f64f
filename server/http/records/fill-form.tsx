// The form every way of writing a record shares: new, amend, and the steps that modules declare.

import type { Context } from 'hono'
import type { FormField, FormSection } from '../../../web/ui/index.ts'
import type { Fault } from '../../../web/ui/notice.tsx'
import type { Option } from '../../../web/ui/props.ts'
import type { Receipt } from '../../kernel/acts.ts'
import type { DatasetSpec } from '../../kernel/dataset.ts'
import type { FieldSpec } from '../../kernel/fields.ts'
import type { Say, Words } from '../../kernel/words.ts'
import type { Env } from '../module.ts'
import { divisionOptions, optionsFor } from './options.ts'
import type { Specs } from './read-form.ts'
import { divisionText } from './show.tsx'

export async function sectionsOf(
  c: Context<Env>,
  specs: Specs,
  values: Record<string, unknown>,
  known: {
    masks?: Record<string, unknown>
    /** What the form writes into: what was chosen there last is offered first. */
    of?: DatasetSpec
    /** Ids to pick, by field, where the matter knows better. */
    picks?: Record<string, string[]>
  } = {},
): Promise<FormSection[]> {
  const { desk, t, actor } = c.var
  const { masks = {} } = known
  const shown = Object.entries(specs).filter(([, spec]) => spec.set !== 'act' && spec.sensitive !== 'hide')
  const refs = shown
    .filter(([name, spec]) => spec.kind === 'ref' && values[name])
    .map(([name]) => String(values[name]))
  const labels = refs.length > 0 ? await desk.labels(refs) : new Map<string, string>()
  const used = await usedLately(c, known.of, shown)
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
        ...(options && { options: usedFirst(options, used.get(name), t) }),
        ...(picked && { picked }),
        ...(name in masks && { mask: String(masks[name] ?? ''), value: undefined }),
        ...(spec.kind === 'division' &&
          !options && {
            picks: divisionOptions(desk.registry, actor, t, 9)
              .filter((each) => each.value.length === 9)
              .slice(0, 24),
          }),
        ...(spec.kind === 'ref' &&
          !value && {
            picks: await refPicks(c, spec.to!, known.picks?.[name], used.get(name)),
          }),
      }
    }),
  )
  return [{ fields }]
}

/** The values that this person's own entries had last, newest first: most entries repeat yesterday's. */
async function usedLately(
  c: Context<Env>,
  of: DatasetSpec | undefined,
  shown: [string, FieldSpec][],
): Promise<Map<string, string[]>> {
  const { desk, actor } = c.var
  const used = new Map<string, string[]>()
  const names = shown
    .filter(([name, spec]) => ['ref', 'code'].includes(spec.kind) && of?.fields[name]?.kind === spec.kind)
    .map(([name]) => name)
  if (!of || names.length === 0 || !desk.mayRead(of.name)) return used
  const mine = actor.entity && of.fields['entity'] ? { filter: { entity: actor.entity } } : {}
  const { records } = await desk.list(of.name, { ...mine, limit: 30 })
  for (const name of names) {
    const values = records.map((each) => each.fields[name]).filter((each) => typeof each === 'string')
    used.set(name, [...new Set(values)].slice(0, mostPicks))
  }
  return used
}

/** A handful of records before the search: those used last, then the person's own newest, then the newest. */
async function refPicks(
  c: Context<Env>,
  dataset: string,
  fitting: string[] | undefined,
  used: string[] = [],
) {
  const { desk, actor } = c.var
  if (!desk.registry.datasets.has(dataset) || !desk.mayRead(dataset)) return []
  const ids = (fitting ?? used).slice(0, mostPicks)
  // Where the matter says what fits, what is merely new does not.
  if (ids.length < mostPicks && !fitting?.length) {
    const mine =
      actor.entity && desk.registry.dataset(dataset).spec.fields['entity']
        ? { filter: { entity: actor.entity } }
        : {}
    const { records } = await desk.list(dataset, { ...mine, limit: mostPicks })
    ids.push(...records.map((each) => each.id).filter((id) => !ids.includes(id)))
  }
  const labels = await desk.labels(ids)
  return ids
    .filter((id) => labels.has(id))
    .slice(0, mostPicks)
    .map((value) => ({ value, label: labels.get(value)! }))
}
const mostPicks = 5

/** In a long list what was chosen before stands on top. */
function usedFirst(options: Option[], used: string[] | undefined, t: Say): Option[] {
  const before = (used ?? [])
    .map((value) => options.find((each) => each.value === value))
    .filter((each) => each !== undefined)
  if (options.length <= mostPicks || before.length === 0) return options
  return [
    ...before.map((each) => ({ ...each, group: t({ zh: '用过的', en: 'Used before' }) })),
    ...options
      .filter((each) => !before.includes(each))
      .map((each) => ({ ...each, group: each.group ?? t({ zh: '其他', en: 'Others' }) })),
  ]
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
