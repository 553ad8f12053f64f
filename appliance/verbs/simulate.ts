import { simulate as play } from '../../seed/simulator/simulate.ts'
import { refuse } from '../../server/kernel/refusal.ts'
import type { Call } from '../call.ts'

/** Plays the sample county's sensors over real MQTT until Ctrl-C, or for as long as asked. */
export async function simulate(call: Call) {
  const host = call.flag('to') ?? '127.0.0.1'
  const port = call.settings['mqtt.port']
  const sensors = call.number('sensors', 60)
  const lasts = call.number('for', 0)
  let stop: () => void = () => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  let refused = 0
  const playing = play({
    host,
    port,
    sensors,
    rate: call.flag('rate') === undefined ? undefined : call.number('rate', 0),
    flood: call.flag('flood') ?? call.has('flood'),
    refused: () => {
      refused++
      stop()
    },
  })
  call.say({
    zh: `${sensors} 台样例设备向 ${host}:${port} 报数,按 Ctrl-C 停止。`,
    en: `${sensors} sample sensors report to ${host}:${port}; Ctrl-C stops them.`,
  })
  if (playing.flood)
    call.say({
      zh: `${playing.flood.sensor} 水位上涨,将超过红色界值 ${playing.flood.limit} 米。`,
      en: `The water at ${playing.flood.sensor} rises above its red limit of ${playing.flood.limit} m.`,
    })
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  const timer = lasts > 0 ? setTimeout(stop, lasts * 1000) : undefined
  await stopped
  clearTimeout(timer)
  if (refused > 0)
    refuse({
      zh: '县盒不接收不带口令的设备。样例县在本机默认允许;请在盒子本机运行,或打开 mqtt.anonymous。',
      en: 'The box takes no devices without a token. Run this on the box itself with mqtt.anonymous set to loopback (the sample county has it).',
    })
  // A box that went away would keep us here for ever: what it did not acknowledge is said.
  await Promise.race([playing.stop(), new Promise((resolve) => setTimeout(resolve, 5_000))])
  const { sent, acknowledged } = playing.counters()
  call.report({ sent, acknowledged, ...(playing.flood && { flood: playing.flood }) }, [
    call.t({
      zh: `发出 ${sent} 条,确认 ${acknowledged} 条。`,
      en: `${sent} sent, ${acknowledged} acknowledged.`,
    }),
  ])
  process.exit(sent === acknowledged ? 0 : 1)
}
