import { simulate as play } from '../../seed/simulator/simulate.ts'
import { refuse } from '../../server/kernel/refusal.ts'
import type { Words } from '../../server/kernel/words.ts'
import type { Call } from '../call.ts'

/** Sensors of the sample county over real MQTT, until Ctrl-C or for so many seconds. */
export async function simulate(call: Call) {
  const { settings } = call
  const host = call.flag('host-of-broker') ?? '127.0.0.1'
  const port = settings['mqtt.port']
  const refused = Promise.withResolvers<Words>()
  const simulation = play({
    host,
    port,
    sensors: call.has('sensors') ? call.number('sensors', 60) : undefined,
    rate: call.has('rate') ? call.number('rate', 6) : undefined,
    flood: call.flag('flood-at') ?? call.has('flood'),
    refused: () =>
      refused.resolve({
        zh: `${host}:${port} 的县盒不接受不带口令的设备。请在 xianhe.toml 里把 mqtt.anonymous 设为 "loopback"(样例县已如此),并在本机运行。`,
        en: `The box at ${host}:${port} takes no device without a token. Set mqtt.anonymous to "loopback" in xianhe.toml (the sample county has it) and run this on the same machine.`,
      }),
  })
  call.say({
    zh: `传感器开始上报到 mqtt://${host}:${port},Ctrl-C 停止。`,
    en: `Sensors speak to mqtt://${host}:${port}; Ctrl-C stops them.`,
  })
  if (simulation.flood)
    call.say({
      zh: `${simulation.flood.sensor} 的水位正在上涨,将超过 ${simulation.flood.limit} 米。`,
      en: `The water at ${simulation.flood.sensor} is rising and will pass ${simulation.flood.limit} m.`,
    })
  const progress = progressLine(call, () => simulation.counters())
  const no = await Promise.race([refused.promise, ended(call.number('seconds', 0))])
  clearInterval(progress)
  if (no) refuse(no)
  await simulation.stop()
  const { sent, acknowledged } = simulation.counters()
  call.report({ sent, acknowledged }, [
    call.t({
      zh: `\n发出 ${sent} 条,确认入库 ${acknowledged} 条。`,
      en: `\n${sent} messages sent, ${acknowledged} acknowledged.`,
    }),
  ])
}

const ended = (seconds: number) =>
  new Promise<undefined>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(undefined))
    if (seconds > 0) setTimeout(() => resolve(undefined), seconds * 1000)
  })

function progressLine(call: Call, counters: () => { sent: number; acknowledged: number }): Timer | undefined {
  if (call.json || !process.stderr.isTTY) return undefined
  return setInterval(() => {
    const { sent, acknowledged } = counters()
    process.stderr.write(
      `\r\x1b[K${call.t({ zh: `发出 ${sent},确认 ${acknowledged}`, en: `sent ${sent}, acknowledged ${acknowledged}` })}`,
    )
  }, 500)
}
