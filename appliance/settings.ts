// Every knob of the box in one table: flag > environment > data/xianhe.toml > default. Adding a line here is all it
// takes for `--flag`, `XIANHE_FLAG`, the toml key, `xianhe settings` and the help to know it.

import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { refuse } from '../server/kernel/refusal.ts'
import type { Words } from '../server/kernel/words.ts'

export interface Setting<T> {
  about: Words
  default: T
  /** A text as typed → the value, or undefined when it makes no sense. */
  read: (text: string) => T | undefined
  /** What would make sense, for the refusal. */
  expects: Words
  /** Where it cannot come from the file: the file is found through it. */
  notInFile?: true
}

const text = (fallback: string, about: Words): Setting<string> => ({
  about,
  default: fallback,
  read: (typed) => typed,
  expects: { zh: '一段文字', en: 'a text' },
})

const count = (fallback: number, about: Words, min = 0, max = Number.MAX_SAFE_INTEGER): Setting<number> => ({
  about,
  default: fallback,
  read: (typed) => (/^\d+$/.test(typed) && +typed >= min && +typed <= max ? +typed : undefined),
  expects: { zh: `${min} 到 ${max} 之间的整数`, en: `a whole number from ${min} to ${max}` },
})

const port = (fallback: number, about: Words) => count(fallback, about, 0, 65535)

/** A port, or the word that closes this door. */
const portOrOff = (fallback: number, about: Words): Setting<number | 'off'> => ({
  about,
  default: fallback,
  read: (typed) => (typed === 'off' ? 'off' : port(fallback, about).read(typed)),
  expects: { zh: 'off,或 0 到 65535 之间的整数', en: 'off, or a whole number from 0 to 65535' },
})

const choice = <const C extends string>(options: readonly C[], fallback: C, about: Words): Setting<C> => ({
  about,
  default: fallback,
  read: (typed) => options.find((each) => each === typed),
  expects: { zh: `${options.join('、')} 之一`, en: `one of ${options.join(', ')}` },
})

