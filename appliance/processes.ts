// The rooms of the box: children of the same binary, started again when they fall, gone when the parent is gone.
//
// IPC carries hints ("look again") and questions, never facts: facts are in files, so a lost message costs a second
// and not a record. A child that no longer beats is stuck, and is ended like one that crashed.

import { join } from 'node:path'
import type { PartHealth } from '../server/http/services.ts'
import type { Words } from '../server/kernel/words.ts'
import type { Log } from './logs.ts'

/** What travels between parent and child. */
export type Message =
  | { kind: 'ready' }
  | { kind: 'beat' }
  /** Why it cannot work, in a sentence for people; it ends and is started again later. */
  | { kind: 'cannot'; words: Words }
  | { kind: 'hint'; topic: string; data?: unknown }
  | { kind: 'ask'; id: number; question: unknown }
  | { kind: 'answer'; id: number; answer?: unknown; error?: string }
  /** It ends on purpose, to give memory back, and wants to begin anew. */
  | { kind: 'rest' }

export interface ChildrenOptions {
  roles: string[]
  /** What the children are told at birth: settings, see `handDown`. */
  env: Record<string, string>
  log: Log
  onHint?: (role: string, topic: string, data: unknown) => void
  /** A child is there again, or gone: pages and /healthz show it. */
  onChange?: (role: string, health: PartHealth) => void
  /** Overrides for tests; `command` is what runs in place of this program. */
  command?: string[]
  stuckAfterMs?: number
  firstPauseMs?: number
}

// 50 ms after the first fall, half a minute at most: a child that cannot start must not eat the machine, one that fell
// once must be back before anyone looks.
const longestPause = 30_000
// A child that held this long is healthy: its next fall is a new story.
const healthyAfter = 60_000
const patience = 15_000

export class Children {
  private readonly children = new Map<string, Child>()
  private stopping = false

  constructor(private readonly options: ChildrenOptions) {}

  start() {
    for (const role of this.options.roles) {
      const child = new Child(role, this.options, () => this.stopping)
      this.children.set(role, child)
      child.start()
    }
  }

  /** Tells a child to look again. Lost when the child is down: it looks by itself when it starts. */
  hint(role: string, topic: string, data?: unknown) {
    this.children.get(role)?.send({ kind: 'hint', topic, data })
  }

  /** A question a child answers from its files. Rejects when it is down or silent, so that pages draw without it. */
  ask<T>(role: string, question: unknown, waitMs = patience): Promise<T> {
    const child = this.children.get(role)
    if (!child) return Promise.reject(new Error(`no child ${role}`))
    return child.ask(question, waitMs) as Promise<T>
  }

  health(): Record<string, PartHealth> {
    return Object.fromEntries([...this.children].map(([role, child]) => [role, child.health]))
  }

  pids(): Record<string, number | undefined> {
    return Object.fromEntries([...this.children].map(([role, child]) => [role, child.pid]))
  }

  /** Asks them to finish what they hold, waits, and ends whoever does not. */
  async stop(waitMs = 10_000) {
    this.stopping = true
    await Promise.all([...this.children.values()].map((child) => child.stop(waitMs)))
  }
}

class Child {
  health: PartHealth = { state: 'starting', since: new Date().toISOString() }
  private process?: Bun.Subprocess
  private falls = 0
  private startedAt = 0
  private lastBeat = 0
  private watch?: Timer
  private restart?: Timer
  private asked = 0
  private reason?: Words
  private gone = Promise.withResolvers<void>()
  private readonly waiting = new Map<
    number,
    { resolve: (answer: unknown) => void; reject: (error: Error) => void; timer: Timer }
  >()

  private resting = false

  constructor(
    private readonly role: string,
    private readonly options: ChildrenOptions,
    private readonly stopping: () => boolean,
  ) {}

  get pid() {
    return this.process?.pid
  }

