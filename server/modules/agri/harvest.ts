import { verb } from '../../kernel/acts.ts'
import { decimal, flag, text } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { countyDay } from '../../kernel/words.ts'
import { batches, harvests, harvestWork } from './dataset.ts'
import { useInTheWay, usesOn, waitWords } from './safety.ts'
import { hold, mustBeOpen, settle } from './state.ts'

/** Nobody harvests inside a safety interval; who did it all the same can still write it down, and the batch is held. */
export const harvestBatch = verb('agri.batch.harvested', {
  on: batches,
  main: true,
  title: { zh: '登记采收', en: 'Record a harvest' },
  done: { zh: '登记了采收', en: 'recorded a harvest' },
  fields: {
    ...harvestWork,
    admitted: flag({
      zh: '确已采收,如实登记',
      en: 'It was harvested all the same; write it down',
    })
      .optional()
      .late()
      .hint('选「是」保存,本批转为隔离', 'Saved with yes, the batch is held'),
  },
  when: (batch) => batch.fields.state !== 'closed',
  suggest: (_, actor) => ({ on: countyDay(), operator: actor.name }),
  decide(write, batch, input) {
    mustBeOpen(batch)
    if (input.on > write.today)
      refuse(
        {
          zh: '采收日期还没到,采收后再登记',
          en: 'That day has not come yet; record the harvest once it is done.',
        },
        { field: 'on' },
      )
    if (input.on < batch.fields.started)
      refuse(
        {
          zh: `本批 ${batch.fields.started} 开始,采收日期不能更早`,
          en: `The batch began on ${batch.fields.started}; it cannot be harvested earlier.`,
        },
        { field: 'on' },
      )
    const tooSoon = useInTheWay(usesOn(write, batch), input.on)
    if (tooSoon && !input.admitted) {
      const wait = waitWords(tooSoon, write.today)
      refuse(
        {
          zh: `${wait.zh}。确已采收的,在「确已采收,如实登记」选「是」再保存,本批转为隔离,不能开具合格证`,
          en: `${wait.en}. If it was harvested all the same, answer yes to “It was harvested all the same; write it down” and save; the batch is then held.`,
        },
        { field: 'on' },
      )
    }
    write.create(harvests, {
      batch: batch.id,
      entity: batch.fields.entity,
      division: batch.fields.division,
      on: input.on,
      quantity: input.quantity,
      operator: input.operator,
      note: input.note,
      early: tooSoon ? true : undefined,
    })
    if (tooSoon) hold(write, batch, waitWords(tooSoon, write.today).zh)
    else settle(write, batch)
  },
})

/** A slip of the pen is mended by a new act, so that both numbers stay readable; certified quantities bound it from below. */
export const correctHarvest = verb('agri.harvest.corrected', {
  on: harvests,
  title: { zh: '更正数量', en: 'Correct the quantity' },
  done: { zh: '更正了采收数量', en: 'corrected the harvested quantity' },
  fields: {
    quantity: decimal({ zh: '正确数量', en: 'Right quantity' }).unit('公斤', 'kg').min(0.01).max(1_000_000),
    reason: text({ zh: '更正原因', en: 'Reason' }).longest(100),
  },
  suggest: (harvest) => ({ quantity: harvest?.fields['quantity'] }),
  decide(write, harvest, input) {
    const batch = write.read(batches, harvest.fields.batch)
    if (batch) mustBeOpen(batch)
    write.change(harvests, harvest.id, {
      quantity: input.quantity,
      note: `${harvest.fields.note ? `${harvest.fields.note};` : ''}更正:${input.reason}`,
    })
  },
})
