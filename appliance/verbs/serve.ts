import { join } from 'node:path'
import { qrText } from '../../web/qr.ts'
import { lanAddresses } from '../addresses.ts'
import { type Call, columns, type Verb } from '../call.ts'
import { type Log, openLog } from '../logs.ts'
import { type Running, runBox } from '../running.ts'
import type { Settings } from '../settings.ts'

/** Runs the box in the foreground until somebody stops it. */
export async function serve(call: Call, verbs: Map<string, Verb>) {
  const { settings } = call
  const log = openLog({ level: settings['log.level'], directory: logDirectory(settings) })
  for (const name of settings.unknown) log('warn', `${name} in xianhe.toml is unknown and was passed over`)
  const box = await runBox(settings, log, verbs)
  greet(call, box)
  await stopSignal(log)
  call.say({ zh: '正在停止……', en: 'Stopping …' })
  await box.stop()
  log('info', 'the box is down')
  log.close()
}

/** Where to find the box, and how to come in. */
function greet(call: Call, box: Running) {
  const { settings } = call
  const addresses = settings.host === '0.0.0.0' ? ['127.0.0.1', ...lanAddresses()] : [settings.host]
  const urls = addresses.map((address) => `http://${address}:${box.port}`)
  const secure = box.httpsPort && addresses.map((address) => `https://${address}:${box.httpsPort}`)
  call.report(
    {
      urls,
      https: secure || [],
      mqtt: settings['mqtt.port'],
      data: settings.data,
      firstLogin: box.firstLogin,
      sample: box.sample,
    },
    [],
  )
  const lan = urls[1] ?? urls[0]!
  if (!call.json && process.stdout.isTTY) call.say(qrText(lan))
  call.say({
    zh: `\n县盒已运行。网页 ${urls.join('  ')}    MQTT ${settings['mqtt.port']}    数据 ${settings.data}`,
    en: `\nThe box is up. Pages ${urls.join('  ')}    MQTT ${settings['mqtt.port']}    data ${settings.data}`,
  })
  if (secure)
    call.say({
      zh: `安全连接 ${secure.join('  ')}    手机和电脑先打开 ${lan}/join 设置一次`,
      en: `Secure pages ${secure.join('  ')}    on each phone and PC open ${lan}/join once`,
    })
  if (box.firstLogin)
    call.say({
      zh: `首次登录: ${box.firstLogin.name}  一次性密码: ${box.firstLogin.password}  (只显示这一次,登录后请改密码)`,
      en: `First login: ${box.firstLogin.name}  one-time password: ${box.firstLogin.password}  (shown only now; it is changed at login)`,
    })
  if (box.sample.length > 0) {
    call.say({ zh: '\n样例县的账号:', en: '\nLogins of the sample county:' })
    for (const line of columns(
      box.sample.map((each) => [`${each.name} / ${each.password}`, `${call.t(each.who)} ${each.title}`]),
    ))
      call.say(line)
  }
  call.say({ zh: '按 Ctrl-C 停止。', en: 'Ctrl-C stops it.' })
}

/** At a terminal people want to read addresses, not JSON; under systemd the journal wants the lines. */
function logDirectory(settings: Settings): string | undefined {
  const toFile = settings['log.to'] === 'file' || (settings['log.to'] === 'auto' && process.stderr.isTTY)
  return toFile ? join(settings.data, 'logs') : undefined
}

/** Ctrl-C or SIGTERM; a second one does not wait for anything. */
function stopSignal(log: Log): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    const ask = (signal: string) => {
      if (asked) process.exit(1)
      asked = true
      log('info', 'asked to stop', { signal })
      resolve()
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask)
  })
}
