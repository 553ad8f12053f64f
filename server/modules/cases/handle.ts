import { verb } from '../../kernel/acts.ts'
import { files, long, text } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { cases } from './dataset.ts'
import { isTheirs, mustBe, mustBeTheirs } from './process.ts'

/** 处理反馈: what was done, with something to show for it. The finish clock stops here, and runs on if the check fails. */
export const handled = verb('cases.case.handled', {
  on: cases,
  title: { zh: '处理完成,报核查', en: 'Done, ask for the check' },
  done: { zh: '报告处理完成', en: 'reported the work as done' },
  main: true,
  fields: {
    result: long({ zh: '处理结果', en: 'Result' }).hint(
      '做了什么、现在怎样',
      'What was done and how it is now',
    ),
    proofAddress: text({ zh: '处理地点', en: 'Where' }).longest(120).optional(),
    proof: files({ zh: '处理后照片', en: 'Proof photos' }).pictures().optional(),
  },
  when: (record, actor) => record.fields.state === 'handling' && isTheirs(record.fields, actor),
  suggest: (record) => ({ proofAddress: record?.fields.address }),
  decide(write, record, input) {
    mustBe(record, 'handling')
    mustBeTheirs(record, write.actor)
    if (!input.proof?.length && !input.proofAddress)
      refuse(
        {
          zh: '核查要有凭据:附处理后照片,或写明处理地点',
          en: 'The check needs proof: add a photo, or say where it was done.',
        },
        { field: 'proof' },
      )
    const { finishBy, respondBy, respondedAt } = record.fields
    write.change(cases, record.id, {
      ...input,
      state: 'handled',
      handledAt: write.at,
      handledBy: write.actor.id,
      // A call-back answered for the work before; this work has not been asked about.
      calledAt: undefined,
      calls: undefined,
      onTime: !finishBy || write.at <= finishBy,
      ...(respondedAt ? {} : { respondedAt: write.at, respondedOnTime: !respondBy || write.at <= respondBy }),
    })
  },
})
