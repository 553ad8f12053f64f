import type { Call } from '../call.ts'
import { programVersion } from '../version.ts'

export function version(call: Call) {
  const bun = Bun.version
  const target = `${process.platform}-${process.arch}`
  call.report({ version: programVersion, bun, target }, [`xianhe ${programVersion} (${target}, Bun ${bun})`])
}