export const table = {
  data: { ...text('data', { zh: '数据目录', en: 'The data directory' }), notInFile: true },
  lang: choice(['zh', 'en'], 'zh', {
    zh: '命令行与新账号的语言',
    en: 'Language of the command line and of new accounts',
  }),
  host: text('0.0.0.0', {
    zh: '网页监听的地址;只在本机使用时写 127.0.0.1',
    en: 'The address pages are served on; 127.0.0.1 keeps them on this machine',
  }),
  port: port(8080, { zh: '网页端口', en: 'The port of the pages' }),
  'https.port': portOrOff(8443, {
    zh: '安全网页(https)的端口;off 为不开。网页端口另设而它没有设时,取网页端口加 363',
    en: 'The port of secure pages (https); off closes it. When only the port of the pages is set, that port plus 363',
  }),
  'https.names': text('', {
    zh: '证书里另加的域名或地址,逗号隔开(如 hehe.yuanjiang.gov.cn);本机地址与主机名自动在内',
    en: 'More names or addresses for the certificate, with commas between; those of this machine are in it anyway',
  }),
  mdns: {
    ...text('xianhe', {
      zh: '局域网里的名字:xianhe 即 xianhe.local;off 为不用',
      en: 'The name on the local network: xianhe means xianhe.local; off says nothing',
    }),
    read: (typed: string) => (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(typed) ? typed : undefined),
    expects: { zh: '小写字母、数字和连字符', en: 'lower-case letters, digits and hyphens' },
  },
  division: {
    ...text('430981', {
      zh: '本盒所在的行政区划代码(2、4、6、9 或 12 位);首次运行时写入,以后不变',
      en: 'Administrative code of this box (2, 4, 6, 9 or 12 digits); taken at the first run and kept',
    }),
    read: (typed: string) => (/^\d{2}(\d{2}(\d{2}(\d{3}(\d{3})?)?)?)?$/.test(typed) ? typed : undefined),
    expects: { zh: '2、4、6、9 或 12 位数字', en: '2, 4, 6, 9 or 12 digits' },
  },
  name: text('', {
    zh: '本盒的名称,显示在页首;空则用行政区划名',
    en: 'What this box is called; its division when empty',
  }),
  'mqtt.host': text('0.0.0.0', { zh: 'MQTT 监听的地址', en: 'The address the MQTT broker listens on' }),
  'mqtt.port': port(1883, { zh: 'MQTT 端口', en: 'The port of the MQTT broker' }),
  'mqtt.tls-port': portOrOff(8883, {
    zh: '加密 MQTT 的端口,证书与安全网页相同;off 为不开。MQTT 端口另设而它没有设时,取 MQTT 端口加 7000',
    en: 'The port of MQTT over TLS, with the certificate of the pages; off closes it. When only the MQTT port is set, that port plus 7000',
  }),
  'mqtt.anonymous': choice(['off', 'loopback', 'on'], 'off', {
    zh: '不带口令的设备:off 拒绝,loopback 只许本机,on 都许',
    en: 'Devices without a token: off refuses them, loopback allows this machine only, on allows all',
  }),
  'mqtt.payload': count(
    256,
    { zh: '一条消息最大多少 KiB', en: 'The largest message a device may send, in KiB' },
    1,
    65536,
  ),
  broker: text('', {
    zh: '外部 MQTT 服务器(mqtt://用户:口令@地址:端口);空则只用内置的',
    en: 'An outside broker to read from as well (mqtt://user:password@host:port); none when empty',
  }),
  'telemetry.hot': count(
    8,
    {
      zh: '封存后的读数在热库里再留多少天(至少 8)',
      en: 'Days sealed readings stay in the hot store as well (at least 8)',
    },
    8,
    3650,
  ),
  'analytics.memory': count(
    256,
    { zh: '计算进程最多用多少 MiB 内存', en: 'Memory of the analytics child, in MiB' },
    64,
    65536,
  ),
  'analytics.threads': count(1, { zh: '计算进程用几个线程', en: 'Threads of the analytics child' }, 1, 64),
  'sync.every': count(
    15,
    {
      zh: '隔多少分钟与上级交换一次;0 为不自动',
      en: 'Minutes between exchanges with peers; 0 turns the clockwork off',
    },
    0,
    10080,
  ),
  'disk.reserve': count(
    512,
    {
      zh: '磁盘剩余少于多少 MiB 时拒绝新的录入并告警',
      en: 'Free disk in MiB below which new entries are calmly refused and an alarm is shown',
    },
    0,
  ),
  'log.level': choice(['debug', 'info', 'warn', 'error'], 'info', {
    zh: '日志的详细程度',
    en: 'How much is logged',
  }),
  'log.to': choice(['auto', 'stderr', 'file'], 'auto', {
    zh: '日志写到哪里:file 为 data/logs,auto 在终端前写文件、否则写 stderr',
    en: 'Where logs go: file is data/logs; auto means file at a terminal and stderr elsewhere',
  }),
  'backup.to': text('', {
    zh: '每天自动备份到的目录(如 U 盘);空则不自动',
    en: 'Directory of the daily backup (a stick, say); none when empty',
  }),
  'backup.passphrase': text('', {
    zh: '备份口令所在的文件;也可用环境变量 XIANHE_PASSPHRASE',
    en: 'File that holds the backup passphrase; XIANHE_PASSPHRASE works too',
  }),
  'backup.keep': count(7, { zh: '自动备份保留几份', en: 'How many daily backups are kept' }, 1, 365),
} as const

type Table = typeof table
export type SettingName = keyof Table
type ValueOf<S> = S extends { read: (text: string) => infer T } ? Exclude<T, undefined> : never

export type Settings = { [K in SettingName]: ValueOf<Table[K]> } & {
  /** Where each value came from. */
  readonly origins: Record<SettingName, Origin>
  /** Keys of xianhe.toml that this version does not know. */
  readonly unknown: string[]
}
export type Origin = 'flag' | 'environment' | 'file' | 'default'

export const flagOf = (name: SettingName) => name.replaceAll('.', '-')
export const variableOf = (name: SettingName) => `XIANHE_${name.replaceAll(/[.-]/g, '_').toUpperCase()}`
export const settingNames = Object.keys(table) as SettingName[]

