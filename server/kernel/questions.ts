// What two people decided about the same field without knowing of each other. The value nearer the keeper stands; the
// other waits here for a person, and nothing is lost.

import { type Draft, verb } from './acts.ts'
import { canonical } from './canonical.ts'
import { type DatasetSpec, dataset, labelOf, type Rec } from './dataset.ts'
import { choice, division, long, maskValue, text, time } from './fields.ts'
import { derivedId } from './ids.ts'
import type { Part } from './part.ts'
import { refuse } from './refusal.ts'

export const questions = dataset('kernel.question', {
  title: { zh: '待定问题', en: 'Question' },
  about: {
    zh: '同一字段被两处分别修改,请负责人选定一个',
    en: 'The same field was changed in two places; the person responsible chooses.',
  },
  fields: {
    dataset: text({ zh: '数据集', en: 'Dataset' }).filter(),
    record: text({ zh: '记录', en: 'Record' }).filter(),
    title: text({ zh: '记录名称', en: 'Record name' }),
    /** JSON: field → { base, standing, other }. */
    values: long({ zh: '三方内容', en: 'Base, standing and other values' }).longest(1_000_000),
    standingBy: text({ zh: '现值由谁', en: 'Standing value by' }),
    standingAt: time({ zh: '现值时间', en: 'Standing value at' }),
    otherBy: text({ zh: '另一值由谁', en: 'Other value by' }),
    otherAt: time({ zh: '另一值时间', en: 'Other value at' }),
    reason: text({ zh: '起因', en: 'Cause' }).longest(500).optional(),
    division: division({ zh: '所属区划', en: 'Division' }),
    state: choice(
      { zh: '状态', en: 'State' },
      { open: { zh: '待定', en: 'Open' }, answered: { zh: '已定', en: 'Answered' } },
    ).filter(),
    taken: choice(
      { zh: '选定', en: 'Taken' },
      {
        standing: { zh: '保留现在用的', en: 'Standing value' },
        other: { zh: '改用另一处填的', en: 'Other value' },
      },
    ).optional(),
    answeredBy: text({ zh: '由谁选定', en: 'Answered by' }).optional(),
  },
  keeper: 'county',
  closed: true,
  label: '{title}',
  columns: ['title', 'otherBy', 'standingBy', 'state'],
})

export interface QuestionValue {
  base: unknown
  standing: unknown
  other: unknown
}

/**
 * A question's fields as people read them: what is masked in its record is masked here too. The answer works on the whole
 * values.
 */
export function maskedQuestion(
  fields: Record<string, unknown>,
  specOf: (dataset: string) => DatasetSpec | undefined,
): Record<string, unknown> {
  const spec = specOf(String(fields.dataset))
  if (typeof fields.values !== 'string' || !spec) return fields
  const values = Object.entries(JSON.parse(fields.values) as Record<string, QuestionValue>).map(
    ([name, sides]) => {
      const field = spec.fields[name]
      if (!field?.sensitive) return [name, sides]
      const { base, standing, other } = sides
      return [
        name,
        {
          base: maskValue(field, base),
          standing: maskValue(field, standing),
          other: maskValue(field, other),
        },
      ]
    },
  )
  return { ...fields, values: JSON.stringify(Object.fromEntries(values)) }
}

/** Who put a value there: one side of a question. */
export interface Side {
  act: string
  by: string
  at: string
}

/** The question that two acts leave behind. Both ends of a line derive the same id from them: one question, not two. */
export function questionDraft(
  spec: DatasetSpec,
  record: Rec,
  values: Record<string, QuestionValue>,
  standing: Side,
  other: Side,
  reason?: string,
): Draft {
  const id = derivedId([standing.act, other.act].sort().join('+'), record.id)
  const { division } = record
  const fields = {
    dataset: record.dataset,
    record: record.id,
    title: labelOf(spec, record.fields).slice(0, 200) || record.id,
    values: canonical(values),
    standingBy: standing.by,
    standingAt: standing.at,
    otherBy: other.by,
    otherAt: other.at,
    division,
    state: 'open',
    ...(reason ? { reason: reason.slice(0, 500) } : {}),
  }
  const after: Rec = { id, dataset: questions.name, version: 1, division, fields, born: 0, touched: 0 }
  return { dataset: questions.name, record: id, kind: 'created', fields, division, after }
}

/** The person responsible chooses. Choosing again later undoes it: the other value is still here. */
export const answer = verb('kernel.question.answered', {
  on: questions,
  title: { zh: '选定', en: 'Choose' },
  done: { zh: '选定了其中一个值', en: 'chose one of the values' },
  main: true,
  fields: {
    take: choice(
      { zh: '选定', en: 'Take' },
      {
        standing: { zh: '保留现在用的', en: 'Keep the standing value' },
        other: { zh: '改用另一处填的', en: 'Take the other value' },
      },
    ),
  },
  decide(write, question, input) {
    const record = write.read(question.fields.dataset, question.fields.record)
    if (!record || record.withdrawn)
      refuse({
        zh: '原记录已作废,无需再选',
        en: 'The record was withdrawn; there is nothing left to choose.',
      })
    const values = JSON.parse(question.fields.values) as Record<string, QuestionValue>
    const side = input.take
    write.change(
      record.dataset,
      record.id,
      Object.fromEntries(
        Object.entries(values).map(([field, value]) => [field, value[side] ?? undefined]),
      ) as never,
    )
    write.change(questions, question.id, { state: 'answered', taken: side, answeredBy: write.actor.name })
  },
})

export const kernelPart: Part = {
  name: 'kernel',
  title: { zh: '内核', en: 'Kernel' },
  datasets: [questions],
  verbs: [answer],
}
