// The drain over a line that loses one packet in five each way at 64 kbit/s: real packets, real TCP, the device's own
// code at one end and a whole box at the other; and every quarter of a minute all connections break.

import { Database } from 'bun:sqlite'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { chainFault } from '../../server/kernel/diary.ts'
import { loginOf, type RunningBox, startBox } from '../journeys/box.ts'
import type { Drained, Errand } from './lake-phone.ts'
import { type LossyLine, linesOf, lossyLine, whyNoLine } from './lossy-line.ts'

// `XIANHE_LINE_ACTS=1000 XIANHE_LINE_PHOTO=300000 bun test tests/faults/lossy-line` for a long day.
const acts = Number(process.env.XIANHE_LINE_ACTS ?? 200)
const photoBytes = Number(process.env.XIANHE_LINE_PHOTO ?? 30_000)
const photos = 3
/** A phone on a boat changes between two masts: all its connections are gone, with what was under way (ms). */
const mastEvery = Number(process.env.XIANHE_LINE_MAST ?? 15) * 1000
const conditions = { loss: 0.2, delay: 300, rate: 64_000, queue: 64, seed: 20_260_401 }

const why = whyNoLine()
let line: LossyLine
let box: RunningBox
beforeAll(async () => {
  if (why) return
  line = await lossyLine(conditions)
  const root = join(import.meta.dir, '../..')
  box = await startBox({
    seed: true,
    https: true,
    program: [...line.town, process.execPath, join(root, 'xianhe.ts')],
    flags: ['--host', '0.0.0.0'],
  })
}, 120_000)
afterAll(async () => {
  await box?.stop()
  await line?.close()
})

test.skipIf(why !== undefined)(
  `${acts} entries and ${photos} photos drain over 64 kbit/s with 20 % of the packets lost, each exactly once${why ? ` (${why})` : ''}`,
  async () => {
    const errand: Errand = {
      wifi: `https://${line.wifi}:${box.httpsPort}`,
      thin: `https://${line.thin}:${box.httpsPort}`,
      login: loginOf('wenbin'),
      acts,
      photos,
      photoBytes,
    }
    const phone = Bun.spawn(
      [...line.lake, process.execPath, join(import.meta.dir, 'lake-phone.ts'), JSON.stringify(errand)],
      {
        stdin: 'pipe',
        stdout: 'pipe',
        stderr: 'inherit',
        // The county's authority is not among the system's; a phone that joined would know it.
        env: { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      },
    )
    const said = linesOf(phone.stdout)
    expect((await said.next()).value).toBe('ready')
    await line.leave()
    phone.stdin.write('go\n')
    await phone.stdin.flush()
    let broken = 0
    const masts = setInterval(async () => {
      broken += await line.changeMast()
    }, mastEvery)
    const drained = JSON.parse((await said.next()).value ?? '{}') as Drained
    clearInterval(masts)
    expect(await phone.exited).toBe(0)

    const core = new Database(join(box.data, 'core.db'), { readonly: true, strict: true })
    const notes = core
      .query(
        `select body ->> '$.note' as note from record where dataset = 'agri.farm-record' and body ->> '$.note' like '湖边 %'`,
      )
      .all() as { note: string }[]
    expect(notes.map((each) => each.note).sort()).toEqual(drained.notes.sort())
    const { n } = core
      .query(`select count(*) as n from change where dataset = 'agri.farm-record' and fields like '%湖边 %'`)
      .get() as { n: number }
    expect(n).toBe(acts)
    expect(chainFault(core)).toBeUndefined()
    core.close()
    for (const sha of drained.photos) {
      const kept = await Bun.file(join(box.data, 'files', sha.slice(0, 2), sha)).bytes()
      expect(new Bun.CryptoHasher('sha256').update(kept).digest('hex')).toBe(sha)
    }
    report(drained, broken, await line.passed())
  },
  1_800_000,
)

/** The line's own side of the story. */
function report(drained: Drained, broken: number, { up, down }: Awaited<ReturnType<LossyLine['passed']>>) {
  const kB = (bytes: number) => `${(bytes / 1000).toFixed(0)} kB`
  const share = (part: number, of: number) => `${((100 * part) / of).toFixed(1)} %`
  console.info(
    [
      `${line.made}: ${acts} entries, ${photos} photos of ${kB(photoBytes)} in ${drained.seconds.toFixed(0)} s, the words after ${drained.secondsForWords.toFixed(0)} s`,
      `${drained.asked} requests, ${drained.unanswered} without an answer, ${broken} connections broken; bodies ${kB(drained.sent)}, of it photos ${kB(drained.sentOfPhotos)}`,
      `up ${up.packets} packets ${kB(up.bytes)}, ${share(up.lost, up.packets)} lost, ${up.dropped} dropped`,
      `down ${down.packets} packets ${kB(down.bytes)}, ${share(down.lost, down.packets)} lost, ${down.dropped} dropped`,
    ].join('\n'),
  )
}