/** Settles every setting. Refuses a value that makes no sense, saying where it stands and what would do. */
export function settle(
  flags: Record<string, string>,
  env: Record<string, string | undefined> = process.env,
): Settings {
  const directory = resolve(flags['data'] ?? nonEmpty(env[variableOf('data')]) ?? table.data.default)
  const file = readFile(`${directory}/xianhe.toml`)
  const values: Record<string, unknown> = {}
  const origins = {} as Record<SettingName, Origin>
  for (const name of settingNames) {
    const setting = table[name] as Setting<unknown>
    const typed: [Origin, string | undefined][] = [
      ['flag', flags[flagOf(name)]],
      ['environment', nonEmpty(env[variableOf(name)])],
      ['file', setting.notInFile ? undefined : file.get(name)],
    ]
    const [origin, said] = typed.find(([, each]) => each !== undefined) ?? ['default' as const, undefined]
    const value = said === undefined ? setting.default : setting.read(said)
    if (value === undefined) refuseValue(name, origin, said!, setting.expects)
    values[name] = value
    origins[name] = origin
  }
  values['data'] = directory
  const unknown = [...file.keys()].filter(
    (key) => !(key in table) || (table as Record<string, Setting<unknown>>)[key]!.notInFile,
  )
  return { ...values, origins, unknown } as Settings
}

/**
 * Two boxes on one machine are told apart by --port and --mqtt-port alone: their secure doors move along, so that the
 * second box does not stumble over the first one's.
 */
export function secureDoors(settings: Settings): Settings {
  const beside = (
    name: 'https.port' | 'mqtt.tls-port',
    plain: 'port' | 'mqtt.port',
    step: number,
  ): number | 'off' => {
    if (settings.origins[name] !== 'default' || settings[plain] === table[plain].default)
      return settings[name]
    if (settings[plain] === 0) return 0
    return settings[plain] + step <= 65535 ? settings[plain] + step : 'off'
  }
  return {
    ...settings,
    'https.port': beside('https.port', 'port', 363),
    'mqtt.tls-port': beside('mqtt.tls-port', 'mqtt.port', 7000),
  }
}

/** The same settings for a child process, so that parent and child can never disagree. */
export const handDown = (settings: Settings): string =>
  JSON.stringify(Object.fromEntries(settingNames.map((name) => [flagOf(name), String(settings[name])])))

/** What `handDown` said, on the child's side: everything counts as a flag, so neither file nor environment can differ. */
export const takeOver = (handed: string): Settings => settle(JSON.parse(handed), {})

const nonEmpty = (typed: string | undefined) => (typed === '' ? undefined : typed)

function refuseValue(name: SettingName, origin: Origin, said: string, expects: Words): never {
  const where =
    origin === 'flag'
      ? `--${flagOf(name)}`
      : origin === 'environment'
        ? variableOf(name)
        : `xianhe.toml ${name}`
  refuse({
    zh: `${where} 是“${said}”,这里应当是${expects.zh}。请改正后再运行。`,
    en: `${where} is "${said}" but should be ${expects.en}. Correct it and run again.`,
  })
}

/** `[mqtt] port = 1` and `mqtt.port = 1` are the same key. */
function readFile(path: string): Map<string, string> {
  const found = new Map<string, string>()
  if (!existsSync(path)) return found
  let tree: Record<string, unknown>
  try {
    tree = parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const line = error.line
    return refuse({
      zh: `${path} 第 ${line} 行读不懂。请改正这一行,或删去它再运行。`,
      en: `${path} cannot be read at line ${line}. Correct that line or remove it, then run again.`,
    })
  }
  const walk = (branch: Record<string, unknown>, path: string) => {
    for (const [key, value] of Object.entries(branch)) {
      if (value && typeof value === 'object' && !(value instanceof Date))
        walk(value as Record<string, unknown>, `${path}${key}.`)
      else found.set(path + key, String(value))
    }
  }
  walk(tree, '')
  return found
}
