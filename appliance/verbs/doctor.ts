import { type Call, Failed } from '../call.ts'
import { visit } from '../data-directory.ts'
import { examine } from '../doctor.ts'

const marks = { good: '✓', look: '!', bad: '✗' } as const

/** A line for each thing that may be wrong, with the cure. */
export async function doctor(call: Call) {
  const data = visit(call.settings.data)
  const findings = await examine(data, call.settings, (finding) => {
    call.say(`${marks[finding.state]} ${call.t(finding.about)}: ${call.t(finding.says)}`)
    if (finding.cure) call.say(`    → ${call.t(finding.cure)}`)
  })
  if (call.json) call.report(findings, [])
  if (findings.some((finding) => finding.state === 'bad')) {
    call.complain({
      zh: 'xianhe: 有问题需要处理,见上面打 ✗ 的行。',
      en: 'xianhe: something needs care, see the lines marked ✗.',
    })
    throw new Failed()
  }
}
