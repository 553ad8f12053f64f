// From what was typed to a verb that runs: flags, usage, and how a verb speaks. A person reads lines, a program reads
// one JSON value; a refusal is one line on stderr that says what to do.

import { resolve } from 'node:path'
import { type Lang, type Say, sayIn, type Words } from '../server/kernel/words.ts'
import type { OpenBox } from './open.ts'
import { flagOf, type Settings, settingNames, settle, table } from './settings.ts'

export interface Verb {
  name: string
  about: Words
  /** What follows the name: `add|list|disable NAME`. */
  use?: string
  flags?: Record<string, VerbFlag>
  /** More for `xianhe help VERB`, a line each. */
  more?: Words
  /**
   * `here`: this process does it. `box`: it needs the records, so the running box does it when there is one (one file,
   * one writer), and this process, holding the directory's lock, when there is none.
   */
  where: 'here' | 'box'
  run: (call: Call) => unknown
}

export interface VerbFlag {
  about: Words
  /** What stands after it; a flag without one is on or off. */
  value?: string
}

export interface Typed {
  args: string[]
  /** Flags of the verb; `true` for those without a value. */
  flags: Record<string, string | true>
  settings: Settings
  json: boolean
  /** Where the person stands: relative paths start here. */
  cwd: string
}

/** Where what a verb says goes. */
export interface Voice {
  out(text: string): void
  err(text: string): void
}

export class Call {
  readonly lang: Lang
  readonly t: Say
  constructor(
    readonly verb: Verb,
    private readonly typed: Typed,
    private readonly voice: Voice,
    /** The opened directory, for verbs that need the records. */
    private readonly box?: OpenBox,
    /** What only the person's own environment knows, e.g. a passphrase. */
    readonly secrets: Record<string, string | undefined> = {},
  ) {
    this.lang = typed.settings.lang
    this.t = sayIn(this.lang)
  }

  get settings(): Settings {
    return this.typed.settings
  }
  get args(): string[] {
    return this.typed.args
  }
  get json(): boolean {
    return this.typed.json
  }
  get open(): OpenBox {
    if (!this.box) throw new Error(`${this.verb.name} does not say that it needs the box`)
    return this.box
  }

  flag(name: string): string | undefined {
    const value = this.typed.flags[name]
    return typeof value === 'string' ? value : undefined
  }
  has(name: string): boolean {
    return this.typed.flags[name] !== undefined
  }
  number(name: string, fallback: number): number {
    const said = this.flag(name)
    if (said === undefined) return fallback
    const value = Number(said)
    if (!Number.isFinite(value) || value < 0)
      throw new WrongUse({
        zh: `--${name} 应当是不小于 0 的数,不是“${said}”。`,
        en: `--${name} should be a number from 0, not "${said}".`,
      })
    return value
  }
  /** The n-th word after the verb; wrong use when it is missing. */
  arg(n: number, called: string): string {
    const value = this.typed.args[n]
    if (value === undefined) throw this.wrongUse({ zh: `少了 ${called}。`, en: `${called} is missing.` })
    return value
  }
  /** `user add …`: the word after the verb chooses. */
  choose(ways: Record<string, (call: Call) => unknown>): unknown {
    const [word] = this.args
    const way = word === undefined ? undefined : ways[word]
    if (!way) {
      const near = word === undefined ? undefined : nearest(word, Object.keys(ways))
      throw this.wrongUse(
        word === undefined
          ? { zh: '请说明要做什么。', en: 'Say what to do.' }
          : {
              zh: `不认识“${word}”${near ? `,是不是 ${near}?` : '。'}`,
              en: `"${word}" is unknown${near ? `; did you mean ${near}?` : '.'}`,
            },
      )
    }
    return way(this)
  }
  path(typed: string): string {
    return resolve(this.typed.cwd, typed)
  }

  wrongUse(words: Words): WrongUse {
    return new WrongUse({
      zh: `${words.zh}用法: ${usage(this.verb)}`,
      en: `${words.en} Usage: ${usage(this.verb)}`,
    })
  }

  /** For people who watch; a program that asked for JSON hears only the report. */
  say(words: Words | string) {
    if (!this.json) this.voice.out(`${typeof words === 'string' ? words : this.t(words)}\n`)
  }
  /** The outcome: one JSON value, or lines for people. */
  report(value: unknown, lines: string[]) {
    if (this.json) this.voice.out(`${JSON.stringify(value)}\n`)
    else for (const line of lines) this.voice.out(`${line}\n`)
  }
  /** A line about one thing among many that went wrong; the verb goes on. */
  complain(words: Words) {
    this.voice.err(`${this.t(words)}\n`)
  }
}

