import { verb } from '../../kernel/acts.ts'
import { text } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { countyDay } from '../../kernel/words.ts'
import { batches, certificates, inspections, testing } from './dataset.ts'
import { hold, mustBeOpen, settle, validCertificates } from './state.ts'

/** A failed inspection holds the batch and voids what was certified, in the same act: nobody sells in between. */
export const inspectBatch = verb('agri.batch.inspected', {
  on: batches,
  title: { zh: '登记检测', en: 'Record an inspection' },
  done: { zh: '登记了检测', en: 'recorded an inspection' },
  fields: {
    ...testing,
    number: text({ zh: '样品编号', en: 'Sample' })
      .longest(40)
      .optional()
      .hint('不填则自动编号', 'Numbered by itself when left empty'),
  },
  when: (batch) => batch.fields.state !== 'closed',
  suggest: () => ({ kind: 'rapid', sampled: countyDay(), on: countyDay(), items: '农药残留(酶抑制率法)' }),
  decide(write, batch, input) {
    mustBeOpen(batch)
    if (input.sampled > input.on)
      refuse(
        { zh: '报告日期不能早于抽样日期', en: 'The report cannot be older than the sample.' },
        { field: 'on' },
      )
    if (input.on > write.today)
      refuse(
        {
          zh: '报告日期还没到,有了结果再登记',
          en: 'That day has not come yet; record the result once it is there.',
        },
        { field: 'on' },
      )
    if ((input.kind === 'supervised' || input.kind === 'monitoring') && write.actor.entity)
      refuse(
        {
          zh: '监督抽查和风险监测由农业农村部门登记,经营主体登记自检或委托检测',
          en: 'Supervised sampling and monitoring are recorded by the bureau; operators record their own tests.',
        },
        { field: 'kind' },
      )
    if (input.kind === 'commissioned' && !input.report)
      refuse(
        { zh: '委托检测请填报告编号', en: 'Fill in the report number of the commissioned test.' },
        { field: 'report' },
      )
    const number =
      input.number ?? nextNumber(batch.fields.code!, write.find(inspections, { batch: batch.id }).length)
    write.create(inspections, {
      ...input,
      number,
      batch: batch.id,
      entity: batch.fields.entity,
      division: batch.fields.division,
    })
    if (input.verdict === 'pass') return settle(write, batch)
    const why = `检测不合格:样品 ${number}(${input.items})`
    for (const certificate of validCertificates(write, batch.id))
      write.change(certificates, certificate.id, {
        state: 'void',
        'void-reason': why,
        'voided-on': write.today,
      })
    hold(write, batch, why)
  },
})

const nextNumber = (code: string, before: number) => `${code}-J${before + 1}`
