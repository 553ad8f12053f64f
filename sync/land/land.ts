// What this box received and applied goes to where a larger platform works with it: into PostgreSQL, or into a
// directory of Parquet. Package by package, in the sender's order, each checked again and landed whole, once.

import { Refusal } from '../../server/kernel/refusal.ts'
import type { Words } from '../../server/kernel/words.ts'
import { PackageRefused } from '../refused.ts'
import type { Counts, Landed, Portion, Watch } from './portion.ts'
import type { Sender, Source } from './source.ts'

/** A place where portions land. `put` is all or nothing and remembers what has landed. */
export interface Target {
  readonly name: string
  landed(node: string): Promise<Landed | undefined>
  /** Undefined when there was nothing to do: it has landed already. */
  put(portion: Portion, source: Source, watch: Watch): Promise<Counts | undefined>
  /** After a round: what follows from everything that landed. */
  finish(source: Source): Promise<void>
  close(): Promise<void>
}

export interface Progress {
  kind: Portion['kind']
  /** The sender's name; of a stretch of the diary, this box's. */
  name: string
  seq: number
  /** The last that is there. */
  last: number
  /** Acts. */
  done: number
  of: number
}

export interface LandHow {
  /** Only the packages of this sender; what was decided here waits for a land of everything. */
  peer?: string
  /** Told how far a portion is. */
  progress?: (about: Progress) => void
  /** Asked between lots; throws to stop. */
  stop?: () => void
}

export interface LandReport {
  to: string
  /** This round's. */
  packages: number
  acts: number
  records: number
  readings: number
  senders: {
    node: string
    name: string
    division: string
    /** Last package that has landed, and the last that was applied here. */
    landed: number
    received: number
    /** Why it goes no further. */
    stopped?: Words
  }[]
  /** Days of readings that could not be read; their packages landed without them. */
  aside: { sender: string; seq: number; day: string; reason: string }[]
  /** This box's own diary: the position that was reached, and where it ends. */
  diary?: { landed: number; newest: number }
  /** Everything that was received has landed. */
  complete: boolean
  seconds: number
}

/** One round: everything that waits, sender by sender. A sender that cannot go on does not hold up the others. */
export async function land(source: Source, target: Target, how: LandHow = {}): Promise<LandReport> {
  const began = performance.now()
  source.refresh()
  const report: LandReport = {
    to: target.name,
    packages: 0,
    acts: 0,
    records: 0,
    readings: 0,
    senders: [],
    aside: [],
    complete: false,
    seconds: 0,
  }
  for (const sender of source.senders(how.peer)) {
    const line: LandReport['senders'][number] = {
      node: sender.node,
      name: sender.name,
      division: sender.division,
      landed: 0,
      received: sender.last,
    }
    report.senders.push(line)
    try {
      await landSender(source, target, sender, how, report)
    } catch (error) {
      // About this sender's packages; whatever else goes wrong concerns everyone.
      if (!(error instanceof Refusal || error instanceof PackageRefused)) throw error
      line.stopped = error.words
    }
    line.landed = (await target.landed(sender.node))?.seq ?? 0
  }
  const whole = report.senders.every((each) => !each.stopped)
  if (how.peer === undefined && whole) report.diary = await landDiary(source, target, how, report)
  how.stop?.()
  await target.finish(source)
  report.complete = whole && report.senders.every((each) => each.landed >= each.received)
  report.seconds = (performance.now() - began) / 1000
  return report
}

async function landSender(source: Source, target: Target, sender: Sender, how: LandHow, report: LandReport) {
  for (;;) {
    how.stop?.()
    const portion = await source.nextPackage(sender, await target.landed(sender.node))
    if (!portion) return
    try {
      const about = { kind: portion.kind, name: sender.name, seq: portion.seq, last: sender.last }
      const counts = await target.put(portion, source, watch(how, about))
      if (!counts) continue
      add(report, counts, 1)
      for (const each of counts.aside) report.aside.push({ sender: sender.name, seq: portion.seq, ...each })
    } finally {
      await portion.close()
    }
  }
}

/** What was decided at this box, and what merging did to records here, behind the packages it builds on. */
async function landDiary(
  source: Source,
  target: Target,
  how: LandHow,
  report: LandReport,
): Promise<{ landed: number; newest: number }> {
  const newest = source.seq
  for (;;) {
    how.stop?.()
    const last = await target.landed(source.node)
    const portion = source.nextDiary(last)
    if (!portion) return { landed: last?.to ?? 0, newest }
    const about = { kind: portion.kind, name: source.name, seq: portion.seq, last: portion.seq }
    const counts = await target.put(portion, source, watch(how, about))
    if (counts) add(report, counts, 0)
    // Nothing to write, and nobody else wrote it either: the end was reached.
    else if ((await target.landed(source.node))?.seq !== portion.seq) return { landed: portion.to, newest }
  }
}

const watch = (how: LandHow, about: Omit<Progress, 'done' | 'of'>): Watch => ({
  done: (done, of) => {
    if (of > 0) how.progress?.({ ...about, done, of })
  },
  stop: () => how.stop?.(),
})

function add(report: LandReport, counts: Counts, packages: number) {
  report.packages += packages
  report.acts += counts.acts
  report.records += counts.records
  report.readings += counts.readings
}
