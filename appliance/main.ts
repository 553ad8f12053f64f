// `xianhe VERB …`: finds the verb, reads what was typed, and runs it where it belongs.

import { type Lang, sayIn } from '../server/kernel/words.ts'
import { Call, explain, nearest, perform, readTyped, type Verb, type Voice, WrongUse } from './call.ts'
import { dataDirectory } from './data-directory.ts'
import { knock } from './door.ts'
import type { OpenBox } from './open.ts'
import { playRole } from './roles.ts'
import { verbs } from './verbs.ts'

const voice: Voice = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
}

export async function main(words: string[]) {
  const [name, ...rest] = words
  if (name === 'role') return playRole(rest[0] ?? '')
  // `xianhe help | head`: whoever reads has had enough, and that is no fault.
  process.stdout.on('error', (error: { code?: string }) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  process.exitCode = await start(name, rest)
}

async function start(name: string | undefined, rest: string[]): Promise<number> {
  const secrets = { passphrase: process.env['XIANHE_PASSPHRASE'] }
  try {
    const asked = name === undefined ? 'help' : (otherNames[name] ?? name)
    const forHelp = rest.includes('--help') || rest.includes('-h')
    const verb = verbs.get(forHelp ? 'help' : asked)
    if (!verb) throw unknownVerb(asked)
    const words = forHelp ? [asked, `--lang=${langOf(rest)}`] : rest
    const typed = readTyped(verb, words, process.cwd(), process.env)
    // DuckDB's native parts are unpacked beside the data by whoever needs them first.
    process.env['XIANHE_CACHE'] ??= dataDirectory(typed.settings.data).cache
    if (verb.where === 'box') return await inTheBox(verb, words, typed, secrets)
    const exit = await perform(new Call(verb, typed, voice, undefined, secrets), voice)
    // Help without being asked for it is wrong usage, for scripts that forgot the verb.
    return name === undefined ? 2 : exit
  } catch (error) {
    return explain(error, sayIn(langOf(rest)), voice, rest.includes('--json'))
  }
}

const otherNames: Record<string, string> = {
  '--help': 'help',
  '-h': 'help',
  '--version': 'version',
  '-v': 'version',
}

/** The language before the settings could be read: a refusal about them must speak it too. */
function langOf(words: string[]): Lang {
  const said = words.includes('--lang')
    ? words[words.indexOf('--lang') + 1]
    : words.find((word) => word.startsWith('--lang='))?.slice(7)
  return (said ?? process.env['XIANHE_LANG']) === 'en' ? 'en' : 'zh'
}

/** The running box does it; when none runs, this process does, with the directory to itself. */
async function inTheBox(
  verb: Verb,
  words: string[],
  typed: ReturnType<typeof readTyped>,
  secrets: Record<string, string | undefined>,
) {
  const data = dataDirectory(typed.settings.data)
  const { openBox } = await import('./open.ts')
  const { Refusal } = await import('../server/kernel/refusal.ts')
  for (let round = 0; ; round++) {
    const exit = await knock(data, verb, words, typed, secrets, voice)
    if (exit !== undefined) return exit
    let box: OpenBox
    try {
      box = openBox(typed.settings)
    } catch (error) {
      // A box that is just starting, or another verb at work: both will be done in a moment.
      if (!(error instanceof Refusal && error.field === 'lock') || round >= 50) throw error
      await Bun.sleep(100)
      continue
    }
    try {
      return await perform(new Call(verb, typed, voice, box, secrets), voice)
    } finally {
      box.close()
    }
  }
}

function unknownVerb(name: string): WrongUse {
  const near = nearest(name, [...verbs.keys()])
  return new WrongUse({
    zh: `没有“${name}”这个命令${near ? `,是不是 ${near}?` : '。'}用 xianhe help 查看全部。`,
    en: `There is no verb "${name}"${near ? `; did you mean ${near}?` : '.'} See xianhe help.`,
  })
}
