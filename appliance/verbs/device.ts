import type { Call } from '../call.ts'
import { disableDevice, giveToken, listDevices } from '../devices.ts'
import { table } from './table.ts'

/** Field devices and their tokens. */
export const device = (call: Call) => call.choose({ add, list, disable, enable })

function add(call: Call) {
  const made = giveToken(call.open.store, call.arg(1, 'SENSOR'))
  call.report(made, [
    call.t({ zh: `设备 ${made.sensor} 的口令: ${made.token}`, en: `Token of ${made.sensor}: ${made.token}` }),
    call.t({
      zh: `MQTT 用户名 ${made.sensor},口令如上(只显示这一次),发布到 xh/v1/${made.sensor}/readings。`,
      en: `MQTT user name ${made.sensor}, password as above (shown only now), publish to xh/v1/${made.sensor}/readings.`,
    }),
  ])
}

function list(call: Call) {
  const rows = listDevices(call.open.store)
  call.report(
    rows,
    table(
      [call.t({ zh: '传感器', en: 'Sensor' }), call.t({ zh: '发放时间', en: 'Since' }), ''],
      rows.map((row) => [
        row.sensor,
        row.created.slice(0, 16),
        row.disabled ? call.t({ zh: '已停用', en: 'disabled' }) : '',
      ]),
    ),
  )
}

function disable(call: Call) {
  const sensor = call.arg(1, 'SENSOR')
  disableDevice(call.open.store, sensor, true)
  call.report({ sensor, disabled: true }, [
    call.t({ zh: `设备 ${sensor} 已停用,连接将被断开。`, en: `${sensor} is disabled; its connection ends.` }),
  ])
}

function enable(call: Call) {
  const sensor = call.arg(1, 'SENSOR')
  disableDevice(call.open.store, sensor, false)
  call.report({ sensor, disabled: false }, [
    call.t({ zh: `设备 ${sensor} 已恢复。`, en: `${sensor} may connect again.` }),
  ])
}
