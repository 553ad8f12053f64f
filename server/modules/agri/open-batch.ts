import { verb } from '../../kernel/acts.ts'
import { date, decimal, long, ref } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { countyDay } from '../../kernel/words.ts'
import { cropUse } from './crops.ts'
import { batches, batchPlots, plots, products } from './dataset.ts'
import { traceCode } from './trace-code.ts'

/** A batch begins with what grows where; everything later hangs on its trace code. */
export const openBatch = verb('agri.batch.opened', {
  on: batches,
  starts: true,
  title: { zh: '新开批次', en: 'Open a batch' },
  done: { zh: '开了批次', en: 'opened the batch' },
  fields: {
    product: ref('agri.product', { zh: '产品', en: 'Product' }),
    plot: ref('agri.plot', { zh: '地块', en: 'Plot' }),
    started: date({ zh: '播种(投放)日期', en: 'Sown or stocked on' }),
    expected: decimal({ zh: '预计产量', en: 'Expected yield' }).unit('公斤', 'kg').min(0).optional(),
    note: long({ zh: '备注', en: 'Note' }).optional(),
  },
  suggest: () => ({ started: countyDay() }),
  decide(write, _, input) {
    const product = write.read(products, input.product)
    const plot = write.read(plots, input.plot)
    if (!product) refuse({ zh: '请选择产品', en: 'Choose the product.' }, { field: 'product' })
    if (!plot)
      refuse(
        {
          zh: '请选择地块;还没有登记的,先登记地块',
          en: 'Choose the plot; register it first when it is new.',
        },
        { field: 'plot' },
      )
    const use = cropUse(product!.fields.crop)
    if (use && use !== plot!.fields.use)
      refuse(
        {
          zh: `「${product!.fields.name}」要用${useWords[use]!.zh}地块,「${plot!.fields.name}」登记为${useWords[plot!.fields.use]!.zh},请换一个地块或改正地块用途`,
          en: `${product!.fields.name} needs a plot for ${useWords[use]!.en}; ${plot!.fields.name} is registered for ${useWords[plot!.fields.use]!.en}.`,
        },
        { field: 'plot' },
      )
    if (input.started > write.today)
      refuse(
        {
          zh: '播种(投放)日期还没到,种下去再开批次',
          en: 'That day has not come yet; open the batch when it is sown.',
        },
        { field: 'started' },
      )
    write.create(batches, {
      code: traceCode(
        plot!.fields.division,
        input.started,
        write.id,
        (code) => write.find(batches, { code }, 1).length > 0,
      ),
      product: product!.id,
      crop: product!.fields.crop,
      plot: plot!.id,
      entity: plot!.fields.entity,
      division: plot!.fields.division,
      started: input.started,
      expected: input.expected,
      state: 'growing',
      note: input.note,
    })
  },
})

/** A batch may grow on several plots of the same operator. */
export const addPlot = verb('agri.batch.plot-added', {
  on: batches,
  title: { zh: '加地块', en: 'Add a plot' },
  done: { zh: '加了地块', en: 'added a plot' },
  fields: { plot: ref('agri.plot', { zh: '地块', en: 'Plot' }) },
  when: (batch) => batch.fields.state === 'growing',
  decide(write, batch, input) {
    const plot = write.read(plots, input.plot)
    if (!plot) refuse({ zh: '请选择地块', en: 'Choose the plot.' }, { field: 'plot' })
    if (batch.fields.state !== 'growing')
      refuse({
        zh: '已经采收的批次不能再加地块,请另开批次',
        en: 'A batch that was harvested takes no further plots; open another.',
      })
    if (plot!.fields.entity !== batch.fields.entity)
      refuse(
        {
          zh: '这个地块是别的经营主体的,一个批次只能有一个承诺主体',
          en: 'That plot belongs to another operator; a batch has one.',
        },
        { field: 'plot' },
      )
    const known = [
      batch.fields.plot,
      ...write.find(batchPlots, { batch: batch.id }).map((each) => each.fields.plot),
    ]
    if (known.includes(plot!.id))
      refuse({ zh: '这个地块已经在本批里', en: 'That plot is already part of the batch.' }, { field: 'plot' })
    write.create(batchPlots, { batch: batch.id, plot: plot!.id, division: batch.fields.division })
  },
})

const useWords: Record<string, { zh: string; en: string }> = {
  planting: { zh: '种植', en: 'planting' },
  livestock: { zh: '畜禽', en: 'livestock' },
  aquatic: { zh: '水产', en: 'aquaculture' },
}
