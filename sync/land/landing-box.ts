// A land in its own process that says how far it is: for the test that kills it.
//   bun landing-box.ts DATA postgres://…|DIR

import { join } from 'node:path'
import { Registry } from '../../server/kernel/registry.ts'
import { agriculture } from '../scene.ts'
import { LakeTarget } from './lake.ts'
import { land } from './land.ts'
import { PostgresTarget } from './postgres.ts'
import { Source } from './source.ts'

const [data, to] = process.argv.slice(2) as [string, string]
const source = new Source({
  core: join(data, 'core.db'),
  packages: join(data, 'post', 'in'),
  registry: new Registry([agriculture()]),
})
const target = to.startsWith('postgres:')
  ? await PostgresTarget.open(to, source, join(data, 'post', `landing-${process.pid}`))
  : await LakeTarget.open(to, source)
const say = (word: string) => process.stdout.write(`${word}\n`)
say('open')
const report = await land(source, target, {
  progress: ({ seq, done }) => say(`${seq} ${done}`),
  stop: () => say('look'),
})
say(`landed ${JSON.stringify(report)}`)
await target.close()
source.close()
