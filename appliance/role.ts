// The child's side of a room: bound to its parent's life, deaf to Ctrl-C (the parent decides), beating while it works.

import { writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import type { Words } from '../server/kernel/words.ts'
import { dieWithParent } from './libc.ts'
import type { Message } from './processes.ts'

/** What a room hears from and says to the parent. */
export interface Wire {
  ready(): void
  /** Says why it cannot work, and ends. */
  cannot(words: Words): never
  hint(topic: string, data?: unknown): void
  onHint(listen: (topic: string, data: unknown) => void): void
  /** Answers the parent's questions; what it throws becomes the parent's rejection. */
  onAsk(answer: (question: unknown) => unknown): void
  /** Ends on purpose and begins anew: what a process once took of memory it does not give back otherwise. */
  rest(): Promise<void>
  /** Finish what is held; the process ends when it is done. */
  onStop(finish: () => unknown): void
}

export function takeRoom(): Wire {
  dieWithParent(Number(process.env['XIANHE_PARENT']))
  process.on('disconnect', () => process.exit(0))
  process.on('SIGINT', () => {})
  let finish: () => unknown = () => {}
  process.on('SIGTERM', async () => {
    await finish()
    process.exit(0)
  })
  const tell = (message: Message) => process.send?.(message)
  setInterval(() => tell({ kind: 'beat' }), 2000)
  let heed: (topic: string, data: unknown) => void = () => {}
  let answer: (question: unknown) => unknown = () => {
    throw new Error('this room answers no questions')
  }
  process.on('message', async (message: Message) => {
    if (message.kind === 'hint') heed(message.topic, message.data)
    if (message.kind !== 'ask') return
    try {
      tell({ kind: 'answer', id: message.id, answer: await answer(message.question) })
    } catch (error) {
      tell({ kind: 'answer', id: message.id, error: (error as Error).message })
    }
  })
  return {
    ready: () => tell({ kind: 'ready' }),
    cannot: (words) => {
      tell({ kind: 'cannot', words })
      return process.exit(1)
    },
    rest: async () => {
      tell({ kind: 'rest' })
      await finish()
      process.exit(0)
    },
    hint: (topic, data) => tell({ kind: 'hint', topic, data }),
    onHint: (listen) => {
      heed = listen
    },
    onAsk: (give) => {
      answer = give
    },
    onStop: (does) => {
      finish = does
    },
  }
}

/** Numbers can wait, people and sensors cannot; and when memory runs out, this is the process to end. */
export function stepBack() {
  setPriority(0, 10)
  writeFileSync('/proc/self/oom_score_adj', '800')
}
