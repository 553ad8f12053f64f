import { verb } from '../../kernel/acts.ts'
import { ref } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { cases } from './dataset.ts'
import { mustBe } from './process.ts'

/** 并案: the same thing reported again. What was said stays here; the work goes on there. */
export const merged = verb('cases.case.merged', {
  on: cases,
  title: { zh: '并入已有案卷', en: 'Merge into another' },
  done: { zh: '并入了另一案卷', en: 'merged the case into another' },
  fields: {
    into: ref('cases.case', { zh: '并入案卷', en: 'Merge into' }).hint(
      '填案卷号',
      'The number of the other case',
    ),
  },
  when: (record) => record.fields.state === 'reported' || record.fields.state === 'filed',
  decide(write, record, { into }) {
    mustBe(record, 'reported', 'filed')
    const other = write.read(cases, into)
    if (!other)
      refuse(
        { zh: '找不到要并入的案卷,请核对案卷号', en: 'The other case cannot be found; check its number.' },
        { field: 'into' },
      )
    if (other.id === record.id)
      refuse(
        { zh: '不能并入自己,请另选案卷', en: 'A case cannot be merged into itself; choose another.' },
        { field: 'into' },
      )
    if (other.fields.duplicateOf)
      refuse(
        {
          zh: '那一件已经并入别的案卷,请直接并入最终那一件',
          en: 'That case was itself merged; choose the one it went into.',
        },
        { field: 'into' },
      )
    if (other.fields.state === 'declined')
      refuse(
        { zh: '那一件没有受理,不能并入;请受理这一件', en: 'That case was declined; file this one instead.' },
        { field: 'into' },
      )
    write.change(cases, record.id, { state: 'merged', duplicateOf: into, closedAt: write.at })
  },
})
