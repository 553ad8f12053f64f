import { type Call, columns, nearest, usage, type Verb } from '../call.ts'
import { flagOf, settingNames, table, variableOf } from '../settings.ts'

/** All verbs, a line each; or one of them with its flags. */
export function help(call: Call, verbs: Map<string, Verb>) {
  const [asked] = call.args
  if (asked === undefined) return overview(call, verbs)
  const verb = verbs.get(asked)
  if (!verb) {
    const near = nearest(asked, [...verbs.keys()])
    throw call.wrongUse({
      zh: `没有“${asked}”这个命令${near ? `,是不是 ${near}?` : '。'}`,
      en: `There is no verb "${asked}"${near ? `; did you mean ${near}?` : '.'}`,
    })
  }
  explainVerb(call, verb)
}

function overview(call: Call, verbs: Map<string, Verb>) {
  const { t } = call
  call.report([...verbs.values()].map(described), [
    t({
      zh: '县盒:装在一个盒子里的县。用法: xianhe 命令 [参数] [--设置 值]',
      en: 'Xianhe, the county in a box. Usage: xianhe VERB [words] [--setting value]',
    }),
    '',
    ...columns([...verbs.values()].map((verb) => [verb.name, t(verb.about)])),
    '',
    t({
      zh: 'xianhe help 命令 说明一个命令;xianhe settings 列出设置;--json 给程序读;--lang en 用英文。',
      en: 'xianhe help VERB explains one; xianhe settings lists the settings; --json is for programs; --lang zh speaks Chinese.',
    }),
  ])
}

function explainVerb(call: Call, verb: Verb) {
  const { t } = call
  const flags = Object.entries(verb.flags ?? {})
  call.report(described(verb), [
    usage(verb),
    t(verb.about),
    ...(verb.more ? ['', t(verb.more)] : []),
    ...(flags.length > 0
      ? [
          '',
          ...columns(
            flags.map(([name, flag]) => [`--${name}${flag.value ? ` ${flag.value}` : ''}`, t(flag.about)]),
          ),
        ]
      : []),
    '',
    t({ zh: '另外,任何设置都可以写成参数:', en: 'Besides, every setting is a flag:' }),
    ...columns(
      settingNames.map((name) => [`--${flagOf(name)}`, `${t(table[name].about)} (${variableOf(name)})`]),
    ),
  ])
}

const described = (verb: Verb) => ({
  name: verb.name,
  usage: usage(verb),
  about: verb.about,
  flags: verb.flags ?? {},
  ...(verb.more && { more: verb.more }),
})
