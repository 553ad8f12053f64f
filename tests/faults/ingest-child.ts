// The ingest child as the appliance runs it, for tests that kill it: `bun tests/faults/ingest-child.ts '{options}'`.

import { type IngestOptions, ingest } from '../../server/telemetry/ingest.ts'

const options = JSON.parse(process.argv[2]!) as Omit<IngestOptions, 'hint'>
const running = await ingest({ ...options, hint: (name, data) => process.send?.({ name, data }) })
process.on('SIGTERM', async () => {
  await running.stop()
  process.exit(0)
})
process.on('disconnect', () => process.exit(0))
process.send?.({ port: running.port })
