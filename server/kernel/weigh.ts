// An act that was decided elsewhere, weighed against what is known here: form, authority, and field by field what both
// sides changed without knowing of each other. Answers with what it does to the records, and what is left to ask a person.

import type { Actor } from './access.ts'
import type { Act, Change, Draft, Look } from './acts.ts'
import type { DatasetSpec, Rec } from './dataset.ts'
import { applyFields, checkRules, same } from './decide.ts'
import { parseField } from './fields.ts'
import { concurrent, concurrentFields, nearerKeeper, type Past } from './merge.ts'
import { type QuestionValue, questionDraft, type Side } from './questions.ts'
import { Refusal } from './refusal.ts'
import type { Registry } from './registry.ts'
import { countyDay } from './words.ts'

/** What weighing needs to know of this box. */
export interface Scale {
  registry: Registry
  look: Look
  /** For rules that run again after a merge. */
  system: Actor
  record(id: string): Rec | undefined
  /** Whether anybody but this node changed the record. Most records know one hand, and their past need not be read. */
  othersTouched(record: string, origin: string): boolean
  /** What was done to a record here, oldest first. */
  past(record: string): Past[]
  /** Where a node speaks from. */
  divisionOf(node: string): string
}

export interface Weighed {
  drafts: Draft[]
  asked: Draft[]
}

/** `authority`: the division prefix its sender may speak for. Throws `Refusal` when the act may not or cannot be taken. */
export function weigh(act: Act, authority: string, scale: Scale): Weighed {
  const weighed: Weighed = { drafts: [], asked: [] }
  for (const change of act.changes) {
    const dataset = scale.registry.datasets.get(change.dataset)
    if (!dataset)
      throw new Refusal({
        zh: `不认识数据集「${change.dataset}」,请先收取它的结构说明`,
        en: `Dataset "${change.dataset}" is unknown; receive its schema first.`,
      })
    if (dataset.spec.local)
      throw new Refusal(
        {
          zh: `「${dataset.spec.title.zh}」是本机数据,不接受外来修改`,
          en: `${dataset.spec.title.en} is local and takes no changes from outside.`,
        },
        { kind: 'access' },
      )
    weighChange(act, change, dataset.spec, authority, scale, weighed)
  }
  return weighed
}

function weighChange(
  act: Act,
  change: Change,
  spec: DatasetSpec,
  authority: string,
  scale: Scale,
  weighed: Weighed,
) {
  const { drafts } = weighed
  const before = scale.record(change.record)
  const division = change.division ?? before?.division
  if (!division || (before && before.dataset !== change.dataset))
    throw new Refusal(
      {
        zh: `改动所依据的记录 ${change.record} 没有收到过`,
        en: `The change refers to record ${change.record}, which never arrived.`,
      },
      { kind: 'missing' },
    )
  if (!division.startsWith(authority) || (before && !before.division.startsWith(authority)))
    throw new Refusal(
      { zh: `发送方无权修改 ${division} 的记录`, en: `The sender may not speak for ${division}.` },
      { kind: 'access' },
    )
  const given = parsedStrictly(scale.registry, spec, change.fields, change.masked)
  if (!before) {
    const after: Rec = {
      id: change.record,
      dataset: spec.name,
      version: 1,
      division,
      fields: applyFields({}, given),
      born: 0,
      touched: 0,
      ...(change.withdrawn ? { withdrawn: true as const } : {}),
    }
    drafts.push({
      dataset: spec.name,
      record: change.record,
      kind: 'created',
      fields: given,
      division,
      after,
    })
    if (change.withdrawn) drafts.at(-1)!.kind = 'withdrawn'
    return
  }
  if (change.withdrawn) {
    drafts.push({
      dataset: spec.name,
      record: before.id,
      kind: 'withdrawn',
      fields: given,
      before,
      after: { ...before, withdrawn: true },
    })
    return
  }
  mergeInto(act, change, spec, before, given, scale, weighed)
}

