import { join } from 'node:path'
import { type Call, columns } from '../call.ts'
import { flagOf, type Origin, settingNames, table, variableOf } from '../settings.ts'

/** Each setting with its value, where the value came from, and what it is for. */
export function settings(call: Call) {
  const { settings, t } = call
  const rows = settingNames.map((name) => ({
    name,
    value: settings[name],
    origin: settings.origins[name],
    flag: `--${flagOf(name)}`,
    variable: variableOf(name),
    about: table[name].about,
  }))
  call.report({ file: join(settings.data, 'xianhe.toml'), settings: rows, unknown: settings.unknown }, [
    t({
      zh: `设置文件: ${join(settings.data, 'xianhe.toml')}`,
      en: `Settings file: ${join(settings.data, 'xianhe.toml')}`,
    }),
    '',
    ...columns(
      rows.map((row) => [`${row.name} = ${shown(row.value)}`, `[${t(origins[row.origin])}] ${t(row.about)}`]),
    ),
    ...settings.unknown.map((name) =>
      t({
        zh: `设置文件里的 ${name} 这个版本不认识,已略过。`,
        en: `${name} in the settings file is unknown to this version and was passed over.`,
      }),
    ),
  ])
}

const shown = (value: unknown) => (typeof value === 'string' ? JSON.stringify(value) : String(value))

const origins: Record<Origin, { zh: string; en: string }> = {
  flag: { zh: '参数', en: 'flag' },
  environment: { zh: '环境变量', en: 'environment' },
  file: { zh: '设置文件', en: 'file' },
  default: { zh: '默认', en: 'default' },
}
