import { verb } from '../../kernel/acts.ts'
import { code, decimal, division, geometry, long, ref, text } from '../../kernel/fields.ts'
import { areaOf } from '../../kernel/geo.ts'
import { refuse } from '../../kernel/refusal.ts'
import { cropUse } from './crops.ts'
import { plots } from './dataset.ts'
import { plotCode } from './trace-code.ts'

/** A plot gets its number from the box; who registers only names it, draws it and says what grows there. */
export const registerPlot = verb('agri.plot.registered', {
  on: plots,
  starts: true,
  title: { zh: '登记地块', en: 'Register a plot' },
  done: { zh: '登记了地块', en: 'registered the plot' },
  fields: {
    name: text({ zh: '地块名称', en: 'Name' })
      .longest(60)
      .hint('如:芦苇场东 3 号', 'For example: Reed field east 3'),
    crop: code('crop', { zh: '主要品种', en: 'Main crop' }),
    area: decimal({ zh: '面积', en: 'Area' })
      .unit('亩', 'mu')
      .min(0.01)
      .optional()
      .hint('不填则按地图上画的范围计算', 'Left empty, it is measured from the map'),
    shape: geometry({ zh: '四至', en: 'Boundary' }, 'Polygon', 'Point').optional(),
    entity: ref('base.entity', { zh: '经营主体', en: 'Operator' }).optional(),
    division: division({ zh: '所在乡镇', en: 'Township' }),
    note: long({ zh: '备注', en: 'Note' }).optional(),
  },
  suggest: (_, actor) => ({
    entity: actor.entity,
    division: actor.division.length >= 9 ? actor.division : undefined,
  }),
  decide(write, _, input) {
    const entity = input.entity ?? write.actor.entity
    if (!entity)
      refuse(
        { zh: '请选择经营主体:地块要记在谁的名下', en: 'Choose the operator this plot belongs to.' },
        { field: 'entity' },
      )
    const use = (cropUse(input.crop) ?? 'planting') as 'planting' | 'livestock' | 'aquatic'
    const drawn = input.shape ? areaOf(input.shape) / squareMetresPerMu : 0
    const area = input.area ?? Math.round(drawn * 100) / 100
    if (area === 0)
      refuse(
        { zh: '请填写面积,或在地图上画出四至', en: 'Fill in the area, or draw the boundary on the map.' },
        { field: 'area' },
      )
    // Four clicks on the map of the whole county make a plot of 340,000 mu: drawn at the wrong zoom, not farmed.
    if (area > largest)
      refuse(
        {
          zh: `一块地 ${Math.round(area).toLocaleString('en-US')} 亩太大了,请放大地图重新画,或按承包地块分开登记`,
          en: `${Math.round(area).toLocaleString('en-US')} mu is too large for one plot. Zoom in and draw it again, or register it in parts.`,
        },
        { field: input.area === undefined ? 'shape' : 'area' },
      )
    write.create(plots, {
      code: plotCode(input.division, use, write.id, (code) => write.find(plots, { code }, 1).length > 0),
      name: input.name,
      entity: entity!,
      use,
      crop: input.crop,
      area,
      shape: input.shape,
      division: input.division,
      note: input.note,
    })
  },
})

const squareMetresPerMu = 10_000 / 15

/** Mu. The largest fields of the county's farms are a few thousand; lakes let as one water reach ten thousand. */
const largest = 20_000
