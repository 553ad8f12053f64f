// The side door: a verb that needs the records of a running box is carried out inside it (one file, one writer). A
// socket in keys/, which only the box's own user may enter, so it asks for no password.

import { closeSync, existsSync, openSync, rmSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { sayIn } from '../server/kernel/words.ts'
import { Call, explain, perform, readTyped, type Typed, type Verb, type Voice } from './call.ts'
import type { DataDirectory } from './data-directory.ts'
import type { OpenBox } from './open.ts'

interface Knock {
  verb: string
  words: string[]
  cwd: string
  lang: 'zh' | 'en'
  secrets: Record<string, string | undefined>
}

type Answer = { out: string } | { err: string } | { exit: number }

/** Opens the door of a running box. */
export function openDoor(box: OpenBox, verbs: Map<string, Verb>, health: () => unknown) {
  rmSync(box.data.door, { force: true })
  return withShortPath(box.data.door, (unix) =>
    Bun.serve({
      unix,
      idleTimeout: 0,
      async fetch(request: Request) {
        if (request.method === 'GET') return Response.json(health())
        const knock = (await request.json()) as Knock
        const answers = new TransformStream<string, string>()
        const writer = answers.writable.getWriter()
        const tell = (answer: Answer) => void writer.write(`${JSON.stringify(answer)}\n`).catch(() => {})
        const voice: Voice = { out: (out) => tell({ out }), err: (err) => tell({ err }) }
        void carryOut(knock, box, verbs, voice).then((exit) => {
          tell({ exit })
          void writer.close().catch(() => {})
        })
        return new Response(answers.readable.pipeThrough(new TextEncoderStream()))
      },
      // Bun takes idleTimeout on a socket too; its types do not know.
    } as unknown as Parameters<typeof Bun.serve>[0]),
  )
}

async function carryOut(knock: Knock, box: OpenBox, verbs: Map<string, Verb>, voice: Voice): Promise<number> {
  const t = sayIn(knock.lang)
  try {
    const verb = verbs.get(knock.verb)!
    const typed = readTyped(verb, knock.words, knock.cwd, {})
    // The running box's settings stand; only the language is the caller's.
    const settings = { ...box.settings, lang: knock.lang }
    return await perform(new Call(verb, { ...typed, settings }, voice, box, knock.secrets), voice)
  } catch (error) {
    try {
      return explain(error, t, voice, false)
    } catch (bug) {
      voice.err(`xianhe: ${(bug as Error).stack}\n`)
      return 1
    }
  }
}

/** Asks the running box to do it. Undefined when no box answers. */
export async function knock(
  data: DataDirectory,
  verb: Verb,
  words: string[],
  typed: Typed,
  secrets: Record<string, string | undefined>,
  voice: Voice,
): Promise<number | undefined> {
  const body: Knock = { verb: verb.name, words, cwd: typed.cwd, lang: typed.settings.lang, secrets }
  const response = await through(data, '/verb', { method: 'POST', body: JSON.stringify(body) })
  if (!response) return undefined
  let exit = 1
  let rest = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const answer = JSON.parse(line) as Answer
      if ('out' in answer) voice.out(answer.out)
      else if ('err' in answer) voice.err(answer.err)
      else exit = answer.exit
    }
  }
  return exit
}

/** What the running box says of its parts; undefined when none runs. */
export async function askHealth(data: DataDirectory): Promise<Record<string, unknown> | undefined> {
  const response = await through(data, '/health', {})
  return response ? ((await response.json()) as Record<string, unknown>) : undefined
}

async function through(data: DataDirectory, path: string, init: RequestInit): Promise<Response | undefined> {
  if (!existsSync(data.door)) return undefined
  try {
    return await withShortPath(data.door, (unix) =>
      fetch(`http://box${path}`, { ...init, unix, timeout: false } as RequestInit),
    )
  } catch {
    // Left behind by a box that was killed.
    return undefined
  }
}

// A socket's path may have 107 bytes; a data directory may lie deeper. Through its open descriptor the path is short.
function withShortPath<T>(path: string, use: (short: string) => T): T {
  if (Buffer.byteLength(path) < 100) return use(path)
  const directory = openSync(dirname(path), 'r')
  const done = () => closeSync(directory)
  const result = use(`/proc/self/fd/${directory}/${basename(path)}`)
  if (result instanceof Promise) void result.finally(done).catch(() => {})
  else done()
  return result
}
