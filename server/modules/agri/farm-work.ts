import { verb } from '../../kernel/acts.ts'
import { flag } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { countyDay } from '../../kernel/words.ts'
import { batches, farmRecords, farmWork, pesticides } from './dataset.ts'
import { forbidden, plotsOf, usedTooOften } from './safety.ts'
import { hold, mustBeOpen } from './state.ts'

/**
 * What was done in the field. A forbidden input is refused with the reason; when it happened all the same it must still
 * be possible to write the truth, and then the batch is held.
 */
export const recordFarmWork = verb('agri.batch.farm-work-recorded', {
  on: batches,
  title: { zh: '记农事', en: 'Record farm work' },
  done: { zh: '记了农事', en: 'recorded farm work' },
  fields: {
    ...farmWork,
    admitted: flag({ zh: '确已使用,如实登记', en: 'It was used all the same; write it down' })
      .optional()
      .late()
      .hint('选「是」保存,本批转为隔离', 'Saved with yes, the batch is held'),
  },
  when: (batch) => batch.fields.state !== 'closed',
  suggest: (_, actor) => ({ kind: 'pesticide', on: countyDay(), operator: actor.name }),
  decide(write, batch, work) {
    mustBeOpen(batch)
    if (work.on > write.today)
      refuse(
        { zh: '日期还没到,做过了再记', en: 'That day has not come yet; record the work once it is done.' },
        { field: 'on' },
      )
    if (work.on < batch.fields.started && work.kind !== 'sowing')
      refuse(
        {
          zh: `本批 ${batch.fields.started} 开始,农事日期不能更早`,
          en: `The batch began on ${batch.fields.started}; work cannot be earlier.`,
        },
        { field: 'on' },
      )
    const troubles: { zh: string; en: string }[] = []
    if (work.kind === 'pesticide') {
      const drug = write.read(pesticides, work.pesticide)
      if (!drug)
        refuse(
          {
            zh: '用药请从「农药和渔药」里选;没有的,请农业农村局经办先登记',
            en: 'Pick the pesticide or drug from the list; when it is missing, ask the agriculture bureau to register it.',
          },
          { field: 'pesticide' },
        )
      const why = forbidden(write, drug!, batch.fields.crop, work.on) ?? usedTooOften(write, batch, drug!)
      if (why && !work.admitted)
        refuse(
          {
            zh: `${why.zh}。确已使用的,在「确已使用,如实登记」选「是」再保存,本批转为隔离`,
            en: `${why.en}. If it was used all the same, answer yes to “It was used all the same; write it down” and save; the batch is then held.`,
          },
          { field: 'pesticide' },
        )
      if (why) troubles.push(why)
    }
    const { admitted: _, ...done } = work
    // Every plot of the batch got it: to treat one plot otherwise is to run it as a batch of its own.
    for (const plot of plotsOf(write, batch))
      write.create(farmRecords, {
        ...done,
        batch: batch.id,
        plot,
        entity: batch.fields.entity,
        division: batch.fields.division,
      })
    for (const trouble of troubles) hold(write, batch, trouble.zh)
  },
})
