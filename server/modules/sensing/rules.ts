import { rule } from '../../kernel/acts.ts'
import { refuse } from '../../kernel/refusal.ts'
import { levelNames, levels, metricOf, sensors, thresholds } from './dataset.ts'
import { decodingFault } from './decoding.ts'

/** A threshold that cannot fire, or fires the wrong way round, is refused while someone can still mend it. */
export const thresholdMakesSense = rule(thresholds, ({ fields }, look) => {
  const limits = levelNames.flatMap((level) =>
    fields[level] === undefined || fields[level] === null ? [] : [{ level, limit: fields[level]! }],
  )
  if (fields.direction === 'silent') {
    if (!fields.silence)
      refuse(
        { zh: '请填写多久没有数据算失联', en: 'Say how long without data counts as silent.' },
        { field: 'silence' },
      )
    if (!fields.level)
      refuse(
        { zh: '请选择失联时的预警级别', en: 'Choose the level of the alert when it is silent.' },
        { field: 'level' },
      )
    return
  }
  if (!fields.metric) refuse({ zh: '请选择监测指标', en: 'Choose the metric.' }, { field: 'metric' })
  const sensor = look.read(sensors, fields.sensor)
  if (sensor && !(sensor.fields.metrics as string[]).includes(fields.metric!))
    refuse(
      {
        zh: `「${sensor.fields.name}」不测${metricOf(fields.metric!).zh},请选它的指标,或先在设备档案里加上`,
        en: `${sensor.fields.name} does not measure ${metricOf(fields.metric!).en}; choose another metric, or add it to the sensor first.`,
      },
      { field: 'metric' },
    )
  if (limits.length === 0)
    refuse(
      { zh: '请至少填写一个级别的界值', en: 'Enter the limit of at least one level.' },
      { field: 'yellow' },
    )
  for (let i = 1; i < limits.length; i++) {
    const [milder, graver] = [limits[i - 1]!, limits[i]!]
    const ordered = fields.direction === 'above' ? graver.limit > milder.limit : graver.limit < milder.limit
    if (!ordered)
      refuse(
        {
          zh: `${levels[graver.level].zh}界值应${fields.direction === 'above' ? '大于' : '小于'}${levels[milder.level].zh}界值 ${milder.limit}`,
          en: `The ${graver.level} limit should be ${fields.direction === 'above' ? 'above' : 'below'} the ${milder.level} limit, ${milder.limit}.`,
        },
        { field: graver.level },
      )
  }
})

/** What cannot be understood would only fill the quarantine. */
export const decodingMakesSense = rule(sensors, ({ fields }) => {
  const fault = decodingFault(fields.decoder, fields.decoding ?? undefined)
  if (fault) refuse(fault, { field: 'decoding' })
})
