import { readFileSync, statSync } from 'node:fs'
import { refuse } from '../../server/kernel/refusal.ts'
import {
  exchangeAll,
  importFrom,
  knownKeys,
  packageFor,
  type Received,
  readPublicKeys,
  receivePackage,
  verifyPackage,
} from '../../sync/index.ts'
import { type Call, Failed } from '../call.ts'
import { table } from './table.ts'

/** Builds what waits for a peer, and copies it to a directory (a stick) when one is given. */
export async function packageUp(call: Call) {
  const which = call.flag('for')
  if (!which) throw call.wrongUse({ zh: '少了 --for PEER。', en: '--for PEER is missing.' })
  const to = call.flag('to')
  const made = await packageFor(call.open.exchange, which, to === undefined ? undefined : call.path(to))
  call.report(
    made,
    made.packages.length === 0
      ? [call.t({ zh: '没有等待发送的内容。', en: 'Nothing waits.' })]
      : [
          ...made.packages.map(
            (each) =>
              `${to === undefined ? each.path : each.file}  ${each.bytes} B  ${call.t({ zh: `${each.count} 条`, en: `${each.count} acts` })}  ${each.sha256.slice(0, 16)}`,
          ),
          ...(to === undefined
            ? []
            : [
                call.t({
                  zh: `已复制到 ${to},连同 ${made.receipts} 份回执。`,
                  en: `Copied to ${to}, with ${made.receipts} receipts.`,
                }),
              ]),
        ],
  )
}

/** Checks and applies packages; a directory is taken as a stick. */
export async function receive(call: Call) {
  call.arg(0, 'FILE')
  const { exchange } = call.open
  const all: Received[] = []
  for (const typed of call.args) {
    const path = call.path(typed)
    if (statSync(path).isDirectory()) {
      const stick = await importFrom(exchange, path)
      all.push(...stick.packages)
      call.say({
        zh: `${typed}: 确认 ${stick.confirmed.length} 份回执,留下 ${stick.receipts} 份。`,
        en: `${typed}: ${stick.confirmed.length} receipts taken, ${stick.receipts} left.`,
      })
    } else all.push(await receivePackage(exchange, path, 'hand'))
  }
  if (call.json) call.report(all, [])
  for (const each of all)
    if (each.outcome !== 'refused')
      call.say(`${each.file}: ${call.t(outcomes[each.outcome])}  ${counted(call, each)}`)
  const refused = all.filter((each) => each.outcome === 'refused')
  for (const each of refused)
    call.complain({
      zh: `xianhe: ${each.file} 被拒收: ${each.reason?.zh}`,
      en: `xianhe: ${each.file} was refused: ${each.reason?.en}`,
    })
  if (refused.length > 0) throw new Failed()
}

const outcomes = {
  applied: { zh: '已入库', en: 'applied' },
  repeated: { zh: '此前已入库,没有变化', en: 'was applied before, nothing changed' },
  refused: { zh: '被拒收', en: 'refused' },
}

const counted = (call: Call, { counts }: Received) =>
  counts
    ? Object.entries(counts)
        .map(([name, n]) => `${name} ${n}`)
        .join(call.t({ zh: ',', en: ', ' }))
    : ''

/** Every check of a package that needs nothing but the file and the sender's public keys. */
export async function verify(call: Call) {
  call.arg(0, 'FILE')
  const keyFile = call.flag('key')
  const keysOf = keyFile
    ? () => readPublicKeys(readFileSync(call.path(keyFile), 'utf8'))
    : knownKeys(call.open.exchange)
  const reports = []
  for (const typed of call.args) {
    statSync(call.path(typed))
    reports.push(await verifyPackage(call.path(typed), keysOf))
  }
  if (call.json) call.report(reports, [])
  for (const report of reports) {
    call.say(
      `${report.file}: ${report.ok ? call.t({ zh: '完好', en: 'good' }) : call.t({ zh: '不可信', en: 'not to be trusted' })}`,
    )
    for (const check of report.checks)
      call.say(
        `  ${check.ok ? '✓' : '✗'} ${call.t(check.check)}${check.detail ? `: ${call.t(check.detail)}` : ''}`,
      )
    if (report.manifest)
      call.say(
        `  ${report.manifest.node} → ${report.manifest.peer}  #${report.manifest.seq}  ${call.t({ zh: `${report.manifest.acts.count} 条`, en: `${report.manifest.acts.count} acts` })}`,
      )
  }
  const broken = reports.filter((report) => !report.ok)
  for (const report of broken) {
    const fault = report.checks.find((check) => !check.ok)?.detail
    call.complain({
      zh: `xianhe: ${report.file}: ${fault?.zh ?? '检查未通过'}`,
      en: `xianhe: ${report.file}: ${fault?.en ?? 'a check failed'}`,
    })
  }
  if (broken.length > 0) throw new Failed()
}

/** All due exchanges now. */
export async function sync(call: Call) {
  const rounds = await exchangeAll(call.open.exchange, call.args[0])
  if (rounds.length === 0)
    refuse({
      zh: '没有配好线路的上下级。用 peer add 和 peer connect 登记,或用 package --to 走 U 盘。',
      en: 'No peer has a line yet. Register one with peer add and peer connect, or carry a stick with package --to.',
    })
  call.report(
    rounds,
    table(
      [
        call.t({ zh: '对方', en: 'Peer' }),
        call.t({ zh: '发出', en: 'Pushed' }),
        call.t({ zh: '确认', en: 'Confirmed' }),
        call.t({ zh: '收入', en: 'Pulled' }),
        call.t({ zh: '拒收', en: 'Refused' }),
        '',
      ],
      rounds.map((round) => [
        round.name,
        String(round.pushed),
        String(round.confirmed),
        String(round.pulled),
        String(round.refused),
        round.fault ? call.t(round.fault) : '',
      ]),
    ),
  )
  const silent = rounds.filter((round) => round.fault)
  for (const round of silent)
    call.complain({
      zh: `xianhe: ${round.name} 不通: ${round.fault?.zh}。等待的内容都在,线路恢复后自动发出。`,
      en: `xianhe: ${round.name} is out of reach: ${round.fault?.en}. What waits stays, and leaves when the line is back.`,
    })
  if (silent.length > 0 || rounds.some((round) => round.refused > 0)) throw new Failed()
}
