import { verb } from '../../kernel/acts.ts'
import { choice, long } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { workUndone } from './clocks.ts'
import { cases } from './dataset.ts'
import { mustBe } from './process.ts'

/** 核查: someone other than the handler looks whether it is done. */
export const checked = verb('cases.case.checked', {
  on: cases,
  title: { zh: '核查', en: 'Check' },
  done: { zh: '核查了处理结果', en: 'checked the result' },
  main: true,
  fields: {
    outcome: choice(
      { zh: '核查结论', en: 'Outcome' },
      { pass: { zh: '通过', en: 'Done' }, fail: { zh: '不通过,返工', en: 'Not done, back to work' } },
    ),
    checkNote: long({ zh: '核查意见', en: 'Note' }).optional(),
  },
  when: (record, actor) => record.fields.state === 'handled' && record.fields.handledBy !== actor.id,
  decide(write, record, { outcome, checkNote }) {
    mustBe(record, 'handled')
    // Nobody closes by their own word: 办结率 is not 解决率.
    if (record.fields.handledBy === write.actor.id)
      refuse(
        {
          zh: '处理和核查不能是同一个人,请由其他人员核查',
          en: 'Whoever did the work cannot check it; ask a colleague.',
        },
        { kind: 'access' },
      )
    if (outcome === 'pass') {
      write.change(cases, record.id, { state: 'checked', checkedAt: write.at, checkNote })
      return
    }
    if (!checkNote)
      refuse({ zh: '不通过要写明哪里没做好', en: 'Say what is still to be done.' }, { field: 'checkNote' })
    // The deadline stands: work that was not done does not earn more time.
    write.change(cases, record.id, {
      ...workUndone,
      state: 'handling',
      checkNote,
      failures: (record.fields.failures ?? 0) + 1,
    })
  },
})