/** What was typed makes no sense: exit status 2. */
export class WrongUse extends Error {
  constructor(readonly words: Words) {
    super(words.en)
  }
}

/** The verb did what it could and says no with its exit status, having already said why. */
export class Failed extends Error {}

export const usage = (verb: Verb) => `xianhe ${verb.name}${verb.use ? ` ${verb.use}` : ''}`

/** `--flag value`, `--flag=value`, `--flag`; `--` ends the flags. Settings are flags of every verb. */
export function readTyped(
  verb: Verb,
  words: string[],
  cwd: string,
  env: Record<string, string | undefined>,
): Typed {
  const settingFlags = new Set(settingNames.map(flagOf))
  const args: string[] = []
  const flags: Record<string, string | true> = {}
  const settings: Record<string, string> = {}
  for (let n = 0; n < words.length; n++) {
    const word = words[n]!
    if (word === '--') {
      args.push(...words.slice(n + 1))
      break
    }
    if (!word.startsWith('--')) {
      args.push(word)
      continue
    }
    const [name, inline] = split(word.slice(2))
    const own = verb.flags?.[name]
    if (!own && !settingFlags.has(name) && name !== 'json') throw unknownFlag(verb, name)
    if (name === 'json' || (own && !own.value)) {
      flags[name] = true
      continue
    }
    const value = inline ?? words[++n]
    if (value === undefined)
      throw new WrongUse({ zh: `--${name} 后面少了值。`, en: `--${name} needs a value.` })
    if (own) flags[name] = value
    else settings[name] = value
  }
  if (settings['data']) settings['data'] = resolve(cwd, settings['data'])
  return { args, flags, settings: settle(settings, env), json: flags['json'] === true, cwd }
}

const split = (word: string): [string, string | undefined] => {
  const at = word.indexOf('=')
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)]
}

function unknownFlag(verb: Verb, name: string): WrongUse {
  const near = nearest(name, [
    ...Object.keys(verb.flags ?? {}),
    ...Object.keys(table).map((each) => each.replaceAll('.', '-')),
    'json',
  ])
  return new WrongUse({
    zh: `不认识 --${name}${near ? `,是不是 --${near}?` : '。'}用 xianhe help ${verb.name} 查看。`,
    en: `There is no --${name}${near ? `; did you mean --${near}?` : '.'} See xianhe help ${verb.name}.`,
  })
}

/** The closest known word, if it is close. */
export function nearest(word: string, known: string[]): string | undefined {
  const scored = known.map((each) => [distance(word, each), each] as const).sort((a, b) => a[0] - b[0])
  const [best] = scored
  return best && best[0] <= Math.max(1, Math.floor(word.length / 3)) ? best[1] : undefined
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length]!
}

/** Runs a verb and turns how it ended into an exit status: 0 done, 1 refused or failed, 2 wrong usage. */
export async function perform(call: Call, voice: Voice): Promise<0 | 1 | 2> {
  try {
    await call.verb.run(call)
    return 0
  } catch (error) {
    return explain(error, call.t, voice, call.json)
  }
}

export function explain(error: unknown, t: Say, voice: Voice, json: boolean): 1 | 2 {
  if (error instanceof Failed) return 1
  const words = wordsFor(error)
  if (!words) throw error
  if (json) voice.out(`${JSON.stringify({ error: t(words) })}\n`)
  voice.err(`xianhe: ${t(words).replaceAll(/\s*\n\s*/g, ' ')}\n`)
  return error instanceof WrongUse ? 2 : 1
}

function wordsFor(error: unknown): Words | undefined {
  // Refusals, and their kin in other rooms (a package turned away): a sentence in both languages.
  const { words } = error as { words?: Words }
  if (words?.zh && words.en) return words
  const { code, path } = error as { code?: string; path?: string }
  if (code === 'ENOENT' && path)
    return { zh: `找不到 ${path}。请检查文件名。`, en: `There is no ${path}. Check the file name.` }
  if (code === 'EACCES' && path)
    return {
      zh: `没有权限读写 ${path}。请换一个用户或改权限。`,
      en: `${path} may not be read or written. Use another user or change its mode.`,
    }
  if (code === 'ENOSPC' || (error as Error).message?.includes('database or disk is full'))
    return {
      zh: '磁盘已满。请腾出空间再运行;已经写下的没有丢。',
      en: 'The disk is full. Make room and run again; what was written is safe.',
    }
  return undefined
}

/** Two columns, the first as wide as its widest entry. */
export function columns(rows: [string, string][]): string[] {
  const width = Math.max(...rows.map(([left]) => Bun.stringWidth(left)))
  return rows.map(([left, right]) => `  ${left}${' '.repeat(width - Bun.stringWidth(left))}  ${right}`)
}