  start() {
    this.startedAt = this.lastBeat = Date.now()
    this.gone = Promise.withResolvers<void>()
    try {
      this.process = Bun.spawn([...(this.options.command ?? thisProgram()), 'role', this.role], {
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
        env: { ...process.env, ...this.options.env, XIANHE_PARENT: String(process.pid) },
        serialization: 'advanced',
        ipc: (message: Message) => this.hear(message),
        onExit: (_process, code, signal) => this.fell(code, signal),
      })
    } catch (error) {
      // Spawning itself throws when memory or process numbers have run out: the same as a fall.
      this.options.log('error', `${this.role} could not be started`, { error })
      this.fell(null, null)
      return
    }
    for (const stream of [this.process.stdout, this.process.stderr]) {
      void copyLines(stream as ReadableStream<Uint8Array>, (line) => this.options.log.line(this.role, line))
    }
    const stuckAfter = this.options.stuckAfterMs ?? 60_000
    this.watch = setInterval(() => {
      if (Date.now() - this.lastBeat < stuckAfter) return
      this.options.log('error', `${this.role} is stuck and is ended`, {
        silentMs: Date.now() - this.lastBeat,
      })
      this.lastBeat = Date.now()
      this.process?.kill('SIGKILL')
    }, stuckAfter / 4)
  }

  send(message: Message) {
    try {
      this.process?.send(message)
    } catch {
      // It has just ended; onExit tells.
    }
  }

  ask(question: unknown, waitMs: number): Promise<unknown> {
    if (this.health.state !== 'up') return Promise.reject(new Error(`${this.role} is ${this.health.state}`))
    const id = ++this.asked
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.settle(id, undefined, `${this.role} did not answer in ${waitMs} ms`),
        waitMs,
      )
      this.waiting.set(id, { resolve, reject, timer })
      this.send({ kind: 'ask', id, question })
    })
  }

  async stop(waitMs: number) {
    clearTimeout(this.restart)
    const running = this.process
    if (!running) return
    running.kill('SIGTERM')
    const late = setTimeout(() => running.kill('SIGKILL'), waitMs)
    await this.gone.promise
    clearTimeout(late)
  }

  private hear(message: Message) {
    this.lastBeat = Date.now()
    if (message.kind === 'ready') this.become('up')
    else if (message.kind === 'cannot') this.reason = message.words
    else if (message.kind === 'hint') this.options.onHint?.(this.role, message.topic, message.data)
    else if (message.kind === 'answer') this.settle(message.id, message.answer, message.error)
    else if (message.kind === 'rest') this.resting = true
  }

  private fell(code: number | null, signal: string | number | null) {
    clearInterval(this.watch)
    this.process = undefined
    this.gone.resolve()
    for (const id of [...this.waiting.keys()]) this.settle(id, undefined, `${this.role} ended`)
    if (this.resting && !this.stopping()) {
      this.resting = false
      this.become('starting')
      this.options.log('info', `${this.role} begins anew to give memory back`)
      this.start()
      return
    }
    const how = this.reason
      ? `${this.reason.zh} ${this.reason.en}`
      : signal
        ? `signal ${signal}`
        : `exit ${code}`
    this.reason = undefined
    this.become('down', how)
    if (this.stopping()) return
    if (Date.now() - this.startedAt > healthyAfter) this.falls = 0
    const pause = Math.min(longestPause, (this.options.firstPauseMs ?? 50) * 2 ** this.falls++)
    this.options.log('error', `${this.role} ended and is started again`, {
      how,
      falls: this.falls,
      pauseMs: pause,
    })
    this.restart = setTimeout(() => this.start(), pause)
  }

  private settle(id: number, answer: unknown, error?: string) {
    const entry = this.waiting.get(id)
    if (!entry) return
    this.waiting.delete(id)
    clearTimeout(entry.timer)
    if (error === undefined) entry.resolve(answer)
    else entry.reject(new Error(error))
  }

  private become(state: PartHealth['state'], detail?: string) {
    this.health = { state, since: new Date().toISOString(), ...(detail ? { detail } : {}) }
    this.options.onChange?.(this.role, this.health)
  }
}

/** How to start this very program again: the binary itself, or Bun with the entry file. */
export const thisProgram = (): string[] =>
  isCompiled() ? [process.execPath] : [process.execPath, join(import.meta.dir, '..', 'xianhe.ts')]

export const isCompiled = () => Bun.main.startsWith('/$bunfs/')

async function copyLines(stream: ReadableStream<Uint8Array>, take: (line: string) => void) {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  }
  if (rest) take(rest)
}
