// Where this box's packages have landed, for the doctor: landed.json, a line per target. The truth stands in the target.

import { Database } from 'bun:sqlite'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { timeText } from '../server/kernel/words.ts'
import type { LandReport } from '../sync/land/land.ts'
import type { DataDirectory } from './data-directory.ts'
import { type Finding, good, look } from './finding.ts'

interface Landing {
  to: string
  at: string
  /** Node → last package that has landed. */
  landed: Record<string, number>
}

const fileIn = (data: DataDirectory) => join(data.path, 'landed.json')

/** Remembers a round. Whole or not at all. */
export function noteLanding(data: DataDirectory, report: LandReport) {
  const before = landings(data)
  const landed = {
    ...before.find((each) => each.to === report.to)?.landed,
    ...Object.fromEntries(report.senders.map((each) => [each.node, each.landed])),
  }
  const all = [
    ...before.filter((each) => each.to !== report.to),
    { to: report.to, at: new Date().toISOString(), landed },
  ].slice(-20)
  const aside = `${fileIn(data)}.${process.pid}`
  writeFileSync(aside, `${JSON.stringify(all, null, 1)}\n`, { mode: 0o600 })
  renameSync(aside, fileIn(data))
}

function landings(data: DataDirectory): Landing[] {
  if (!existsSync(fileIn(data))) return []
  return JSON.parse(readFileSync(fileIn(data), 'utf8')) as Landing[]
}

/** The doctor's line: what was received and has not landed where it landed before. */
export function landing(data: DataDirectory): Finding {
  const about = { zh: '落库', en: 'landing' }
  const all = landings(data)
  if (all.length === 0) return good(about, { zh: '没有用到', en: 'not in use' })
  const received = receivedFrom(data)
  const behind = all
    .map((each) => ({
      to: each.to,
      waiting: received.reduce(
        (sum, { node, last }) => sum + Math.max(0, last - (each.landed[node] ?? 0)),
        0,
      ),
    }))
    .filter((each) => each.waiting > 0)
  const newest = all.reduce((a, b) => (a.at > b.at ? a : b)).at
  if (behind.length === 0)
    return good(about, {
      zh: `收到的都已落下,最近 ${timeText(newest, 'zh')}`,
      en: `everything received has landed, last ${timeText(newest, 'en')}`,
    })
  return look(
    about,
    {
      zh: behind.map((each) => `还有 ${each.waiting} 个包没有落到 ${each.to}`).join(';'),
      en: behind.map((each) => `${each.waiting} packages have not landed in ${each.to}`).join('; '),
    },
    {
      zh: `运行 xianhe land --to ${behind[0]!.to};要随到随落,加 --follow。不再用的,从 landed.json 里删去那一段。`,
      en: `Run xianhe land --to ${behind[0]!.to}; with --follow it lands what arrives. When it is no longer used, remove its entry from landed.json.`,
    },
  )
}

function receivedFrom(data: DataDirectory): { node: string; last: number }[] {
  const db = new Database(data.core, { readonly: true })
  try {
    return db
      .query(`select node, max(seq) as last from package_in where state = 'applied' group by node`)
      .all() as { node: string; last: number }[]
  } finally {
    db.close()
  }
}
