// The room as a process of its own with the scenes' datasets, for tests that kill it and for the bench.

import { Registry } from '../kernel/registry.ts'
import type { Question } from './answer.ts'
import { analytics } from './child.ts'
import { part } from './scenes.ts'

const [dir, memoryLimit = '256MB', threads = '1'] = process.argv.slice(2)
process.on('disconnect', () => process.exit(0))

const room = await analytics({
  coreFile: `${dir}/core.db`,
  telemetryFile: `${dir}/telemetry.db`,
  archiveDir: `${dir}/archive`,
  derivedDir: `${dir}/derived`,
  registry: new Registry([part]),
  memoryLimit,
  threads: Number(threads),
  hint: (topic, data) => process.send!({ hint: topic, data }),
})

process.on('message', async (message: { heed?: string; ask?: number; question?: Question }) => {
  if (message.heed) room.heed(message.heed)
  if (message.ask === undefined) return
  if ((message.question as { what: string }).what === 'memory')
    process.send!({ answer: message.ask, value: process.memoryUsage.rss() })
  else process.send!({ answer: message.ask, value: await room.answer(message.question!) })
})
process.send!({ hint: 'ready' })