/** Field by field: what nobody else changed is taken; what both changed goes to the side nearer the keeper, and the other value is asked about. */
function mergeInto(
  act: Act,
  change: Change,
  spec: DatasetSpec,
  before: Rec,
  given: Record<string, unknown>,
  scale: Scale,
  { drafts, asked }: Weighed,
) {
  const since = scale.othersTouched(before.id, act.origin)
    ? concurrent(scale.past(before.id), act.origin, change.knows ?? {})
    : []
  const clashes = since.length === 0 ? [] : concurrentFields(spec, given, since, before.fields)
  const taken = { ...given }
  const values: Record<string, QuestionValue> = {}
  let standing: Past | undefined
  let incomingWins = false
  for (const field of clashes) {
    const setter = since.findLast((each) => Object.hasOwn(each.fields, field)) ?? since.at(-1)!
    standing ??= setter
    incomingWins = nearerKeeper(
      spec.keeper,
      scale.divisionOf(act.origin),
      scale.divisionOf(setter.origin),
      act.id,
      setter.act,
    )
    const theirs = { base: null, standing: before.fields[field] ?? null, other: given[field] ?? null }
    values[field] = incomingWins ? { base: null, standing: theirs.other, other: theirs.standing } : theirs
    if (!incomingWins) delete taken[field]
  }
  const fields = Object.fromEntries(
    Object.entries(taken).filter(([name, value]) => !same(value, before.fields[name] ?? null)),
  )
  const after: Rec = {
    ...before,
    fields: applyFields(before.fields, fields),
    division: change.division ?? before.division,
  }
  const draft: Draft = {
    dataset: spec.name,
    record: before.id,
    kind: 'amended',
    fields,
    division: change.division,
    before,
    after,
  }
  // An act that changes nothing any more is still part of the diary: it arrived and was weighed.
  drafts.push(draft)
  const incoming = { act: act.id, by: act.by ?? act.actor, at: act.at }
  if (standing) {
    const local = { act: standing.act, by: standing.by, at: standing.at }
    const draftQuestion = incomingWins
      ? questionDraft(spec, before, values, incoming, local)
      : questionDraft(spec, before, values, local, incoming)
    if (!scale.record(draftQuestion.record)) asked.push(draftQuestion)
  } else if (since.length > 0) {
    recheck(spec, draft, act, incoming, since.at(-1)!, scale, asked)
  }
}

/** Each side kept the rules alone; together they may not. The merge stands, and a person is asked. */
function recheck(
  spec: DatasetSpec,
  draft: Draft,
  act: Act,
  incoming: Side,
  other: Past,
  scale: Scale,
  asked: Draft[],
) {
  try {
    checkRules(scale.registry, draft, {
      look: scale.look,
      actor: scale.system,
      act: act.name,
      today: countyDay(act.at),
    })
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal
    const values = Object.fromEntries(
      Object.keys(draft.fields).map((field) => [
        field,
        {
          base: draft.before!.fields[field] ?? null,
          standing: draft.fields[field],
          other: draft.before!.fields[field] ?? null,
        },
      ]),
    )
    asked.push(
      questionDraft(
        spec,
        draft.before!,
        values,
        incoming,
        { act: other.act, by: other.by, at: other.at },
        refusal.words.zh,
      ),
    )
  }
}

function parsedStrictly(
  registry: Registry,
  spec: DatasetSpec,
  fields: Record<string, unknown>,
  masked: string[] = [],
): Record<string, unknown> {
  const parsed: Record<string, unknown> = {}
  for (const [name, raw] of Object.entries(fields)) {
    const field = spec.fields[name]
    // A newer peer may know more fields than we do: they are kept, unread, until we learn them. A mask is no value to check.
    if (!field || raw === null || (field.sensitive && masked.includes(name))) {
      parsed[name] = raw
      continue
    }
    const value = parseField(field, raw, registry)
    // Codes and divisions of the sender may be newer than our lists; numbers, dates and check digits may not be wrong.
    if ('fault' in value && field.kind !== 'code' && field.kind !== 'division' && field.kind !== 'choice')
      throw new Refusal(value.fault, { field: name })
    parsed[name] = 'value' in value ? value.value : raw
  }
  return parsed
}
