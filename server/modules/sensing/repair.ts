import { verb } from '../../kernel/acts.ts'
import { long } from '../../kernel/fields.ts'
import { refuse } from '../../kernel/refusal.ts'
import { sensors } from './dataset.ts'

const why = { remark: long({ zh: '情况说明', en: 'What is the matter' }) }

/** Thresholds of a sensor in repair rest: a float on the workbench is not a drought. */
export const takenOut = verb('sensing.sensor.taken-out', {
  on: sensors,
  title: { zh: '停机检修', en: 'Take out for repair' },
  done: { zh: '停机检修', en: 'took it out for repair' },
  fields: why,
  when: (sensor) => sensor.fields.state === 'working',
  decide(write, sensor, { remark }) {
    if (sensor.fields.state !== 'working') refuse({ zh: '这台设备不在用', en: 'This sensor is not in use.' })
    write.change(sensors, sensor.id, { state: 'repair', remark })
  },
})

export const putBack = verb('sensing.sensor.put-back', {
  on: sensors,
  title: { zh: '恢复使用', en: 'Put back' },
  done: { zh: '恢复使用', en: 'put it back to use' },
  main: true,
  fields: { remark: why.remark.optional() },
  when: (sensor) => sensor.fields.state !== 'working',
  decide(write, sensor, { remark }) {
    if (sensor.fields.state === 'working')
      refuse({ zh: '这台设备已经在用', en: 'This sensor is in use already.' })
    write.change(sensors, sensor.id, { state: 'working', remark })
  },
})

export const retired = verb('sensing.sensor.retired', {
  on: sensors,
  title: { zh: '停用', en: 'Retire' },
  done: { zh: '停用了设备', en: 'retired the sensor' },
  fields: why,
  when: (sensor) => sensor.fields.state !== 'retired',
  decide(write, sensor, { remark }) {
    if (sensor.fields.state === 'retired')
      refuse({ zh: '这台设备已经停用', en: 'This sensor is retired already.' })
    write.change(sensors, sensor.id, { state: 'retired', remark })
  },
})
