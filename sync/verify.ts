// What is in a package, and every check that needs nothing but the file and the sender's public keys.

import type { DatasetSpec } from '../server/kernel/dataset.ts'
import type { Words } from '../server/kernel/words.ts'
import { readActs, readSchemas, Tally } from './contents.ts'
import type { Manifest } from './manifest.ts'
import { checkParts, type OpenPackage, openPackage } from './open.ts'
import { PackageRefused } from './refused.ts'
import { checkSignature, type PublicKey, type Signature } from './seal.ts'

export interface VerifyReport {
  file: string
  /** Every check passed. */
  ok: boolean
  checks: { check: Words; ok: boolean; detail?: Words }[]
  bytes?: number
  manifest?: Manifest
  manifestSha256?: string
  signature?: Signature
  schemas?: DatasetSpec[]
}

/** Runs the checks in order and stops at the first that fails: what follows a broken one proves nothing. */
export async function verifyPackage(
  file: string,
  keysOf: (node: string) => PublicKey[],
): Promise<VerifyReport> {
  const report: VerifyReport = { file, ok: false, checks: [] }
  let opened: OpenPackage | undefined
  try {
    opened = await check(report, { zh: '文件结构', en: 'archive and manifest' }, () => openPackage(file))
    report.bytes = opened.bytes
    report.manifest = opened.manifest
    report.manifestSha256 = opened.manifestSha256
    report.signature = opened.signature
    const found = opened
    await check(report, { zh: '签名', en: 'signature' }, () =>
      checkSignature(found.manifestBytes, found.signature, keysOf(found.manifest.node)),
    )
    await check(report, { zh: '各部分校验值', en: 'hashes of the parts' }, () => checkParts(found))
    report.schemas = await check(report, { zh: '数据集结构', en: 'dataset declarations' }, () =>
      readSchemas(found),
    )
    await check(report, { zh: '操作逐条', en: 'acts, line by line' }, () => readAll(found))
    report.ok = true
  } catch (error) {
    if (!(error instanceof PackageRefused)) throw error
  } finally {
    await opened?.close()
  }
  return report
}

async function readAll(opened: OpenPackage) {
  const tally = new Tally()
  for await (const acts of readActs(opened)) for (const act of acts) tally.add(act)
  tally.matches(opened.manifest)
}

async function check<T>(report: VerifyReport, words: Words, work: () => T | Promise<T>): Promise<T> {
  try {
    const result = await work()
    report.checks.push({ check: words, ok: true })
    return result
  } catch (error) {
    if (error instanceof PackageRefused) report.checks.push({ check: words, ok: false, detail: error.words })
    throw error
  }
}
