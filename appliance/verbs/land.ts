import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Registry } from '../../server/kernel/registry.ts'
import { modules } from '../../server/modules/roll-call.ts'
import { LakeTarget } from '../../sync/land/lake.ts'
import { type LandReport, land as landRound, type Progress, type Target } from '../../sync/land/land.ts'
import { Stopped, TargetFault } from '../../sync/land/portion.ts'
import { PostgresTarget } from '../../sync/land/postgres.ts'
import { Source } from '../../sync/land/source.ts'
import { knowOwnRegisters } from '../analytics-at-hand.ts'
import { type Call, Failed } from '../call.ts'
import { type DataDirectory, visit } from '../data-directory.ts'
import { noteLanding } from '../landings.ts'
import { lockFile } from '../libc.ts'
import { table } from './table.ts'

/** What this box received goes into PostgreSQL, or into a directory of Parquet. Beside a running box: it is only read. */
export async function land(call: Call) {
  const to = call.flag('to')
  if (!to)
    throw call.wrongUse({ zh: '少了 --to postgres://… 或目录。', en: '--to postgres://… or DIR is missing.' })
  const personal = call.flag('personal') ?? 'mask'
  if (personal !== 'mask' && personal !== 'whole')
    throw call.wrongUse({ zh: '--personal 是 mask 或 whole。', en: '--personal is mask or whole.' })
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(to)?.[1]?.toLowerCase()
  if (scheme && scheme !== 'postgres' && scheme !== 'postgresql')
    throw call.wrongUse({
      zh: `不认识 ${scheme}://。请写 postgres://用户@主机/库名(openGauss、人大金仓等也这样写),或一个目录。`,
      en: `${scheme}:// is unknown. Write postgres://user@host/database (openGauss, Kingbase and their like too), or a directory.`,
    })
  const data = visit(call.settings.data)
  const registry = new Registry(modules)
  const source = new Source({
    core: data.core,
    packages: join(data.post, 'in'),
    registry,
    refresh: () => knowOwnRegisters(data.core, registry),
    besides: call.args.map((each) => call.path(each)),
    personal,
  })
  const stopping = stopSignal()
  const open = () =>
    scheme
      ? PostgresTarget.open(to, source, asideFor(data))
      : LakeTarget.open(call.path(to), source, {
          lock: lockFile,
          waiting: () =>
            call.say({
              zh: '另一个落库正在进行,等它做完…',
              en: 'Another land is at work here; waiting for it …',
            }),
        })
  try {
    if (call.has('follow')) await follow(call, source, data, open, stopping)
    else {
      const report = await once(call, source, data, open, stopping)
      call.report(report, linesOf(call, report))
      if (!report.complete) throw new Failed()
    }
  } finally {
    source.close()
  }
}

async function once(
  call: Call,
  source: Source,
  data: DataDirectory,
  open: () => Promise<Target>,
  stopping: StopSignal,
): Promise<LandReport> {
  const target = await open()
  try {
    const report = await landRound(source, target, {
      peer: call.flag('peer'),
      progress: progressOf(call),
      stop: stopping.check,
    })
    noteLanding(data, report)
    complainOf(call, report)
    return report
  } finally {
    await target.close()
  }
}

/** Lands what arrives until it is stopped. A database that is away for a while is asked again. */
async function follow(
  call: Call,
  source: Source,
  data: DataDirectory,
  open: () => Promise<Target>,
  stopping: StopSignal,
) {
  call.say({ zh: '收到新包就落。按 Ctrl-C 停止。', en: 'Landing what arrives. Ctrl-C stops it.' })
  let seen = -1
  while (!stopping.asked) {
    let wait = lookEveryMs
    try {
      if (source.seq !== seen) {
        const at = source.seq
        const report = await once(call, source, data, open, stopping)
        if (report.packages > 0 || report.acts > 0) call.report(report, linesOf(call, report))
        // What could not land is looked at again: its file may be put back.
        seen = report.complete ? at : -1
        if (!report.complete) wait = againAfterMs
      }
    } catch (error) {
      if (error instanceof Stopped) break
      if (!(error instanceof TargetFault)) throw error
      call.complain({ zh: `xianhe: ${error.words.zh}`, en: `xianhe: ${error.words.en}` })
      wait = againAfterMs
    }
    await Promise.race([stopping.wanted, Bun.sleep(wait)])
  }
}

// Packages come every quarter of an hour; five seconds is soon.
const lookEveryMs = 5000
const againAfterMs = 30_000

interface StopSignal {
  readonly asked: boolean
  readonly wanted: Promise<void>
  check(): void
}

/** Ctrl-C ends between two lots; a second one does not wait. */
function stopSignal(): StopSignal {
  let asked = false
  const wanted = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        if (asked) process.exit(1)
        asked = true
        resolve()
      })
  })
  return {
    get asked() {
      return asked
    },
    wanted,
    check() {
      if (asked) throw new Stopped()
    },
  }
}

/** A line when a package is through, and every five seconds of a long one. */
function progressOf(call: Call) {
  let said = performance.now()
  return ({ kind, name, seq, last, done, of }: Progress) => {
    if (done < of && performance.now() - said < 5000) return
    said = performance.now()
    call.say(
      kind === 'package'
        ? {
            zh: `${name} 第 ${seq} 号(共 ${last} 号): ${done}/${of} 个操作`,
            en: `${name} ${seq} of ${last}: ${done}/${of} acts`,
          }
        : { zh: `本机日志: ${done}/${of} 个操作`, en: `this box's diary: ${done}/${of} acts` },
    )
  }
}

function linesOf(call: Call, report: LandReport): string[] {
  const { t } = call
  return [
    ...table(
      [t({ zh: '发送方', en: 'Sender' }), t({ zh: '已落', en: 'Landed' }), t({ zh: '已收', en: 'Received' })],
      report.senders.map((each) => [each.name, String(each.landed), String(each.received)]),
    ),
    t({
      zh: `本次落下 ${report.packages} 个包、${report.acts} 个操作、${report.readings} 条监测值,用时 ${report.seconds.toFixed(1)} 秒。${report.to}`,
      en: `${report.packages} packages, ${report.acts} acts, ${report.readings} readings landed in ${report.seconds.toFixed(1)} s. ${report.to}`,
    }),
  ]
}

function complainOf(call: Call, report: LandReport) {
  for (const { name, stopped } of report.senders)
    if (stopped)
      call.complain({ zh: `xianhe: ${name}: ${stopped.zh}。`, en: `xianhe: ${name}: ${stopped.en}` })
  for (const { sender, seq, day, reason } of report.aside)
    call.complain({
      zh: `xianhe: ${sender} 第 ${seq} 号包里 ${day} 的监测数据读不出,其余已落(${reason})。请对方检查后再送。`,
      en: `xianhe: the readings of ${day} in package ${seq} of ${sender} cannot be read; the rest landed (${reason}). Have the sender look.`,
    })
}

/** A corner of post/ for this process; what killed ones left there goes. */
function asideFor(data: DataDirectory): string {
  if (existsSync(data.post))
    for (const name of readdirSync(data.post)) {
      const pid = /^landing-(\d+)$/.exec(name)?.[1]
      if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(data.post, name), { recursive: true, force: true })
    }
  return join(data.post, `landing-${process.pid}`)
}
