import { afterAll, beforeAll, expect, test } from 'bun:test'
import { newId } from '../../server/kernel/ids.ts'
import { batches } from '../../server/modules/agri/dataset.ts'
import { loginOf, type RunningBox, startBox } from '../journeys/box.ts'
import { phoneAt } from '../phone.ts'
import { thinLine } from './thin-line.ts'

let box: RunningBox
beforeAll(async () => {
  box = await startBox({ seed: true })
  await box.allUp()
}, 120_000)
afterAll(() => box?.stop())

test('what was entered out of reach drains over 64 kbit/s with one connection in five breaking, each entry once', async () => {
  const line = await thinLine(box.port)
  const phone = await phoneAt(box.url, loginOf('wenbin'), line.url)
  // The first replica comes over the office's Wi-Fi; the line is thin afterwards.
  const near = await phoneAt(box.url, loginOf('wenbin'))
  expect((await near.link.exchange()).fate).toBe('up')
  const [batch] = (await near.desk.list(batches, { limit: 1 })).records
  phone.link.state.seq = near.link.state.seq
  await phone.replica.take([batch!], [], { seq: near.link.state.seq })

  const wanted: string[] = []
  const enter = async () => {
    wanted.push(`细线 ${wanted.length}`)
    const receipt = await phone.desk.act({
      id: newId(),
      name: 'agri.batch.farm-work-recorded',
      record: batch!.id,
      fields: { kind: 'weeding', on: batch!.fields.started, note: wanted.at(-1) },
    })
    expect(receipt.outcome).toBe('accepted')
  }
  for (let i = 0; i < 40; i++) await enter()
  let rounds = 0
  // Until everything is through, and the line has broken often enough to have meant something.
  while (phone.outbox.entries.length > 0 || line.broken() < 4) {
    if (phone.outbox.entries.length === 0) for (let i = 0; i < 10; i++) await enter()
    await phone.link.exchange()
    if (++rounds > 400) throw new Error(`still ${phone.outbox.entries.length} after ${rounds} rounds`)
  }
  const { token } = (await box.cli('token', 'add', 'reader', '--account', 'wenbin', '--json')).json()
  const notes: string[] = []
  let cursor: string | undefined
  do {
    const page = await fetch(
      `${box.url}/api/v1/datasets/agri.farm-record/records?filter[batch]=${batch!.id}&limit=500${cursor ? `&cursor=${cursor}` : ''}`,
      { headers: { authorization: `Bearer ${token}` } },
    )
    const answer = (await page.json()) as { records: { fields: { note?: string } }[]; next?: string }
    notes.push(...answer.records.flatMap((each) => each.fields.note ?? []))
    cursor = answer.next
  } while (cursor)
  expect(notes.filter((each) => each.startsWith('细线')).sort()).toEqual(wanted.sort())
  line.stop()
}, 180_000)
